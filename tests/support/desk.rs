//! An engine on a desk: real journal in a temporary folder, store in memory, a clock that is set, a mail server that
//! answers as told. What scenarios and property tests drive.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveTime, Utc};
use entrywatch::clock::{Clock, TestClock, Zone};
use entrywatch::daemon::engine::{Engine, Incoming, Taken, Versions};
use entrywatch::daemon::tasks::deliver::alerts_of;
use entrywatch::deadline::{DeadlineTable, Overrides, Programme};
use entrywatch::email::{Mail, MailSettings, Renderer};
use entrywatch::grammar::Grammar;
use entrywatch::ident::{BrokerName, DropName, Fingerprint};
use entrywatch::interpret::Interpreter;
use entrywatch::journal::Journal;
use entrywatch::outbox::{AsOf, Attempt, Audience, Outcome, Team, batch};
use entrywatch::pipeline::{FeedWatch, Pipeline};
use entrywatch::place::Severity;
use entrywatch::rules::{EMBEDDED, EMBEDDED_NAME, Playbook, Rules, Vocabulary};
use entrywatch::store::Store;
use entrywatch::store::memory::MemoryStore;

pub struct Desk {
    pub folder: tempfile::TempDir,
    pub clock: Arc<TestClock>,
    pub engine: Option<Engine>,
}

pub fn renderer() -> &'static Renderer {
    static RENDERER: OnceLock<Renderer> = OnceLock::new();
    RENDERER.get_or_init(|| {
        let zone = Zone::named("America/New_York").expect("a zone");
        let settings =
            MailSettings::new("entrywatch <alerts@example.com>", "example.com", zone).expect("mail settings");
        Renderer::new(None, settings).expect("the embedded templates are sound")
    })
}

/// A folder that costs no syncs where the system has one; what a sync is worth is shown by the crash test.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// The embedded rules and tables, compiled once.
pub fn pipeline() -> Arc<Pipeline> {
    static PIPELINE: OnceLock<Arc<Pipeline>> = OnceLock::new();
    PIPELINE.get_or_init(compile).clone()
}

fn compile() -> Arc<Pipeline> {
    let grammar = Grammar::embedded();
    // Nothing else of the tests is liquidated so early.
    let until = chrono::NaiveDate::from_ymd_opt(2010, 12, 31).expect("a date");
    let programmes = vec![Programme { deadline: "CAPE_80D".into(), until }];
    let deadlines =
        DeadlineTable::embedded().with_overrides(Overrides { programmes, ..Overrides::default() });
    let ids = deadlines.definitions().iter().map(|definition| definition.id.as_str());
    let vocabulary = Vocabulary::new(&grammar.codes, ids);
    let rules =
        Rules::parse(&[(EMBEDDED_NAME, EMBEDDED)], &Playbook::embedded(), &["operations"], &vocabulary)
            .expect("the embedded rules are sound");
    let team = Team {
        name: "operations".into(),
        to: vec!["operations@example.com".into()],
        zone: Zone::named("America/New_York").expect("a zone"),
        digest_at: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min: Severity::Info,
    };
    Arc::new(Pipeline {
        interpreter: Arc::new(Interpreter::new(grammar).expect("the embedded grammar is whole")),
        rules: Arc::new(rules),
        deadlines: Arc::new(deadlines),
        audience: Audience::new(vec![team]),
        importer_number: Default::default(),
        feeds: vec![watched()],
    })
}

/// A broker that works Monday to Friday; the feeds of all others may be silent.
fn watched() -> FeedWatch {
    FeedWatch {
        broker: BrokerName::new("nine-to-five"),
        zone: Zone::named("America/New_York").expect("a zone"),
        weekdays: 0b1_1111,
        opens: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
        closes: NaiveTime::from_hms_opt(17, 0, 0).expect("a time"),
        silent_after: chrono::TimeDelta::hours(4),
        awaits_first: false,
    }
}

pub fn versions() -> Versions {
    Versions { config: "test".into(), grammar: "test".into(), rules: "test".into() }
}

impl Desk {
    pub fn new(now: DateTime<Utc>) -> Self {
        let mut desk = Self { folder: in_memory(), clock: Arc::new(TestClock::at(now)), engine: None };
        desk.open(&pipeline());
        desk
    }

    /// Starts with an empty store: everything comes back from the journal.
    pub fn open(&mut self, pipeline: &Arc<Pipeline>) {
        self.open_as(pipeline, "test");
    }

    /// The same under rules that go by this name.
    pub fn open_as(&mut self, pipeline: &Arc<Pipeline>, rules: &str) {
        self.engine = None;
        let (journal, _) = Journal::open(self.folder.path()).expect("the journal opens");
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (engine, _) = Engine::open(
            journal,
            store,
            pipeline.clone(),
            Versions { rules: rules.into(), ..versions() },
            clock,
        )
        .expect("the engine opens");
        self.engine = Some(engine);
    }

    pub fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().expect("the engine is open")
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.engine.as_ref().expect("the engine is open").store().clone()
    }

    pub fn receive(&mut self, name: &str, broker: &str, bytes: &[u8]) -> Taken {
        self.receive_as(name, broker, bytes, true)
    }

    /// `deliver` is false for a backfill.
    pub fn receive_as(&mut self, name: &str, broker: &str, bytes: &[u8], deliver: bool) -> Taken {
        let mut content = Cursor::new(bytes);
        let mut incoming = [Incoming {
            drop: DropName::new("desk"),
            broker: BrokerName::new(broker),
            name: name.into(),
            size_bytes: bytes.len() as u64,
            incomplete: false,
            deliver,
            content: &mut content,
        }];
        self.engine().receive(&mut incoming).expect("the file is received")[0]
    }

    pub fn state_hash(&self) -> Fingerprint {
        self.engine.as_ref().expect("the engine is open").state_hash().expect("the store answers")
    }

    /// Sends what is ready; the server answers `answer` to each. The mails that were handed over.
    pub fn deliver(&mut self, answer: impl Fn(&Mail) -> Outcome) -> Vec<Mail> {
        let now = self.clock.now();
        let mut sent = Vec::new();
        loop {
            let letters = self.store().letters_ready(now, 100).expect("the store answers");
            if letters.is_empty() {
                return sent;
            }
            let mut attempts: Vec<Attempt> = Vec::new();
            for letter in batch(letters, 100) {
                let alerts =
                    alerts_of(&*self.store(), self.engine().pipeline(), &letter).expect("the store answers");
                assert_eq!(alerts.len(), letter.alerts.len(), "every alert of the letter is there");
                let mail = renderer().render(&letter, &alerts).expect("the letter renders");
                let (outcome, as_of) = (answer(&mail), AsOf::of(&alerts));
                attempts.push(Attempt { letter: letter.key, outcome, as_of });
                sent.push(mail);
            }
            self.engine().delivered(&attempts).expect("the outcomes are kept");
        }
    }
}
