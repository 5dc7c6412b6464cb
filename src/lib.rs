//! entrywatch reads the copies of customs messages that brokers drop, and follows every entry to liquidation.
//!
//! The modules stand in the order in which a message travels; `ARCHITECTURE.md` draws the map.

pub mod clock;
pub mod diagnostic;
pub mod ident;
pub mod place;
pub mod words;

pub mod grammar;

pub mod decode;
pub mod intake;
pub mod notice;

pub mod deadline;
pub mod interpret;
pub mod receipt;

pub mod entry;

pub mod rules;

pub mod ical;
pub mod outbox;

pub mod email;
pub mod step;
pub mod webhook;

pub mod journal;

pub mod config;
pub mod pipeline;
pub mod store;
pub mod synthetic;

pub mod serve;

pub mod daemon;

pub mod workbench;

pub mod cli;
