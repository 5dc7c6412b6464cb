//! Numbers of persons are not shown.

use std::borrow::Cow;

/// The text with every social security number, `NNN-NN-NNNN`, shown as `***-**-NNNN`.
///
/// Importers who are persons are known to Customs by that number. Other importer numbers, `NN-NNNNNNNXX` and
/// `YYDDPP-NNNNN`, are no secret.
pub fn masked(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked: Option<Vec<u8>> = None;
    for at in 0..bytes.len() {
        if is_number(bytes, at) {
            let copy = masked.get_or_insert_with(|| bytes.to_vec());
            copy[at..at + 3].fill(b'*');
            copy[at + 4..at + 6].fill(b'*');
        }
    }
    match masked.map(String::from_utf8) {
        Some(Ok(masked)) => Cow::Owned(masked),
        _ => Cow::Borrowed(text),
    }
}

/// Whether such a number, and no longer run of digits, begins here.
fn is_number(bytes: &[u8], at: usize) -> bool {
    const SHAPE: &[u8; 11] = b"ddd-dd-dddd";
    let Some(here) = bytes.get(at..at + SHAPE.len()) else { return false };
    let is_shaped = here.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        dash => byte == dash,
    });
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    is_shaped && !is_digit(at.checked_sub(1)) && !is_digit(Some(at + SHAPE.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_persons_are_masked() {
        for (text, shown) in [
            ("123-45-6789", "***-**-6789"),
            ("importer 123-45-6789, again 987-65-4321.", "importer ***-**-6789, again ***-**-4321."),
            ("12-345678900", "12-345678900"),
            ("261234-00001", "261234-00001"),
            ("N01-7000012-4", "N01-7000012-4"),
            ("0123-45-6789", "0123-45-6789"),
            ("123-45-67890", "123-45-67890"),
            ("é123-45-6789é", "é***-**-6789é"),
            ("", ""),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
