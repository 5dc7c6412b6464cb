//! deadline (being built)
