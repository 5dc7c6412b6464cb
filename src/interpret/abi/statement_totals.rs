//! The totals of a statement against what it lists: entries (PF), daily statements (MS).
//!
//! The amount due of a daily statement is duty, tax that is not deferred, antidumping and countervailing duty unless covered by a bond,
//! fees and interest, over the entries whose payment is due (CATAIR, Daily Statement). A monthly statement sums its daily ones up.
//! A final one repeats the totals of the preliminary one, from which entries were deleted since, so that only its totals paid are held
//! against what it lists.
//!
//! Silence is the answer to every doubt: where a part of the statement may stand elsewhere, nothing is compared.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::resolve::{AmountAt, EntryAt, Resolver};
use super::scribe::Scribe;
use super::sheet::decimal;
use super::statement_lines::{Q1, Q2, QA, is};
use crate::decode::abi::{Record, Transaction};
use crate::grammar::abi::{FieldAt, Tag};
use crate::notice::{StatementStatus, Token};
use crate::place::{Finding, Grade, Place, finding_code};

const Q7: Tag = Tag::named(b"Q7");

/// Sums that every statement has, in the order of [`Figures::sums`].
const SUMS: [&str; 5] = ["duty", "tax", "antidumping duty", "countervailing duty", "interest"];

/// Classes and amounts in one fee record.
const FEES: usize = 5;

/// Fee classes of one statement: there are some thirty.
const CLASSES_MAX: usize = 100;

/// Entries or daily statements that one message can list. A longer statement may go on elsewhere.
const ENTRIES_MAX: usize = 2_000;
const DAILY_STATEMENTS_MAX: usize = 9_999;

/// Differences that one finding names; it says how many more there are.
const NAMED_MAX: usize = 6;

/// Monthly statements that are one importer's alone. The others list daily statements of several, of which a broker may pass on some.
const IMPORTERS_OWN: [&str; 2] = ["7", "8"];

/// Positions of the amounts in three records that belong together: Q1, Q2 and QA, Q3, Q4 and QE, or Q5, Q6 and QJ.
struct Shape {
    tags: [Tag; 3],
    first: [AmountAt; 2],
    second: [AmountAt; 2],
    interest: Option<AmountAt>,
    amount: Option<AmountAt>,
    fees: [(FieldAt, AmountAt); FEES],
}

/// What an entry's records say beside the amounts.
struct Indicators {
    entry: EntryAt,
    is_due: FieldAt,
    tax_deferred: FieldAt,
    antidumping_due: FieldAt,
    countervailing_due: FieldAt,
}

/// Of one family; the daily one has entries, and counts them.
struct Layout {
    item: Shape,
    due: Shape,
    paid: Shape,
    entries: Option<(Indicators, [[FieldAt; 2]; 2], [EntryAt; 4])>,
}

/// Holds totals against what is listed.
pub struct StatementTotals {
    daily: Layout,
    monthly: Layout,
}

/// What a message says of itself.
pub struct Claims<'m> {
    pub is_daily: bool,
    pub status: StatementStatus,
    pub payment_type: Option<Token>,
    /// Every record belongs to the statement, and to the line in which it stands.
    pub is_its_own: bool,
    /// What the decoder found in the message.
    pub findings: &'m [Finding],
}

/// What three records say; `None` where the field is blank.
struct Figures {
    sums: [Option<Decimal>; SUMS.len()],
    fees: Vec<(Token, Decimal)>,
    amount: Option<Decimal>,
}

/// In which sums an item counts.
struct Weight {
    is_due: bool,
    counts: [bool; SUMS.len()],
}

/// Sums over what is listed. Nothing says whether what is not due is part of the sums by class, as it is not part of the amount due:
/// each is kept both ways, by whether the entry is due and whether the sum is.
#[derive(Default)]
struct Listed {
    sums: [[Decimal; 4]; SUMS.len()],
    fees: BTreeMap<Token, [Decimal; 2]>,
    amount: Decimal,
    count: usize,
    has_negative: bool,
}

/// A sum that the totals and the list do not have alike.
struct Difference {
    what: String,
    total: Decimal,
    listed: Decimal,
}

