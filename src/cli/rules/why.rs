//! `rules why`: each notice and each clock of an entry, asked again.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::no_such_rule;
use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{Out, Paint, Ui, answer, day_or_dash, instant, when};
use crate::daemon::assemble;
use crate::entry::{DeadlineState, Life};
use crate::ident::EntryNumber;
use crate::outbox::{AlertKey, Silence, Silences};
use crate::rules::AskedClause;
use crate::serve::{Request, TOLD_MAX, ToldEvent, ToldRow};
use crate::words::count;
use crate::workbench::why::{Asked, Why, WhyClock, WhyNotice, WhySilence, WhyStep, WhyTelling, why};

/// Near misses that are shown without being asked for.
const NEAR_SHOWN: usize = 5;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Entry number, as ABC-1234567-8 or ABC12345678
    #[arg(value_parser = args::entry_number)]
    number: EntryNumber,
    /// Name of the rule
    rule: String,
    /// Also notices and clocks that the rule does not apply to, clause by clause
    #[arg(long)]
    all: bool,
}

#[derive(serde::Serialize)]
struct Answer {
    #[serde(flatten)]
    why: Why,
    /// What became of the alerts, as far as there are any.
    told: Vec<ToldRow>,
    /// Silences that concern the rule and the entry.
    silences: Vec<Silence>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    if context.config.rules.get(&args.rule).is_none() {
        return Err(no_such_rule(context, &args.rule));
    }
    let door = context.door()?;
    let life: Life = door.ask(Request::Life { number: args.number })?;
    let audience = assemble::audience(&context.config);
    let asked = Asked {
        rules: &context.config.rules,
        audience: &audience,
        deadlines: &context.deadlines,
        today: context.today(),
    };
    let Some(why) = why(&asked, &life, &args.rule) else { return Err(no_such_rule(context, &args.rule)) };
    let mut told: Vec<ToldRow> = Vec::new();
    for alerts in why.alerts().chunks(TOLD_MAX) {
        told.extend(door.ask::<Vec<ToldRow>>(Request::Told { alerts: alerts.to_vec() })?);
    }
    told.retain(|row| row.raised_at.is_some());
    let all: Silences = door.ask(Request::Silences)?;
    let broker = life.broker().map_or("unknown", |broker| broker.as_str());
    let concerns = |silence: &&Silence| silence.what.covers(&args.rule, Some(args.number), broker);
    let silences = all.all().iter().filter(concerns).cloned().collect();
    let shown = Answer { why, told, silences };
    let now = context.clock.now();
    answer(ui, &shown, |out| print(out, ui, &shown, args.all, now), Exit::Fine)
}

fn print(out: &mut Out, ui: &Ui, shown: &Answer, is_all: bool, now: DateTime<Utc>) -> io::Result<()> {
    let why = &shown.why;
    let told: BTreeMap<&AlertKey, &ToldRow> = shown.told.iter().map(|row| (&row.alert, row)).collect();
    let head = format!("{} \"{}\"", why.rule, why.title);
    writeln!(out, "{}  on a {}, at {}", ui.paint(Paint::Strong, &head), why.on, why.place)?;
    writeln!(out, "Entry {}", why.entry)?;
    if why.on == "trouble" {
        return writeln!(
            out,
            "\nThe rule is about troubles of files, drops and ourselves, not about entries."
        );
    }
    for silence in &shown.silences {
        let Silence { id, owner, reason, what, until, .. } = silence;
        let (word, paint) =
            if now < *until { ("until", Paint::Yellow) } else { ("over since", Paint::Plain) };
        let text = format!("Silence {id} of {owner} ({what}), {word} {}: {reason}", instant(*until));
        writeln!(out, "{}", ui.paint(paint, &text))?;
    }
    let mut others = 0;
    for notice in &why.notices {
        if notice.matches || is_all {
            notice_text(out, ui, notice, &told)?;
        } else {
            others += 1;
        }
    }
    for clock in &why.clocks {
        clock_text(out, ui, clock, &told, &shown.silences)?;
    }
    let mut misses = 0;
    for silence in &why.silences {
        if silence.matches || is_all {
            silence_text(out, ui, silence, &told)?;
        } else {
            misses += 1;
        }
    }
    if misses > 0 {
        let it = count(misses, "other thing");
        writeln!(out, "\nIt does not apply to {it} that the entry waits for; --all shows why.")?;
    }
    if why.on == "silence" && why.silences.is_empty() {
        writeln!(out, "\nThe entry waits for nothing: what it should have heard by now it has heard.")?;
    } else if why.notices.is_empty() && why.clocks.is_empty() && why.silences.is_empty() {
        writeln!(out, "\nNothing is known of the entry that the rule is about.")?;
    }
    if others > 0 {
        misses_text(out, ui, why, others, &told)?;
    }
    Ok(())
}

