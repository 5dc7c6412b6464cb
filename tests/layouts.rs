//! Every record of `grammars/abi`: a sample whose fields come back at their positions, and records that are taken apart and
//! put together again.
//!
//! `UPDATE_EXPECT=1` rewrites `samples/abi/records.tsv`; read the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use entrywatch::decode::abi::{Record, moment};
use entrywatch::decode::x12::Segment;
use entrywatch::decode::{Body, Message, decode};
use entrywatch::grammar::abi::{Class, Described, Direction, Field, Format, RECORD_WIDTH, RecordLayout};
use entrywatch::grammar::{AbiGrammar, Grammar};
use entrywatch::synthetic::{Family, Fault, Plan, generate};
use rust_decimal::Decimal;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Text that fills the field and differs from its neighbours.
fn invented(field: &Field, at: usize) -> String {
    let width = usize::from(field.at.end - field.at.start);
    let drawn = |alphabet: &str| -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..width).map(|column| letters[(at * 7 + column * 3 + 1) % letters.len()]).collect()
    };
    match (field.class, field.format) {
        (_, Some(Format::Mmddyy)) => "030226".to_owned(),
        (_, Some(Format::Yymmdd)) => "260302".to_owned(),
        (_, Some(Format::Hhmm)) => "1415".to_owned(),
        (_, Some(Format::Hhmmss)) => "141530".to_owned(),
        _ if field.is_filler() => " ".repeat(width),
        (Class::N | Class::Sn, _) => drawn("3814629507"),
        (Class::D, _) => "030226".to_owned(),
        (Class::A, _) => drawn("QZVKXJW"),
        (Class::An, _) => drawn("Q7ZV4KX9J"),
        (Class::X, _) => drawn("Q7Z-V4KX9"),
        (Class::S, _) => " ".repeat(width),
    }
}

/// The record that holds these fields.
fn put_together<'a>(fields: impl Iterator<Item = (&'a Field, Vec<u8>)>) -> [u8; RECORD_WIDTH] {
    let mut record = [b' '; RECORD_WIDTH];
    for (field, bytes) in fields {
        record[usize::from(field.at.start)..usize::from(field.at.end)].copy_from_slice(&bytes);
    }
    record
}

fn sample_of(layout: &RecordLayout) -> [u8; RECORD_WIDTH] {
    let fields =
        layout.fields.iter().enumerate().map(|(at, field)| (field, invented(field, at).into_bytes()));
    let mut record = put_together(fields);
    record[..layout.id.len()].copy_from_slice(layout.id.as_bytes());
    // Where the version stands, the first one for which this layout is meant.
    if let Some(at) = layout.version_at() {
        let columns = usize::from(at.start)..usize::from(at.end);
        let candidates = (0..100).map(|number| format!("{number:02}")).chain(('A'..='Z').map(String::from));
        for text in std::iter::once(String::new()).chain(candidates) {
            let text = format!("{text:<width$.width$}", width = columns.len());
            record[columns.clone()].copy_from_slice(text.as_bytes());
            if layout.version_fits(&record) == Some(true) {
                break;
            }
        }
    }
    record
}

/// The keys of the layouts by which this record is read, one for each application that has it.
fn told(abi: &AbiGrammar, layout: &RecordLayout, record: &[u8]) -> Vec<String> {
    let describe = |application| match abi.describe(application, record) {
        Described::Layout { layout, .. } => layout.key.to_string(),
        _ => "none".to_owned(),
    };
    if layout.id.starts_with('X') && layout.applications.iter().any(|id| &**id == "*") {
        return vec![describe(abi.rejected())];
    }
    let control = |direction: Direction| abi.control(record, direction).map(|found| found.key.to_string());
    let named = layout.applications.iter().map(|id| match abi.application(id.as_bytes()) {
        Some(application) => describe(application),
        None => control(layout.direction).unwrap_or_default(),
    });
    named.collect()
}

