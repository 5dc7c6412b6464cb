//! The business hours of a broker: `Mon-Fri 08:00-18:00`.

use chrono::NaiveTime;

use super::raw::RawBroker;
use super::resolve::Resolver;
use super::settings::WatchSettings;
use crate::clock::{CUSTOMS_ZONE, Zone};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Days of the week, bit 0 Monday, and the hours of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hours {
    weekdays: u8,
    opens: NaiveTime,
    closes: NaiveTime,
}

pub(super) fn watch(raw: &RawBroker, resolver: &mut Resolver<'_>) -> Option<WatchSettings> {
    let Some(text) = raw.business_hours.given() else {
        for (key, field) in [("zone", &raw.zone), ("silent_after", &raw.silent_after)] {
            if let Some(text) = field.given() {
                resolver.faults.add(text.span(), format!("`{key}` needs `business_hours` beside it"));
            }
        }
        return None;
    };
    let hours = hours(text.get_ref());
    if hours.is_none() {
        let message = format!(
            "`business_hours` cannot be read: `{}` (examples: Mon-Fri 08:00-18:00, Mon,Wed,Sat 07:30-12:00)",
            text.get_ref()
        );
        resolver.faults.add(text.span(), message);
    }
    let named = raw.zone.given().map_or(CUSTOMS_ZONE, |text| text.get_ref().as_str());
    let zone = Zone::named(named);
    if let (Err(error), Some(text)) = (&zone, raw.zone.given()) {
        resolver.faults.add(text.span(), error.to_string());
    }
    let silent_after = resolver.duration("silent_after", &raw.silent_after, "4h", ("5m", "30d"));
    let Hours { weekdays, opens, closes } = hours?;
    Some(WatchSettings { zone: zone.ok()?, weekdays, opens, closes, silent_after })
}

fn hours(text: &str) -> Option<Hours> {
    let (days, times) = text.trim().split_once(' ')?;
    let (opens, closes) = times.trim().split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (opens, closes) = (time(opens)?, time(closes)?);
    let mut weekdays = 0;
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let place = |name: &str| DAYS.iter().position(|day| *day == name);
        let (first, last) = (place(first)?, place(last)?);
        if first > last {
            return None;
        }
        (first..=last).for_each(|day| weekdays |= 1 << day);
    }
    (opens < closes).then_some(Hours { weekdays, opens, closes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read() {
        for (text, wanted) in [
            ("Mon-Fri 08:00-18:00", Some((0b1_1111, "08:00:00", "18:00:00"))),
            ("Mon,Wed,Sat 07:30-12:00", Some((0b10_0101, "07:30:00", "12:00:00"))),
            ("Sun 00:00-23:59", Some((0b100_0000, "00:00:00", "23:59:00"))),
            ("Fri-Mon 08:00-18:00", None),
            ("Mon-Fri 18:00-08:00", None),
            ("weekdays 8-18", None),
            ("", None),
        ] {
            let found =
                hours(text).map(|hours| (hours.weekdays, hours.opens.to_string(), hours.closes.to_string()));
            let found = found.as_ref().map(|(days, opens, closes)| (*days, opens.as_str(), closes.as_str()));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
