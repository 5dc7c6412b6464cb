//! `due`: one deadline from given facts, pure.

use std::io::{self, Write};

use super::args;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, day, day_or_dash, json_line, written};
use crate::deadline::{
    ADJUSTING, CAL_DAY, Class, Computed, DeadlineTable, Definition, DueError, Key, Triggers,
};

/// Compute one deadline from given facts
///
/// Needs no configuration and no store: `entrywatch due PROTEST_DUE liquidation_date=2026-03-06`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The deadline, such as PROTEST_DUE; CAL_DAY asks whether a day counts
    #[arg(required_unless_present = "list")]
    id: Option<String>,
    /// Facts, such as liquidation_date=2026-03-06
    #[arg(value_name = "KEY=VALUE")]
    facts: Vec<String>,
    /// Use the rules as they stood on this day, whatever day the clock starts on
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    rules_on: Option<chrono::NaiveDate>,
    /// List the deadlines and the facts that each reads
    #[arg(long, conflicts_with = "id")]
    list: bool,
}

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    let embedded = DeadlineTable::embedded();
    let as_of = args.rules_on.map(|day| embedded.as_of(day));
    let table = as_of.as_ref().unwrap_or(embedded);
    let Some(id) = &args.id else { return list(table, ui) };
    let upper = id.to_ascii_uppercase();
    let id = if table.find(&upper).is_some() || upper == CAL_DAY { &upper } else { id };
    // An unknown deadline is told before the facts, which may be in order for another one.
    let known = if id == CAL_DAY { Ok(()) } else { table.known(id) };
    known.map_err(|error| Failure::usage(with_hint(&error)))?;
    let facts = Triggers::parse(&args.facts).map_err(Failure::usage)?;
    let computed = table.compute(id, &facts).map_err(|error| Failure::usage(with_hint(&error)))?;
    answer(ui, &computed, |out| print(out, ui, &computed), Exit::Fine)
}

/// The error, and what the keys mean that it asks for.
fn with_hint(error: &DueError) -> String {
    let keys: &[Key] = match error {
        DueError::Missing { any_of, .. } => any_of,
        DueError::UnexpectedKey { accepted, .. } => accepted,
        DueError::UnknownId { .. } => return format!("{error}\n  `entrywatch due --list` shows them all"),
        DueError::NotInForce { .. } => return error.to_string(),
    };
    let mut text = error.to_string();
    for key in keys {
        text.push_str(&format!("\n  {key}: {} ({})", key.meaning(), key.kind()));
    }
    text
}

fn print(out: &mut Out, ui: &Ui, computed: &Computed) -> io::Result<()> {
    let due = day(&computed.due.to_string());
    writeln!(out, "{}  {}", ui.paint(Paint::Strong, computed.id.as_str()), computed.name)?;
    writeln!(out, "  due         {}", ui.paint(Paint::Strong, &due))?;
    match (computed.act_by, computed.class) {
        (None, Class::Watch | Class::Keep) => {}
        (act_by, _) => writeln!(out, "  act by      {}", day_or_dash(act_by))?,
    }
    if !computed.rule.is_empty() {
        writeln!(out, "  rule        {}", computed.rule)?;
    }
    if !computed.basis.is_empty() {
        let since =
            computed.valid_from.map(|date| format!(" (as it stands since {date})")).unwrap_or_default();
        writeln!(out, "  basis       {}{since}", computed.basis)?;
    }
    let doubts = computed.doubts.iter().map(|doubt| format!(": {doubt}")).collect::<String>();
    writeln!(out, "  confidence  {}{doubts}", computed.confidence.as_str())?;
    if !computed.note.is_empty() {
        writeln!(out, "  note        {}", computed.note)?;
    }
    for (index, step) in computed.steps.iter().enumerate() {
        writeln!(out, "  {}  {step}", if index == 0 { "steps     " } else { "          " })?;
    }
    for warning in &computed.warnings {
        writeln!(out, "  {}     {warning}", ui.paint(Paint::Yellow, "warning"))?;
    }
    if !computed.closed_by.is_empty() {
        writeln!(out, "  ends when   {}", computed.closed_by)?;
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct ListLine<'a> {
    id: &'a str,
    name: &'a str,
    family: &'a str,
    class: Class,
    reads: Vec<&'static str>,
    /// What any deadline reads: what a notice or the configuration does to a clock.
    also_reads: Vec<&'static str>,
    rule: String,
    basis: &'a str,
}

impl<'a> From<&'a Definition> for ListLine<'a> {
    fn from(definition: &'a Definition) -> Self {
        let version = definition.current();
        Self {
            id: definition.id.as_str(),
            name: &definition.name,
            family: &definition.family,
            class: definition.class,
            reads: definition.accepts.iter().map(|key| key.as_str()).collect(),
            also_reads: also_reads(definition),
            rule: version.rule(),
            basis: &version.basis,
        }
    }
}

fn also_reads(definition: &Definition) -> Vec<&'static str> {
    ADJUSTING.iter().filter(|key| !definition.accepts.contains(key)).map(|key| key.as_str()).collect()
}

fn list(table: &DeadlineTable, ui: &Ui) -> Outcome {
    let mut out = ui.stdout();
    let lines = table.definitions().iter().map(ListLine::from);
    written(&mut out, |out| {
        if ui.json {
            return lines.into_iter().try_for_each(|line| json_line(out, &line));
        }
        let mut rows = Table::new(["ID", "NAME", "READS"]);
        for line in lines {
            rows.row([line.id.to_owned(), line.name.to_owned(), line.reads.join(" ")]);
        }
        rows.row([CAL_DAY.to_owned(), "Whether a day counts".to_owned(), "date nonworking".to_owned()]);
        rows.write(out, ui)?;
        let also: Vec<&str> = ADJUSTING.iter().map(|key| key.as_str()).collect();
        writeln!(out, "\nEvery deadline reads {} as well, CAL_DAY aside.", also.join(" "))
    })?;
    Ok(Exit::Fine)
}
