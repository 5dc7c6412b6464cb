//! How an event that rules are tried with is dressed: the parties, references, goods, amounts and times that conditions ask
//! for, and what its entry lived through before and in the same file.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use rust_decimal::Decimal;

use super::invented::{ENTRY, EffectParts, effect_named};
use super::testread::clock;
use crate::entry::{Entry, EntryDeadline, Goods, GoodsLine};
use crate::ident::{BillOfLading, EntryNumber, FilerCode, NoticeId};
use crate::notice::{Amounts, CBP, ClearedCodes, Effect, EventTime, Fields, Kind, Notice, Token};
use crate::place::Severity;

/// A Monday; invented events happen in its week.
const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day of the calendar");

/// What an entry may have lived through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stage {
    Known,
    Filed,
    Refused,
    Held,
    Released,
    Accepted,
    Liquidated,
    Suspended,
    Cancelled,
    /// Customs warned of the summary, and nobody answered.
    InQuestion,
    /// The accepted summary was taken off its statement.
    Unpaid,
    /// A report and the messages disagree.
    Contradicted,
    /// The notice came before.
    Same,
    /// The hold that the notice opens is removed.
    Cleared,
}

impl Stage {
    fn words(self) -> &'static str {
        match self {
            Self::Known => "a notice",
            Self::Filed => "a filing",
            Self::Refused => "a refused filing",
            Self::Held => "a hold",
            Self::Released => "a release",
            Self::Accepted => "an accepted summary",
            Self::Liquidated => "a liquidation",
            Self::Suspended => "a suspension",
            Self::Cancelled => "a cancellation",
            Self::InQuestion => "a census warning",
            Self::Unpaid => "an accepted summary on no statement",
            Self::Contradicted => "a report that disagrees",
            Self::Same => "the same notice",
            Self::Cleared => "the end of the hold",
        }
    }
}

/// A named field and its value; `None` for one that is not there.
pub(super) type FieldValue = (Box<str>, Option<Box<str>>);

/// What conditions ask of an event beside its code.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Dress {
    pub broker: Option<Box<str>>,
    pub entry_type: Option<Token>,
    pub port: Option<Token>,
    pub importer: Option<Box<str>>,
    pub filer: Option<FilerCode>,
    pub number: Option<EntryNumber>,
    pub reference: Option<Box<str>>,
    pub order: Option<Box<str>>,
    pub bill: Option<BillOfLading>,
    pub container: Option<Token>,
    pub lines: Vec<GoodsLine>,
    /// Who speaks, where the code leaves that open.
    pub agency: Option<Token>,
    pub fields: Vec<FieldValue>,
    /// As a liquidation states it.
    pub paid: Option<Decimal>,
    pub liquidated: Option<Decimal>,
    /// The notice belongs to no entry.
    pub is_of_none: bool,
    /// What came before the file, and what else is in it.
    pub past: Vec<Stage>,
    pub also: Vec<Stage>,
    /// The holds of [`Stage::Held`]: one of Customs unless something is asked.
    pub holds: Vec<(Token, Token)>,
    pub hold_days: Option<i64>,
    /// Clocks that run, with the days left.
    pub clocks: Vec<(Box<str>, i64)>,
    /// From Monday.
    pub weekday: Option<u64>,
    pub time: Option<NaiveTime>,
    /// From the event to the day on which it was received.
    pub age_days: Option<i64>,
}

/// Days away from `day`, as far as the calendar goes.
fn before(day: NaiveDate, days: i64) -> NaiveDate {
    TimeDelta::try_days(days).and_then(|days| day.checked_sub_signed(days)).unwrap_or(day)
}

