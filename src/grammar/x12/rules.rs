//! What one release asks of a segment, as bit masks: bit 0 is element 1.

use super::ELEMENTS_MAX;

/// What a segment must hold in one release.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub mandatory: u32,
    pub dates: u32,
    pub times: u32,
    /// Whole numbers.
    pub wholes: u32,
    /// Numbers that may have a decimal point.
    pub decimals: u32,
    /// The last position that the release knows; 0 when the table describes no elements.
    pub last: u8,
    pub conditions: Box<[Condition]>,
    widths: Vec<Widths>,
}

/// How many elements one [`Widths`] tells about.
pub const WIDTHS: usize = 8;

/// How far behind the end of the element before it each element may end: one byte more than it is long. Laid out as
/// many lengths are compared at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Widths {
    pub least: [i32; WIDTHS],
    pub most: [i32; WIDTHS],
}

impl Widths {
    /// Any length will do.
    const ANY: Self = Self { least: [i32::MIN; WIDTHS], most: [i32::MAX; WIDTHS] };
}

impl Rules {
    /// Of a segment without elements.
    pub(super) fn under(conditions: Box<[Condition]>) -> Self {
        Self { conditions, ..Self::default() }
    }

    /// The lengths of all elements, from the first on; those behind the last that is limited may be left out.
    pub fn widths(&self) -> &[Widths] {
        &self.widths
    }

    /// The shortest and the longest that element `n`, from 1, may be, where the release limits it.
    pub fn length(&self, n: usize) -> Option<(usize, usize)> {
        let (block, lane) = ((n - 1) / WIDTHS, (n - 1) % WIDTHS);
        let Widths { least, most } = self.widths.get(block)?;
        let length = |width: i32| usize::try_from(width.saturating_sub(1)).unwrap_or_default();
        (least[lane] != i32::MIN).then(|| (length(least[lane]), length(most[lane])))
    }

    /// Limits the length of the element at `index`, from 0.
    pub(super) fn limit(&mut self, index: usize, shortest: u16, longest: u16) {
        let (block, lane) = (index / WIDTHS, index % WIDTHS);
        if self.widths.len() <= block {
            self.widths.resize(block + 1, Widths::ANY);
        }
        let Some(widths) = self.widths.get_mut(block) else { return };
        widths.least[lane] = i32::from(shortest) + 1;
        widths.most[lane] = i32::from(longest) + 1;
    }

    /// The rules of releases between this one and `next`, which the tables do not describe: what one of the two allows
    /// is allowed. Behind the last one nothing is too long.
    pub(super) fn until(&self, next: Option<&Self>) -> Self {
        let mut between = self.clone();
        let Some(next) = next else {
            between.widths.iter_mut().for_each(|widths| widths.most = Widths::ANY.most);
            return between;
        };
        between.mandatory &= next.mandatory;
        for (widths, other) in between.widths.iter_mut().zip(&next.widths) {
            for lane in 0..WIDTHS {
                widths.least[lane] = widths.least[lane].min(other.least[lane]);
                widths.most[lane] = widths.most[lane].max(other.most[lane]);
            }
        }
        between
    }

    /// The same for releases of which no table tells how long their elements are.
    pub(super) fn of_any_length(&self) -> Self {
        Self { widths: Vec::new(), ..self.clone() }
    }
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
