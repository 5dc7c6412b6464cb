//! entry (being built)
