//! Receipts that we write: for each functional group of an interchange a 997 or 999, and a TA1 where the sender asks for one.
//!
//! A receipt says whether what came was grammatical X12, nothing of its meaning. It is a function of the file, the tables, and the
//! number and moment that it bears, so that writing it twice gives the same bytes. Receipts are not answered with receipts.
//!
//! Source: X12 set 997 (004010), set 999 (005010X231A1), TA1 (X12.5).

mod collect;
mod write;

use std::io::{self, Read};

use chrono::{DateTime, Utc};

use self::collect::Collector;
use crate::decode::{Message, decode_reader};
use crate::grammar::Grammar;

/// Which set says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiptForm {
    /// 997, Functional Acknowledgment, release 004010.
    Functional,
    /// 999, Implementation Acknowledgment, release 005010X231A1.
    Implementation,
}

impl ReceiptForm {
    /// The set's identifier.
    pub fn set(self) -> &'static str {
        match self {
            Self::Functional => "997",
            Self::Implementation => "999",
        }
    }
}

/// What a receipt bears. The same file gets the same one every time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Its control number counts from it; no other file has it.
    pub number: u64,
    pub at: DateTime<Utc>,
}

/// The receipt of a file; `None` when it holds nothing that wants one: no X12, no readable interchange, only receipts.
///
/// # Errors
/// Only when the reader fails.
pub fn receipt(
    content: &mut dyn Read,
    grammar: &Grammar,
    form: ReceiptForm,
    stamp: Stamp,
) -> io::Result<Option<Vec<u8>>> {
    let mut collector = Collector::default();
    decode_reader(content, grammar, &mut |message: &Message<'_>| collector.message(message))?;
    let partners = collector.finish();
    let is_empty = partners.iter().all(|partner| partner.groups.is_empty() && partner.arrivals.is_empty());
    Ok((!is_empty).then(|| write::interchanges(&partners, form, stamp)))
}

#[cfg(test)]
mod tests;
