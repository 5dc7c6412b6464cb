//! Reads every X12 sample: ours against the expectation beside it, and the reference's where they are present.
//!
//! `UPDATE_EXPECT=1` rewrites the expectations.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use entrywatch::decode::x12::X12Decoder;
use entrywatch::decode::{Decoder, Message, Sink};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeIds, NoticeSink};
use entrywatch::notice::{Kind, Notice, NoticeRef};
use entrywatch::place::{Finding, Grade, Place, Span};
use proptest::prelude::*;

static INTERPRETER: LazyLock<Interpreter> = LazyLock::new(|| {
    Interpreter::new(Grammar::embedded()).expect("the embedded grammar serves the interpreter")
});

/// One message, kept.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    name: Option<String>,
    release: Option<String>,
    /// Sender, interchange, group, set.
    control: [Option<String>; 4],
    span: Span,
    notices: Vec<(Notice, Place)>,
    findings: Vec<Finding>,
}

#[derive(Default)]
struct Keeper {
    messages: Vec<Kept>,
}

struct NoticeKeeper {
    ids: NoticeIds,
    notices: Vec<(Notice, Place)>,
    findings: Vec<Finding>,
}

impl NoticeSink for NoticeKeeper {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.notices.push((notice.to_notice(self.ids.id(notice.ordinal)), notice.place));
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

impl Sink for Keeper {
    fn message(&mut self, message: &Message<'_>) {
        assert_eq!(message.index, self.messages.len() as u64);
        let text = |part: Option<&[u8]>| part.map(|part| String::from_utf8_lossy(part).into_owned());
        let ids = NoticeIds::of(message);
        let mut keeper = NoticeKeeper { ids, notices: Vec::new(), findings: message.findings.to_vec() };
        INTERPRETER.interpret(message, &mut keeper);
        let control = &message.control;
        self.messages.push(Kept {
            name: message.name.map(str::to_owned),
            release: message.release.map(str::to_owned),
            control: [control.sender, control.interchange, control.group, control.set].map(text),
            span: message.span,
            notices: keeper.notices,
            findings: keeper.findings,
        });
    }
}

fn read(bytes: &[u8]) -> Vec<Kept> {
    read_in_pieces(bytes, bytes.len().max(1))
}

/// Feeds windows that begin where the last one was consumed and end `piece` bytes further each time.
fn read_in_pieces(bytes: &[u8], piece: usize) -> Vec<Kept> {
    let mut decoder = X12Decoder::new(INTERPRETER.grammar());
    let mut keeper = Keeper::default();
    let (mut from, mut to) = (0, 0);
    loop {
        to = (to + piece).min(bytes.len());
        let last = to == bytes.len();
        from += decoder.feed(&bytes[from..to], last, &mut keeper);
        assert!(from <= to);
        if last {
            assert_eq!(from, bytes.len(), "the last window is consumed whole");
            return keeper.messages;
        }
    }
}

fn notices_of(bytes: &[u8]) -> Vec<Notice> {
    read(bytes).into_iter().flat_map(|message| message.notices).map(|(notice, _)| notice).collect()
}

fn shown(messages: &[Kept]) -> String {
    let mut text = String::new();
    for message in messages {
        show(message, &mut text).expect("a string takes everything");
    }
    text
}

fn show(message: &Kept, text: &mut String) -> std::fmt::Result {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let [sender, interchange, group, set] = message.control.each_ref().map(part);
    let (name, release) = (part(&message.name), part(&message.release));
    let Span { offset, length, line } = message.span;
    writeln!(
        text,
        "{name} {release} from {sender} {interchange}/{group}/{set}, line {line}, {offset}+{length}"
    )?;
    for (notice, place) in &message.notices {
        write!(text, "  {} {}", notice.kind.as_str(), notice.severity.as_str())?;
        let parts = [
            ("code", notice.code.map(|code| code.to_string())),
            ("entry", notice.entry.map(|entry| entry.to_string())),
            ("bill", notice.bill.as_ref().map(ToString::to_string)),
            ("house", notice.house_bill.as_ref().map(ToString::to_string)),
            ("container", notice.container.map(|name| name.to_string())),
            ("at", notice.at.map(|at| at.to_string())),
            ("line", Some(place.line.to_string())),
            ("offset", Some(place.offset.to_string())),
            ("effect", serde_json::to_string(&notice.effect).ok()),
        ];
        for (name, value) in parts.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            write!(text, " {name}={value}")?;
        }
        writeln!(text)?;
        for (name, value) in notice.fields.iter() {
            writeln!(text, "    {name}: {value}")?;
        }
    }
    for finding in &message.findings {
        let Place { line, column, offset } = finding.place;
        let grade = format!("{:?}", finding.severity).to_lowercase();
        let x12 = finding.x12.as_deref().map(|code| format!(" [{code}]")).unwrap_or_default();
        let column = column.unwrap_or(0);
        writeln!(text, "  {grade} {}{x12} {line}:{column} ({offset}): {}", finding.code, finding.message)?;
    }
    Ok(())
}

