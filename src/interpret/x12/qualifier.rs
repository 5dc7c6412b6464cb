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
    matches!(qualifier, [b'B', b'M'] | [b'O', b'B'] | [b'M', b'B'])
}

/// The name under which a reference is kept, when the qualifier is one that we know. The qualifiers are those of
/// `codes/x12_ref.tsv`.
pub(super) fn name(qualifier: &[u8]) -> Option<&'static str> {
    // Of two bytes all of them, so that no texts are compared.
    let qualifier: &[u8; 2] = qualifier.try_into().ok()?;
    Some(match qualifier {
        b"6B" => "entry_number",
        b"6C" => "entry_type",
        b"6D" | b"OX" => "statement",
        b"IB" => "in_bond",
        b"BM" => "bill",
        b"OB" => "ocean_bill",
        b"MB" => "master_bill",
        b"4Y" | b"2T" => "house_bill",
        b"BN" => "booking",
        b"OC" => "container",
        b"EQ" => "equipment",
        b"OM" => "manifest_number",
        b"3Z" | b"WT" => "broker_reference",
        b"BK" => "broker_order",
        b"8S" => "broker",
        b"CQ" => "broker_license",
        b"FC" => "filer",
        b"PO" => "purchase_order",
        b"IV" | b"IK" | b"IN" | b"4H" => "invoice",
        b"TN" => "transaction",
        b"F8" => "original_reference",
        _ => return None,
    })
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
    let repeated = !issuer.is_empty() && number.len() > issuer.len() && number.starts_with(issuer);
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
    pub fn note(&mut self, qualifier: &[u8], value: &'a [u8]) {
        if qualifier == ENTRY && self.entry.is_none() {
            self.entry = EntryNumber::parse(value);
        } else if self.bill.is_none() && is_bill(qualifier) {
            self.bill = bill(value);
        }
    }
}
