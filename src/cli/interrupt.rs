//! Ctrl-C ends a streaming command at once, with its own exit code.

use super::exit::Exit;

/// From now on an interrupt ends the process with [`Exit::Interrupted`]. For commands that only read and print: nothing
/// they do needs an orderly end.
pub fn exit_on_interrupt() {
    let waiting = std::thread::Builder::new().name("interrupt".to_owned()).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        // Without a handler the system's own way of ending the process stands.
        if let Ok(runtime) = runtime
            && runtime.block_on(tokio::signal::ctrl_c()).is_ok()
        {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    if let Err(error) = waiting {
        tracing::debug!(%error, "Could not wait for interrupts.");
    }
}
