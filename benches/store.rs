//! What a commit and a read cost, and which layout of the notices is the better one.
//!
//! `cargo bench --bench store` measures commits and reads. `LAYOUT_MESSAGES=1000000 cargo bench --bench store` compares
//! value-per-entry with notices under ascending numbers instead (`docs/decisions/0001-value-per-entry.md`).

#[path = "../tests/store_support/mod.rs"]
mod store_support;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BatchSize, Criterion, Throughput};
use entrywatch::entry::{Held, Life};
use entrywatch::journal::{Journal, NoMask, Received, What};
use entrywatch::step::Step;
use entrywatch::store::Store;
use entrywatch::store::sled::{SledSettings, SledStore};
use sled::Transactional;
use store_support::*;
use tempfile::TempDir;

const NOTICES: u64 = 10;

/// Time that this thread spent on a processor: other work on the machine hardly shows. The clock of the system for the
/// journal, which waits for the disk.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let nanos = stat.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    fn end(&self, start: Duration) -> Duration {
        // Never nothing, which criterion could not divide by.
        self.start().saturating_sub(start).max(Duration::from_nanos(1))
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn main() {
    if let Some(messages) = std::env::var("LAYOUT_MESSAGES").ok().and_then(|count| count.parse().ok()) {
        compare_layouts(messages);
        return;
    }
    let mut cpu = Criterion::default().with_measurement(CpuTime).configure_from_args();
    forms(&mut cpu);
    commits(&mut cpu);
    reads(&mut cpu);
    let mut wall = Criterion::default().configure_from_args();
    journal(&mut wall);
    wall.final_summary();
}

fn open(path: &Path) -> SledStore {
    SledStore::open(path, SledSettings::default()).expect("it opens").0
}

/// What JSON and zstd cost by themselves, for a life in the form that the domain gives it.
fn forms(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("form");
    let life = life(1, NOTICES);
    let json = serde_json::to_vec(&life).expect("JSON");
    let mut compressor = zstd::bulk::Compressor::new(1).expect("zstd");
    let packed = compressor.compress(&json).expect("zstd");
    println!("a life of {NOTICES} notices: {} bytes of JSON, {} compressed", json.len(), packed.len());
    group.bench_function("to_json", |bench| bench.iter(|| serde_json::to_vec(black_box(&life))));
    group
        .bench_function("from_json", |bench| bench.iter(|| serde_json::from_slice::<Life>(black_box(&json))));
    let mut room = vec![0; 2 * json.len()];
    group.bench_function("compress", |bench| {
        bench.iter(|| compressor.compress_to_buffer(black_box(&json), room.as_mut_slice()));
    });
    let mut decompressor = zstd::bulk::Decompressor::new().expect("zstd");
    let mut back = vec![0; json.len()];
    group.bench_function("decompress", |bench| {
        bench.iter(|| decompressor.decompress_to_buffer(black_box(&packed), back.as_mut_slice()));
    });
    group.finish();
}

