//! A desk with rules and teams of its own, for what becomes of alerts over time: invented messages of one code each, and a clock
//! that is looked at whenever something is due.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use entrywatch::clock::{Clock, Zone};
use entrywatch::config::vocabulary;
use entrywatch::email::Mail;
use entrywatch::grammar::Grammar;
use entrywatch::ident::EntryNumber;
use entrywatch::outbox::{Audience, Cap, Course, Manners, Outcome, Quiet, Team};
use entrywatch::pipeline::Pipeline;
use entrywatch::place::Severity;
use entrywatch::rules::{EMBEDDED, EMBEDDED_NAME, Playbook, Rules};
use entrywatch::store::LetterFilter;

use crate::desk::{self, Desk};

pub struct Life {
    pub desk: Desk,
    pub pipeline: Arc<Pipeline>,
}

/// A mail as it was handed to the server.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: DateTime<Utc>,
    pub mail: Mail,
    pub to: String,
}

impl Sent {
    pub fn subject(&self) -> &str {
        self.mail.subject()
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text} is no instant"))
}

pub fn team(name: &str, zone: &str) -> Team {
    Team {
        name: name.into(),
        to: vec![format!("{name}@example.com").into()],
        zone: Zone::named(zone).expect("a zone"),
        digest_at: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
        severity_min: Severity::Info,
    }
}

/// Quiet from ten to six; only critical passes.
pub fn quiet_nights() -> Manners {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("a time");
    Manners { quiet: Some(Quiet { from: time(22), to: time(6), pass: Severity::Critical }), ..Manners::NONE }
}

pub fn gathering() -> Manners {
    Manners { gather: Some(TimeDelta::minutes(2)), ..Manners::NONE }
}

pub fn capped(letters: u32, minutes: i64) -> Manners {
    Manners { cap: Some(Cap { letters, within: TimeDelta::minutes(minutes) }), ..Manners::NONE }
}

/// The entry number with this serial, its check digit right.
pub fn entry(serial: u32) -> EntryNumber {
    let numbers = (0..10).map(|digit| format!("9Z7{serial:07}{digit}"));
    let mut right = numbers.filter_map(|text| EntryNumber::parse(&text));
    right.find(|number| number.check_digit_offset() == 0).expect("one of ten digits is right")
}

/// A release status of one code for each entry, sent at that moment of Customs time.
pub fn status(serials: impl IntoIterator<Item = u32>, code: &str, sent: &str) -> Vec<u8> {
    let mut records = vec!["A27049Z7      030226     SO".to_owned()];
    for serial in serials {
        let number = entry(serial);
        let number = &number.as_str()[3..];
        records.extend([
            "B  27049Z7SO".to_owned(),
            format!("SO1027049Z7  {number} 0198-765432100WAVYPELICAN TRADER      118E 0308261"),
            format!("SO60{sent}{code}INVENTED"),
            "Y  27049Z7SO00002".to_owned(),
        ]);
    }
    records.push("Z27049Z7      030226".to_owned());
    records.iter().flat_map(|record| format!("{record:80}\n").into_bytes()).collect()
}

/// A release of 2 April 2025, whose summary is due on the 16th.
pub fn released() -> Vec<u8> {
    const RECORDS: [&str; 7] = [
        "A27049Z7      040225     SO",
        "B  27049Z7SO",
        "SO1027049Z7  10000425 0112-345678900XYLANORTHERN EXAMPLE    0412W040225",
        "SO20CR DEMO00042",
        "SO60040225140298RELEASED                                        04022508",
        "Y  27049Z7SO00003",
        "Z27049Z7      040225",
    ];
    RECORDS.iter().flat_map(|record| format!("{record:80}\n").into_bytes()).collect()
}

impl Life {
    /// `rules` stand in front of the embedded ones. The teams are those of the audience, in order.
    pub fn new(rules: &str, audience: Audience, now: &str) -> Self {
        let known = vocabulary(Some(&Grammar::embedded()));
        let names: Vec<&str> = audience.teams().iter().map(|team| &*team.name).collect();
        let files = [("own.toml", rules), (EMBEDDED_NAME, EMBEDDED)];
        let files = if rules.is_empty() { &files[1..] } else { &files[..] };
        let rules = Rules::parse(files, &Playbook::embedded(), &names, &known);
        let rules = rules.unwrap_or_else(|faults| panic!("{faults:#?}"));
        let base = desk::pipeline();
        let pipeline = Arc::new(Pipeline {
            feeds: Vec::new(),
            interpreter: base.interpreter.clone(),
            rules: Arc::new(rules),
            deadlines: base.deadlines.clone(),
            audience,
            importer_number: Default::default(),
        });
        let mut desk = Desk::new(at(now));
        desk.open(&pipeline);
        Self { desk, pipeline }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.desk.clock.now()
    }