fn samples(folder: PathBuf) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = listing.flatten().map(|item| item.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "edi")).collect();
    files.sort();
    files
}

fn ours(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/x12").join(folder)
}

/// The reference's samples, when they stand beside this repository.
fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/spec/x12/samples").join(name)
}

fn good_samples() -> Vec<PathBuf> {
    [ours("pass"), reference("valid")].into_iter().flat_map(samples).collect()
}

fn all_samples() -> Vec<PathBuf> {
    let bad = [ours("fail"), reference("invalid")].into_iter().flat_map(samples);
    good_samples().into_iter().chain(bad).collect()
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Rows of a tab-separated file without its header; none when it is not there.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn our_samples_say_what_is_expected() {
    for folder in ["pass", "fail"] {
        let found = samples(ours(folder));
        assert!(!found.is_empty(), "samples/x12/{folder} holds samples");
        for path in found {
            let messages = read(&bytes(&path));
            let mut findings = messages.iter().flat_map(|message| &message.findings);
            let bad = findings.any(|finding| finding.severity > Grade::Info);
            assert_eq!(bad, folder == "fail", "{}: {}", path.display(), shown(&messages));
            expect_test::expect_file![path.with_extension("expect")].assert_eq(&shown(&messages));
        }
    }
}

#[test]
fn every_byte_of_a_file_belongs_to_one_message_and_places_are_true() {
    for path in all_samples() {
        let content = bytes(&path);
        let mut offset = 0;
        for message in read(&content) {
            assert_eq!(message.span.offset, offset, "{}", path.display());
            offset += message.span.length;
            let places = message.notices.iter().map(|(_, place)| *place);
            for place in places.chain(message.findings.iter().map(|finding| finding.place)) {
                let before = &content[..place.offset as usize];
                let lines = before.iter().filter(|&&byte| byte == b'\n').count();
                let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
                assert_eq!(place.line, lines as u64 + 1, "{}", path.display());
                let column = (before.len() - start) as u32 + 1;
                assert_eq!(place.column.unwrap_or(column), column, "{}: {place:?}", path.display());
            }
        }
        assert_eq!(offset, content.len() as u64, "{}", path.display());
    }
}

#[test]
fn the_reference_events_are_found() {
    let mut by_file: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for mut row in rows(&reference("expected_events.tsv")) {
        // Times are written as sent, with or without seconds.
        if row[8].len() == 4 {
            row[8].push_str("00");
        }
        by_file.entry(row.remove(0)).or_default().push(row);
    }
    for (file, wanted) in by_file {
        let mut found = Vec::new();
        for message in read(&bytes(&reference("valid").join(&file))) {
            let set = message.control[3].clone().unwrap_or_default();
            for (notice, _) in message.notices.iter().filter(|(notice, _)| notice.kind == Kind::BillStatus) {
                let field = |name| notice.field(name).unwrap_or_default().to_owned();
                let bill = |bill: &Option<entrywatch::ident::BillOfLading>| {
                    bill.as_ref().map(ToString::to_string).unwrap_or_default()
                };
                let at = notice.at.expect("a time");
                found.push(vec![
                    set.clone(),
                    bill(&notice.bill),
                    bill(&notice.house_bill),
                    notice.entry.map_or_else(|| field("in_bond"), |entry| entry.as_str().to_owned()),
                    field("entry_type"),
                    notice.code.map(|code| code.to_string()).unwrap_or_default(),
                    at.date.format("%Y%m%d").to_string(),
                    at.time.map(|time| time.format("%H%M%S").to_string()).unwrap_or_default(),
                ]);
            }
        }
        assert_eq!(found, wanted, "{file}");
    }
}

#[test]
fn the_reference_errors_are_found() {
    for row in rows(&reference("expected_errors.tsv")) {
        let (file, expected) = (&row[0], &row[2]);
        let messages = read(&bytes(&reference("invalid").join(file)));
        let findings = messages.iter().flat_map(|message| &message.findings);
        let loud: Vec<&Finding> = findings.filter(|finding| finding.severity > Grade::Info).collect();
        let codes: Vec<&str> = loud.iter().filter_map(|finding| finding.x12.as_deref()).collect();
        match expected.split([' ', ';']).collect::<Vec<_>>()[..] {
            [kind @ ("TA1" | "AK905" | "AK502" | "AK403"), number, ..] => {
                assert!(codes.contains(&&*format!("{kind} {number}")), "{file}: {expected}: {loud:#?}");
            }
            _ => assert!(!loud.is_empty(), "{file}: {expected}"),
        }
        if expected.starts_with("AK403 8 and 9") {
            assert!(codes.contains(&"AK403 9"), "{file}");
            assert_eq!(messages[0].notices[0].0.at, None, "{file}: the time is unknown");
        }
        if expected.contains("keep the") {
            assert_eq!(messages[0].notices.len(), 1, "{file}");
        }
    }
}

#[test]
fn the_valid_reference_samples_have_no_faults() {
    for path in samples(reference("valid")) {
        let messages = read(&bytes(&path));
        let findings = messages.iter().flat_map(|message| &message.findings);
        let loud =
            findings.filter(|finding| finding.severity > Grade::Info && finding.code != "unknown-code");
        assert_eq!(loud.collect::<Vec<_>>(), Vec::<&Finding>::new(), "{}", path.display());
    }
}

#[test]
fn notices_do_not_depend_on_separators_wrapping_or_line_ends() {
    let base = bytes(&ours("pass/350_ocean_import.edi"));
    let wanted = notices_of(&base);
    assert!(wanted.len() > 2);
    let plain: Vec<u8> = base.iter().copied().filter(|byte| *byte != b'\n').collect();
    let with = |element: u8, component: u8, segment: u8, end: &[u8]| -> Vec<u8> {
        let mut text = Vec::new();
        for &byte in &plain {
            match byte {
                b'*' => text.push(element),
                b'>' => text.push(component),
                b'~' => {
                    text.push(segment);
                    text.extend_from_slice(end);
                }
                other => text.push(other),
            }
        }
        text
    };
    let wrap = |text: &[u8], width: usize, end: &[u8]| text.chunks(width).collect::<Vec<_>>().join(end);
    let cases = [
        plain.clone(),
        with(b'*', b'>', 0x15, b""),
        with(b'|', b'<', b'\'', b"\r\n"),
        with(b'^', b':', b'\n', b""),
        with(b'*', b'>', b'\r', b"\n"),
        with(b'*', b'>', b'\n', b"\n\n"),
        with(0x1D, 0x1F, 0x1C, b" \t\r\n"),
        wrap(&plain, 80, b"\r\n"),
        wrap(&plain, 80, b"\n"),
        wrap(&plain, 100, b"\n"),
        wrap(&with(b'|', b'<', 0x15, b""), 80, b"\r\n"),
    ];
    for case in cases {
        assert_eq!(notices_of(&case), wanted, "{}", case.escape_ascii());
    }
}

#[test]
fn a_bundle_of_samples_is_read_like_its_parts() {
    let contents: Vec<Vec<u8>> = good_samples().iter().map(|path| bytes(path)).collect();
    let wanted: Vec<Notice> = contents.iter().flat_map(|content| notices_of(content)).collect();
    assert_eq!(notices_of(&contents.concat()), wanted);
}

/// GS01 of a Customs set is `SO` until 004020, and the set's own code since.
#[test]
fn sets_name_the_group_codes_of_the_table() {
    let grammar = Grammar::embedded();
    let table = grammar.codes.get("x12_functional_group").expect("the table is embedded");
    for set in grammar.x12.sets() {
        for group in &set.groups {
            let row = table.get(group.as_bytes()).unwrap_or_else(|| panic!("{}: no group {group}", set.id));
            let is_named = row.meaning.contains(&*set.id) || &**group == "SO";
            assert!(is_named, "{}: group {group} is for {}", set.id, row.meaning);
        }
    }
}

#[test]
fn windows_of_any_size_give_the_same_messages() {
    for path in all_samples() {
        let content = bytes(&path);
        let whole = read(&content);
        for piece in [1, 2, 3, 7, 64, 105, 106, 255, 257, 1000] {
            assert_eq!(read_in_pieces(&content, piece), whole, "{} by {piece}", path.display());
        }
    }
}

/// Bytes that mean something to the reader, so that random texts reach deep.
const TELLING: [&[u8]; 12] = [
    b"\r\n",
    b"\n",
    b"*",
    b"~",
    b"~~",
    b" ",
    b"ISA*",
    b"~GE*1*1~",
    b"~IEA*1*1~",
    b"~SE*1*1~",
    b"~ST*350*1~",
    b"\xff",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_are_only_data(content in proptest::collection::vec(any::<u8>(), 0..600), piece in 1usize..200) {
        prop_assert_eq!(read_in_pieces(&content, piece), read(&content));
    }

    #[test]
    fn mutated_samples_are_only_data(
        sample in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..10),
        piece in 1usize..400,
    ) {
        let samples = all_samples();
        let mut content = bytes(&samples[sample.index(samples.len())]);
        for (at, byte, how) in changes {
            if content.is_empty() {
                break;
            }
            let at = at.index(content.len());
            match how {
                0 => content[at] = byte,
                1 => drop(content.remove(at)),
                2 => drop(content.splice(at..at, TELLING[usize::from(byte) % TELLING.len()].iter().copied())),
                _ => drop(content.drain(at..(at + usize::from(byte)).min(content.len()))),
            }
        }
        prop_assert_eq!(read_in_pieces(&content, piece), read(&content));
    }
}
