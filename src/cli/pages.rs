//! `completions` and `man`, generated from the definitions.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;

use super::exit::{Exit, Failure, Outcome};
use super::output::{Ui, written};
use super::{Cli, NAME};

/// Print completions for a shell
#[derive(clap::Args, Debug)]
pub struct CompletionsArgs {
    shell: Shell,
}

pub fn completions(args: &CompletionsArgs, ui: &Ui) -> Outcome {
    // Into memory first: the generator does not expect that standard output can fail.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    written(&mut ui.stdout(), |out| out.write_all(&script))?;
    Ok(Exit::Fine)
}

/// Print the manual page, or write one for each command into a folder
#[derive(clap::Args, Debug)]
pub struct ManArgs {
    /// Folder for the pages; without it the main one goes to standard output
    dir: Option<PathBuf>,
}

pub fn man(args: &ManArgs, ui: &Ui) -> Outcome {
    match &args.dir {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failure::unreadable)?;
            written(&mut ui.stdout(), |out| out.write_all(&page))?;
        }
        Some(dir) => write_pages(dir).map_err(|error| {
            Failure::unreadable(format!("could not write manual pages to {}: {error}", dir.display()))
        })?,
    }
    Ok(Exit::Fine)
}

fn write_pages(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)
}
