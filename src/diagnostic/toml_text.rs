//! Reading TOML that people write, so that every fault is found at once.
//!
//! serde stops at the first value that does not fit, and `deny_unknown_fields` at the first unknown key. A person who
//! mends a configuration wants all of them, so `written!` declares a table with its keys and reads it with a fault
//! for each key that is unknown and each value that is of another kind.

use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Faults, Source, hint};

/// A larger file is refused.
pub const FILE_BYTES_MAX: usize = 1 << 20;

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads a file into `T`, a table that `written!` declares. `None` when it is no TOML; then the faults say where,
/// all of them.
pub fn read_toml<T: Written>(source: &Source) -> (Option<T>, Faults) {
    let mut faults = Faults::of(source.clone());
    if source.text().len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {FILE_BYTES_MAX} bytes");
        faults.push(Diagnostic::of_file(source.name(), message));
        return (None, faults);
    }
    let (root, errors) = DeTable::parse_recoverable(source.text());
    if errors.is_empty() {
        let span = root.span();
        let value = Spanned::new(span, DeValue::Table(root.into_inner()));
        return (T::read("", &value, &mut faults), faults);
    }
    let mut last = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // Behind a fault the parser stumbles on at the same place; the first message is the useful one.
        if last.replace(span.start) != Some(span.start) {
            faults.add(span, error.message().replace('\n', "; "));
        }
    }
    (None, faults)
}

/// The first table of a file that was mistaken for one of kind `T`: it has none of the tables of those, and some of `other`. As
/// written (`[[rule]]`), and where.
pub fn mistaken<T: WrittenTable>(source: &Source, other: &[&str]) -> Option<(String, Range<usize>)> {
    if source.text().len() > FILE_BYTES_MAX {
        return None;
    }
    let (root, _) = DeTable::parse_recoverable(source.text());
    let table = root.get_ref();
    if table.keys().any(|key| T::KEYS.contains(&&**key.get_ref())) {
        return None;
    }
    let others = table.iter().filter(|(key, _)| other.contains(&&**key.get_ref()));
    let (key, value) = others.min_by_key(|(key, _)| key.span().start)?;
    let written = match value.get_ref() {
        DeValue::Array(_) => format!("[[{}]]", key.get_ref()),
        _ => format!("[{}]", key.get_ref()),
    };
    Some((written, key.span()))
}

/// A kind of value that can be read, with a fault for what does not fit.
pub trait Written: Sized {
    /// What a person should have written: `a text`.
    const WANTED: &'static str;

    /// Takes the value if it is of this kind.
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self>;
}

/// A table that `written!` declares.
pub trait WrittenTable: Written {
    /// The keys, in the order in which they are declared.
    const KEYS: &'static [&'static str];
    /// What messages call the table.
    const OWNER: &'static str;

    /// Where it stands; for an item of an array of tables, its header.
    fn place(&self) -> Range<usize>;
}

/// One key of a table as it was written.
#[derive(Clone, Debug, Default)]
pub enum Field<T> {
    #[default]
    Absent,
    /// It is there and of the wrong kind; the fault is already recorded.
    Bad,
    Given(T),
}

impl<T> Field<T> {
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, or a fault at `span` when nobody wrote it.
    pub fn require(&self, key: &str, owner: &str, span: &Range<usize>, faults: &mut Faults) -> Option<&T> {
        if self.is_absent() {
            faults.add(span.clone(), format!("{owner} has no `{key}`"));
        }
        self.given()
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// For a key that is there: `None` is a value that did not fit.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Bad, Self::Given)
    }
}

fn wrong<T: Written>(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<T> {
    let found = kind_name(value.get_ref());
    faults.add(value.span(), format!("`{key}` must be {}, not {found}", T::WANTED));
    None
}

fn kind_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

impl Written for Spanned<String> {
    const WANTED: &'static str = "a text in quotes";
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(value.span(), text.clone().into_owned())),
            _ => wrong(key, value, faults),
        }
    }
}