impl Shape {
    fn resolve(
        resolver: &mut Resolver<'_>,
        prefix: &str,
        records: [&[u8; 2]; 3],
        amount: Option<&str>,
    ) -> Self {
        let [first, second, fees] = records.map(|id| format!("{prefix}_{}", String::from_utf8_lossy(id)));
        let interest = (prefix == "PF").then(|| resolver.amount(&second, "recon_interest"));
        Self {
            tags: records.map(|id| Tag::named(id)),
            first: ["duty", "tax"].map(|name| resolver.amount(&first, name)),
            second: ["antidumping", "countervailing"].map(|name| resolver.amount(&second, name)),
            interest,
            amount: amount.map(|name| resolver.amount(&second, name)),
            fees: [1, 2, 3, 4, 5].map(|at| {
                let class = resolver.at(&fees, &format!("class_{at}"));
                (class, resolver.amount(&fees, &format!("amount_{at}")))
            }),
        }
    }

    /// `None` when an amount is no number.
    fn read<'r, 'a: 'r>(
        &self,
        first: &Record<'a>,
        second: &Record<'a>,
        fees: impl Iterator<Item = &'r Record<'a>>,
    ) -> Option<Figures> {
        let amount = |record: &Record<'a>, at: AmountAt| -> Option<Option<Decimal>> {
            record
                .filled_field(&at.at)
                .map(|field| decimal(field, at.decimals))
                .map_or(Some(None), |read| read.map(Some))
        };
        let ([duty, tax], [antidumping, countervailing]) = (self.first, self.second);
        let mut figures = Figures {
            sums: [
                amount(first, duty)?,
                amount(first, tax)?,
                amount(second, antidumping)?,
                amount(second, countervailing)?,
                self.interest.map_or(Some(None), |at| amount(second, at))?,
            ],
            fees: Vec::new(),
            amount: self.amount.map_or(Some(None), |at| amount(second, at))?,
        };
        for record in fees {
            for &(class, at) in &self.fees {
                if let Some(fee) = amount(record, at)? {
                    figures.fees.push((Token::new(record.field(&class)), fee));
                }
            }
        }
        Some(figures)
    }
}

impl StatementTotals {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        let deletions = |resolver: &mut Resolver<'_>| {
            [1, 2, 3, 4].map(|at| EntryAt {
                filer: resolver.at("PF_Q7", &format!("filer_{at}")),
                number: resolver.at("PF_Q7", &format!("entry_{at}")),
            })
        };
        let counts = |resolver: &mut Resolver<'_>, key: &str| {
            ["revenue_entries", "non_revenue_entries"].map(|name| resolver.at(key, name))
        };
        let indicators = Indicators {
            entry: resolver.entry("PF_Q1"),
            is_due: resolver.at("PF_Q2", "pay_indicator"),
            tax_deferred: resolver.at("PF_Q1", "tax_deferred"),
            antidumping_due: resolver.at("PF_Q2", "ad_indicator"),
            countervailing_due: resolver.at("PF_Q2", "cvd_indicator"),
        };
        let entries =
            Some((indicators, ["PF_Q4", "PF_Q6"].map(|key| counts(resolver, key)), deletions(resolver)));
        let mut layout = |prefix: &str, amount: Option<&str>, entries| Layout {
            item: Shape::resolve(resolver, prefix, [b"Q1", b"Q2", b"QA"], amount),
            due: Shape::resolve(resolver, prefix, [b"Q3", b"Q4", b"QE"], Some("amount_due")),
            paid: Shape::resolve(resolver, prefix, [b"Q5", b"Q6", b"QJ"], Some("amount_paid")),
            entries,
        };
        Self { daily: layout("PF", None, entries), monthly: layout("MS", Some("amount_due"), None) }
    }

    /// Tells at most once how the totals differ from the sums of what is listed.
    pub fn check(&self, claims: &Claims<'_>, transaction: &Transaction<'_>, scribe: &mut Scribe<'_, '_>) {
        let layout = if claims.is_daily { &self.daily } else { &self.monthly };
        if let Some((place, message)) = layout.compare(claims, transaction) {
            scribe.finding(finding_code::CONTRADICTION, Grade::Warning, place, message);
        }
    }
}

