//! ABI from bytes to notices on one core, beside what any reader must do at least: find the line ends.
//!
//! Three inputs: `abi`, the answers and notices that most files hold; `ae`, entry summaries with all their lines; `pf`, daily
//! statements.
//!
//! `cargo bench --bench decode_abi`. The figures of interest are the ratios, printed first: rounds of all kernels in
//! turn, so that what else the machine does meets each of them alike.

mod decoding;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use decoding::{Kernel, abi, compare, frame, slice_fields, split_lines, synthetic, to_notices, two_on_two};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::Interpreter;
use entrywatch::synthetic::Family;

const SIZE_BYTES: usize = 15 << 20;

fn bench(criterion: &mut Criterion) {
    measure("abi", &abi::buffer(SIZE_BYTES), criterion);
    measure("ae", &synthetic::buffer(Family::Ae, SIZE_BYTES), criterion);
    measure("pf", &synthetic::buffer(Family::Pf, SIZE_BYTES), criterion);
}

fn measure(title: &str, bytes: &[u8], criterion: &mut Criterion) {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar serves the interpreter");
    assert!(bytes.len() >= SIZE_BYTES, "{title}: {} bytes", bytes.len());
    assert_eq!(to_notices(bytes, &interpreter).findings, 0, "{title}: the generator makes no faults");
    compare(
        title,
        bytes.len(),
        &[
            Kernel { name: "lines", run: &|| split_lines(black_box(bytes)) },
            Kernel { name: "framing", run: &|| frame(black_box(bytes), &grammar) },
            Kernel { name: "fields", run: &|| slice_fields(black_box(bytes), &grammar) },
            Kernel { name: "notices", run: &|| to_notices(black_box(bytes), &interpreter).notices },
        ],
    );
    two_on_two(title, &|| to_notices(black_box(bytes), &interpreter).notices);
    let mut group = criterion.benchmark_group(title);
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
