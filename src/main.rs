//! Parses the arguments, calls the command, answers its exit code.

use std::process::ExitCode;

/// The store allocates and frees a great many small pieces: see docs/performance.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(entrywatch::cli::main(std::env::args_os()))
}
