//! Goods on their way: arrival, in bond, general order, temporary importation, warehouse, redelivery.

use std::borrow::Cow;

use super::{CARRIER, Clock, EXPIRY, RECORDED, RELEASED};
use crate::deadline::calendar::plus_days;
use crate::deadline::{Key, id};
use crate::entry::claims::is_same_number;
use crate::entry::{Dated, Entry, HoldState};
use crate::ident::BillOfLading;
use crate::notice::{CargoStep, FactKind, HoldKind, Token};

/// 19 CFR 141.113: a hold that begins so many days after the release still makes it conditional.
const REDELIVERY_DAYS: i64 = 30;

/// Where goods were said to be.
#[derive(Clone, Copy)]
struct Moved<'e> {
    dated: Dated,
    source: &'static str,
    /// Of the goods, where a carrier names it.
    bill: Option<&'e BillOfLading>,
    /// Of the movement, where people tell it.
    number: Option<Token>,
}

impl Moved<'_> {
    /// Neither bills nor numbers tell them apart.
    fn may_be_of(&self, other: &Moved<'_>) -> bool {
        self.bill.zip(other.bill).is_none_or(|(bill, other)| bill == other)
            && self.number.zip(other.number).is_none_or(|(number, other)| is_same_number(number, other))
    }

    /// As [`Self::may_be_of`], on the same day or later.
    fn may_follow(&self, earlier: &Moved<'_>) -> bool {
        self.dated.date >= earlier.dated.date && self.may_be_of(earlier)
    }
}

impl Entry {
    pub(super) fn cargo_clocks(&self, clocks: &mut Vec<Clock>) {
        if !self.cargo.is_empty() || !self.recorded.is_empty() {
            self.arrival_clocks(clocks);
            self.in_bond_clocks(clocks);
        }
        clocks.extend(self.general_order_clock());
        clocks.extend(self.detention_clock());
        clocks.extend(self.redelivery_clock());
        clocks.extend(self.tib_clock());
        clocks.extend(self.warehouse_clock());
    }

