//! The scanner over a folder that does what the test says.

use std::sync::Mutex;

use super::*;
use crate::intake::{Algorithms, Checked, HostKeyPin, SftpAuth, SftpSettings};

const WHOLE: &str = "A3001XYZ      030226     SO\nB3001XYZSO\nY3001XYZSO\nZ3001XYZ\n";
const OPEN: &str = "A3001XYZ      030226     SO\nB3001XYZSO\n";

#[derive(Default)]
struct World {
    files: BTreeMap<String, (String, i64)>,
    archive: BTreeMap<String, String>,
    odd: Vec<String>,
    down: bool,
    finish_fails: bool,
    unreadable: Vec<String>,
    deadly: Vec<String>,
    lists: u32,
    fetches: Vec<String>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<World>>);

impl Fake {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().expect("no test panicked inside"))
    }

    fn put(&self, name: &str, text: &str, modified: i64) {
        self.with(|world| world.files.insert(name.into(), (text.into(), modified)));
    }

    fn seen(world: &World, name: &str) -> Option<Seen> {
        let (text, modified) = world.files.get(name)?;
        Some(Seen { name: name.into(), size_bytes: text.len() as u64, modified: at(*modified), version: 0 })
    }
}

fn lost() -> IntakeError {
    IntakeError::Connect { server: "u@h:22".into(), source: "connection refused".into() }
}

impl Folder for Fake {
    fn list(&mut self) -> Result<Listing, IntakeError> {
        self.with(|world| {
            world.lists += 1;
            if world.down {
                return Err(lost());
            }
            let files = world.files.keys().filter_map(|name| Self::seen(world, name)).collect();
            Ok(Listing { files, odd_names: world.odd.clone(), cut_short: false })
        })
    }

    fn fetch(&mut self, seen: &Seen, _: u64) -> Result<Vec<u8>, IntakeError> {
        let name = seen.name.clone();
        self.with(|world| {
            world.fetches.push(name.clone());
            if world.down || world.deadly.contains(&name) {
                return Err(lost());
            }
            match Self::seen(world, &name) {
                None => Err(IntakeError::Vanished { name }),
                Some(now) if now != *seen => Err(IntakeError::Changed { name }),
                Some(_) if world.unreadable.contains(&name) => {
                    Err(IntakeError::Read { name, source: "permission denied".into() })
                }
                Some(_) => Ok(world.files[&name].0.clone().into_bytes()),
            }
        })
    }

    fn finish(&mut self, seen: &Seen, _: &Fingerprint) -> Result<Finished, IntakeError> {
        self.with(|world| {
            if world.down {
                return Err(lost());
            }
            if world.finish_fails {
                return Err(IntakeError::Finish {
                    act: "move".into(),
                    name: seen.name.clone(),
                    source: "disk full".into(),
                });
            }
            match Self::seen(world, &seen.name) {
                None => Ok(Finished::Gone),
                Some(now) if now != *seen => Ok(Finished::Changed),
                Some(_) => {
                    let (text, _) = world.files.remove(&seen.name).expect("it was just seen");
                    world.archive.insert(seen.name.clone(), text);
                    Ok(Finished::Done)
                }
            }
        })
    }

    fn check(&mut self) -> Result<Checked, IntakeError> {
        Ok(Checked { files: 0, remarks: vec![] })
    }
}

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + secs, 0).expect("a time")
}

fn settings() -> DropSettings {
    DropSettings {
        name: DropName::new("acme"),
        broker: BrokerName::new("acme"),
        place: DropPlace::Sftp(SftpSettings {
            host: "h".into(),
            port: 22,
            user: "u".into(),
            auth: SftpAuth::Agent { socket: None },
            host_key: HostKeyPin::KnownHosts("kh".into()),
            path: String::new(),
            timeout: Duration::from_secs(30),
            algorithms: Algorithms::default(),
        }),
        poll: Duration::from_secs(10),
        settle: Duration::from_secs(2),
        incomplete_after: Duration::from_secs(600),
        max_file_bytes: 1000,
        ignore: vec![],
        include: vec![],
        after: After::Move { to: "done".into() },
    }
}

/// A scanner, its world, and the time.
struct Drive {
    fake: Fake,
    scanner: Scanner,
}

