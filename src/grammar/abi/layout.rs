//! One record's layout: its fields, and what their bytes must look like.

use super::Direction;
use super::filled::{Filled, RIGHT_START};
use super::moments::MomentAt;
use super::ranges::Ranges;

/// Every ABI record has this many columns.
pub const RECORD_WIDTH: usize = 80;

/// A record's first four bytes in one number; a shorter record id is padded with blanks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(pub u32);

impl Tag {
    /// The first four bytes of a record.
    #[inline]
    pub fn of(record: &[u8]) -> Self {
        match record {
            [a, b, c, d, ..] => Self(u32::from_be_bytes([*a, *b, *c, *d])),
            short => Self::named(short),
        }
    }

    /// The tag of a record id of one to four characters.
    pub const fn named(id: &[u8]) -> Self {
        let mut bytes = [b' '; 4];
        let mut at = 0;
        while at < id.len() && at < bytes.len() {
            bytes[at] = id[at];
            at += 1;
        }
        Self(u32::from_be_bytes(bytes))
    }

    /// The same with everything behind the first `width` characters blank.
    #[inline]
    pub fn cut(self, width: u8) -> Self {
        let shift = 8 * (4 - u32::from(width.clamp(1, 4)));
        let keep = u32::MAX << shift;
        Self(self.0 & keep | 0x2020_2020 & !keep)
    }
}

/// Which characters a field may hold, in the letters of the CBP chapters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
pub enum Class {
    /// Letters.
    A,
    /// Digits.
    N,
    /// Digits, padded with blanks instead of zeros.
    #[serde(rename = "(S)N")]
    Sn,
    /// Letters, digits and blanks.
    #[serde(rename = "AN")]
    An,
    /// Any keyboard character.
    X,
    /// A date, MMDDYY.
    D,
    /// Blanks only.
    S,
}

impl Class {
    pub fn is_number(self) -> bool {
        matches!(self, Self::N | Self::Sn)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::N => "N",
            Self::Sn => "(S)N",
            Self::An => "AN",
            Self::X => "X",
            Self::D => "D",
            Self::S => "S",
        }
    }
}

/// How a date or a time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
pub enum Format {
    #[serde(rename = "MMDDYY")]
    Mmddyy,
    #[serde(rename = "YYMMDD")]
    Yymmdd,
    #[serde(rename = "HHMM")]
    Hhmm,
    #[serde(rename = "HHMMSS")]
    Hhmmss,
}

/// Whether the sender must fill a field. A reader never fails over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
pub enum Side {
    #[serde(rename = "M")]
    Mandatory,
    #[serde(rename = "C")]
    Conditional,
    #[serde(rename = "O")]
    Optional,
}

/// Where a field stands in its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldAt {
    /// 0-based.
    pub start: u8,
    /// Behind the last byte.
    pub end: u8,
    is_right: bool,
    columns: u64,
}

/// Most of a text field is blank: eight bytes at a time, the last byte in the highest place of the number.
#[inline]
fn without_trailing_blanks(mut field: &[u8]) -> &[u8] {
    const BLANKS: u64 = u64::from_le_bytes([b' '; 8]);
    while let Some((rest, tail)) = field.split_last_chunk() {
        let blanks = (u64::from_le_bytes(*tail) ^ BLANKS).leading_zeros() / 8;
        if blanks < 8 {
            return &field[..field.len() - blanks as usize];
        }
        field = rest;
    }
    while let [rest @ .., b' '] = field {
        field = rest;
    }
    field
}

