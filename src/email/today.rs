//! The day from which a letter counts: one for its subject, its body and its tables.
//!
//! It is the day where the reader is, and never an earlier one than a reminder in the letter is for: the reminders of a
//! day are written when its morning comes to the first of the teams, and leave on the reader's own. East of Customs a day begins
//! while the one before it still runs there: a letter that would call that one over counts from the day at Customs.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::clock::{Zone, customs_date};
use crate::entry::EntryDeadline;
use crate::outbox::{Alert, Cause, DeadlineBrief, Letter, LetterKind};

/// The day, and the alerts counted from it. What is over stays as it was when it was said.
pub(super) fn counted<'a>(
    letter: &Letter,
    alerts: &'a [Alert],
    zone: &Zone,
) -> (NaiveDate, Cow<'a, [Alert]>) {
    let written = match letter.kind {
        LetterKind::Digest { day } => day,
        _ => zone.date(letter.created_at),
    };
    let days = alerts.iter().filter_map(|alert| clock(letter.kind, alert).map(|brief| brief.on));
    let today = days.max().map_or(written, |said| said.max(written));
    let customs = customs_date(letter.created_at);
    let is_ahead = customs.succ_opt() == Some(today);
    let is_early = is_ahead && alerts.iter().any(|alert| ends_between(alert, customs, today));
    let today = if is_early { customs } else { today };
    if alerts.iter().all(|alert| clock(letter.kind, alert).is_none_or(|brief| brief.on == today)) {
        return (today, Cow::Borrowed(alerts));
    }
    let mut alerts = alerts.to_vec();
    for alert in &mut alerts {
        if clock(letter.kind, alert).is_some()
            && let Cause::Deadline(brief) = &mut alert.cause
        {
            brief.on = today;
        }
    }
    (today, Cow::Owned(alerts))
}

/// Whether a clock that the alert shows runs on `customs` and is over on `today`.
fn ends_between(alert: &Alert, customs: NaiveDate, today: NaiveDate) -> bool {
    let own = match &alert.cause {
        Cause::Deadline(brief) => Some(&brief.deadline),
        _ => None,
    };
    let lasts =
        |clock: &EntryDeadline| clock.may_run() && !clock.has_passed(customs) && clock.has_passed(today);
    alert.over_at.is_none() && own.into_iter().chain(&alert.deadlines).any(lasts)
}

/// The clock that an alert is about, while it stands.
fn clock(kind: LetterKind, alert: &Alert) -> Option<&DeadlineBrief> {
    match &alert.cause {
        Cause::Deadline(brief) if kind != LetterKind::Over && alert.over_at.is_none() => Some(brief),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::sample;

    fn alert(on: &str, over_at: Option<&str>) -> Alert {
        let day = on.parse().expect("a day");
        let Cause::Deadline(brief) = sample::deadline().cause else { panic!("the sample is a deadline") };
        let brief = DeadlineBrief { on: day, ..*brief };
        let over_at = over_at.map(|at| at.parse().expect("an instant"));
        Alert { cause: Cause::Deadline(Box::new(brief)), over_at, ..sample::deadline() }
    }

    #[test]
    fn a_letter_has_one_day() {
        let said = |kind, at: &str, zone: &str, alerts: &[Alert]| {
            let zone = Zone::named(zone).expect("a zone");
            let (letter, _) = sample::letter(kind, alerts.to_vec());
            let letter = Letter { created_at: at.parse().expect("an instant"), ..letter };
            let (today, counted) = counted(&letter, alerts, &zone);
            let days = counted.iter().map(|alert| match &alert.cause {
                Cause::Deadline(brief) => brief.on.to_string(),
                _ => String::new(),
            });
            (today.to_string(), days.collect::<Vec<_>>())
        };
        let day = |text: &str| text.to_owned();
        let alone = [alert("2026-09-02", None)];
        // The morning of the second in Tokyo is the first in New York; that of Honolulu is the second everywhere.
        for (at, zone) in [
            ("2026-09-01T21:00:00Z", "Asia/Tokyo"),
            ("2026-09-01T21:00:00Z", "America/Los_Angeles"),
            ("2026-09-02T10:00:00Z", "America/New_York"),
            ("2026-09-02T16:00:00Z", "Pacific/Honolulu"),
        ] {
            let expected = (day("2026-09-02"), vec![day("2026-09-02")]);
            assert_eq!(said(LetterKind::Alert, at, zone, &alone), expected, "{zone}");
        }
        // What is said again counts from the day on which it is.
        let again = LetterKind::Reminder { nth: 2 };
        let expected = (day("2026-09-05"), vec![day("2026-09-05")]);
        assert_eq!(said(again, "2026-09-05T12:00:00Z", "America/New_York", &alone), expected);
        // Many in one letter count from one day; what is over stays as it was.
        let many = [
            alert("2026-08-30", None),
            alert("2026-08-31", None),
            alert("2026-08-01", Some("2026-08-30T00:00:00Z")),
        ];
        let expected = (day("2026-08-31"), ["2026-08-31", "2026-08-31", "2026-08-01"].map(day).to_vec());
        assert_eq!(said(LetterKind::Alert, "2026-08-30T12:00:00Z", "America/New_York", &many), expected);
        // On the morning of the day behind its last one in Tokyo the clock still runs at Customs.
        let late = [alert("2026-09-02", None)];
        let last = match &late[0].cause {
            Cause::Deadline(brief) => brief.deadline.due.expect("a last day"),
            _ => panic!("the sample is a deadline"),
        };
        for (hour, zone, wanted) in [
            (1, "Asia/Tokyo", last),
            (1, "Europe/Berlin", last),
            (5, "Asia/Tokyo", last + chrono::Days::new(1)),
            (5, "Europe/Berlin", last + chrono::Days::new(1)),
        ] {
            let at = (last + chrono::Days::new(1)).and_hms_opt(hour, 0, 0).expect("a time").and_utc();
            assert_eq!(said(again, &at.to_rfc3339(), zone, &late).0, wanted.to_string(), "{hour} {zone}");
        }
        let digest = LetterKind::Digest { day: "2026-09-04".parse().expect("a day") };
        assert_eq!(said(digest, "2026-09-04T12:00:00Z", "America/New_York", &many).0, "2026-09-04");
        let expected = (day("2026-10-01"), vec![day("2026-09-02")]);
        assert_eq!(said(LetterKind::Over, "2026-10-01T12:00:00Z", "America/New_York", &alone), expected);
    }
}
