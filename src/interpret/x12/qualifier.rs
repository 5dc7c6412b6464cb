//! What the qualifiers of N9, REF, X415 and OTI02 say. Brokers differ in what they send; this is the one place that
//! gives meaning to a qualifier.

use crate::decode::x12::Segment;
use crate::ident::EntryNumber;
use crate::notice::BillRef;

/// CBP entry number.
pub(super) const ENTRY: &[u8; 2] = b"6B";

/// Entry types that are in-bond movements: then the number beside it is the in-bond number, not an entry's.
pub(super) fn is_in_bond(entry_type: &[u8]) -> bool {
    matches!(entry_type, b"61" | b"62" | b"63")
}

/// Bill of lading, ocean bill, master bill.
fn is_bill(qualifier: &[u8]) -> bool {
    matches!(two_bytes(qualifier), Some(BILL | OCEAN_BILL | MASTER_BILL))
}

const BILL: u16 = u16::from_le_bytes(*b"BM");
const OCEAN_BILL: u16 = u16::from_le_bytes(*b"OB");
const MASTER_BILL: u16 = u16::from_le_bytes(*b"MB");

/// All qualifiers that we know have two bytes; as a number they are compared at once.
#[inline(always)]
fn two_bytes(qualifier: &[u8]) -> Option<u16> {
    qualifier.try_into().ok().map(u16::from_le_bytes)
}

/// The names under which references are kept. The qualifiers are those of `codes/x12_ref.tsv`.
const NAMES: [(&[u8; 2], &str); 27] = [
    (ENTRY, "entry_number"),
    (b"6C", "entry_type"),
    (b"6D", "statement"),
    (b"OX", "statement"),
    (b"IB", "in_bond"),
    (b"BM", "bill"),
    (b"OB", "ocean_bill"),
    (b"MB", "master_bill"),
    (b"4Y", "house_bill"),
    (b"2T", "house_bill"),
    (b"BN", "booking"),
    (b"OC", "container"),
    (b"EQ", "equipment"),
    (b"OM", "manifest_number"),
    (b"3Z", "broker_reference"),
    (b"WT", "broker_reference"),
    (b"BK", "broker_order"),
    (b"8S", "broker"),
    (b"CQ", "broker_license"),
    (b"FC", "filer"),
    (b"PO", "purchase_order"),
    (b"IV", "invoice"),
    (b"IK", "invoice"),
    (b"IN", "invoice"),
    (b"4H", "invoice"),
    (b"TN", "transaction"),
    (b"F8", "original_reference"),
];

/// The same in open addressing, made by the compiler: a chain of comparisons would be guessed wrong nearly every time.
static NAMED: [(u16, &str); NAMED_SLOTS] = {
    let mut slots = [(0, ""); NAMED_SLOTS];
    let mut at = 0;
    while at < NAMES.len() {
        let (qualifier, name) = NAMES[at];
        let qualifier = u16::from_le_bytes(*qualifier);
        let mut slot = named_slot(qualifier);
        while slots[slot].0 != 0 {
            slot = (slot + 1) % NAMED_SLOTS;
        }
        slots[slot] = (qualifier, name);
        at += 1;
    }
    slots
};

const NAMED_SLOTS: usize = 128;

#[inline(always)]
const fn named_slot(qualifier: u16) -> usize {
    ((qualifier as u32).wrapping_mul(0x9E37_79B1) >> 25) as usize % NAMED_SLOTS
}

/// The name under which a reference is kept, when the qualifier is one that we know.
#[inline]
pub(super) fn name(qualifier: &[u8]) -> Option<&'static str> {
    let qualifier = two_bytes(qualifier)?;
    let mut slot = named_slot(qualifier);
    loop {
        let (known, name) = NAMED[slot];
        if known == qualifier && known != 0 {
            return Some(name);
        }
        if known == 0 {
            return None;
        }
        slot = (slot + 1) % NAMED_SLOTS;
    }
}

/// The bill that a reference names, if it names one.
pub(super) fn bill_of<'a>(qualifier: &[u8], value: &'a [u8]) -> Option<BillRef<'a>> {
    if is_bill(qualifier) { bill(value) } else { None }
}

/// The number of a reference as a bill. Issuer and number are one text there.
pub(super) fn bill(number: &[u8]) -> Option<BillRef<'_>> {
    (!number.is_empty()).then_some(BillRef { issuer: b"", number })
}

/// A bill from issuer and number. Some senders repeat the issuer in front of the number.
pub(super) fn issued_bill<'a>(issuer: &'a [u8], number: &'a [u8]) -> Option<BillRef<'a>> {
    if number.is_empty() {
        return None;
    }
    // Most differ in their first byte, or there is no issuer.
    let repeated = issuer.first().is_some_and(|first| number[0] == *first)
        && number.len() > issuer.len()
        && number.starts_with(issuer);
    Some(BillRef { issuer: if repeated { b"" } else { issuer }, number })
}

/// Where a segment of references keeps qualifier and value.
#[derive(Clone, Copy)]
pub(super) struct ReferenceAt {
    pub qualifier: usize,
    pub value: usize,
}

impl ReferenceAt {
    #[inline(always)]
    pub fn read<'a>(self, segment: &Segment<'a>, aliases: &'a Aliases) -> (&'a [u8], &'a [u8]) {
        (aliases.standard(segment.value(self.qualifier)), segment.value(self.value))
    }
}

/// Qualifiers that one broker uses in place of the standard's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Aliases(Vec<Alias>);

/// One qualifier of the broker's, and the standard's.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Alias {
    own: Box<[u8]>,
    standard: Box<[u8]>,
}

impl Aliases {
    /// Pairs of the broker's own qualifier and the standard's.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let bytes = |text: &str| text.as_bytes().into();
        let alias = |(own, standard)| Alias { own: bytes(own), standard: bytes(standard) };
        Self(pairs.into_iter().map(alias).collect())
    }

    /// What the standard has for the broker's qualifier.
    #[inline(always)]
    fn standard<'a>(&'a self, qualifier: &'a [u8]) -> &'a [u8] {
        if self.0.is_empty() { qualifier } else { self.find(qualifier) }
    }

    fn find<'a>(&'a self, qualifier: &'a [u8]) -> &'a [u8] {
        let found = self.0.iter().find(|alias| *alias.own == *qualifier);
        found.map_or(qualifier, |alias| &*alias.standard)
    }
}

/// What the references of one scope say about entry and bill; the first of each counts.
#[derive(Clone, Copy, Default)]
pub(super) struct References<'a> {
    pub entry: Option<EntryNumber>,
    pub bill: Option<BillRef<'a>>,
}

impl<'a> References<'a> {
    #[inline]
    pub fn note(&mut self, qualifier: &[u8], value: &'a [u8]) {
        const ENTRY_NUMBER: u16 = u16::from_le_bytes(*ENTRY);
        match two_bytes(qualifier) {
            Some(ENTRY_NUMBER) if self.entry.is_none() => self.entry = EntryNumber::parse(value),
            Some(BILL | OCEAN_BILL | MASTER_BILL) if self.bill.is_none() => self.bill = bill(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_qualifier_has_its_name_and_no_other() {
        for (qualifier, wanted) in NAMES {
            assert_eq!(name(qualifier), Some(wanted), "{}", qualifier.escape_ascii());
        }
        let known = (0..=u16::MAX).filter(|qualifier| name(&qualifier.to_le_bytes()).is_some()).count();
        assert_eq!(known, NAMES.len());
        for other in [b"".as_slice(), b"B", b"BM1", b"\0\0"] {
            assert_eq!(name(other), None);
        }
    }
}
