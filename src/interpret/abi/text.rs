//! What a sheet writes: dates and amounts one behind the other, without an allocation where there are not very many.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::sheet::Signed;

/// So many bytes and so many pieces stand in place.
const BYTES_USUAL: usize = 384;
const PIECES_USUAL: usize = 48;

/// Pieces of text.
#[derive(Clone, Debug)]
pub struct Text {
    usual: [u8; BYTES_USUAL],
    len: usize,
    /// Everything, once there is more than usual.
    long: Vec<u8>,
    /// Where each piece ends.
    ends: [u32; PIECES_USUAL],
    count: usize,
    /// The ends behind those.
    more_ends: Vec<u32>,
}

impl Text {
    #[inline]
    pub fn new() -> Self {
        let (long, more_ends) = (Vec::new(), Vec::new());
        Self { usual: [0; BYTES_USUAL], len: 0, long, ends: [0; PIECES_USUAL], count: 0, more_ends }
    }

    /// How many pieces there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Ends the piece that was written; false when nothing was.
    pub fn close(&mut self) -> bool {
        let end = self.len as u32;
        let is_written = self.end_of(self.count) < end;
        if is_written {
            match self.ends.get_mut(self.count) {
                Some(slot) => *slot = end,
                None => self.more_ends.push(end),
            }
            self.count += 1;
        }
        is_written
    }

    /// Where the first `count` pieces end.
    fn end_of(&self, count: usize) -> u32 {
        let Some(last) = count.checked_sub(1) else { return 0 };
        let end = self.ends.get(last).or_else(|| self.more_ends.get(last - PIECES_USUAL));
        end.copied().unwrap_or_default()
    }

    /// Forgets all but the first `count` pieces.
    pub fn truncate(&mut self, count: usize) {
        self.len = self.end_of(count) as usize;
        self.long.truncate(self.len);
        self.count = count;
        self.more_ends.truncate(count.saturating_sub(PIECES_USUAL));
    }

    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let text = if self.long.is_empty() { &self.usual[..] } else { &self.long };
        let mut start = 0;
        self.ends.iter().chain(&self.more_ends).take(self.count).map(move |&end| {
            let piece = text.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            piece
        })
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        match self.usual.get_mut(self.len..self.len + bytes.len()) {
            Some(room) if self.long.is_empty() => room.copy_from_slice(bytes),
            _ => self.push_long(bytes),
        }
        self.len += bytes.len();
    }

    #[cold]
    fn push_long(&mut self, bytes: &[u8]) {
        if self.long.is_empty() {
            self.long.extend_from_slice(&self.usual[..self.len]);
        }
        self.long.extend_from_slice(bytes);
    }

    /// `2021-07-09`.
    pub fn date(&mut self, date: NaiveDate) {
        let Ok(year @ 0..=9999) = u32::try_from(date.year()) else { return };
        let digit = |number: u32| b'0' + (number % 10) as u8;
        let (month, day) = (date.month(), date.day());
        let text = [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ];
        self.push(&text);
    }

    /// As [`Decimal`](rust_decimal::Decimal) prints it: every decimal place, no zero before the number but one before
    /// the point.
    pub fn amount(&mut self, Signed { is_negative, digits, .. }: Signed<'_>, decimals: u32) {
        if is_negative {
            self.push(b"-");
        }
        let decimals = decimals as usize;
        let (whole, places) = digits.split_at(digits.len().saturating_sub(decimals));
        let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
        self.push(if zeros == whole.len() { b"0" } else { &whole[zeros..] });
        if let (2, &[tens, ones]) = (decimals, places) {
            self.push(&[b'.', tens, ones]);
        } else if decimals > 0 {
            self.push(b".");
            (places.len()..decimals).for_each(|_| self.push(b"0"));
            self.push(places);
        }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::interpret::abi::sheet::{decimal, signed};

    proptest::proptest! {
        #[test]
        fn amounts_are_written_as_decimals_are(field in " ?-?[0-9]{1,18}", decimals in 0u32..6) {
            let mut text = Text::new();
            let amount = signed(field.as_bytes()).expect("a number");
            text.amount(amount, decimals);
            assert!(text.close());
            let wanted = decimal(field.as_bytes(), decimals).expect("a number").to_string();
            proptest::prop_assert_eq!(text.pieces().next(), Some(wanted.as_bytes()));
        }

        #[test]
        fn dates_are_written_as_they_are(days in -400_000i32..400_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(730_000 + days).expect("a date");
            let (mut text, wanted) = (Text::new(), date.to_string());
            text.date(date);
            assert!(text.close());
            proptest::prop_assert_eq!(text.pieces().next(), Some(wanted.as_bytes()));
        }
    }

    #[test]
    fn more_than_usual_is_kept_and_forgotten_again() {
        let mut text = Text::new();
        assert!(!text.close());
        for round in 0..2 {
            for number in text.count()..200 {
                write!(text, "piece {number}").expect("a text takes everything");
                assert!(text.close() && !text.close());
            }
            let last = text.pieces().last();
            assert_eq!((text.count(), last), (200, Some(&b"piece 199"[..])), "{round}");
            text.truncate(3);
            assert_eq!(text.pieces().last(), Some(&b"piece 2"[..]));
        }
    }
}