/// Notices to which the rule does not apply. The nearest misses say most: those of which only one clause failed.
fn misses_text(
    out: &mut Out,
    ui: &Ui,
    why: &Why,
    misses: usize,
    told: &BTreeMap<&AlertKey, &ToldRow>,
) -> io::Result<()> {
    let one_failed = |notice: &&WhyNotice| {
        !notice.matches && notice.clauses.iter().filter(|clause| !clause.holds).count() == 1
    };
    let near: Vec<&WhyNotice> = why.notices.iter().filter(one_failed).take(NEAR_SHOWN).collect();
    writeln!(out, "\n{}", misses_words(misses, near.len()))?;
    near.into_iter().try_for_each(|notice| notice_text(out, ui, notice, told))
}

/// Names `--all` where it shows more than is shown.
fn misses_words(misses: usize, shown: usize) -> String {
    let more = match shown {
        0 => "; --all shows why.",
        shown if shown == misses => ":",
        _ => ". These came nearest, --all shows the others:",
    };
    format!("It does not apply to {} of the entry{more}", count(misses as u64, "other notice"))
}

fn notice_text(
    out: &mut Out,
    ui: &Ui,
    notice: &WhyNotice,
    told: &BTreeMap<&AlertKey, &ToldRow>,
) -> io::Result<()> {
    let code = notice.code.map(|code| format!(" {code}")).unwrap_or_default();
    let meaning = notice.meaning.as_deref().map(|meaning| format!(" \"{meaning}\"")).unwrap_or_default();
    let head = format!("{}{code}{meaning}", notice.kind.as_str());
    writeln!(out, "\n{}  of {}", ui.paint(Paint::Strong, &head), when(notice.at))?;
    let source = format!("{} line {}, came {}", notice.file, notice.line, instant(notice.received_at));
    writeln!(out, "  {}", ui.paint(Paint::Plain, &source))?;
    if notice.again > 0 {
        let times = count(notice.again, "time");
        writeln!(out, "  came again {times} in other files: the same alert key, so it is told once")?;
    }
    clauses(out, ui, &notice.clauses)?;
    writeln!(out, "  {}", ui.paint(Paint::Plain, &notice.verdict))?;
    let Some(telling) = &notice.telling else { return Ok(()) };
    telling_text(out, ui, telling, told)
}

fn telling_text(
    out: &mut Out,
    ui: &Ui,
    telling: &WhyTelling,
    told: &BTreeMap<&AlertKey, &ToldRow>,
) -> io::Result<()> {
    recipients_text(out, ui, &telling.recipients, &telling.unheard)?;
    writeln!(out, "  alert key   {}", telling.alert)?;
    match told.get(&telling.alert) {
        Some(row) => told_text(out, ui, row),
        None if telling.delivery == "digest" => writeln!(
            out,
            "  it stands in no digest: it was silenced or hidden when it came, came with a backfill, or other rules were live"
        ),
        None => writeln!(out, "  no such alert was raised: other rules were live then"),
    }
}

