//! The subject line, and the one sentence that says what happened.
//!
//! A subject holds severity, entry, event, broker and days left; never an amount, and never an importer's number.

use chrono::{NaiveDate, TimeDelta};

use super::many::is_many;
use super::text::{self, event_time};
use super::{occasion, when};
use crate::deadline::{DeadlineTable, Key};
use crate::entry::{ClockMove, EntryDeadline, PRESENTED, Provenance, silence};
use crate::notice::Kind;
use crate::outbox::{Alert, Cause, DeadlineBrief, Letter, LetterKind, NoticeBrief};
use crate::place::Severity;

/// The longest event in a subject, in characters: what stands behind it must stay in sight.
const EVENT_CHARS_MAX: usize = 90;

/// The longest name of a broker in a subject, in characters.
const BROKER_CHARS_MAX: usize = 30;

/// The subject of a letter; `today` is the day on which it was written.
pub(super) fn subject(letter: &Letter, alerts: &[Alert], today: NaiveDate) -> String {
    if let LetterKind::Digest { day } = letter.kind {
        return digest_subject(day, alerts);
    }
    if matches!(letter.kind, LetterKind::Bundle { .. }) || (letter.entry.is_none() && is_many(alerts)) {
        return occasion::bundle_subject(letter, alerts);
    }
    let mark = occasion::mark(letter, alerts);
    let is_open = |alert: &Alert| alert.over_at.is_none();
    let Some(loudest) = alerts.iter().rev().max_by_key(|alert| (is_open(alert), alert.severity)) else {
        return format!("[{mark}]");
    };
    let mut subject = format!("[{mark}] {}", occasion::opening(letter));
    if let Some(entry) = &loudest.entry {
        subject.push_str(&format!("{} ", entry.number));
    }
    subject.push_str(&event(loudest));
    if let Some(broker) = loudest.broker() {
        subject.push_str(&format!(" ({})", text::header(broker.as_str(), BROKER_CHARS_MAX)));
    }
    if let Some(next) = answering(loudest)
        && let Some(when) = when::behind_name(next, today, "")
    {
        subject.push_str(&format!(", {}{when}", name(next)));
    }
    // The step of the clock that stands behind the event is no other thing.
    let named = answering(loudest).map(EntryDeadline::key);
    let is_named = |alert: &&Alert| matches!(&alert.cause, Cause::Deadline(brief) if Some(brief.deadline.key()) == named);
    let more = alerts.len().saturating_sub(1 + alerts.iter().filter(is_named).count());
    if more > 0 {
        subject.push_str(&format!(" (+{more} more)"));
    }
    subject
}

fn digest_subject(day: NaiveDate, alerts: &[Alert]) -> String {
    let entries = count_entries(alerts);
    let alerts = alerts.len();
    let (alert_word, entry_word) =
        (if alerts == 1 { "alert" } else { "alerts" }, if entries == 1 { "entry" } else { "entries" });
    format!("[DIGEST] {}: {alerts} {alert_word} on {entries} {entry_word}", text::day(day))
}

pub(super) fn count_entries(alerts: &[Alert]) -> usize {
    let numbers: std::collections::BTreeSet<_> =
        alerts.iter().filter_map(|alert| alert.entry.as_ref()).map(|entry| entry.number).collect();
    numbers.len()
}

/// What happened, in a few words: `hold: FDA hold placed`, `Protest due in 14 days, act by 2026-09-02`.
pub(super) fn event(alert: &Alert) -> String {
    let words = match &alert.cause {
        Cause::Notice(notice) => {
            let title = text::header(&alert.title, EVENT_CHARS_MAX);
            let words = text::header(&with_agency(&title, notice), EVENT_CHARS_MAX);
            if title.is_empty() || words.to_lowercase().contains(&title.to_lowercase()) {
                words
            } else if says_no_more(&words, &title) {
                title
            } else {
                format!("{title}: {words}")
            }
        }
        Cause::Deadline(deadline) => deadline_event(deadline),
        // The entry's number stands in front already.
        Cause::Trouble(trouble) if alert.entry.is_some() => text::header(&trouble.message, EVENT_CHARS_MAX),
        Cause::Trouble(trouble) => {
            let subject = text::header(&trouble.subject, BROKER_CHARS_MAX * 2);
            format!("{subject}: {}", text::header(&trouble.message, EVENT_CHARS_MAX))
        }
    };
    text::header(&words, EVENT_CHARS_MAX + BROKER_CHARS_MAX)
}

/// Whether each word stands in the title already, in one form or another: `liquidation` in `Liquidated above what was paid`.
fn says_no_more(words: &str, title: &str) -> bool {
    const STEM_CHARS: usize = 6;
    let stems = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.to_lowercase().chars().take(STEM_CHARS).collect()).collect()
    };
    let known = stems(title);
    stems(words).iter().all(|stem| known.contains(stem))
}

