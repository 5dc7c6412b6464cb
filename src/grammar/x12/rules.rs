//! What one release asks of a segment, as bit masks: bit 0 is element 1.

use super::ELEMENTS_MAX;

/// What a segment must hold in one release.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub mandatory: u32,
    pub dates: u32,
    pub times: u32,
    /// The last position that the release knows; 0 when the table describes no elements.
    pub last: u8,
    pub conditions: Box<[Condition]>,
}

/// A condition note of the dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    pub kind: ConditionKind,
    /// All positions named.
    pub all: u32,
    /// The first one named.
    pub first: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConditionKind {
    /// `P`: all or none.
    Paired,
    /// `R`: at least one.
    Required,
    /// `E`: at most one.
    Exclusion,
    /// `C`: if the first is present, so are all the others.
    Conditional,
    /// `L`: if the first is present, so is one of the others.
    List,
}

impl Condition {
    /// Reads `P0304`, `C1706`, `L040507`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no condition; one is a letter of PRECL and positions of two digits");
        let (letter, positions) = text.split_at_checked(1).ok_or_else(wrong)?;
        let kind = match letter {
            "P" => ConditionKind::Paired,
            "R" => ConditionKind::Required,
            "E" => ConditionKind::Exclusion,
            "C" => ConditionKind::Conditional,
            "L" => ConditionKind::List,
            _ => return Err(wrong()),
        };
        if positions.len() < 4 || !positions.len().is_multiple_of(2) {
            return Err(wrong());
        }
        let mut condition = Self { kind, all: 0, first: 0 };
        for pair in positions.as_bytes().chunks_exact(2) {
            let &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = pair else { return Err(wrong()) };
            let at = usize::from(tens - b'0') * 10 + usize::from(ones - b'0');
            if !(1..=ELEMENTS_MAX).contains(&at) {
                return Err(format!("`{text}` names element {at}"));
            }
            let bit = 1 << (at - 1);
            if condition.first == 0 {
                condition.first = bit;
            }
            condition.all |= bit;
        }
        Ok(condition)
    }

    /// True when the elements that are present (bit 0 is element 1) break the condition.
    pub fn is_broken_by(self, present: u32) -> bool {
        let here = present & self.all;
        let others = self.all & !self.first;
        match self.kind {
            ConditionKind::Paired => here != 0 && here != self.all,
            ConditionKind::Required => here == 0,
            ConditionKind::Exclusion => here.count_ones() > 1,
            ConditionKind::Conditional => here & self.first != 0 && here & others != others,
            ConditionKind::List => here & self.first != 0 && here & others == 0,
        }
    }

    /// The 1-based position of the first element that is missing, or of the first that is too many.
    pub fn culprit(self, present: u32) -> usize {
        let wanted = match self.kind {
            ConditionKind::Exclusion => present & self.all & !self.first,
            ConditionKind::List => self.all & !self.first,
            _ => self.all & !present,
        };
        wanted.trailing_zeros() as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_break_as_the_dictionary_says() {
        let cases = [
            ("P0304", 0b1100, false),
            ("P0304", 0b1000, true),
            ("P0304", 0b0000, false),
            ("R0203", 0b0010, false),
            ("R0203", 0b1001, true),
            ("E0206", 0b100010, true),
            ("E0206", 0b000010, false),
            ("C0302", 0b0100, true),
            ("C0302", 0b0110, false),
            ("C0302", 0b0010, false),
            ("L010203", 0b0001, true),
            ("L010203", 0b0101, false),
        ];
        for (text, present, broken) in cases {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.is_broken_by(present), broken, "{text} {present:b}");
        }
        assert_eq!(Condition::parse("P0304").map(|condition| condition.culprit(0b1000)), Ok(3));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in ["", "P", "P03", "P034", "X0304", "P0x04", "P0004", "P0399", "é0304"] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}
