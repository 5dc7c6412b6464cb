//! Segments of every X12 set in a faultless envelope, filled with anything.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::sets(bytes));
