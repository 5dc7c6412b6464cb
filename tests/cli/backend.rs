//! A small world: one entry held, released and liquidated, another one held; an alert, a letter, a file in quarantine.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use entrywatch::deadline::DeadlineTable;
use entrywatch::entry::{Life, Sighting, Unmatched};
use entrywatch::grammar::Grammar;
use entrywatch::ident::{BillOfLading, BrokerName, DropName, EntryNumber, Fingerprint, NoticeId};
use entrywatch::notice::{
    Amounts, ClearedCodes, Effect, EventTime, Fields, HoldKind, Kind, Liquidation, LiquidationKind, Notice,
    Token,
};
use entrywatch::outbox::{
    AgendaKey, Alert, AlertKey, Audience, Cause, Course, Letter, LetterKey, LetterKind, LetterState, Past,
    Silences, Team, TroubleBrief, TroubleId, Window,
};
use entrywatch::place::{Finding, Grade, Place, Severity, finding_code};
use entrywatch::serve::{Action, ApiError, Backend};
use entrywatch::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey,
    Quarantined, Step,
};
use entrywatch::store::{Counts, LetterFilter, Store, StoreError};

pub const LIQUIDATED: &str = "N01-7000012-4";
pub const HELD: &str = "XYZ-7654321-1";
pub const CONTENT: &[u8] = b"first line\nZZ99 for 123-45-6789\x1b[2J\nlast line\n";

type Result<T> = std::result::Result<T, StoreError>;

pub fn number(text: &str) -> EntryNumber {
    EntryNumber::parse(text).expect("an entry number")
}

pub fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn amounts(duty: &str, fees: &str) -> Amounts {
    let amount = |text: &str| Some(text.parse().expect("an amount"));
    Amounts { duty: amount(duty), fees: amount(fees), ..Amounts::default() }
}

/// A notice of an entry, told in the order of its arrival.
struct Told<'a> {
    kind: Kind,
    code: &'a str,
    meaning: &'a str,
    at: &'a str,
    effect: Effect,
    fields: &'a [(&'a str, &'a str)],
}

