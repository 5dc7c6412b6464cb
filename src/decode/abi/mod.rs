//! ABI: 80-column records in blocks and batches (being built).
use super::{Decoder, Sink};
use crate::grammar::Grammar;

/// The records of one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    pub records: &'a [u8],
}
/// Reads ABI.
pub struct AbiDecoder<'g> {
    _grammar: &'g Grammar,
}
impl<'g> AbiDecoder<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Self { _grammar: grammar }
    }
}
impl Decoder for AbiDecoder<'_> {
    fn feed(&mut self, window: &[u8], _last: bool, _sink: &mut dyn Sink) -> usize {
        window.len()
    }
    fn cut(&mut self, window: &[u8], _sink: &mut dyn Sink) -> usize {
        window.len()
    }
}
impl Transaction<'_> {
    /// Feeds the bytes that identify the message to `hash`, so that a repeated message is known again.
    pub fn own_bytes(&self, hash: &mut dyn FnMut(&[u8])) {
        hash(b"");
    }
}

/// Masks.
pub struct PasswordMask;
impl PasswordMask {
    pub fn new() -> Self {
        Self
    }
    pub fn mask(&mut self, _: &mut [u8]) {}
}
