//! The text of `grammars/abi/*.toml` and its audit.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::layout::{Class, Field, FieldAt, Format, LayoutParts, RECORD_WIDTH, RecordLayout, Side};
use super::table::{Entry, RecordTable, Undescribed};
use super::{Application, Direction, Split};
use crate::grammar::{GrammarError, Sources};

/// One file, read but not yet audited.
pub(super) struct File {
    pub(super) path: String,
    source: String,
    pub(super) text: FileText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    application: Spanned<String>,
    title: String,
    direction: Direction,
    #[serde(default = "block")]
    split: Split,
    #[serde(default)]
    starts: Vec<Spanned<String>>,
    #[serde(default)]
    leads: Vec<Spanned<String>>,
    #[serde(default)]
    undescribed: Vec<String>,
    echoes: Option<Spanned<String>>,
    #[serde(default)]
    signed_echoes: bool,
    #[serde(default)]
    same_as: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) record: Vec<RecordText>,
}

fn block() -> Split {
    Split::Block
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordText {
    key: Spanned<String>,
    id: Spanned<String>,
    title: String,
    direction: Direction,
    #[serde(default)]
    also: Vec<String>,
    version: Option<VersionText>,
    source: String,
    confidence: String,
    fields: Vec<Spanned<FieldText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionText {
    at: Spanned<String>,
    is: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldText {
    at: String,
    name: String,
    class: Class,
    #[serde(default)]
    decimals: u8,
    #[serde(rename = "use")]
    side: Side,
    format: Option<Format>,
    #[serde(default)]
    signed: bool,
    #[serde(default)]
    blank: bool,
    #[serde(default)]
    meaning: String,
}

impl File {
    pub(super) fn is_envelope(&self) -> bool {
        self.text.application.get_ref() == "*"
    }

    fn fault(&self, offset: usize, message: impl Into<String>) -> GrammarError {
        GrammarError::at_offset(&self.path, &self.source, offset, message)
    }
}

/// Reads every `abi/*.toml`; the files that TOML itself refuses are faults.
pub(super) fn read(sources: &Sources, faults: &mut Vec<GrammarError>) -> Vec<File> {
    let mut files = Vec::new();
    for (path, source) in sources {
        if !path.starts_with("abi/") || !path.ends_with(".toml") {
            continue;
        }
        match toml::from_str::<FileText>(source) {
            Ok(text) => files.push(File { path: path.clone(), source: source.clone(), text }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                faults.push(GrammarError::at_offset(path, source, offset, error.message()));
            }
        }
    }
    files
}

/// Audits one record: fields in order, no gap, no overlap, 80 columns in all.
pub(super) fn layout(file: &File, text: &RecordText, faults: &mut Vec<GrammarError>) -> Option<RecordLayout> {
    let before = faults.len();
    let id = text.id.get_ref();
    if !(1..=4).contains(&id.len()) || !id.is_ascii() {
        faults.push(file.fault(text.id.span().start, format!("`{id}` is no record id of 1 to 4 characters")));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(text.fields.len());
    let mut expected = 0;
    for field in &text.fields {
        let offset = field.span().start;
        match read_field(field.get_ref(), expected) {
            Ok(read) => {
                if fields.iter().any(|other| other.name == read.name && !read.is_filler()) {
                    faults.push(file.fault(offset, format!("`{}` stands twice in `{id}`", read.name)));
                }
                expected = read.at.end;
                fields.push(read);
            }
            Err(message) => {
                faults.push(file.fault(offset, message));
                expected = span_of(&field.get_ref().at).map_or(expected, |at| at.end);
            }
        }
    }
    if usize::from(expected) != RECORD_WIDTH && faults.len() == before {
        let key = text.key.get_ref();
        let message = format!("the fields of `{key}` end in column {expected}, not {RECORD_WIDTH}");
        faults.push(file.fault(text.key.span().start, message));
    }
    let version = text.version.as_ref().and_then(|version| read_version(file, version, faults));
    (faults.len() == before).then(|| {
        let own = file.text.application.get_ref().as_str();
        let also = text.also.iter().map(String::as_str);
        RecordLayout::new(LayoutParts {
            key: text.key.get_ref().as_str().into(),
            id: id.as_str().into(),
            applications: std::iter::once(own).chain(also).map(Into::into).collect(),
            title: text.title.as_str().into(),
            direction: text.direction,
            source: text.source.as_str().into(),
            confidence: text.confidence.as_str().into(),
            fields,
            version,
        })
    })
}

type Version = (FieldAt, Vec<Box<[u8]>>);

fn read_version(file: &File, text: &VersionText, faults: &mut Vec<GrammarError>) -> Option<Version> {
    match span_of(text.at.get_ref()) {
        Some(at) => Some((at, text.is.iter().map(|value| value.as_bytes().into()).collect())),
        None => {
            faults.push(file.fault(text.at.span().start, "`at` wants positions such as `79-80`"));
            None
        }
    }
}

fn read_field(text: &FieldText, expected: u8) -> Result<Field, String> {
    let name = &text.name;
    let at = span_of(&text.at)
        .ok_or_else(|| format!("`{}` is no position: `5` or `5-10`, within 1 to {RECORD_WIDTH}", text.at))?;
    if at.start > expected {
        return Err(format!("columns {}-{} before `{name}` belong to no field", expected + 1, at.start));
    }
    if at.start < expected {
        return Err(format!("`{name}` begins in column {}, inside the field before it", at.column()));
    }
    if text.decimals > 0 && !text.class.is_number() && !text.signed {
        return Err(format!("`{name}` has decimals but its class is {}", text.class.as_str()));
    }
    let width = at.end - at.start;
    let wanted = match text.format {
        Some(Format::Mmddyy | Format::Yymmdd | Format::Hhmmss) => 6,
        Some(Format::Hhmm) => 4,
        None => width,
    };
    if width != wanted {
        return Err(format!("`{name}` is {width} wide, its format wants {wanted}"));
    }
    Ok(Field {
        name: name.as_str().into(),
        at,
        class: text.class,
        decimals: text.decimals,
        side: text.side,
        format: text.format,
        signed: text.signed,
        blank: text.blank,
        meaning: text.meaning.as_str().into(),
    })
}

/// Reads `5` or `5-10`: 1-based, inclusive.
fn span_of(text: &str) -> Option<FieldAt> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let (start, end): (u8, u8) = (start.parse().ok()?, end.parse().ok()?);
    let fits = start >= 1 && start <= end && usize::from(end) <= RECORD_WIDTH;
    fits.then(|| FieldAt::new(start - 1, end))
}

/// Keys are unique over all files; a record of one application may come twice only under different versions or
/// directions.
pub(super) fn audit_unique(files: &[File], layouts: &[RecordLayout], faults: &mut Vec<GrammarError>) {
    let mut keys = BTreeMap::new();
    for file in files {
        for record in &file.text.record {
            let key = record.key.get_ref();
            if let Some(other) = keys.insert(key.clone(), &file.path) {
                let message = format!("`{key}` is described in {other}, too");
                faults.push(file.fault(record.key.span().start, message));
            }
        }
    }
    for (at, layout) in layouts.iter().enumerate() {
        let same = |other: &&RecordLayout| {
            other.id == layout.id && other.applications.iter().any(|name| layout.applications.contains(name))
        };
        let Some(other) = layouts[..at].iter().rev().find(same) else { continue };
        let is_control = layout.applications.iter().any(|name| &**name == "*");
        let versions = other.version_at().is_some() && other.version_at() == layout.version_at();
        let directions = is_control
            && (other.version_at() != layout.version_at() || !other.direction.meets(layout.direction));
        let message = if !versions && !directions {
            format!("`{}` and `{}` describe the same record", layout.key, other.key)
        } else if versions && usize::from(other.index) + 1 != at {
            format!("`{}` must stand next to `{}`, the other version of its record", layout.key, other.key)
        } else {
            continue;
        };
        let place = files.iter().find_map(|file| {
            let record = file.text.record.iter().find(|record| record.key.get_ref() == &*layout.key)?;
            Some(file.fault(record.key.span().start, message.as_str()))
        });
        faults.extend(place);
    }
}

/// Builds an application's lookup: its own records, then those that it shares, repeats or renames.
pub(super) fn application(
    file: &File,
    files: &[File],
    layouts: &[RecordLayout],
    faults: &mut Vec<GrammarError>,
) -> Application {
    let text = &file.text;
    let id = text.application.get_ref();
    if id.len() != 2 {
        faults.push(file.fault(text.application.span().start, format!("`{id}` is no application id")));
    }
    let mut undescribed: Vec<Box<str>> = text.undescribed.iter().map(|id| id.as_str().into()).collect();
    let mut entries = entries_of(id, layouts);
    if let Some(echoed) = &text.echoes {
        match files.iter().find(|other| other.text.application.get_ref() == echoed.get_ref()) {
            Some(other) => {
                entries.extend(entries_of(echoed.get_ref(), layouts));
                entries.extend(renamed(other, layouts, faults));
                undescribed.extend(other.text.undescribed.iter().map(|id| id.as_str().into()));
            }
            None => {
                let message = format!("no file describes the application `{}`", echoed.get_ref());
                faults.push(file.fault(echoed.span().start, message));
            }
        }
    }
    entries.extend(renamed(file, layouts, faults));
    for (list, starts) in [(&text.starts, true), (&text.leads, false)] {
        for wanted in list {
            let mut known = false;
            for (_, entry) in entries.iter_mut().filter(|(id, _)| id == wanted.get_ref()) {
                known = true;
                *entry = if starts { entry.starting() } else { entry.leading() };
            }
            if !known {
                let message = format!("`{}` is no record of `{id}`", wanted.get_ref());
                faults.push(file.fault(wanted.span().start, message));
            }
        }
    }
    Application {
        id: id.as_str().into(),
        title: text.title.as_str().into(),
        direction: text.direction,
        split: text.split,
        signed_echoes: text.signed_echoes,
        table: RecordTable::new(entries.into_iter()),
        undescribed: Undescribed(undescribed),
    }
}

/// The records of an application; layouts of one id that differ by version stand side by side in their file.
fn entries_of(application: &str, layouts: &[RecordLayout]) -> Vec<(String, Entry)> {
    let mut entries: Vec<(String, Entry)> = Vec::new();
    for layout in
        layouts.iter().filter(|layout| layout.applications.iter().any(|name| **name == *application))
    {
        match entries.last_mut() {
            Some((id, entry)) if **id == *layout.id => *entry = entry.with_another(),
            _ => entries.push((layout.id.to_string(), Entry::new(layout.index))),
        }
    }
    entries
}

/// The records that a file reads with the layout of another.
fn renamed(file: &File, layouts: &[RecordLayout], faults: &mut Vec<GrammarError>) -> Vec<(String, Entry)> {
    let mut entries = Vec::new();
    for (id, key) in &file.text.same_as {
        let Some(layout) = layouts.iter().find(|layout| *layout.key == **key.get_ref()) else {
            faults.push(file.fault(key.span().start, format!("no record has the key `{}`", key.get_ref())));
            continue;
        };
        let same = layouts[usize::from(layout.index) + 1..].iter().take_while(|next| next.id == layout.id);
        let entry = same.fold(Entry::new(layout.index), |entry, _| entry.with_another());
        entries.push((id.clone(), entry));
    }
    entries
}
