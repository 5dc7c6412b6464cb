//! Bytes as they might stand in a drop folder, read as X12 whatever they are.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::x12(bytes));
