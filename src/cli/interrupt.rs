//! Ctrl-C ends a streaming command at once, with its own exit code.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;

/// From now on an interrupt ends the process with [`Exit::Interrupted`]. For commands that only read and print: nothing
/// they do needs an orderly end.
pub fn exit_on_interrupt() {
    let waiting = std::thread::Builder::new().name("interrupt".to_owned()).spawn(|| {
        if let Err(error) = wait() {
            // Without a handler the system's own way of ending the process stands.
            tracing::debug!(%error, "Could not wait for interrupts.");
            return;
        }
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    if let Err(error) = waiting {
        tracing::debug!(%error, "Could not wait for interrupts.");
    }
}

fn wait() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        signal(SignalKind::interrupt())?.recv().await;
        Ok(())
    })
}
