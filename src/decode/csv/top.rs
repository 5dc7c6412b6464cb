//! Where the header of a table stands: on the first line, or below the titles and blank rows that portals and people put above it.

use super::header::{ColumnNames, Header};
use super::split;
use crate::decode::abi::infer;
use crate::grammar::Grammar;

/// The header is looked for in so many bytes of the file.
pub(super) const TOP_BYTES_MAX: usize = 64 << 10;

/// It is one of the first lines.
const LINES_MAX: usize = 20;

/// Columns that must be known for a row behind the first line that makes no table, so that prose is not taken for a header.
const KNOWN_MIN: usize = 3;

const DELIMITERS: [u8; 4] = *b",;\t|";

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What the start of a file shows.
pub(super) enum Top {
    Header(Found),
    /// Only more of the file tells.
    Open,
    None,
}

/// A header, and what stands above it.
pub(super) struct Found {
    pub header: Header,
    /// Bytes up to the first row behind it.
    pub length: usize,
    /// Where it begins.
    pub start: usize,
    /// Lines above it that say something else than which sign parts the columns.
    pub above: Option<Above>,
}

/// Lines above the header.
pub(super) struct Above {
    pub count: usize,
    /// What the first one says that is not blank.
    pub text: String,
}

/// `is_whole`: nothing of the file beyond `text` is to be looked at.
pub(super) fn find(text: &[u8], is_whole: bool, grammar: &Grammar, names: &ColumnNames) -> Top {
    let first = if text.starts_with(MARK) { MARK.len() } else { 0 };
    if !is_whole && text.len() <= MARK.len() {
        return Top::Open;
    }
    let is_abi = infer::begins_messages(&text[first..]);
    let mut hint = None;
    let mut useless: Option<Found> = None;
    let mut above = Above { count: 0, text: String::new() };
    let mut at = first;
    for line in 0..LINES_MAX {
        let Some(end) = memchr::memchr(b'\n', &text[at..]).map(|end| at + end + 1) else {
            if !is_whole {
                return Top::Open;
            }
            break;
        };
        if line == 0 {
            hint = separator(&text[at..end]);
        }
        let looked = if hint.is_some() && line == 0 {
            Looked::Nothing
        } else {
            look(text, at..end, (is_whole, hint), grammar, names)
        };
        match looked {
            Looked::Open => return Top::Open,
            Looked::Header(header, length) => {
                let is_first = line == 0;
                // Records of messages begin with their own letters, so none of them begins with the name of a column.
                let is_record =
                    is_abi && !is_first && header.fields.first().is_none_or(|field| field.is_empty());
                let is_usable = header.kind.is_some() && !is_record;
                let is_likely = is_first || !is_abi && header.known() >= KNOWN_MIN;
                let above = (above.count > 0).then(|| Above { count: above.count, text: above.text.clone() });
                let start = if above.is_some() || line > 0 { at } else { 0 };
                let found = Found { header, length: at + length, start, above };
                if is_usable {
                    return Top::Header(found);
                }
                if is_likely && useless.is_none() {
                    useless = Some(found);
                }
            }
            Looked::Nothing => {}
        }
        if hint.is_none() || line > 0 {
            above.count += 1;
            if above.text.is_empty() {
                above.text = shown(&text[at..end]);
            }
        }
        at = end;
    }
    useless.map_or(Top::None, Top::Header)
}

/// What one line turns out to be.
enum Looked {
    /// With its length: a quoted name may go on over several lines.
    Header(Header, usize),
    Nothing,
    Open,
}

/// Reads a line with each sign that may part its columns, and takes the one by which most of them are known.
fn look(
    text: &[u8],
    line: std::ops::Range<usize>,
    (is_whole, hint): (bool, Option<u8>),
    grammar: &Grammar,
    names: &ColumnNames,
) -> Looked {
    let own = hint.filter(|hint| !DELIMITERS.contains(hint));
    let mut best = None;
    let mut highest = None;
    for delimiter in own.into_iter().chain(DELIMITERS) {
        let count = memchr::memchr_iter(delimiter, &text[line.clone()]).count();
        // A quoted name may go on before the first sign comes.
        if count == 0 && !text[line.clone()].contains(&b'"') {
            continue;
        }
        let rest = &text[line.start..];
        let Some(row) = split::row(rest, delimiter, is_whole) else { return Looked::Open };
        if rest.get(row.len - 1) != Some(&b'\n') {
            continue;
        }
        let Some(header) = Header::of_row(rest, &row, delimiter, grammar, names) else { continue };
        let rank = Some((header.kind.is_some(), hint == Some(delimiter), header.known(), count));
        if rank > highest {
            highest = rank;
            best = Some((header, row.len));
        }
    }
    best.map_or(Looked::Nothing, |(header, length)| Looked::Header(header, length))
}

