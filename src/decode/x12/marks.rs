//! Which bytes of a block separate: 64 bytes at a time, one bit a byte.
//!
//! Elements have six bytes on average, so a search for each separator costs more than what it finds. A mask of a whole
//! block costs the same however many separators it holds.

use wide::u8x16;

/// How many bytes one mask tells about.
pub(super) const BLOCK_BYTES: usize = 64;

/// The separators of one block; bit 0 is its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Marks {
    pub terminators: u64,
    /// Element separators and terminators.
    pub all: u64,
}

impl Marks {
    /// Looks at the block at the start of `text`, which may be shorter.
    #[inline(always)]
    pub fn of(text: &[u8], element: u8, terminator: u8) -> Self {
        if let Some(block) = text.first_chunk() {
            let terminators = equal_bytes(block, terminator);
            return Self { terminators, all: equal_bytes(block, element) | terminators };
        }
        let mut block = [0; BLOCK_BYTES];
        block[..text.len()].copy_from_slice(text);
        let within = (1 << text.len()) - 1;
        let terminators = equal_bytes(&block, terminator) & within;
        Self { terminators, all: equal_bytes(&block, element) & within | terminators }
    }
}

/// A bit for each byte of `block` that equals `byte`.
#[inline(always)]
fn equal_bytes(block: &[u8; BLOCK_BYTES], byte: u8) -> u64 {
    let pattern = u8x16::splat(byte);
    let (chunks, _) = block.as_chunks();
    chunks.iter().enumerate().fold(0, |found, (at, chunk)| {
        found | u64::from(u8x16::new(*chunk).simd_eq(pattern).to_bitmask()) << (16 * at)
    })
}

/// How many line feeds a text holds. Messages are short, and a search made for long texts takes longer to begin and to
/// end than to find what there is.
pub(super) fn line_feeds(text: &[u8]) -> usize {
    let feed = u8x16::splat(b'\n');
    let (chunks, rest) = text.as_chunks::<16>();
    // Sixteen counters, none of which may pass 255.
    let counted = chunks.chunks(usize::from(u8::MAX)).map(|chunks| {
        // A byte that is equal is all ones, which is one less.
        let counts =
            chunks.iter().fold(u8x16::splat(0), |counts, chunk| counts - u8x16::new(*chunk).simd_eq(feed));
        counts.to_array().into_iter().map(usize::from).sum::<usize>()
    });
    counted.sum::<usize>() + rest.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &[u8], byte: u8) -> u64 {
        text.iter()
            .take(BLOCK_BYTES)
            .enumerate()
            .fold(0, |mask, (at, found)| mask | u64::from(*found == byte) << at)
    }

    proptest::proptest! {
        #[test]
        fn line_feeds_are_counted(text in proptest::collection::vec(9u8..12, 0..10_000)) {
            let wanted = text.iter().filter(|byte| **byte == b'\n').count();
            proptest::prop_assert_eq!(line_feeds(&text), wanted);
        }

        #[test]
        fn every_byte_has_its_bit(text in proptest::collection::vec(0u8..4, 0..80), element: u8, terminator in 0u8..4) {
            let element = element % 4;
            let marks = Marks::of(&text, element, terminator);
            proptest::prop_assert_eq!(marks.terminators, wanted(&text, terminator));
            proptest::prop_assert_eq!(marks.all, wanted(&text, terminator) | wanted(&text, element));
        }
    }
}
