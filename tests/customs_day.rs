//! A legal day is over at midnight at Customs. Readers east of there hear of a day in their own morning, and that it is over not before.

#[path = "support/desk.rs"]
mod desk;
#[path = "support/life.rs"]
#[expect(dead_code, reason = "a life does more than these tests want")]
mod life;

use entrywatch::outbox::Audience;
use life::{Life, at, released, team};

/// The summary of what was released on 2 April 2025 is due on 16 April.
fn told(zones: &[&str]) -> Vec<(String, String)> {
    let teams = zones.iter().enumerate().map(|(nth, zone)| team(["operations", "second"][nth], zone));
    let mut life = Life::new("", Audience::new(teams.collect()), "2025-04-02T15:00:00Z");
    life.desk.receive("so.txt", "acme", &released());
    let sent = life.until("2025-04-17T12:00:00Z");
    let about = |subject: &&life::Sent| {
        subject.subject().contains("summary and estimated duties") && subject.at >= at("2025-04-15T20:00:00Z")
    };
    sent.iter()
        .filter(about)
        .map(|sent| (format!("{} {}", sent.at.format("%m-%dT%H:%M"), sent.to), sent.subject().to_owned()))
        .collect()
}

#[test]
fn nothing_is_overdue_before_the_day_is_over_at_customs() {
    for zones in
        [&["America/New_York"][..], &["Asia/Tokyo"], &["Europe/Berlin"], &["America/New_York", "Asia/Tokyo"]]
    {
        let told = told(zones);
        assert!(told.iter().any(|(_, subject)| subject.contains("due today")), "{zones:?}: {told:#?}");
        let overdue: Vec<&str> = told
            .iter()
            .filter(|(_, subject)| subject.contains("overdue"))
            .map(|(when, _)| when.as_str())
            .collect();
        assert!(!overdue.is_empty(), "{zones:?}: {told:#?}");
        // Midnight of the 17th at Customs, in summer.
        assert!(overdue.iter().all(|when| **when >= *"04-17T04:00"), "{zones:?}: {told:#?}");
    }
}

#[test]
fn the_last_day_is_told_on_the_morning_of_the_reader() {
    let told = told(&["Asia/Tokyo"]);
    let today: Vec<_> = told.iter().filter(|(_, subject)| subject.contains("due today")).collect();
    assert!(today.iter().all(|(when, _)| when.starts_with("04-15T21")), "{told:#?}");
}
