//! Does a file end as it began? The trailer of an ABI transmission (`Z`) and of an X12 interchange (`IEA`).

/// Whether a file's own envelope says that all of it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completeness {
    /// The trailer is there, or the format has none and stillness must do.
    Complete,
    Incomplete,
}

/// Looks for the trailer that the first record promises.
///
/// * An ABI transmission begins with an `A` record and ends with a `Z` record (CATAIR, Batch and Block Control).
/// * An X12 interchange begins with `ISA` and ends with an `IEA` segment (X12.5); separators are read from the ISA.
/// * Anything else has no envelope here and counts as complete: JSON, CSV, ABI blocks without the transmission.
/// * An empty file is incomplete: it has been made and not yet filled.
pub fn completeness(bytes: &[u8]) -> Completeness {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes.iter().position(|&byte| !is_blank(byte)).unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    let whole = if bytes.is_empty() {
        false
    } else if bytes.starts_with(b"ISA") || b"ISA".starts_with(bytes) {
        interchange_is_whole(bytes)
    } else if begins_transmission(bytes) {
        transmission_is_whole(bytes)
    } else {
        true
    };
    if whole { Completeness::Complete } else { Completeness::Incomplete }
}

/// White space, and the NUL and Ctrl-Z that some senders pad with.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0 || byte == 0x1A
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| !is_blank(byte)).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Record id, site code and sender: what every `A` and `Z` record holds at least.
const HEADER_MIN: usize = 8;

/// True for an `A` record, or a file cut off inside one: site code and sender in 2-8, a date or blanks in 15-20, and no
/// mark of a CSV line.
fn begins_transmission(bytes: &[u8]) -> bool {
    const WIDTH: usize = 80;
    let end = bytes.iter().take(WIDTH).position(|&byte| is_line_end(byte)).unwrap_or(WIDTH.min(bytes.len()));
    let record = trim_end(&bytes[..end]);
    let field = |from: usize, to: usize| record.get(from..to.min(record.len())).unwrap_or_default();
    record.first() == Some(&b'A')
        && (record.len() >= HEADER_MIN || record.len() == bytes.len())
        && field(1, HEADER_MIN)
            .iter()
            .all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
        && field(14, 20).iter().all(|&byte| byte.is_ascii_digit() || byte == b' ')
        && !field(8, 27).iter().any(|byte| b",;|\t\"".contains(byte))
}

/// True when the last record that is not blank is a `Z` record. Without line ends, records are 80 bytes each.
fn transmission_is_whole(bytes: &[u8]) -> bool {
    const WIDTH: usize = 80;
    let bytes = trim_end(bytes);
    let last = match bytes.iter().rposition(|&byte| is_line_end(byte)) {
        Some(end) => end + 1,
        None => bytes.len().saturating_sub(1) / WIDTH * WIDTH,
    };
    last > 0 && bytes.get(last) == Some(&b'Z') && bytes.len() - last >= HEADER_MIN
}

/// True when the last segment is an IEA that is terminated, or bears the control number of the ISA.
fn interchange_is_whole(bytes: &[u8]) -> bool {
    /// No trailer is longer; it has 16 bytes.
    const TRAILER_MAX: usize = 256;
    let Some(isa) = Isa::read(bytes) else { return false };
    let trimmed = trim_end(bytes);
    let (body, mut terminated) = match trimmed.strip_suffix(&[isa.terminator]) {
        Some(body) => (body, true),
        None => (trimmed, false),
    };
    // A terminator that is itself white space was trimmed away with the rest.
    terminated |= is_blank(isa.terminator) && bytes[trimmed.len()..].contains(&isa.terminator);
    let start = body.iter().rposition(|&byte| byte == isa.terminator).map_or(0, |end| end + 1);
    let segment = &body[start..];
    if segment.len() > TRAILER_MAX {
        return false;
    }
    // Lines may be folded anywhere, even inside the segment's name.
    let segment: Vec<u8> = segment.iter().copied().filter(|&byte| !is_line_end(byte)).collect();
    let mut elements = segment.split(|&byte| byte == isa.element);
    elements.next() == Some(b"IEA".as_slice())
        && (terminated || elements.nth(1).is_some_and(|control| control.trim_ascii() == isa.control))
}

/// What the ISA segment declares. It is fixed width, but elements are counted, so folded lines do no harm.
struct Isa {
    element: u8,
    terminator: u8,
    control: Vec<u8>,
}

