//! intake (being built)
