//! What the load bench is made of beside the run itself.

pub mod days;
pub mod feed;
pub mod figures;
