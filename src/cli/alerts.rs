//! `alerts`: what was raised, the letters that carry it, another try for one of them; who takes care, and what is silenced.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::args;
use super::context::{Context, author};
use super::exit::{Exit, Failure, Outcome};
use super::names;
use super::output::{Paint, Table, Ui, day_or_dash, done, instant, json_line, or_dash, written};
use crate::daemon::assemble;
use crate::ident::EntryNumber;
use crate::outbox::{Acknowledgement, AlertKey, LetterKey, NewSilence, Silenced, Silences};
use crate::place::Severity;
use crate::serve::{
    Action, AlertFilter, AlertRow, LetterRow, LetterState, PAGE_MAX, Page, Request, TOLD_MAX, ToldRow,
};

/// Show alerts and letters, take care of alerts, silence them, try a letter again
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show alerts, newest first; with --letters, the letters
    List(List),
    /// Take care of alerts until a day: nothing more is said about them before
    Ack(Ack),
    /// Hear nothing of a rule, an entry or a broker for a while, at most 90 days
    Silence(NewSilenceArgs),
    /// Show the silences that are in force or were lately
    Silences,
    /// End a silence before its time
    Unsilence {
        /// The silence's number, as `alerts silences` shows it
        silence: u64,
        /// Who ends it; default: the user who runs the command
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Send a signed letter that asks nothing of anybody to a webhook, now and once
    TestWebhook {
        /// The webhook's name in the configuration
        name: String,
    },
    /// Send a letter again that was given up or waits for its next try
    Retry {
        /// The letter's key, as `alerts list --letters` shows it
        #[arg(value_parser = letter_key)]
        key: LetterKey,
    },
}

#[derive(clap::Args, Debug)]
struct List {
    /// Show letters instead of alerts
    #[arg(long)]
    letters: bool,
    /// Letters in this state only
    #[arg(long, value_enum, requires = "letters")]
    state: Option<State>,
    /// Alerts about this entry only
    #[arg(long, value_name = "NUMBER", value_parser = args::entry_number, conflicts_with = "letters")]
    entry: Option<EntryNumber>,
    /// info, warning or critical: this one and what is more urgent
    #[arg(long, value_parser = args::severity, conflicts_with = "letters")]
    severity: Option<Severity>,
    /// Alerts of this rule only
    #[arg(long, value_name = "NAME", conflicts_with = "letters")]
    rule: Option<String>,
    /// Print so many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX as u64))]
    limit: u64,
}

