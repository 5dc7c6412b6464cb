//! The message families that the synthetic broker writes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::faults::Dialect;
use crate::grammar::abi::Direction;

macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $dialect:ident $direction:ident;)*) => {
        /// What travels in one file: an ABI application or an X12 set. The order is the order of closing at the end.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Family { $($(#[$doc])* $variant,)* }

        impl Family {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Application identifier or set identifier.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(super) fn dialect(self) -> Dialect {
                match self { $(Self::$variant => Dialect::$dialect,)* }
            }

            pub(super) fn direction(self) -> Direction {
                match self { $(Self::$variant => Direction::$direction,)* }
            }
        }
    };
}
families! {
    Sx = "SX", Abi Out;
    So = "SO", Abi Out;
    Ax = "AX", Abi Out;
    Uc = "UC", Abi Out;
    Nr = "NR", Abi Out;
    Set350 = "350", X12 Out;
    Set824 = "824", X12 Out;
    Set997 = "997", X12 Out;
    Se = "SE", Abi In;
    Ae = "AE", Abi In;
    Cq = "CQ", Abi In;
    C1 = "C1", Abi Out;
    Ns = "NS", Abi Out;
    Cj = "CJ", Abi In;
    Cl = "CL", Abi Out;
    Cw = "CW", Abi In;
    Co = "CO", Abi Out;
    Eq = "EQ", Abi In;
    Er = "ER", Abi Out;
    Pf = "PF", Abi Out;
    Ms = "MS", Abi Out;
    Ts = "TS", Abi Out;
    Te = "TE", Abi In;
    Tx = "TX", Abi Out;
    /// A batch that CBP rejected, records X0 and X1.
    X1 = "X1", Abi Out;
    Set315 = "315", X12 Out;
    Set352 = "352", X12 Out;
    Set353 = "353", X12 Out;
    Set354 = "354", X12 Out;
    Set355 = "355", X12 Out;
    Set810 = "810", X12 Out;
    Set820 = "820", X12 Out;
    Set850 = "850", X12 Out;
    Set856 = "856", X12 Out;
    Set999 = "999", X12 Out;
    Ta1 = "TA1", X12 Out;
}

impl Family {
    /// What Customs says of an entry from filing to liquidation, and no more.
    pub const CORE: [Self; 8] =
        [Self::Sx, Self::So, Self::Ax, Self::Uc, Self::Nr, Self::Set350, Self::Set824, Self::Set997];

    /// Reads a list as the command line gives it: identifiers with commas between, `core`, or `all`.
    ///
    /// # Errors
    /// Names the first word that is no family.
    pub fn parse_list(text: &str) -> Result<BTreeSet<Self>, UnknownFamily> {
        let mut families = BTreeSet::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "all" => families.extend(Self::ALL),
                "core" => families.extend(Self::CORE),
                name => {
                    families.insert(name.parse()?);
                }
            }
        }
        Ok(families)
    }

    /// GS01 in a release, and the release in which this broker sends the set.
    pub(super) fn group(self, broker: usize) -> (&'static str, &'static str) {
        const RELEASES: [&str; 4] = ["004010", "004060", "005010", "006050"];
        let release = match self {
            Self::Set350 | Self::Set824 | Self::Set997 => RELEASES[0],
            Self::Set999 => RELEASES[2],
            _ => RELEASES[broker % RELEASES.len()],
        };
        // From 004030 on customs sets have groups of their own, which not every sender uses; before, all of them were SO.
        let customs = |later| if release == RELEASES[0] { "SO" } else { later };
        let group = match self {
            Self::Set824 => "AG",
            Self::Set997 | Self::Set999 => "FA",
            Self::Set315 => "QO",
            Self::Set353 => customs("AX"),
            Self::Set355 => customs("AZ"),
            Self::Set810 => "IN",
            Self::Set820 => "RA",
            Self::Set850 => "PO",
            Self::Set856 => "SH",
            _ => "SO",
        };
        (group, release)
    }

    /// True for a message that is a file of its own, because it is about a whole batch.
    pub(super) fn stands_alone(self) -> bool {
        matches!(self, Self::X1)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(text: &str) -> Result<Self, UnknownFamily> {
        let found = Self::ALL.iter().find(|family| family.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownFamily { name: text.to_owned() })
    }
}

/// A word that names no family.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{name}` is no family (known: all, core, {})", known())]
pub struct UnknownFamily {
    pub name: String,
}

fn known() -> String {
    Family::ALL.iter().map(|family| family.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for &family in Family::ALL {
            assert_eq!(family.to_string().parse(), Ok(family));
        }
        assert_eq!(Family::parse_list("ae, 350"), Ok(BTreeSet::from([Family::Ae, Family::Set350])));
        assert_eq!(Family::parse_list("core,SX").map(|families| families.len()), Ok(Family::CORE.len()));
        assert_eq!(Family::parse_list("all").map(|families| families.len()), Ok(Family::ALL.len()));
        let error = Family::parse_list("AE,QQ").expect_err("no such family");
        assert!(error.to_string().starts_with("`QQ` is no family (known: all, core, SX"), "{error}");
    }
}
