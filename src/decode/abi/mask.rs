//! Blanks the password of A and Z records in bytes that are to be kept.

/// Which kind of file it is, as far as it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Kind {
    #[default]
    Unseen,
    /// Records: A and Z may hold a password.
    Records,
    /// X12, JSON, XML or delimited text: nothing is touched.
    Foreign,
}

/// How records are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Ends {
    #[default]
    Unseen,
    Lines,
    Fixed,
}

/// A filter for a file's bytes that arrive in pieces of any size.
///
/// It writes `*` over columns 9 to 14 of A and Z records (CATAIR Batch and Block Control: the communication password;
/// only in-bond answers have it in Z, too) unless they are blank, and touches nothing else. It remembers 16 bytes,
/// so memory stays the same for any file, and the result does not depend on where the pieces are cut.
#[derive(Clone, Debug, Default)]
pub struct PasswordMask {
    kind: Kind,
    ends: Ends,
    /// Bytes of the file so far, up to the length of a byte-order mark.
    seen: u8,
    /// Column of the next byte, 0-based, counted to just behind the record's width.
    column: u8,
    first: u8,
    /// Columns 2 to 8 could be a site and a sender.
    plausible: bool,
    /// Some of columns 2 to 8 is not blank.
    named: bool,
}

const WIDTH: u8 = 80;
/// 0-based.
const PASSWORD_COLUMN: u8 = 8;
/// No record has free text before this column.
const CODES_WIDTH: u8 = 20;
const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

impl PasswordMask {
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks the next piece of the file where it stands.
    pub fn mask(&mut self, piece: &mut [u8]) {
        for byte in piece {
            if self.kind == Kind::Foreign {
                return;
            }
            if self.takes(*byte) {
                *byte = b'*';
            }
        }
    }

    /// Whether this byte is one of a password.
    fn takes(&mut self, byte: u8) -> bool {
        if self.seen < 3 {
            let is_mark = BOM[usize::from(self.seen)] == byte;
            self.seen = if is_mark { self.seen + 1 } else { 3 };
            if is_mark {
                return false;
            }
        }
        if matches!(byte, b'\r' | b'\n') {
            if self.column > 0 && self.ends == Ends::Unseen {
                self.ends = Ends::Lines;
            }
            if self.column > 0 && self.kind == Kind::Unseen {
                self.kind = Kind::Records;
            }
            self.column = 0;
            return false;
        }
        if self.column >= WIDTH {
            if self.ends == Ends::Unseen && byte != b' ' {
                self.ends = Ends::Fixed;
            }
            if self.ends != Ends::Fixed {
                return false;
            }
            self.column = 0;
        }
        let column = self.column;
        self.column += 1;
        match column {
            0 => self.begin(byte),
            1..8 => {
                self.named |= byte != b' ';
                self.plausible &= byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
                self.judge_kind(column, byte);
                false
            }
            8..14 => {
                self.judge_kind(column, byte);
                let control = matches!(self.first, b'A' | b'Z') && self.plausible && self.named;
                self.kind == Kind::Records && control && byte != b' '
            }
            _ => {
                self.judge_kind(column, byte);
                false
            }
        }
    }

    fn begin(&mut self, byte: u8) -> bool {
        self.first = byte;
        self.plausible = true;
        self.named = false;
        match byte {
            b' ' | 0 if self.kind == Kind::Unseen => self.column = 0,
            b'{' | b'[' | b'<' if self.kind == Kind::Unseen => self.kind = Kind::Foreign,
            _ => {}
        }
        false
    }

    /// The first record decides. Values parted by commas, asterisks, bars, tabs or semicolons are no ABI when they
    /// stand where every record has its codes, or anywhere in a line that begins in lower case.
    fn judge_kind(&mut self, column: u8, byte: u8) {
        if self.kind != Kind::Unseen {
            return;
        }
        if matches!(byte, b',' | b';' | b'\t' | b'|' | b'*' | b'"') {
            self.kind = Kind::Foreign;
        } else if column == PASSWORD_COLUMN && self.first == b'A' && self.plausible
            || column >= CODES_WIDTH && !self.first.is_ascii_lowercase()
        {
            self.kind = Kind::Records;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        PasswordMask::new().mask(&mut bytes);
        String::from_utf8(bytes).expect("masking keeps text text")
    }

    #[test]
    fn passwords_of_batches_are_masked() {
        let batch = format!("{:80}", "A3701N01SECRET062821     AE");
        let record = format!("{:80}", "10AN01  70000124 3701F1000123");
        let end = format!("{:80}", "Z3701N01SECRET062821");
        for (line_end, name) in [("\r\n", "CR LF"), ("\n", "LF"), ("", "none"), ("\r", "CR")] {
            let file = [batch.as_str(), &record, &end, &batch, &end]
                .map(|line| format!("{line}{line_end}"))
                .concat();
            assert_eq!(masked(&file), file.replace("SECRET", "******"), "{name}");
            let marked = format!("\u{feff}\r\n{file}");
            assert_eq!(masked(&marked), marked.replace("SECRET", "******"), "{name} with a byte-order mark");
        }
        assert_eq!(masked("AHAW9316P W  A011320\r\n"), "AHAW9316* *  *011320\r\n");
        assert_eq!(masked("B  4103316SE\nAHAW9316SECRET"), "B  4103316SE\nAHAW9316******");
    }

    #[test]
    fn nothing_else_is_touched() {
        for text in [
            "A3701N01      052222     NR\r\nB  3701N01NR\r\nN13701N01 7000012401\r\n",
            "B\r\nA cheap remark in lower case\r\n",
            "ISA*00*          *00*\nAK1*FA*000000001~\nAK9*A*1*1*1~\n",
            "{\"entry\":\"ABC12345678\"}\nABC12345678SECRET\n",
            "entry,importer\nABC12345678,99-999999900\n",
            "entry_number_and_more,importer\nABC12345678,99-999999900\n",
            "ENTRY_NUMBER,IMPORTER\nABC12345678,99-999999900\n",
            "ENTRYNO;IMPORTER\nABC12345678;99-9999999\n",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
        let long = format!("N1{:80}AHAW9316SECRET\n", "");
        let lines = format!("B  4103316SE\n{long}");
        assert_eq!(masked(&lines), lines, "text behind column 80 is no record");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            text in "(A[0-9A-Z]{7}[A-Z ]{6}[0-9 ]{6}|[AZB1][ -~]{0,90}|\r\n|\n){0,12}",
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            let mut whole = text.clone().into_bytes();
            PasswordMask::new().mask(&mut whole);
            let mut pieces = text.into_bytes();
            let mut mask = PasswordMask::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(pieces.len())).collect();
            cuts.extend([0, pieces.len()]);
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                mask.mask(&mut pieces[pair[0]..pair[1]]);
            }
            prop_assert_eq!(whole, pieces);
        }
    }
}
