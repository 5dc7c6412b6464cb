//! ABI record layouts (being built).
use super::{GrammarError, Sources};

#[derive(Debug, Default)]
pub struct AbiGrammar {}
impl AbiGrammar {
    pub fn parse(_sources: &Sources) -> Result<Self, Vec<GrammarError>> {
        Ok(Self::default())
    }
}
/// A record's layout.
#[derive(Debug)]
pub struct RecordLayout {}
/// A field.
#[derive(Debug)]
pub struct Field {}
/// Where a field stands.
#[derive(Debug, Clone, Copy)]
pub struct FieldAt {}
/// A data class.
#[derive(Debug, Clone, Copy)]
pub enum Class {}
