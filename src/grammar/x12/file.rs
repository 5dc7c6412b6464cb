//! The files of `grammars/x12` as they are written, and the audit that turns them into tables.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Condition, ELEMENTS_MAX, ElementClass, ElementLayout, MEMBERS_MAX, Members, Names, Rules, SLOTS,
    SegmentKey, SegmentLayout, SetLayout, X12Grammar,
};
use crate::grammar::{GrammarError, Sources};

pub(super) const SEGMENTS: &str = "x12/segments.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentsFile {
    segment: Vec<SegmentRaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentRaw {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    conditions: BTreeMap<String, Spanned<String>>,
    elements: Vec<ElementRaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElementRaw {
    at: Spanned<usize>,
    name: Spanned<String>,
    de: String,
    #[serde(rename = "type")]
    class: Spanned<String>,
    #[serde(rename = "use")]
    uses: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRaw {
    id: Spanned<String>,
    title: String,
    #[serde(rename = "source")]
    _source: String,
    groups: Vec<String>,
    /// Segments that are not listed are carried without a finding.
    #[serde(default)]
    open: bool,
    segments: Vec<Spanned<String>>,
}

/// Collects the faults of one file.
struct Audit<'s> {
    file: &'s str,
    text: &'s str,
    faults: Vec<GrammarError>,
}

impl<'s> Audit<'s> {
    fn new(file: &'s str, text: &'s str) -> Self {
        Self { file, text, faults: Vec::new() }
    }

    fn at<T>(&mut self, place: &Spanned<T>, message: impl Into<String>) {
        self.offset(place.span().start, message);
    }

    fn offset(&mut self, offset: usize, message: impl Into<String>) {
        self.faults.push(GrammarError::at_offset(self.file, self.text, offset, message));
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.offset(error.span().map_or(0, |span| span.start), error.message().to_owned());
                None
            }
        }
    }
}

