//! One record's layout: its fields, and what their bytes must look like.

use super::Direction;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FieldAt {
    /// 0-based.
    pub start: u8,
    /// Behind the last byte.
    pub end: u8,
}

impl FieldAt {
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
        while let [rest @ .., b' '] = field {
            field = rest;
        }
        while let [b' ', rest @ ..] = field {
            field = rest;
        }
        field
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
    demands: [u8; RECORD_WIDTH],
    demanded: Vec<FieldAt>,
    moments: Vec<(FieldAt, Format)>,
    entry: Option<(FieldAt, FieldAt)>,
}

/// Codes up to this width fill their field; longer fields hold texts that may end in blanks.
const CODE_WIDTH_MAX: u8 = 9;

/// What a byte of a record must be, as bits.
const DIGIT_OR_BLANK: u8 = 1;
const BLANK: u8 = 2;
const DIGIT: u8 = 4;

/// What a look over a whole record brought up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Some field holds bytes that its class does not allow, or an amount is padded with blanks.
    pub odd: bool,
    /// Some byte is a control character or above 126.
    pub strange: bool,
}

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
        let mut demands = [0; RECORD_WIDTH];
        for field in &parts.fields {
            let demand = match field.class {
                _ if field.is_filler() => BLANK,
                _ if field.signed => 0,
                class if class.is_number() && field.decimals > 0 => DIGIT,
                class if class.is_number() => DIGIT_OR_BLANK,
                _ => 0,
            };
            demands[usize::from(field.at.start)..usize::from(field.at.end)].fill(demand);
        }
        let at = |name: &str| parts.fields.iter().find(|field| &*field.name == name).map(|field| field.at);
        Self {
            demands,
            demanded: parts.fields.iter().filter(|field| field.is_demanded()).map(|field| field.at).collect(),
            moments: parts.fields.iter().filter_map(|field| Some((field.at, field.format?))).collect(),
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
    pub fn entry(&self) -> Option<(FieldAt, FieldAt)> {
        self.entry
    }

    /// The mandatory fields that have no meaning when blank, without the record id.
    pub fn demanded(&self) -> &[FieldAt] {
        &self.demanded
    }

    /// The dates and times of the record.
    pub fn moments(&self) -> &[(FieldAt, Format)] {
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

    /// Looks over all 80 bytes at once; only an odd record is worth a look at each field.
    #[inline]
    pub fn look(&self, record: &[u8; RECORD_WIDTH]) -> Look {
        let mut odd = 0;
        let mut strange = 0;
        for (&byte, &demand) in record.iter().zip(&self.demands) {
            let digit = byte.wrapping_sub(b'0') < 10;
            let blank = byte == b' ';
            let lacks_digit = if digit { 0 } else { DIGIT };
            let lacks_blank = if blank { 0 } else { BLANK };
            let lacks_both = if digit | blank { 0 } else { DIGIT_OR_BLANK };
            odd |= demand & (lacks_digit | lacks_blank | lacks_both);
            strange |= u8::from(byte.wrapping_sub(b' ') > b'~' - b' ');
        }
        Look { odd: odd != 0, strange: strange != 0 }
    }
}
