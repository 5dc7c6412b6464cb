//! Brokers that are none: what stands in the place of one where no broker sent a file.

use super::BrokerName;

impl BrokerName {
    /// Stands for the broker of files that are taken in later without saying whose they are.
    pub const BACKFILL: &str = "backfill";

    /// Stands for the broker of facts that people record.
    pub const BY_HAND: &str = "by hand";

    /// Whether a person told it, and so no broker.
    pub fn is_by_hand(&self) -> bool {
        self.as_str() == Self::BY_HAND
    }

    /// It names no broker, and so says nothing of whose an entry is.
    pub fn is_nobody(&self) -> bool {
        matches!(self.as_str(), Self::BACKFILL | Self::BY_HAND)
    }
}