/// Who wants it, where it is another agency than Customs, stands in front of what it wants: `FDA Hold intact`.
fn with_agency(title: &str, notice: &NoticeBrief) -> String {
    let words = meaning_or_code(notice);
    let agency = notice.fields.iter().find(|(name, _)| **name == *"agency").map(|(_, agency)| agency.trim());
    match agency.filter(|agency| !agency.is_empty()) {
        Some(agency) if ![title, &*words].iter().any(|text| text.contains(agency)) => {
            format!("{agency} {words}")
        }
        _ => words,
    }
}

fn meaning_or_code(notice: &NoticeBrief) -> String {
    match (&notice.meaning, &notice.code) {
        (Some(meaning), _) => meaning.to_string(),
        (None, Some(code)) => format!("unknown code {code}"),
        (None, None) => carrier(notice.kind).trim_start_matches("a ").trim_start_matches("an ").to_owned(),
    }
}

/// The same as a row of a digest. A step takes the place of a move that waited for the digest, and tells it.
pub(super) fn row_event(alert: &Alert) -> String {
    let event = event(alert);
    let Cause::Deadline(brief) = &alert.cause else { return event };
    let is_told =
        [DeadlineBrief::MOVED, DeadlineBrief::REOPENED, DeadlineBrief::GONE].contains(&&*brief.step);
    let is_new = |moved: &ClockMove| moved.at >= alert.raised_at - TimeDelta::days(1);
    match moved_from(brief).filter(|_| !is_told && brief.moved.as_deref().is_some_and(is_new)) {
        Some(moved) => event + &moved,
        None => event,
    }
}

/// ` (moved from 2026-08-12)`.
fn moved_from(brief: &DeadlineBrief) -> Option<String> {
    let from = brief.moved.as_ref().filter(|moved| !moved.reopens())?.from.legal()?;
    Some(format!(" (moved from {from})"))
}

fn deadline_event(brief: &DeadlineBrief) -> String {
    let mut name = text::header(&brief.name, EVENT_CHARS_MAX);
    if brief.is_gone() {
        return format!(
            "{name} is no longer due: {}",
            text::header(&brief.deadline.because, EVENT_CHARS_MAX)
        );
    }
    name.push_str(&moved_from(brief).filter(|_| *brief.step == *DeadlineBrief::MOVED).unwrap_or_default());
    if *brief.step == *DeadlineBrief::REOPENED {
        name.push_str(" (open again)");
    }
    match when::behind_name(&brief.deadline, brief.on, "due ") {
        Some(when) => name + &when,
        None => format!("{name}: {}", text::header(&brief.deadline.due_text(), EVENT_CHARS_MAX)),
    }
}

/// What happened, in one plain sentence.
pub(super) fn sentence(alert: &Alert) -> String {
    let about = match &alert.entry {
        Some(entry) => format!(" for entry {}", entry.number),
        None => String::new(),
    };
    match &alert.cause {
        Cause::Notice(notice) => notice_sentence(notice, &about),
        Cause::Deadline(brief) => deadline_sentence(brief, &about),
        Cause::Trouble(trouble) => text::line(&trouble.message, super::view::VALUE_CHARS_MAX),
    }
}

fn notice_sentence(notice: &NoticeBrief, about: &str) -> String {
    let sender = if from_customs(notice.kind) { "Customs sent" } else { "We received" };
    let dated = notice.at.map(|at| format!(", dated {}", event_time(at))).unwrap_or_default();
    let opening = format!("{sender} {}{about}{dated}", carrier(notice.kind));
    match (&notice.meaning, &notice.code) {
        (Some(meaning), _) => {
            let meaning = text::line(meaning, super::view::VALUE_CHARS_MAX);
            format!("{opening}: {}.", meaning.trim_end_matches('.'))
        }
        (None, Some(code)) => format!(
            "{opening}, with code {code}, which no table of ours explains. \
             It is treated as critical until someone maps it."
        ),
        (None, None) => format!("{opening}."),
    }
}

fn deadline_sentence(brief: &DeadlineBrief, about: &str) -> String {
    let name = text::line(&brief.name, EVENT_CHARS_MAX);
    if brief.is_gone() {
        let because = text::line(&brief.deadline.because, super::view::VALUE_CHARS_MAX);
        return format!("{name}{about} is no longer due: {because}.");
    }
    when::sentence(&format!("{name}{about}"), &brief.deadline, brief.on).unwrap_or_else(|| {
        let word = text::line(&brief.deadline.due_text(), EVENT_CHARS_MAX);
        format!("{name}{about} has no date: {word}.")
    })
}

/// The clock that answers what the alert tells of.
pub(super) fn answering(alert: &Alert) -> Option<&EntryDeadline> {
    let Cause::Notice(notice) = &alert.cause else { return None };
    let key = notice.clock.as_deref()?;
    alert.deadlines.iter().find(|clock| clock.key() == key)
}

/// What people call a clock: `Protest`, `Protest of 2026-03-06`, the date of what it answers. One that our table does not know keeps its id.
pub(super) fn name(deadline: &EntryDeadline) -> String {
    let known = DeadlineTable::embedded().find(&deadline.id);
    let name = known.map_or(&*deadline.id, |definition| &definition.name);
    let name = text::line(name, EVENT_CHARS_MAX);
    match of_what(deadline) {
        "" => name,
        instance => format!("{name} of {}", text::line(instance, BROKER_CHARS_MAX)),
    }
}

