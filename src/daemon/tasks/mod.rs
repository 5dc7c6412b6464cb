//! The tasks of the daemon. Each wakes up, looks what is there to do, does it, and does the same after a restart.

pub mod deliver;
pub mod feed;
pub mod receipts;
pub mod scan;
pub mod tick;
