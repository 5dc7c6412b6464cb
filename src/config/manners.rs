//! How a team wants to be told, as it stands in `[[team]]`: quiet hours, gathering, the cap of letters.

use chrono::{NaiveTime, TimeDelta};

use super::raw::RawTeam;
use super::resolve::Resolver;
use crate::outbox::{Cap, Manners, Quiet};
use crate::place::Severity;

/// Letters that one person may get within the time of the cap, when the team says nothing.
const LETTERS: i64 = 30;
const LETTERS_MAX: i64 = 100_000;
const WITHIN: &str = "10m";
const GATHER: &str = "2m";

pub(super) fn manners(raw: &RawTeam, resolver: &mut Resolver<'_>) -> Manners {
    Manners { quiet: quiet(raw, resolver), gather: gather(raw, resolver), cap: cap(raw, resolver) }
}

fn quiet(raw: &RawTeam, resolver: &mut Resolver<'_>) -> Option<Quiet> {
    let words = [("warning", Severity::Warning), ("critical", Severity::Critical)];
    let pass = resolver.choice("quiet_pass", &raw.quiet_pass, Severity::Critical, &words);
    let Some(text) = raw.quiet.given() else {
        if let Some(pass) = raw.quiet_pass.given() {
            resolver.faults.add(pass.span(), "`quiet_pass` has no meaning without `quiet`");
        }
        return None;
    };
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let hours = text.get_ref().split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    let Some((from, to)) = hours.filter(|(from, to)| from != to) else {
        let message = format!("`quiet` is no span of hours: `{}` (example: 22:00-06:00)", text.get_ref());
        resolver.faults.add(text.span(), message);
        return None;
    };
    Some(Quiet { from, to, pass })
}

fn gather(raw: &RawTeam, resolver: &mut Resolver<'_>) -> Option<TimeDelta> {
    if raw.gather.given().is_some_and(|text| text.get_ref() == "off") {
        return None;
    }
    TimeDelta::from_std(resolver.duration("gather", &raw.gather, GATHER, ("10s", "1d"))).ok()
}

fn cap(raw: &RawTeam, resolver: &mut Resolver<'_>) -> Option<Cap> {
    let within = resolver.duration("letters_within", &raw.letters_within, WITHIN, ("1m", "1d"));
    let letters = raw.letters_max.given().map_or(LETTERS, |number| *number.get_ref());
    if let Some(number) = raw.letters_max.given().filter(|_| !(0..=LETTERS_MAX).contains(&letters)) {
        let message = format!("`letters_max` must be 0 (no cap) to {LETTERS_MAX}, not {letters}");
        resolver.faults.add(number.span(), message);
    }
    let letters = u32::try_from(letters).ok().filter(|letters| *letters > 0)?;
    Some(Cap { letters, within: TimeDelta::from_std(within).ok()? })
}
