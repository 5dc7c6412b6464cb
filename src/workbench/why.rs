//! Why a rule did, or did not, tell of an entry: every notice and every clock of the entry, asked again.
//!
//! The entry is put back to what it was before and after each file, from the order in which its notices came. What was
//! asked then are the rules that were live then; what is asked here are the rules of the configuration.

mod ladder;
mod silence;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::clock::Zone;
use crate::deadline::DeadlineTable;
use crate::entry::{DeadlineState, Held, Life};
use crate::ident::{EntryNumber, Fingerprint};
use crate::notice::{EventTime, Kind, Token};
use crate::outbox::{AlertKey, Audience};
use crate::place::Severity;
use crate::rules::{
    AskedClause, DeadlineContext, Delivery, EntryContext, NoticeContext, On, Rule, Rules, Telling,
};

/// What is asked: the rules and the people of a configuration.
pub struct Asked<'a> {
    pub rules: &'a Rules,
    pub audience: &'a Audience,
    pub deadlines: &'a DeadlineTable,
    /// Today, where the law counts days.
    pub today: NaiveDate,
}

/// Everything that a rule made of one entry.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Why {
    pub entry: EntryNumber,
    pub rule: String,
    pub title: String,
    pub place: String,
    pub on: &'static str,
    /// For rules on notices: each notice of the entry, in the order in which they came.
    pub notices: Vec<WhyNotice>,
    /// For rules on deadlines: each clock of the entry.
    pub clocks: Vec<WhyClock>,
    /// For rules on silences: each answer for which the entry waits now.
    pub silences: Vec<WhySilence>,
}

impl Why {
    /// The keys of all alerts that the rule would have raised.
    pub fn alerts(&self) -> Vec<AlertKey> {
        let of_notices =
            self.notices.iter().filter_map(|notice| notice.telling.as_ref()).map(|told| &told.alert);
        let of_clocks = self.clocks.iter().flat_map(|clock| &clock.steps).map(|step| &step.alert);
        let of_silences =
            self.silences.iter().filter_map(|silence| silence.telling.as_ref()).map(|told| &told.alert);
        of_notices.chain(of_clocks).chain(of_silences).cloned().collect()
    }
}

/// One notice, asked again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhyNotice {
    pub received_at: DateTime<Utc>,
    pub file: String,
    pub line: u64,
    /// How often the same message came again. It is told once.
    pub again: u32,
    pub at: Option<EventTime>,
    pub kind: Kind,
    pub code: Option<Token>,
    pub meaning: Option<String>,
    pub clauses: Vec<AskedClause>,
    pub matches: bool,
    /// The rule that decided, which is an earlier one where it is not this one.
    pub decided_by: Option<String>,
    /// A sentence.
    pub verdict: String,
    /// There when this rule decides and does not keep silent.
    pub telling: Option<WhyTelling>,
}

/// Who would be told, and how.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhyTelling {
    /// What makes it the same alert.
    pub alert: AlertKey,
    pub severity: Severity,
    pub delivery: &'static str,
    pub recipients: Vec<String>,
    /// Teams that the rule names and that want louder alerts only, a sentence each.
    pub unheard: Vec<String>,
    /// The route that chose the recipients.
    pub route: Option<String>,
    /// Where the override for the broker stands.
    pub overridden: Option<String>,
}

/// One clock, asked again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhyClock {
    pub deadline: String,
    pub state: DeadlineState,
    pub due: String,
    pub act_by: Option<NaiveDate>,
    pub clauses: Vec<AskedClause>,
    pub matches: bool,
    pub decided_by: Option<String>,
    pub verdict: String,
    pub recipients: Vec<String>,
    /// As in [`WhyTelling::unheard`].
    pub unheard: Vec<String>,
    pub steps: Vec<WhyStep>,
}