impl Layout {
    fn compare(&self, claims: &Claims<'_>, transaction: &Transaction<'_>) -> Option<(Place, String)> {
        let records = transaction.records;
        let is_final = claims.status == StatementStatus::Final;
        if !claims.is_its_own
            || transaction.truncated
            || claims.findings.iter().any(is_of_loss)
            || has_unread(records)
        {
            return None;
        }
        let shape = if is_final { &self.paid } else { &self.due };
        let [first, second, fees] = shape.tags;
        let (first, second) = (only(records, first)?, only(records, second)?);
        let has_paid = self.paid.tags.iter().any(|tag| records.iter().any(|record| is(record, *tag)));
        let deletions = records.iter().filter(|record| is(record, Q7));
        let deleted: BTreeSet<[Token; 2]> = match &self.entries {
            Some((_, _, at)) => {
                deletions.clone().flat_map(|record| at.iter().map(|at| named(record, at))).collect()
            }
            None => BTreeSet::new(),
        };
        // Deleted entries may be in the totals due, and in those of the month; nothing says so.
        let has_deletions = deletions.count() > 0;
        if has_paid != is_final || has_deletions && !(is_final && self.entries.is_some()) {
            return None;
        }
        let total = shape.read(first, second, records.iter().filter(|record| is(record, fees)))?;
        let listed = self.listed(records, &deleted)?;
        if !self.is_complete(&listed, second, is_final) {
            return None;
        }
        let mut differences = listed.against(&total);
        let is_own = claims.payment_type.is_some_and(|kind| IMPORTERS_OWN.contains(&kind.as_str()));
        if self.entries.is_none() && !is_own {
            // What is missing can only make the list smaller than the totals.
            differences.retain(|found| found.listed > found.total && !listed.has_negative);
        }
        (!differences.is_empty()).then(|| (second.place, told(&differences, is_final)))
    }

    /// Sums of what is listed; `None` when it cannot be told which amounts count.
    fn listed(&self, records: &[Record<'_>], deleted: &BTreeSet<[Token; 2]>) -> Option<Listed> {
        let mut listed = Listed::default();
        let mut at = 0;
        while let Some(start) = records[at..].iter().position(|record| is(record, Q1)).map(|found| at + found)
        {
            let is_more = |record: &&Record<'_>| is(record, Q2) || is(record, QA);
            let end = start + 1 + records[start + 1..].iter().take_while(is_more).count();
            let group = &records[start..end];
            let second = only(group, Q2)?;
            let figures = self.item.read(&group[0], second, group.iter().filter(|record| is(record, QA)))?;
            let weight = match &self.entries {
                Some((indicators, ..)) if deleted.contains(&named(&group[0], &indicators.entry)) => {
                    return None;
                }
                Some((indicators, ..)) => indicators.weigh(&group[0], second, &figures)?,
                None => Weight { is_due: true, counts: [true; SUMS.len()] },
            };
            listed.add(&figures, &weight)?;
            let own = if self.entries.is_some() { figures.due(&weight) } else { figures.amount? };
            listed.amount = listed.amount.saturating_add(own);
            at = end;
        }
        // Records of an entry that no Q1 opens.
        let is_stray = |tag: Tag| {
            let is_behind = |pair: &[Record<'_>]| {
                is(&pair[1], tag) && ![Q1, Q2, QA].into_iter().any(|before| is(&pair[0], before))
            };
            records.first().is_some_and(|record| is(record, tag)) || records.windows(2).any(is_behind)
        };
        (listed.count > 0 && !is_stray(Q2) && !is_stray(QA)).then_some(listed)
    }

    /// All of the statement stands in this message, as far as it says.
    fn is_complete(&self, listed: &Listed, totals: &Record<'_>, is_final: bool) -> bool {
        let Some((_, counts, _)) = &self.entries else { return listed.count < DAILY_STATEMENTS_MAX };
        let count = |at: &FieldAt| decimal(totals.field(at), 0);
        let [revenue, others] = &counts[usize::from(is_final)];
        let (Some(revenue), Some(others)) = (count(revenue), count(others)) else { return false };
        let counted = revenue + others;
        counted > Decimal::ZERO && counted <= Decimal::from(listed.count) && listed.count < ENTRIES_MAX
    }
}

impl Indicators {
    /// `None` where an indicator that matters is neither yes nor no.
    fn weigh(&self, first: &Record<'_>, second: &Record<'_>, figures: &Figures) -> Option<Weight> {
        let says = |record: &Record<'_>, at: FieldAt| match record.field(&at) {
            b"Y" => Some(true),
            b"N" => Some(false),
            _ => None,
        };
        let has = |sum: usize| figures.sums[sum].is_some_and(|sum| !sum.is_zero());
        let is_any = (0..SUMS.len()).any(has) || figures.fees.iter().any(|(_, fee)| !fee.is_zero());
        let of = |told: Option<bool>, matters: bool| told.or((!matters).then_some(true));
        let is_due = of(says(second, self.is_due), is_any)?;
        let is_deferred = of(says(first, self.tax_deferred), has(1)).map(|told| told && has(1))?;
        let antidumping = of(says(second, self.antidumping_due), has(2))?;
        let countervailing = of(says(second, self.countervailing_due), has(3))?;
        Some(Weight { is_due, counts: [true, !is_deferred, antidumping, countervailing, true] })
    }
}

