//! Reports from the ACE portal beside the messages: a second witness. What it says of dates and amounts is held against everything
//! that messages said; where it says something that none of them ever did, the two contradict each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};

use super::{Basis, Entry};
use crate::ident::NoticeId;
use crate::notice::{Amounts, Effect, Kind, Liquidation, LiquidationKind, Notice, WitnessedFact};

/// What one row of a report says.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Witness {
    pub notice: NoticeId,
    /// The day for which the report holds, when it says so.
    pub reported_on: Option<NaiveDate>,
    pub said: BTreeMap<WitnessedFact, Witnessed>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Witnessed {
    Date(NaiveDate),
    /// US dollars.
    Amount(Decimal),
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Amount(amount) => write!(f, "{amount:.2}"),
        }
    }
}

impl Serialize for Witnessed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A report and the messages disagree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Contradiction {
    pub what: WitnessedFact,
    /// A date, or US dollars with cents.
    pub reported: String,
    /// Everything that messages said of it.
    pub told: Vec<String>,
    /// The report's row.
    pub notice: NoticeId,
}

impl Contradiction {
    /// A sentence.
    pub fn text(&self) -> String {
        let what = self.what.words();
        let told = self.told.join(" or ");
        format!("the ACE report has {} as {what}; the messages have {told}", self.reported)
    }
}

/// Keeps what a row says. It changes nothing else of the entry; its liquidation is a notice of its own.
pub(super) fn note(entry: &mut Entry, notice: &Notice) {
    if notice.effect != Effect::Inform {
        return;
    }
    let mut witness = Witness { notice: notice.id, reported_on: None, said: BTreeMap::new() };
    for (name, value) in notice.fields.iter() {
        if name == "report_date" {
            witness.reported_on = value.parse().ok();
        }
        let Some(fact) = WitnessedFact::parse(name) else { continue };
        let read = match fact.is_date() {
            true => value.parse().ok().map(Witnessed::Date),
            false => value.parse().ok().map(Witnessed::Amount),
        };
        witness.said.extend(read.map(|read| (fact, read)));
    }
    entry.witnesses.push(witness);
}

impl Entry {
    /// Where reports and messages disagree: the report says what no message said, and some message said something else.
    ///
    /// Of reports with a day the latest counts, with whatever bears the same day; without one all of them do. A report that was true
    /// for an earlier version of the summary contradicts nothing.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let newest = self.witnesses.iter().map(|witness| witness.reported_on).max().flatten();
        let mut found: Vec<Contradiction> = Vec::new();
        for witness in self.witnesses.iter().filter(|witness| witness.reported_on == newest) {
            for (&what, reported) in &witness.said {
                let told = self.told(what);
                if told.is_empty() || told.contains(reported) {
                    continue;
                }
                let reported = reported.to_string();
                if !found.iter().any(|known| known.what == what && known.reported == reported) {
                    let told = told.iter().map(ToString::to_string).collect();
                    found.push(Contradiction { what, reported, told, notice: witness.notice });
                }
            }
        }
        found.sort();
        found
    }

    /// Whether reports and messages disagree on something on which they did not `before`.
    pub fn is_newly_contradicted(&self, before: Option<&Entry>) -> bool {
        let after = self.contradictions();
        if after.is_empty() {
            return false;
        }
        let before = before.map(Entry::contradictions).unwrap_or_default();
        let is_known = |new: &Contradiction| {
            before.iter().any(|known| known.what == new.what && known.reported == new.reported)
        };
        !after.iter().all(is_known)
    }

    /// Everything that messages said of a fact.
    fn told(&self, fact: WitnessedFact) -> BTreeSet<Witnessed> {
        use WitnessedFact as Fact;
        let dates = |dates: &mut dyn Iterator<Item = NaiveDate>| dates.map(Witnessed::Date).collect();
        match fact {
            Fact::EntryDate => dates(&mut self.entry_dates.iter().map(|dated| dated.date)),
            Fact::ReleaseDate => {
                let releases = self.releases.values();
                let released = releases.filter_map(|known| known.date.or(known.at.map(|at| at.date)));
                dates(&mut released.chain(self.answered.and_then(|answered| answered.status.release_date)))
            }
            Fact::CollectionDate => {
                dates(&mut self.answered.and_then(|answered| answered.status.collection_date).into_iter())
            }
            Fact::LiquidationDate => dates(&mut self.told_liquidations().filter_map(|known| known.date)),
            Fact::EnteredValue => {
                let filings = self.summary.filings.iter();
                filings.filter_map(|filing| filing.filed.entered_value).map(Witnessed::Amount).collect()
            }
            Fact::PaidDuty => self.paid(|amounts| amounts.duty),
            Fact::PaidTax => self.paid(|amounts| amounts.tax),
            Fact::PaidAntidumping => self.paid(|amounts| amounts.antidumping),
            Fact::PaidCountervailing => self.paid(|amounts| amounts.countervailing),
            Fact::PaidFees => self.paid(|amounts| amounts.fees),
            Fact::PaidTotal => {
                let asked = self.statements.values().filter_map(|statement| statement.amount);
                let other = |filing: &super::FiledSummary| filing.filed.other.unwrap_or_default();
                let filings = self.summary.filings.iter();
                let with_other = filings
                    .filter_map(|filing| Some(filing.filed.amounts.total()?.saturating_add(other(filing))));
                let mut told = self.paid(Amounts::total);
                told.extend(asked.chain(with_other).map(Witnessed::Amount));
                told
            }
            Fact::LiquidatedDuty => self.liquidated(|amounts| amounts.duty),
            Fact::LiquidatedTax => self.liquidated(|amounts| amounts.tax),
            Fact::LiquidatedAntidumping => self.liquidated(|amounts| amounts.antidumping),
            Fact::LiquidatedCountervailing => self.liquidated(|amounts| amounts.countervailing),
            Fact::LiquidatedFees => self.liquidated(|amounts| amounts.fees),
            Fact::LiquidatedTotal => self.liquidated(Amounts::total),
        }
    }

    /// Liquidations and reliquidations that anybody but a report told.
    fn told_liquidations(&self) -> impl Iterator<Item = &Liquidation> {
        let told = self.liquidations().filter(|(event, _)| event.basis != Basis::AceReport);
        told.map(|(_, liquidation)| liquidation)
    }

    /// As declared in any version, and as paid by any notice of liquidation.
    fn paid(&self, of: impl Fn(&Amounts) -> Option<Decimal>) -> BTreeSet<Witnessed> {
        let declared = self.summary.filings.iter().filter_map(|filing| of(&filing.filed.amounts));
        let paid = self.told_liquidations().filter_map(|known| of(&known.paid));
        declared.chain(paid).map(Witnessed::Amount).collect()
    }

    fn liquidated(&self, of: impl Fn(&Amounts) -> Option<Decimal>) -> BTreeSet<Witnessed> {
        self.told_liquidations().filter_map(|known| of(&known.liquidated)).map(Witnessed::Amount).collect()
    }
}

/// Whether a liquidation that a report tells is known from messages already.
pub(super) fn is_known(entry: &Entry, notice: &Notice, told: (Option<NaiveDate>, LiquidationKind)) -> bool {
    notice.kind == Kind::AceReport && entry.liquidations().any(|(_, known)| (known.date, known.event) == told)
}
