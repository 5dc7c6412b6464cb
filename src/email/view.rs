//! What the templates of an alert see: plain, cleaned words in the order in which a reader needs them.
//!
//! All foreign text passes through [`text`] here, and every list and text has a bound, so that no message makes a mail
//! that cannot be sent or read.

use chrono::NaiveDate;
use serde::Serialize;

use super::mail::MailSettings;
use super::many::{self, TableRow};
use super::occasion;
use super::subject::{self, sentence, severity_word};
use super::text::{self, day, event_time, instant};
use super::{beside, today, when};
use crate::clock::Zone;
use crate::entry::{DeadlineState, EntryDeadline, Provenance};
use crate::outbox::{Alert, Cause, EntryBrief, HoldBrief, Letter, LetterKind, NoticeBrief};
use crate::place::{Place, Severity};

/// Alerts of one letter that are told in full; the rest are listed, a line each.
pub(super) const SECTIONS_MAX: usize = 20;
/// Characters of one value.
pub(super) const VALUE_CHARS_MAX: usize = 500;
/// Characters of the source line.
const SOURCE_CHARS_MAX: usize = 2_000;
/// Fields of a notice, steps of an arithmetic, lines of advice.
const LINES_MAX: usize = 40;
/// Orders, bills, open holds.
const LIST_MAX: usize = 20;
/// Orders that one glance takes in; the entry lists more of them.
const GLANCE_ORDERS_MAX: usize = 3;
/// Rows of the table of deadlines.
const DEADLINES_MAX: usize = 30;

/// How a severity looks. White text on the colour has a contrast above 4.5 to 1.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Tone {
    pub word: &'static str,
    pub colour: &'static str,
    /// The class that a dark background gives another colour.
    pub class: &'static str,
}

impl Tone {
    /// What is told has ended: nobody has to do anything.
    pub const OVER: Self = Self { word: "OVER", colour: "#226633", class: "calm" };

    pub fn of(severity: Severity) -> Self {
        let (colour, class) = match severity {
            Severity::Critical => ("#b3261e", "loud"),
            Severity::Warning => ("#8a5a00", "mild"),
            Severity::Info => ("#1f5f99", "calm"),
        };
        Self { word: severity_word(severity), colour, class }
    }
}

/// The view of `alert.txt` and `alert.html`.
#[derive(Serialize)]
pub(super) struct AlertMail {
    pub subject: String,
    pub tone: Tone,
    /// Why this mail came, when it is not the first word about one entry.
    pub notes: Vec<String>,
    /// Where the reader says "I take care of it".
    pub ack: Option<String>,
    /// What the mail is about: the subject without its mark.
    pub heading: String,
    /// All alerts, a row each, when they are about more than one entry.
    pub table: Vec<TableRow>,
    /// Whether the table has these columns.
    pub table_dates: bool,
    pub table_money: bool,
    /// The first [`SECTIONS_MAX`] alerts in full.
    pub sections: Vec<Section>,
    pub recipient: String,
    pub letter: String,
    pub written_at: String,
}

#[derive(Serialize)]
pub(super) struct Section {
    pub heading: String,
    pub tone: Tone,
    /// Which entry, whose, by when, how much: what one glance must tell.
    pub glance: Vec<Fact>,
    pub happened: String,
    pub code: Option<Code>,
    pub details: Vec<Fact>,
    pub next_step: Vec<String>,
    pub clock: Option<ClockView>,
    pub entry: Option<EntryView>,
    /// Since when the entry and its clocks may have changed, where that is likely; else blank.
    pub as_of: &'static str,
    pub deadlines: Vec<DeadlineRow>,
    pub source: Option<SourceView>,
    pub rule: String,
    pub key: String,
}

#[derive(Serialize)]
pub(super) struct Code {
    pub code: String,
    pub table: Option<String>,
    pub meaning: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Fact {
    pub label: String,
    pub value: String,
}

impl Fact {
    pub fn new(label: &str, value: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: value.into() }
    }
}

