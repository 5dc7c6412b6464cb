//! Parses the arguments, calls the command, answers its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(entrywatch::cli::main(std::env::args_os()))
}
