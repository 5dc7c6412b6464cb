//! ABI record layouts: which records an application has, and where each field stands in 80 columns.

mod control;
mod filled;
mod layout;
mod moments;
mod ranges;
mod source;
mod table;

use std::collections::BTreeMap;

pub use control::ControlFields;
pub use filled::Filled;
pub use layout::{Class, Field, FieldAt, Format, RECORD_WIDTH, RecordLayout, Side, Tag};
pub use moments::MomentAt;
pub use table::{Described, Entry as RecordEntry, slot_of, spread_over};
use table::{RecordTable, Undescribed};

use super::{GrammarError, Sources};

/// The application that stands for rejected batches, whose own id CBP leaves blank.
pub const BATCH_REJECTED: &str = "X1";

/// How the records of a block fall into transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Certain records start a transaction.
    Starts,
    /// An `E0 SUMMRY` starts one, and so does whatever follows a final `E1`.
    Answers,
    /// Records of the same entry number belong together (NR).
    Entry,
    /// The whole block is one.
    Block,
}

/// Which way an application's messages travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the broker to CBP.
    In,
    /// From CBP.
    Out,
    Both,
}

impl Direction {
    fn meets(self, other: Self) -> bool {
        self == other || self == Self::Both || other == Self::Both
    }
}

/// One ABI application: an id in the envelope and the records that it may hold.
#[derive(Debug)]
pub struct Application {
    /// Two characters, as in A 26-27 and B 11-12.
    pub id: Box<str>,
    pub title: Box<str>,
    pub direction: Direction,
    pub split: Split,
    /// In the records that it repeats of another application, a number may have a minus before its first digit.
    signed_echoes: bool,
    table: RecordTable,
    undescribed: Undescribed,
}

impl Application {
    /// The entry of a record, told by its first four bytes.
    #[inline]
    pub fn entry(&self, tag: Tag) -> Option<RecordEntry> {
        self.table.get(tag)
    }

    /// True when numbers of this record may be negative although its layout, which is another application's, has no sign.
    pub fn is_signed_echo(&self, layout: &RecordLayout) -> bool {
        self.signed_echoes && !layout.applications.contains(&self.id)
    }

    /// True for records that CBP defines and that no table here describes.
    pub fn is_undescribed(&self, tag: Tag) -> bool {
        self.undescribed.holds(tag)
    }
}

/// Every layout of `grammars/abi`, audited, and the lookup by application and record.
#[derive(Debug)]
pub struct AbiGrammar {
    layouts: Vec<RecordLayout>,
    applications: BTreeMap<Box<str>, Application>,
    rejected: Application,
    /// By letter; what has a longer id comes under none.
    envelope: Vec<(u8, u16)>,
    control: ControlFields,
}

impl Default for AbiGrammar {
    /// No layouts at all.
    fn default() -> Self {
        Self {
            layouts: Vec::new(),
            applications: BTreeMap::new(),
            rejected: rejected(&[], &[]),
            envelope: Vec::new(),
            control: ControlFields::default(),
        }
    }
}

impl AbiGrammar {
    /// Reads and audits the files `abi/*.toml`.
    ///
    /// # Errors
    /// Every fault, each with file, line and column: a gap or an overlap, a record that is not 80 wide, a record
    /// described twice, decimals on a field that is no number, a name that points nowhere.
    pub fn parse(sources: &Sources) -> Result<Self, Vec<GrammarError>> {
        let mut faults = Vec::new();
        let files = source::read(sources, &mut faults);
        let mut layouts = Vec::new();
        let mut envelope = Vec::new();
        for file in &files {
            for record in &file.text.record {
                let Some(mut layout) = source::layout(file, record, &mut faults) else { continue };
                layout.index = layouts.len() as u16;
                if file.is_envelope() {
                    let letter = if let [letter] = *layout.id.as_bytes() { letter } else { 0 };
                    envelope.push((letter, layout.index));
                }
                layouts.push(layout);
            }
        }
        source::audit_unique(&files, &layouts, &mut faults);
        let mut applications = BTreeMap::new();
        for file in files.iter().filter(|file| !file.is_envelope()) {
            let application = source::application(file, &files, &layouts, &mut faults);
            applications.insert(application.id.clone(), application);
        }
        let rejected = rejected(&layouts, &envelope);
        let control = ControlFields::resolve(&layouts, &mut faults);
        if faults.is_empty() {
            Ok(Self { layouts, applications, rejected, envelope, control })
        } else {
            Err(faults)
        }
    }

