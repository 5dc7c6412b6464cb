//! What a sheet writes: dates and amounts one behind the other, without an allocation where there are not very many.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::sheet::Signed;
use crate::decode::digits;
use crate::notice::Written;

/// So many bytes and so many pieces stand in place.
const BYTES_USUAL: usize = 384;
const PIECES_USUAL: usize = 48;

/// No number of 64 bits has more digits.
const COUNT_DIGITS: usize = 20;

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
    /// All ends, once there are more than usual.
    many_ends: Vec<u32>,
}

impl Text {
    #[inline]
    pub fn new() -> Self {
        let (long, many_ends) = (Vec::new(), Vec::new());
        Self { usual: [0; BYTES_USUAL], len: 0, long, ends: [0; PIECES_USUAL], count: 0, many_ends }
    }

    /// How many pieces there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Ends the piece that was written; false when nothing was.
    #[inline]
    pub fn close(&mut self) -> bool {
        let end = self.len as u32;
        let is_written = self.end_of(self.count) < end;
        if is_written {
            match self.ends.get_mut(self.count) {
                Some(slot) => *slot = end,
                None => self.close_many(end),
            }
            self.count += 1;
        }
        is_written
    }

    #[cold]
    fn close_many(&mut self, end: u32) {
        if self.count == PIECES_USUAL {
            self.many_ends.clear();
            self.many_ends.extend_from_slice(&self.ends);
        }
        self.many_ends.push(end);
    }

    /// Where the first `count` pieces end.
    #[inline]
    fn end_of(&self, count: usize) -> u32 {
        let Some(last) = count.checked_sub(1) else { return 0 };
        let end = self.ends.get(last).or_else(|| self.many_ends.get(last));
        end.copied().unwrap_or_default()
    }

    /// Forgets all but the first `count` pieces.
    pub fn truncate(&mut self, count: usize) {
        self.len = self.end_of(count) as usize;
        self.long.truncate(self.len);
        self.count = count;
        self.many_ends.truncate(count);
    }

    /// All pieces.
    pub fn written(&self) -> Written<'_> {
        let text = if self.long.is_empty() { &self.usual[..] } else { &self.long };
        let ends = if self.count <= PIECES_USUAL { &self.ends[..self.count] } else { &self.many_ends };
        Written { text, ends }
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

