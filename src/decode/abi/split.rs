//! Where one transaction of a block ends and the next begins.

use super::Record;
use crate::grammar::abi::{Application, ControlFields, FieldAt, RecordEntry, Split, Tag};

/// An entry whose records do not stand together is looked for among this many records.
const ENTRY_RECORDS_MAX: usize = 600;

/// What is known of the transaction that is being collected.
#[derive(Debug, Default)]
pub struct Open {
    /// Every record so far leads another (NS 05, ER JA).
    only_leads: bool,
    /// The final answer was seen (AX).
    answered: bool,
    /// N1 records that still want their N2.
    unpaired: usize,
    /// Several entries of NR stand in one another.
    interleaved: bool,
    last: Option<Tag>,
}

impl Open {
    pub fn only_leads(&self) -> bool {
        self.only_leads
    }

    /// Takes note of a record that leads another, or does not.
    #[inline]
    pub fn lead(&mut self, leads: bool, is_first: bool) {
        self.only_leads = leads && (is_first || self.only_leads);
    }
}

/// What to do with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Joins,
    Starts,
    /// The record behind it must be seen first.
    NeedsNext,
}

const N1: Tag = Tag::named(b"N1");
const N2: Tag = Tag::named(b"N2");
const N3: Tag = Tag::named(b"N3");
const N4: Tag = Tag::named(b"N4");
const E0: Tag = Tag::named(b"E0");
const E1: Tag = Tag::named(b"E1");

/// The record behind the one in question: not looked for, not there, or its bytes.
#[derive(Clone, Copy, Debug)]
pub enum Ahead<'a> {
    Unseen,
    Seen(Option<&'a [u8]>),
}

/// Decides whether `record`, which `application` describes as `entry`, starts a new transaction after `records`.
#[inline]
pub fn verdict(
    application: &Application,
    fields: &ControlFields,
    open: &Open,
    records: &[Record<'_>],
    record: &Record<'_>,
    entry: Option<RecordEntry>,
    ahead: Ahead<'_>,
) -> Verdict {
    if records.is_empty() {
        return Verdict::Joins;
    }
    let starts = match application.split {
        Split::Block => false,
        Split::Starts => entry.is_some_and(|entry| entry.starts()) && !open.only_leads,
        Split::Answers => {
            let summary =
                Tag::of(record.bytes).cut(2) == E0 && fields.reference_type.of(record.bytes) == b"SUMMRY";
            open.answered || summary
        }
        Split::Entry => return by_entry(open, records, record, ahead),
    };
    if starts { Verdict::Starts } else { Verdict::Joins }
}

/// Takes note of a record that became part of the transaction.
#[inline(never)]
pub fn joined(
    application: Option<&Application>,
    fields: &ControlFields,
    open: &mut Open,
    records: &[Record<'_>],
    record: &Record<'_>,
    entry: Option<RecordEntry>,
) {
    let tag = Tag::of(record.bytes).cut(2);
    open.lead(entry.is_some_and(|entry| entry.leads()), records.is_empty());
    match application.map(|application| application.split) {
        Some(Split::Answers) => open.answered |= tag == E1 && !fields.disposition.of(record.bytes).is_empty(),
        Some(Split::Entry) => match tag {
            N1 => {
                open.interleaved |= open.unpaired > 0;
                open.unpaired += 1;
            }
            N2 => open.unpaired = open.unpaired.saturating_sub(1),
            _ => {}
        },
        _ => {}
    }
    open.last = Some(tag);
}

/// Filer and number together; two records with the same key are about the same entry.
fn key<'a>(record: &Record<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (filer, number): &(FieldAt, FieldAt) = record.layout?.entry()?;
    Some((record.field(filer), record.field(number)))
}

/// Whether two short texts are the same.
#[inline]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    // The first eight bytes and the last eight, which may overlap.
    let ends = |text: &[u8]| Some([*text.first_chunk::<8>()?, *text.last_chunk()?]);
    match (ends(one), ends(other)) {
        (Some(own), Some(wanted)) if one.len() <= 16 => one.len() == other.len() && own == wanted,
        _ => one == other,
    }
}

fn by_entry(open: &Open, records: &[Record<'_>], record: &Record<'_>, ahead: Ahead<'_>) -> Verdict {
    let Some((filer, number)) = key(record) else { return Verdict::Joins };
    let about =
        |other: &Record<'_>| key(other).is_some_and(|(own, other)| is_same(other, number) && own == filer);
    match Tag::of(record.bytes).cut(2) {
        N3 => Verdict::Starts,
        N1 if open.unpaired == 0 || records.len() >= ENTRY_RECORDS_MAX || records.iter().rev().any(about) => {
            Verdict::Starts
        }
        // An N1 is waiting for its N2. Either that is lost, or CBP sends all N1 before all N2: the next record tells.
        N1 => match ahead {
            Ahead::Unseen => Verdict::NeedsNext,
            Ahead::Seen(next) => {
                let pairs = next.is_some_and(|next| {
                    let next = Record::new(next, record.layout, record.place);
                    Tag::of(next.bytes).cut(2) == N2 && about(&next)
                });
                if pairs && !open.interleaved { Verdict::Starts } else { Verdict::Joins }
            }
        },
        N2 | N4 if open.last == Some(N3) => Verdict::Starts,
        N2 | N4 => {
            let reach = records.iter().rev().take(ENTRY_RECORDS_MAX);
            let known = reach.filter(|other| about(other));
            let tag = Tag::of(record.bytes).cut(2);
            let mut seen = false;
            for other in known {
                seen = true;
                if Tag::of(other.bytes).cut(2) == tag {
                    return Verdict::Starts;
                }
            }
            if seen { Verdict::Joins } else { Verdict::Starts }
        }
        _ => Verdict::Joins,
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    proptest::proptest! {
        #[test]
        fn same_texts_are_the_same(one in "[ab]{0,20}", other in "[ab]{0,20}", at in 0usize..20) {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            let mut changed = one.to_vec();
            changed.get_mut(at).into_iter().for_each(|byte| *byte = b'c');
            for (one, other) in [(one, other), (one, one), (one, &changed)] {
                proptest::prop_assert_eq!(is_same(one, other), one == other);
            }
        }
    }
}
