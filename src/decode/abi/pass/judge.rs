//! What is wrong with a record, and with its edges.

use super::{Pass, inspect, is_blank};
use crate::decode::abi::Record;
use crate::decode::abi::framing::{Framed, Framing};
use crate::grammar::abi::{RECORD_WIDTH, RecordLayout};
use crate::place::{Grade, Place, finding_code};

impl<'p, 'g: 'p> Pass<'p, 'g> {
    #[inline]
    pub(super) fn note_edges(&mut self, framed: &Framed<'_>, excess: &[u8], place: Place) {
        if framed.padded {
            self.note_padding(place);
        }
        if !is_blank(excess) {
            self.note_excess(framed.bytes.len(), place);
        }
    }

    /// Findings about one record.
    #[inline]
    pub(super) fn judge(&mut self, record: &Record<'p>, described: bool, framed: &Framed<'p>, place: Place) {
        match record.layout {
            Some(layout) => {
                if framed.open && self.framing == Framing::Fixed {
                    self.note_short(framed, place);
                }
                if layout.version_fits(record.bytes) == Some(false) {
                    self.note_version(record.bytes, layout, place);
                }
                let described = inspect::Described { layout, application: self.application() };
                inspect::record(record.bytes, described, place, self.findings);
            }
            None => {
                if !described {
                    let id = inspect::quote(&record.bytes[..record.bytes.len().min(4)]);
                    let message = format!("no table describes the record `{id}`; it is kept as it stands");
                    self.findings.push(finding_code::UNKNOWN_RECORD, Grade::Warning, place, message);
                }
                if record.bytes.iter().any(|byte| !matches!(byte, b' '..=b'~')) {
                    inspect::characters(record.bytes, place, self.findings);
                }
            }
        }
    }

    /// Whether the end of the file took more than blanks from this record.
    pub(super) fn is_cut_off(&self, framed: &Framed<'_>, layout: &RecordLayout) -> bool {
        framed.open && framed.bytes.len() < layout.least_width()
    }

    #[cold]
    pub(super) fn note_cut_off(&mut self, framed: &Framed<'_>, place: Place) {
        let id = inspect::quote(&framed.bytes[..framed.bytes.len().min(4)]);
        let width = framed.bytes.len();
        let message = format!("the file ends after column {width} of the record `{id}`, which is not read");
        self.findings.push(finding_code::TRUNCATED, Grade::Error, place, message);
    }

    #[cold]
    pub(super) fn note_short(&mut self, framed: &Framed<'_>, place: Place) {
        let width = framed.bytes.len();
        let message = format!("the last record has {width} columns where every record has {RECORD_WIDTH}");
        self.findings.push(finding_code::TRUNCATED, Grade::Warning, place, message);
    }

    #[cold]
    pub(super) fn note_version(&mut self, bytes: &[u8], layout: &RecordLayout, place: Place) {
        let Some(at) = layout.version_at() else { return };
        let version = inspect::quote(at.of(bytes));
        let message = format!("no layout of {} is for version `{version}`; the newest is used", layout.id);
        let place = Place { column: Some(at.column()), ..place };
        self.findings.push(finding_code::UNKNOWN_RECORD, Grade::Warning, place, message);
    }

    #[cold]
    pub(super) fn note_padding(&mut self, place: Place) {
        let message = "NUL or Ctrl-Z bytes at the end of the record were taken off";
        self.findings.push(finding_code::ENCODING, Grade::Info, place, message);
    }

    #[cold]
    pub(super) fn note_excess(&mut self, length: usize, place: Place) {
        let message =
            format!("the record has {length} columns; what stands behind {RECORD_WIDTH} is not read");
        let place = Place { column: Some(RECORD_WIDTH as u32 + 1), ..place };
        self.findings.push(finding_code::OVERLONG_RECORD, Grade::Warning, place, message);
    }
}
