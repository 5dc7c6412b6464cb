//! ABI messages to notices, case by case.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;

use crate::decode::abi::{AbiDecoder, PasswordMask};
use crate::decode::{Body, Decoder, Message, decode, decode_reader};
use crate::grammar::{Grammar, embedded_sources};
use crate::interpret::{Interpreter, NoticeIds, NoticeSink};
use crate::notice::NoticeRef;
use crate::place::Finding;

#[derive(Default)]
struct Lines(Vec<String>);

impl NoticeSink for Lines {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.0.push(format!("{notice:?}"));
    }

    fn finding(&mut self, finding: Finding) {
        self.0.push(format!("{finding:?}"));
    }
}

/// Everything that a message says, as text to compare.
fn told(message: &Message<'_>, interpreter: &Interpreter) -> Lines {
    let mut lines = Lines::default();
    let Message { index, name, span, control, findings, .. } = message;
    let records = match message.body {
        Body::Abi(transaction) => transaction.records.len(),
        _ => 0,
    };
    let ids = NoticeIds::of(message);
    lines.0.push(format!("{index} {name:?} {span:?} {control:?} {records} {:?} {findings:?}", ids.id(0)));
    interpreter.interpret(message, &mut lines);
    lines
}

fn interpreter() -> &'static Interpreter {
    static INTERPRETER: OnceLock<Interpreter> = OnceLock::new();
    let resolve = || Interpreter::new(Grammar::embedded()).expect("the embedded grammar has every name");
    INTERPRETER.get_or_init(resolve)
}

