//! Where rows and cells end: RFC 4180, read leniently. A quote that is never closed takes no further row down with it.
//!
//! The csv crate reads on to the end of the file in that case, and says of a cell neither its place nor its quotes, which findings
//! and partial acceptance need. Tables without a fault are held against it in the tests.

use std::borrow::Cow;
use std::ops::Range;

use super::encoding::plain;

/// Cells of one row that are kept; what is beyond is counted.
pub(super) const CELLS_MAX: usize = 1_000;

/// A quoted cell that goes on for longer, in lines, was never meant to be one.
const QUOTED_LINES_MAX: usize = 50;

/// One row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Row {
    /// With their quotes; at most [`CELLS_MAX`].
    pub cells: Vec<Range<usize>>,
    pub count: usize,
    /// With its line end.
    pub len: usize,
    /// Where a quote opens that is never closed.
    pub open_quote: Option<usize>,
}

/// How a cell ends.
enum Cell {
    /// Here; its quote, if it has one, is closed.
    Closed(usize),
    /// Here, when its quote counts for nothing.
    Open(usize),
    /// Behind what was read so far.
    Beyond,
}

/// The row at the start of `text`; `None` when only what follows tells where it ends.
pub(super) fn row(text: &[u8], delimiter: u8, last: bool) -> Option<Row> {
    let (mut row, mut at) = (Row::default(), 0);
    loop {
        let end = match cell(text, at, delimiter, last) {
            Cell::Closed(end) => end,
            Cell::Open(end) => {
                row.open_quote.get_or_insert(at);
                end
            }
            Cell::Beyond => return None,
        };
        row.count += 1;
        if row.cells.len() < CELLS_MAX {
            row.cells.push(at..end);
        }
        match text.get(end) {
            Some(&byte) if byte == delimiter => at = end + 1,
            Some(_) => {
                row.len = end + 1;
                return Some(row);
            }
            None if last => {
                row.len = end;
                return Some(row);
            }
            None => return None,
        }
    }
}

fn cell(text: &[u8], from: usize, delimiter: u8, last: bool) -> Cell {
    let plain_end = |from: usize| {
        let end = memchr::memchr2(delimiter, b'\n', &text[from..]);
        end.map_or(text.len(), |end| from + end)
    };
    let blanks = text[from..].iter().take_while(|byte| **byte == b' ').count();
    let mut start = from + blanks;
    if text[start..].starts_with(b"=\"") {
        // A formula that says nothing but this text, by which spreadsheets keep the zeros in front.
        start += 1;
    }
    if text.get(start) != Some(&b'"') {
        return Cell::Closed(plain_end(from));
    }
    let (mut at, mut lines) = (start + 1, 0);
    loop {
        let Some(quote) = memchr::memchr(b'"', &text[at..]).map(|found| at + found) else {
            lines += memchr::memchr_iter(b'\n', &text[at..]).count();
            return if last || lines > QUOTED_LINES_MAX { Cell::Open(plain_end(from)) } else { Cell::Beyond };
        };
        lines += memchr::memchr_iter(b'\n', &text[at..quote]).count();
        if lines > QUOTED_LINES_MAX {
            return Cell::Open(plain_end(from));
        }
        match text.get(quote + 1) {
            Some(b'"') => at = quote + 2,
            None if !last => return Cell::Beyond,
            // What closes a cell of several lines stands at its end; else it opens the cell of another row.
            Some(&byte) if lines > 0 && byte != delimiter && !byte.is_ascii_whitespace() => {
                return Cell::Open(plain_end(from));
            }
            _ => return Cell::Closed(plain_end(quote + 1)),
        }
    }
}

/// What a cell says, without its quotes.
pub(super) fn value(cell: &[u8]) -> Cow<'_, str> {
    let cell = cell.trim_ascii();
    let inside = cell.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let text = match inside {
        Some(inside) if !inside.contains(&b'"') => plain(inside.trim_ascii()),
        Some(inside) => plain(inside.trim_ascii()).replace("\"\"", "\"").into(),
        None => plain(cell),
    };
    if text.chars().any(char::is_control) {
        return text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().into();
    }
    text
}

/// A cell that holds blanks and quotes at most.
pub(super) fn is_empty(cell: &[u8]) -> bool {
    cell.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> (Vec<String>, Option<usize>) {
        let row = row(text.as_bytes(), b',', true).expect("all of it is there");
        let cells = row.cells.iter().map(|cell| value(&text.as_bytes()[cell.clone()]).into_owned());
        (cells.collect(), row.open_quote)
    }

    #[test]
    fn cells_are_taken_apart() {
        for (text, wanted, open) in [
            ("a,b\n", vec!["a", "b"], None),
            ("a, b ,\r\n", vec!["a", "b", ""], None),
            ("", vec![""], None),
            ("\"a,\"\"b\"\"\", \"c\"\nd", vec!["a,\"b\"", "c"], None),
            ("\"two\nlines\",x\n", vec!["two lines", "x"], None),
            ("\"open,x\n1,2\n", vec!["\"open", "x"], Some(0)),
            ("a,\"open,x\n\"b\",2\n", vec!["a", "\"open", "x"], Some(2)),
            ("5\" pipe,\"a\"b,c\n", vec!["5\" pipe", "\"a\"b", "c"], None),
            ("=\"1,2\",\"=\"\"3\"\"\"\n", vec!["=\"1,2\"", "=\"3\""], None),
            ("=\"1,2\n", vec!["=\"1", "2"], Some(0)),
        ] {
            let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
            assert_eq!(cells(text), (wanted, open), "{text:?}");
        }
    }

    #[test]
    fn a_row_waits_for_its_end() {
        for text in ["a,b", "\"a", "\"a\"", "\"a\nb", "a,\"b\"", ""] {
            assert_eq!(row(text.as_bytes(), b',', false), None, "{text:?}");
        }
        assert_eq!(row(b"a\nb", b',', false).map(|row| row.len), Some(2));
        let long = format!("\"{}", "x\n".repeat(QUOTED_LINES_MAX + 1));
        let row = row(long.as_bytes(), b',', false).expect("it waits no longer");
        assert_eq!((row.len, row.open_quote), (3, Some(0)));
    }

    proptest::proptest! {
        /// What a careful writer wrote is read as it meant it, and cut where a window ends no row is lost.
        #[test]
        fn sound_tables_are_read_as_others_read_them(
            rows in proptest::collection::vec(
                proptest::collection::vec("([!-~]([ -~\n]{0,12}[!-~])?)?", 2..6),
                1..8,
            ),
            delimiter in proptest::sample::select(vec![b',', b';', b'\t']),
        ) {
            let mut writer = ::csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).expect("it writes to memory");
            }
            let text = writer.into_inner().expect("it writes to memory");
            let (mut at, mut found) = (0, Vec::new());
            while at < text.len() {
                let row = row(&text[at..], delimiter, true).expect("all of it is there");
                proptest::prop_assert_eq!(row.open_quote, None);
                let cells = row.cells.iter().map(|cell| value(&text[at..][cell.clone()]).into_owned());
                found.push(cells.collect::<Vec<_>>());
                at += row.len;
            }
            let meant = |cell: &String| cell.replace('\n', " ");
            let wanted: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(meant).collect()).collect();
            proptest::prop_assert_eq!(found, wanted);
        }
    }
}