impl Isa {
    fn read(bytes: &[u8]) -> Option<Self> {
        /// 106 bytes and room for line ends.
        const ISA_MAX: usize = 128;
        const ELEMENTS: usize = 16;
        let head = &bytes[..bytes.len().min(ISA_MAX)];
        let element = *head.get(3)?;
        let separators: Vec<usize> =
            head.iter().enumerate().filter(|pair| *pair.1 == element).map(|pair| pair.0).collect();
        let last = *separators.get(ELEMENTS - 1)?;
        let control =
            head[separators[12] + 1..separators[13]].iter().copied().filter(|&byte| !is_line_end(byte));
        let control: Vec<u8> = control.collect();
        let mut rest = head[last + 1..].iter().copied().skip_while(|&byte| is_line_end(byte)).skip(1);
        let mut terminator = rest.next()?;
        if terminator == b'\r' && rest.next() == Some(b'\n') {
            terminator = b'\n';
        }
        Some(Self { element, terminator, control: control.trim_ascii().to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISA: &str = "ISA*00*          *00*          *ZZ*SENDERID       *ZZ*RECEIVERID     *260302*1215*U*00401*000000017*0*P*>~";

    fn abi(records: &[&str]) -> Vec<String> {
        records.iter().map(|record| format!("{record:<80}")).collect()
    }

    fn check(text: impl AsRef<[u8]>, wanted: Completeness) {
        let text = text.as_ref();
        assert_eq!(completeness(text), wanted, "{:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn abi_transmissions_end_with_z() {
        use Completeness::{Complete, Incomplete};
        let whole = abi(&[
            "A3001XYZ      030226     SO",
            "B3001XYZSO",
            "SO10 text",
            "Y3001XYZSO",
            "Z3001XYZ      030226",
        ]);
        let open = &whole[..4];
        for (text, wanted) in [
            (whole.join("\r\n") + "\r\n", Complete),
            (whole.join("\n"), Complete),
            (whole.join("\r"), Complete),
            (whole.concat(), Complete),
            (whole.join("\n") + "\n\n   \n\u{1a}\0\0", Complete),
            (format!("\u{feff}{}", whole.join("\n")), Complete),
            (format!("\n\n{}", whole.join("\n")), Complete),
            (open.join("\n") + "\n", Incomplete),
            (open.concat(), Incomplete),
            (whole.join("\n").replace("\nZ", "\n"), Incomplete),
            (whole[0].clone(), Incomplete),
            ([whole.join("\n"), open.join("\n")].join("\n"), Incomplete),
            ([whole.join("\n"), whole.join("\n")].join("\n"), Complete),
            // Trailing blanks cut off, as some senders do.
            (whole.iter().map(|record| record.trim_end()).collect::<Vec<_>>().join("\n"), Complete),
            ("A3001XYZ".into(), Incomplete),
            ("A30".into(), Incomplete),
            ("A".into(), Incomplete),
            (whole[..4].join("\n") + "\nZ300", Incomplete),
        ] {
            check(text, wanted);
        }
    }

    #[test]
    fn files_without_envelope_are_complete_by_stillness() {
        for text in [
            "B3001XYZSO\nSO10\n",
            "{\"form\":29",
            "entry,date\n1,2",
            "ACCOUNT,DATE\n1,2\n",
            "AMOUNT\n",
            "Apples",
            "GS*X",
            "Z",
        ] {
            check(text, Completeness::Complete);
        }
        for text in ["", "\n\n", "\u{feff}", " \0\0"] {
            check(text, Completeness::Incomplete);
        }
    }

    #[test]
    fn x12_interchanges_end_with_iea() {
        use Completeness::{Complete, Incomplete};
        let whole =
            format!("{ISA}GS*RO*A*B*20260302*1215*1*X*004010~ST*350*0001~SE*2*0001~GE*1*1~IEA*1*000000017~");
        let fold = |width: usize, end: &str| {
            let lines: Vec<_> =
                whole.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line)).collect();
            lines.join(end) + end
        };
        for (text, wanted) in [
            (whole.clone(), Complete),
            (format!("\u{feff}{whole}\r\n"), Complete),
            (whole.replace('~', "~\r\n"), Complete),
            (whole.replace('~', "\n"), Complete),
            (whole.replace('~', "\r\n"), Complete),
            (whole.replace('~', "\n").trim_end().to_owned(), Complete), // control number agrees
            (whole.trim_end_matches('~').to_owned(), Complete),
            (whole[..whole.len() - 2].to_owned(), Incomplete), // control number cut
            (whole.replace('*', "\x1d").replace('~', "\x1c"), Complete),
            (fold(80, "\r\n"), Complete),
            (fold(80, "\n"), Complete),
            (fold(33, "\n"), Complete),
            (format!("{whole}\n{whole}"), Complete),
            (format!("{whole}\n{ISA}GS*RO~"), Incomplete),
            (whole.replace("IEA*1*000000017~", ""), Incomplete),
            (whole.replace("IEA*1*000000017~", "IEA"), Incomplete),
            (ISA.to_owned(), Incomplete),
            (ISA[..60].to_owned(), Incomplete),
            ("ISA".to_owned(), Incomplete),
            ("IS".to_owned(), Incomplete),
        ] {
            check(text, wanted);
        }
    }

    #[test]
    fn every_cut_of_an_interchange_before_its_trailer_is_incomplete() {
        let whole = format!("{ISA}GS*RO*A*B*20260302*1215*1*X*004010~GE*1*1~IEA*1*000000017~");
        for end in 1..whole.len() - 1 {
            check(&whole[..end], Completeness::Incomplete);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), head in 0usize..4) {
            let heads: [&[u8]; 4] = [b"", b"ISA", b"A3001XYZ", ISA.as_bytes()];
            completeness(&[heads[head], &bytes].concat());
        }
    }
}