fn drive(change: impl FnOnce(&mut DropSettings)) -> Drive {
    let mut settings = settings();
    change(&mut settings);
    let fake = Fake::default();
    let scanner =
        Scanner::new(settings, ScanLimits { batch_files: 3, batch_bytes: 400 }, Box::new(fake.clone()));
    Drive { fake, scanner }
}

impl Drive {
    fn scan(&mut self, secs: i64) -> ScanReport {
        self.scanner.scan(at(secs), &CancellationToken::new())
    }

    /// Scans, finishes what is ready, and answers the names.
    fn take(&mut self, secs: i64) -> Vec<String> {
        let report = self.scan(secs);
        for arrived in &report.ready {
            assert_eq!(self.scanner.finish(arrived, at(secs)), None);
        }
        names(&report)
    }
}

fn names(report: &ScanReport) -> Vec<String> {
    report.ready.iter().map(|arrived| arrived.name.clone()).collect()
}

fn kinds(report: &ScanReport) -> Vec<&'static str> {
    report.troubles.iter().map(|trouble| trouble.key.kind.as_str()).collect()
}

fn cleared(report: &ScanReport) -> Vec<&'static str> {
    report.cleared.iter().map(|key| key.kind.as_str()).collect()
}

#[test]
fn a_file_is_taken_once_it_stands_still_and_then_moved() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    let report = drive.scan(0);
    assert!(report.ready.is_empty());
    assert_eq!(report.next, at(2), "the settle period ends sooner than the poll");
    let report = drive.scan(2);
    let arrived = &report.ready[0];
    assert_eq!(
        (arrived.name.as_str(), arrived.bytes.as_slice(), arrived.incomplete),
        ("a", WHOLE.as_bytes(), false)
    );
    assert_eq!(arrived.fingerprint, Fingerprint::of(WHOLE.as_bytes()));
    assert_eq!(drive.scanner.finish(arrived, at(2)), None);
    assert!(drive.fake.with(|world| world.files.is_empty() && world.archive.contains_key("a")));
    assert_eq!(drive.scan(12).next, at(22));
}

#[test]
fn a_second_file_that_looks_just_like_the_first_is_taken_too() {
    let mut drive = drive(|_| {});
    for secs in [0, 12] {
        drive.fake.put("a", WHOLE, 0);
        drive.scan(secs);
        assert_eq!(drive.take(secs + 2), ["a"]);
    }
}

#[test]
fn what_is_not_finished_is_offered_again() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.scan(0);
    assert_eq!(names(&drive.scan(2)), ["a"]);
    assert_eq!(names(&drive.scan(12)), ["a"]);
    assert_eq!(drive.take(22), ["a"]);
    assert!(drive.scan(32).ready.is_empty());
}

#[test]
fn batches_are_bounded_and_follow_without_listing_again() {
    let mut drive = drive(|_| {});
    for name in ["a", "b", "c", "d", "e"] {
        drive.fake.put(name, WHOLE, 0);
    }
    drive.fake.put("big", &"x".repeat(390), 1);
    drive.scan(0);
    let report = drive.scan(2);
    assert_eq!((names(&report).len(), report.next), (3, at(2)));
    report.ready.iter().for_each(|arrived| assert_eq!(drive.scanner.finish(arrived, at(2)), None));
    assert_eq!(drive.take(2), ["d", "e"], "the big one does not fit in");
    assert_eq!(drive.take(2), ["big"]);
    assert_eq!(drive.fake.with(|world| world.lists), 2);
}

#[test]
fn a_file_without_trailer_is_read_twice_and_taken_late() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", OPEN, 0);
    for secs in [0, 2, 10, 100, 599] {
        assert!(drive.scan(secs).ready.is_empty());
    }
    assert_eq!(drive.fake.with(|world| world.fetches.len()), 1);
    let report = drive.scan(600);
    assert!(report.ready[0].incomplete);
}

#[test]
fn a_slow_upload_is_taken_only_when_whole() {
    let mut drive = drive(|_| {});
    for (step, end) in (1..WHOLE.len() - 1).step_by(7).enumerate() {
        drive.fake.put("a", &WHOLE[..end], step as i64);
        assert!(drive.scan(step as i64 * 3).ready.is_empty());
        assert!(drive.scan(step as i64 * 3 + 2).ready.is_empty());
    }
    drive.fake.put("a", WHOLE, 900);
    drive.scan(900);
    assert_eq!(drive.take(902), ["a"]);
}