impl Default for FieldAt {
    /// No column at all.
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl FieldAt {
    /// From `start`, counted from 0, to before `end`.
    pub const fn new(start: u8, end: u8) -> Self {
        let is_right = start >= RIGHT_START;
        let first = if is_right { start - RIGHT_START } else { start };
        let behind = if is_right { end.wrapping_sub(RIGHT_START) } else { end };
        let is_in_word = start < end && behind <= 64;
        let columns = if is_in_word { (u64::MAX >> (64 - (behind - first))) << first } else { 0 };
        Self { start, end, is_right, columns }
    }

    /// The field's columns in a record's [`Filled`]: in which word, the right one or not, and which bits. None of them
    /// when they lie in neither word.
    #[inline(always)]
    pub(super) fn in_word(&self) -> (bool, u64) {
        (self.is_right, self.columns)
    }

    /// The field's bytes as they stand; what a short record lacks is blank.
    #[inline]
    pub fn raw(self, record: &[u8]) -> &[u8] {
        let end = usize::from(self.end).min(record.len());
        record.get(usize::from(self.start)..end).unwrap_or_default()
    }

    /// The field without the blanks around it.
    #[inline]
    pub fn of(self, record: &[u8]) -> &[u8] {
        let mut field = self.raw(record);
        if let [.., b' '] = field {
            field = without_trailing_blanks(field);
        }
        while let [b' ', rest @ ..] = field {
            field = rest;
        }
        field
    }

    /// A code of up to four characters in one number, blanks behind it; `None` when the field is wider or begins with a
    /// blank.
    #[inline(always)]
    pub fn code(self, record: &[u8]) -> Option<Tag> {
        let width @ 1..=4 = self.end - self.start else { return None };
        let code = Tag::of(record.get(usize::from(self.start)..)?).cut(width);
        (code.0 >> 24 != u32::from(b' ')).then_some(code)
    }

    /// 1-based, for findings.
    pub fn column(self) -> u32 {
        u32::from(self.start) + 1
    }
}

/// A field of a record.
#[derive(Debug)]
pub struct Field {
    /// `filler` for stretches that stay blank.
    pub name: Box<str>,
    pub at: FieldAt,
    pub class: Class,
    /// Implied decimal places.
    pub decimals: u8,
    pub side: Side,
    pub format: Option<Format>,
    /// May carry a minus before the first digit.
    pub signed: bool,
    /// Mandatory, but a blank says something.
    pub blank: bool,
    pub meaning: Box<str>,
}

impl Field {
    pub fn is_filler(&self) -> bool {
        &*self.name == "filler"
    }

    /// A number, be it that its class says letters: what may carry a sign is one.
    pub fn is_number(&self) -> bool {
        self.class.is_number() || self.signed
    }

    /// A number in whose digits a blank is an error. The format of a date or a time says more than its class.
    fn is_unbroken(&self) -> bool {
        self.is_number() && self.format.is_none() && !self.is_filler()
    }

    /// The columns that show whether a mandatory field is filled, and an amount to its whole width. Entry numbers of
    /// nine columns begin with a blank.
    fn probes(&self) -> impl Iterator<Item = usize> {
        let begins_blank = &*self.name == "entry_number" && self.at.end - self.at.start == 9;
        let first = usize::from(self.at.start) + usize::from(begins_blank);
        let is_amount = self.class.is_number() && !self.signed && self.decimals > 0 && !self.is_filler();
        let amount =
            usize::from(self.at.start)..usize::from(if is_amount { self.at.end } else { self.at.start });
        self.is_demanded().then_some(first).into_iter().chain(amount)
    }

    /// The column of a mandatory field that holds something when any does, as a rule: numbers end in their last one,
    /// everything else begins in its first.
    fn anchor(&self) -> Option<usize> {
        let (start, end) = (usize::from(self.at.start), usize::from(self.at.end));
        let is_at_end = self.is_number() || &*self.name == "entry_number";
        self.is_demanded().then_some(if is_at_end { end - 1 } else { start })
    }

    /// All columns but the last.
    fn inner(&self) -> impl Iterator<Item = usize> {
        usize::from(self.at.start)..usize::from(self.at.end) - 1
    }

