//! Any permutation and any repetition of the same files gives the same state, and so does a rebuild from the journal.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "this test sends no mail")]
mod desk;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use desk::Desk;
use entrywatch::daemon::apply::replay;
use entrywatch::ident::Fingerprint;
use entrywatch::journal::JournalReader;
use entrywatch::store::Store;
use entrywatch::store::memory::MemoryStore;
use entrywatch::synthetic::{Family, Fault, GeneratedFile, Plan, generate};
use proptest::prelude::*;
use proptest::sample::Index;

fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().expect("an instant")
}

/// A few entries of one broker, in files so small that every order is another order of messages.
fn feed(seed: u64, entries: u64, faults: &[Fault]) -> Vec<GeneratedFile> {
    feed_of(Plan::new(seed, entries), faults)
}

fn feed_of(mut plan: Plan, faults: &[Fault]) -> Vec<GeneratedFile> {
    plan.brokers = 1;
    plan.messages_per_file = 3;
    plan.faults = faults.iter().copied().collect::<BTreeSet<_>>();
    generate(&plan).collect()
}

fn state_of(files: &[&GeneratedFile]) -> (Desk, Fingerprint) {
    let mut desk = Desk::new(now());
    for file in files {
        desk.receive(&file.name, file.broker.as_str(), &file.bytes);
    }
    let hash = desk.state_hash();
    (desk, hash)
}

/// What `replay --verify` does.
fn replayed(desk: &Desk) -> Fingerprint {
    let journal = JournalReader::open(desk.folder.path()).expect("the journal opens");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    replay(&journal, store, desk::pipeline(), &desk::versions()).expect("the journal replays").hash
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    prop::sample::subsequence(vec![Fault::Duplicate, Fault::UnknownCodes, Fault::CheckDigit], 0..=3)
}

proptest! {
    // The orders of messages; the orders of notices within an entry are in the module's own tests.
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn order_and_repetition_of_files_do_not_matter(
        seed in 0u64..1_000_000,
        entries in 1u64..4,
        faults in faults(),
        keys in prop::collection::vec(any::<u64>(), 64),
        repeats in prop::collection::vec(any::<Index>(), 0..6),
    ) {
        let files = feed(seed, entries, &faults);
        let straight: Vec<&GeneratedFile> = files.iter().collect();
        let (_, wanted) = state_of(&straight);

        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|&index| keys[index % keys.len()].rotate_left(index as u32));
        let mut mixed: Vec<&GeneratedFile> = order.iter().map(|&index| &files[index]).collect();
        mixed.extend(repeats.iter().map(|index| index.get(&files)));
        let (desk, found) = state_of(&mixed);
        prop_assert_eq!(found, wanted);
        prop_assert_eq!(replayed(&desk), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    /// The same with what brokers file and ask, statements of several entries, and the papers of the trade.
    #[test]
    fn order_does_not_matter_for_any_family(
        seed in 0u64..1_000_000,
        keys in prop::collection::vec(any::<u64>(), 64),
        repeats in prop::collection::vec(any::<Index>(), 0..6),
    ) {
        let families = Family::ALL.iter().copied().collect();
        let files = feed_of(Plan { families, ..Plan::new(seed, 4) }, &[Fault::UnknownCodes]);
        let straight: Vec<&GeneratedFile> = files.iter().collect();
        let (_, wanted) = state_of(&straight);
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|&index| keys[index % keys.len()].rotate_left(index as u32));
        let mut mixed: Vec<&GeneratedFile> = order.iter().map(|&index| &files[index]).collect();
        mixed.extend(repeats.iter().map(|index| index.get(&files)));
        let (desk, found) = state_of(&mixed);
        prop_assert_eq!(found, wanted);
        prop_assert_eq!(replayed(&desk), wanted);
    }
}

/// Answers that bear no date are dated by their envelope, which a real bundle keeps and an invented one does not.
fn is_dated_by_itself(file: &GeneratedFile) -> bool {
    !file.name.starts_with("ax-") && !file.name.starts_with("sx-")
}

#[test]
fn a_message_in_another_bundle_is_the_same_notice() {
    let files: Vec<GeneratedFile> = feed(11, 6, &[]).into_iter().filter(is_dated_by_itself).collect();
    let mut bundled = Plan::new(11, 6);
    bundled.brokers = 1;
    bundled.messages_per_file = 50;
    let bundles: Vec<GeneratedFile> = generate(&bundled).filter(is_dated_by_itself).collect();
    let small: Vec<&GeneratedFile> = files.iter().collect();
    let (_, wanted) = state_of(&small);
    let both: Vec<&GeneratedFile> = bundles.iter().chain(&files).collect();
    let (desk, found) = state_of(&both);
    assert_eq!(found, wanted, "the same messages in overlapping bundles");
    let lives = desk.store().lives(None, 100).expect("the store answers");
    let again: u32 = lives.iter().flat_map(|life| &life.notices).map(|held| held.again).sum();
    assert!(again > 0, "the second sightings are counted");
}
