//! What goes wrong between a broker's system and the drop folder.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::random::Rng;

/// One in so many files meets a fault; the first file that can meet a fault always does, so small feeds show each.
const FAULT_ONE_IN: u64 = 10;

/// Text wrapped by a network's gateway breaks after so many bytes.
const WRAP_BYTES: usize = 80;

/// A fault that a plan asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// An upload that broke off, and the whole file again under another name.
    Partial,
    /// The same bytes again under another name.
    Duplicate,
    /// A file that comes after files that were made later.
    OutOfOrder,
    /// Line ends other than the usual: LF or none for ABI, LF or hex 15 for X12.
    Terminator,
    /// ABI records without their trailing blanks.
    Stripped,
    /// X12 broken into lines of 80 bytes.
    Wrapped,
    /// No `Z` or no `IEA` at the end.
    MissingTrailer,
    /// Codes that no table knows, beside the known ones.
    UnknownCodes,
    /// Entry numbers whose check digit is one too high, as CBP grants to some filers.
    CheckDigit,
    /// A byte-order mark in front, and in ABI a byte above 127 in the header's free text.
    Encoding,
}

impl Fault {
    pub const ALL: [Self; 10] = [
        Self::Partial,
        Self::Duplicate,
        Self::OutOfOrder,
        Self::Terminator,
        Self::Stripped,
        Self::Wrapped,
        Self::MissingTrailer,
        Self::UnknownCodes,
        Self::CheckDigit,
        Self::Encoding,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Duplicate => "duplicate",
            Self::OutOfOrder => "out-of-order",
            Self::Terminator => "terminator",
            Self::Stripped => "stripped",
            Self::Wrapped => "wrapped",
            Self::MissingTrailer => "missing-trailer",
            Self::UnknownCodes => "unknown-codes",
            Self::CheckDigit => "check-digit",
            Self::Encoding => "encoding",
        }
    }

    /// Reads a list as the command line gives it: names with commas between, or `all`.
    ///
    /// # Errors
    /// Names the first word that is no fault.
    pub fn parse_list(text: &str) -> Result<BTreeSet<Self>, UnknownFault> {
        let mut faults = BTreeSet::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "all" => faults.extend(Self::ALL),
                name => {
                    faults.insert(name.parse()?);
                }
            }
        }
        Ok(faults)
    }

    /// True when the fault belongs to entries and codes instead of files.
    fn is_of_content(self) -> bool {
        matches!(self, Self::UnknownCodes | Self::CheckDigit)
    }

    fn fits(self, dialect: Dialect) -> bool {
        match self {
            Self::Stripped => dialect == Dialect::Abi,
            Self::Wrapped => dialect == Dialect::X12,
            _ => true,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.as_str() == text)
            .ok_or_else(|| UnknownFault { name: text.to_owned() })
    }
}

/// A word that names no fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{name}` is no fault (known: all, partial, duplicate, out-of-order, terminator, stripped, wrapped, \
     missing-trailer, unknown-codes, check-digit, encoding)"
)]
pub struct UnknownFault {
    pub name: String,
}

/// How a clean file is written: ABI as 80 columns and CR LF, X12 with `~` and LF.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    Abi,
    X12,
}

/// Decides which file meets which fault.
#[derive(Debug)]
pub(super) struct Mischief {
    faults: Vec<Fault>,
    unseen: Vec<Fault>,
    rng: Rng,
}

impl Mischief {
    pub(super) fn new(faults: &BTreeSet<Fault>, rng: Rng) -> Self {
        let faults: Vec<Fault> = faults.iter().copied().filter(|fault| !fault.is_of_content()).collect();
        Self { unseen: faults.clone(), faults, rng }
    }

    /// What the next file meets; at most one fault, so that a test can tell what it looks at.
    pub(super) fn next(&mut self, dialect: Dialect) -> Option<Fault> {
        if let Some(at) = self.unseen.iter().position(|fault| fault.fits(dialect)) {
            return Some(self.unseen.remove(at));
        }
        if self.faults.is_empty() || self.rng.below(FAULT_ONE_IN) > 0 {
            return None;
        }
        Some(self.rng.pick(&self.faults)).filter(|fault| fault.fits(dialect))
    }

