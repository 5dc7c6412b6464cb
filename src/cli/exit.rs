//! How a command ends: few exit codes, each with one meaning, and an error that says what to do.

use std::error::Error;
use std::io;

use crate::grammar::GrammarError;
use crate::serve::client::ClientError;
use crate::serve::{Fault, FaultCode};

/// The exit codes that scripts may rely on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    Fine = 0,
    /// The thing asked about is not fine: a check or a test failed, a difference was found, it does not exist.
    NotFine = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Input or the store cannot be read.
    Unreadable = 3,
    Interrupted = 130,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// What a command answers.
pub type Outcome = Result<Exit, Failure>;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Standard output does not take any more. A closed pipe is no fault: the reader has seen enough.
    Output(io::Error),
    /// Something to say on standard error.
    Said { exit: Exit, error: Box<dyn Error + Send + Sync> },
}

impl Failure {
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Said { exit: Exit::Usage, error: error.into() }
    }

    pub fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Said { exit: Exit::Unreadable, error: error.into() }
    }

    pub fn not_fine(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Said { exit: Exit::NotFine, error: error.into() }
    }

    /// Every fault of a grammar folder, a line each.
    pub fn grammar(faults: Vec<GrammarError>) -> Self {
        let faults: Vec<String> = faults.iter().map(GrammarError::to_string).collect();
        Self::usage(format!("the grammar is not sound\n{}", faults.join("\n")))
    }

    pub fn exit(&self) -> Exit {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Self::Output(_) => Exit::Unreadable,
            Self::Said { exit, .. } => *exit,
        }
    }

    /// What standard error shows, causes behind a colon; `None` for a closed pipe.
    pub fn text(&self) -> Option<String> {
        let error: &dyn Error = match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Self::Output(error) => return Some(format!("could not write to standard output: {error}")),
            Self::Said { error, .. } => &**error,
        };
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Some(text)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let exit = match fault.code {
            FaultCode::NotFound => Exit::NotFine,
            FaultCode::BadRequest => Exit::Usage,
            FaultCode::Failed | FaultCode::Unavailable | FaultCode::TimedOut => Exit::Unreadable,
        };
        Self::Said { exit, error: Box::new(fault) }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(fault) => fault.into(),
            error => Self::unreadable(error),
        }
    }
}