fn recipients_text(out: &mut Out, ui: &Ui, recipients: &[String], unheard: &[String]) -> io::Result<()> {
    let all = if recipients.is_empty() { "nobody".to_owned() } else { recipients.join(", ") };
    writeln!(out, "  recipients  {all}")?;
    for sentence in unheard {
        writeln!(out, "              {}", ui.paint(Paint::Yellow, sentence))?;
    }
    Ok(())
}

fn silence_text(
    out: &mut Out,
    ui: &Ui,
    silence: &WhySilence,
    told: &BTreeMap<&AlertKey, &ToldRow>,
) -> io::Result<()> {
    let head = format!("{}  since {}", silence.code, day_or_dash(Some(silence.day)));
    writeln!(out, "\n{}", ui.paint(Paint::Strong, &head))?;
    writeln!(out, "  {}", ui.paint(Paint::Plain, &silence.sentence))?;
    clauses(out, ui, &silence.clauses)?;
    writeln!(out, "  {}", ui.paint(Paint::Plain, &silence.verdict))?;
    let Some(telling) = &silence.telling else { return Ok(()) };
    recipients_text(out, ui, &telling.recipients, &telling.unheard)?;
    writeln!(out, "  alert key   {}", telling.alert)?;
    match told.get(&telling.alert) {
        Some(row) => told_text(out, ui, row),
        None => writeln!(out, "  not said so far"),
    }
}

fn clauses(out: &mut Out, ui: &Ui, clauses: &[AskedClause]) -> io::Result<()> {
    for clause in clauses {
        let mark = if clause.holds { "holds" } else { "FAILS" };
        let found =
            if clause.found.is_empty() { String::new() } else { format!("  (it is {})", clause.found) };
        let paint = if clause.holds { Paint::Plain } else { Paint::Yellow };
        writeln!(out, "    {mark}  {}", ui.paint(paint, &format!("{}{found}", clause.clause)))?;
    }
    Ok(())
}

fn told_text(out: &mut Out, ui: &Ui, row: &ToldRow) -> io::Result<()> {
    if let Some(at) = row.raised_at {
        writeln!(out, "  raised      {}", instant(at))?;
    }
    if row.state != "open" {
        writeln!(out, "  state       {}", row.state)?;
    }
    for event in &row.events {
        let until = event.until.map(|until| format!(", until {}", instant(until))).unwrap_or_default();
        let text = format!("{} {}{until}", instant(event.at), event.text);
        writeln!(out, "  then        {}", ui.paint(Paint::Plain, &text))?;
    }
    for letter in &row.letters {
        let state = match (&letter.sent_at, &letter.error) {
            (Some(at), _) => format!("sent {}", instant(*at)),
            (None, Some(error)) => format!("{}: {error}", letter.state.replace('_', " ")),
            (None, None) => letter.state.replace('_', " "),
        };
        let among = match letter.alerts {
            0 | 1 => String::new(),
            alerts => format!(" with {} more", count(alerts - 1, "alert")),
        };
        let text = format!("{} to {}, {state}, {}{among}", letter.key, letter.recipient, letter.what);
        writeln!(out, "  letter      {}", ui.paint(Paint::Plain, &text))?;
    }
    if !row.waits_for.is_empty() {
        writeln!(out, "  waits for the digest of {}", ui.paint(Paint::Plain, &row.waits_for.join(", ")))?;
    }
    for event in &row.planned {
        let text = format!("{} {}", instant(event.at), event.text);
        writeln!(out, "  planned     {}", ui.paint(Paint::Plain, &text))?;
    }
    let has_waited = !row.events.is_empty() || !row.planned.is_empty();
    if row.letters.is_empty() && row.waits_for.is_empty() && !has_waited {
        writeln!(out, "  no letter: the file was taken in without mail, or nobody wanted it")?;
    }
    Ok(())
}