#[test]
fn every_record_has_a_sample_whose_fields_come_back() {
    let grammar = Grammar::embedded();
    let layouts = grammar.abi.layouts();
    let path = root().join("samples/abi/records.tsv");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let line = |layout: &RecordLayout| {
            format!("{}\t{}\n", layout.key, String::from_utf8_lossy(&sample_of(layout)))
        };
        fs::write(&path, layouts.iter().map(line).collect::<String>()).expect("a writable sample folder");
    }
    let text = fs::read_to_string(&path).expect("the samples");
    let samples: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    assert_eq!(samples.len(), layouts.len(), "one for each record");
    for (layout, (key, record)) in layouts.iter().zip(samples) {
        assert_eq!((&*layout.key, record.len()), (key, RECORD_WIDTH));
        let keys = told(&grammar.abi, layout, record.as_bytes());
        assert!(!keys.is_empty() && keys.iter().all(|told| told == key), "{key}: {keys:?}");
        for (at, field) in layout.fields.iter().enumerate() {
            let (start, end) = (usize::from(field.at.start), usize::from(field.at.end));
            assert_eq!(
                field.at.raw(record.as_bytes()),
                &record.as_bytes()[start..end],
                "{key} {}",
                field.name
            );
            let is_told_apart = start >= layout.id.len() && Some(field.at) != layout.version_at();
            if is_told_apart {
                assert_eq!(&record[start..end], invented(field, at), "{key} {} {start}-{end}", field.name);
            }
        }
    }
}

/// The same through the decoder: the record in a block of its application.
#[test]
fn the_decoder_hands_every_field_over() {
    let grammar = Grammar::embedded();
    for layout in grammar.abi.layouts() {
        for id in layout.applications.iter().filter(|id| grammar.abi.application(id.as_bytes()).is_some()) {
            let record = sample_of(layout);
            let text = format!(
                "{:<80}\r\n{:<80}\r\n{}\r\n{:<80}\r\n{:<80}\r\n",
                format!("A27049Z7      030226     {id}"),
                format!("B  27049Z7{id}"),
                String::from_utf8_lossy(&record),
                format!("Y  27049Z7{id}"),
                "Z27049Z7      030226"
            );
            let mut seen = 0;
            decode(text.as_bytes(), &grammar, &mut |message: &Message<'_>| {
                let Body::Abi(transaction) = message.body else { return };
                for found in transaction.records.iter().filter(|found| found.bytes == record) {
                    let by = found.layout.map(|layout| &*layout.key);
                    assert_eq!(by, Some(&*layout.key), "{id}");
                    for field in &layout.fields {
                        let raw = &record[usize::from(field.at.start)..usize::from(field.at.end)];
                        assert_eq!(found.raw(field.at), raw, "{id} {} {}", layout.key, field.name);
                        assert_eq!(
                            found.field(&field.at),
                            raw.trim_ascii(),
                            "{id} {} {}",
                            layout.key,
                            field.name
                        );
                    }
                    seen += 1;
                }
            });
            assert_eq!(seen, 1, "{id} {}", layout.key);
        }
    }
}

/// A field's meaning, apart from its bytes.
#[derive(Debug, PartialEq)]
enum Meant {
    Date(chrono::NaiveDate, Format),
    Time(chrono::NaiveTime, Format),
    /// Digits to the full width, with the implied decimals.
    Amount(Decimal),
    /// Blanks before it, then the text.
    Text(usize, Vec<u8>),
}

fn take_apart(field: &Field, raw: &[u8]) -> Meant {
    let width = usize::from(field.at.end - field.at.start);
    let is_full = raw.len() == width;
    if let (Some(format), true) = (field.format, is_full) {
        match format {
            Format::Mmddyy | Format::Yymmdd => {
                if let Ok(Some(date)) = moment::date(raw, format) {
                    return Meant::Date(date, format);
                }
            }
            Format::Hhmm | Format::Hhmmss => {
                if let Ok(Some(time)) = moment::time(raw, format) {
                    return Meant::Time(time, format);
                }
            }
        }
    }
    if field.class.is_number() && is_full && width <= 18 && raw.iter().all(u8::is_ascii_digit) {
        let digits: i64 = std::str::from_utf8(raw).expect("digits").parse().expect("at most 18 digits");
        return Meant::Amount(Decimal::new(digits, u32::from(field.decimals)));
    }
    let blanks = raw.iter().take_while(|&&byte| byte == b' ').count();
    Meant::Text(blanks, raw.trim_ascii_end().get(blanks..).unwrap_or_default().to_vec())
}

