//! A daily statement counts from its oldest entry: the same whatever comes first, and at the cost of one entry a message unless another
//! one becomes the oldest.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "these tests send no mail")]
mod desk;

use desk::Desk;
use entrywatch::daemon::view::StoreView;
use entrywatch::ident::{BillOfLading, BrokerName, DropName, EntryNumber, Fingerprint};
use entrywatch::pipeline::{Group, Mailing, Moment, ReceivedFile};
use entrywatch::step::{Position, Step};
use entrywatch::store::Store;
use entrywatch::store::memory::MemoryStore;

const STATEMENT: &str = "2704076001";

/// More than are ever looked at for one message.
const ENTRIES: u32 = 400;

fn number(serial: u32) -> EntryNumber {
    let numbers = (0..10).map(|digit| format!("9Z7{serial:07}{digit}"));
    let mut right = numbers.filter_map(|text| EntryNumber::parse(&text));
    right.find(|number| number.check_digit_offset() == 0).expect("one of ten digits is right")
}

fn file(records: &[String]) -> Vec<u8> {
    records.iter().flat_map(|record| format!("{record:80}\n").into_bytes()).collect()
}

/// The release of an entry on a day of June 2025.
fn released(serial: u32, day: u32) -> Vec<u8> {
    let (number, at) = (number(serial), format!("06{day:02}25"));
    file(&[
        format!("A27049Z7      {at}     SO"),
        "B  27049Z7SO".to_owned(),
        format!("SO1027049Z7  {} 0112-345678900XYLANORTHERN EXAMPLE    0412W{at}", &number.as_str()[3..]),
        format!("SO60{at}140298{:<40}{at}08", "RELEASED"),
        "Y  27049Z7SO00002".to_owned(),
        format!("Z27049Z7      {at}"),
    ])
}

/// The preliminary statement of 10 June with these entries.
fn listed(serials: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut records = vec![
        "A27049Z7      061025     PF".to_owned(),
        format!("B  27049Z7PFP{STATEMENT}061025212-345678900"),
    ];
    for serial in serials {
        let number = number(serial);
        let number = &number.as_str()[3..];
        records
            .push(format!("Q127049Z7  {number}  12-34567890006102500000327000           NDEMO00042      01"));
        records.push(format!("Q227049Z7  {number}                                  2YNN"));
    }
    records.push(format!("Y  27049Z7PF{:05}", records.len() - 2));
    records.push("Z27049Z7      061025".to_owned());
    file(&records)
}

/// When the statement is due by the clocks of these entries, with what they say of it.
fn due(store: &dyn Store, serials: impl Iterator<Item = u32>) -> Vec<String> {
    let mut due: Vec<String> = serials
        .map(|serial| {
            let life = store.life(number(serial)).expect("the store answers").expect("a known entry");
            let deadlines = life.entry().deadlines(entrywatch::deadline::DeadlineTable::embedded());
            let clock = deadlines.iter().find(|clock| clock.key() == format!("DAILY_STMT_DUE@{STATEMENT}"));
            clock.map_or("none".to_owned(), |clock| clock.due_text())
        })
        .collect();
    due.dedup();
    due
}

/// Receives a file, and answers everything that it changed.
fn step(store: &MemoryStore, bytes: &[u8]) -> Step {
    let view = StoreView::of(store);
    let pipeline = desk::pipeline();
    let mut group = Group::new(&view, Position::START);
    let moment =
        Moment { seq: 1, at: "2025-06-10T15:00:00Z".parse().expect("an instant"), mailing: Mailing::Quiet };
    let file = ReceivedFile {
        drop: DropName::new("acme"),
        broker: BrokerName::new("acme"),
        name: "file.txt".into(),
        size_bytes: bytes.len() as u64,
        file: Fingerprint::of(bytes),
        incomplete: false,
        again: false,
    };
    let mut overflow = |step: Step| store.commit(&step);
    pipeline.receive(&mut group, moment, &file, &mut &*bytes, &mut overflow).expect("it is received");
    let step = group.finish(Position::START);
    store.commit(&step).expect("the store takes it");
    step
}

#[test]
fn a_message_touches_the_others_only_when_another_entry_becomes_the_oldest() {
    let store = MemoryStore::new();
    step(&store, &listed(0..ENTRIES));
    assert_eq!(due(&store, 0..ENTRIES), ["none"], "no entry has a time of entry");
    assert_eq!(step(&store, &released(7, 9)).lives.len(), ENTRIES as usize, "the first date is that of all");
    assert_eq!(due(&store, 0..ENTRIES), ["2025-06-24"]);
    let younger = step(&store, &released(8, 10));
    assert_eq!((younger.lives.len(), younger.bills.len()), (1, 0), "a younger one changes nothing else");
    assert_eq!(step(&store, &released(9, 5)).lives.len(), ENTRIES as usize);
    assert_eq!(due(&store, 0..ENTRIES), ["2025-06-20"]);
    let late = step(&store, &listed(std::iter::once(ENTRIES)));
    assert_eq!(late.lives.len(), 1, "one that joins late is told by the record");
    assert_eq!(due(&store, 0..=ENTRIES), ["2025-06-20"]);
    let record = store.bill(&BillOfLading::of_statement(STATEMENT)).expect("the store answers");
    assert_eq!(record.and_then(|record| record.oldest).map(|oldest| oldest.entry), Some(number(9)));
    let life = store.life(number(3)).expect("the store answers").expect("a known entry");
    let moved: Vec<&str> = life.moves.iter().map(|moved| &*moved.cause).collect();
    let cause = format!(
        "times_of_entry is 2025-06-05 (time of entry of {}, the oldest on the statement), was 2025-06-09",
        number(9)
    );
    assert_eq!(moved, [cause]);
}

#[test]
fn the_order_of_messages_and_a_rebuild_change_nothing() {
    let files = [listed(1..4), released(1, 9), released(2, 5), released(3, 6)];
    let mut hashes = std::collections::BTreeSet::new();
    for turn in 0..files.len() {
        for is_backwards in [false, true] {
            let mut desk = Desk::new("2025-06-10T15:00:00Z".parse().expect("an instant"));
            let mut order: Vec<_> = files.iter().enumerate().collect();
            order.rotate_left(turn);
            if is_backwards {
                order.reverse();
            }
            for (nth, bytes) in order {
                desk.receive(&format!("{nth}.txt"), "acme", bytes);
            }
            assert_eq!(due(&*desk.store(), 1..4), ["2025-06-20"], "{turn} {is_backwards}");
            hashes.insert(desk.state_hash());
            desk.open(&desk::pipeline());
            hashes.insert(desk.state_hash());
        }
    }
    assert_eq!(hashes.len(), 1);
}