/// The clock that the reader must beat.
#[derive(Serialize)]
pub(super) struct ClockView {
    pub name: String,
    pub key: String,
    pub act_by: Option<String>,
    pub due: String,
    /// To the day to act by; to the due day where there is no other.
    pub left: Option<String>,
    /// To the due day, once the day to act by has passed.
    pub due_left: Option<String>,
    pub basis: String,
    pub because: Option<String>,
    /// How it moved, what a person has set, and the rule.
    pub more: Vec<Fact>,
    /// The arithmetic.
    pub steps: Vec<String>,
    /// The facts that went in, and where each comes from.
    pub from: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct EntryView {
    pub number: String,
    pub facts: Vec<Fact>,
    pub holds: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct DeadlineRow {
    pub name: String,
    pub key: String,
    pub act_by: Option<String>,
    pub due: String,
    pub left: Option<String>,
    pub basis: String,
    /// Why it does not run; blank for a clock that simply runs.
    pub note: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SourceView {
    pub file: Option<String>,
    /// The first 12 digits of the file's SHA-256.
    pub fingerprint: Option<String>,
    pub place: Option<String>,
    pub received: Option<String>,
    pub line: Option<String>,
}

/// Builds the view of an alert letter.
pub(super) fn alert_mail(letter: &Letter, all: &[Alert], settings: &MailSettings) -> AlertMail {
    let zone = settings.zone_of(&letter.recipient);
    let (today, all) = today::counted(letter, all, zone);
    let all = &*all;
    let alerts = many::pressing(all, today);
    let told = alerts.len().min(SECTIONS_MAX);
    let table = if many::is_many(all) { many::table(letter.kind, &alerts, today) } else { Vec::new() };
    let subject = text::header(&subject::subject(letter, all, today), super::mail::SUBJECT_CHARS_MAX);
    AlertMail {
        heading: subject.split_once("] ").map_or(&*subject, |(_, heading)| heading).to_owned(),
        subject,
        tone: match letter.kind == LetterKind::Over || letter.is_overtaken(all) {
            true => Tone::OVER,
            false => Tone::of(letter.loudness(all)),
        },
        notes: occasion::notes(letter, all, zone),
        ack: settings.ack_link(letter).filter(|_| all.iter().any(Alert::is_open)),
        sections: alerts[..told].iter().map(|alert| section(letter.kind, alert, zone, today)).collect(),
        table_dates: table.iter().any(|row| row.by_when.is_some()),
        table_money: table.iter().any(|row| row.money.is_some()),
        table,
        recipient: text::line(&letter.recipient, VALUE_CHARS_MAX),
        letter: letter.key.to_string(),
        written_at: instant(letter.created_at, zone),
    }
}

fn section(kind: LetterKind, alert: &Alert, zone: &Zone, today: NaiveDate) -> Section {
    let notice = match &alert.cause {
        Cause::Notice(notice) => Some(&**notice),
        Cause::Deadline(_) | Cause::Trouble(_) => None,
    };
    let clock = clock(alert, today);
    let since = alert.over_at.map(|at| instant(at, zone));
    let is_over = kind == LetterKind::Over || alert.over_at.is_some();
    // An alert keeps the entry as it was.
    let as_of = if is_over { " when this was raised" } else { "" };
    Section {
        heading: occasion::mark_of(alert) + &subject::event(alert),
        tone: if is_over { Tone::OVER } else { Tone::of(alert.severity) },
        glance: since
            .map(|since| Fact::new("over since", since))
            .into_iter()
            .chain(alert.as_told.answer.as_ref().map(|answer| {
                let since = instant(answer.at, zone);
                Fact::new("acknowledged", format!("{since} by {}", occasion::answer_words(answer)))
            }))
            .chain(glance(alert, today, as_of))
            .collect(),
        happened: sentence(alert),
        code: notice.and_then(code),
        details: notice.map(details).unwrap_or_default(),
        next_step: if is_over { vec!["Nothing is left to do.".to_owned()] } else { next_step(alert) },
        clock,
        entry: alert.entry.as_ref().map(entry),
        as_of,
        deadlines: deadline_rows(&alert.deadlines, today),
        source: source(alert, zone),
        rule: text::line(&alert.rule, VALUE_CHARS_MAX),
        key: text::line(alert.key.as_str(), VALUE_CHARS_MAX),
    }
}

fn glance(alert: &Alert, today: NaiveDate, as_of: &str) -> Vec<Fact> {
    let mut glance = Vec::new();
    let mut tell = |label: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            glance.push(Fact::new(label, value));
        }
    };
    let entry = alert.entry.as_ref();
    tell("entry", entry.map(|entry| format!("{}, {}{as_of}", entry.number, text::line(&entry.status, 60))));
    if let Cause::Trouble(trouble) = &alert.cause {
        tell("about", some_line(&trouble.subject));
    }
    tell("whose", whose(alert));
    let own = match &alert.cause {
        Cause::Deadline(brief) => Some((&brief.deadline, brief.on, some_line(&brief.name))),
        Cause::Notice(_) => subject::answering(alert).map(|clock| (clock, today, None)),
        Cause::Trouble(_) => None,
    };
    match own {
        Some((clock, on, name)) => {
            tell("act by", Some(next_deadline(clock, on, name)));
            let target = when::our_target(clock);
            tell("our target", target.map(|target| format!("{} ({})", day(target), when::away(target, on))));
        }
        None => {
            let next = subject::nearest(&alert.deadlines, today);
            tell("next deadline", next.map(|next| next_deadline(next, today, None)));
        }
    }
    tell("money", entry.and_then(|entry| some_line(&entry.at_stake)));
    glance
}

pub(super) fn next_deadline(next: &EntryDeadline, today: NaiveDate, name: Option<String>) -> String {
    let date = when::dated(next, today).unwrap_or_else(|| due(next));
    format!("{date}: {}", name.unwrap_or_else(|| subject::name(next)))
}

/// The broker with its own reference, the importer, the orders: who must hear of it.
pub(super) fn whose(alert: &Alert) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(alert.broker().map(|broker| format!("broker {}", text::line(broker.as_str(), 60))));
    if let Some(entry) = &alert.entry {
        let some = |value: &Option<Box<str>>| value.as_deref().map(|value| text::line(value, 60));
        parts.extend(some(&entry.broker_reference).map(|file| format!("broker's file {file}")));
        let orders = joined(&entry.orders, GLANCE_ORDERS_MAX);
        parts.extend(orders.map(|orders| format!("purchase orders {orders}")));
        let importer = entry.importer.as_deref().map(|number| text::line(&text::masked_importer(number), 60));
        parts.extend(importer.map(|number| format!("importer {number}")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

pub(super) fn some_line(value: &str) -> Option<String> {
    let value = text::line(value, VALUE_CHARS_MAX);
    (!value.is_empty()).then_some(value)
}

fn code(notice: &NoticeBrief) -> Option<Code> {
    let code = notice.code?;
    Some(Code {
        code: code.to_string(),
        table: notice.table.as_deref().and_then(some_line),
        meaning: notice.meaning.as_deref().and_then(some_line),
    })
}

fn details(notice: &NoticeBrief) -> Vec<Fact> {
    let mut details = Vec::new();
    if let Some(bill) = notice.bill.as_deref().and_then(some_line) {
        details.push(Fact::new("bill", bill));
    }
    for (name, value) in notice.fields.iter().take(LINES_MAX) {
        let value = masked_line(value, VALUE_CHARS_MAX);
        if !value.is_empty() {
            details.push(Fact { label: text::line(name, 40).replace('_', " "), value });
        }
    }
    if let Some(left) = notice.fields.len().checked_sub(LINES_MAX).filter(|left| *left > 0) {
        details.push(Fact::new("and", format!("{left} more fields")));
    }
    details
}

fn next_step(alert: &Alert) -> Vec<String> {
    let playbook = text::lines(&alert.next_step, LINES_MAX, VALUE_CHARS_MAX);
    let mut steps = match &alert.cause {
        Cause::Trouble(trouble) => text::lines(&trouble.advice, LINES_MAX, VALUE_CHARS_MAX),
        Cause::Notice(_) | Cause::Deadline(_) => Vec::new(),
    };
    steps.retain(|step| !playbook.contains(step));
    steps.extend(playbook);
    steps
}

fn clock(alert: &Alert, today: NaiveDate) -> Option<ClockView> {
    match &alert.cause {
        Cause::Deadline(brief) => {
            let steps = brief.steps.iter().take(LINES_MAX).map(|step| text::line(step, VALUE_CHARS_MAX));
            let mut view = clock_view(&brief.deadline, some_line(&brief.name), brief.on, steps.collect());
            view.more = beside::more(brief);
            view.from.extend(brief.evidence.iter().take(LINES_MAX).filter_map(|line| some_line(line)));
            Some(view)
        }
        Cause::Notice(notice) => {
            let deadline = subject::answering(alert)?;
            let steps = notice.steps.iter().take(LINES_MAX).map(|step| text::line(step, VALUE_CHARS_MAX));
            Some(clock_view(deadline, None, today, steps.collect()))
        }
        Cause::Trouble(_) => None,
    }
}

fn clock_view(
    deadline: &EntryDeadline,
    name: Option<String>,
    today: NaiveDate,
    steps: Vec<String>,
) -> ClockView {
    let key = text::line(&deadline.key(), VALUE_CHARS_MAX);
    ClockView {
        name: name.unwrap_or_else(|| subject::name(deadline)),
        key,
        act_by: deadline.act_by.map(day),
        due: due(deadline),
        left: when::left(deadline, today),
        due_left: when::due_left(deadline, today),
        basis: text::line(&deadline.basis, VALUE_CHARS_MAX),
        because: some_line(deadline.remark()),
        more: Vec::new(),
        steps,
        from: deadline.from.iter().take(LINES_MAX).map(provenance).collect(),
    }
}

fn due(deadline: &EntryDeadline) -> String {
    deadline.due.map_or_else(|| text::line(&deadline.due_text(), VALUE_CHARS_MAX), day)
}

fn provenance(fact: &Provenance) -> String {
    let (input, value, source) = (
        text::line(&fact.input, VALUE_CHARS_MAX),
        masked_line(&fact.value, VALUE_CHARS_MAX),
        text::line(&fact.source, VALUE_CHARS_MAX),
    );
    let notice =
        fact.notice.map(|id| format!(", notice {}", text::short(&id.to_string()))).unwrap_or_default();
    format!("{input} {value} ({source}{notice})")
}

fn deadline_rows(deadlines: &[EntryDeadline], today: NaiveDate) -> Vec<DeadlineRow> {
    let mut open: Vec<_> =
        deadlines.iter().filter(|deadline| deadline.state != DeadlineState::Closed).collect();
    // What lies ahead first.
    open.sort_by_key(|deadline| {
        let target = deadline.target_on(today);
        (deadline.has_passed(today), target.is_none(), target)
    });
    let rows = open.into_iter().take(DEADLINES_MAX).map(|deadline| DeadlineRow {
        name: subject::name(deadline),
        key: text::line(&deadline.key(), VALUE_CHARS_MAX),
        act_by: deadline.act_by.map(day),
        due: due(deadline),
        left: when::row(deadline, today),
        basis: text::line(&deadline.basis, VALUE_CHARS_MAX),
        note: some_line(deadline.remark()),
    });
    rows.collect()
}

fn entry(entry: &EntryBrief) -> EntryView {
    let mut facts = vec![Fact::new("status", text::line(&entry.status, VALUE_CHARS_MAX))];
    let mut known = |label: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(Fact::new(label, value));
        }
    };
    let broker = Some(&entry.broker).filter(|broker| !broker.is_by_hand());
    known("broker", broker.map(|broker| text::line(broker.as_str(), VALUE_CHARS_MAX)));
    known("entry type", entry.entry_type.map(|kind| kind.to_string()));
    known("port", entry.port.map(|port| port.to_string()));
    known(
        "importer",
        entry.importer.as_deref().map(|text| text::line(&text::masked_importer(text), VALUE_CHARS_MAX)),
    );
    known("broker's file", entry.broker_reference.as_deref().and_then(some_line));
    known("purchase orders", joined(&entry.orders, LIST_MAX));
    known("bills", joined(&entry.bills, LIST_MAX));
    known("released", entry.released_at.map(event_time));
    EntryView {
        number: entry.number.to_string(),
        facts,
        holds: entry.open_holds.iter().take(LIST_MAX).map(hold).collect(),
    }
}

fn joined(values: &[Box<str>], shown_max: usize) -> Option<String> {
    let shown: Vec<String> = values.iter().take(shown_max).map(|value| text::line(value, 60)).collect();
    let more = values.len().saturating_sub(shown_max);
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

fn hold(hold: &HoldBrief) -> String {
    let since = hold.since.map(|at| format!(" since {}", event_time(at))).unwrap_or_default();
    let bill =
        hold.bill.as_deref().and_then(some_line).map(|bill| format!(", bill {bill}")).unwrap_or_default();
    format!("{} {}{since}{bill}", hold.agency, hold.code)
}

fn source(alert: &Alert, zone: &Zone) -> Option<SourceView> {
    match &alert.cause {
        Cause::Notice(notice) => Some(SourceView {
            file: some_line(&notice.file_name),
            fingerprint: Some(text::short(&notice.file.to_string())),
            place: Some(place(&notice.place)),
            received: Some(instant(notice.received_at, zone)),
            line: Some(masked_line(&notice.source_line, SOURCE_CHARS_MAX)).filter(|line| !line.is_empty()),
        }),
        Cause::Trouble(trouble) if trouble.file.is_some() || trouble.place.is_some() => Some(SourceView {
            file: None,
            fingerprint: trouble.file.map(|file| text::short(&file.to_string())),
            place: trouble.place.as_ref().map(place),
            received: None,
            line: None,
        }),
        Cause::Deadline(_) | Cause::Trouble(_) => None,
    }
}

fn masked_line(value: &str, chars_max: usize) -> String {
    // A number that straddles the cut must be seen whole to be hidden.
    const NUMBER_CHARS: usize = 16;
    let value = value.trim();
    let seen = value.char_indices().nth(chars_max + NUMBER_CHARS).map_or(value.len(), |(at, _)| at);
    let (seen, rest) = value.split_at(seen);
    text::line(&(text::masked(seen) + rest), chars_max)
}

fn place(place: &Place) -> String {
    format!("line {}, byte {}", place.line, place.offset)
}
