//! What else is said about an entry beside the story from filing to liquidation: what the broker files and asks, what the
//! carrier, the manifest and the bank say, and how orders are tied to it.
//!
//! It follows the story's own events and has its own numbers, so that the story stays what it is without it.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::Family;
use super::life::{Casting, Life, UNKNOWN_CODE, later, rare};
use super::random::Rng;
use super::story::{
    CargoAnswer, CensusStep, Event, Release, StatusAnswer, Summary, SummaryAction, TibStep, What,
};

/// Apart from the streams of the lives, which count up from 1, and of the cohorts.
const STREAM: u64 = 1 << 62;

/// A temporary importation ends a year after entry; CBP tells of it a month before.
const TIB_NOTICE_DAYS: u64 = 335;

/// The day of liquidation that an answer tells before it comes.
const SCHEDULED_DAYS: u64 = 314;

impl What {
    /// In what it travels.
    pub(super) fn family(&self) -> Family {
        match self {
            Self::Filing { .. } => Family::Sx,
            Self::Release(_) => Family::So,
            Self::Summary(_) => Family::Ax,
            Self::Notice(_) => Family::Uc,
            Self::Liquidation { .. } | Self::Postponed { .. } => Family::Nr,
            Self::Carrier { .. } => Family::Set350,
            Self::Advice { .. } => Family::Set824,
            Self::Receipt { .. } => Family::Set997,
            Self::ReleaseFiling { .. } => Family::Se,
            Self::SummaryFiling(_) => Family::Ae,
            Self::Census(CensusStep::Query) => Family::Cj,
            Self::Census(CensusStep::Answer { .. }) => Family::Cl,
            Self::Census(CensusStep::Override) => Family::Cw,
            Self::Census(CensusStep::Result { .. }) => Family::Co,
            Self::CargoQuery => Family::Cq,
            Self::CargoAnswer(_) => Family::C1,
            Self::BillNotice { .. } => Family::Ns,
            Self::StatusQuery => Family::Eq,
            Self::StatusAnswer(_) => Family::Er,
            Self::Tib(TibStep::Expires) => Family::Ts,
            Self::Tib(TibStep::Request) => Family::Te,
            Self::Tib(TibStep::Answer { .. }) => Family::Tx,
            Self::BatchRejected => Family::X1,
            Self::OceanStatus { .. } => Family::Set315,
            Self::GeneralOrder { .. } => Family::Set352,
            Self::Arrival => Family::Set353,
            Self::OpenBill => Family::Set354,
            Self::ManifestAnswer { .. } => Family::Set355,
            Self::Payment => Family::Set820,
            Self::Order => Family::Set850,
            Self::Shipment => Family::Set856,
            Self::Invoice => Family::Set810,
            Self::ImplementationReceipt { .. } => Family::Set999,
            Self::InterchangeReceipt { .. } => Family::Ta1,
        }
    }
}

impl Casting {
    /// Adds everything beside the core story; nothing when only the core is written.
    pub(super) fn enrich(&self, index: u64, life: &mut Life) {
        if self.families.iter().all(|family| Family::CORE.contains(family)) {
            return;
        }
        let mut rng = Rng::of(self.seed, STREAM | index);
        if rng.chance(8) {
            life.antidumping_cents = 1_000 + life.duty_cents / 10;
        }
        if rng.chance(3) && self.families.contains(&Family::Ts) {
            temporary(life, &mut rng);
        }
        let story = life.events.clone();
        let mut sequel = Sequel { rng, life, opens: self.opens(index), accepted: None };
        sequel.orders();
        sequel.cargo();
        let mirrors = Mirrors {
            bill: sequel.rng.chance(25),
            ocean: sequel.rng.chance(20),
            named: sequel.rng.chance(50),
        };
        for event in story {
            sequel.beside(event, mirrors);
        }
        if self.unknown_codes && rare(index) {
            let at = sequel.opens + TimeDelta::hours(20);
            sequel.add(at, What::BillNotice { code: UNKNOWN_CODE, named: true });
            sequel.add(at + TimeDelta::minutes(9), What::OceanStatus { code: UNKNOWN_CODE });
        }
    }
}