#[derive(clap::Args, Debug)]
#[group(id = "which", required = true, multiple = true)]
struct Ack {
    /// Keys of alerts, as `rules why` and `alerts list --json` show them
    #[arg(group = "which")]
    keys: Vec<String>,
    /// Every open alert about this entry
    #[arg(long, value_name = "NUMBER", value_parser = args::entry_number, group = "which")]
    entry: Option<EntryNumber>,
    /// With --entry: only alerts of this rule
    #[arg(long, value_name = "NAME", requires = "entry")]
    rule: Option<String>,
    /// What is done about it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// From this day on it is open again, at most 90 days ahead
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    until: NaiveDate,
    /// Who takes care; default: the user who runs the command
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(clap::Args, Debug)]
#[group(id = "what", required = true, multiple = true)]
struct NewSilenceArgs {
    /// Alerts of this rule
    #[arg(long, value_name = "NAME", group = "what")]
    rule: Option<String>,
    /// Alerts about this entry
    #[arg(long, value_name = "NUMBER", value_parser = args::entry_number, group = "what")]
    entry: Option<EntryNumber>,
    /// Alerts about entries of this broker
    #[arg(long, value_name = "NAME", group = "what")]
    broker: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// From the morning of this day on people are told again
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    until: NaiveDate,
    /// Who answers for it; default: the user who runs the command
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum State {
    Waiting,
    Sent,
    GivenUp,
    Withdrawn,
}

fn letter_key(text: &str) -> Result<LetterKey, String> {
    LetterKey::parse(text).ok_or_else(|| "a letter's key is 32 hexadecimal digits".to_owned())
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    match &args.command {
        None => alerts(&AlertFilter::default(), 100, context, ui),
        Some(Command::List(list)) if list.letters => letters(list, context, ui),
        Some(Command::List(list)) => {
            let filter = AlertFilter { entry: list.entry, severity: list.severity, rule: list.rule.clone() };
            alerts(&filter, list.limit as usize, context, ui)
        }
        Some(Command::Ack(ack)) => acknowledge(ack, context, ui),
        Some(Command::Silence(new)) => silence(new, context, ui),
        Some(Command::Silences) => silences(context, ui),
        Some(Command::Unsilence { silence, by }) => {
            let by = names::responsible(by.as_deref(), "--by")?;
            let action = Action::EndSilence { silence: *silence, by };
            context.door()?.ask::<()>(Request::Act { action })?;
            ui.remark("The silence is over.");
            Ok(Exit::Fine)
        }
        Some(Command::TestWebhook { name }) => super::webhook_test::run(name, context, ui),
        Some(Command::Retry { key }) => {
            let action = Action::RetryLetter { key: key.clone(), by: author() };
            context.door()?.ask::<()>(Request::Act { action })?;
            let text = "The letter is in the outbox again and is sent at once: by the daemon, or by the next `entrywatch run`.";
            done(ui, &serde_json::json!({ "retried": key }), text)
        }
    }
}

fn acknowledge(ack: &Ack, context: &Context, ui: &Ui) -> Outcome {
    let by = names::responsible(ack.by.as_deref(), "--by")?;
    let mut alerts: Vec<AlertKey> = ack.keys.iter().map(|key| AlertKey::parse(key)).collect();
    if let Some(entry) = ack.entry {
        let filter = AlertFilter { entry: Some(entry), severity: None, rule: ack.rule.clone() };
        let found = newest(&filter, usize::MAX, context)?;
        if found.is_empty() {
            nothing_found(&filter, context)?;
        }
        let open = found.into_iter().filter(|row| row.state == "open");
        alerts.extend(open.map(|row| row.key));
    }
    let (count, keys) = (alerts.len(), alerts.clone());
    let said = Acknowledgement { alerts, by, reason: ack.reason.clone(), until: ack.until, letter: None };
    let door = context.door()?;
    door.ask::<()>(Request::Act { action: Action::Acknowledge { said } })?;
    ui.remark(&format!("{count} acknowledged until {}.", ack.until));
    let mut told: Vec<ToldRow> = Vec::new();
    for alerts in keys.chunks(TOLD_MAX) {
        told.extend(door.ask::<Vec<ToldRow>>(Request::Told { alerts: alerts.to_vec() })?);
    }
    let audience = assemble::audience(&context.config);
    for (day, alerts) in open_earlier(&told, ack.until, |at| audience.reminder_day(at)) {
        ui.remark(&format!(
            "Not all that time: {alerts} of them {} said again on {}, as {} deadline nears.",
            if alerts == 1 { "is" } else { "are" },
            day_or_dash(Some(day)),
            if alerts == 1 { "its" } else { "their" },
        ));
    }
    Ok(Exit::Fine)
}

/// The days before `until` on which acknowledged alerts are open again, each with how many.
fn open_earlier(
    told: &[ToldRow],
    until: NaiveDate,
    day_of: impl Fn(DateTime<Utc>) -> NaiveDate,
) -> BTreeMap<NaiveDate, usize> {
    let mut days = BTreeMap::new();
    for event in told.iter().flat_map(|row| &row.planned).filter(|event| event.acknowledged_until.is_some()) {
        let day = day_of(event.at);
        if day < until {
            *days.entry(day).or_default() += 1;
        }
    }
    days
}

fn silence(new: &NewSilenceArgs, context: &Context, ui: &Ui) -> Outcome {
    if let Some(rule) = new.rule.as_ref().filter(|rule| context.config.rules.get(rule).is_none()) {
        return Err(super::rules::no_such_rule(context, rule));
    }
    let owner = names::responsible(new.owner.as_deref(), "--owner")?;
    let door = context.door()?;
    if let Some(broker) = &new.broker {
        names::require_broker(context, &door, broker)?;
    }
    let is_known = new.entry.map(|entry| names::is_known(&door, entry)).transpose()?;
    let silence = NewSilence {
        owner: owner.into(),
        reason: new.reason.as_str().into(),
        until: new.until,
        what: Silenced {
            rule: new.rule.as_deref().map(Into::into),
            entry: new.entry,
            broker: new.broker.as_deref().map(Into::into),
        },
    };
    let words = silence.what.to_string();
    door.ask::<()>(Request::Act { action: Action::Silence { silence } })?;
    ui.remark(&format!(
        "Silent until {}: {words}. The last days of legal deadlines are told all the same.",
        new.until
    ));
    if is_known == Some(false) {
        ui.remark("No message has named the entry so far; the silence holds as soon as one does.");
    }
    Ok(Exit::Fine)
}

fn silences(context: &Context, ui: &Ui) -> Outcome {
    let known: Silences = context.door()?.ask(Request::Silences)?;
    let now = context.clock.now();
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return known.all().iter().try_for_each(|row| json_line(out, row));
        }
        let mut table = Table::new(["NUMBER", "OF", "WHAT", "FROM", "UNTIL", "REASON"]);
        for row in known.all() {
            let paint = if now < row.until { Paint::Strong } else { Paint::Plain };
            table.painted([
                (paint, row.id.to_string()),
                (Paint::Plain, row.owner.to_string()),
                (Paint::Plain, row.what.to_string()),
                (Paint::Plain, instant(row.from)),
                (Paint::Plain, instant(row.until)),
                (Paint::Plain, row.reason.to_string()),
            ]);
        }
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

fn alerts(filter: &AlertFilter, limit: usize, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let rows = newest(filter, limit, context)?;
    if rows.is_empty() {
        nothing_found(filter, context)?;
    }
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return rows.iter().try_for_each(|row| json_line(out, row));
        }
        let mut table = Table::new(["RAISED", "SEVERITY", "STATE", "ENTRY", "BROKER", "ALERT", "WHAT"]);
        for row in &rows {
            table.painted([
                (Paint::Plain, instant(row.raised_at)),
                (Paint::severity(row.severity), row.severity.as_str().to_owned()),
                (Paint::Plain, row.state.clone()),
                (Paint::Strong, or_dash(row.entry)),
                (Paint::Plain, or_dash(row.broker.as_ref())),
                (Paint::Plain, row.title.clone()),
                (Paint::Plain, row.what.clone()),
            ]);
        }
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

/// No alert passes the filter: fine, unless it names a rule or an entry that nobody knows.
fn nothing_found(filter: &AlertFilter, context: &Context) -> Result<(), Failure> {
    if let Some(rule) = filter.rule.as_ref().filter(|rule| context.config.rules.get(rule).is_none()) {
        return Err(super::rules::no_such_rule(context, rule));
    }
    if let Some(number) = filter.entry {
        context.door()?.ask::<serde_json::Value>(Request::Life { number })?;
    }
    Ok(())
}

/// The store lists alerts by key, so all are looked at, and the newest kept.
fn newest(filter: &AlertFilter, limit: usize, context: &Context) -> Result<Vec<AlertRow>, Failure> {
    let door = context.door()?;
    let mut rows: Vec<AlertRow> = Vec::new();
    let mut after = None;
    loop {
        let request = Request::Alerts { filter: filter.clone(), after, limit: Some(PAGE_MAX) };
        let page: Page<AlertRow, AlertKey> = door.ask(request)?;
        rows.extend(page.rows);
        rows.sort_by(|left, right| (right.raised_at, &left.key).cmp(&(left.raised_at, &right.key)));
        rows.truncate(limit);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

fn letters(list: &List, context: &Context, ui: &Ui) -> Outcome {
    let state = match list.state {
        None => LetterState::All,
        Some(State::Waiting) => LetterState::Waiting,
        Some(State::Sent) => LetterState::Sent,
        Some(State::GivenUp) => LetterState::GivenUp,
        Some(State::Withdrawn) => LetterState::Withdrawn,
    };
    let request = Request::Letters { state, limit: Some(list.limit as usize) };
    let page: Page<LetterRow, LetterKey> = context.door()?.ask(request)?;
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return page.rows.iter().try_for_each(|row| json_line(out, row));
        }
        let mut table = Table::new([
            "KEY",
            "STATE",
            "RECIPIENT",
            "ENTRY",
            "ALERTS",
            "CREATED",
            "TRIES",
            "NEXT TRY",
            "ERROR",
        ]);
        for row in &page.rows {
            let paint = if row.state == "given_up" { Paint::Red } else { Paint::Plain };
            table.painted([
                (Paint::Plain, row.key.to_string()),
                (paint, row.state.replace('_', " ")),
                (Paint::Plain, row.recipient.clone()),
                (Paint::Plain, or_dash(row.entry)),
                (Paint::Plain, row.alerts.to_string()),
                (Paint::Plain, instant(row.created_at)),
                (Paint::Plain, tries(row)),
                (Paint::Plain, or_dash(row.next_try_at.map(instant))),
                (Paint::Plain, or_dash(row.error.as_ref())),
            ]);
        }
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

/// `3`, or `0 (and 120 before)` of a letter that a person had tried again.
fn tries(row: &LetterRow) -> String {
    match row.attempts_before {
        0 => row.attempt.to_string(),
        before => format!("{} (and {before} before)", row.attempt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::ToldEvent;

    #[test]
    fn an_acknowledgement_that_ends_early_says_when() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let planned = |at: &str, is_ack: bool| ToldEvent {
            at: at.parse().expect("an instant"),
            text: String::new(),
            until: None,
            acknowledged_until: is_ack.then(|| day("2026-10-15")),
        };
        let row = |planned| ToldRow {
            alert: AlertKey::parse("x"),
            raised_at: None,
            letters: Vec::new(),
            waits_for: Vec::new(),
            state: "acknowledged".to_owned(),
            events: Vec::new(),
            planned,
        };
        let told = [
            row(vec![planned("2026-09-02T10:00:00Z", true), planned("2026-09-01T10:00:00Z", false)]),
            row(vec![planned("2026-09-02T10:00:00Z", true)]),
            row(vec![planned("2026-10-15T10:00:00Z", true)]),
            row(Vec::new()),
        ];
        let days = open_earlier(&told, day("2026-10-15"), |at| at.date_naive());
        assert_eq!(days, BTreeMap::from([(day("2026-09-02"), 2)]));
    }
}
