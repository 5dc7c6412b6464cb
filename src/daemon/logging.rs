//! Where log events go: to the journal of the system, as JSON lines, or as text.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The form of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogForm {
    /// To journald when it reads our standard error, else JSON lines.
    Auto,
    Journald,
    Json,
    Text,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "`{level}` is no log level (error, warn, info, debug, trace, or a filter such as `info,entrywatch=debug`)"
    )]
    Level { level: String },
    #[error("the system's journal does not answer")]
    Journald(#[source] std::io::Error),
    #[error("logging was set up before")]
    Twice,
}

/// Sets up logging for the whole process.
///
/// # Errors
/// A level that is none, or no journald where it was asked for.
pub fn init(form: LogForm, level: &str) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(level).map_err(|_| LogError::Level { level: level.to_owned() })?;
    let journald = std::env::var_os("JOURNAL_STREAM").is_some();
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match form {
        LogForm::Journald => Box::new(tracing_journald::layer().map_err(LogError::Journald)?),
        LogForm::Auto if journald => match tracing_journald::layer() {
            Ok(layer) => Box::new(layer),
            Err(_) => Box::new(json()),
        },
        LogForm::Auto | LogForm::Json => Box::new(json()),
        LogForm::Text => {
            let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
            Box::new(text.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())))
        }
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(|_| LogError::Twice)
}

fn json() -> impl Layer<Registry> + Send + Sync {
    tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)
}
