//! `alerts`: what was raised, the letters that carry it, and another try for one of them.

use super::args;
use super::context::{Context, author};
use super::exit::{Exit, Failure, Outcome};
use super::output::{Paint, Table, Ui, done, instant, json_line, or_dash, written};
use crate::ident::EntryNumber;
use crate::outbox::{AlertKey, LetterKey};
use crate::place::Severity;
use crate::serve::{Action, AlertFilter, AlertRow, LetterRow, LetterState, PAGE_MAX, Page, Request};

/// Show alerts and letters, try a letter again
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show alerts, newest first; with --letters, the letters
    List(List),
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

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum State {
    Waiting,
    Sent,
    GivenUp,
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
        Some(Command::Retry { key }) => {
            let action = Action::RetryLetter { key: key.clone(), by: author() };
            context.door()?.ask::<()>(Request::Act { action })?;
            let text = "The letter is in the outbox again and is sent at once: by the daemon, or by the next `entrywatch run`.";
            done(ui, &serde_json::json!({ "retried": key }), text)
        }
    }
}

fn alerts(filter: &AlertFilter, limit: usize, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let rows = newest(filter, limit, context)?;
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return rows.iter().try_for_each(|row| json_line(out, row));
        }
        let mut table = Table::new(["RAISED", "SEVERITY", "ENTRY", "BROKER", "ALERT", "WHAT"]);
        for row in &rows {
            table.painted([
                (Paint::Plain, instant(row.raised_at)),
                (Paint::severity(row.severity), row.severity.as_str().to_owned()),
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
                (Paint::Plain, row.attempt.to_string()),
                (Paint::Plain, or_dash(row.next_try_at.map(instant))),
                (Paint::Plain, or_dash(row.error.as_ref())),
            ]);
        }
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}
