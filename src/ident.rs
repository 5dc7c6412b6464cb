//! The names of things: entries, filers, bills, drops, and the fingerprints of bytes.

mod broker;

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// An entry number: filer code (3), serial (7), check digit (1).
///
/// Shape: 11 upper-case ASCII letters and digits without hyphens; shown as `ABC-1234567-8`.
/// The check digit may disagree: CBP grants filers offsets (ACE appendix E), so a wrong one is a finding and
/// never a reason to refuse. See [`EntryNumber::check_digit_offset`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryNumber([u8; 11]);

impl EntryNumber {
    /// Reads an entry number as it is written anywhere: with hyphens, with blanks, in lower case.
    ///
    /// Answers `None` unless exactly 11 letters and digits remain and the last eight are digits.
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        let text = text.as_ref();
        if let Ok(number) = <&[u8; 11]>::try_from(text)
            && let Some((filer, rest)) = number.split_first_chunk()
            && let Ok(rest) = rest.try_into()
            && let Some(number) = Self::as_usual(filer, rest)
        {
            return Some(number);
        }
        let mut number = [0u8; 11];
        let mut len = 0;
        for &byte in text {
            if byte.is_ascii_alphanumeric() {
                *number.get_mut(len)? = byte.to_ascii_uppercase();
                len += 1;
            } else if !matches!(byte, b' ' | b'-') {
                return None;
            }
        }
        (len == 11 && number[3..].iter().all(u8::is_ascii_digit)).then_some(Self(number))
    }

    /// As nearly every message writes it.
    #[inline]
    fn as_usual(filer: &[u8; 3], rest: &[u8; 8]) -> Option<Self> {
        // A digit is 0x30 to 0x39: the high half is 3, and stays 3 when 6 is added.
        const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
        const THREES: u64 = 0x3030_3030_3030_3030;
        let word = u64::from_le_bytes(*rest);
        let is_serial = word & HIGH == THREES && word.wrapping_add(0x0606_0606_0606_0606) & HIGH == THREES;
        let is_filer =
            filer.iter().fold(0, |found, &byte| found | CHECK_VALUES[usize::from(byte)]) & NO_VALUE == 0;
        if !is_filer || !is_serial {
            return None;
        }
        let mut number = [0; 11];
        number[..3].copy_from_slice(filer);
        number[3..].copy_from_slice(rest);
        Some(Self(number))
    }

    /// Joins the filer code and the rest, which ABI records keep in two fields.
    #[inline]
    pub fn from_parts(filer: &[u8], rest: &[u8]) -> Option<Self> {
        if let (Ok(filer), Ok(rest)) = (<&[u8; 3]>::try_from(filer), <&[u8; 8]>::try_from(rest))
            && let Some(number) = Self::as_usual(filer, rest)
        {
            return Some(number);
        }
        Self::from_loose_parts(filer, rest)
    }

    fn from_loose_parts(filer: &[u8], rest: &[u8]) -> Option<Self> {
        let mut number = [0u8; 15];
        let (filer, rest) = (filer.trim_ascii(), rest.trim_ascii());
        let len = filer.len() + rest.len();
        if filer.len() != 3 || len > number.len() {
            return None;
        }
        number[..3].copy_from_slice(filer);
        number[3..len].copy_from_slice(rest);
        Self::parse(&number[..len])
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an entry number is ASCII by construction")
    }

    pub fn as_bytes(&self) -> &[u8; 11] {
        &self.0
    }

    pub fn filer(&self) -> FilerCode {
        FilerCode([self.0[0], self.0[1], self.0[2]])
    }

    /// How far the check digit is from the one that ACE appendix E computes: 0 when it agrees.
    #[inline]
    pub fn check_digit_offset(&self) -> u8 {
        let [first, second, third, serial @ ..] = self.0;
        let filer = CHECK_VALUES[usize::from(first)]
            + CHECK_VALUES_DOUBLED[usize::from(second)]
            + CHECK_VALUES[usize::from(third)];
        // The rule wants what is missing to a multiple of ten, so that all digits together make one.
        (filer + serial_check_sum(serial)) % 10
    }
}