fn write(field: &Field, meant: &Meant) -> Vec<u8> {
    let width = usize::from(field.at.end - field.at.start);
    let mut bytes = match meant {
        Meant::Date(date, Format::Mmddyy) => date.format("%m%d%y").to_string().into_bytes(),
        Meant::Date(date, _) => date.format("%y%m%d").to_string().into_bytes(),
        Meant::Time(time, Format::Hhmm) => time.format("%H%M").to_string().into_bytes(),
        Meant::Time(time, _) => time.format("%H%M%S").to_string().into_bytes(),
        Meant::Amount(amount) => format!("{:0width$}", amount.mantissa()).into_bytes(),
        Meant::Text(blanks, text) => [" ".repeat(*blanks).as_bytes(), text].concat(),
    };
    bytes.resize(width, b' ');
    bytes
}

/// What was taken apart and put together again.
#[derive(Default)]
struct Trip {
    records: usize,
    segments: usize,
    /// Keys of layouts, and sets.
    seen: BTreeSet<String>,
}

impl Trip {
    /// Takes every described record and every segment of a file apart and puts it together again.
    fn through(&mut self, bytes: &[u8], grammar: &Grammar, name: &str) {
        decode(bytes, grammar, &mut |message: &Message<'_>| match message.body {
            Body::Abi(transaction) => {
                let headers = transaction.batch.iter().chain(&transaction.block);
                for record in headers.chain(transaction.records) {
                    self.record(record, name);
                }
            }
            Body::X12(set) => {
                self.seen.extend(message.name.map(str::to_owned));
                for segment in set.segments() {
                    self.segment(&segment, set.delimiters().element, name);
                }
            }
            Body::Json(_) | Body::Nothing => {}
        });
    }

    fn record(&mut self, record: &Record<'_>, name: &str) {
        let Some(layout) = record.layout else { return };
        let end = record.bytes.len().min(RECORD_WIDTH);
        let mut wanted = [b' '; RECORD_WIDTH];
        wanted[..end].copy_from_slice(&record.bytes[..end]);
        let fields =
            layout.fields.iter().map(|field| (field, write(field, &take_apart(field, record.raw(field.at)))));
        let again = put_together(fields);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&again), text(&wanted), "{name}: {} line {}", layout.key, record.place.line);
        self.seen.insert(layout.key.to_string());
        self.records += 1;
    }

    fn segment(&mut self, segment: &Segment<'_>, separator: u8, name: &str) {
        let mut again = segment.id().to_vec();
        for n in 1..=segment.len() {
            again.push(separator);
            again.extend_from_slice(segment.element(n));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&again), text(segment.bytes()), "{name}");
        self.segments += 1;
    }
}

#[test]
fn records_of_samples_and_feeds_are_put_together_again() {
    let grammar = Grammar::embedded();
    let folders =
        ["samples/abi/pass", "../shared/spec/abi/samples/constructed"].map(|folder| root().join(folder));
    let mut trip = Trip::default();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        for item in fs::read_dir(folder).expect("a folder").flatten() {
            let path = item.path();
            if path.extension().is_some_and(|end| end == "txt") {
                trip.through(&fs::read(&path).expect("a sample"), &grammar, &path.display().to_string());
            }
        }
    }
    let mut plan = Plan::new(7, 600);
    plan.families = Family::ALL.iter().copied().collect();
    plan.faults = [Fault::Duplicate, Fault::OutOfOrder].into();
    for file in generate(&plan) {
        trip.through(&file.bytes, &grammar, &file.name);
    }
    assert!(trip.records >= 10_000, "{} records", trip.records);
    assert!(trip.segments >= 10_000, "{} segments", trip.segments);
    let missed: Vec<&Family> =
        Family::ALL.iter().filter(|family| !is_seen(family.as_str(), &trip.seen)).collect();
    assert!(missed.is_empty(), "{missed:?} in {:?}", trip.seen);
    assert!(trip.seen.len() >= 100, "{} layouts and sets", trip.seen.len());
}

/// True when a set, or a record of an application, went through.
fn is_seen(family: &str, seen: &BTreeSet<String>) -> bool {
    let grammar = Grammar::embedded();
    let is_of = |layout: &&RecordLayout| layout.applications.iter().any(|id| &**id == family);
    seen.contains(family)
        || family == "X1" && seen.contains("X0")
        || grammar.abi.layouts().iter().filter(is_of).any(|layout| seen.contains(&*layout.key))
}