    /// Where the goods were said to be, by carriers and by people.
    fn moved(&self, step: CargoStep, fact: FactKind) -> impl Iterator<Item = Moved<'_>> {
        let told = self.cargo.iter().filter(move |event| event.step == step).map(|event| Moved {
            dated: Dated { date: event.date, notice: event.notice },
            source: CARRIER,
            bill: event.bill.as_ref(),
            number: None,
        });
        let recorded = self.recorded.iter().filter(move |known| known.fact == fact);
        let recorded = recorded.filter_map(|known| {
            Some(Moved {
                dated: Dated { date: known.date()?, notice: known.notice },
                source: RECORDED,
                bill: None,
                number: known.reference,
            })
        });
        told.chain(recorded)
    }

    /// Goods must be entered some days after they landed; those that go on in bond, after they arrived there. Of several the
    /// first counts that did not go on.
    fn arrival_clocks(&self, clocks: &mut Vec<Clock>) {
        let in_bond: Vec<Moved<'_>> = self.moved(CargoStep::InBondArrived, FactKind::InBondArrived).collect();
        let onward: Vec<Moved<'_>> = self.moved(CargoStep::InBondAuthorized, FactKind::InBond).collect();
        let landed = self.moved(CargoStep::Arrived, FactKind::Arrival);
        let landed = landed.filter(|landed| !in_bond.iter().any(|arrived| arrived.may_follow(landed)));
        // The new movement restarts the time where it ends, so it must have ended.
        let went_on_to_another = |arrived: &Moved<'_>| {
            onward.iter().any(|onward| {
                let is_later = onward.dated.date > arrived.dated.date && onward.may_be_of(arrived);
                is_later && in_bond.iter().any(|end| end.may_follow(onward))
            })
        };
        let went_on = |arrived: &Moved<'_>| {
            !in_bond.iter().any(|known| known.dated == arrived.dated)
                && onward.iter().any(|onward| onward.may_follow(arrived))
        };
        let stayed = in_bond.iter().filter(|arrived| !went_on_to_another(arrived)).copied();
        let arrived = stayed.chain(landed).min_by_key(|arrived| (went_on(arrived), arrived.dated.date));
        let Some(arrived) = arrived else { return };
        for id in [id::ENTRY_FILE, id::GO_NOTIFY] {
            let mut clock = Clock::new(id);
            clock.fact(Key::ArrivalDate, arrived.dated, arrived.source);
            clock.close_as(self.gone_with_goods());
            clock.close(self.is_entered().then_some("the entry is on file at CBP"));
            clock.close(went_on(&arrived).then_some("the goods went on in bond"));
            self.close_by_record(&mut clock, None);
            clock.may_be_over = self.doubt_of_filing().unwrap_or_default();
            clocks.extend(clock.started());
        }
    }

    /// CBP has the entry: it accepted the filing, or speaks of the entry as one that it knows.
    fn is_entered(&self) -> bool {
        let is_known = self.holds.keys().any(|key| key.scope.is_entry())
            || self.releases.keys().any(super::super::Scope::is_entry)
            || self.answered.is_some();
        !self.is_cancelled
            && !self.filing.is_rejected
            && (self.filing.accepted_at.is_some() || self.summary.accepted_at.is_some() || is_known)
    }

    /// The entry is cancelled and the goods were released, or are not to be entered under its number. What is cancelled before, and
    /// nobody says what became of the goods, leaves goods that nobody entered.
    fn gone_with_goods(&self) -> Option<Cow<'static, str>> {
        let gone = self.gone().filter(|_| !self.is_cancelled || self.standing_release().is_some());
        gone.map(Cow::Borrowed).or_else(|| self.goods_elsewhere())
    }

    /// One transit clock for each movement that people recorded, and for each day on which carriers told of one. It ends
    /// with the arrival of all that it stands for.
    fn in_bond_clocks(&self, clocks: &mut Vec<Clock>) {
        let ends: Vec<Moved<'_>> = self
            .moved(CargoStep::InBondArrived, FactKind::InBondArrived)
            .chain(self.moved(CargoStep::InBondExported, FactKind::InBondArrived))
            .collect();
        let mut movements: Vec<(Box<str>, Vec<Moved<'_>>)> = Vec::new();
        for start in self.moved(CargoStep::InBondAuthorized, FactKind::InBond) {
            let date = start.dated.date;
            let fact = self.recorded.iter().find(|fact| fact.notice == start.dated.notice);
            let instance = fact.map_or_else(|| date.to_string().into(), |fact| fact.instance.clone());
            let is_known = |(known, starts): &&mut (Box<str>, Vec<Moved<'_>>)| {
                let first = starts.first();
                *known == instance
                    || first.is_some_and(|first| first.dated.date == date && first.may_be_of(&start))
            };
            match movements.iter_mut().find(is_known) {
                Some((_, starts)) => starts.push(start),
                None => movements.push((instance, vec![start])),
            }
        }
        for (instance, starts) in movements {
            let mut clock = Clock::of(id::INBOND_TRANSIT, instance);
            let Some(first) = starts.first() else { continue };
            clock.fact(Key::AuthorizedDate, first.dated, first.source);
            starts.iter().for_each(|start| self.with_movement(&mut clock, start.dated));
            let arrived = |start: &Moved<'_>| ends.iter().any(|end| end.may_follow(start));
            clock.close(starts.iter().all(arrived).then_some("the movement arrived"));
            // The goods move on whatever becomes of the entry, unless the entry is the movement.
            clock.close(self.gone().filter(|_| self.is_type(&["61", "62", "63"])));
            self.close_by_record(&mut clock, first.number);
            clocks.extend(clock.started());
        }
        // A carrier's status is itself the report; only an arrival that people recorded still has to be reported.
        let recorded = self.recorded.iter().filter(|fact| fact.fact == FactKind::InBondArrived);
        for fact in recorded {
            let from = clocks.len();
            self.clock_of_fact(clocks, fact, id::INBOND_ARRIVAL_REPORT, Key::ArrivalDate);
            let told = self.cargo.iter().find(|event| {
                event.step == CargoStep::InBondArrived && fact.date().is_none_or(|date| event.date >= date)
            });
            for clock in &mut clocks[from..] {
                clock.close(told.map(|_| "the arrival is on file at CBP"));
            }
        }
    }

    /// How the goods travel, and when they left, as recorded with the movement.
    fn with_movement(&self, clock: &mut Clock, authorized: Dated) {
        let fact = self.recorded.iter().find(|fact| fact.notice == authorized.notice);
        let Some(fact) = fact else { return };
        if let Some(date) = fact.date_of("departure_date") {
            clock.fact(Key::DepartureDate, Dated { date, notice: fact.notice }, RECORDED);
        }
        if let Some(mode) = fact.value("mode") {
            let _ = clock.facts.set(Key::Mode.as_str(), mode);
        }
    }

    /// Goods in general order count as abandoned six months after importation.
    fn general_order_clock(&self) -> Option<Clock> {
        let in_order = |hold: &&HoldState| hold.what == HoldKind::GeneralOrder;
        let hold = self.holds.values().filter(in_order).max_by_key(|hold| (hold.is_open(), hold.since))?;
        let mut clock = Clock::new(id::GO_SALE);
        self.with_import_date(&mut clock);
        if clock.facts.is_empty()
            && let Some(landed) =
                self.moved(CargoStep::Arrived, FactKind::Arrival).min_by_key(|landed| landed.dated.date)
        {
            clock.fact(Key::ImportDate, landed.dated, landed.source);
        }
        clock.close_as(self.gone_with_goods());
        clock.close((!hold.is_open()).then_some("the goods left general order"));
        clock.close(self.released_at().map(|_| "the goods are released"));
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// CBP detained the goods and owes a notice that says why.
    fn detention_clock(&self) -> Option<Clock> {
        let detained = |hold: &&HoldState| hold.what == HoldKind::Detained;
        let hold = self.holds.values().filter(detained).max_by_key(|hold| (hold.is_open(), hold.since))?;
        let mut clock = Clock::new(id::DETAIN_NOTICE);
        let date = hold.since?.date;
        clock.fact(Key::DetainedDate, Dated { date, notice: hold.notice }, "detention");
        clock.close(self.gone());
        clock.close((!hold.is_open()).then_some("the detention is over"));
        self.close_by_record(&mut clock, None);
        clock.started()
    }

    /// Until when CBP may ask for the goods back: for thirty days from the release, or from the end of a conditional one.
    fn redelivery_clock(&self) -> Option<Clock> {
        let released = self.release_date()?;
        let mut clock = Clock::new(id::REDELIVERY_WINDOW);
        match self.end_of_condition(released) {
            Some(end) if end.date > released.date => {
                clock.fact(Key::ReleaseDate, end, "end of the conditional release: the last hold was lifted");
            }
            end => {
                clock.fact(Key::ReleaseDate, released, RELEASED);
                if end.is_none() {
                    clock.set(Key::Conditional, true);
                }
            }
        }
        clock.close(self.over());
        Some(clock)
    }

    /// The release is conditional while a hold stands that began before it, or while the time for redelivery ran. `None`: one
    /// stands still.
    fn end_of_condition(&self, released: Dated) -> Option<Dated> {
        let is_at_issue = |hold: &&HoldState| hold.what != HoldKind::DoNotLoad;
        let mut holds: Vec<&HoldState> = self.holds.values().filter(is_at_issue).collect();
        holds.sort_by_key(|hold| hold.since);
        let mut end = released;
        for hold in holds {
            let began = hold.since.map_or(released.date, |at| at.date);
            if began > plus_days(end.date, REDELIVERY_DAYS) {
                break;
            }
            let Some(closed) = &hold.closed else { return None };
            let lifted = closed.at.map(|at| Dated { date: at.date, notice: closed.notice });
            end = lifted.filter(|lifted| lifted.date > end.date).unwrap_or(end);
        }
        Some(end)
    }

    /// Export or destroy: for temporary importations only.
    fn tib_clock(&self) -> Option<Clock> {
        if !self.is_type(&["23"]) && self.tib == crate::entry::Tib::default() {
            return None;
        }
        let mut clock = Clock::new(id::TIB_EXPORT);
        self.with_import_date(&mut clock);
        if self.tib.extensions > 0 {
            clock.set(Key::Extensions, u32::from(self.tib.extensions));
        }
        let six_months = self.recorded.iter().any(|fact| fact.says("six_month", "yes"));
        if six_months {
            clock.said(Key::SixMonth, true, RECORDED);
        }
        if let Some(dated) = self.tib.expires {
            clock.fact(Key::ExpirationDate, dated, EXPIRY);
        }
        clock.close(self.tib.is_closed.then_some("the importation is closed"));
        clock.close(self.over());
        self.close_by_record(&mut clock, None);
        Some(clock)
    }

    /// Goods may stay in a bonded warehouse for five years.
    fn warehouse_clock(&self) -> Option<Clock> {
        if !self.is_type(&["21", "22"]) {
            return None;
        }
        let mut clock = Clock::new(id::WAREHOUSE_5Y);
        self.with_import_date(&mut clock);
        clock.close(self.gone());
        self.close_by_record(&mut clock, None);
        clock.started()
    }
}