#[test]
fn files_that_vanish_or_change_are_no_trouble() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.fake.put("b", WHOLE, 0);
    drive.scan(0);
    // Between listing and fetching: the listing of this scan is older than what happens next.
    let settled = drive.scanner.settler.look(
        &drive
            .fake
            .with(|world| world.files.keys().filter_map(|name| Fake::seen(world, name)).collect::<Vec<_>>()),
        at(2),
    );
    drive.scanner.queue = settled.into();
    drive.scanner.listed_at = Some(at(2));
    drive.fake.with(|world| world.files.remove("a"));
    drive.fake.put("b", OPEN, 5);
    let report = drive.scan(2);
    assert!(report.ready.is_empty() && report.troubles.is_empty());
    drive.fake.put("b", WHOLE, 6);
    drive.scan(12);
    assert_eq!(drive.take(14), ["b"]);
}

#[test]
fn too_large_is_told_once_and_cleared_when_it_is_gone() {
    let mut drive = drive(|settings| settings.max_file_bytes = 10);
    drive.fake.put("a", WHOLE, 0);
    drive.scan(0);
    // The fake does not count bytes; a real folder answers like this.
    let error = IntakeError::TooLarge { name: "a".into(), limit_bytes: 10 };
    let settled = drive.scanner.settler.look(&drive.scanner_listing(), at(2)).remove(0);
    drive.scanner.settler.refuse(&settled, None);
    let mut report = drive.scan(3);
    drive.scanner.raise(&error, Some("a"), at(3), &mut report);
    assert_eq!(kinds(&report), ["too-large"]);
    for secs in [10, 20, 30] {
        let report = drive.scan(secs);
        assert!(report.troubles.is_empty() && report.cleared.is_empty());
    }
    drive.fake.with(|world| world.files.clear());
    assert_eq!(cleared(&drive.scan(40)), ["too-large"]);
}

impl Drive {
    fn scanner_listing(&self) -> Vec<Seen> {
        self.fake.with(|world| world.files.keys().filter_map(|name| Fake::seen(world, name)).collect())
    }
}

#[test]
fn an_unreadable_file_is_told_once_retried_slowly_and_holds_up_nobody() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.fake.put("b", WHOLE, 1);
    drive.fake.with(|world| world.unreadable.push("a".into()));
    drive.scan(0);
    let report = drive.scan(2);
    assert_eq!((names(&report), kinds(&report)), (vec!["b".to_owned()], vec!["unreadable"]));
    assert_eq!(report.troubles[0].text, "could not read `a`: permission denied");
    assert_eq!(drive.scanner.finish(&report.ready[0], at(2)), None);
    for secs in [12, 22, 62, 72] {
        assert!(drive.scan(secs).troubles.is_empty());
    }
    assert_eq!(drive.fake.with(|world| world.fetches.iter().filter(|name| *name == "a").count()), 2);
    drive.fake.with(|world| world.unreadable.clear());
    let report = drive.scan(140);
    assert_eq!((names(&report), cleared(&report)), (vec!["a".to_owned()], vec!["unreadable"]));
}

#[test]
fn odd_names_are_told_once() {
    let mut drive = drive(|_| {});
    drive.fake.with(|world| world.odd.push("../x".into()));
    assert_eq!(kinds(&drive.scan(0)), ["odd-name"]);
    assert!(drive.scan(10).troubles.is_empty());
    drive.fake.with(|world| world.odd.clear());
    assert_eq!(cleared(&drive.scan(20)), ["odd-name"]);
}