/// One step of a ladder.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhyStep {
    pub step: String,
    pub day: NaiveDate,
    pub alert: AlertKey,
    pub severity: Severity,
    /// Who hears of it, so loud; a ladder may begin as quiet as nobody takes.
    pub recipients: Vec<String>,
    /// As in [`WhyTelling::unheard`].
    pub unheard: Vec<String>,
    /// Why it has not been said, if it has not.
    pub unsaid: String,
    /// Silences and inhibitions can hold it back: it is not among the last days of a legal deadline.
    #[serde(skip)]
    pub is_mutable: bool,
    /// The inhibition that hides it on its day, as far as the entry is known by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

/// An answer that should have come, asked about.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhySilence {
    pub code: String,
    pub sentence: String,
    /// The day on which it is worth saying.
    pub day: NaiveDate,
    pub clauses: Vec<AskedClause>,
    pub matches: bool,
    pub decided_by: Option<String>,
    pub verdict: String,
    /// There when this rule decides and does not keep silent.
    pub telling: Option<WhyTelling>,
}

/// Asks the rule named `name` about an entry. `None` when there is no such rule.
pub fn why(asked: &Asked<'_>, life: &Life, name: &str) -> Option<Why> {
    let rule = asked.rules.get(name)?;
    let (mut notices, mut clocks, mut silences) = (Vec::new(), Vec::new(), Vec::new());
    match rule.on {
        On::Notice => notices = asked.notices(life, rule),
        On::Deadline => clocks = asked.clocks(life, rule),
        On::Silence => silences = asked.silences(life, rule),
        On::Trouble => {}
    }
    Some(Why {
        entry: life.number,
        rule: rule.name.to_string(),
        title: rule.title.to_string(),
        place: rule.place.to_string(),
        on: rule.on.as_str(),
        notices,
        clocks,
        silences,
    })
}

