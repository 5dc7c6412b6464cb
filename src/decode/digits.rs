//! Digits to numbers.

const THREES: u64 = 0x3030_3030_3030_3030;
const SIXES: u64 = 0x0606_0606_0606_0606;
const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;

/// Eight digits at once: each step adds neighbours, two digits, then four, then eight.
#[inline]
pub fn eight(text: &[u8; 8]) -> Option<u32> {
    Some(eight_of(twos(*text)?))
}

/// The number that four numbers of two digits make.
#[inline(always)]
fn eight_of(twos: u64) -> u32 {
    let fours = (twos.wrapping_mul(100) + (twos >> 16)) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000) + (fours >> 32)) as u32
}

/// The numbers that the values of eight digits make two by two.
#[inline(always)]
fn pairs_of(values: u64) -> u64 {
    (values.wrapping_mul(10) + (values >> 8)) & 0x00FF_00FF_00FF_00FF
}

/// Eight digits as four numbers of two.
#[inline(always)]
pub fn pairs(text: [u8; 8]) -> Option<[u8; 4]> {
    let [first, _, second, _, third, _, fourth, _] = twos(text)?.to_le_bytes();
    Some([first, second, third, fourth])
}

/// The same, each in sixteen bits, the first one lowest.
#[inline(always)]
fn twos(text: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(text);
    // A digit is 0x30 to 0x39: the high half is 3, and stays 3 when 6 is added.
    if word & HIGH != THREES || word.wrapping_add(SIXES) & HIGH != THREES {
        return None;
    }
    Some(pairs_of(word & !HIGH))
}

/// A number of up to sixteen digits; `None` when it is longer, or anything else stands in it. Nothing is zero.
#[inline]
pub fn number(text: &[u8]) -> Option<i64> {
    let len = text.len();
    let (high, low) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) if len <= 16 => {
            (values(u64::from_le_bytes(*first), len - 8), values_of(last))
        }
        (Some(_), _) => return None,
        _ => (0, values(few(text), len)),
    };
    if is_over(high, low) {
        return None;
    }
    let low = i64::from(eight_of(pairs_of(low)));
    Some(if high == 0 { low } else { i64::from(eight_of(pairs_of(high))) * 100_000_000 + low })
}

/// Less than eight bytes in one number, the first one lowest.
#[inline]
fn few(text: &[u8]) -> u64 {
    match (text.first_chunk(), text.last_chunk()) {
        // The two halves overlap where there are less than eight.
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() & 7) - 32)
        }
        _ => text.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

/// Whether nothing but digits stands in a text.
#[inline]
pub fn are_digits(text: &[u8]) -> bool {
    match (text.first_chunk(), text.last_chunk()) {
        // The two eights overlap where there are less than sixteen.
        (Some(first), Some(last)) if text.len() <= 16 => !is_over(values_of(first), values_of(last)),
        (Some(_), _) => text.iter().all(u8::is_ascii_digit),
        _ => !is_over(0, values(few(text), text.len())),
    }
}

/// Up to sixteen bytes in one number, the first one lowest.
#[inline]
pub fn word(text: &[u8]) -> u128 {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => {
            u128::from(u64::from_le_bytes(*first))
                | u128::from(u64::from_le_bytes(*last)) << ((8 * (text.len() - 8)) & 127)
        }
        _ => few(text).into(),
    }
}

/// Whether one of sixteen bytes is not the value of a digit: what is more than 9 reaches the high half when 6 is added.
#[inline(always)]
fn is_over(high: u64, low: u64) -> bool {
    ((high | low) | (high.wrapping_add(SIXES) | low.wrapping_add(SIXES))) & HIGH != 0
}

/// The values of the first `len` digits of `word`, zeros before them so that they are eight.
#[inline]
fn values(word: u64, len: usize) -> u64 {
    (word ^ THREES).checked_shl(64 - 8 * (len as u32 & 15)).unwrap_or(0)
}

/// The values of eight digits.
#[inline]
fn values_of(text: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*text) ^ THREES
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn eight_digits_are_a_number(text in "[0-9]{8}|[ -~]{8}") {
            let bytes = text.as_bytes().try_into().expect("eight bytes");
            let wanted = bytes_are_digits(&text).then(|| text.parse().expect("eight digits"));
            proptest::prop_assert_eq!(eight(bytes), wanted);
            let joined = pairs(*bytes).map(|pairs| pairs.iter().fold(0, |sum, &pair| sum * 100 + u32::from(pair)));
            proptest::prop_assert_eq!(joined, wanted);
        }
    }

    proptest::proptest! {
        #[test]
        fn up_to_sixteen_digits_are_a_number(text in "[0-9]{0,18}|[0-9]{0,8}[ -~]?[0-9]{0,8}") {
            let is_number = text.len() <= 16 && bytes_are_digits(&text);
            let wanted = is_number.then(|| format!("0{text}").parse().expect("up to sixteen digits"));
            proptest::prop_assert_eq!(number(text.as_bytes()), wanted);
        }
    }

    proptest::proptest! {
        #[test]
        fn digits_are_told_and_kept(text in "[0-9]{0,20}|[0-9]{0,9}[ -~][0-9]{0,9}") {
            proptest::prop_assert_eq!(are_digits(text.as_bytes()), bytes_are_digits(&text));
            let text = &text.as_bytes()[..text.len().min(16)];
            proptest::prop_assert_eq!(&word(text).to_le_bytes()[..text.len()], text);
        }
    }

    fn bytes_are_digits(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_digit())
    }
}
