//! interpret (being built)