    /// The application with this id, when the tables describe it.
    pub fn application(&self, id: &[u8]) -> Option<&Application> {
        std::str::from_utf8(id).ok().and_then(|id| self.applications.get(id))
    }

    /// The pseudo-application of a rejected batch, with the records X0 and X1.
    pub fn rejected(&self) -> &Application {
        &self.rejected
    }

    /// Where the decoder finds what it reads itself.
    pub fn control_fields(&self) -> &ControlFields {
        &self.control
    }

    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    pub fn layouts(&self) -> &[RecordLayout] {
        &self.layouts
    }

    /// The layout with this key, `SO60` or `SO70_PRE04`.
    pub fn layout(&self, key: &str) -> Option<&RecordLayout> {
        self.layouts.iter().find(|layout| &*layout.key == key)
    }

    /// The layout of a control record (A, B, Y, Z) that travels in `direction`.
    pub fn control(&self, record: &[u8], direction: Direction) -> Option<&RecordLayout> {
        let letter = record.first()?;
        let of_letter = self.envelope.iter().filter(|(own, _)| own == letter);
        let mut layouts = of_letter.map(|&(_, at)| &self.layouts[usize::from(at)]);
        let generated = layouts.clone().find(|layout| layout.version_fits(record) == Some(true));
        generated.or_else(|| {
            layouts.find(|layout| layout.version_fits(record).is_none() && layout.direction.meets(direction))
        })
    }

    /// What the table says of a record of `application`.
    #[inline]
    pub fn describe(&self, application: &Application, record: &[u8]) -> Described<'_> {
        let tag = Tag::of(record);
        match application.entry(tag) {
            Some(entry) => Described::Layout { layout: self.choose(entry, record), entry },
            None if application.is_undescribed(tag) => Described::Undescribed,
            None => Described::Unknown,
        }
    }

    /// Of the layouts with the entry's record id, the one whose version the record carries, else the first.
    #[inline(always)]
    pub fn choose(&self, entry: RecordEntry, record: &[u8]) -> &RecordLayout {
        let first = &self.layouts[entry.layout()];
        if entry.others() == 0 { first } else { self.choose_by_version(first, entry, record) }
    }

    fn choose_by_version<'g>(
        &'g self,
        first: &'g RecordLayout,
        entry: RecordEntry,
        record: &[u8],
    ) -> &'g RecordLayout {
        if first.version_fits(record) != Some(false) {
            return first;
        }
        self.layouts[entry.layout() + 1..]
            .iter()
            .take(entry.others())
            .find(|layout| layout.version_fits(record) == Some(true))
            .unwrap_or(first)
    }
}

/// X0 and X1 of the envelope's file, dressed as an application.
fn rejected(layouts: &[RecordLayout], envelope: &[(u8, u16)]) -> Application {
    let envelope = envelope.iter().map(|&(_, at)| &layouts[usize::from(at)]);
    let ids = envelope.filter(|layout| layout.id.starts_with('X'));
    let entries = ids.map(|layout| (layout.id.to_string(), RecordEntry::new(layout.index)));
    Application {
        id: BATCH_REJECTED.into(),
        title: "Rejected batch".into(),
        direction: Direction::Out,
        split: Split::Block,
        signed_echoes: false,
        table: RecordTable::new(entries),
        undescribed: Undescribed::default(),
    }
}

#[cfg(test)]
mod tests;