#[test]
fn an_unreachable_server_is_told_once_and_left_alone_longer_and_longer() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.fake.with(|world| world.down = true);
    let (mut secs, mut waits, mut told) = (0, Vec::new(), 0);
    for _ in 0..12 {
        let report = drive.scan(secs);
        told += report.troubles.len();
        waits.push((report.next - at(secs)).num_seconds());
        let lists = drive.fake.with(|world| world.lists);
        assert_eq!(drive.scan(secs).next, report.next, "a scan in between does nothing");
        assert_eq!(drive.fake.with(|world| world.lists), lists);
        secs = (report.next - at(0)).num_seconds() + 1;
    }
    assert_eq!(told, 1);
    assert!(
        waits.windows(2).all(|pair| pair[0] <= pair[1] + 75) && *waits.last().expect("waits") <= 300,
        "{waits:?}"
    );
    drive.fake.with(|world| world.down = false);
    assert_eq!(cleared(&drive.scan(secs)), ["unreachable"]);
    assert_eq!(drive.take(secs + 2), ["a"]);
}

#[test]
fn another_kind_of_failure_replaces_the_first() {
    let mut drive = drive(|_| {});
    drive.fake.with(|world| world.down = true);
    assert_eq!(kinds(&drive.scan(0)), ["unreachable"]);
    let mut report = drive.scan(0);
    drive.scanner.fail(&IntakeError::Login { server: "u@h".into(), source: "no".into() }, at(5), &mut report);
    assert_eq!((kinds(&report), cleared(&report)), (vec!["login-refused"], vec!["unreachable"]));
    assert_eq!(drive.scan(6).next, at(305), "a refused login is not tried often");
}

#[test]
fn a_file_that_breaks_the_connection_does_not_keep_the_others_waiting() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.fake.put("b", WHOLE, 1);
    drive.fake.with(|world| world.deadly.push("a".into()));
    drive.scan(0);
    let report = drive.scan(2);
    assert_eq!((names(&report).len(), kinds(&report)), (0, vec!["unreachable"]));
    let next = (report.next - at(0)).num_seconds() + 1;
    assert_eq!(drive.take(next), ["b"]);
}

#[test]
fn what_cannot_be_finished_is_told_once_retried_and_never_taken_again() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.fake.with(|world| world.finish_fails = true);
    drive.scan(0);
    let report = drive.scan(2);
    let trouble = drive.scanner.finish(&report.ready[0], at(2)).expect("it failed");
    assert_eq!(
        (trouble.key.kind.as_str(), trouble.text.as_str()),
        ("finish-failed", "could not move `a`: disk full")
    );
    for secs in (12..600).step_by(10) {
        let report = drive.scan(secs);
        assert!(report.ready.is_empty() && report.troubles.is_empty() && report.cleared.is_empty());
    }
    drive.fake.with(|world| world.finish_fails = false);
    let report = drive.scan(1200);
    assert_eq!(cleared(&report), ["finish-failed"]);
    assert!(drive.fake.with(|world| world.archive.contains_key("a") && world.fetches.len() == 1));
}

#[test]
fn a_file_rewritten_before_it_could_be_finished_is_taken_anew() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.scan(0);
    let report = drive.scan(2);
    let second = WHOLE.replace("XYZ", "ABC");
    drive.fake.put("a", &second, 3);
    assert_eq!(drive.scanner.finish(&report.ready[0], at(3)), None);
    drive.scan(12);
    let report = drive.scan(14);
    assert_eq!(report.ready[0].bytes, second.as_bytes());
}

#[test]
fn files_that_are_left_are_remembered_and_known_ones_passed_over() {
    let mut drive = drive(|settings| settings.after = After::Leave);
    let left = |world: &mut World| world.finish_fails = false;
    drive.fake.with(left);
    drive.scanner.known = Arc::new(|name, _| name == "old");
    drive.fake.put("old", WHOLE, 0);
    drive.fake.put("new", WHOLE, 0);
    drive.scan(0);
    let report = drive.scan(2);
    assert_eq!(names(&report), ["new"]);
    drive.scanner.settler.taken(&report.ready[0].settled);
    for secs in [12, 22, 32] {
        assert!(drive.scan(secs).ready.is_empty());
    }
    assert_eq!(drive.fake.with(|world| world.fetches.len()), 2);
}

#[test]
fn stop_ends_a_scan_between_files() {
    let mut drive = drive(|_| {});
    drive.fake.put("a", WHOLE, 0);
    drive.scan(0);
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(drive.scanner.scan(at(2), &stop).ready.is_empty());
    assert_eq!(drive.take(2), ["a"]);
}
