//! Digits to numbers.

const THREES: u64 = 0x3030_3030_3030_3030;

/// Eight digits at once: each step adds neighbours, two digits, then four, then eight.
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

    fn bytes_are_digits(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_digit())
    }
}
