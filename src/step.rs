//! step (being built)