    /// Rewrites a clean file. Faults that are about arrival leave it as it is.
    pub(super) fn spoil(&mut self, fault: Fault, dialect: Dialect, clean: &[u8]) -> Vec<u8> {
        match (fault, dialect) {
            (Fault::Partial, _) => {
                let quarter = clean.len() as u64 / 4;
                clean[..(quarter + self.rng.below(2 * quarter)) as usize].to_vec()
            }
            (Fault::Terminator, Dialect::Abi) => {
                let keep_lf = self.rng.chance(50);
                let unwanted = |byte: u8| byte == b'\r' || (byte == b'\n' && !keep_lf);
                clean.iter().copied().filter(|&byte| !unwanted(byte)).collect()
            }
            (Fault::Terminator, Dialect::X12) => {
                let terminator = if self.rng.chance(50) { b'\n' } else { 0x15 };
                let one_byte = clean.iter().copied().filter(|&byte| byte != b'\n');
                one_byte.map(|byte| if byte == b'~' { terminator } else { byte }).collect()
            }
            (Fault::Stripped, Dialect::Abi) => {
                let lines = clean.split_inclusive(|&byte| byte == b'\n');
                lines.flat_map(|line| [line.trim_ascii_end(), b"\r\n"].concat()).collect()
            }
            (Fault::Wrapped, Dialect::X12) => {
                let bare: Vec<u8> = clean.iter().copied().filter(|&byte| byte != b'\n').collect();
                bare.chunks(WRAP_BYTES).flat_map(|line| [line, b"\n"].concat()).collect()
            }
            (Fault::MissingTrailer, _) => {
                let end = clean.trim_ascii_end().iter().rposition(|&byte| byte == b'\n');
                clean[..end.map_or(clean.len(), |end| end + 1)].to_vec()
            }
            (Fault::Encoding, _) => {
                let mut spoilt = [b"\xef\xbb\xbf", clean].concat();
                if let (Dialect::Abi, Some(byte)) = (dialect, spoilt.get_mut(3 + 59)) {
                    *byte = 0xA2;
                }
                spoilt
            }
            _ => clean.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        assert_eq!(
            Fault::parse_list(" partial, wrapped,"),
            Ok(BTreeSet::from([Fault::Partial, Fault::Wrapped]))
        );
        assert_eq!(Fault::parse_list("all").map(|faults| faults.len()), Ok(Fault::ALL.len()));
        let error = Fault::parse_list("partial,late").expect_err("no such fault");
        assert!(error.to_string().starts_with("`late` is no fault"), "{error}");
        for fault in Fault::ALL {
            assert!(error.to_string().contains(fault.as_str()), "{fault} is missing in the message");
        }
    }

    #[test]
    fn each_fault_strikes_early_and_only_where_it_fits() {
        let mut mischief = Mischief::new(&BTreeSet::from(Fault::ALL), Rng::of(1, 1));
        let early: BTreeSet<Fault> = (0..8)
            .flat_map(|_| [mischief.next(Dialect::Abi), mischief.next(Dialect::X12)])
            .flatten()
            .collect();
        assert_eq!(early.len(), Fault::ALL.len() - 2, "all but those of content: {early:?}");
        for _ in 0..1_000 {
            assert_ne!(mischief.next(Dialect::Abi), Some(Fault::Wrapped));
            assert_ne!(mischief.next(Dialect::X12), Some(Fault::Stripped));
        }
    }

    #[test]
    fn faults_do_what_their_names_say() {
        let mut mischief = Mischief::new(&BTreeSet::new(), Rng::of(1, 1));
        let abi =
            [format!("{:80}", "A"), format!("{:80}", "N1"), format!("{:80}", "Z")].join("\r\n") + "\r\n";
        let mut spoil = |fault, dialect, text: &str| mischief.spoil(fault, dialect, text.as_bytes());
        assert_eq!(spoil(Fault::Stripped, Dialect::Abi, &abi), b"A\r\nN1\r\nZ\r\n");
        assert_eq!(spoil(Fault::MissingTrailer, Dialect::Abi, &abi), abi.as_bytes()[..164]);
        let odd = spoil(Fault::Encoding, Dialect::Abi, &abi);
        assert_eq!((&odd[..4], odd[62], odd.len()), (&b"\xef\xbb\xbfA"[..], 0xA2, abi.len() + 3));
        for _ in 0..20 {
            let cut = spoil(Fault::Partial, Dialect::Abi, &abi);
            assert!((61..=184).contains(&cut.len()) && abi.as_bytes().starts_with(&cut));
            assert!(matches!(spoil(Fault::Terminator, Dialect::Abi, &abi).len(), 240 | 243));
            let x12 = spoil(Fault::Terminator, Dialect::X12, "ISA*~\nIEA*~\n");
            assert!(x12 == b"ISA*\nIEA*\n" || x12 == b"ISA*\x15IEA*\x15");
        }
        let wrapped = spoil(Fault::Wrapped, Dialect::X12, &"ISA*~\n".repeat(40));
        assert_eq!(
            wrapped.split(|&byte| byte == b'\n').map(<[u8]>::len).collect::<Vec<_>>(),
            [80, 80, 40, 0]
        );
    }
}