/// `sep=;`, by which a spreadsheet is told what parts the columns.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (head, rest) = line.split_at_checked(4)?;
    let (&sign, rest) = rest.split_first()?;
    let is_sign = sign == b'\t' || sign.is_ascii_punctuation() && !matches!(sign, b'"' | b'\'');
    // Programs that save the line as a row of the table end it as one.
    let is_all = rest.iter().all(|byte| DELIMITERS.contains(byte) || *byte == sign || *byte == b'"');
    (head.eq_ignore_ascii_case(b"sep=") && is_sign && is_all).then_some(sign)
}

/// The first words of a line, without the signs that part its cells.
fn shown(line: &[u8]) -> String {
    const CHARS_MAX: usize = 40;
    let text = super::encoding::plain(line);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || ",;|\"".contains(c));
    text.chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sign, the lines above and where the rows begin.
    fn found(text: &str) -> Option<(char, usize, usize)> {
        let grammar = Grammar::embedded();
        let find = |end: usize, is_whole: bool| {
            find(&text.as_bytes()[..end], is_whole, &grammar, &ColumnNames::default())
        };
        let told = |top: Top| match top {
            Top::Header(found) => {
                let above = found.above.map_or(0, |above| above.count);
                Some((char::from(found.header.delimiter), above, found.length))
            }
            Top::Open | Top::None => None,
        };
        let whole = told(find(text.len(), true));
        // A start of the file says the same, or that it is too short to tell.
        for end in 0..text.len() {
            match find(end, false) {
                Top::Open => {}
                top => assert_eq!(told(top), whole, "{text:?} cut at {end}"),
            }
        }
        whole
    }

    #[test]
    fn the_header_is_found_below_titles_and_blank_rows() {
        let header = "Entry Number,Entry Date\n";
        for (above, count) in [
            ("", 0),
            ("ACE Reports\n", 1),
            ("ACE Reports,\n,\n\nRun Date:,03/02/2026\n", 4),
            ("Entries of 2026; all ports\n\n", 2),
            ("Q1 2026 liquidations\n", 1),
            ("\"Title, of\ntwo lines\"\n", 2),
            ("sep=,\n", 0),
            ("SEP=,\r\nTitle\r\n", 1),
            ("\u{feff}\"sep=,\"\n", 0),
            // The hint is not true.
            ("sep=;\n", 0),
        ] {
            let text = format!("{above}{header}1,2\n");
            assert_eq!(found(&text), Some((',', count, above.len() + header.len())), "{above:?}");
        }
        let far = format!("{}{header}", "title\n".repeat(LINES_MAX));
        assert_eq!(found(&far), None);
        assert_eq!(found(&far["title\n".len()..]).map(|(_, count, _)| count), Some(LINES_MAX - 1));
    }

    #[test]
    fn the_sign_that_parts_the_columns_is_found_out() {
        for (text, wanted) in [
            ("Entry Number;Entry Date\n", ';'),
            ("Entry Number\tEntry Date\n", '\t'),
            ("Entry Number|Entry Date\n", '|'),
            // More commas than semicolons, but inside of names.
            ("Entry Number;\"Name, first, last\";Entry Date\n", ';'),
            ("sep=^\nEntry Number^Entry Date\n", '^'),
            ("\"Entry\nNumber\";Entry Date\n", ';'),
        ] {
            assert_eq!(found(text), Some((wanted, 0, text.len())), "{text:?}");
        }
    }

    #[test]
    fn prose_and_messages_are_no_tables() {
        for text in [
            "Please send invoice, entry\n",
            "Dear broker,\nwe need: invoice, bill\n",
            "A27049Z7      030226     SO\nSO50 text,entry,value,bill\n",
            "SO10 x\nPLEASE SEND,ENTRY,VALUE,PO\n",
            "sep=,\n",
            "",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
        // A table that lacks its key is one all the same, so that somebody hears of it.
        assert_eq!(found("Orders\nPO,Invoice,Quantity\n").map(|(_, above, _)| above), Some(1));
    }
}