    fn is_demanded(&self) -> bool {
        self.side == Side::Mandatory && !self.blank && !self.is_filler() && self.at.start > 0
    }
}

/// The layout of one record of one application (or of every application, for the envelope).
#[derive(Debug)]
pub struct RecordLayout {
    /// Unique over all files: `SO70_PRE04`.
    pub key: Box<str>,
    /// What stands in the first columns: `SO70`.
    pub id: Box<str>,
    /// `*` for the envelope.
    pub applications: Vec<Box<str>>,
    pub title: Box<str>,
    pub direction: Direction,
    pub source: Box<str>,
    pub confidence: Box<str>,
    pub fields: Vec<Field>,
    /// Place in [`super::AbiGrammar::layouts`].
    pub index: u16,
    version: Option<(FieldAt, Vec<Box<[u8]>>)>,
    ranges: Ranges,
    /// Columns that are blank in few records: a look at them tells that nothing is missing.
    probes: Filled,
    /// The same where blanks stand before amounts.
    anchors: Filled,
    /// The columns of all numbers but the last one of each.
    inner: Filled,
    demanded: Vec<FieldAt>,
    /// Whose digits have no blanks among them.
    numbers: Vec<FieldAt>,
    moments: Vec<MomentAt>,
    entry: Option<(FieldAt, FieldAt)>,
}

/// Codes up to this width fill their field; longer fields hold texts that may end in blanks.
const CODE_WIDTH_MAX: u8 = 9;

pub(super) struct LayoutParts {
    pub key: Box<str>,
    pub id: Box<str>,
    pub applications: Vec<Box<str>>,
    pub title: Box<str>,
    pub direction: Direction,
    pub source: Box<str>,
    pub confidence: Box<str>,
    pub fields: Vec<Field>,
    pub version: Option<(FieldAt, Vec<Box<[u8]>>)>,
}

impl RecordLayout {
    pub(super) fn new(parts: LayoutParts) -> Self {
        let at = |name: &str| parts.fields.iter().find(|field| &*field.name == name).map(|field| field.at);
        Self {
            ranges: Ranges::new(&parts.fields),
            probes: Filled::columns(parts.fields.iter().flat_map(Field::probes)),
            anchors: Filled::columns(parts.fields.iter().filter_map(Field::anchor)),
            inner: Filled::columns(
                parts.fields.iter().filter(|field| field.is_unbroken()).flat_map(Field::inner),
            ),
            demanded: parts.fields.iter().filter(|field| field.is_demanded()).map(|field| field.at).collect(),
            numbers: parts.fields.iter().filter(|field| field.is_unbroken()).map(|field| field.at).collect(),
            moments: parts
                .fields
                .iter()
                .filter_map(|field| Some(MomentAt::new(field.at, field.format?)))
                .collect(),
            entry: at("entry_filer").zip(at("entry_number")),
            key: parts.key,
            id: parts.id,
            applications: parts.applications,
            title: parts.title,
            direction: parts.direction,
            source: parts.source,
            confidence: parts.confidence,
            fields: parts.fields,
            index: 0,
            version: parts.version,
        }
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The field that covers a column, 0-based.
    pub fn field_at(&self, column: usize) -> Option<&Field> {
        self.fields.iter().find(|field| column < usize::from(field.at.end))
    }

    /// The filer code and the rest of the entry number, where the record names an entry.
    pub fn entry(&self) -> Option<&(FieldAt, FieldAt)> {
        self.entry.as_ref()
    }

    /// The mandatory fields that have no meaning when blank, without the record id.
    pub fn demanded(&self) -> &[FieldAt] {
        &self.demanded
    }

    /// The dates and times of the record.
    pub fn moments(&self) -> &[MomentAt] {
        &self.moments
    }

    /// How many columns a record has at least, if nothing but trailing blanks was taken from it. A number, a date or
    /// a short code must be there to its end, of a text the first character.
    pub fn least_width(&self) -> usize {
        let end = |field: &Field| match field.class {
            Class::N | Class::Sn | Class::D => field.at.end,
            Class::A | Class::An if field.at.end - field.at.start <= CODE_WIDTH_MAX => field.at.end,
            _ => field.at.start + 1,
        };
        self.fields.iter().rev().find(|field| field.is_demanded()).map_or(0, |field| usize::from(end(field)))
    }

    /// Whether the record carries the version that this layout is for; `None` when the layout names none.
    #[inline]
    pub fn version_fits(&self, record: &[u8]) -> Option<bool> {
        let (at, versions) = self.version.as_ref()?;
        let carried = at.of(record);
        Some(versions.iter().any(|version| **version == *carried))
    }

    /// The columns that tell the version, when the record has several layouts.
    pub fn version_at(&self) -> Option<FieldAt> {
        self.version.as_ref().map(|(at, _)| *at)
    }

    /// Looks over all 80 bytes at once. True when some byte is no printable ASCII, or not of its field's class. Blanks
    /// pass in every number, see [`Self::is_filled`]; a minus does in none, so that a slower look judges it.
    #[inline(always)]
    pub fn is_odd(&self, record: &[u8; RECORD_WIDTH]) -> bool {
        self.ranges.are_left_by(record)
    }

    /// True when nothing is missing from a record that is not odd: every mandatory field holds something, and no
    /// number has blanks among its digits.
    #[inline(always)]
    pub fn is_filled(&self, filled: Filled) -> bool {
        self.is_filled_at_a_look(filled) || self.is_filled_by_field(filled)
    }

    /// True for most records that are filled field by field, and for no others.
    #[inline(always)]
    pub(super) fn is_filled_at_a_look(&self, filled: Filled) -> bool {
        (filled.covers(self.probes) || filled.covers(self.anchors)) && !filled.is_left_in(self.inner)
    }

    /// The same, field by field, for a record whose mandatory fields begin with blanks or whose amounts hold some.
    #[inline(never)]
    pub(super) fn is_filled_by_field(&self, filled: Filled) -> bool {
        self.demanded.iter().all(|at| filled.within(at).is_some())
            && self.numbers.iter().all(|&at| filled.is_unbroken(at))
    }
}