/// The number or date of what a clock answers. Liquidations are known by their date.
fn of_what(deadline: &EntryDeadline) -> &str {
    let is_date =
        |fact: &&Provenance| !deadline.instance.is_empty() && *fact.input == *Key::LiquidationDate.as_str();
    let by_law = || deadline.from.first().filter(|_| deadline.instance.starts_with(PRESENTED));
    deadline.from.iter().find(is_date).or_else(by_law).map_or(&*deadline.instance, |fact| &*fact.value)
}

/// The clock to watch next: the first duty of ours to come, else the one that passed last; and only where there is none, a day
/// to come by which Customs must act.
pub(super) fn nearest(deadlines: &[EntryDeadline], today: NaiveDate) -> Option<&EntryDeadline> {
    let dated = deadlines.iter().filter(|deadline| deadline.runs_on(today));
    let ranked = dated.filter_map(|deadline| {
        let days = (deadline.target_on(today)? - today).num_days();
        let rank = match (deadline.act_by.is_some(), deadline.has_passed(today)) {
            (true, has_passed) => u8::from(has_passed),
            (false, false) => 2,
            (false, true) => return None,
        };
        Some(((rank, if rank == 1 { -days } else { days }), deadline))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, deadline)| deadline)
}

pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFO",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
    }
}

fn from_customs(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::ApprovedEntry
            | Kind::OrderLink
            | Kind::ReleaseFiled
            | Kind::SummaryFiled
            | Kind::TibRequest
            | Kind::Query
            | Kind::Payment
            | Kind::Recorded
            | Kind::Carried
    )
}

/// What a notice came in, in plain words.
fn carrier(kind: Kind) -> &'static str {
    match kind {
        Kind::ApprovedEntry => "an approved entry of the importer",
        Kind::OrderLink => "a link to a purchase order",
        Kind::ReleaseFiled => "a copy of the release filing",
        Kind::FilingResponse => "an answer to a filing",
        Kind::ReleaseResponse => "an answer to the release filing",
        Kind::ManifestEvent => "a manifest event",
        Kind::BillStatus => "a bill of lading status",
        Kind::ReleaseStatus => "a release status",
        Kind::AgencyStatus => "a partner agency status",
        Kind::SummaryFiled => "a copy of the entry summary",
        Kind::SummaryResponse => "an answer to the entry summary",
        Kind::CensusWarning => "a census warning",
        Kind::SummaryNotice => "a notice about the entry summary",
        Kind::Statement => "a statement",
        Kind::StatementEntry => "a line of a statement",
        Kind::Payment => "a payment message",
        Kind::EntryStatus => "an entry status answer",
        Kind::TibExpiration => "a notice that a temporary importation expires",
        Kind::Liquidation => "a liquidation notice",
        Kind::AceReport => "a report from the ACE portal",
        Kind::BatchRejected => "a rejection of a whole batch",
        Kind::Acknowledgement => "an acknowledgement",
        Kind::ApplicationAdvice => "an application advice",
        Kind::Form => "a CBP form",
        Kind::Recorded => "a fact that was recorded by hand",
        Kind::Carried => "a message of a family that is kept without being read",
        Kind::CensusOverride => "a census override",
        Kind::TibRequest => "a copy of a request about a temporary importation",
        Kind::TibResponse => "an answer about a temporary importation",
        Kind::Query => "a copy of a query",
    }
}

/// The heading under which a digest lists alerts of this cause.
pub(super) fn group(cause: &Cause) -> &'static str {
    let Cause::Notice(notice) = cause else {
        return match cause {
            Cause::Deadline(_) => "Deadlines",
            Cause::Trouble(trouble) if !silence::meaning(&trouble.code).is_empty() => "Not heard yet",
            _ => "Files, drops and the service itself",
        };
    };
    match notice.kind {
        Kind::ReleaseFiled | Kind::FilingResponse | Kind::ReleaseResponse => "Release filings",
        Kind::ReleaseStatus => "Release status",
        Kind::BillStatus | Kind::ManifestEvent => "Bills and manifests",
        Kind::AgencyStatus => "Partner agencies",
        Kind::SummaryFiled
        | Kind::SummaryResponse
        | Kind::CensusWarning
        | Kind::CensusOverride
        | Kind::SummaryNotice => "Entry summaries",
        Kind::Statement | Kind::StatementEntry | Kind::Payment => "Statements and payments",
        Kind::Liquidation | Kind::AceReport => "Liquidation",
        Kind::EntryStatus
        | Kind::TibExpiration
        | Kind::TibRequest
        | Kind::TibResponse
        | Kind::Query
        | Kind::Form => "Requests and answers of Customs",
        Kind::BatchRejected | Kind::Acknowledgement | Kind::ApplicationAdvice => "Transmissions",
        Kind::ApprovedEntry | Kind::OrderLink | Kind::Recorded | Kind::Carried => "Other",
    }
}
