//! ABI messages to notices, case by case.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;

use crate::decode::abi::{AbiDecoder, PasswordMask};
use crate::decode::{Body, Decoder, Message, Shape, decode, decode_reader, sniff};
use crate::grammar::{Grammar, embedded_sources};
use crate::ident::NoticeId;
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

/// The fields of the notices, one line a notice.
struct Named(NoticeId, Vec<String>);

impl NoticeSink for Named {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        let notice = notice.to_notice(self.0);
        let fields = notice.fields.iter().map(|(name, value)| format!("{name}={value}"));
        self.1.push(fields.collect::<Vec<_>>().join(" "));
    }

    fn finding(&mut self, _: Finding) {}
}

#[test]
fn the_signs_of_a_query_answer_are_kept() {
    let answer = "JB9Z7  0000041900100030626041502PM       Y2012227 CEE008\n4A00001\n40  001 CN\n\
                  509405990000     -60000     -10000      -500000NO       -25000KG\n";
    let mut said = Vec::new();
    decode(answer.as_bytes(), interpreter().grammar(), &mut |message: &Message<'_>| {
        let mut named = Named(NoticeIds::of(message).id(0), Vec::new());
        interpreter().interpret(message, &mut named);
        said.extend(named.1);
    });
    let said = said.join("\n");
    for wanted in ["duty=-600.00", "value=-10000", "quantity_1=-5000.00", "quantity_2=-250.00"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
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

/// A field written anew from the value that it was read as: dates and numbers by their values, the rest as it stands.
fn rewritten(field: &crate::grammar::Field, raw: &[u8]) -> Vec<u8> {
    use chrono::Datelike;

    use crate::decode::abi::moment;
    use crate::grammar::abi::Format;

    let trimmed = raw.trim_ascii();
    if let Some(format @ (Format::Mmddyy | Format::Yymmdd)) = field.format {
        let Ok(Some(date)) = moment::date(raw, format) else { return raw.to_vec() };
        let (year, month, day) = (date.year() % 100, date.month(), date.day());
        return match format {
            Format::Yymmdd => format!("{year:02}{month:02}{day:02}"),
            _ => format!("{month:02}{day:02}{year:02}"),
        }
        .into_bytes();
    }
    let is_amount = field.decimals > 0 || field.class == crate::grammar::Class::Sn;
    let read = super::sheet::decimal(trimmed, field.decimals.into()).filter(|_| is_amount);
    let Some(amount) = read else { return raw.to_vec() };
    // A sign stands directly before the first digit; zeros or blanks fill up, as the sender chose.
    let digits = amount.abs().mantissa().to_string();
    let sign = if amount.is_sign_negative() { "-" } else { "" };
    let has_zeros = trimmed.first() == Some(&b'0');
    let digits = if has_zeros { format!("{digits:0>width$}", width = trimmed.len()) } else { digits };
    format!("{:>width$}", format!("{sign}{digits}"), width = raw.len()).into_bytes()
}

/// Nothing of a record is lost or changed by reading it: what was read makes the same 80 columns again.
#[test]
fn records_are_rewritten_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["samples/abi/pass", "../shared/spec/abi/samples/constructed"];
    let (grammar, mut count, mut amounts) = (Grammar::embedded(), 0, 0);
    for path in folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).into_iter().flatten()) {
        let path = path.expect("a readable folder").path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let bytes = fs::read(&path).expect("a sample");
        decode(&bytes, &grammar, &mut |message: &Message<'_>| {
            let Body::Abi(transaction) = message.body else { return };
            for record in
                transaction.records.iter().filter(|record| !crate::decode::abi::says_nothing(record.bytes))
            {
                let Some(layout) = record.layout else { continue };
                let mut whole = record.bytes.to_vec();
                whole.resize(80, b' ');
                let again: Vec<u8> =
                    layout.fields.iter().flat_map(|field| rewritten(field, field.at.raw(&whole))).collect();
                assert_eq!(
                    again.escape_ascii().to_string(),
                    whole.escape_ascii().to_string(),
                    "{}",
                    path.display()
                );
                amounts += layout.fields.iter().filter(|field| field.decimals > 0).count();
                count += 1;
            }
        });
    }
    assert!(count > 300 && amounts > 200, "{count} records, {amounts} amounts");
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
        // What begins like JSON is another reader's.
        prop_assume!(!matches!(sniff(&bytes), Shape::Json | Shape::X12));
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
        prop_assume!(!matches!(sniff(&file), Shape::Json | Shape::X12));
        let interpreter = interpreter();
        prop_assert_eq!(whole(&file, interpreter), in_windows(&file, &steps, interpreter));
    }
}