    /// Receives a release status with one code; `MMDDYYhhmm` is when Customs sent it.
    pub fn receive(&mut self, serial: u32, broker: &str, code: &str, sent: &str) {
        self.desk.receive(&format!("{serial}-{code}-{sent}.txt"), broker, &status([serial], code, sent));
    }

    /// Looks at the clock as the daemon does.
    pub fn tick(&mut self) {
        let engine = self.desk.engine();
        engine.remind().expect("reminders are said");
        engine.due(false).expect("the agenda is done");
        engine.digests().expect("digests are written");
    }

    /// Lets time pass, looking at the clock every hour and whenever the agenda says so, and delivers what comes of it.
    pub fn until(&mut self, then: &str) -> Vec<Sent> {
        let then = at(then);
        let mut sent = Vec::new();
        while self.now() < then {
            let agenda = self.desk.store().next_agenda_at().expect("the store answers");
            let hour = self.now() + TimeDelta::hours(1);
            let next = agenda.filter(|next| *next > self.now()).into_iter().chain([hour, then]).min();
            self.desk.clock.set(next.expect("there is an hour").min(then));
            self.tick();
            sent.extend(self.mails());
        }
        sent
    }

    /// Delivers what is ready.
    pub fn mails(&mut self) -> Vec<Sent> {
        let now = self.now();
        let mails = self.desk.deliver(|_| Outcome::Accepted { response: "250 ok".into() });
        let store = self.desk.store();
        let to = |mail: &Mail| {
            let letter = store.letter(mail.key()).expect("the store answers").expect("the letter is there");
            letter.recipient.to_string()
        };
        mails.into_iter().map(|mail| Sent { at: now, to: to(&mail), mail }).collect()
    }

    /// Everything that people are or will be told, as the store has it.
    pub fn told(&self) -> Vec<String> {
        let store = self.desk.store();
        let mut told: Vec<String> = Vec::new();
        for letter in store.letters(LetterFilter::All, usize::MAX).expect("the store answers") {
            told.push(format!("{letter:?}"));
        }
        for alert in store.alerts(None, usize::MAX).expect("the store answers") {
            let course = store.course(&alert.key).expect("the store answers");
            told.push(format!("{} {course:?}", alert.key));
        }
        let far = self.now() + TimeDelta::days(3_650);
        told.extend(
            store.agenda_until(far, usize::MAX).expect("it answers").iter().map(|key| format!("{key:?}")),
        );
        told.extend(store.digest(None, usize::MAX).expect("it answers").iter().map(|key| format!("{key:?}")));
        told.push(format!("{:?} {:?}", store.silences().expect("it answers"), self.desk.state_hash()));
        told
    }

    /// Starts again with an empty store: the journal gives the same letters, courses and agenda.
    pub fn rebuild(&mut self) {
        let before = self.told();
        let pipeline = self.pipeline.clone();
        self.desk.open(&pipeline);
        let after = self.told();
        let differing = before.iter().zip(&after).find(|(before, after)| before != after);
        assert!(before == after, "the rebuilt state differs: {differing:#?}");
    }

    /// The course of the only alert of a rule about an entry.
    pub fn course(&self, rule: &str, serial: u32) -> Course {
        let store = self.desk.store();
        let key = self.alert(rule, serial);
        store.course(&key).expect("the store answers").unwrap_or_default()
    }

    /// The key of the only alert of a rule about an entry.
    pub fn alert(&self, rule: &str, serial: u32) -> entrywatch::outbox::AlertKey {
        let prefix = format!("{rule}|{}|", entry(serial).as_str());
        let alerts = self.desk.store().alerts(None, usize::MAX).expect("the store answers");
        let mut keys =
            alerts.into_iter().map(|alert| alert.key).filter(|key| key.as_str().starts_with(&prefix));
        let key = keys.next().unwrap_or_else(|| panic!("no alert {prefix}"));
        assert_eq!(keys.next(), None, "more than one alert {prefix}");
        key
    }
}