/// The entry becomes a temporary importation, which is never liquidated.
fn temporary(life: &mut Life, rng: &mut Rng) {
    let is_over = |what| matches!(what, What::Liquidation { .. } | What::Postponed { .. });
    if !life.events.iter().any(|event| is_over(event.what)) {
        return;
    }
    life.events.retain(|event| !is_over(event.what));
    life.entry_type = "23";
    let last = life.events.iter().map(|event| event.at).max().unwrap_or_default();
    let told = later(life.entry_date, TIB_NOTICE_DAYS).and_time(NaiveTime::MIN) + TimeDelta::hours(20);
    let told = told.max(last + TimeDelta::hours(1));
    let mut add = |days, minutes, step| {
        let at = told + TimeDelta::days(days) + TimeDelta::minutes(minutes);
        life.events.push(Event { at, what: What::Tib(step) });
    };
    add(0, 0, TibStep::Expires);
    add(2, 0, TibStep::Request);
    add(2, 25, TibStep::Answer { accepted: rng.chance(80) });
}

/// Who else tells what CBP did to the bills of an entry.
#[derive(Clone, Copy)]
struct Mirrors {
    /// NS
    bill: bool,
    /// 315
    ocean: bool,
    /// The notices name the entry.
    named: bool,
}

struct Sequel<'l> {
    rng: Rng,
    life: &'l mut Life,
    opens: NaiveDateTime,
    accepted: Option<NaiveDate>,
}