fn whole(bytes: &[u8], interpreter: &Interpreter) -> Vec<String> {
    let grammar = interpreter.grammar().clone();
    let mut lines = Vec::new();
    decode(bytes, &grammar, &mut |message: &Message<'_>| lines.extend(told(message, interpreter).0));
    lines
}

/// The same through windows that grow by `steps` and lose what was taken.
fn in_windows(bytes: &[u8], steps: &[usize], interpreter: &Interpreter) -> Vec<String> {
    let grammar = interpreter.grammar().clone();
    let mut decoder = AbiDecoder::new(&grammar);
    let mut lines = Vec::new();
    let mut sink = |message: &Message<'_>| lines.extend(told(message, interpreter).0);
    let (mut start, mut end) = (0, 0);
    let mut steps = steps.iter().cycle();
    while end < bytes.len() {
        end = (end + steps.next().copied().unwrap_or(1).max(1)).min(bytes.len());
        start += decoder.feed(&bytes[start..end], false, &mut sink);
        assert!(start <= end);
    }
    decoder.feed(&bytes[start..], true, &mut sink);
    lines
}

fn sample_files() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/abi");
    let mut files = Vec::new();
    for folder in ["pass", "fail"] {
        for item in fs::read_dir(root.join(folder)).expect("the samples are there") {
            let path = item.expect("a readable folder").path();
            if path.extension().is_some_and(|end| end == "txt") {
                files.push(fs::read(path).expect("a readable sample"));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn windows_of_any_size_give_the_same_messages() {
    let interpreter = interpreter();
    for file in sample_files() {
        let expected = whole(&file, interpreter);
        for steps in [&[1][..], &[7, 80, 3], &[81], &[82, 500], &[4096]] {
            assert_eq!(in_windows(&file, steps, interpreter), expected, "{}", file.escape_ascii());
        }
    }
}

#[test]
fn masked_bytes_say_the_same() {
    let interpreter = interpreter();
    for file in sample_files() {
        let mut masked = file.clone();
        PasswordMask::new().mask(&mut masked);
        assert_eq!(whole(&masked, interpreter), whole(&file, interpreter), "{}", file.escape_ascii());
    }
}

#[test]
fn a_grammar_that_lost_a_name_is_refused() {
    for (file, from, to, wanted) in [
        (
            "abi/so.toml",
            "name = \"release_date\"",
            "name = \"released_on\"",
            "`release_date` of the record `SO60`",
        ),
        ("abi/nr.toml", "name = \"paid_fees\"", "name = \"fees\"", "`paid_fees` of the record `NR_N4`"),
        ("codes/pga-status.tsv", "\tclear *", "\tclear", "`clear` wants the codes"),
        ("codes/extension-suspension.tsv", "\textended", "\textend", "`extend` is no effect"),
    ] {
        let mut sources = embedded_sources();
        let text = sources.get_mut(file).expect(file);
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replace(from, to);
        let grammar = Grammar::parse(&sources).unwrap_or_else(|faults| panic!("{file}: {faults:?}"));
        let faults = Interpreter::new(grammar.into()).err().unwrap_or_default();
        assert!(faults.iter().any(|fault| fault.message.contains(wanted)), "{file}: {faults:?}");
    }
}

#[test]
fn a_message_longer_than_the_window_is_cut() {
    let line = |text: &str| format!("{text:80}\r\n");
    let mut file = line("A37019Z7      030226     KR") + &line("B  37019Z7KR");
    while file.len() < 20 << 20 {
        file += &line("K1SOMETHING");
    }
    let grammar = Grammar::embedded();
    let (mut end, mut cut) = (0, 0);
    decode_reader(&mut file.as_bytes(), &grammar, &mut |message: &Message<'_>| {
        assert_eq!(message.span.offset, end);
        end += message.span.length;
        cut += message.findings.iter().filter(|finding| finding.code == "overlong-message").count();
    })
    .expect("memory can be read");
    assert_eq!(end, file.len() as u64);
    assert!(cut > 0);
}

#[test]
fn endless_blanks_and_endless_lines_end() {
    let grammar = Grammar::embedded();
    for filler in [&b"\r\n"[..], b" ", b"x", b"\0"] {
        let file = filler.repeat((17 << 20) / filler.len());
        let mut count = 0;
        decode_reader(&mut file.as_slice(), &grammar, &mut |_: &Message<'_>| count += 1).expect("readable");
        assert!((1..=4).contains(&count), "{} {count}", filler.escape_ascii());
    }
}

/// Records of AX and SX bear no date: their header does, and two answers of the same words on two days are two notices.
#[test]
fn answers_without_a_date_are_dated_by_their_header() {
    let interpreter = interpreter();
    for (application, record) in [
        ("AX", "E1A 995   SUMMARY HAS BEEN ADDED                  9Z7  0000001300100P2600041"),
        ("SX", "SE10A9Z7  00000013 01EI 98-7654321001180000045210 2704  2704"),
    ] {
        let file = |day: &str| {
            let mut text = format!("{:80}\n", format!("A27049Z7      {day}     {application}"));
            for line in [format!("B  27049Z7{application}"), record.to_owned(), "SE9002   SE DATA".to_owned()]
            {
                if application == "SX" || !line.starts_with("SE90") {
                    text += &format!("{line:80}\n");
                }
            }
            whole(text.as_bytes(), interpreter).join("\n")
        };
        let (one, other) = (file("030226"), file("030326"));
        assert!(
            one.contains("at: Some(2026-03-02") && other.contains("at: Some(2026-03-03"),
            "{one}\n{other}"
        );
        let ids = |text: &str| {
            let words: Vec<String> =
                text.split(' ').filter(|word| word.len() == 32).map(str::to_owned).collect();
            words
        };
        assert_ne!(ids(&one), ids(&other), "{application}");
    }
}

/// A mark and a first record that the envelope lacks: both are told with the piece that holds them, and once.
#[test]
fn a_mark_before_junk_is_told_once() {
    let mut file = b"\xef\xbb\xbfN0 is no record here\n".to_vec();
    file.extend_from_slice(&sample_files()[0]);
    let interpreter = interpreter();
    let read = whole(&file, interpreter);
    assert_eq!(read.iter().filter(|message| message.contains("byte-order mark")).count(), 1, "{read:#?}");
    assert_eq!(read, in_windows(&file, &[1], interpreter));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000), step in 1usize..300) {
        let interpreter = interpreter();
        prop_assert_eq!(whole(&bytes, interpreter), in_windows(&bytes, &[step], interpreter));
    }

    #[test]
    fn mutated_samples_never_panic(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..12),
        steps in prop::collection::vec(1usize..400, 1..4),
    ) {
        let files = sample_files();
        let mut file = files[pick.index(files.len())].clone();
        for (at, byte, kind) in changes {
            if file.is_empty() {
                break;
            }
            let at = at.index(file.len());
            match kind {
                0 => file[at] = byte,
                1 => file.insert(at, byte),
                2 => {
                    file.remove(at);
                }
                _ => file.truncate(at),
            }
        }
        let interpreter = interpreter();
        prop_assert_eq!(whole(&file, interpreter), in_windows(&file, &steps, interpreter));
    }
}
