//! email (being built)