impl Sequel<'_> {
    /// Adds a message, never before the life begins.
    fn add(&mut self, at: NaiveDateTime, what: What) {
        self.life.events.push(Event { at: at.max(self.opens), what });
    }

    fn after(&mut self, at: NaiveDateTime, low_minutes: i64, high_minutes: i64) -> NaiveDateTime {
        at + TimeDelta::minutes(self.rng.within(low_minutes, high_minutes))
    }

    /// The papers of the trade: some come before the filing, some long after the release.
    fn orders(&mut self) {
        if self.rng.chance(30) {
            let at = self.after(self.opens, 5, 200);
            self.add(at, What::Order);
        }
        if self.rng.chance(30) {
            let is_late = self.rng.chance(15);
            let days = if is_late { self.rng.within(20, 60) } else { 0 };
            let at = self.after(self.opens + TimeDelta::days(days), 5, 600);
            self.add(at, What::Shipment);
        }
        if self.rng.chance(30) {
            let at = self.after(self.opens, 5, 700);
            self.add(at, What::Invoice);
        }
        if self.rng.chance(10) {
            let accepted = self.rng.chance(90);
            let at = self.after(self.opens, 720, 770);
            self.add(at, What::ImplementationReceipt { accepted });
        }
        if self.rng.chance(10) {
            let accepted = self.rng.chance(90);
            let at = self.after(self.opens, 700, 770);
            self.add(at, What::InterchangeReceipt { accepted });
        }
    }

    /// Manifest and arrival of the cargo, and what the broker asks about it.
    fn cargo(&mut self) {
        let arrival = self.life.arrival.and_time(NaiveTime::MIN) + TimeDelta::hours(4);
        if self.rng.chance(12) {
            let accepted = self.rng.chance(80);
            let at = self.after(self.opens, 10, 600);
            self.add(at, What::ManifestAnswer { accepted });
        }
        if self.rng.chance(15) {
            let at = self.after(arrival, 0, 50);
            self.add(at, What::Arrival);
        }
        if self.rng.chance(5) {
            let code = self.rng.pick(&["1", "2", "2", "3"]);
            let at = self.after(arrival + TimeDelta::days(10), 0, 600);
            self.add(at, What::GeneralOrder { code });
        }
        if self.rng.chance(3) {
            let at = self.after(arrival + TimeDelta::days(190), 0, 600);
            self.add(at, What::OpenBill);
        }
        if self.rng.chance(10) {
            let answer = self.rng.pick(&[
                CargoAnswer::Entry,
                CargoAnswer::Bills,
                CargoAnswer::Bills,
                CargoAnswer::Air,
                CargoAnswer::NotFound,
            ]);
            let at = self.after(arrival, 60, 600);
            self.add(at, What::CargoQuery);
            self.add(at + TimeDelta::minutes(4), What::CargoAnswer(answer));
        }
    }

    /// What goes with one event of the story.
    fn beside(&mut self, event: Event, mirrors: Mirrors) {
        let at = event.at;
        let ahead = at - TimeDelta::minutes(20);
        match event.what {
            What::Filing { accepted } => {
                let again = accepted && self.has(What::Filing { accepted: false });
                self.add(ahead, What::ReleaseFiling { again });
            }
            What::Release(release) => self.mirror(at, release, mirrors),
            What::Summary(summary) => self.summary(at, summary),
            What::Liquidation { reason, change_cents, again: false } => {
                if let (true, Some(accepted)) = (self.rng.chance(15), self.accepted) {
                    let asked = self.after(at, 1_440, 14_400);
                    let day = at.date();
                    let answer = StatusAnswer::Liquidated { accepted, day, reason, change_cents };
                    self.add(asked, What::StatusQuery);
                    self.add(asked + TimeDelta::minutes(6), What::StatusAnswer(answer));
                }
            }
            _ => {}
        }
    }

    fn has(&self, what: What) -> bool {
        self.life.events.iter().any(|event| event.what == what)
    }

    fn mirror(&mut self, at: NaiveDateTime, release: Release, mirrors: Mirrors) {
        let code = match release {
            Release::ManifestHold => "1H",
            Release::ManifestHoldRemoved => "1I",
            Release::Released => "1C",
            _ => return,
        };
        if mirrors.bill {
            let at = self.after(at, 1, 30);
            self.add(at, What::BillNotice { code, named: mirrors.named });
        }
        if mirrors.ocean {
            let at = self.after(at, 30, 90);
            self.add(at, What::OceanStatus { code });
        }
    }

    fn summary(&mut self, at: NaiveDateTime, summary: Summary) {
        let filed = at - TimeDelta::minutes(20);
        let action = match summary {
            Summary::Rejected => SummaryAction::Incomplete,
            Summary::Replaced => SummaryAction::Replace,
            Summary::Added | Summary::AddedWithCensusWarning => SummaryAction::Add,
        };
        if self.rng.chance(2) {
            self.add(filed - TimeDelta::minutes(30), What::BatchRejected);
        }
        self.add(filed, What::SummaryFiling(action));
        if action != SummaryAction::Add {
            return;
        }
        self.accepted = Some(at.date());
        if summary == Summary::AddedWithCensusWarning {
            self.census(at);
        }
        if self.rng.chance(12) {
            let at = self.after(at, 10 * 1_440, 14 * 1_440);
            self.add(at, What::Payment);
        }
        if self.rng.chance(15) {
            let asked = self.after(at, 1_440, 30 * 1_440);
            let scheduled = self.rng.chance(40).then(|| later(self.life.entry_date, SCHEDULED_DAYS));
            let open = StatusAnswer::Open { accepted: at.date(), scheduled };
            let answer = if self.rng.chance(15) { StatusAnswer::NotFound } else { open };
            self.add(asked, What::StatusQuery);
            self.add(asked + TimeDelta::minutes(6), What::StatusAnswer(answer));
        }
    }

    fn census(&mut self, at: NaiveDateTime) {
        let asked = self.after(at, 600, 2_000);
        let taken = self.rng.chance(70);
        self.add(asked, What::Census(CensusStep::Query));
        self.add(asked + TimeDelta::minutes(5), What::Census(CensusStep::Answer { accepted: at.date() }));
        self.add(asked + TimeDelta::minutes(90), What::Census(CensusStep::Override));
        self.add(asked + TimeDelta::minutes(110), What::Census(CensusStep::Result { taken }));
    }
}