/// The sum of the seven digits of a serial number in the check-digit rule, and of the check digit behind them. The first
/// digit and every other one behind it is doubled, the digits of the double added.
#[inline]
fn serial_check_sum(serial: [u8; 8]) -> u8 {
    const ONES: u64 = 0x0001_0001_0001_0001;
    let digits = u64::from_le_bytes(serial) & 0x0f0f_0f0f_0f0f_0f0f;
    let (doubled, single) = (digits & (ONES * 0xff), digits >> 8 & (ONES * 0xff));
    // The double of five and more has a one before its last digit: nine less when it is added to it.
    let over = (doubled + ONES * (0x80 - 5)) >> 7 & ONES;
    let sums = doubled * 2 - over * 9 + single;
    (sums.wrapping_mul(ONES) >> 48) as u8
}

/// Stands for what is no digit and no capital letter.
const NO_VALUE: u8 = 0x80;

/// The digit that stands for a character in the check-digit rule: A-I = 1-9, J-R = 1-9, S-Z = 2-9.
const CHECK_VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut byte = 0;
    while byte < values.len() {
        values[byte] = match byte as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'A'..=b'I' => letter - b'A' + 1,
            letter @ b'J'..=b'R' => letter - b'J' + 1,
            letter @ b'S'..=b'Z' => letter - b'S' + 2,
            _ => NO_VALUE,
        };
        byte += 1;
    }
    values
};

/// The same doubled, its two digits added.
const CHECK_VALUES_DOUBLED: [u8; 256] = {
    let mut values = CHECK_VALUES;
    let mut byte = 0;
    while byte < values.len() {
        if values[byte] != NO_VALUE {
            values[byte] = values[byte] * 2 / 10 + values[byte] * 2 % 10;
        }
        byte += 1;
    }
    values
};

impl fmt::Display for EntryNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        write!(f, "{}-{}-{}", &text[..3], &text[3..10], &text[10..])
    }
}

impl fmt::Debug for EntryNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EntryNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EntryNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("not an entry number"))
    }
}

/// The three characters that CBP gives a broker or self-filer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilerCode([u8; 3]);

impl FilerCode {
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        let bytes: [u8; 3] = text.as_ref().trim_ascii().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then(|| Self(bytes.map(|byte| byte.to_ascii_uppercase())))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a filer code is ASCII by construction")
    }
}

impl fmt::Display for FilerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FilerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FilerCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FilerCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("not a filer code"))
    }
}

/// A bill of lading: issuer and number, upper case, without blanks and punctuation, so that two spellings meet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BillOfLading(String);

impl BillOfLading {
    /// Joins issuer and number; `None` when nothing remains. The issuer is blank for air waybills.
    pub fn from_parts(issuer: &[u8], number: &[u8]) -> Option<Self> {
        if number.trim_ascii().is_empty() {
            return None;
        }
        let text: String = issuer
            .iter()
            .chain(number)
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| byte.to_ascii_uppercase() as char)
            .collect();
        (!text.is_empty()).then_some(Self(text))
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::from_parts(b"", text.as_bytes())
    }

    /// The key under which what is said of a daily statement waits for its entries, as notices of bills do. No bill is
    /// written like it: the colon is punctuation.
    pub fn of_statement(number: &str) -> Self {
        Self(format!("statement:{number}"))
    }

    /// The same for what is said of an entry by the broker's own reference.
    pub fn of_reference(reference: &str) -> Self {
        Self(format!("reference:{}", reference.trim().to_ascii_uppercase()))
    }

    /// The key under which the releases under a consolidated summary are known.
    pub fn of_summary(number: EntryNumber) -> Self {
        Self(format!("summary:{}", number.as_str()))
    }

    /// The same for what is said of a filing by its control numbers.
    pub fn of_filing(numbers: &str) -> Self {
        Self(format!("filing:{numbers}"))
    }

    /// What [`Self::as_str`] gave, back from a key.
    pub fn of_key(key: &str) -> Option<Self> {
        (!key.is_empty()).then(|| Self(key.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BillOfLading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of bytes: the identity of a file, the same figure that `sha256sum` prints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub const ZERO: Self = Self([0; 32]);

    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        parse_hex(text, &mut bytes).then_some(Self(bytes))
    }
}

/// Which notice this is: a hash of the message's own bytes and the place in the message, so that the same message
/// in two files is one notice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId([u8; 16]);

impl NoticeId {
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        parse_hex(text, &mut bytes).then_some(Self(bytes))
    }
}

