//! X12 from bytes to notices on one core, beside what any reader must do at least: find the line ends.
//!
//! `cargo bench --bench decode_x12`. The figures of interest are the ratios, printed first: rounds of all kernels in
//! turn, so that what else the machine does meets each of them alike.

mod decoding;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use decoding::{Kernel, compare, frame, slice_fields, split_lines, to_notices, two_on_two, x12};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::Interpreter;

const SIZE_BYTES: usize = 15_000_000;

fn bench(criterion: &mut Criterion) {
    let text = x12::Mix::of(SIZE_BYTES);
    let bytes = text.as_bytes();
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar serves the interpreter");
    assert_eq!(to_notices(bytes, &interpreter).findings, 0, "the generator makes no faults");
    compare(
        "x12",
        bytes.len(),
        &[
            Kernel { name: "lines", run: &|| split_lines(black_box(bytes)) },
            Kernel { name: "framing", run: &|| frame(black_box(bytes), &grammar) },
            Kernel { name: "fields", run: &|| slice_fields(black_box(bytes), &grammar) },
            Kernel { name: "notices", run: &|| to_notices(black_box(bytes), &interpreter).notices },
        ],
    );
    two_on_two("x12", &|| to_notices(black_box(bytes), &interpreter).notices);
    let mut group = criterion.benchmark_group("x12");
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(20);
    group.bench_function("lines", |bencher| bencher.iter(|| split_lines(black_box(bytes))));
    group.bench_function("framing", |bencher| bencher.iter(|| frame(black_box(bytes), &grammar)));
    group.bench_function("fields", |bencher| bencher.iter(|| slice_fields(black_box(bytes), &grammar)));
    group.bench_function("notices", |bencher| {
        bencher.iter(|| to_notices(black_box(bytes), &interpreter).notices);
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
