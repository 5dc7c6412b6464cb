//! How often decoding and interpreting ask for memory. Exact counts, so they do not depend on the machine.

#[path = "../benches/decoding/mod.rs"]
mod decoding;

use allocation_counter::measure;
use decoding::{abi, frame, to_notices, x12};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::Interpreter;

const SIZE_BYTES: usize = 1_000_000;

/// Requests for memory in 1,000 segments or records that a file may cost, all told.
const IN_A_THOUSAND_MAX: u64 = 10;

/// The same for each further segment: what a file costs once does not count again.
const FURTHER_IN_A_THOUSAND_MAX: u64 = 1;

/// Segments or records of a file, and what decoding it and what decoding and interpreting it ask for.
fn requests(buffer: &[u8], interpreter: &Interpreter) -> (u64, u64, u64) {
    let pieces = frame(buffer, interpreter.grammar());
    let decoding = measure(|| {
        frame(buffer, interpreter.grammar());
    });
    let both = measure(|| {
        to_notices(buffer, interpreter);
    });
    assert!(both.bytes_max < 4 << 20, "{} bytes at once", both.bytes_max);
    (pieces, decoding.count_total, both.count_total)
}

/// Makes a file of about so many bytes.
type Input = fn(usize) -> Vec<u8>;

#[test]
fn decoding_and_interpreting_ask_for_memory_once_in_a_while() {
    let interpreter = Interpreter::new(Grammar::embedded()).expect("the embedded grammar serves it");
    let inputs: [(&str, Input); 2] = [("X12", |size| x12::Mix::of(size).into_bytes()), ("ABI", abi::buffer)];
    for (name, input) in inputs {
        let (pieces, decoding, both) = requests(&input(SIZE_BYTES), &interpreter);
        assert!(pieces > 10_000, "{name}: {pieces} segments or records");
        assert!(decoding * 1_000 <= pieces * IN_A_THOUSAND_MAX, "{name}: {decoding} for {pieces}");
        assert_eq!(both, decoding, "{name}: interpreting {pieces} segments asks for nothing");
        let (more_pieces, more_decoding, _) = requests(&input(2 * SIZE_BYTES), &interpreter);
        let (further, asked) = (more_pieces - pieces, more_decoding - decoding);
        assert!(asked * 1_000 <= further * FURTHER_IN_A_THOUSAND_MAX, "{name}: {asked} for {further} more");
    }
}