fn parse_hex(text: &str, into: &mut [u8]) -> bool {
    let text = text.as_bytes();
    if text.len() != into.len() * 2 {
        return false;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
    for (pair, slot) in text.chunks_exact(2).zip(into) {
        match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => *slot = high << 4 | low,
            _ => return false,
        }
    }
    true
}

/// Writes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

macro_rules! hex_identity {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&hex(&self.0))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not ", $what)))
            }
        }
    };
}
hex_identity!(Fingerprint, "a SHA-256 fingerprint");
hex_identity!(NoticeId, "a notice id");

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);
        impl $name {
            pub fn new(name: impl Into<std::sync::Arc<str>>) -> Self {
                Self(name.into())
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}
name_type!(
    /// The name that the configuration gives to one drop folder, local or remote.
    DropName
);
name_type!(
    /// The name that the configuration gives to a broker.
    BrokerName
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_summed_as_the_rule_says() {
        for serial in (0..100_000_000u32).step_by(10_007) {
            for filer in ["001", "9Z7", "AJS", "IRZ"] {
                let number = format!("{filer}{serial:08}");
                let values = number.bytes().zip([1, 2].into_iter().cycle()).map(|(byte, times)| {
                    let value = match byte {
                        b'0'..=b'9' => byte - b'0',
                        b'A'..=b'I' => byte - b'A' + 1,
                        b'J'..=b'R' => byte - b'J' + 1,
                        _ => byte - b'S' + 2,
                    };
                    value * times / 10 + value * times % 10
                });
                let offset = values.sum::<u8>() % 10;
                let entry = EntryNumber::parse(&number).expect("eleven letters and digits");
                assert_eq!(entry.check_digit_offset(), offset, "{number}");
            }
        }
        for filer in ["9z7", "9:7", "9@7", "9[7", "9/7"] {
            let wanted = filer.eq_ignore_ascii_case("9Z7").then(|| "9Z700000019".to_owned());
            let read = EntryNumber::from_parts(filer.as_bytes(), b"00000019");
            assert_eq!(read.map(|entry| entry.as_str().to_owned()), wanted, "{filer}");
        }
    }

    #[test]
    fn check_digits_follow_appendix_e() {
        // The first vector is CBP's own; the others were computed with the rule by hand.
        for number in [
            "B76-0324527-8",
            "ABC-1234567-6",
            "999-9999999-0",
            "N01-0000000-4",
            "XYZ-7654321-1",
            "0A0-1000000-6",
        ] {
            let entry = EntryNumber::parse(number).expect(number);
            assert_eq!(entry.check_digit_offset(), 0, "{number}");
            assert_eq!(entry.to_string(), number);
        }
        assert_eq!(EntryNumber::parse("B7603245279").map(|entry| entry.check_digit_offset()), Some(1));
    }

    #[test]
    fn entry_numbers_are_read_as_people_write_them() {
        let wanted = EntryNumber::parse("N0170000124");
        assert!(wanted.is_some());
        for text in ["N01-7000012-4", "n01 7000012 4", " N0170000124 "] {
            assert_eq!(EntryNumber::parse(text), wanted, "{text}");
        }
        assert_eq!(EntryNumber::from_parts(b"N01", b" 70000124"), wanted);
        for text in ["", "N017000012", "N01700001244", "N01700001A4", "N01/7000012-4"] {
            assert_eq!(EntryNumber::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bills_meet_in_one_spelling() {
        let bill = BillOfLading::from_parts(b"ABCD", b"XYZ-555 5583 ");
        assert_eq!(bill, BillOfLading::parse("abcdXYZ5555583"));
        assert_eq!(BillOfLading::from_parts(b"ABCD", b"   "), None);
    }

    #[test]
    fn fingerprints_print_as_sha256sum_does() {
        let print = Fingerprint::of(b"");
        assert_eq!(print.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::parse("zz"), None);
    }
}
