//! `rules timeline`: when the mails of a rule go out, in plain words.

use std::io::{self, Write};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::no_such_rule;
use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::names::configured_broker;
use crate::cli::output::{Out, Paint, Ui, answer, day_or_dash};
use crate::clock::Zone;
use crate::daemon::assemble;
use crate::deadline::calendar::day_text;
use crate::place::Severity;
use crate::workbench::timeline::{Occasion, Timeline, timeline};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the rule
    rule: String,
    /// The day to act for which a ladder is told; without it, one for which every step is still ahead
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    target: Option<NaiveDate>,
    /// When it happens, as "2026-03-02 22:30" by the clock of the first team; without it, now or as soon as the rule applies
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<NaiveDateTime>,
    /// The broker whose file or entry it is, for overrides
    #[arg(long, value_name = "NAME")]
    broker: Option<String>,
    /// How loud the cause is, for a rule that is as loud as its cause: info, warning or critical
    #[arg(long, value_parser = args::severity)]
    severity: Option<Severity>,
    /// Somebody acknowledges at noon of this day what was told before
    #[arg(long, value_name = "DATE", value_parser = args::date, requires = "ack_until")]
    ack_on: Option<NaiveDate>,
    /// The acknowledgement ends on this day
    #[arg(long, value_name = "DATE", value_parser = args::date, requires = "ack_on")]
    ack_until: Option<NaiveDate>,
}

/// `2026-03-02 22:30` or `2026-03-02T22:30`.
fn moment(text: &str) -> Result<NaiveDateTime, String> {
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let read = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    read.ok_or_else(|| "a time such as \"2026-03-02 22:30\"".to_owned())
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let Some(rule) = context.config.rules.get(&args.rule) else {
        return Err(no_such_rule(context, &args.rule));
    };
    if let Some(broker) = &args.broker {
        configured_broker(context, broker)?;
    }
    let pipeline = Arc::new(assemble::pipeline(&context.config).map_err(Failure::usage)?);
    let zone = pipeline.audience.teams().first().map_or(&context.zone, |team| &team.zone);
    let from = args.at.map_or_else(|| context.clock.now(), |at| zone.instant(at));
    let occasion = occasion(args, Occasion::usual(rule, &pipeline.audience, from), zone);
    let told = timeline(&pipeline, rule, &occasion).map_err(Failure::unreadable)?;
    answer(ui, &told, |out| print(out, ui, &told, zone), Exit::Fine)
}

fn occasion(args: &Args, usual: Occasion, zone: &Zone) -> Occasion {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or(NaiveTime::MIN);
    let target = args.target.unwrap_or(usual.target);
    // A ladder for a day that is near or past is told from its first step on.
    let early = args.target.and_then(|target| target.checked_sub_days(Days::new(LADDER_DAYS)));
    let early = early.map(|day| zone.instant(day.and_time(noon)));
    Occasion {
        at: args.at.map(|at| zone.instant(at)).or(early).unwrap_or(usual.at),
        target,
        broker: args.broker.clone().unwrap_or_default(),
        severity: args.severity,
        ack: args.ack_on.map(|day| zone.instant(day.and_time(noon))).zip(args.ack_until),
    }
}

/// No step of a ladder is further from its day.
const LADDER_DAYS: u64 = 3_651;

fn print(out: &mut Out, ui: &Ui, told: &Timeline, zone: &Zone) -> io::Result<()> {
    let head = format!("{} \"{}\"", told.rule, told.title);
    writeln!(out, "{}  on a {}, at {}", ui.paint(Paint::Strong, &head), told.on, told.place)?;
    for sentence in &told.sentences {
        writeln!(out, "  {}", ui.paint(Paint::Plain, sentence))?;
    }
    if told.mails.is_empty() && told.untold.is_empty() {
        return Ok(());
    }
    let head = match told.target {
        Some(target) => format!("If the day to act is {}", day_or_dash(Some(target))),
        None => format!("If it happens on {}", moment_words(zone, told.at)),
    };
    writeln!(out, "\n{head}, mails leave:")?;
    let width = told.mails.iter().map(|mail| mail.zone.len()).max().unwrap_or_default();
    for mail in &told.mails {
        let severity = ui.paint(Paint::severity(mail.severity), mail.severity.as_str());
        let step = mail.step.as_ref().map(|step| format!("step {step}, ")).unwrap_or_default();
        let waited = mail.waited.as_ref().map(|waited| format!(" ({waited})")).unwrap_or_default();
        let (local, zone, to, what) = (&mail.local, &mail.zone, &mail.recipient, &mail.what);
        writeln!(out, "  {local} {zone:<width$}  {severity:<8}  {step}{what} to {to}{waited}")?;
    }
    if told.mails.is_empty() {
        writeln!(out, "  none")?;
    }
    for sentence in &told.untold {
        writeln!(out, "  {}", ui.paint(Paint::Yellow, sentence))?;
    }
    Ok(())
}

fn moment_words(zone: &Zone, at: DateTime<Utc>) -> String {
    let local = zone.local(at);
    format!("{} {} ({})", day_text(local.date()), local.format("%H:%M"), zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_do() {
        assert_eq!(moment("2026-03-02 22:30"), moment("2026-03-02T22:30:00"));
        assert!(moment("2026-03-02 22:30").is_ok());
        for text in ["", "2026-03-02", "22:30", "2026-03-02 25:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
