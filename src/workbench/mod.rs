//! The rule workbench: what rules would do, before they do it, and why they did what they did.
//!
//! * [`Bench`] is the way of a message on a bench: the same pipeline, a store in memory, a clock that is set.
//! * [`scenario`] plays told lives on it and compares every letter with the expected ones.
//! * [`backtest`] plays a journal on two of them, under two sets of rules, and compares the letters.
//! * [`why`] asks a rule about everything that is known of one entry.
//! * [`timeline`] says in plain words when the mails of a rule go out.
//! * [`drift`] reads the archive again for what the tables do not know.
//! * [`inspect`] looks for what `check` should tell: templates that fail, rules that overlap, rules in front that
//!   keep others quiet, letters that reach nobody.
//!
//! Nothing here sends anything, and nothing here writes where the daemon does.

pub mod backtest;
mod bench;
pub mod drift;
pub mod inspect;
pub mod preview;
pub mod scenario;
pub mod timeline;
pub mod why;

pub use bench::{Bench, BenchError, next_look};