pub(super) fn parse(sources: &Sources) -> Result<X12Grammar, Vec<GrammarError>> {
    let mut grammar = X12Grammar::default();
    let mut faults = Vec::new();
    match sources.get(SEGMENTS) {
        Some(text) => {
            let mut audit = Audit::new(SEGMENTS, text);
            if let Some(file) = audit.read::<SegmentsFile>() {
                grammar.releases = releases(&file, &mut audit);
                grammar.segments = segments(file, &grammar.releases, &mut audit);
            }
            faults.extend(audit.faults);
        }
        None if sources.keys().any(|path| path.starts_with("x12/")) => {
            faults.push(GrammarError::new(SEGMENTS, 1, 1, "the file is missing, and sets name its segments"));
        }
        None => {}
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for (path, text) in sources {
        if path == SEGMENTS || !path.starts_with("x12/") || !path.ends_with(".toml") {
            continue;
        }
        let mut audit = Audit::new(path, text);
        if let Some(raw) = audit.read::<SetRaw>() {
            let set = set(raw, &grammar, &mut audit);
            grammar.sets.push(set);
        }
        faults.extend(audit.faults);
    }
    if faults.is_empty() { Ok(grammar) } else { Err(faults) }
}

/// Every release that the file names, ascending.
fn releases(file: &SegmentsFile, audit: &mut Audit<'_>) -> Vec<[u8; 6]> {
    let mut found = Vec::new();
    let uses = file.segment.iter().flat_map(|segment| &segment.elements).flat_map(|element| &element.uses);
    let conditions = file.segment.iter().flat_map(|segment| &segment.conditions);
    for (name, value) in uses.chain(conditions) {
        match <[u8; 6]>::try_from(name.as_bytes()) {
            Ok(release) if name.bytes().all(|byte| byte.is_ascii_digit()) => found.push(release),
            _ => audit.at(value, format!("`{name}` is no release; one is six digits, like 004010")),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn segments(file: SegmentsFile, releases: &[[u8; 6]], audit: &mut Audit<'_>) -> Vec<SegmentLayout> {
    let mut seen = Names::new();
    let mut segments = Vec::new();
    for raw in file.segment {
        let id = raw.id.get_ref().as_str();
        if !(2..=3).contains(&id.len())
            || !id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            audit.at(
                &raw.id,
                format!("`{id}` is no segment identifier; one is two or three capitals and digits"),
            );
        }
        if seen.insert(id.into(), 0).is_some() {
            audit.at(&raw.id, format!("the segment `{id}` is described twice"));
        }
        let rules = rules(&raw, releases, audit);
        let elements = elements(&raw, audit);
        segments.push(SegmentLayout {
            id: id.into(),
            title: raw.title.as_str().into(),
            elements,
            rules,
            line: GrammarError::at_offset(audit.file, audit.text, raw.id.span().start, "").line,
        });
    }
    segments
}

fn elements(raw: &SegmentRaw, audit: &mut Audit<'_>) -> Vec<ElementLayout> {
    let mut names = Names::new();
    let mut elements = Vec::new();
    for (index, element) in raw.elements.iter().enumerate() {
        let (at, name) = (*element.at.get_ref(), element.name.get_ref());
        if at != index + 1 || at > ELEMENTS_MAX {
            audit.at(&element.at, format!("element {at} stands where element {} is wanted", index + 1));
        }
        if let Some(other) = names.insert(name.as_str().into(), at) {
            audit.at(&element.name, format!("the name `{name}` is that of element {other}, too"));
        }
        let class = match element.class.get_ref().as_str() {
            "AN" => ElementClass::Text,
            "ID" => ElementClass::Code,
            "DT" => ElementClass::Date,
            "TM" => ElementClass::Time,
            "N0" | "N2" => ElementClass::Whole,
            "R" => ElementClass::Decimal,
            "COMP" => ElementClass::Composite,
            other => {
                audit.at(&element.class, format!("`{other}` is no type (AN, ID, DT, TM, N0, N2, R, COMP)"));
                ElementClass::Text
            }
        };
        elements.push(ElementLayout { name: name.as_str().into(), de: element.de.as_str().into(), class });
    }
    elements
}

/// The latest value at or before each release.
fn by_release<'v>(
    values: &'v BTreeMap<String, Spanned<String>>,
    release: &[u8; 6],
) -> Option<&'v Spanned<String>> {
    values.iter().rev().find(|(name, _)| name.as_bytes() <= release.as_slice()).map(|(_, value)| value)
}

fn rules(raw: &SegmentRaw, releases: &[[u8; 6]], audit: &mut Audit<'_>) -> Vec<Rules> {
    for element in &raw.elements {
        for value in element.uses.values() {
            if let Err(message) = usage(value.get_ref()) {
                audit.at(value, message);
            }
        }
    }
    let mut conditions: BTreeMap<&str, Box<[Condition]>> = BTreeMap::new();
    for (name, value) in &raw.conditions {
        let parsed: Result<Vec<_>, _> =
            value.get_ref().split_ascii_whitespace().map(Condition::parse).collect();
        match parsed {
            Ok(list) if list.iter().all(|condition| condition.all >> raw.elements.len().min(31) == 0) => {
                conditions.insert(name, list.into());
            }
            Ok(_) => audit.at(value, "a condition names an element that the segment does not have"),
            Err(message) => audit.at(value, message),
        }
    }
    let described = releases
        .iter()
        .map(|release| {
            let conditions = conditions.iter().rev().find(|(name, _)| name.as_bytes() <= release.as_slice());
            let mut rules = Rules::under(conditions.map(|(_, list)| list.clone()).unwrap_or_default());
            for (index, element) in raw.elements.iter().enumerate().take(ELEMENTS_MAX) {
                let Some(value) = by_release(&element.uses, release) else { continue };
                let Ok(Some(usage)) = usage(value.get_ref()) else { continue };
                let bit = 1 << index;
                rules.last = index as u8 + 1;
                rules.mandatory |= if usage.mandatory { bit } else { 0 };
                match element.class.get_ref().as_str() {
                    "DT" => rules.dates |= bit,
                    "TM" => rules.times |= bit,
                    "N0" | "N2" => rules.wholes |= bit,
                    "R" => rules.decimals |= bit,
                    _ => {}
                }
                // How long dates and times are is part of being one.
                if let Some((shortest, longest)) =
                    usage.lengths.filter(|_| (rules.dates | rules.times) & bit == 0)
                {
                    rules.limit(index, shortest, longest);
                }
            }
            rules
        })
        .collect::<Vec<_>>();
    with_those_between(described)
}

/// As [`super::Release`] counts them: what is before the first, then each release and what is behind it.
fn with_those_between(described: Vec<Rules>) -> Vec<Rules> {
    let mut all: Vec<Rules> = described.first().map(Rules::of_any_length).into_iter().collect();
    for (at, rules) in described.iter().enumerate() {
        all.extend([rules.clone(), rules.until(described.get(at + 1))]);
    }
    all
}

/// What stands in `use`.
#[derive(Clone, Copy)]
struct Usage {
    mandatory: bool,
    /// The shortest and the longest that it may be.
    lengths: Option<(u16, u16)>,
}

/// Reads `M 2/4`, `O 1/30`, `O` or `-`: whether the element is there, and then whether it must be and how long it is.
fn usage(text: &str) -> Result<Option<Usage>, String> {
    let wrong = || format!("`{text}` is no use; one is `M 2/4`, `O 1/30`, `O comp` or `-`");
    let (letter, lengths) = text.split_once(' ').unwrap_or((text, ""));
    let whole = |text: &str| text.parse::<u16>().ok();
    let lengths = match lengths.split_once('/') {
        Some((shortest, longest)) => match (whole(shortest), whole(longest)) {
            (Some(shortest), Some(longest)) if shortest <= longest => Some((shortest, longest)),
            _ => return Err(wrong()),
        },
        None if matches!(lengths, "" | "comp") => None,
        None => return Err(wrong()),
    };
    match letter {
        "M" => Ok(Some(Usage { mandatory: true, lengths })),
        "O" => Ok(Some(Usage { mandatory: false, lengths })),
        "-" => Ok(None),
        _ => Err(wrong()),
    }
}

fn set(raw: SetRaw, grammar: &X12Grammar, audit: &mut Audit<'_>) -> SetLayout {
    let id = raw.id.get_ref().as_str();
    if grammar.sets.iter().any(|set| &*set.id == id) {
        audit.at(&raw.id, format!("the set `{id}` is described twice"));
    }
    if audit.file != format!("x12/{id}.toml") {
        audit.at(&raw.id, format!("the set `{id}` belongs in x12/{id}.toml"));
    }
    if raw.segments.len() > MEMBERS_MAX {
        audit.at(&raw.id, format!("more than {MEMBERS_MAX} segments in one set"));
    }
    let mut members = Members([(SegmentKey::UNKNOWN, 0); SLOTS]);
    for name in raw.segments.iter().take(MEMBERS_MAX) {
        let key = SegmentKey::of(name.get_ref().as_bytes());
        match grammar.segments.iter().position(|segment| &*segment.id == name.get_ref()) {
            Some(_) if members.get(key).is_some() => {
                audit.at(name, format!("the segment `{}` is listed twice", name.get_ref()));
            }
            Some(at) => members.insert(key, at as u16),
            None => audit.at(name, format!("the segment `{}` is not in {SEGMENTS}", name.get_ref())),
        }
    }
    SetLayout {
        id: id.into(),
        title: raw.title.as_str().into(),
        groups: raw.groups.iter().map(|group| group.as_str().into()).collect(),
        is_open: raw.open,
        members,
        key: SegmentKey::of(id.as_bytes()),
        number: grammar.sets.len() as u16 + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[segment]]\nid = \"AB\"\ntitle = \"t\"\nconditions = { 004010 = \"P0102\" }\nelements = [\n  \
                        { at = 1, name = \"one\", de = \"1\", type = \"AN\", use = { 004010 = \"M 1/2\" } },\n  \
                        { at = 2, name = \"two\", de = \"2\", type = \"DT\", use = { 005010 = \"O 8/8\" } },\n]\n";
    const SET: &str = "id = \"100\"\ntitle = \"t\"\nsource = \"s\"\ngroups = [\"SO\"]\nsegments = [\"AB\"]\n";

    fn faults(segments: &str, set: &str) -> Vec<String> {
        let sources = Sources::from([
            (SEGMENTS.to_owned(), segments.to_owned()),
            ("x12/100.toml".to_owned(), set.to_owned()),
        ]);
        match parse(&sources) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn faults_have_a_place() {
        assert_eq!(faults(GOOD, SET), Vec::<String>::new());
        let cases = [
            (GOOD.replace("at = 2", "at = 3"), SET.to_owned(), "segments.toml:7:10: element 3 stands"),
            (GOOD.replace("\"two\"", "\"one\""), SET.to_owned(), "segments.toml:7:20: the name `one`"),
            (GOOD.replace("\"DT\"", "\"XX\""), SET.to_owned(), "segments.toml:7:44: `XX` is no type"),
            (GOOD.replace("M 1/2", "M 2/1"), SET.to_owned(), "segments.toml:6:67: `M 2/1` is no use"),
            (GOOD.replace("P0102", "P0103"), SET.to_owned(), "segments.toml:4:25: a condition names"),
            (GOOD.replace("005010", "5010"), SET.to_owned(), "`5010` is no release"),
            (GOOD.replace("title", "titel"), SET.to_owned(), "segments.toml:3:1: unknown field `titel`"),
            (GOOD.replace("\"AB\"", "\"ab\""), SET.to_owned(), "segments.toml:2:6: `ab` is no segment"),
            (GOOD.to_owned(), SET.replace("\"AB\"", "\"AC\""), "100.toml:5:13: the segment `AC` is not in"),
            (
                GOOD.to_owned(),
                SET.replace("\"AB\"", "\"AB\", \"AB\""),
                "100.toml:5:19: the segment `AB` is listed twice",
            ),
            (GOOD.to_owned(), SET.replace("\"100\"", "\"101\""), "100.toml:1:6: the set `101` belongs"),
            (GOOD.to_owned(), SET.replace("title", "= "), "100.toml:2:4"),
        ];
        for (segments, set, wanted) in cases {
            let found = faults(&segments, &set);
            assert!(found.iter().any(|fault| fault.contains(wanted)), "{wanted}: {found:?}");
        }
    }
}
