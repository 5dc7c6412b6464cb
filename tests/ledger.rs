//! A feed of ten thousand entries in all families and with all faults, taken in by the whole engine: what the store holds
//! is what the generator's ledger says, and what it made wrong is found as it was meant.

#[path = "support/desk.rs"]
#[expect(dead_code, reason = "this test sends no mail")]
mod desk;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use desk::Desk;
use entrywatch::ident::{Fingerprint, NoticeId};
use entrywatch::notice::Notice;
use entrywatch::place::finding_code;
use entrywatch::step::InputRecord;
use entrywatch::store::Store;
use entrywatch::synthetic::{Fact, Family, Fault, GeneratedFile, Plan, generate};

/// Entries that are spoken of, at least.
const ENTRIES: usize = 10_000;

/// Entries that are invented: of some nothing is copied.
const INVENTED: u64 = 10_500;

/// So large that the files are few, and so small that every fault strikes several of them.
const MESSAGES_PER_FILE: usize = 100;

/// Brokers copy a part of each entry's messages; which part differs, and so the test takes a part of the time.
const COPIED_PERCENT: u64 = 30;

/// Values asked for at once.
const PAGE: usize = 500;

fn now() -> DateTime<Utc> {
    "2026-01-05T12:00:00Z".parse().expect("an instant")
}

/// Kind, entry, bill, house bill, code, time.
type Said = (Box<str>, Box<str>, Box<str>, Box<str>, Box<str>, Box<str>);

fn said_by_fact(fact: &Fact) -> Said {
    let text = |value: &Option<String>| value.as_deref().unwrap_or("").into();
    let entry = fact.entry.map_or("".into(), |entry| entry.as_str().into());
    (
        fact.kind.as_ref().into(),
        entry,
        text(&fact.bill),
        text(&fact.house_bill),
        fact.code.as_str().into(),
        text(&fact.at),
    )
}

fn said_by_notice(notice: &Notice) -> Said {
    let bill = |bill: &Option<entrywatch::ident::BillOfLading>| -> Box<str> {
        bill.as_ref().map_or("".into(), |bill| bill.as_str().into())
    };
    (
        notice.kind.as_str().into(),
        notice.entry.map_or("".into(), |entry| entry.as_str().into()),
        bill(&notice.bill),
        bill(&notice.house_bill),
        notice.code.map_or("".into(), |code| code.to_string().into()),
        notice.at.map_or("".into(), |at| at.to_string().into()),
    )
}

/// A notice of the store: what it says, its fields, the file that brought it first, how often it was seen.
struct Kept {
    said: Said,
    fields: Vec<(Box<str>, Box<str>)>,
    file: Box<str>,
    times: u32,
}

/// Every notice that the store holds, wherever it holds it, once.
#[derive(Default)]
struct Contents(HashMap<NoticeId, Kept>);

impl Contents {
    fn add(&mut self, held: &entrywatch::entry::Held) {
        self.0.entry(held.notice.id).or_insert_with(|| Kept {
            said: said_by_notice(&held.notice),
            fields: held.notice.fields.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            file: (*held.seen.name).into(),
            times: 1 + held.again,
        });
    }

    fn of(store: &dyn Store) -> Self {
        let mut contents = Self::default();
        let mut after = None;
        loop {
            let lives = store.lives(after, PAGE).expect("the store answers");
            lives.iter().flat_map(|life| &life.notices).for_each(|held| contents.add(held));
            let Some(last) = lives.last() else { break };
            after = Some(last.number);
        }
        let mut after = None;
        loop {
            let bills = store.bills(after.as_ref(), PAGE).expect("the store answers");
            let waiting = bills.iter().flat_map(|(_, record)| &record.notices);
            waiting.for_each(|unmatched| contents.add(&unmatched.held));
            let Some((last, _)) = bills.last() else { break };
            after = Some(last.clone());
        }
        let mut after = None;
        loop {
            let loose = store.all_loose(after, PAGE).expect("the store answers");
            loose.iter().for_each(|unmatched| contents.add(&unmatched.held));
            let Some(last) = loose.last() else { break };
            after = Some(last.held.notice.id);
        }
        contents
    }
}

/// What the feed meant, gathered while its files are taken in.
#[derive(Default)]
struct Ledger {
    facts: HashSet<Fact>,
    /// How often each thing was said of an entry by files that are no repetition of another.
    times: HashMap<Said, u32>,
    files: Vec<(Box<str>, Fingerprint, Option<Fault>, bool)>,
    families: BTreeSet<String>,
}

impl Ledger {
    fn add(&mut self, file: GeneratedFile) {
        let is_again = file.fault == Some(Fault::Duplicate);
        let print = Fingerprint::of(&file.bytes);
        let is_abi = file.name.ends_with(".txt");
        self.families.extend(file.name.split_once('-').map(|(family, _)| family.to_ascii_uppercase()));
        self.files.push((file.name.as_str().into(), print, file.fault, is_abi));
        for fact in file.facts {
            if fact.entry.is_some() && !is_again {
                *self.times.entry(said_by_fact(&fact)).or_default() += 1;
            }
            self.facts.insert(Fact { file: "".into(), ..fact });
        }
    }
}

