//! What a rule does over time, in plain sentences.

use crate::outbox::{Audience, LOUD_DAYS, Manners, Team};
use crate::place::Severity;
use crate::rules::{Delivery, Gather, Inhibit, On, Rule, Rules, Step};

/// What the rule does over time about this broker, in plain sentences; a blank one is none in particular.
pub(super) fn sentences(rule: &Rule, rules: &Rules, audience: &Audience, broker: &str) -> Vec<String> {
    let mut sentences = vec![when(rule)];
    let changed = rules.rule_of_broker(rule, broker).filter(|_| !broker.is_empty());
    if let Some((changed, place)) = &changed {
        sentences.push(override_words(rule, changed, broker, place));
    }
    let rule = changed.as_ref().map_or(rule, |(changed, _)| changed);
    sentences.extend(delivery(rule, audience));
    if rule.delivery != Delivery::None {
        sentences.extend(who(rule, rules, audience));
        if broker.is_empty() {
            let places = rules.overrides_of(rule);
            sentences.extend(places.map(|place| format!("For some brokers it is told otherwise: {place}.")));
        }
        sentences.push(again(rule));
        sentences.extend(aftermath(rule, audience));
        sentences.extend(hidden(rule, rules));
        sentences.extend(manners(rule, audience));
    }
    sentences
}

/// That an override decides, and what of the rule does not hold because of it.
fn override_words(rule: &Rule, changed: &Rule, broker: &str, place: &str) -> String {
    let lost: Vec<&str> = [
        ("`remind`", rule.after.repeat.is_some() && changed.after.repeat.is_none()),
        ("`escalate`", !rule.after.escalate.is_empty() && changed.after.escalate.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, is_lost)| is_lost.then_some(key))
    .collect();
    let lost = match lost.as_slice() {
        [] => String::new(),
        lost => format!(
            "; {} of the rule {} not hold there",
            lost.join(" and "),
            if lost.len() == 1 { "does" } else { "do" }
        ),
    };
    format!("Of {broker} it is told as the override at {place} says{lost}.")
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
        Step::Late(days) => format!("{days} days after"),
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
            format!(
                "Mails {loud} at 6:00 in the morning on the day of a step, by the clock of each recipient."
            )
        }
        Delivery::Now => match rule.after.repeat.and_then(|repeat| repeat.first) {
            Some(first) => format!("Mails {loud}, {first} after what it is about has been read."),
            None => format!("Mails at once, {loud}, as soon as what it is about has been read."),
        },
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

/// What is done after the alert was told.
fn aftermath(rule: &Rule, audience: &Audience) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(repeat) = rule.after.repeat {
        sentences.push(format!("It is said {repeat}, until somebody acknowledges it or it is over."));
    }
    if let Some(clauses) = rule.after.until_clauses() {
        sentences.push(format!("It is over when {}.", clauses.join(" and ")));
    }
    if rule.after.tell_when_over {
        sentences.push("People who heard of it are told when it is over.".to_owned());
    }
    let mut since = "of the first letter";
    for step in &rule.after.escalate {
        let who: Vec<String> =
            step.notify.iter().filter_map(|name| audience.team(name)).map(team_words).collect();
        let (loudest, teams) = (rule.loudest(), step.notify.iter().map(|team| &**team));
        let unheard = match audience.recipients(teams, loudest).is_empty() {
            true => format!(", and nobody there takes what is {} (severity_min)", loudest.as_str()),
            false => String::new(),
        };
        sentences.push(format!(
            "When nobody acknowledges it within {} {since}, it tells {}{unheard}.",
            step.after,
            who.join(" and ")
        ));
        since = "of that";
    }
    if rule.on == On::Deadline && rule.ladder().is_some() {
        sentences.push(format!(
            "An acknowledgement pauses the ladder until its day comes or {} days are left; the last {LOUD_DAYS} days before a \
             legal day cannot be silenced.",
            rule.after.reopen_days
        ));
    }
    sentences
}

fn hidden(rule: &Rule, rules: &Rules) -> Vec<String> {
    let inhibits = rules.inhibits().iter().filter(|inhibit| inhibit.is_about(&rule.name));
    let words = |inhibit: &Inhibit| {
        let clauses: Vec<&str> = inhibit.clauses().collect();
        format!("It is hidden by `{}` while {} (at {}).", inhibit.name, clauses.join(" and "), inhibit.place)
    };
    inhibits.map(words).collect()
}

/// How the teams that the rule may tell want to be told.
fn manners(rule: &Rule, audience: &Audience) -> Vec<String> {
    let teams = audience.teams().iter().filter(|team| rule.notify.contains(&team.name));
    teams.filter_map(|team| team_manners(rule, team, audience.manners(&team.name))).collect()
}

fn team_manners(rule: &Rule, team: &Team, manners: &Manners) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(quiet) = &manners.quiet {
        let (from, to, zone) = (quiet.from.format("%H:%M"), quiet.to.format("%H:%M"), team.zone.name());
        parts.push(format!("hears nothing below {} from {from} to {to} ({zone})", quiet.pass.as_str()));
    }
    let gather = match rule.after.gather {
        Gather::Never => None,
        Gather::For(span) => Some(span.minutes().into()),
        Gather::AsTeam => manners.gather.map(|gather| gather.num_seconds() as f64 / 60.0),
    };
    if let Some(minutes) = gather {
        parts.push(format!(
            "gets what comes after {} letters for one broker within {minutes} minutes in one letter",
            Manners::ALONE
        ));
    }
    if let Some(cap) = manners.cap {
        parts.push(format!(
            "gets at most {} letters in {} minutes, and one summary of the rest",
            cap.letters,
            cap.within.num_minutes()
        ));
    }
    (!parts.is_empty()).then(|| format!("Each of {} {}.", team.name, parts.join("; ")))
}

fn team_words(team: &Team) -> String {
    format!("{} ({})", team.name, team.to.join(", "))
}
