//! The long-running process: the engine that writes, the tasks around it, and their start and stop.

pub mod app;
pub mod apply;
pub mod assemble;
pub mod backend;
pub mod changes;
pub mod channel;
pub mod commits;
pub mod engine;
pub mod feed;
mod following;
pub mod http;
pub mod link_key;
pub mod logging;
pub mod once;
mod parts;
pub mod receipts;
mod rereading;
mod room;
pub mod service;
pub mod settings;
pub mod state;
pub mod tasks;
pub mod view;
pub mod writer;