fn commits(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("commit");
    for size in [32, 200, 256u64] {
        let folder = TempDir::new().expect("a folder");
        let store = open(&folder.path().join("store"));
        // Many entries, and each step touches others than the last one and changes every one of them.
        let mut steps = steps_of_lives(64, size, NOTICES);
        steps.extend(steps_of_lives(64, size, NOTICES + 1));
        let mut next = 0;
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("lives/{size}"), |bench| {
            bench.iter(|| {
                store.commit(&steps[next % steps.len()]).expect("commit");
                next += 1;
            });
        });
    }
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder.path().join("store"));
    let mut seq = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("one of each kind", |bench| {
        bench.iter_batched(
            || {
                seq += 1;
                full_step(seq)
            },
            |step| store.commit(&step).expect("commit"),
            BatchSize::SmallInput,
        );
    });
    let mut seq = 0;
    group.bench_function("life of 1,000 notices", |bench| {
        bench.iter_batched(
            || {
                seq += 1;
                let mut step = Step::at(position(seq));
                step.lives.insert(number(1), Arc::new(life(1, 1_000 + seq % 2)));
                step
            },
            |step| store.commit(&step).expect("commit"),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn reads(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("read");
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder.path().join("store"));
    for step in steps_of_lives(80, 256, NOTICES) {
        store.commit(&step).expect("commit");
    }
    let mut next = 0u64;
    group.bench_function("life", |bench| {
        bench.iter(|| {
            next = (next + 7_919) % (80 * 256);
            store.life(number(next)).expect("read").expect("it is there")
        });
    });
    group.bench_function("absent life", |bench| bench.iter(|| store.life(number(9_999_999)).expect("read")));
    group.finish();
}

fn journal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    for files in [1, 32, 256u64] {
        let folder = TempDir::new().expect("a folder");
        let (mut journal, _) = Journal::open(folder.path()).expect("it opens");
        let mut content = serde_json::to_vec(&life(1, 40)).expect("JSON");
        let mut salt = 0u64;
        group.throughput(Throughput::Elements(files));
        group.bench_function(format!("files of 20 KB, synced by {files}"), |bench| {
            bench.iter(|| {
                for _ in 0..files {
                    salt += 1;
                    content[..8].copy_from_slice(&salt.to_le_bytes());
                    let staged = journal.stage(&mut &content[..], &mut NoMask).expect("stage");
                    let input = input(salt);
                    let received = Received {
                        drop: input.drop,
                        broker: input.broker,
                        name: input.name,
                        size_bytes: staged.size_bytes,
                        file: staged.file,
                        kept: None,
                        incomplete: false,
                        deliver: true,
                    };
                    journal.append(start(), &What::Received(received)).expect("append");
                }
                journal.sync().expect("sync")
            });
        });
    }
    group.finish();
}

/// How many messages an entry gets on average.
const PER_ENTRY: u64 = 8;
const GROUP: u64 = 256;

/// One way to keep notices.
trait Layout {
    fn open(path: &Path) -> Self;
    /// Adds one notice to each of these entries, after reading all that the fold of each needs.
    fn apply(&mut self, seq: u64, notices: &[(u64, Held)]);
    fn life(&self, entry: u64) -> Vec<Held>;
}

/// The whole life under the number.
struct PerEntry(SledStore);

impl Layout for PerEntry {
    fn open(path: &Path) -> Self {
        Self(open(path))
    }

    fn apply(&mut self, seq: u64, notices: &[(u64, Held)]) {
        let mut step = Step::at(position(seq));
        for (entry, held) in notices {
            let number = number(*entry);
            let life = step.lives.entry(number).or_insert_with(|| {
                let life = self.0.life(number).expect("read");
                Arc::new(life.unwrap_or_else(|| Life::new(number)))
            });
            Arc::make_mut(life).notices.push(held.clone());
            black_box(life.notices.len());
        }
        self.0.commit(&step).expect("commit");
    }

    fn life(&self, entry: u64) -> Vec<Held> {
        self.0.life(number(entry)).expect("read").map(|life| life.notices).unwrap_or_default()
    }
}

/// Notices under ascending numbers, and a small index from the entry to them.
struct Ascending {
    _db: sled::Db,
    notices: sled::Tree,
    index: sled::Tree,
    meta: sled::Tree,
    next: u64,
}

impl Layout for Ascending {
    fn open(path: &Path) -> Self {
        let db = sled::Config::new().path(path).cache_capacity(256 << 20).flush_every_ms(Some(1_000));
        let db = db.mode(sled::Mode::HighThroughput).open().expect("it opens");
        let tree = |name| db.open_tree(name).expect("a tree");
        let (notices, index, meta) = (tree("notices"), tree("index"), tree("meta"));
        Self { _db: db, notices, index, meta, next: 0 }
    }

    fn apply(&mut self, seq: u64, notices: &[(u64, Held)]) {
        let mut made = Vec::new();
        for (entry, held) in notices {
            black_box(self.life(*entry));
            self.next += 1;
            let key = [&number(*entry).as_bytes()[..], &self.next.to_be_bytes()].concat();
            made.push((key, self.next.to_be_bytes(), serde_json::to_vec(held).expect("JSON")));
        }
        let trees = (&self.notices, &self.index, &self.meta);
        let outcome: Result<(), sled::transaction::TransactionError<()>> =
            trees.transaction(|(notices, index, meta)| {
                for (key, at, json) in &made {
                    notices.insert(at, json.as_slice())?;
                    index.insert(key.as_slice(), &[])?;
                }
                meta.insert("state", &seq.to_be_bytes())?;
                Ok(())
            });
        outcome.expect("commit");
    }

    fn life(&self, entry: u64) -> Vec<Held> {
        let prefix = *number(entry).as_bytes();
        let keys = self.index.scan_prefix(prefix).keys();
        keys.map(|key| {
            let json = self.notices.get(&key.expect("a key")[11..]).expect("get").expect("it is there");
            serde_json::from_slice(&json).expect("JSON")
        })
        .collect()
    }
}

fn compare_layouts(messages: u64) {
    println!("{messages} messages, {PER_ENTRY} an entry, in groups of {GROUP}; the machine may be shared");
    // Both in turn, so that a busy minute meets both.
    for _ in 0..std::env::var("LAYOUT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1) {
        measure::<PerEntry>("value per entry", messages);
        measure::<Ascending>("ascending numbers", messages);
    }
}

fn measure<L: Layout>(name: &str, messages: u64) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("store");
    let mut layout = L::open(&path);
    let entries = (messages / PER_ENTRY).max(1);
    let mut tenths: Vec<(Duration, f64)> = Vec::new();
    let (mut seq, mut done) = (0u64, 0u64);
    let written = written_bytes();
    for tenth in 1..=10 {
        let (mut spent, cpu) = (Duration::ZERO, cpu_secs());
        while done < messages * tenth / 10 {
            let notices: Vec<(u64, Held)> = (0..GROUP)
                .map(|offset| {
                    let index = done + offset;
                    // Random entries, the same on every run.
                    let entry = index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                    (entry % entries, held(Some(number(entry % entries)), index))
                })
                .collect();
            seq += 1;
            done += GROUP;
            let begin = Instant::now();
            layout.apply(seq, &notices);
            spent += begin.elapsed();
        }
        tenths.push((spent, cpu_secs() - cpu));
    }
    let per_message = |(time, cpu): &(Duration, f64)| {
        let count = messages as f64 / 10.0;
        (time.as_secs_f64() * 1e6 / count, cpu * 1e6 / count)
    };
    let total: f64 = tenths.iter().map(|(time, _)| time.as_secs_f64()).sum();
    let (first, last) = (per_message(&tenths[0]), per_message(&tenths[9]));
    let begin = Instant::now();
    const READS: u64 = 20_000;
    for index in 0..READS {
        black_box(layout.life((index.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 20) % entries));
    }
    let read = begin.elapsed().as_secs_f64() * 1e6 / READS as f64;
    let written = (written_bytes() - written) as f64 / messages as f64;
    drop(layout);
    let disk = disk_bytes(&path) as f64 / messages as f64;
    let begin = Instant::now();
    drop(L::open(&path));
    let first_open = begin.elapsed();
    let begin = Instant::now();
    drop(L::open(&path));
    println!(
        "{name}: {:.0} messages/s; us/msg first tenth {:.1} (cpu {:.1}), last {:.1} (cpu {:.1}); read life {read:.1} us; \
         written {written:.0} B/msg; disk {disk:.0} B/msg; open {:.2} s, again {:.2} s",
        messages as f64 / total,
        first.0,
        first.1,
        last.0,
        last.1,
        first_open.as_secs_f64(),
        begin.elapsed().as_secs_f64(),
    );
}

/// User and system time of this process. The making of the messages is in it.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        |at| after_name.split_whitespace().nth(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn disk_bytes(path: &Path) -> u64 {
    let items = std::fs::read_dir(path).into_iter().flatten().flatten();
    items
        .map(|item| {
            item.metadata()
                .map_or(0, |meta| if meta.is_dir() { disk_bytes(&item.path()) } else { meta.len() })
        })
        .sum()
}
