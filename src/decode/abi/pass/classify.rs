//! What a record is: control, data of the application in hand, or of one that only the records tell.

use super::{Context, Ending, Part, Pass, infer, is_blank};
use crate::decode::abi::framing::Next;
use crate::decode::abi::infer::Guess;
use crate::grammar::abi::{Application, Described, RECORD_WIDTH, RecordEntry, RecordLayout};

impl<'p, 'g: 'p> Pass<'p, 'g> {
    /// A record `10` without an envelope is told by the one behind it.
    pub(super) fn waits_for_more(&self, bytes: &[u8], length: usize) -> bool {
        matches!(self.work.context, Context::Unknown)
            && infer::application(bytes) == Guess::NeedsNext
            && matches!(self.ahead(length), Err(()))
    }

    #[inline]
    pub(super) fn classify(&self, bytes: &[u8], length: usize) -> Part<'g> {
        if let Context::Described(application) = self.work.context {
            let (layout, entry, described) = self.describe(application, bytes);
            if described {
                return Part::Data { layout, entry, described };
            }
        }
        match bytes.first() {
            Some(b'A') if infer::is_batch_start(bytes) => return Part::BatchStart,
            Some(b'B') if infer::is_block_start(bytes) => return Part::BlockStart,
            Some(b'Y') if infer::is_block_end(bytes) => return Part::BlockEnd,
            Some(b'Z') if infer::is_batch_end(bytes) => return Part::BatchEnd,
            _ => {}
        }
        let free = matches!(self.work.context, Context::Unknown) || self.work.inferred;
        if free && let Some(application) = self.guess(bytes, length) {
            let same = matches!(self.work.context, Context::Described(now) if std::ptr::eq(now, application));
            if !same {
                return Part::Inferred(application);
            }
        }
        let placed = self.work.batch.is_some() || self.work.block.is_some();
        match self.work.context {
            Context::Unknown if !placed => Part::Junk,
            Context::Unknown | Context::Described(_) => {
                Part::Data { layout: None, entry: None, described: false }
            }
            Context::Named(_) => Part::Data { layout: None, entry: None, described: true },
        }
    }

    pub(super) fn guess(&self, bytes: &[u8], length: usize) -> Option<&'g Application> {
        let id = match infer::application(bytes) {
            Guess::Application(id) => id,
            Guess::NeedsNext => infer::with_next(self.ahead(length).ok().flatten()),
            Guess::None => return None,
        };
        let abi = &self.grammar.abi;
        if id == crate::grammar::abi::BATCH_REJECTED {
            Some(abi.rejected())
        } else {
            abi.application(id.as_bytes())
        }
    }

    #[inline]
    pub(super) fn describe(
        &self,
        application: &'g Application,
        bytes: &[u8],
    ) -> (Option<&'g RecordLayout>, Option<RecordEntry>, bool) {
        match self.grammar.abi.describe(application, bytes) {
            Described::Layout { layout, entry } => (Some(layout), Some(entry), true),
            Described::Undescribed => (None, None, true),
            Described::Unknown => (None, None, false),
        }
    }

    /// The record behind the one of `length` bytes; an error when the window ends before it.
    pub(super) fn ahead(&self, length: usize) -> Result<Option<&'p [u8]>, ()> {
        let last = self.ending == Ending::File;
        let mut at = self.at + length;
        while let Some(rest) = self.window.get(at..) {
            match self.framing.next(rest, last) {
                Next::Record(framed) if is_blank(framed.bytes) => at += framed.length,
                Next::Record(framed) => {
                    return Ok(Some(&framed.bytes[..framed.bytes.len().min(RECORD_WIDTH)]));
                }
                Next::More if self.ending == Ending::Window => return Err(()),
                Next::More | Next::End => return Ok(None),
            }
        }
        Ok(None)
    }
}