fn clock_text(
    out: &mut Out,
    ui: &Ui,
    clock: &WhyClock,
    told: &BTreeMap<&AlertKey, &ToldRow>,
    silences: &[Silence],
) -> io::Result<()> {
    let state = match clock.state {
        DeadlineState::Open => "open",
        DeadlineState::Closed => "closed",
        DeadlineState::Idle => "no date",
        DeadlineState::Ahead => "ahead",
    };
    let dates = format!("due {}, act by {}, {state}", clock.due, day_or_dash(clock.act_by));
    writeln!(out, "\n{}  {dates}", ui.paint(Paint::Strong, &clock.deadline))?;
    clauses(out, ui, &clock.clauses)?;
    writeln!(out, "  {}", ui.paint(Paint::Plain, &clock.verdict))?;
    if clock.steps.is_empty() {
        return Ok(());
    }
    recipients_text(out, ui, &clock.recipients, &clock.unheard)?;
    for (index, step) in clock.steps.iter().enumerate() {
        let day = day_or_dash(Some(step.day));
        match told.get(&step.alert) {
            Some(row) => step_text(out, ui, clock, step, row)?,
            None => {
                let why = unsaid(clock, index, told, silences);
                writeln!(out, "  step {:<8} {day}  not said: {}", step.step, ui.paint(Paint::Plain, &why))?;
            }
        }
    }
    Ok(())
}

/// A step whose alert was raised. One that was as quiet as no team takes was said to nobody.
fn step_text(out: &mut Out, ui: &Ui, clock: &WhyClock, step: &WhyStep, row: &ToldRow) -> io::Result<()> {
    let day = day_or_dash(Some(step.day));
    let has_reached = !row.letters.is_empty() || !row.waits_for.is_empty();
    if step.recipients.is_empty() && !step.unheard.is_empty() && !has_reached {
        let why = step.unheard.join("; ");
        return writeln!(out, "  step {:<8} {day}  not said: {}", step.step, ui.paint(Paint::Yellow, &why));
    }
    writeln!(out, "  step {:<8} {day}  said; alert key {}", step.step, step.alert)?;
    for sentence in step.unheard.iter().filter(|sentence| !clock.unheard.contains(sentence)) {
        writeln!(out, "              {}", ui.paint(Paint::Yellow, sentence))?;
    }
    told_text(out, ui, row)
}

