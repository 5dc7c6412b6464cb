//! Messages of one family, written by the synthetic broker: whole batches one behind another, the same ones every time and
//! without a fault.

use entrywatch::synthetic::{Family, Plan, generate};

/// Messages in one batch.
const MESSAGES: usize = 50;

/// Entries whose messages fill any buffer that is asked for, and whose days still fit the calendar.
const ENTRIES_MAX: u64 = 1_000_000;

/// About so many bytes of this family.
pub fn buffer(family: Family, size_bytes: usize) -> Vec<u8> {
    let mut plan = Plan::new(42, ENTRIES_MAX);
    plan.families = [family].into();
    plan.messages_per_file = MESSAGES;
    let mut bytes = Vec::with_capacity(size_bytes + (1 << 20));
    for file in generate(&plan) {
        bytes.extend_from_slice(&file.bytes);
        if bytes.len() >= size_bytes {
            break;
        }
    }
    bytes
}
