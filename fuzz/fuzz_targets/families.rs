//! Records of every ABI family, laid out by the tables and filled with anything.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::families(bytes));