fn life(entry: &str, broker: &str, told: &[Told<'_>]) -> Life {
    let mut life = Life::new(number(entry));
    for (index, told) in told.iter().enumerate() {
        let mut fields = Fields::new();
        told.fields.iter().for_each(|(name, value)| fields.push(name, value));
        let mut id = [index as u8; 16];
        id[..11].copy_from_slice(number(entry).as_bytes());
        let notice = Notice {
            id: NoticeId::from_bytes(id),
            kind: told.kind,
            entry: Some(number(entry)),
            bill: (told.kind == Kind::BillStatus).then(|| BillOfLading::parse("XYZL12345678")).flatten(),
            house_bill: None,
            container: None,
            code: Token::some(told.code),
            table: None,
            meaning: (!told.meaning.is_empty()).then(|| told.meaning.into()),
            severity: if matches!(told.effect, Effect::Hold { .. }) {
                Severity::Critical
            } else {
                Severity::Info
            },
            at: EventTime::parse(told.at),
            effect: told.effect,
            fields,
        };
        let seen = Sighting {
            file: Fingerprint::of(&[index as u8]),
            place: Place { offset: 80 * index as u64, line: index as u64 + 1, column: None },
            received_at: instant("2026-03-02T13:40:00Z"),
            broker: BrokerName::new(broker),
            name: format!("so-{index}.txt").into(),
        };
        life.add(Arc::new(notice), seen);
    }
    life
}

fn liquidated() -> Life {
    let cbp = Token::new("CBP");
    let hold = Token::new("1H");
    let liquidation = Liquidation {
        event: LiquidationKind::Liquidation,
        date: Some(date("2026-12-11")),
        kind: Token::new("L"),
        reason: Token::new("01"),
        paid: amounts("1000.00", "31.67"),
        liquidated: amounts("1250.50", "31.67"),
        interest: None,
        interest_unreadable: false,
    };
    let fields: &[(&str, &str)] = &[
        ("entry_type", "01"),
        ("port_of_entry", "2704"),
        ("importer_number", "123-45-6789"),
        ("broker_reference", "=R-1"),
        ("purchase_order", "PO-77"),
    ];
    life(
        LIQUIDATED,
        "Acme",
        &[
            Told {
                kind: Kind::BillStatus,
                code: "1H",
                meaning: "intensive examination",
                at: "2026-03-01T14:05:00",
                effect: Effect::Hold { agency: cbp, code: hold, what: HoldKind::Exam },
                fields,
            },
            Told {
                kind: Kind::BillStatus,
                code: "1I",
                meaning: "examination finished",
                at: "2026-03-02T08:30:00",
                effect: Effect::Clear { agency: cbp, codes: ClearedCodes::of([hold]) },
                fields: &[],
            },
            Told {
                kind: Kind::ReleaseStatus,
                code: "98",
                meaning: "released",
                at: "2026-03-02T08:31:00",
                effect: Effect::Release { date: Some(date("2026-03-02")) },
                fields: &[],
            },
            Told {
                kind: Kind::SummaryResponse,
                code: "AAA",
                meaning: "accepted",
                at: "2026-03-10",
                effect: Effect::SummaryAccepted { version: Token::some("1"), warnings: false },
                fields: &[],
            },
            Told {
                kind: Kind::Liquidation,
                code: "",
                meaning: "",
                at: "2026-12-11",
                effect: Effect::Liquidated(liquidation),
                fields: &[],
            },
        ],
    )
}

fn held() -> Life {
    let (fda, hold) = (Token::new("FDA"), Token::new("07"));
    life(
        HELD,
        "Borealis",
        &[
            Told {
                kind: Kind::ReleaseStatus,
                code: "98",
                meaning: "released",
                at: "2026-11-02T10:00:00",
                effect: Effect::Release { date: Some(date("2026-11-02")) },
                fields: &[("entry_type", "01"), ("importer_number", "12-345678900")],
            },
            Told {
                kind: Kind::AgencyStatus,
                code: "07",
                meaning: "hold intact",
                at: "2026-11-03T10:00:00",
                effect: Effect::Hold { agency: fda, code: hold, what: HoldKind::Hold },
                fields: &[],
            },
            Told {
                kind: Kind::AgencyStatus,
                code: "Q9\u{1b}",
                meaning: "",
                at: "2026-11-04",
                effect: Effect::Unknown,
                fields: &[],
            },
        ],
    )
}

fn alert() -> Alert {
    Alert {
        key: AlertKey::new("quarantined", "file", "1"),
        rule: "quarantined".into(),
        title: "File could not be read".into(),
        severity: Severity::Warning,
        raised_at: instant("2026-11-05T08:00:00Z"),
        broker: None,
        entry: None,
        cause: Cause::Trouble(TroubleBrief {
            subject: "file so-9.txt".into(),
            code: "quarantined".into(),
            message: "a record is unknown".to_owned(),
            advice: "look at it".to_owned(),
            file: None,
            place: None,
        }),
        deadlines: Vec::new(),
        over_at: None,
        as_told: Default::default(),
        next_step: "look at it".into(),
    }
}

fn letter() -> Letter {
    let alert = alert();
    Letter {
        key: LetterKey::of("ops@importer.example", [&alert.key]),
        recipient: "ops@importer.example".into(),
        kind: LetterKind::Alert,
        entry: None,
        severity: Severity::Warning,
        alerts: vec![alert.key],
        created_at: instant("2026-11-05T08:00:00Z"),
        state: LetterState::GivenUp {
            at: instant("2026-11-05T09:00:00Z"),
            attempt: 3,
            error: "550 no such user".into(),
            may_have_arrived: false,
        },
        past: Past::default(),
        marks: Vec::new(),
        grounds: Default::default(),
    }
}

pub struct World {
    lives: BTreeMap<EntryNumber, Life>,
    quarantine: BTreeMap<QuarantineKey, Quarantined>,
    table: DeadlineTable,
    grammar: Arc<Grammar>,
    pub acts: Mutex<Vec<Action>>,
}

impl World {
    pub fn new() -> Self {
        let file = Fingerprint::of(CONTENT);
        let place = Place { offset: 11, line: 2, column: Some(1) };
        let piece = Quarantined {
            drop: DropName::new("acme"),
            broker: BrokerName::new("Acme"),
            name: "so-9.txt".into(),
            received_at: instant("2026-11-05T08:00:00Z"),
            stage: "decode".into(),
            finding: Finding::new(finding_code::UNKNOWN_RECORD, Grade::Error, place, "no table knows `ZZ99`"),
            advice: "Look at the line.".into(),
        };
        Self {
            lives: [liquidated(), held()].into_iter().map(|life| (life.number, life)).collect(),
            quarantine: BTreeMap::from([(QuarantineKey { file, piece: 0 }, piece)]),
            table: DeadlineTable::embedded().clone(),
            grammar: Grammar::embedded(),
            acts: Mutex::new(Vec::new()),
        }
    }

    pub fn life(&self, entry: &str) -> &Life {
        &self.lives[&number(entry)]
    }
}

impl Backend for World {
    fn store(&self) -> &dyn Store {
        self
    }
    fn deadlines(&self) -> &DeadlineTable {
        &self.table
    }
    fn grammar(&self) -> &Grammar {
        &self.grammar
    }
    fn config(&self) -> &str {
        "0123456789abcdef"
    }
    fn content(&self, _file: Fingerprint) -> std::result::Result<Box<dyn Read + Send>, ApiError> {
        Ok(Box::new(Cursor::new(CONTENT)))
    }
    fn state_hash(&self) -> std::result::Result<Fingerprint, ApiError> {
        Ok(entrywatch::daemon::apply::state_hash(self, &self.table)?)
    }
    fn calendar(&self, _team: &Team) -> std::result::Result<String, ApiError> {
        Ok("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".to_owned())
    }
    fn audience(&self) -> &Audience {
        static NOBODY: std::sync::LazyLock<Audience> = std::sync::LazyLock::new(Audience::default);
        &NOBODY
    }
    fn act(&self, action: Action) -> std::result::Result<(), ApiError> {
        if matches!(action, Action::Backup { .. }) {
            return Err(ApiError::failed("write the backup", std::io::Error::other("disk full")));
        }
        self.acts.lock().expect("no test panics with it").push(action);
        Ok(())
    }
}

impl Store for World {
    fn position(&self) -> Result<Position> {
        Ok(Position { seq: 7, hash: Fingerprint::ZERO })
    }
    fn commit(&self, _step: &Step) -> Result<()> {
        Ok(())
    }
    fn life(&self, number: EntryNumber) -> Result<Option<Life>> {
        Ok(self.lives.get(&number).cloned())
    }
    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>> {
        let entries = [number(LIQUIDATED)].into();
        Ok((bill.as_str() == "XYZL12345678").then(|| BillRecord { entries, ..BillRecord::default() }))
    }
    fn loose(&self, _id: NoticeId) -> Result<Option<Unmatched>> {
        Ok(None)
    }
    fn files(&self, _from: Fingerprint, _limit: usize) -> Result<Vec<Fingerprint>> {
        Ok(self.quarantine.keys().map(|key| key.file).collect())
    }
    fn unread(&self, _after: Option<Fingerprint>, _limit: usize) -> Result<Vec<(Fingerprint, Box<str>)>> {
        Ok(Vec::new())
    }
    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>> {
        let Some((_, piece)) = self.quarantine.iter().find(|(key, _)| key.file == file) else {
            return Ok(None);
        };
        Ok(Some(InputRecord {
            seq: 1,
            drop: piece.drop.clone(),
            broker: piece.broker.clone(),
            name: piece.name.clone(),
            size_bytes: 160,
            received_at: piece.received_at,
            duplicates: 0,
            messages: 1,
            notices: 0,
            findings: Vec::new(),
        }))
    }
    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>> {
        Ok(Some(alert()).filter(|alert| alert.key == *key))
    }
    fn feed(&self, _broker: &BrokerName) -> Result<Option<FeedRecord>> {
        Ok(None)
    }
    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>> {
        Ok(Some(letter()).filter(|letter| letter.key == *key))
    }
    fn trouble(&self, _id: &TroubleId) -> Result<Option<OpenTrouble>> {
        Ok(None)
    }
    fn troubles(&self) -> Result<Vec<OpenTrouble>> {
        Ok(Vec::new())
    }
    fn lives(&self, after: Option<EntryNumber>, limit: usize) -> Result<Vec<Life>> {
        let behind = |life: &&Life| after.is_none_or(|after| life.number > after);
        Ok(self.lives.values().filter(behind).take(limit).cloned().collect())
    }
    fn bills(&self, _after: Option<&BillOfLading>, _limit: usize) -> Result<Vec<(BillOfLading, BillRecord)>> {
        Ok(Vec::new())
    }
    fn all_loose(&self, _after: Option<NoticeId>, _limit: usize) -> Result<Vec<Unmatched>> {
        Ok(Vec::new())
    }
    fn alerts(&self, after: Option<&AlertKey>, _limit: usize) -> Result<Vec<Alert>> {
        Ok([alert()].into_iter().filter(|alert| after.is_none_or(|after| alert.key > *after)).collect())
    }
    fn quarantined(
        &self,
        after: Option<&QuarantineKey>,
        limit: usize,
    ) -> Result<Vec<(QuarantineKey, Quarantined)>> {
        let behind = |(key, _): &(&QuarantineKey, &Quarantined)| after.is_none_or(|after| *key > after);
        let pieces = self.quarantine.iter().filter(behind).take(limit);
        Ok(pieces.map(|(key, piece)| (key.clone(), piece.clone())).collect())
    }
    fn due_until(&self, _day: NaiveDate, _limit: usize) -> Result<Vec<(DueKey, DueValue)>> {
        Ok(Vec::new())
    }
    fn digest(&self, _recipient: Option<&str>, _limit: usize) -> Result<Vec<DigestKey>> {
        Ok(Vec::new())
    }
    fn course(&self, _key: &AlertKey) -> Result<Option<Course>> {
        Ok(None)
    }
    fn window(&self, _name: &str) -> Result<Option<Window>> {
        Ok(None)
    }
    fn silences(&self) -> Result<Silences> {
        Ok(Silences::default())
    }
    fn agenda_until(&self, _now: DateTime<Utc>, _limit: usize) -> Result<Vec<AgendaKey>> {
        Ok(Vec::new())
    }
    fn next_agenda_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(None)
    }
    fn letters_ready(&self, _now: DateTime<Utc>, _limit: usize) -> Result<Vec<Letter>> {
        Ok(Vec::new())
    }
    fn next_letter_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(None)
    }
    fn letters(&self, filter: LetterFilter, _limit: usize) -> Result<Vec<Letter>> {
        let is_shown = matches!(filter, LetterFilter::All | LetterFilter::GivenUp);
        Ok(if is_shown { vec![letter()] } else { Vec::new() })
    }
    fn counts(&self) -> Result<Counts> {
        Ok(Counts {
            entries: self.lives.len() as u64,
            letters: 1,
            alerts: 1,
            quarantined: 1,
            ..Counts::default()
        })
    }
    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
