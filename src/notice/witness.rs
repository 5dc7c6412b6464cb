//! What a report can say that messages say as well.

use serde::{Deserialize, Serialize};

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $words:literal, $is_date:literal;)*) => {
        /// A date or an amount, by the name of its field.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum WitnessedFact { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }
        impl WitnessedFact {
            pub const ALL: &[WitnessedFact] = &[$(WitnessedFact::$variant),*];
            pub fn as_str(self) -> &'static str {
                match self { $(WitnessedFact::$variant => $name,)* }
            }
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(WitnessedFact::$variant),)* _ => None }
            }
            /// For people.
            pub fn words(self) -> &'static str {
                match self { $(WitnessedFact::$variant => $words,)* }
            }
            /// A date; the others are amounts.
            pub fn is_date(self) -> bool {
                match self { $(WitnessedFact::$variant => $is_date,)* }
            }
        }
    };
}
facts! {
    EntryDate = "entry_date", "date of entry", true;
    ReleaseDate = "release_date", "date of release", true;
    CollectionDate = "collection_date", "date of payment", true;
    LiquidationDate = "liquidation_date", "date of liquidation", true;
    EnteredValue = "entered_value", "entered value", false;
    PaidDuty = "paid_duty", "duty paid", false;
    PaidTax = "paid_tax", "tax paid", false;
    PaidAntidumping = "paid_antidumping", "antidumping duty paid", false;
    PaidCountervailing = "paid_countervailing", "countervailing duty paid", false;
    PaidFees = "paid_fees", "fees paid", false;
    PaidTotal = "paid_total", "total paid", false;
    LiquidatedDuty = "liquidated_duty", "duty liquidated", false;
    LiquidatedTax = "liquidated_tax", "tax liquidated", false;
    LiquidatedAntidumping = "liquidated_antidumping", "antidumping duty liquidated", false;
    LiquidatedCountervailing = "liquidated_countervailing", "countervailing duty liquidated", false;
    LiquidatedFees = "liquidated_fees", "fees liquidated", false;
    LiquidatedTotal = "liquidated_total", "total liquidated", false;
}
