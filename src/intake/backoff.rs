//! How long to wait before the next attempt: doubling, capped, and spread so that partners do not wake together.

use std::time::Duration;

/// The first wait.
pub const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer than this, spread included.
pub const CAP: Duration = Duration::from_secs(300);

/// The wait after the `failures`th failure in a row (1 for the first).
///
/// A pure function: the spread of up to a quarter below the full wait comes from `name` and the count, so a test and
/// a restart see the same figures.
pub fn delay(failures: u32, name: &str) -> Duration {
    let doublings = failures.saturating_sub(1).min(20);
    let full = FIRST.saturating_mul(1 << doublings).min(CAP);
    let spread = u32::from(spread_of(name, failures));
    full - full / 4 * spread / 255
}

/// FNV-1a, folded to a byte: enough to tell a dozen partners apart.
fn spread_of(name: &str, failures: u32) -> u8 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in name.bytes().chain(failures.to_le_bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.to_le_bytes().iter().fold(0, |all, byte| all ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        for (failures, full_secs) in
            [(0, 1), (1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (u32::MAX, 300)]
        {
            let wait = delay(failures, "broker-a");
            let full = Duration::from_secs(full_secs);
            assert!(wait <= full && wait >= full * 3 / 4, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer_and_names_differ() {
        assert_eq!(delay(5, "a"), delay(5, "a"));
        let waits: std::collections::BTreeSet<_> =
            ["a", "b", "c", "d", "e"].map(|name| delay(9, name)).into();
        assert!(waits.len() >= 4);
    }
}
