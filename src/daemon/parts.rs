//! How many files of a group are read and committed together.

/// Bytes of files that are read and committed together, unless one file has more: some 650 messages. sled keeps what a commit
/// replaces in memory until it ends, and the lives of two groups are held beside it, so that more takes memory and gains
/// little.
const PART_BYTES_MAX: u64 = 256 << 10;

/// How many files of these sizes are read and committed together: one at least, if there is one.
pub(super) fn len(sizes: impl Iterator<Item = u64>) -> usize {
    let mut bytes = 0u64;
    let mut fits = |&(index, size): &(usize, u64)| {
        bytes = bytes.saturating_add(size);
        index == 0 || bytes <= PART_BYTES_MAX
    };
    sizes.enumerate().take_while(|next| fits(next)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_small_and_never_empty() {
        let max = PART_BYTES_MAX;
        for (sizes, expected) in [
            (vec![], 0),
            (vec![max * 9, 1], 1),
            (vec![u64::MAX, u64::MAX], 1),
            (vec![max / 2, max / 2, 1], 2),
            (vec![max, 1], 1),
            (vec![0; 300], 300),
        ] {
            assert_eq!(len(sizes.iter().copied()), expected, "{sizes:?}");
        }
    }
}