#[test]
fn the_store_holds_what_the_ledger_says() {
    let mut plan = Plan::new(31, INVENTED);
    plan.families = Family::ALL.iter().copied().collect();
    plan.faults = Fault::ALL.into();
    plan.messages_per_file = MESSAGES_PER_FILE;
    plan.copied_percent = COPIED_PERCENT;
    let mut desk = Desk::new(now());
    let mut ledger = Ledger::default();
    for file in generate(&plan) {
        desk.receive_as(&file.name, file.broker.as_str(), &file.bytes, false);
        ledger.add(file);
    }
    let named = ledger.facts.iter().filter_map(|fact| fact.entry).collect::<HashSet<_>>().len();
    assert!(named >= ENTRIES, "{named} entries are spoken of");
    assert_eq!(ledger.families, Family::ALL.iter().map(Family::to_string).collect(), "every family is there");
    let struck: BTreeSet<Fault> = ledger.files.iter().filter_map(|(_, _, fault, _)| *fault).collect();
    assert_eq!(struck.len(), Fault::ALL.len() - 2, "every fault of the way: {struck:?}");

    let store = desk.store();
    let contents = Contents::of(&*store);
    check_facts(&ledger, &contents);
    check_files(&ledger, &*store);
}

/// No fact is lost, none is invented, and each was seen as often as it was said.
fn check_facts(ledger: &Ledger, contents: &Contents) {
    let partial: HashSet<&str> =
        ledger.files.iter().filter(|file| file.2 == Some(Fault::Partial)).map(|file| &*file.0).collect();
    let mut by_said: HashMap<&Said, Vec<&Kept>> = HashMap::new();
    for kept in contents.0.values() {
        by_said.entry(&kept.said).or_default().push(kept);
    }
    let mut meant: HashSet<Said> = HashSet::new();
    for fact in &ledger.facts {
        let said = said_by_fact(fact);
        let notices = by_said.get(&said).unwrap_or_else(|| panic!("lost: {fact:#?}"));
        let has = |kept: &&Kept| {
            let holds = |(name, value): (&std::borrow::Cow<'static, str>, &String)| {
                kept.fields.iter().any(|(found, text)| **found == **name && **text == **value)
            };
            fact.fields.iter().all(holds)
        };
        assert!(notices.iter().any(has), "{fact:#?}\nwith other values");
        meant.insert(said);
    }
    for kept in contents.0.values().filter(|kept| !partial.contains(&*kept.file)) {
        assert!(meant.contains(&kept.said), "{} brought what nobody meant: {:?}", kept.file, kept.said);
    }
    for (said, &times) in &ledger.times {
        let notices = &by_said[said];
        let seen: u32 = notices.iter().map(|kept| kept.times).sum();
        let is_exact = !notices.iter().any(|kept| partial.contains(&*kept.file));
        // A truncated file said a part of it once more; who saw it first tells which.
        assert!(seen == times || !is_exact && seen > times, "{said:?}: said {times}, seen {seen}");
    }
}

/// What was done to a file is found in it, and nothing else is.
fn check_files(ledger: &Ledger, store: &dyn Store) {
    let quarantined = quarantined(store);
    let mut struck: BTreeSet<&str> = BTreeSet::new();
    for (name, print, fault, is_abi) in &ledger.files {
        let record: InputRecord =
            store.input(*print).expect("the store answers").unwrap_or_else(|| panic!("{name} is unknown"));
        // Of many findings the record keeps the first ones.
        let is_full = record.findings.len() >= InputRecord::FINDINGS_MAX;
        let has = |code: &str| is_full || record.findings.iter().any(|finding| &*finding.code == code);
        let told = format!("{name} {fault:?}: {:#?}", record.findings);
        match fault {
            Some(Fault::MissingTrailer) => assert!(has(finding_code::MISSING_TRAILER), "{told}"),
            Some(Fault::Partial) => {
                let is_cut = [finding_code::MISSING_TRAILER, finding_code::TRUNCATED].into_iter().any(has);
                assert!(is_cut, "{told}");
                continue;
            }
            Some(Fault::Encoding) => assert!(is_full || has(finding_code::ENCODING) == *is_abi, "{told}"),
            Some(Fault::Duplicate) => assert_eq!(record.duplicates, 1, "{told}"),
            _ => {}
        }
        let meant = |code: &str| match code {
            finding_code::CHECK_DIGIT | finding_code::UNKNOWN_CODE => true,
            finding_code::MISSING_FIELD => name.starts_with("co-"),
            finding_code::BATCH_REJECTED => name.starts_with("x1-"),
            finding_code::MISSING_TRAILER => *fault == Some(Fault::MissingTrailer),
            finding_code::ENCODING => *fault == Some(Fault::Encoding),
            _ => false,
        };
        assert!(record.findings.iter().all(|finding| meant(&finding.code)), "{told}");
        // An interchange without its end is held back for a person; a batch without its end says enough.
        let is_wrong = *fault == Some(Fault::MissingTrailer) && !is_abi;
        assert_eq!(quarantined.contains(name), is_wrong, "{told}");
        struck.extend(record.findings.iter().filter_map(|finding| match &*finding.code {
            finding_code::CHECK_DIGIT => Some("check-digit"),
            finding_code::UNKNOWN_CODE => Some("unknown-codes"),
            _ => None,
        }));
    }
    assert_eq!(struck.len(), 2, "the faults of content are found as well: {struck:?}");
}

/// The files that are in quarantine.
fn quarantined(store: &dyn Store) -> BTreeSet<Box<str>> {
    let mut names = BTreeSet::new();
    let mut after = None;
    loop {
        let pieces = store.quarantined(after.as_ref(), PAGE).expect("the store answers");
        names.extend(pieces.iter().map(|(_, piece)| Box::from(&*piece.name)));
        let Some((last, _)) = pieces.last() else { return names };
        after = Some(last.clone());
    }
}
