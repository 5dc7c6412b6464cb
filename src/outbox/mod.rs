//! outbox (being built)
