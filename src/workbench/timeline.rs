//! When the mails of a rule go out, in plain words.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;

use crate::deadline::calendar::day_text;
use crate::outbox::Audience;
use crate::place::Severity;
use crate::rules::{Delivery, On, Rule, Rules, Step};

/// What a rule does over time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Timeline {
    pub rule: String,
    pub title: String,
    pub place: String,
    /// `notice`, `deadline`, `trouble`.
    pub on: &'static str,
    /// Plain sentences.
    pub sentences: Vec<String>,
    /// The mails for one day to act, in their order. Only for rules on deadlines.
    pub mails: Vec<TimelineMail>,
}

/// One mail of a ladder.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TimelineMail {
    pub step: String,
    /// Negative when overdue.
    pub days_left: i64,
    /// When the reminder is said.
    pub at: DateTime<Utc>,
    pub severity: Severity,
    /// Each recipient with the moment at which the letter leaves.
    pub to: Vec<(String, DateTime<Utc>)>,
}

/// What the rule named `name` does; its ladder is told for the day to act `target`.
pub fn timeline(rules: &Rules, audience: &Audience, name: &str, target: NaiveDate) -> Option<Timeline> {
    let rule = rules.get(name)?;
    let mut sentences = vec![when(rule)];
    sentences.extend(delivery(rule, audience));
    if rule.delivery != Delivery::None {
        sentences.extend(who(rule, rules, audience));
        sentences.extend(
            rules.overrides_of(rule).map(|place| format!("For some brokers it is told otherwise: {place}.")),
        );
        sentences.push(again(rule));
    }
    let mails = mails(rule, audience, target);
    Some(Timeline {
        rule: rule.name.to_string(),
        title: rule.title.to_string(),
        place: rule.place.to_string(),
        on: rule.on.as_str(),
        sentences,
        mails,
    })
}

fn when(rule: &Rule) -> String {
    let clauses: Vec<&str> = rule.clauses().collect();
    let condition = match clauses.as_slice() {
        [] => "whatever it says".to_owned(),
        clauses => format!("when {}", clauses.join(" and ")),
    };
    match rule.on {
        On::Notice => {
            format!("Looks at every notice that was not known before; it applies {condition}.")
        }
        On::Trouble => {
            format!("Looks at every trouble of files, drops and ourselves; it applies {condition}.")
        }
        On::Silence => {
            format!("Looks at every answer that should have come and did not; it applies {condition}.")
        }
        On::Deadline => {
            let clocks = rule.deadline_ids().map_or("every deadline".to_owned(), |ids| ids.join(", "));
            let clause = if clauses.is_empty() { String::new() } else { format!(", {condition}") };
            match rule.ladder() {
                Some(ladder) => {
                    let steps: Vec<String> = ladder.steps().iter().map(|step| step_words(*step)).collect();
                    format!("Reminds of {clocks}{clause}: {}.", steps.join(", "))
                }
                None => format!("Is about {clocks}{clause}."),
            }
        }
    }
}

fn step_words(step: Step) -> String {
    match step {
        Step::Overdue => "the day after".to_owned(),
        Step::Days(0) => "on the day to act".to_owned(),
        Step::Days(1) => "1 day before".to_owned(),
        Step::Days(days) => format!("{days} days before"),
    }
}

