//! notice (being built)
