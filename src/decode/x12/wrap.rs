//! Files cut into records: line ends every 80 bytes, inside segments and even inside the ISA.
//!
//! Some networks re-wrap what they carry. The line ends are taken out before anything is read, and a map leads from
//! the text without them back to the bytes of the file.

/// A stretch of the file without its line ends. The buffers are reused.
#[derive(Debug, Default)]
pub struct Unwrapped {
    pub text: Vec<u8>,
    pub breaks: Vec<Break>,
}

/// Line ends that were taken out.
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// Where in the text without line ends they would stand.
    at: u32,
    /// Bytes taken out up to and with this one.
    removed: u32,
    /// Line feeds among them.
    lines: u32,
}

impl Unwrapped {
    /// Takes the line ends out of `raw`, which is at most `MESSAGE_BYTES_MAX` long.
    pub fn fill(&mut self, raw: &[u8]) {
        self.text.clear();
        self.breaks.clear();
        let (mut from, mut lines) = (0, 0);
        for at in memchr::memchr2_iter(b'\r', b'\n', raw) {
            self.text.extend_from_slice(&raw[from..at]);
            from = at + 1;
            lines += u32::from(raw[at] == b'\n');
            let (at, removed) = (self.text.len() as u32, (from - self.text.len()) as u32);
            match self.breaks.last_mut() {
                Some(last) if last.at == at => (last.removed, last.lines) = (removed, lines),
                _ => self.breaks.push(Break { at, removed, lines }),
            }
        }
        self.text.extend_from_slice(&raw[from..]);
    }
}

/// Where a byte of the text stands in the stretch of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPlace {
    pub offset: usize,
    pub lines: u64,
    /// Where the line begins; `None` when it began before the stretch.
    pub line_start: Option<usize>,
}

pub fn raw_place(breaks: &[Break], at: usize) -> RawPlace {
    match breaks.partition_point(|found| found.at as usize <= at).checked_sub(1).map(|index| breaks[index]) {
        Some(last) => RawPlace {
            offset: at + last.removed as usize,
            lines: u64::from(last.lines),
            line_start: (last.lines > 0).then_some((last.at + last.removed) as usize),
        },
        None => RawPlace { offset: at, lines: 0, line_start: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_the_file() {
        let raw = b"abc\r\ndef\r\n\r\ngh\r\n";
        let mut unwrapped = Unwrapped::default();
        unwrapped.fill(raw);
        assert_eq!(unwrapped.text, b"abcdefgh");
        for (at, byte) in unwrapped.text.iter().enumerate() {
            let place = raw_place(&unwrapped.breaks, at);
            assert_eq!(raw[place.offset], *byte);
            let before = &raw[..place.offset];
            assert_eq!(place.lines, before.iter().filter(|&&byte| byte == b'\n').count() as u64);
            let line_start = before.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
            assert_eq!(place.line_start, line_start);
        }
        assert_eq!(raw_place(&unwrapped.breaks, 8).offset, raw.len());
    }
}