fn delivery(rule: &Rule, audience: &Audience) -> Vec<String> {
    let loud = match rule.fixed_severity() {
        Some(severity) => severity.as_str().to_owned(),
        None => "as loud as what happened".to_owned(),
    };
    let first = match rule.delivery {
        Delivery::None => {
            return vec!["Keeps silent: no alert, no mail, and no later rule is asked.".to_owned()];
        }
        Delivery::Now if rule.on == On::Deadline => {
            let zone = audience.teams().first().map_or("UTC", |team| team.zone.name());
            format!("Mails at once, {loud}, from 6:00 in the morning ({zone}) on the day of a step.")
        }
        Delivery::Now => format!("Mails at once, {loud}, as soon as what it is about has been read."),
        Delivery::Digest => {
            let teams = audience.teams().iter().filter(|team| rule.notify.contains(&team.name));
            let times: Vec<String> = teams
                .map(|team| {
                    format!("{} at {} ({})", team.name, team.digest_at.format("%H:%M"), team.zone.name())
                })
                .collect();
            format!("Waits for the next daily digest, {loud}: {}.", times.join(", "))
        }
    };
    let mut sentences = vec![first];
    let steps = rule.ladder().map(|ladder| ladder.steps()).unwrap_or_default();
    let louder = steps
        .windows(2)
        .find(|pair| rule.severity_at(pair[0].days_left()) != rule.severity_at(pair[1].days_left()));
    if let Some([_, step]) = louder.map(|pair| [pair[0], pair[1]]) {
        let severity = rule.severity_at(step.days_left()).as_str();
        sentences.push(format!("It is {severity} from this step on: {}.", step_words(step)));
    }
    sentences
}

fn who(rule: &Rule, rules: &Rules, audience: &Audience) -> Vec<String> {
    let people = |names: &[Box<str>]| {
        let teams = names.iter().filter_map(|name| audience.team(name));
        let teams: Vec<String> = teams
            .map(|team| {
                let least = match team.severity_min {
                    Severity::Info => String::new(),
                    severity => format!(", {} or louder only", severity.as_str()),
                };
                format!("{} ({}{least})", team.name, team.to.join(", "))
            })
            .collect();
        teams.join(" and ")
    };
    let mut sentences = Vec::new();
    if rule.is_routed {
        for route in rules.routes() {
            sentences.push(format!(
                "When the route `{}` holds, it tells {}.",
                route.name,
                people(&route.notify)
            ));
        }
        let other = if rules.routes().is_empty() { "It names nobody, so it" } else { "Else it" };
        sentences.push(format!("{other} tells all: {}.", people(&rule.notify)));
    } else {
        sentences.push(format!("It tells {}.", people(&rule.notify)));
    }
    sentences
}

fn again(rule: &Rule) -> String {
    match rule.on {
        On::Notice => "The same message in another file is not told again; what one file says of an entry comes in one mail.",
        On::Trouble => "Each time it happens is told.",
        On::Silence => "Each silence is told once, on its day.",
        On::Deadline => {
            "Each step is told once. Steps that passed unseen become one mail; when the date moves, the ladder begins anew."
        }
    }
    .to_owned()
}

fn mails(rule: &Rule, audience: &Audience, target: NaiveDate) -> Vec<TimelineMail> {
    let steps = rule.ladder().map(|ladder| ladder.steps()).unwrap_or_default();
    let day_of = |step: &Step| match step {
        Step::Days(days) => target.checked_sub_days(Days::new(u64::from(*days))),
        Step::Overdue => target.succ_opt(),
    };
    steps
        .iter()
        .filter_map(|step| {
            let at = audience.reminders_from(day_of(step)?);
            let severity = rule.severity_at(step.days_left());
            let recipients = audience.recipients(rule.notify.iter().map(|team| &**team), severity);
            let leaves = |recipient: &str| match (rule.delivery, audience.team_of(recipient)) {
                (Delivery::Digest, Some(team)) => team.next_digest(at),
                _ => at,
            };
            let to = recipients.into_iter().map(|to| (to.to_string(), leaves(&to))).collect();
            Some(TimelineMail { step: step.to_string(), days_left: step.days_left(), at, severity, to })
        })
        .collect()
}

/// `2026-08-03 Mon 06:00 EDT`-like words for a moment in the zone of the first team.
pub fn moment_words(audience: &Audience, at: DateTime<Utc>) -> String {
    match audience.teams().first() {
        Some(team) => {
            let local = team.zone.local(at);
            format!("{} {}", day_text(local.date()), local.format("%H:%M"))
        }
        None => at.format("%Y-%m-%d %H:%M UTC").to_string(),
    }
}
