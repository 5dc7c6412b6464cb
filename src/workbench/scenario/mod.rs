//! Lives of entries, told a line an event, with every letter that they should lead to.
//!
//! A line is a moment (wall-clock time of the first team) and what happens; a line without a moment happens at the
//! moment before. Time does not go back. What stands behind `#` is a remark.
//!
//! ```text
//! 2026-03-02 09:00  receive  350_release.edi from acme
//!                   expect   letter "released" to operations@example.com
//! 2026-03-13 09:00  clock
//!                   smtp     refuse 451
//!                   expect   waiting 1
//! ```
//!
//! Events: `receive FILE [from BROKER]` (a file beside the scenario, or lines that follow, each behind `|`), `clock`
//! (reminders and digests of this moment, then delivery), `wait` (time passes until this moment, with the reminders and
//! digests of every day between), `deliver`, `smtp accept|refuse TEXT|reject TEXT` (how the server answers from now
//! on), `rebuild` (an empty store, from the journal; only where there is one).
//!
//! Expectations: `letter "PART OF SUBJECT" [to ADDRESS]` (and forgets it), `no letter`, `body "PART"` (of the letter
//! expected last), `waiting N`, `given up N`, `status ENTRY WORD`, `holds ENTRY none|A/C,...`, `deadline ENTRY KEY DATE [STATE]`
//! (`open`, `closed`, `idle`, `ahead`; the date `none` for a clock that the entry does not have).
//!
//! **Letters are exact**: one that was delivered and that nobody expected before the next event is a fault. So is,
//! at the end, one that waits or was given up and that no `waiting N` or `given up N` names, and an alert that is gathered for a letter soon.

mod play;
mod read;
mod stage;

use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

pub use self::play::{load_message, play};
pub use self::stage::{BenchStage, Delivered, Gathered, Server, Stage, gathered};
use crate::diagnostic::{Diagnostic, Faults, Source, hint};
use crate::entry::DeadlineState;

/// More events than this belong into several scenarios.
pub const EVENTS_MAX: usize = 10_000;

/// The broker of a file when the line names none.
const BROKER: &str = "acme";

/// A scenario, read and checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    source: Source,
    events: Vec<Event>,
}

/// What stands on one line.
#[derive(Clone, Debug)]
struct Event {
    /// Byte range of the event's words.
    span: std::ops::Range<usize>,
    at: Option<NaiveDateTime>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Receive { name: String, broker: Option<String>, content: Content },
    Clock,
    Wait,
    Deliver,
    Smtp(Server),
    Rebuild,
    Expect(Expectation),
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    Inline(Vec<u8>),
}

#[derive(Clone, Debug)]
enum Expectation {
    Letter { part: String, to: Option<String> },
    NoLetter,
    Body(String),
    Waiting(usize),
    GivenUp(usize),
    Status { entry: crate::ident::EntryNumber, wanted: String },
    Holds { entry: crate::ident::EntryNumber, wanted: String },
    Deadline { entry: crate::ident::EntryNumber, key: String, wanted: String, state: Option<DeadlineState> },
}

impl Scenario {
    /// Reads a scenario. `folder` is where it stands: names of messages start there.
    ///
    /// # Errors
    /// Every line that is no event.
    pub fn read(name: &str, text: &str, folder: &Path) -> Result<Self, Vec<Diagnostic>> {
        read::read(name, text, folder)
    }

    /// The scenario, if every file in it comes from a broker of these; where there are none, from any.
    ///
    /// # Errors
    /// Each file from somebody else: rules, routes and overrides that ask for a broker would not hold for it.
    pub fn from_brokers(self, known: &[&str]) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Faults::of(self.source.clone());
        for event in self.events.iter().filter(|_| !known.is_empty()) {
            if let What::Receive { broker: Some(broker), .. } = &event.what
                && !known.contains(&&**broker)
            {
                let hint = hint(broker, "known", known.iter().copied());
                faults.add(event.span.clone(), format!("no broker is called `{broker}` ({hint})"));
            }
        }
        if faults.is_empty() { Ok(self) } else { Err(faults.into_sorted()) }
    }

    pub fn name(&self) -> &str {
        self.source.name()
    }

    pub fn events(&self) -> usize {
        self.events.len()
    }
}

#[cfg(test)]
mod tests;
