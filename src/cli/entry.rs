//! `entry`: one entry, whole.

use std::io::{self, Write};

use chrono::NaiveDate;

use super::args;
use super::context::Context;
use super::exit::{Exit, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, day, day_or_dash, instant, or_dash, when};
use crate::entry::StateOn;
use crate::ident::EntryNumber;
use crate::pipeline::money;
use crate::serve::{EntryView, HoldView, LiquidationView, Request, TimelineRow, UnheardView};

/// Show one entry: state, holds, deadlines, timeline
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Entry number, as ABC-1234567-8 or ABC12345678
    #[arg(value_parser = args::entry_number)]
    number: EntryNumber,
    /// How its clocks stand on this day instead of today
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let on = args.on.unwrap_or_else(|| context.today());
    let view: EntryView = context.door()?.ask(Request::Entry { number: args.number, on: Some(on) })?;
    answer(ui, &view, |out| print(out, ui, &view, on), Exit::Fine)
}

/// The bill that a hold is limited to, or the lines that an agency still holds.
fn held_on(hold: &HoldView) -> Option<String> {
    let lines = hold.lines.as_ref().map(|lines| {
        let noun = if lines.chars().all(|c| c.is_ascii_digit()) { "line" } else { "lines" };
        format!("{noun} {lines}")
    });
    let said: Vec<String> = hold.bill.iter().cloned().chain(lines).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn print(out: &mut Out, ui: &Ui, view: &EntryView, today: NaiveDate) -> io::Result<()> {
    head(out, ui, view)?;
    if !view.open_holds.is_empty() {
        writeln!(out, "\n{}", ui.paint(Paint::Red, "Open holds"))?;
        let mut table = Table::new(["AGENCY", "CODE", "SINCE", "ON", "MEANING"]).indented(2);
        for hold in &view.open_holds {
            table.row([
                hold.agency.to_string(),
                hold.code.to_string(),
                when(hold.since),
                or_dash(held_on(hold)),
                or_dash(hold.meaning.as_ref()),
            ]);
        }
        table.write(out, ui)?;
    }
    unheard(out, ui, &view.unheard, today)?;
    lines(out, ui, view)?;
    statements(out, ui, view)?;
    customs_bills(out, ui, view)?;
    liquidation(out, ui, view)?;
    deadlines(out, ui, view)?;
    if !view.pathways.is_empty() {
        writeln!(out, "\n{}", ui.paint(Paint::Strong, "Ways"))?;
        super::pathways::write(out, ui, &view.pathways)?;
    }
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Timeline"))?;
    let mut table = Table::new(["AT", "SEVERITY", "KIND", "CODE", "MEANING", "WHERE"]).indented(2);
    view.timeline.iter().for_each(|row| table.painted(timeline_cells(row)));
    table.write(out, ui)?;
    if !view.findings.is_empty() {
        writeln!(out, "\n{}", ui.paint(Paint::Yellow, "Findings"))?;
    }
    for finding in &view.findings {
        let place = match (&finding.file, finding.place) {
            (Some(file), Some(place)) => format!("{file}, line {}: ", place.line),
            _ => String::new(),
        };
        writeln!(
            out,
            "  {}",
            ui.paint(Paint::Plain, &format!("{place}{} ({})", finding.message, finding.code))
        )?;
    }
    Ok(())
}

fn head(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    let is_bad = matches!(view.status.as_str(), "held" | "rejected" | "cancelled");
    let paint = if is_bad { Paint::Red } else { Paint::Strong };
    writeln!(
        out,
        "{}  {}",
        ui.paint(Paint::Strong, &format!("Entry {}", view.entry)),
        ui.paint(paint, &view.status)
    )?;
    let references = &view.references;
    let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let summary = &view.summary;
    let accepted = summary.accepted_at.map(|at| {
        let warned = if summary.has_warnings { ", with warnings" } else { "" };
        format!("accepted {}{warned}", when(Some(at)))
    });
    let rejected = summary.rejected_at.map(|at| format!("rejected {}", when(Some(at))));
    for (what, value) in [
        ("filer", Some(view.filer.to_string())),
        ("broker", view.broker.as_ref().map(ToString::to_string)),
        ("type", view.entry_type.map(|entry_type| entry_type.to_string())),
        ("port", view.port.map(|port| port.to_string())),
        ("importer", view.importer.clone()),
        ("reference", references.broker.clone()),
        ("orders", list(&references.po)),
        ("bills", list(&references.bill)),
        ("containers", list(&references.container)),
        ("released", view.released_at.map(|at| when(Some(at)))),
        ("summary", accepted.or(rejected)),
        ("filed", summary.filed_at.map(|at| when(Some(at)))),
        ("census", (!summary.census_warnings.is_empty()).then(|| census(view))),
        (
            "scheduled",
            view.scheduled_liquidation.map(|date| format!("liquidation on {}", day_or_dash(Some(date)))),
        ),
    ] {
        if let Some(value) = value {
            writeln!(out, "  {what:<11} {}", ui.paint(Paint::Plain, &value))?;
        }
    }
    Ok(())
}

/// Open warnings, `002 27I`.
fn census(view: &EntryView) -> String {
    let warnings = view.summary.census_warnings.iter();
    let words: Vec<String> = warnings
        .map(|warning| match (warning.line, warning.code) {
            (Some(line), Some(code)) => format!("{line} {code}"),
            _ => "some line".to_owned(),
        })
        .collect();
    format!("open on {}", words.join(", "))
}

/// What should have been said by now.
pub(super) fn unheard(out: &mut Out, ui: &Ui, awaited: &[UnheardView], today: NaiveDate) -> io::Result<()> {
    let missing: Vec<&UnheardView> = awaited.iter().filter(|unheard| unheard.stands_on(today)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", ui.paint(Paint::Yellow, "Not heard"))?;
    let mut table = Table::new(["SILENCE", "MISSING FROM", "WHAT"]).indented(2);
    for unheard in missing {
        table.row([unheard.code.clone(), day_or_dash(Some(unheard.missing_from)), unheard.text.clone()]);
    }
    table.write(out, ui)
}

/// The summary line by line, as it was sent last.
fn lines(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    if view.summary.lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Lines as filed"))?;
    let mut table = Table::new(["LINE", "ORIGIN", "TARIFF NUMBERS", "VALUE", "DUTY", "FEES"]).indented(2);
    for line in &view.summary.lines {
        let numbers: Vec<&str> = line.tariffs.iter().map(|tariff| tariff.hts.as_str()).collect();
        table.row([
            or_dash(line.line.as_ref()),
            or_dash(line.origin.as_ref()),
            numbers.join(", "),
            or_dash(line.value.map(money)),
            or_dash(line.amounts.duty.map(money)),
            or_dash(line.amounts.fees.map(money)),
        ]);
    }
    table.write(out, ui)
}

fn statements(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    if view.statements.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Statements"))?;
    let mut table = Table::new(["STATEMENT", "STATE", "PRINTED", "AMOUNT", "PAY BY", "MONTHLY"]).indented(2);
    for statement in &view.statements {
        table.row([
            statement.number.to_string(),
            statement.state.clone(),
            day_or_dash(statement.print_date),
            or_dash(statement.amount.map(money)),
            day_or_dash(statement.due_date),
            or_dash(statement.monthly_number),
        ]);
    }
    table.write(out, ui)
}

fn customs_bills(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    if view.customs_bills.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Bills from Customs"))?;
    let mut table = Table::new(["BILL", "DATE", "TOTAL", "PAID", "STATE"]).indented(2);
    for bill in &view.customs_bills {
        table.row([
            bill.number.to_string(),
            day_or_dash(bill.date),
            or_dash(bill.total.map(money)),
            or_dash(bill.paid.map(money)),
            if bill.is_open { "open" } else { "closed" }.to_owned(),
        ]);
    }
    table.write(out, ui)
}

fn liquidation(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    if view.liquidation_history.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Liquidation"))?;
    let mut table =
        Table::new(["DATE", "WHAT", "REASON", "PAID", "LIQUIDATED", "DIFFERENCE", "SOURCE"]).indented(2);
    view.liquidation_history.iter().for_each(|step| table.row(liquidation_cells(step)));
    table.write(out, ui)
}

fn liquidation_cells(step: &LiquidationView) -> [String; 7] {
    let amounts = step.amounts.as_ref();
    [
        day_or_dash(step.date),
        step.what.replace('_', " "),
        or_dash(step.reason),
        or_dash(amounts.and_then(|amounts| amounts.paid_total).map(money)),
        or_dash(amounts.and_then(|amounts| amounts.liquidated_total).map(money)),
        or_dash(amounts.and_then(|amounts| amounts.difference).map(money)),
        step.basis.clone(),
    ]
}

fn deadlines(out: &mut Out, ui: &Ui, view: &EntryView) -> io::Result<()> {
    writeln!(out, "\n{}", ui.paint(Paint::Strong, "Deadlines"))?;
    let has_several = |id: &str| view.deadlines.iter().filter(|known| known.id == id).count() > 1;
    let mut table = Table::new(["DEADLINE", "DUE", "ACT BY", "OUR DATE", "STATE", "BASIS"]).indented(2);
    for deadline in &view.deadlines {
        let paint = match deadline.state {
            StateOn::Open => Paint::Strong,
            StateOn::Closed | StateOn::Idle => Paint::Dim,
            StateOn::Ahead | StateOn::Passed => Paint::Plain,
        };
        let state = deadline.state.as_str();
        let state = match deadline.because.as_str() {
            "" => state.to_owned(),
            because => format!("{state}: {because}"),
        };
        table.painted([
            (paint, clock_name(&deadline.id, &deadline.instance, has_several(&deadline.id))),
            (paint, day(&deadline.due)),
            (Paint::Plain, day_or_dash(deadline.act_by)),
            (Paint::Plain, day_or_dash(deadline.target)),
            (Paint::Plain, state),
            (Paint::Dim, deadline.basis.clone()),
        ]);
    }
    table.write(out, ui)
}

/// The name of a clock: with what started it where an entry has several of the kind.
pub(super) fn clock_name(id: &str, instance: &str, is_one_of_several: bool) -> String {
    if is_one_of_several && !instance.is_empty() { format!("{id}@{instance}") } else { id.to_owned() }
}

fn timeline_cells(row: &TimelineRow) -> [(Paint, String); 6] {
    // A notice that gives no time is placed by when it came.
    let at = row.at.map_or_else(|| format!("came {}", instant(row.received_at)), |at| when(Some(at)));
    let meaning = match (&row.meaning, row.code) {
        (Some(meaning), _) => meaning.clone(),
        (None, Some(_)) => "no table knows this code".to_owned(),
        (None, None) => "-".to_owned(),
    };
    [
        (Paint::Plain, at),
        (Paint::severity(row.severity), row.severity.as_str().to_owned()),
        (Paint::Plain, row.kind.as_str().to_owned()),
        (Paint::Strong, or_dash(row.code)),
        (Paint::Plain, meaning),
        (Paint::Dim, format!("{}:{}", row.file, row.place.line)),
    ]
}