impl Dress {
    /// Both at once; `None` when they differ in something.
    pub fn with(&self, other: &Self) -> Option<Self> {
        fn join<T: Clone + PartialEq>(own: &Option<T>, theirs: &Option<T>) -> Option<Option<T>> {
            match (own, theirs) {
                (Some(own), Some(theirs)) if own != theirs => None,
                (own, theirs) => Some(own.clone().or_else(|| theirs.clone())),
            }
        }
        fn joined<T: Clone + PartialEq>(own: &[T], theirs: &[T]) -> Option<Vec<T>> {
            match (own.is_empty(), theirs.is_empty()) {
                (_, true) => Some(own.to_vec()),
                (true, _) => Some(theirs.to_vec()),
                _ => (own == theirs).then(|| own.to_vec()),
            }
        }
        Some(Self {
            broker: join(&self.broker, &other.broker)?,
            entry_type: join(&self.entry_type, &other.entry_type)?,
            port: join(&self.port, &other.port)?,
            importer: join(&self.importer, &other.importer)?,
            filer: join(&self.filer, &other.filer)?,
            number: join(&self.number, &other.number)?,
            reference: join(&self.reference, &other.reference)?,
            order: join(&self.order, &other.order)?,
            bill: join(&self.bill, &other.bill)?,
            container: join(&self.container, &other.container)?,
            lines: joined(&self.lines, &other.lines)?,
            agency: join(&self.agency, &other.agency)?,
            fields: joined(&self.fields, &other.fields)?,
            paid: join(&self.paid, &other.paid)?,
            liquidated: join(&self.liquidated, &other.liquidated)?,
            is_of_none: self.is_of_none || other.is_of_none,
            past: joined(&self.past, &other.past)?,
            also: joined(&self.also, &other.also)?,
            holds: joined(&self.holds, &other.holds)?,
            hold_days: join(&self.hold_days, &other.hold_days)?,
            clocks: joined(&self.clocks, &other.clocks)?,
            weekday: join(&self.weekday, &other.weekday)?,
            time: join(&self.time, &other.time)?,
            age_days: join(&self.age_days, &other.age_days)?,
        })
    }

    /// The number of the entry that the event is about.
    pub fn number(&self) -> Option<EntryNumber> {
        self.number.or_else(|| EntryNumber::parse(ENTRY))
    }

    /// The notice as asked for.
    pub fn notice(&self, notice: &Notice) -> Notice {
        let mut notice = notice.clone();
        notice.entry = if self.is_of_none { None } else { self.number.or(notice.entry) };
        notice.bill = self.bill.clone().or(notice.bill);
        notice.container = self.container.or(notice.container);
        if let Some(days) = self.age_days {
            let date = before(self.day(), days);
            notice.at = Some(EventTime { date, time: notice.at.and_then(|at| at.time) });
        }
        self.liquidation(&mut notice.effect);
        let mut fields = self.fields.clone();
        match (&mut notice.effect, self.agency) {
            (
                Effect::Hold { agency, .. }
                | Effect::Clear { agency, .. }
                | Effect::ReleaseReversed { agency, .. },
                Some(wanted),
            ) => {
                // Only of these the message names the agency.
                if notice.kind == Kind::AgencyStatus {
                    *agency = wanted;
                }
            }
            (_, Some(wanted)) => fields.push(("agency".into(), Some(wanted.as_str().into()))),
            (_, None) => {}
        }
        if !fields.is_empty() {
            let mut all = Fields::new();
            let kept = notice.fields.iter().filter(|(name, _)| fields.iter().all(|(own, _)| **own != **name));
            kept.for_each(|(name, value)| all.push(name, value));
            for (name, value) in &fields {
                if let Some(value) = value {
                    all.push(name, value);
                }
            }
            notice.fields = all;
        }
        notice
    }

    fn liquidation(&self, effect: &mut Effect) {
        let stated = |duty: Decimal| Amounts { duty: Some(duty), ..Amounts::default() };
        if let Effect::Liquidated(liquidation) = effect {
            liquidation.paid = self.paid.map_or(liquidation.paid, stated);
            liquidation.liquidated = self.liquidated.map_or(liquidation.liquidated, stated);
        }
    }

    /// What came before the file.
    pub fn past(&self, notice: Option<&Notice>) -> Vec<Notice> {
        let at = notice.and_then(|notice| notice.at).unwrap_or(EventTime::date(self.day()));
        let earlier = EventTime { date: before(at.date, 1), time: at.time };
        self.lived(&self.past, notice, earlier, 1_000_000)
    }

