//! `rules timeline`: when the mails of a rule go out, in plain words.

use std::io::Write;

use chrono::{Days, NaiveDate};

use super::no_such_rule;
use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{Paint, Ui, answer, day_or_dash};
use crate::daemon::assemble;
use crate::workbench::timeline::{moment_words, timeline};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the rule
    rule: String,
    /// The day to act for which a ladder is told; without it, one for which every step is still ahead
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    target: Option<NaiveDate>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let rules = &context.config.rules;
    let Some(rule) = rules.get(&args.rule) else { return Err(no_such_rule(context, &args.rule)) };
    let longest = rule.ladder().and_then(|ladder| ladder.steps().first().map(|step| step.days_left()));
    let ahead = Days::new(longest.unwrap_or_default().unsigned_abs() + 1);
    let today = context.today();
    let target = args.target.unwrap_or_else(|| today.checked_add_days(ahead).unwrap_or(today));
    let audience = assemble::audience(&context.config);
    let Some(told) = timeline(rules, &audience, &args.rule, target) else {
        return Err(no_such_rule(context, &args.rule));
    };
    let print = |out: &mut crate::cli::output::Out| {
        let head = format!("{} \"{}\"", told.rule, told.title);
        writeln!(out, "{}  on a {}, at {}", ui.paint(Paint::Strong, &head), told.on, told.place)?;
        for sentence in &told.sentences {
            writeln!(out, "  {}", ui.paint(Paint::Plain, sentence))?;
        }
        if told.mails.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nIf the day to act is {}:", day_or_dash(Some(target)))?;
        for mail in &told.mails {
            let at = moment_words(&audience, mail.at);
            let to: Vec<String> = mail
                .to
                .iter()
                .map(|(recipient, leaves)| match *leaves == mail.at {
                    true => recipient.clone(),
                    false => format!("{recipient} (digest of {})", moment_words(&audience, *leaves)),
                })
                .collect();
            let to = if to.is_empty() { "nobody".to_owned() } else { to.join(", ") };
            let severity = ui.paint(Paint::severity(mail.severity), mail.severity.as_str());
            writeln!(out, "  {at}  step {:<8} {severity:<8}  to {to}", mail.step)?;
        }
        Ok(())
    };
    answer(ui, &told, print, Exit::Fine)
}
