//! X12 segments, elements and sets (being built).
use super::{GrammarError, Sources};

#[derive(Debug, Default)]
pub struct X12Grammar {}
impl X12Grammar {
    pub fn parse(_sources: &Sources) -> Result<Self, Vec<GrammarError>> {
        Ok(Self::default())
    }
}