    /// What else is in the file.
    pub fn also(&self, notice: &Notice) -> Vec<Notice> {
        let at = notice.at.unwrap_or(EventTime::date(self.day()));
        self.lived(&self.also, Some(notice), at, 2_000_000)
    }

    fn lived(&self, stages: &[Stage], notice: Option<&Notice>, at: EventTime, first: u32) -> Vec<Notice> {
        let mut all: Vec<Notice> = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let minutes = TimeDelta::minutes(index as i64);
            let at = EventTime { date: at.date, time: at.time.map(|time| time + minutes) };
            all.extend(self.stage(*stage, notice, at));
        }
        for (index, notice) in all.iter_mut().enumerate() {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&(first + index as u32).to_be_bytes());
            notice.id = NoticeId::from_bytes(id);
        }
        all
    }

    fn stage(&self, stage: Stage, notice: Option<&Notice>, at: EventTime) -> Vec<Notice> {
        let one = |kind: Kind, word: &str| {
            let parts = EffectParts {
                agency: Token::new(CBP),
                code: Token::new("T"),
                clears: ClearedCodes::default(),
                date: Some(at.date),
                paid: Amounts::default(),
                liquidated: Amounts::default(),
            };
            vec![self.told(kind, at, effect_named(word, parts).unwrap_or(Effect::Inform))]
        };
        match stage {
            Stage::Known => one(Kind::ReleaseResponse, "inform"),
            Stage::Filed => one(Kind::ReleaseFiled, "filed"),
            Stage::Refused => one(Kind::ReleaseResponse, "filing_rejected"),
            Stage::Released => one(Kind::ReleaseStatus, "release"),
            Stage::Accepted => one(Kind::SummaryResponse, "summary_accepted"),
            Stage::Suspended => one(Kind::Liquidation, "suspended"),
            Stage::Cancelled => one(Kind::ReleaseStatus, "cancelled"),
            Stage::InQuestion => one(Kind::CensusWarning, "census_warning"),
            Stage::Unpaid => {
                let accepted = one(Kind::SummaryResponse, "summary_accepted");
                [accepted, one(Kind::StatementEntry, "off_statement")].concat()
            }
            Stage::Liquidated => {
                let mut told = one(Kind::Liquidation, "liquidated");
                told.iter_mut().for_each(|notice| self.liquidation(&mut notice.effect));
                told
            }
            Stage::Held => self.held(at),
            Stage::Contradicted => self.contradicted(at),
            Stage::Same => {
                notice.map(|notice| Notice { at: Some(at), ..notice.clone() }).into_iter().collect()
            }
            Stage::Cleared => {
                let Some(notice) = notice else { return Vec::new() };
                let (Effect::Hold { agency, .. } | Effect::ReleaseReversed { agency, .. }) = notice.effect
                else {
                    return Vec::new();
                };
                let effect = Effect::Clear { agency, codes: ClearedCodes::default() };
                vec![Notice { effect, ..notice.clone() }]
            }
        }
    }

    fn told(&self, kind: Kind, at: EventTime, effect: Effect) -> Notice {
        Notice {
            id: NoticeId::from_bytes([0; 16]),
            kind,
            entry: self.number(),
            bill: None,
            house_bill: None,
            container: None,
            code: None,
            table: None,
            meaning: None,
            severity: Severity::Info,
            at: Some(at),
            effect,
            fields: Fields::new(),
        }
    }

    fn held(&self, at: EventTime) -> Vec<Notice> {
        let usual = [(Token::new(CBP), Token::new("1H"))];
        let holds = if self.holds.is_empty() { &usual[..] } else { &self.holds };
        let at = match self.hold_days {
            Some(days) => EventTime { date: before(self.day(), days), time: at.time },
            None => at,
        };
        let what = crate::notice::HoldKind::Hold;
        let one = |&(agency, code): &(Token, Token)| Effect::Hold { agency, code, what };
        holds.iter().map(|hold| self.told(Kind::BillStatus, at, one(hold))).collect()
    }

    fn contradicted(&self, at: EventTime) -> Vec<Notice> {
        let dated = |kind: Kind, days: i64| {
            let mut told = self.told(kind, at, Effect::Inform);
            told.fields.push("entry_date", &before(at.date, days).to_string());
            told
        };
        vec![dated(Kind::ReleaseResponse, 2), dated(Kind::AceReport, 3)]
    }

    /// The entry with its parties, references and goods.
    pub fn entry(&self, mut entry: Entry) -> Entry {
        entry.entry_type = self.entry_type.or(entry.entry_type);
        entry.port = self.port.or(entry.port);
        entry.importer = self.importer.clone().or(entry.importer);
        entry.filer = self.filer.unwrap_or(entry.filer);
        entry.references.broker = self.reference.clone().or(entry.references.broker);
        entry.references.orders.extend(self.order.clone());
        entry.references.bills.extend(self.bill.clone());
        entry.references.containers.extend(self.container);
        if !self.lines.is_empty() {
            entry.goods = Goods::approved(self.lines.iter().cloned());
        }
        entry
    }

    pub fn running(&self) -> Vec<EntryDeadline> {
        let day = self.day();
        self.clocks.iter().map(|(id, days)| clock(id, before(day, days.saturating_neg()))).collect()
    }

    pub fn broker(&self) -> &str {
        self.broker.as_deref().unwrap_or_default()
    }

    pub fn day(&self) -> NaiveDate {
        DAY + Days::new(self.weekday.unwrap_or_default())
    }

    pub fn now(&self) -> Option<NaiveDateTime> {
        let time = self.time.or_else(|| NaiveTime::from_hms_opt(9, 0, 0))?;
        Some(self.day().and_time(time))
    }

    /// ` with broker acme, port 2704`, or nothing.
    pub fn words(&self) -> String {
        let tariff = self.lines.iter().flat_map(|line| &line.tariffs).next();
        let parts = [
            ("broker", self.broker.as_deref()),
            ("entry type", self.entry_type.as_ref().map(Token::as_str)),
            ("port", self.port.as_ref().map(Token::as_str)),
            // The number may be a person's.
            ("importer", self.importer.as_ref().map(|_| "as asked for")),
            ("filer", self.filer.as_ref().map(FilerCode::as_str)),
            ("entry number", self.number.as_ref().map(EntryNumber::as_str)),
            ("reference", self.reference.as_deref()),
            ("order", self.order.as_deref()),
            ("bill", self.bill.as_ref().map(BillOfLading::as_str)),
            ("container", self.container.as_ref().map(Token::as_str)),
            ("tariff number", tariff.map(Token::as_str)),
            ("agency", self.agency.as_ref().map(Token::as_str)),
        ];
        let parts = parts.into_iter().filter_map(|(what, value)| Some(format!("{what} {}", value?)));
        let mut parts: Vec<String> = parts.collect();
        let field = |(name, value): &FieldValue| match value {
            Some(value) => format!("field {name} `{value}`"),
            None => format!("no field {name}"),
        };
        parts.extend(self.fields.iter().map(field));
        parts.extend(self.paid.map(|paid| format!("${paid} paid")));
        parts.extend(self.liquidated.map(|liquidated| format!("${liquidated} liquidated")));
        parts.extend(self.clocks.iter().map(|(id, days)| format!("{days} days left to {id}")));
        parts.extend(self.weekday.map(|_| self.day().format("%a").to_string()));
        parts.extend(self.time.map(|time| time.format("%H:%M").to_string()));
        parts.extend(self.age_days.map(|days| format!("an event {days} days old")));
        parts.extend(self.is_of_none.then(|| "no entry".to_owned()));
        parts.extend(self.past.iter().map(|stage| format!("{} before", stage.words())));
        parts.extend(self.also.iter().map(|stage| format!("{} in the same file", stage.words())));
        if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(", ")) }
    }
}
