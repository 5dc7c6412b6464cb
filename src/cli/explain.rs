//! `explain`: where each date comes from, on one screen.

use std::io::{self, Write};

use chrono::NaiveDate;
use serde::Serialize;

use super::args;
use super::context::Context;
use super::exit::{Exit, Outcome};
use super::output::{Out, Paint, Ui, answer, day, day_or_dash, instant, when};
use crate::entry::{ClockMove, StateOn};
use crate::ident::EntryNumber;
use crate::serve::{ExplainView, Explained, FactView, PathwaysView, Request};

/// Moves of one clock that are printed; `--json` has them all.
const MOVES_SHOWN: usize = 5;

/// Show where an entry's dates come from, step by step
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Entry number, as ABC-1234567-8 or ABC12345678
    #[arg(value_parser = args::entry_number)]
    number: EntryNumber,
    /// One deadline only, such as PROTEST_DUE or PROTEST_DUE@liquidation
    deadline: Option<String>,
    /// As things stand on this day instead of today
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let on = args.on.unwrap_or_else(|| context.today());
    let request = Request::Explain { number: args.number, deadline: args.deadline.clone(), on: Some(on) };
    let door = context.door()?;
    let clocks: ExplainView = door.ask(request)?;
    let mut ways = None;
    if args.deadline.is_none() {
        ways = Some(door.ask::<PathwaysView>(Request::Pathways { number: args.number, on })?);
    }
    let view = Explanation { clocks, ways };
    let on = args.on.unwrap_or_else(|| context.today());
    answer(ui, &view, |out| print(out, ui, &view, args.deadline.is_some(), on), Exit::Fine)
}

/// The clocks, and what can be done about the entry today.
#[derive(Serialize)]
struct Explanation {
    #[serde(flatten)]
    clocks: ExplainView,
    /// Only when no single deadline was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<PathwaysView>,
}

/// Clocks that do not run are named in one line each, unless one was asked for.
fn print(out: &mut Out, ui: &Ui, view: &Explanation, is_asked_for: bool, on: NaiveDate) -> io::Result<()> {
    let Explanation { clocks: view, ways } = view;
    let kind = view.entry_type.map(|kind| format!(", type {kind}")).unwrap_or_default();
    writeln!(out, "{}  {}{kind}", ui.paint(Paint::Strong, &format!("Entry {}", view.entry)), view.status)?;
    let is_whole = |clock: &&Explained| is_asked_for || clock.state != StateOn::Idle;
    let has_several = |id: &str| view.deadlines.iter().filter(|known| known.id == id).count() > 1;
    for clock in view.deadlines.iter().filter(is_whole) {
        writeln!(out)?;
        let name = super::entry::clock_name(&clock.id, &clock.instance, has_several(&clock.id));
        writeln!(out, "{}  {}", ui.paint(Paint::Strong, &name), clock.name)?;
        explained(out, ui, clock)?;
    }
    let mut idle = view.deadlines.iter().filter(|clock| !is_whole(clock)).peekable();
    if idle.peek().is_some() {
        writeln!(out, "\n{}", ui.paint(Paint::Strong, "No date"))?;
    }
    for clock in idle {
        let why = [clock.missing.as_deref(), Some(clock.because.as_str()), Some(clock.due.as_str())];
        let why = why.into_iter().flatten().find(|why| !why.is_empty()).unwrap_or_default();
        writeln!(out, "  {:<18}  {}", clock.id, ui.paint(Paint::Plain, why))?;
    }
    super::entry::unheard(out, ui, &view.unheard, on)?;
    if let Some(ways) = ways {
        let title = format!("Ways, as of {} (information, not advice)", ways.on);
        writeln!(out, "\n{}", ui.paint(Paint::Strong, &title))?;
        super::pathways::write(out, ui, &ways.pathways)?;
    }
    if let Some(clock) = view.deadlines.first() {
        writeln!(out, "\nComputed with the table of deadlines {}", ui.paint(Paint::Plain, &clock.table))?;
    }
    Ok(())
}

fn explained(out: &mut Out, ui: &Ui, clock: &Explained) -> io::Result<()> {
    let state = match clock.state {
        StateOn::Idle => "no date",
        state => state.as_str(),
    };
    let mut line = |what: &str, text: &str| -> io::Result<()> {
        if text.is_empty() { Ok(()) } else { writeln!(out, "  {what:<11} {}", ui.paint(Paint::Plain, text)) }
    };
    line("due", &day(&clock.due))?;
    if clock.act_by.is_some() {
        line("act by", &day_or_dash(clock.act_by))?;
    }
    let because = if clock.because.is_empty() { String::new() } else { format!(": {}", clock.because) };
    if let Some(target) = &clock.target {
        let reason = if target.reason.is_empty() { String::new() } else { format!(": {}", target.reason) };
        let (date, on) = (day(&target.date.to_string()), target.set_at.date_naive());
        line("our date", &format!("{date}, set by {} on {on}{reason}", target.by))?;
    }
    line("state", &format!("{state}{because}"))?;
    for (index, moved) in clock.moves.iter().rev().take(MOVES_SHOWN).enumerate() {
        line(if index == 0 { "changed" } else { "" }, &moved_text(moved))?;
    }
    for (index, fact) in clock.facts.iter().enumerate() {
        line(if index == 0 { "facts" } else { "" }, &fact_text(fact))?;
        if let Some(notice) = source_text(fact) {
            line("", &notice)?;
        }
    }
    line("missing", clock.missing.as_deref().unwrap_or_default())?;
    line("rule", &clock.rule)?;
    for (index, step) in clock.steps.iter().enumerate() {
        line(if index == 0 { "steps" } else { "" }, step)?;
    }
    for warning in &clock.warnings {
        line("warning", warning)?;
    }
    let since = clock.valid_from.map(|date| format!(" (as it stands since {date})")).unwrap_or_default();
    line("basis", &format!("{}{since}", clock.basis))?;
    if let Some(confidence) = clock.confidence {
        let doubts =
            if clock.doubts.is_empty() { String::new() } else { format!(": {}", clock.doubts.join("; ")) };
        line("confidence", &format!("{}{doubts}", confidence.as_str()))?;
    }
    line("note", &clock.note)?;
    if clock.state == StateOn::Open {
        line("ends when", &clock.closed_by)?;
    }
    Ok(())
}

/// `2025-04-11: due 2025-04-16, then 2025-04-18; release_date is ...`
fn moved_text(moved: &ClockMove) -> String {
    let [from, to] = moved.standings();
    format!("{}: {from}, then {to}; {}", moved.at.date_naive(), moved.cause)
}

fn fact_text(fact: &FactView) -> String {
    format!("{} = {} ({})", fact.input, day(&fact.value), fact.source)
}

/// `  release_status 98 "released" of 2026-03-02 08:31, so-2.txt line 7 (sha256 9f86d081884c), came ...`
fn source_text(fact: &FactView) -> Option<String> {
    let notice = fact.notice.as_ref()?;
    let code = notice.code.map(|code| format!(" {code}")).unwrap_or_default();
    let meaning = notice.meaning.as_ref().map(|meaning| format!(" \"{meaning}\"")).unwrap_or_default();
    let at = notice.at.map(|at| format!(" of {}", when(Some(at)))).unwrap_or_default();
    let (kind, file, line) = (notice.kind.as_str(), &notice.file, notice.place.line);
    let hash: String = notice.fingerprint.to_string().chars().take(12).collect();
    let came = instant(notice.received_at);
    Some(format!("  {kind}{code}{meaning}{at}, {file} line {line} (sha256 {hash}), came {came}"))
}
