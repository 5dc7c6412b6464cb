//! What the decoding benches share: their input, and rates of one thread beside another kernel of the same run.

#![allow(dead_code, reason = "each bench and test that includes this module uses a part of it")]

pub mod abi;
pub mod synthetic;
pub mod x12;

use std::hint::black_box;
use std::time::Duration;

use entrywatch::decode::{Body, Message, decode};
use entrywatch::grammar::Grammar;
use entrywatch::interpret::{Interpreter, NoticeSink};
use entrywatch::notice::NoticeRef;
use entrywatch::place::Finding;
use rustix::time::{ClockId, clock_gettime};

/// Rounds of a comparison; odd, so that one of them is the median.
const ROUNDS: usize = 61;

/// A round that is over sooner is repeated until it lasts this long, so that the clock's own cost does not show.
const ROUND_MIN: Duration = Duration::from_millis(20);

/// One thing to be measured; the number that it answers keeps the compiler from leaving it out.
pub struct Kernel<'k> {
    pub name: &'static str,
    pub run: &'k dyn Fn() -> u64,
}

/// Time that this thread ran, whatever else the machine was doing.
fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

fn time_of(kernel: &Kernel<'_>, repeats: u32) -> Duration {
    let begin = thread_time();
    for _ in 0..repeats {
        black_box((kernel.run)());
    }
    (thread_time() - begin) / repeats
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Runs all kernels in turn, [`ROUNDS`] times, and prints each one's rate and its speed relative to the first: the
/// median of the ratios of the rounds. Answers those ratios.
pub fn compare(title: &str, size_bytes: usize, kernels: &[Kernel<'_>]) -> Vec<f64> {
    let repeats: Vec<u32> = kernels
        .iter()
        .map(|kernel| {
            let once = time_of(kernel, 2).max(Duration::from_micros(1));
            ROUND_MIN.div_duration_f64(once).ceil() as u32
        })
        .collect();
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); kernels.len()];
    for _ in 0..ROUNDS {
        for ((kernel, &repeats), times) in kernels.iter().zip(&repeats).zip(&mut rounds) {
            times.push(time_of(kernel, repeats).as_secs_f64());
        }
    }
    println!("{title}: {size_bytes} bytes, {ROUNDS} interleaved rounds, thread CPU time, medians");
    let mut ratios = Vec::new();
    for (kernel, times) in kernels.iter().zip(&rounds) {
        let ratio = median(rounds[0].iter().zip(times).map(|(first, own)| first / own).collect());
        let rate = size_bytes as f64 / median(times.clone()) / 1e9;
        println!("  {:<12} {rate:>7.3} GB/s  ratio {ratio:.3}", kernel.name);
        ratios.push(ratio);
    }
    ratios
}

/// How much faster two threads read two files than one thread reads them one after the other. Wall time, so it says
/// something only on a machine with two idle cores.
pub fn two_on_two(title: &str, run: &(dyn Fn() -> u64 + Sync)) {
    let mut speedups = Vec::new();
    for _ in 0..ROUNDS / 4 {
        let begin = std::time::Instant::now();
        black_box((run(), run()));
        let one = begin.elapsed();
        let begin = std::time::Instant::now();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| black_box(run()));
            black_box(run());
            other.join().expect("a kernel does not panic")
        });
        speedups.push(one.as_secs_f64() / begin.elapsed().as_secs_f64());
    }
    println!("{title}: two files on two cores against one core: {:.2}x (wall time)", median(speedups));
}

/// Counts what it is handed, and looks at enough of it that nothing is left out.
#[derive(Default)]
pub struct Count {
    pub notices: u64,
    pub findings: u64,
    pub fields: u64,
}

impl NoticeSink for Count {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        self.notices += 1;
        self.fields += black_box(notice).fields.len() as u64;
    }

    fn finding(&mut self, _: Finding) {
        self.findings += 1;
    }
}

/// The least that any reader does: where every line ends.
pub fn split_lines(buffer: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', buffer).fold(0, |sum, at| sum.wrapping_add(at as u64))
}

/// Messages with their records or segments, checked.
pub fn frame(buffer: &[u8], grammar: &Grammar) -> u64 {
    let mut pieces = 0;
    decode(buffer, grammar, &mut |message: &Message<'_>| {
        pieces += match message.body {
            Body::Abi(transaction) => black_box(transaction.records).len(),
            Body::X12(set) => black_box(set).len(),
            Body::Json(_) | Body::Nothing => 0,
        };
    });
    pieces as u64
}

/// The same, and every field as a slice.
pub fn slice_fields(buffer: &[u8], grammar: &Grammar) -> u64 {
    let mut fields = 0;
    decode(buffer, grammar, &mut |message: &Message<'_>| match message.body {
        Body::Abi(transaction) => {
            for record in transaction.records {
                for field in record.layout.iter().flat_map(|layout| &layout.fields) {
                    black_box(record.raw(field.at));
                    fields += 1;
                }
            }
        }
        Body::X12(set) => {
            for segment in set.segments() {
                for n in 1..=segment.len() {
                    black_box(segment.element(n));
                    fields += 1;
                }
            }
        }
        Body::Json(_) | Body::Nothing => {}
    });
    fields
}

/// The whole way from the file to what it says.
pub fn to_notices(buffer: &[u8], interpreter: &Interpreter) -> Count {
    let mut count = Count::default();
    decode(buffer, interpreter.grammar(), &mut |message: &Message<'_>| {
        count.findings += message.findings.len() as u64;
        interpreter.interpret(message, &mut count);
    });
    count
}
