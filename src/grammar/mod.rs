//! grammar (being built)