impl Written for Spanned<i64> {
    const WANTED: &'static str = "a whole number";
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self> {
        match integer(value.get_ref()) {
            Some(number) => Some(Spanned::new(value.span(), number)),
            None => wrong(key, value, faults),
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

impl Written for Spanned<bool> {
    const WANTED: &'static str = "true or false";
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self> {
        match value.get_ref().as_bool() {
            Some(flag) => Some(Spanned::new(value.span(), flag)),
            None => wrong(key, value, faults),
        }
    }
}

impl Written for Spanned<NaiveDate> {
    const WANTED: &'static str = "a date like 2026-03-31";
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self> {
        let date = match value.get_ref() {
            DeValue::String(text) => text.parse().ok(),
            DeValue::Datetime(at) if at.time.is_none() => at.date.and_then(|date| {
                NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
            }),
            _ => None,
        };
        match date {
            Some(date) => Some(Spanned::new(value.span(), date)),
            None => wrong(key, value, faults),
        }
    }
}

impl<T: Written> Written for Vec<T> {
    const WANTED: &'static str = "a list";
    fn read(key: &str, value: &Value<'_>, faults: &mut Faults) -> Option<Self> {
        let DeValue::Array(items) = value.get_ref() else {
            let found = kind_name(value.get_ref());
            faults.add(value.span(), format!("`{key}` must be a list, each item {}, not {found}", T::WANTED));
            return None;
        };
        let read: Vec<T> = items.iter().filter_map(|item| T::read(key, item, faults)).collect();
        (read.len() == items.len()).then_some(read)
    }
}

/// Any value with its place, for keys whose kind depends on what stands there.
#[derive(Clone, Debug)]
pub struct RawValue {
    pub span: Range<usize>,
    pub kind: RawKind,
}

#[derive(Clone, Debug)]
pub enum RawKind {
    Text(String),
    Integer(i64),
    Flag(bool),
    Date(NaiveDate),
    List(Vec<RawValue>),
    Table(Vec<(Spanned<String>, RawValue)>),
    /// A float, a time, or an integer beyond 64 bits: no key takes one.
    Other(&'static str),
}

impl RawValue {
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            RawKind::Text(_) => "a text",
            RawKind::Integer(_) => "a whole number",
            RawKind::Flag(_) => "true or false",
            RawKind::Date(_) => "a date",
            RawKind::List(_) => "a list",
            RawKind::Table(_) => "a table",
            RawKind::Other(name) => name,
        }
    }

    fn of(value: &Value<'_>) -> Self {
        let kind = match value.get_ref() {
            DeValue::String(text) => RawKind::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => RawKind::Flag(*flag),
            DeValue::Array(items) => RawKind::List(items.iter().map(Self::of).collect()),
            DeValue::Table(table) => RawKind::Table(
                table
                    .iter()
                    .map(|(key, value)| {
                        (Spanned::new(key.span(), key.get_ref().clone().into_owned()), Self::of(value))
                    })
                    .collect(),
            ),
            DeValue::Datetime(at) if at.time.is_none() => at
                .date
                .and_then(|date| {
                    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
                })
                .map_or(RawKind::Other("a date that does not exist"), RawKind::Date),
            other => integer(other).map_or(RawKind::Other(kind_name(other)), RawKind::Integer),
        };
        Self { span: value.span(), kind }
    }
}

impl Written for RawValue {
    const WANTED: &'static str = "a value";
    fn read(_: &str, value: &Value<'_>, _: &mut Faults) -> Option<Self> {
        Some(Self::of(value))
    }
}

/// The table behind a value, for `written!`.
pub(crate) fn table_of<'v, 'i>(
    key: &str,
    value: &'v Value<'i>,
    faults: &mut Faults,
) -> Option<&'v toml::de::DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        other => {
            let found = kind_name(other);
            faults.add(value.span(), format!("`{key}` must be a table, not {found}"));
            None
        }
    }
}

/// For `written!`.
pub(crate) fn unknown_key<T: WrittenTable>(key: &Spanned<std::borrow::Cow<'_, str>>, faults: &mut Faults) {
    let name = key.get_ref();
    let hint = hint(name, "known", T::KEYS.iter().copied());
    faults.add(key.span(), format!("{} has no key `{name}` ({hint})", T::OWNER));
}

/// Declares a table as people write it: each key optional, with its place, and unknown keys refused.
///
/// ```text
/// written! {
///     /// Where the state lives.
///     pub struct RawState as "[state]" { folder: Spanned<String>, cache_mib: Spanned<i64> }
/// }
/// ```
macro_rules! written {
    ($($(#[$doc:meta])* $vis:vis struct $name:ident as $owner:literal {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        $vis struct $name {
            pub span: std::ops::Range<usize>,
            $($(#[$field_doc])* pub $field: $crate::diagnostic::Field<$kind>,)*
        }

        impl $crate::diagnostic::WrittenTable for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];
            const OWNER: &'static str = $owner;

            fn place(&self) -> std::ops::Range<usize> {
                self.span.clone()
            }
        }

        impl $crate::diagnostic::Written for $name {
            const WANTED: &'static str = "a table";
            fn read(
                key: &str,
                value: &toml::Spanned<toml::de::DeValue<'_>>,
                faults: &mut $crate::diagnostic::Faults,
            ) -> Option<Self> {
                let table = $crate::diagnostic::toml_text::table_of(key, value, faults)?;
                let mut this = Self { span: value.span(), ..Self::default() };
                for (key, value) in table.iter() {
                    match &**key.get_ref() {
                        $(stringify!($field) => {
                            this.$field =
                                $crate::diagnostic::Written::read(stringify!($field), value, faults).into();
                        })*
                        _ => $crate::diagnostic::toml_text::unknown_key::<Self>(key, faults),
                    }
                }
                Some(this)
            }
        }
    )*};
}
pub(crate) use written;
