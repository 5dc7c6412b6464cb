//! `pathways`: what can still be done about an entry, and until when.

use std::io::{self, Write};

use chrono::NaiveDate;

use super::args;
use super::context::Context;
use super::exit::{Exit, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, day_or_dash};
use crate::entry::{PathState, Pathway};
use crate::ident::EntryNumber;
use crate::serve::{PathwaysView, Request};

/// Show which of correction, protest, claim, reconciliation, refund and court are open, and until when
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Entry number, as ABC-1234567-8 or ABC12345678
    #[arg(value_parser = args::entry_number)]
    number: EntryNumber,
    /// As of this day instead of today
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let on = args.on.unwrap_or_else(|| context.today());
    let view: PathwaysView = context.door()?.ask(Request::Pathways { number: args.number, on })?;
    answer(ui, &view, |out| print(out, ui, &view), Exit::Fine)
}

fn print(out: &mut Out, ui: &Ui, view: &PathwaysView) -> io::Result<()> {
    let title = format!("Entry {}", view.entry);
    writeln!(out, "{}  {}, as of {}", ui.paint(Paint::Strong, &title), view.status, view.on)?;
    write(out, ui, &view.pathways)?;
    writeln!(
        out,
        "  Information, not advice: the entry's own clocks say what is open, and people what to do."
    )
}

/// The ways, and beneath them what nobody told us of them.
pub(super) fn write(out: &mut Out, ui: &Ui, ways: &[Pathway]) -> io::Result<()> {
    table(ways).write(out, ui)?;
    for way in ways.iter().filter(|way| !way.unknown.is_empty()) {
        let text = format!("  {}: not known to entrywatch: {}", way.name, way.unknown.join("; "));
        writeln!(out, "{}", ui.paint(Paint::Plain, &text))?;
    }
    Ok(())
}

/// One line a way, and one for each other clock of it that is open.
fn table(ways: &[Pathway]) -> Table {
    let mut table = Table::new(["WAY", "STATE", "UNTIL", "ACT BY", "WHY"]).indented(2);
    for way in ways {
        let paint = if way.state == PathState::Open { Paint::Strong } else { Paint::Dim };
        let why = if way.because.is_empty() { way.deadline.to_string() } else { way.because.to_string() };
        table.painted([
            (paint, way.name.to_string()),
            (paint, way.state.as_str().to_owned()),
            (Paint::Plain, day_or_dash(way.until)),
            (Paint::Plain, day_or_dash(way.act_by)),
            (Paint::Dim, if why.is_empty() { "-".to_owned() } else { why }),
        ]);
        for other in &way.also {
            table.painted([
                (paint, String::new()),
                (paint, way.state.as_str().to_owned()),
                (Paint::Plain, day_or_dash(other.until)),
                (Paint::Plain, day_or_dash(other.act_by)),
                (Paint::Dim, other.deadline.to_string()),
            ]);
        }
    }
    table
}
