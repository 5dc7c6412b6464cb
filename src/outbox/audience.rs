//! Who gets letters, and when their day begins.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::manners::Manners;
use crate::clock::Zone;
use crate::place::Severity;

/// The hour from which a day's reminders are said, in the recipients' zone: before work, not at midnight.
const MORNING_HOURS: i64 = 6;

/// People who are told together.
#[derive(Clone, Debug)]
pub struct Team {
    pub name: Box<str>,
    /// E-mail addresses.
    pub to: Vec<Box<str>>,
    pub zone: Zone,
    /// Wall-clock time of the daily digest.
    pub digest_at: NaiveTime,
    /// Only alerts that are at least this loud, digest included.
    pub severity_min: Severity,
}

/// What mails show of importer numbers, which may be social security numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ImporterNumber {
    Full,
    /// The last four characters.
    #[default]
    Masked,
    Hidden,
}

impl ImporterNumber {
    /// The number as a mail may show it.
    pub fn show(self, number: &str) -> Option<Box<str>> {
        match self {
            Self::Full => Some(number.into()),
            Self::Masked => {
                let keep = number.chars().count().saturating_sub(4);
                Some(number.chars().enumerate().map(|(at, c)| if at < keep { '*' } else { c }).collect())
            }
            Self::Hidden => None,
        }
    }

    /// A text of a message as a mail may show it: `number` does not stand in it where it should not.
    pub fn conceal<'t>(self, text: &'t str, number: &str) -> Cow<'t, str> {
        let number = number.trim();
        if self == Self::Full || number.is_empty() || !text.contains(number) {
            return Cow::Borrowed(text);
        }
        let stars = || "*".repeat(number.chars().count());
        Cow::Owned(text.replace(number, &self.show(number).map_or_else(stars, String::from)))
    }
}

/// All teams, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    teams: Vec<Team>,
    /// By name of the team; a team that is not there has none.
    manners: BTreeMap<Box<str>, Manners>,
}

impl Audience {
    /// Teams that are told everything as it comes.
    pub fn new(teams: Vec<Team>) -> Self {
        Self { teams, manners: BTreeMap::new() }
    }

    /// The same, but the team of this name wants to be told so.
    #[must_use]
    pub fn with_manners(mut self, team: &str, manners: Manners) -> Self {
        self.manners.insert(team.into(), manners);
        self
    }

    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// How a team wants to be told.
    pub fn manners(&self, team: &str) -> &Manners {
        self.manners.get(team).unwrap_or(&Manners::NONE)
    }

    /// How a recipient wants to be told, and in which zone: as the first team with this address.
    pub fn manners_of(&self, recipient: &str) -> Option<(&Manners, &Zone)> {
        self.team_of(recipient).map(|team| (self.manners(&team.name), &team.zone))
    }

    pub fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| &*team.name == name)
    }

    /// Each address of the named teams that want alerts of this severity, once, in order.
    pub fn recipients<'a>(
        &self,
        teams: impl IntoIterator<Item = &'a str>,
        severity: Severity,
    ) -> Vec<Box<str>> {
        let mut addresses: Vec<Box<str>> = Vec::new();
        let teams = teams.into_iter().filter_map(|name| self.team(name));
        for address in teams.filter(|team| severity >= team.severity_min).flat_map(|team| &team.to) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        addresses
    }

    /// The team that decides when this recipient's digest is sent.
    pub fn team_of(&self, recipient: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.to.iter().any(|address| &**address == recipient))
    }

    /// The day whose reminders are to be said at this moment: of the team whose morning comes first.
    pub fn reminder_day(&self, now: DateTime<Utc>) -> NaiveDate {
        let day = |local: NaiveDateTime| (local - TimeDelta::hours(MORNING_HOURS)).date();
        self.teams.iter().map(|team| day(team.zone.local(now))).max().unwrap_or_else(|| day(now.naive_utc()))
    }

    /// When the reminders of `day` may be said: the first morning of any team.
    pub fn reminders_from(&self, day: NaiveDate) -> DateTime<Utc> {
        let mornings = self.teams.iter().map(|team| team.morning(day)).min();
        mornings.unwrap_or_else(|| morning(day).and_utc())
    }

    /// When the morning of `day` comes where the recipient is; `None` for an address of no team.
    pub fn morning(&self, recipient: &str, day: NaiveDate) -> Option<DateTime<Utc>> {
        self.team_of(recipient).map(|team| team.morning(day))
    }
}

/// The hour of reminders on the wall clock.
fn morning(day: NaiveDate) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + TimeDelta::hours(MORNING_HOURS)
}

impl Team {
    fn morning(&self, day: NaiveDate) -> DateTime<Utc> {
        self.zone.instant(morning(day))
    }