/// Why a step was not said, as far as the alerts of the other steps, silences and inhibitions tell.
fn unsaid(
    clock: &WhyClock,
    index: usize,
    told: &BTreeMap<&AlertKey, &ToldRow>,
    silences: &[Silence],
) -> String {
    let (before, rest) = clock.steps.split_at(index);
    let step = &rest[0];
    let rows = |steps: &[WhyStep]| -> Vec<(String, ToldRow)> {
        let said = |step: &WhyStep| Some((step.step.clone(), (**told.get(&step.alert)?).clone()));
        steps.iter().filter_map(said).collect()
    };
    // An acknowledgement speaks for the days until its end, and for no later one.
    let covers = |event: &ToldEvent| {
        event.at.date_naive() <= step.day && event.acknowledged_until.is_some_and(|until| step.day < until)
    };
    let acknowledged =
        rows(before).into_iter().rev().find_map(|(_, row)| row.events.into_iter().find(covers));
    if let Some(event) = acknowledged {
        return event.text;
    }
    let silence = silences
        .iter()
        .find(|silence| (silence.from.date_naive()..silence.until.date_naive()).contains(&step.day));
    if let Some(silence) = silence.filter(|_| step.is_mutable) {
        return format!("silence {} of {} held it back", silence.id, silence.owner);
    }
    match (&step.hidden, rows(rest).into_iter().next()) {
        (Some(hidden), _) => hidden.clone(),
        (None, Some((later, _))) => format!("it passed unseen, and step {later} was told instead"),
        (None, None) => step.unsaid.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Severity;

    fn day(text: &str) -> chrono::NaiveDate {
        text.parse().expect("a date")
    }

    /// Steps at 60 (told and acknowledged on 18 July until the 25th), 50, 30 and 7 days.
    fn clock(hidden: Option<&str>) -> WhyClock {
        let steps = [
            ("60", "2026-07-18"),
            ("55", "2026-07-23"),
            ("50", "2026-07-28"),
            ("30", "2026-08-17"),
            ("7", "2026-09-09"),
        ];
        let steps = steps.map(|(step, on)| WhyStep {
            step: step.to_owned(),
            day: day(on),
            alert: AlertKey::parse(step),
            severity: Severity::Warning,
            recipients: vec!["ops@example.com".to_owned()],
            unheard: Vec::new(),
            unsaid: "comes later".to_owned(),
            is_mutable: step != "7",
            hidden: hidden.map(str::to_owned),
        });
        WhyClock {
            deadline: "PROTEST_DUE".to_owned(),
            state: DeadlineState::Open,
            due: "2026-09-16".to_owned(),
            act_by: Some(day("2026-09-16")),
            clauses: Vec::new(),
            matches: true,
            decided_by: None,
            verdict: String::new(),
            recipients: Vec::new(),
            unheard: Vec::new(),
            steps: steps.to_vec(),
        }
    }

    fn row(step: &str, acknowledged: bool) -> ToldRow {
        let at = "2026-07-18T13:00:00Z".parse().expect("an instant");
        let text = "acknowledged by jo until 2026-07-25: called".to_owned();
        let event = ToldEvent { at, text, until: None, acknowledged_until: Some(day("2026-07-25")) };
        ToldRow {
            alert: AlertKey::parse(step),
            raised_at: Some(at),
            letters: Vec::new(),
            waits_for: Vec::new(),
            state: "open".to_owned(),
            events: if acknowledged { vec![event] } else { Vec::new() },
            planned: Vec::new(),
        }
    }

    #[test]
    fn a_step_that_was_held_back_says_what_held_it() {
        let (first, later) = (row("60", true), row("30", false));
        let told: BTreeMap<&AlertKey, &ToldRow> = [(&first.alert, &first), (&later.alert, &later)].into();
        let silence = Silence {
            id: 9,
            owner: "mia".into(),
            reason: "strike".into(),
            from: "2026-07-26T00:00:00Z".parse().expect("an instant"),
            until: "2026-07-30T00:00:00Z".parse().expect("an instant"),
            what: Default::default(),
        };
        let says = |index, hidden, silences: &[Silence]| unsaid(&clock(hidden), index, &told, silences);
        assert_eq!(says(1, None, &[]), "acknowledged by jo until 2026-07-25: called");
        // Behind the end of the acknowledgement.
        assert_eq!(says(2, None, &[]), "it passed unseen, and step 30 was told instead");
        assert_eq!(says(2, Some("hidden by `x`"), &[]), "hidden by `x`");
        assert_eq!(says(2, None, std::slice::from_ref(&silence)), "silence 9 of mia held it back");
        // Nothing is told behind it, and the acknowledgement is over.
        assert_eq!(says(4, None, &[]), "comes later");
        let always = Silence { until: "2026-10-01T00:00:00Z".parse().expect("an instant"), ..silence };
        assert_eq!(says(4, None, &[always]), "comes later");
    }

    #[test]
    fn all_is_named_where_it_shows_more() {
        for (misses, shown, wanted) in [
            (7, 0, "It does not apply to 7 other notices of the entry; --all shows why."),
            (1, 1, "It does not apply to 1 other notice of the entry:"),
            (5, 5, "It does not apply to 5 other notices of the entry:"),
            (
                7,
                5,
                "It does not apply to 7 other notices of the entry. These came nearest, --all shows the others:",
            ),
        ] {
            assert_eq!(misses_words(misses, shown), wanted);
        }
    }
}