    /// So many bytes of room behind what was written, where there is usual room.
    #[inline]
    fn room<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        if !self.long.is_empty() {
            return None;
        }
        self.usual.get_mut(self.len..)?.first_chunk_mut()
    }

    /// `2021-07-09`.
    pub fn date(&mut self, date: NaiveDate) {
        let Ok(year @ 0..=9999) = u32::try_from(date.year()) else { return };
        let pair = |number: u32| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        self.date_of(pair(year / 100), pair(year), pair(date.month()), pair(date.day()));
    }

    /// The same from its digits.
    #[inline]
    pub fn date_of(&mut self, century: [u8; 2], year: [u8; 2], month: [u8; 2], day: [u8; 2]) {
        let ([a, b], [c, d], [e, f], [g, h]) = (century, year, month, day);
        let text = [a, b, c, d, b'-', e, f, b'-', g, h];
        match self.room() {
            Some(room) => {
                *room = text;
                self.len += text.len();
            }
            None => self.push(&text),
        }
    }

    /// A count.
    pub fn number(&mut self, mut number: u64) {
        let mut digits = [b'0'; COUNT_DIGITS];
        let mut at = digits.len();
        while at > 0 {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }

    /// As it prints itself.
    pub fn decimal(&mut self, amount: Decimal) {
        let Ok(mut number) = u64::try_from(amount.mantissa().unsigned_abs()) else {
            // Writing to a text cannot fail.
            let _ = fmt::Write::write_fmt(self, format_args!("{amount}"));
            return;
        };
        let mut digits = [b'0'; COUNT_DIGITS];
        let mut at = digits.len();
        while number > 0 && at > 0 {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        let signed = Signed { is_negative: amount.is_sign_negative(), digits: &digits[at..] };
        self.amount(signed, amount.scale());
    }

    /// As [`Decimal`] prints it: every decimal place, no zero before the number but one before the point.
    #[inline]
    pub fn amount(&mut self, amount: Signed<'_>, decimals: u32) {
        if amount.is_negative {
            self.push(b"-");
        }
        if decimals != 2 || self.cents(amount.digits).is_none() {
            self.any_amount(amount.digits, decimals as usize);
        }
    }

    /// The usual case: at least three digits and at most sixteen, the last two of them cents.
    #[inline]
    fn cents(&mut self, digits: &[u8]) -> Option<()> {
        const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);
        let (whole, &[tens, ones]) = digits.split_last_chunk()?;
        if whole.is_empty() || digits.len() > 16 {
            return None;
        }
        let word = digits::word(digits);
        // No zero stands before the number; where it has no other digit, the last one stays.
        let zeros = ((word ^ ZEROS).trailing_zeros() as usize / 8).min(whole.len() - 1);
        let len = whole.len() - zeros;
        let room: &mut [u8; 20] = self.room()?;
        let (number, _) = room.split_first_chunk_mut()?;
        *number = (word >> (8 * zeros)).to_le_bytes();
        *room.get_mut(len..)?.first_chunk_mut()? = [b'.', tens, ones];
        self.len += len + 3;
        Some(())
    }

    fn any_amount(&mut self, digits: &[u8], decimals: usize) {
        let (whole, places) = digits.split_at(digits.len().saturating_sub(decimals));
        let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
        self.push(if zeros == whole.len() { b"0" } else { &whole[zeros..] });
        if decimals > 0 {
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

    /// What was written last.
    fn last(text: &Text) -> Option<String> {
        let Written { text, ends } = text.written();
        let start = ends.len().checked_sub(2).map_or(0, |before| ends[before] as usize);
        let piece = text.get(start..*ends.last()? as usize)?;
        Some(String::from_utf8_lossy(piece).into_owned())
    }

    proptest::proptest! {
        #[test]
        fn amounts_are_written_as_decimals_are(field in " ?-?[0-9]{1,18}", decimals in 0u32..6) {
            let mut text = Text::new();
            let amount = signed(field.as_bytes()).expect("a number");
            text.amount(amount, decimals);
            assert!(text.close());
            let wanted = decimal(field.as_bytes(), decimals).expect("a number").to_string();
            proptest::prop_assert_eq!(last(&text), Some(wanted));
        }

        #[test]
        fn decimals_and_counts_are_written_as_they_are(
            mantissa in -2_000i64..2_000,
            large in proptest::prelude::any::<i64>(),
            scale in 0u32..20,
            count in proptest::prelude::any::<u64>(),
        ) {
            let mut text = Text::new();
            for amount in [
                Decimal::new(mantissa, scale),
                Decimal::new(large, scale),
                Decimal::from(large) * Decimal::from(1_000_000),
                -Decimal::new(0, scale),
            ] {
                text.decimal(amount);
                assert!(text.close());
                proptest::prop_assert_eq!(last(&text), Some(amount.to_string()));
            }
            for count in [count, count % 100, 0] {
                text.number(count);
                assert!(text.close());
                proptest::prop_assert_eq!(last(&text), Some(count.to_string()));
            }
        }

        #[test]
        fn dates_are_written_as_they_are(days in -400_000i32..400_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(730_000 + days).expect("a date");
            let (mut text, wanted) = (Text::new(), date.to_string());
            text.date(date);
            assert!(text.close());
            proptest::prop_assert_eq!(last(&text), Some(wanted));
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
            assert_eq!((text.count(), last(&text).as_deref()), (200, Some("piece 199")), "{round}");
            let number = Signed { is_negative: false, digits: b"0012345" };
            text.amount(number, 2);
            assert!(text.close());
            assert_eq!(last(&text).as_deref(), Some("123.45"), "where there is no usual room");
            text.truncate(3);
            assert_eq!(last(&text).as_deref(), Some("piece 2"));
        }
    }
}