    /// The last moment, at `now` or before, at which a digest was to be sent, and the day it is for.
    pub fn last_digest(&self, now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
        let today = self.zone.date(now);
        let at = self.zone.instant(today.and_time(self.digest_at));
        if at <= now {
            return (today, at);
        }
        let yesterday = today.pred_opt().unwrap_or(today);
        (yesterday, self.zone.instant(yesterday.and_time(self.digest_at)))
    }

    /// The next moment after `now` at which a digest is to be sent.
    pub fn next_digest(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = self.zone.date(now);
        let at = self.zone.instant(today.and_time(self.digest_at));
        if at > now {
            return at;
        }
        let tomorrow = today.succ_opt().unwrap_or(today);
        self.zone.instant(tomorrow.and_time(self.digest_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(zone: &str) -> Team {
        Team {
            name: "operations".into(),
            to: vec!["ops@example.com".into()],
            zone: Zone::named(zone).expect("a zone"),
            digest_at: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
            severity_min: Severity::Info,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn digests_follow_the_wall_clock() {
        let team = team("America/New_York");
        // 8:00 is 13:00 UTC in winter, 12:00 UTC in summer.
        assert_eq!(team.last_digest(at("2026-01-15T13:00:00Z")).1, at("2026-01-15T13:00:00Z"));
        assert_eq!(team.last_digest(at("2026-01-15T12:59:59Z")).1, at("2026-01-14T13:00:00Z"));
        assert_eq!(team.next_digest(at("2026-03-07T14:00:00Z")), at("2026-03-08T12:00:00Z"));
    }

    #[test]
    fn reminders_begin_in_the_morning() {
        let audience = Audience::new(vec![team("America/New_York")]);
        let day = |text| audience.reminder_day(at(text)).to_string();
        assert_eq!(day("2026-07-15T09:59:59Z"), "2026-07-14");
        assert_eq!(day("2026-07-15T10:00:00Z"), "2026-07-15");
        let today = audience.reminder_day(at("2026-07-15T10:00:00Z"));
        assert_eq!(audience.reminders_from(today), at("2026-07-15T10:00:00Z"));
    }

    #[test]
    fn reminders_wait_for_the_morning_of_the_recipient() {
        let tokyo = Team { name: "tokyo".into(), to: vec!["tokyo@example.com".into()], ..team("Asia/Tokyo") };
        let audience = Audience::new(vec![team("America/New_York"), tokyo]);
        // Six in the morning of the 15th in Tokyo is five in the afternoon of the 14th in New York.
        assert_eq!(audience.reminder_day(at("2026-07-14T20:59:59Z")).to_string(), "2026-07-14");
        let day = audience.reminder_day(at("2026-07-14T21:00:00Z"));
        assert_eq!(day.to_string(), "2026-07-15");
        assert_eq!(audience.reminders_from(day), at("2026-07-14T21:00:00Z"));
        assert_eq!(audience.morning("tokyo@example.com", day), Some(at("2026-07-14T21:00:00Z")));
        assert_eq!(audience.morning("ops@example.com", day), Some(at("2026-07-15T10:00:00Z")));
        assert_eq!(audience.morning("nobody@example.com", day), None);
    }

    #[test]
    fn importer_numbers_are_shown_as_configured() {
        let shown = |how: ImporterNumber| how.show("123-45-6789").unwrap_or_default();
        assert_eq!(&*shown(ImporterNumber::Full), "123-45-6789");
        assert_eq!(&*shown(ImporterNumber::Masked), "*******6789");
        assert_eq!(ImporterNumber::Hidden.show("123-45-6789"), None);
        let line = "N127049Z7 100004250112-345678900000";
        for (how, concealed) in [
            (ImporterNumber::Full, line),
            (ImporterNumber::Masked, "N127049Z7 1000042501********8900000"),
            (ImporterNumber::Hidden, "N127049Z7 1000042501************000"),
        ] {
            assert_eq!(how.conceal(line, "12-345678900"), concealed);
        }
        assert_eq!(ImporterNumber::Masked.conceal(line, ""), line);
    }

    #[test]
    fn a_person_in_two_teams_gets_one_letter() {
        let second = Team { name: "finance".into(), ..team("UTC") };
        let audience = Audience::new(vec![team("UTC"), second]);
        assert_eq!(audience.recipients(["operations", "finance", "nobody"], Severity::Info).len(), 1);
        let loud = Team { severity_min: Severity::Critical, ..team("UTC") };
        let audience = Audience::new(vec![loud]);
        assert!(audience.recipients(["operations"], Severity::Warning).is_empty());
    }
}
