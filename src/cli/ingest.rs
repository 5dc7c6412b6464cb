//! `ingest`: a backfill.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Ui, answer, clean};
use crate::daemon::engine::{Engine, Incoming};
use crate::ident::{BrokerName, DropName};
use crate::synthetic::LEDGER_NAME;
use crate::words::count;

/// Take in files by hand: journal and apply them, without mail
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files and folders; folders are walked
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Send the mail that the files give rise to
    #[arg(long)]
    pub deliver: bool,
    /// The broker that the files are from
    #[arg(long, value_name = "NAME", default_value = BrokerName::BACKFILL)]
    pub broker: String,
}

/// Files that are received together, and their bytes.
const GROUP_FILES: usize = 64;
const GROUP_BYTES: u64 = 32 << 20;

/// Folders are walked this deep.
const DEPTH_MAX: usize = 16;

#[derive(Default, serde::Serialize)]
struct Totals {
    files: u64,
    duplicates: u64,
    messages: u64,
    notices: u64,
    errors: u64,
    /// Files, not known before, that hold no customs message at all.
    without_messages: u64,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    super::interrupt::exit_on_interrupt();
    let mut files = Vec::new();
    for path in &args.files {
        walk(path, 0, &mut files)?;
    }
    files.sort();
    let before = files.len();
    // What `generate` says about its own files is no message. Named on the command line it is taken like any other.
    files.retain(|path| args.files.contains(path) || path.file_name() != Some(LEDGER_NAME.as_ref()));
    if files.len() < before {
        ui.remark(&format!(
            "{LEDGER_NAME} is the ledger of `entrywatch generate`, not a message; it is passed over."
        ));
    }
    let (mut engine, _) = context.engine()?;
    let progress = ui.progress("taking in");
    progress.set_length(files.len() as u64);
    let mut totals = Totals::default();
    let mut group: Vec<(PathBuf, u64)> = Vec::new();
    for path in files {
        let size = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
        let bytes: u64 = group.iter().map(|(_, size)| size).sum();
        if group.len() >= GROUP_FILES || (!group.is_empty() && bytes + size > GROUP_BYTES) {
            receive(&mut engine, args, &group, &mut totals, ui)?;
            progress.inc(group.len() as u64);
            group.clear();
        }
        group.push((path, size));
    }
    receive(&mut engine, args, &group, &mut totals, ui)?;
    progress.finish_and_clear();
    engine.flush().map_err(Failure::unreadable)?;
    if args.deliver {
        ui.remark("Letters wait in the outbox; `entrywatch run` sends them.");
    }
    let exit = if totals.errors == 0 { Exit::Fine } else { Exit::NotFine };
    answer(
        ui,
        &totals,
        |out| {
            use std::io::Write;
            writeln!(
                out,
                "{} ({} known before), {}, {}, {} that could not be read",
                count(totals.files, "file"),
                totals.duplicates,
                count(totals.messages, "message"),
                count(totals.notices, "notice"),
                count(totals.errors, "piece")
            )?;
            match totals.without_messages {
                0 => Ok(()),
                files => writeln!(out, "{} without any message in it", count(files, "file")),
            }
        },
        exit,
    )
}

fn receive(
    engine: &mut Engine,
    args: &Args,
    group: &[(PathBuf, u64)],
    totals: &mut Totals,
    ui: &Ui,
) -> Result<(), Failure> {
    let mut contents = Vec::with_capacity(group.len());
    for (path, _) in group {
        contents.push(File::open(path).map_err(|error| unreadable(path, &error))?);
    }
    let mut incoming: Vec<Incoming<'_>> = group
        .iter()
        .zip(&mut contents)
        .map(|((path, size_bytes), content)| Incoming {
            drop: DropName::new("ingest"),
            broker: BrokerName::new(args.broker.as_str()),
            name: path.file_name().unwrap_or_default().to_string_lossy().into(),
            size_bytes: *size_bytes,
            incomplete: false,
            deliver: args.deliver,
            content,
        })
        .collect();
    let taken = engine.receive(&mut incoming).map_err(Failure::unreadable)?;
    for (taken, (path, _)) in taken.into_iter().zip(group) {
        totals.files += 1;
        totals.duplicates += u64::from(taken.received.duplicate);
        totals.messages += taken.received.messages;
        totals.notices += taken.received.notices;
        totals.errors += taken.received.errors;
        if !taken.received.duplicate && taken.received.messages == 0 {
            totals.without_messages += 1;
            ui.remark(&format!(
                "{} holds no customs message; see `entrywatch quarantine show {}`",
                clean(&path.display().to_string()),
                taken.file.to_string().chars().take(12).collect::<String>()
            ));
        }
    }
    Ok(())
}

fn walk(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if found.is_file() {
        files.push(path.to_owned());
    } else if found.is_dir() && depth < DEPTH_MAX {
        let listing = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
        for item in listing.flatten() {
            let hidden = item.file_name().to_string_lossy().starts_with('.');
            // A link may lead out of the folder, or round in a circle.
            let plain = item.file_type().is_ok_and(|kind| !kind.is_symlink());
            if plain && !hidden {
                walk(&item.path(), depth + 1, files)?;
            }
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::unreadable(format!("could not read {}: {error}", path.display()))
}
