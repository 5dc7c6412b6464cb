//! Which lines of the entry an agency speaks of (SO70 57-72), and which of them it still holds.

use std::collections::BTreeSet;

use crate::notice::{Kind, Notice};

/// Entry line, ordinal of the tariff number on it, line of the agency.
type At = (u16, u16, u16);

const LAST: u16 = u16::MAX;

/// More pieces than this of one hold are not told apart: the hold is then on the whole entry, which a removal for the entry
/// closes.
const PIECES_MAX: usize = 1_000;

/// From one line to another, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lines {
    first: At,
    last: At,
}

impl Lines {
    /// The lines that a status of an agency is limited to; `None` when it is about the whole entry, or names no line.
    pub fn of(notice: &Notice) -> Option<Self> {
        if notice.kind != Kind::AgencyStatus || notice.field("entry_status").is_some() {
            return None;
        }
        let number = |name: &str| notice.field(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let begin = (number("begin_cbp_line"), number("begin_tariff_position"), number("begin_pga_line"));
        let end = (number("end_cbp_line"), number("end_tariff_position"), number("end_pga_line"));
        Self::between(begin, end)
    }

    /// Zeros are "not stated": of a line all its tariff numbers, of a tariff number all lines of the agency. An end that is not
    /// stated, or stands before the beginning, makes no range.
    fn between(begin: At, end: At) -> Option<Self> {
        let whole = |(line, tariff, own): At| {
            (line, if tariff == 0 { LAST } else { tariff }, if own == 0 { LAST } else { own })
        };
        let last = whole(end);
        let last = if last >= begin { last } else { whole(begin) };
        (begin.0 > 0).then_some(Self { first: begin, last })
    }

    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// What of these lines is left without others.
    fn without(&self, gone: &Self) -> impl Iterator<Item = Self> + use<> {
        let before =
            (self.first < gone.first).then(|| Self { first: self.first, last: previous(gone.first) });
        let behind = (gone.last < self.last).then(|| Self { first: next(gone.last), last: self.last });
        before.into_iter().chain(behind)
    }

    /// The same without what is left at its ends between lines that were named one by one: it ends where a message named a line, or
    /// an entry line lies in it with all that it has. `None` when nothing of the kind does.
    fn tightened(&self, named: &Named) -> Option<Self> {
        let begins = self.first.0 + u16::from((self.first.1, self.first.2) > (0, 0));
        let is_to_end = (self.last.1, self.last.2) == (LAST, LAST);
        let ends = if is_to_end { self.last.0 } else { self.last.0.saturating_sub(1) };
        let whole = (begins <= ends).then_some(((begins, 0, 0), (ends, LAST, LAST)));
        let mut within = named.0.range(self.first..=self.last).copied();
        let (first, last) = (within.next(), within.next_back());
        let first_named = first.into_iter().chain(whole.map(|(first, _)| first)).min()?;
        let last_named = last.or(first).into_iter().chain(whole.map(|(_, last)| last)).max()?;
        Some(Self { first: first_named, last: last_named })
    }
}

fn previous((line, tariff, own): At) -> At {
    match (line, tariff, own) {
        (_, _, 1..) => (line, tariff, own - 1),
        (_, 1.., 0) => (line, tariff - 1, LAST),
        _ => (line.saturating_sub(1), LAST, LAST),
    }
}

fn next((line, tariff, own): At) -> At {
    match (tariff, own) {
        (LAST, LAST) => (line.saturating_add(1), 0, 0),
        (_, LAST) => (line, tariff + 1, 0),
        _ => (line, tariff, own + 1),
    }
}

/// Where an agency's messages say that it has lines. A range tells only its ends.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeSet<At>);

impl Named {
    pub fn note(&mut self, lines: Lines) {
        self.0.insert(lines.first);
        if (lines.last.1, lines.last.2) != (LAST, LAST) {
            self.0.insert(lines.last);
        }
    }
}

/// What one hold is on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extent {
    is_whole: bool,
    pieces: Vec<Lines>,
}

impl Extent {
    /// Without lines: the whole entry, as far as the scope of the hold goes.
    pub fn of(lines: Option<Lines>) -> Self {
        Self { is_whole: lines.is_none(), pieces: lines.into_iter().collect() }
    }

    pub(super) fn add(&mut self, lines: Option<Lines>) {
        match lines {
            None => self.is_whole = true,
            Some(lines) if self.pieces.contains(&lines) => {}
            Some(_) if self.pieces.len() >= PIECES_MAX => self.is_whole = true,
            Some(lines) => self.pieces.push(lines),
        }
    }

    /// A removal for some lines. What is left between lines that were named one by one is no line, unless a message named one there or
    /// a whole entry line lies in it.
    pub(super) fn remove(&mut self, gone: Lines, named: &Named) {
        let pieces = std::mem::take(&mut self.pieces);
        for piece in pieces {
            if piece.meets(&gone) {
                self.pieces.extend(piece.without(&gone).filter_map(|left| left.tightened(named)));
            } else {
                self.pieces.push(piece);
            }
        }
        if self.pieces.len() > PIECES_MAX {
            self.pieces.clear();
            self.is_whole = true;
        }
    }