impl Asked<'_> {
    fn notices(&self, life: &Life, rule: &Rule) -> Vec<WhyNotice> {
        let zone = self.audience.teams().first().map(|team| &team.zone);
        let mut asked = Vec::with_capacity(life.notices.len());
        for batch in batches(life) {
            let upto = |end: usize| life.notices[..end].iter().map(|held| &*held.notice);
            let before = (batch.start > 0).then(|| life.entry_of(upto(batch.start)));
            let after = life.entry_of(upto(batch.end));
            let deadlines = life.deadlines(&after, self.deadlines);
            // The file that is being read is the last one: what waited under a bill came earlier.
            let last = life.notices[batch.clone()].iter().max_by_key(|held| held.seen.received_at);
            let Some(last) = last else { continue };
            for held in &life.notices[batch.clone()] {
                let ctx = NoticeContext {
                    notice: &held.notice,
                    before: before.as_ref(),
                    after: Some(&after),
                    broker: life.broker_of_notice(&last.seen.broker).as_str(),
                    deadlines: &deadlines,
                    now: zone.map(|zone: &Zone| zone.local(last.seen.received_at)),
                };
                asked.extend(self.notice(&ctx, held, rule, life.number));
            }
        }
        asked
    }

    fn notice(
        &self,
        ctx: &NoticeContext<'_>,
        held: &Held,
        rule: &Rule,
        number: EntryNumber,
    ) -> Option<WhyNotice> {
        let answer = self.rules.why(ctx, &rule.name)?;
        let told = self.rules.tell_notice(ctx, 0).filter(|(decided, _)| decided.name == rule.name);
        let told = told.map(|(_, telling)| telling);
        let hidden = self.hidden(ctx, rule).filter(|_| told.is_some());
        let verdict = self.verdict(&answer, told.as_ref()) + hidden.as_deref().unwrap_or_default();
        let telling = told.filter(|telling| telling.delivery != Delivery::None).map(|telling| {
            let alert = AlertKey::new(&rule.name, number.as_str(), &held.notice.id.to_string());
            self.telling(alert, &telling)
        });
        Some(WhyNotice {
            received_at: held.seen.received_at,
            file: held.seen.name.to_string(),
            line: held.seen.place.line,
            again: held.again,
            at: held.notice.at,
            kind: held.notice.kind,
            code: held.notice.code,
            meaning: held.notice.meaning.as_deref().map(str::to_owned),
            clauses: answer.clauses,
            matches: answer.matches,
            decided_by: answer.decided_by,
            verdict,
            telling,
        })
    }

    /// The inhibition that hides alerts of the rule about the entry as it was after the file, in words.
    fn hidden(&self, ctx: &NoticeContext<'_>, rule: &Rule) -> Option<String> {
        let NoticeContext { broker, deadlines, now, .. } = *ctx;
        let entry = EntryContext { entry: ctx.after?, broker, deadlines, now };
        let inhibit = self.rules.hidden_by(&rule.name, &entry)?;
        Some(format!(", but hidden by `{}` (at {})", inhibit.name, inhibit.place))
    }

    fn telling(&self, alert: AlertKey, telling: &Telling<'_>) -> WhyTelling {
        WhyTelling {
            alert,
            severity: telling.severity,
            delivery: telling.delivery.as_str(),
            recipients: self.recipients(telling),
            unheard: self.unheard(telling),
            route: telling.route.map(|route| route.name.to_string()),
            overridden: telling.overridden.map(str::to_owned),
        }
    }

    fn recipients(&self, telling: &Telling<'_>) -> Vec<String> {
        let names = telling.notify.iter().map(|team| &**team);
        self.audience.recipients(names, telling.severity).into_iter().map(Into::into).collect()
    }

    fn unheard(&self, telling: &Telling<'_>) -> Vec<String> {
        let teams = telling.notify.iter().filter_map(|name| self.audience.team(name));
        let deaf = teams.filter(|team| telling.severity < team.severity_min);
        let words = deaf.map(|team| {
            format!(
                "{} hears nothing: it wants {} or louder, this is {}",
                team.name,
                team.severity_min.as_str(),
                telling.severity.as_str()
            )
        });
        words.collect()
    }

    fn verdict(&self, answer: &crate::rules::Why, told: Option<&Telling<'_>>) -> String {
        if !answer.matches {
            let failed: Vec<String> =
                answer.clauses.iter().filter(|clause| !clause.holds).map(failed).collect();
            return format!("does not apply: {}", failed.join("; "));
        }
        let Some(telling) = told else {
            let other = answer.decided_by.as_deref().and_then(|name| self.rules.get(name));
            let silently = match other.map(|rule| rule.delivery) {
                Some(Delivery::None) => ", and keeps silent",
                _ => "",
            };
            let other = other.map(|rule| format!("`{}` (at {})", rule.name, rule.place));
            return format!(
                "applies, but {} is asked first and decides{silently}",
                other.unwrap_or_default()
            );
        };
        let because = match (telling.overridden, telling.route) {
            (Some(place), _) => format!(", by the override at {place}"),
            (None, Some(route)) => format!(", by the route `{}`", route.name),
            (None, None) => String::new(),
        };
        let severity = telling.severity.as_str();
        match telling.delivery {
            Delivery::None => format!("decides, and keeps silent{because}"),
            _ if self.recipients(telling).is_empty() => {
                let teams = telling.notify.join(", ");
                format!("decides, {severity}{because}, but {teams} want louder alerts only")
            }
            Delivery::Now => format!("decides: {severity}, told at once{because}"),
            Delivery::Digest => format!("decides: {severity}, waits for the digest{because}"),
        }
    }

    fn clocks(&self, life: &Life, rule: &Rule) -> Vec<WhyClock> {
        let entry = life.entry();
        let broker = life.broker().map_or("unknown", |broker| broker.as_str());
        let deadlines = life.deadlines(&entry, self.deadlines);
        let clock = |deadline| {
            let ctx = DeadlineContext { deadline, entry: &entry, broker, on: self.today };
            self.clock(&ctx, rule, life)
        };
        deadlines.iter().filter_map(clock).collect()
    }

    fn clock(&self, ctx: &DeadlineContext<'_>, rule: &Rule, life: &Life) -> Option<WhyClock> {
        let deadline = ctx.deadline;
        let answer = self.rules.why_deadline(ctx, &rule.name)?;
        // A clock that the rule is not about is no news.
        if !answer.clauses.first()?.holds {
            return None;
        }
        let is_decided = answer.matches && answer.decided_by.as_deref() == Some(&*rule.name);
        let days_left = deadline.target_on(self.today).map(|target| (target - self.today).num_days());
        let telling = self.rules.tell_deadline(rule, ctx, days_left.unwrap_or_default());
        let verdict = match (is_decided, deadline.state, deadline.target()) {
            (true, DeadlineState::Open, Some(_)) => self.next_words(ctx, rule, life),
            (true, DeadlineState::Open, None) => "has no date, so it reminds nobody".to_owned(),
            (true, DeadlineState::Ahead, Some(_)) if deadline.runs_on(self.today) => {
                self.next_words(ctx, rule, life)
            }
            (true, DeadlineState::Ahead, _) => format!("does not run yet: it {}", deadline.because),
            (true, DeadlineState::Closed, _) => {
                format!("is closed, so it reminds nobody: {}", deadline.because)
            }
            (true, DeadlineState::Idle, _) => {
                format!("does not run ({}), so it reminds nobody: {}", deadline.due_text(), deadline.because)
            }
            (false, ..) => self.verdict(&answer, None),
        };
        Some(WhyClock {
            deadline: deadline.key(),
            state: deadline.state,
            due: deadline.due_text(),
            act_by: deadline.act_by,
            matches: answer.matches,
            decided_by: answer.decided_by,
            clauses: answer.clauses,
            verdict,
            recipients: self.recipients(&telling),
            unheard: self.unheard(&telling),
            steps: if is_decided { self.steps(ctx, rule, life) } else { Vec::new() },
        })
    }

    fn next_words(&self, ctx: &DeadlineContext<'_>, rule: &Rule, life: &Life) -> String {
        let key = ctx.deadline.key();
        let now = match self.rules.for_deadline(ctx) {
            Some(hit) if hit.rule.name == rule.name => {
                let (step, target, severity) = (hit.step, hit.target, hit.severity.as_str());
                format!("decides: step {step} of {target} counts today, {severity}")
            }
            _ if rule.delivery == Delivery::None => return "decides, and keeps silent".to_owned(),
            _ => "decides, and no step of its ladder has come yet, or all are over".to_owned(),
        };
        let next = life.reminders.iter().find(|reminder| *reminder.deadline == *key);
        match next {
            Some(reminder) if reminder.day <= self.today => {
                format!(
                    "{now}; the clock has waited to be looked at since {}, the daemon does so",
                    reminder.day
                )
            }
            Some(reminder) => format!("{now}; the clock is looked at again on {}", reminder.day),
            None => format!("{now}; the clock is not looked at again"),
        }
    }
}

