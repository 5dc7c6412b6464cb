//! `grammar`: the tables by which messages are read, for the people who keep them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, json_line, written};
use crate::grammar::compare::{Difference, differences, facts};
use crate::grammar::{Grammar, GrammarError};
use crate::interpret::Interpreter;

/// Check, show and compare the tables by which messages are read
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Audit a folder of tables as a start or a reload would; every fault with its place
    Check {
        /// The folder; what it lacks is taken from the built-in tables
        dir: PathBuf,
    },
    /// Show a record, a segment, a set or a code table
    Show {
        /// SO10, PF_Q1, X4, 350, so60-entry-dispositions; without a name, what there is
        name: Option<String>,
        /// Folder whose tables override the built-in ones
        #[arg(long, value_name = "DIR")]
        grammar: Option<PathBuf>,
    },
    /// Compare two folders of tables; exit code 1 when they differ
    Diff {
        /// The folder in force, or `built-in`
        old: PathBuf,
        /// The other folder, or `built-in`
        new: PathBuf,
    },
}

/// Stands for the tables of the binary.
const BUILT_IN: &str = "built-in";

pub fn run(args: &Args, ui: &Ui) -> Outcome {
    match &args.command {
        Command::Check { dir } => check(dir, ui),
        Command::Show { name, grammar } => {
            let grammar = Grammar::load(grammar.as_deref()).map_err(Failure::grammar)?;
            match name {
                Some(name) => show(&grammar, name, ui),
                None => list(&grammar, ui),
            }
        }
        Command::Diff { old, new } => {
            let (old, new) = (load(old)?, load(new)?);
            diff(&old, &new, ui)
        }
    }
}

fn load(dir: &Path) -> Result<Arc<Grammar>, Failure> {
    let folder = Some(dir).filter(|dir| *dir != Path::new(BUILT_IN));
    Grammar::load(folder).map_err(Failure::grammar)
}

#[derive(serde::Serialize)]
struct Checked {
    ok: bool,
    version: Option<String>,
    records: usize,
    segments: usize,
    code_tables: usize,
    codes: usize,
    /// Against the built-in tables.
    differences: usize,
    faults: Vec<String>,
}

fn check(dir: &Path, ui: &Ui) -> Outcome {
    let mut checked = Checked {
        ok: false,
        version: None,
        records: 0,
        segments: 0,
        code_tables: 0,
        codes: 0,
        differences: 0,
        faults: Vec::new(),
    };
    let place = |fault: &GrammarError| {
        format!("{}:{}:{}: {}", dir.join(&fault.file).display(), fault.line, fault.column, fault.message)
    };
    let loaded = Grammar::load(Some(dir)).and_then(|grammar| {
        // A table may be sound in itself and lack what a message family reads.
        Interpreter::new(grammar.clone()).map(|_| grammar)
    });
    match loaded {
        Ok(grammar) => {
            checked.ok = true;
            checked.version = Some(grammar.version().to_owned());
            checked.records = grammar.abi.layouts().len();
            checked.segments = grammar.x12.segments().count();
            checked.code_tables = grammar.codes.iter().count();
            checked.codes = grammar.codes.iter().map(|table| table.rows.len()).sum();
            checked.differences = differences(&Grammar::embedded(), &grammar).len();
        }
        Err(faults) => checked.faults = faults.iter().map(place).collect(),
    }
    for fault in &checked.faults {
        super::complain(fault);
    }
    let exit = if checked.ok { Exit::Fine } else { Exit::NotFine };
    let print = |out: &mut Out| {
        if !checked.ok {
            return writeln!(out, "{} faults", checked.faults.len());
        }
        writeln!(
            out,
            "sound: {} records, {} segments, {} codes in {} tables; {} differences to the built-in tables",
            checked.records, checked.segments, checked.codes, checked.code_tables, checked.differences
        )
    };
    answer(ui, &checked, print, exit)
}

/// A line of what a grammar says.
#[derive(serde::Serialize)]
struct Fact<'a> {
    what: &'a str,
    says: &'a str,
}

fn show(grammar: &Grammar, name: &str, ui: &Ui) -> Outcome {
    let all = facts(grammar);
    let layouts = grammar.abi.layouts().iter();
    // A record id stands for all its layouts: Q1 is one of PF and one of MS.
    let mut starts: Vec<String> = layouts
        .filter(|layout| layout.key.eq_ignore_ascii_case(name) || layout.id.eq_ignore_ascii_case(name))
        .map(|layout| format!("record {}", layout.key))
        .collect();
    starts.extend(
        ["application", "segment", "set"].map(|what| format!("{what} {}", name.to_ascii_uppercase())),
    );
    starts.push(format!("code {}", name.to_ascii_lowercase()));
    let is_of = |what: &str| {
        starts.iter().any(|start| {
            what.strip_prefix(start.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    };
    let found: Vec<Fact<'_>> =
        all.iter().filter(|(what, _)| is_of(what)).map(|(what, says)| Fact { what, says }).collect();
    if found.is_empty() {
        return Err(Failure::not_fine(format!("no record, segment, set or code table is named `{name}`")));
    }
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return found.iter().try_for_each(|fact| json_line(out, fact));
        }
        found.iter().try_for_each(|fact| print_fact(out, ui, fact))
    })?;
    Ok(Exit::Fine)
}

fn print_fact(out: &mut Out, ui: &Ui, fact: &Fact<'_>) -> io::Result<()> {
    let mut words = fact.what.splitn(3, ' ');
    let head = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match words.next() {
        None => {
            writeln!(out, "{}  {}", ui.paint(Paint::Strong, fact.what), ui.paint(Paint::Plain, fact.says))
        }
        Some(rest) if head.0 == "code" => {
            writeln!(out, "  {}: {}", ui.paint(Paint::Plain, rest), ui.paint(Paint::Plain, fact.says))
        }
        Some(rest) => writeln!(out, "  {:<16}{}", rest, ui.paint(Paint::Plain, fact.says)),
    }
}

fn list(grammar: &Grammar, ui: &Ui) -> Outcome {
    let all = facts(grammar);
    let heads = all.iter().filter(|(what, _)| what.split(' ').count() == 2);
    let tables: Vec<(String, String)> = grammar
        .codes
        .iter()
        .map(|table| (format!("code {}", table.name), format!("{} codes", table.rows.len())))
        .collect();
    let facts: Vec<Fact<'_>> = heads
        .map(|(what, says)| Fact { what, says })
        .chain(tables.iter().map(|(what, says)| Fact { what, says }))
        .collect();
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return facts.iter().try_for_each(|fact| json_line(out, fact));
        }
        let mut table = Table::new(["what", "says"]);
        facts.iter().for_each(|fact| table.row([fact.what.to_owned(), fact.says.to_owned()]));
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

fn diff(old: &Grammar, new: &Grammar, ui: &Ui) -> Outcome {
    let found = differences(old, new);
    let mut out = ui.stdout();
    written(&mut out, |out| {
        if ui.json {
            return found.iter().try_for_each(|difference| json_line(out, difference));
        }
        found.iter().try_for_each(|difference| print_difference(out, ui, difference))
    })?;
    Ok(if found.is_empty() { Exit::Fine } else { Exit::NotFine })
}

fn print_difference(out: &mut Out, ui: &Ui, difference: &Difference) -> io::Result<()> {
    if let Some(old) = &difference.old {
        writeln!(out, "- {}: {}", difference.what, ui.paint(Paint::Plain, old))?;
    }
    if let Some(new) = &difference.new {
        writeln!(out, "+ {}: {}", difference.what, ui.paint(Paint::Plain, new))?;
    }
    Ok(())
}
