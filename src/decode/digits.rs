//! Digits to numbers.

const THREES: u64 = 0x3030_3030_3030_3030;

/// Eight digits at once: each step adds neighbours, two digits, then four, then eight.
#[inline]
pub fn eight(text: &[u8; 8]) -> Option<u32> {
    let twos = twos(*text)?;
    let fours = (twos.wrapping_mul(100) + (twos >> 16)) & 0x0000_FFFF_0000_FFFF;
    let eight = fours.wrapping_mul(10_000) + (fours >> 32);
    Some(eight as u32)
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
    let high = 0xF0F0_F0F0_F0F0_F0F0;
    if word & high != THREES || word.wrapping_add(0x0606_0606_0606_0606) & high != THREES {
        return None;
    }
    let ones = word & 0x0F0F_0F0F_0F0F_0F0F;
    Some((ones.wrapping_mul(10) + (ones >> 8)) & 0x00FF_00FF_00FF_00FF)
}

/// A number of up to sixteen digits; `None` when it is longer, or anything else stands in it. Nothing is zero.
#[inline]
pub fn number(text: &[u8]) -> Option<i64> {
    if let (Some((before, last)), Some(first)) = (text.split_last_chunk(), text.first_chunk()) {
        let low = eight(last)?;
        return match before.len() {
            0 => Some(low.into()),
            len @ 1..=8 => {
                let high = eight(&behind_zeros(u64::from_le_bytes(*first), len).to_le_bytes())?;
                Some(i64::from(high) * 100_000_000 + i64::from(low))
            }
            _ => None,
        };
    }
    let word = match (text.first_chunk(), text.last_chunk()) {
        // The two halves overlap where there are less than eight.
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() & 7) - 32)
        }
        _ => text.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    eight(&behind_zeros(word, text.len()).to_le_bytes()).map(i64::from)
}

/// The first `len` bytes of `word`, zeros before them so that they are eight.
#[inline]
fn behind_zeros(word: u64, len: usize) -> u64 {
    match len {
        0 => THREES,
        len => word << (64 - 8 * len) | THREES.checked_shr(8 * len as u32).unwrap_or(0),
    }
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

    fn bytes_are_digits(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_digit())
    }
}