impl Figures {
    /// What is due of an entry.
    fn due(&self, weight: &Weight) -> Decimal {
        if !weight.is_due {
            return Decimal::ZERO;
        }
        let counted = self.sums.iter().zip(weight.counts).filter(|(_, counts)| *counts);
        let sums = counted.filter_map(|(sum, _)| *sum);
        let all = sums.chain(self.fees.iter().map(|(_, fee)| *fee));
        all.fold(Decimal::ZERO, Decimal::saturating_add)
    }

    fn has_negative(&self) -> bool {
        let all = self.sums.iter().flatten().chain(&self.amount).chain(self.fees.iter().map(|(_, fee)| fee));
        all.into_iter().any(Decimal::is_sign_negative)
    }
}

impl Listed {
    /// `None` when there are more classes of fees than any statement has.
    fn add(&mut self, figures: &Figures, weight: &Weight) -> Option<()> {
        self.count += 1;
        self.has_negative |= figures.has_negative();
        for (at, amount) in figures.sums.iter().enumerate() {
            let ways = [weight.is_due && weight.counts[at], weight.is_due, weight.counts[at], true];
            add_where(&mut self.sums[at], ways, amount.unwrap_or_default());
        }
        for &(class, fee) in &figures.fees {
            if !self.fees.contains_key(&class) && self.fees.len() == CLASSES_MAX {
                return None;
            }
            add_where(self.fees.entry(class).or_default(), [weight.is_due, true], fee);
        }
        Some(())
    }

    fn against(&self, total: &Figures) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut hold = |what: &str, total: Option<Decimal>, sums: &[Decimal]| {
            let Some(total) = total else { return };
            if let Some(listed) = sums.first().filter(|_| !sums.contains(&total)) {
                differences.push(Difference { what: what.to_owned(), total, listed: *listed });
            }
        };
        hold("amount", total.amount, &[self.amount]);
        for ((what, total), sums) in SUMS.into_iter().zip(total.sums).zip(&self.sums) {
            hold(what, total, sums);
        }
        if !total.fees.is_empty() {
            let mut classes: BTreeMap<Token, Decimal> =
                self.fees.keys().map(|class| (*class, Decimal::ZERO)).collect();
            for (class, fee) in &total.fees {
                let sum = classes.entry(*class).or_default();
                *sum = sum.saturating_add(*fee);
            }
            for (class, total) in classes {
                let sums = self.fees.get(&class).copied().unwrap_or_default();
                hold(&format!("fees of class {class}"), Some(total), &sums);
            }
        }
        differences
    }
}

fn told(differences: &[Difference], is_final: bool) -> String {
    let named = |found: &Difference| format!("{} {:.2}, listed {:.2}", found.what, found.total, found.listed);
    let named: Vec<String> = differences.iter().take(NAMED_MAX).map(named).collect();
    let more = match differences.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!("; {more} more"),
    };
    let which = if is_final { "paid" } else { "due" };
    format!("the totals {which} are not the sums of what the statement lists: {}{more}", named.join("; "))
}

fn add_where<const N: usize>(sums: &mut [Decimal; N], ways: [bool; N], amount: Decimal) {
    for (sum, _) in sums.iter_mut().zip(ways).filter(|(_, counts)| *counts) {
        *sum = sum.saturating_add(amount);
    }
}

/// Something of the message was not read, or never came.
fn is_of_loss(finding: &Finding) -> bool {
    const LOSSES: [&str; 9] = [
        finding_code::COUNT_MISMATCH,
        finding_code::MISSING_TRAILER,
        finding_code::TRUNCATED,
        finding_code::OVERLONG_RECORD,
        finding_code::OVERLONG_MESSAGE,
        finding_code::BAD_NUMBER,
        finding_code::ENCODING,
        finding_code::ENVELOPE,
        finding_code::UNKNOWN_RECORD,
    ];
    LOSSES.contains(&&*finding.code)
}

fn has_unread(records: &[Record<'_>]) -> bool {
    records.iter().any(|record| record.layout.is_none())
}

/// Filer and number of an entry, as they stand.
fn named(record: &Record<'_>, at: &EntryAt) -> [Token; 2] {
    [at.filer, at.number].map(|at| Token::new(record.field(&at)))
}

/// The record of this kind, when there is one and no other.
fn only<'r, 'a>(records: &'r [Record<'a>], tag: Tag) -> Option<&'r Record<'a>> {
    let mut found = records.iter().filter(|record| is(record, tag));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests;
