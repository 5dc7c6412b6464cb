//! `quarantine`: what could not be read, why, and another try.

use std::io::{self, Write};

use super::context::{Context, Door, author};
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, done, instant, json_line, written};
use crate::serve::{Action, PAGE_MAX, Page, QuarantineRow, QuarantinedFile, ReceivedFile, Request};
use crate::step::QuarantineKey;
use crate::words::count;

/// Digits of a fingerprint that the list shows; enough to name a file.
const DIGITS: usize = 12;

/// Show what could not be read, read it again
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Show the pieces that could not be read
    List,
    /// Show one file: each piece, its line, and what to do; of one that was taken, what was noticed in it
    Show {
        /// The file's fingerprint or its first digits, as `quarantine list` shows them
        file: String,
    },
    /// Read a file again with the tables in force, whether it is in quarantine or not
    Retry {
        /// The file's fingerprint or its first digits: any file that was received
        file: String,
    },
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    match &args.command {
        None | Some(Command::List) => list(context, ui),
        Some(Command::Show { file }) => {
            let shown = find(&context.door()?, file)?;
            answer(ui, &shown, |out| print(out, ui, &shown), Exit::Fine)
        }
        Some(Command::Retry { file }) => {
            let door = context.door()?;
            let found: ReceivedFile = door.ask(Request::ReceivedFile { file: file.clone() })?;
            let action = Action::RetryQuarantine { file: found.file, by: author() };
            door.ask::<()>(Request::Act { action })?;
            let text = format!("{} was read again; `quarantine list` shows what is left of it.", found.name);
            done(ui, &serde_json::json!({ "read_again": found.file, "name": found.name }), &text)
        }
    }
}

fn find(door: &Door, file: &str) -> Result<QuarantinedFile, Failure> {
    door.ask(Request::QuarantinedFile { file: file.to_owned() })
}

fn list(context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let door = context.door()?;
    let mut out = ui.stdout();
    let (mut after, mut is_first) = (None, true);
    loop {
        let page: Page<QuarantineRow, QuarantineKey> =
            door.ask(Request::Quarantine { after, limit: Some(PAGE_MAX) })?;
        if is_first || !page.rows.is_empty() {
            written(&mut out, |out| {
                if ui.json {
                    return page.rows.iter().try_for_each(|row| json_line(out, row));
                }
                table(&page.rows).write(out, ui)
            })?;
        }
        (after, is_first) = (page.next, false);
        if after.is_none() {
            return Ok(Exit::Fine);
        }
    }
}

fn table(rows: &[QuarantineRow]) -> Table {
    let mut table = Table::new(["FILE", "RECEIVED", "BROKER", "NAME", "LINE", "CODE", "WHY"]);
    for row in rows {
        let digits: String = row.file.to_string().chars().take(DIGITS).collect();
        table.painted([
            (Paint::Strong, digits),
            (Paint::Plain, instant(row.received_at)),
            (Paint::Plain, row.broker.to_string()),
            (Paint::Plain, row.name.clone()),
            (Paint::Plain, row.finding.place.line.to_string()),
            (Paint::grade(row.finding.severity), row.finding.code.to_string()),
            (Paint::Plain, row.finding.message.clone()),
        ]);
    }
    table
}

fn print(out: &mut Out, ui: &Ui, shown: &QuarantinedFile) -> io::Result<()> {
    writeln!(out, "{}", ui.paint(Paint::Strong, &shown.name))?;
    writeln!(out, "  file      {}", shown.file)?;
    let counted = |number: Option<u64>, noun: &str| number.map_or_else(|| "-".to_owned(), |n| count(n, noun));
    writeln!(out, "  size      {}", counted(shown.size_bytes, "byte"))?;
    writeln!(
        out,
        "  read      {}, {}",
        counted(shown.messages, "message"),
        counted(shown.notices, "notice")
    )?;
    if let Some(piece) = shown.pieces.first() {
        writeln!(out, "  from      {}, drop {}", piece.broker, piece.drop)?;
        writeln!(out, "  received  {}", instant(piece.received_at))?;
    }
    if shown.is_taken {
        let noticed =
            if shown.pieces.is_empty() { "nothing was noticed in it" } else { "this was noticed in it" };
        writeln!(out, "  state     taken, not in quarantine; {noticed}")?;
    }
    for piece in &shown.pieces {
        let (finding, place) = (&piece.finding, piece.finding.place);
        let code = ui.paint(Paint::grade(finding.severity), &finding.code);
        writeln!(
            out,
            "\n  {code}  line {}, byte {}, while {}",
            place.line,
            place.offset,
            doing(&piece.stage)
        )?;
        writeln!(out, "    {}", ui.paint(Paint::Plain, &finding.message))?;
        if let Some(excerpt) = &piece.excerpt {
            writeln!(out, "    | {excerpt}")?;
        }
        writeln!(out, "    {}", ui.paint(Paint::Plain, &piece.advice))?;
    }
    Ok(())
}

fn doing(stage: &str) -> &str {
    match stage {
        "decode" => "decoding",
        "interpret" => "interpreting",
        "read" => "reading",
        other => other,
    }
}
