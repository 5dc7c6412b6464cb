//! rules (being built)