    /// A removal that names no line closes what named none.
    pub(super) fn remove_whole(&mut self) {
        self.is_whole = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_whole && self.pieces.is_empty()
    }

    /// Whether it is on these lines, or on some of them.
    pub fn is_on(&self, lines: Option<Lines>) -> bool {
        self.is_whole || lines.is_some_and(|lines| self.pieces.iter().any(|piece| piece.meets(&lines)))
    }

    /// `1, 3-5`: the lines of the entry; `None` when it is on all of it.
    pub fn shown(&self) -> Option<String> {
        if self.is_whole || self.pieces.is_empty() {
            return None;
        }
        let mut lines: Vec<(u16, u16)> =
            self.pieces.iter().map(|piece| (piece.first.0, piece.last.0)).collect();
        lines.sort_unstable();
        let mut joined: Vec<(u16, u16)> = Vec::new();
        for (first, last) in lines {
            match joined.last_mut() {
                Some(known) if first <= known.1.saturating_add(1) => known.1 = known.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        let shown = |&(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        Some(joined.iter().map(shown).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(begin: At, end: At) -> Lines {
        Lines::between(begin, end).expect("a line")
    }

    fn one(line: u16) -> Lines {
        lines((line, 1, 1), (0, 0, 0))
    }

    /// What is left of a hold after removals.
    fn left(held: &[Lines], gone: &[Lines]) -> String {
        let mut named = Named::default();
        let mut extent = Extent::default();
        for &lines in held {
            named.note(lines);
            extent.add(Some(lines));
        }
        for &lines in gone {
            named.note(lines);
            extent.remove(lines, &named);
        }
        extent.shown().unwrap_or_else(|| "-".to_owned())
    }

    #[test]
    fn a_removal_takes_only_its_own_lines_out() {
        let all = lines((1, 1, 1), (3, 1, 1));
        let second = lines((1, 1, 2), (0, 0, 0));
        for (held, gone, wanted) in [
            (vec![one(1), one(2)], vec![one(1)], "2"),
            (vec![one(1), one(2)], vec![one(1), one(2)], "-"),
            (vec![one(1), one(2), one(4)], vec![], "1-2, 4"),
            (vec![one(1), one(2), one(3)], vec![all], "-"),
            (vec![one(1), one(4)], vec![all], "4"),
            (vec![one(1)], vec![one(2)], "1"),
            (vec![all], vec![one(2)], "1, 3"),
            (vec![all], vec![one(1), one(2)], "3"),
            (vec![all], vec![one(3), one(1)], "2"),
            (vec![all], vec![one(3), one(1), one(2)], "-"),
            (vec![all, second], vec![one(3), one(1), one(2)], "1"),
            (vec![one(1), second], vec![one(1)], "1"),
            (vec![one(1), second], vec![lines((1, 0, 0), (0, 0, 0))], "-"),
            (vec![lines((1, 1, 0), (0, 0, 0))], vec![lines((1, 1, 0), (0, 0, 0))], "-"),
            (vec![lines((2, 0, 0), (9, 0, 0))], vec![lines((2, 0, 0), (8, 0, 0))], "9"),
            (vec![lines((2, 0, 0), (9, 0, 0))], vec![lines((3, 0, 0), (8, 0, 0))], "2, 9"),
        ] {
            assert_eq!(left(&held, &gone), wanted, "{held:?} without {gone:?}");
        }
    }

    #[test]
    fn a_whole_hold_is_on_every_line_and_no_line_removes_it() {
        let mut extent = Extent::of(None);
        assert!(extent.is_on(None) && extent.is_on(Some(one(7))));
        extent.remove(one(7), &Named::default());
        assert!(!extent.is_empty());
        extent.add(Some(one(2)));
        extent.remove_whole();
        assert_eq!(extent.shown().as_deref(), Some("2"));
        assert!(!extent.is_on(None) && !extent.is_on(Some(one(7))) && extent.is_on(Some(one(2))));
    }

    #[test]
    fn an_end_that_is_none_makes_no_range() {
        assert_eq!(Lines::between((0, 1, 1), (0, 0, 0)), None);
        assert_eq!(lines((5, 1, 1), (2, 1, 1)), one(5));
        assert_eq!(lines((5, 1, 1), (5, 1, 1)), one(5));
        let at = |at: At| Lines { first: at, last: at };
        assert!(lines((5, 0, 0), (0, 0, 0)).meets(&at((5, 99, 999))));
        assert!(!lines((5, 1, 0), (0, 0, 0)).meets(&at((5, 2, 1))));
    }

    #[test]
    fn too_many_pieces_are_the_whole_entry() {
        let mut extent = Extent::default();
        (1..=2_000).for_each(|line| extent.add(Some(one(2 * line))));
        assert!(extent.is_on(None));
    }
}