fn failed(clause: &AskedClause) -> String {
    match clause.found.as_str() {
        "" => clause.clause.clone(),
        found => format!("{} (it is {found})", clause.clause),
    }
}

/// The notices of an entry by the files that brought them, in the order of arrival.
///
/// A notice that names only a bill may have waited under it; it then came into the entry with the first notice that
/// names entry and bill, in that notice's file.
fn batches(life: &Life) -> Vec<std::ops::Range<usize>> {
    let mut known_bills = BTreeSet::new();
    let mut has_waited = Vec::with_capacity(life.notices.len());
    for Held { notice, .. } in &life.notices {
        let bill = notice.house_bill.as_ref().or(notice.bill.as_ref());
        has_waited.push(notice.entry.is_none() && bill.is_some_and(|bill| !known_bills.contains(bill)));
        if notice.entry.is_some() {
            known_bills.extend(notice.bill.iter().chain(&notice.house_bill));
        }
    }
    // Those that waited stand in front of the notice that brought them in.
    let mut carriers: Vec<Fingerprint> = life.notices.iter().map(|held| held.seen.file).collect();
    for index in (1..carriers.len()).rev() {
        if has_waited[index - 1] {
            carriers[index - 1] = carriers[index];
        }
    }
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for index in 0..carriers.len() {
        match spans.last_mut() {
            Some(span) if carriers[span.start] == carriers[index] => span.end = index + 1,
            _ => spans.push(index..index + 1),
        }
    }
    spans
}
