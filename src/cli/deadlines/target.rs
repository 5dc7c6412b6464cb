//! `deadlines target`: a date of our own for a clock, beside the legal one.

use chrono::NaiveDate;

use super::super::args;
use super::super::context::{Context, author};
use super::super::exit::{Exit, Outcome};
use super::super::output::Ui;
use crate::ident::EntryNumber;
use crate::serve::{Action, Request, TargetSet, TargetWish};

/// Set a date of our own for a deadline of an entry, earlier than the legal one
///
/// Reminders count towards the earlier of the two. The journal keeps who set it and why.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Entry number, as ABC-1234567-8 or ABC12345678
    #[arg(value_parser = args::entry_number)]
    number: EntryNumber,
    /// The deadline, such as PROTEST_DUE or PROTEST_DUE@liquidation
    deadline: String,
    /// The date; `none` takes it back
    #[arg(value_parser = date_or_none)]
    date: Wish,
    /// Who wants it [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", required_if_eq("even_if_late", "true"))]
    reason: String,
    /// Take a date behind the legal one; needs a reason, and reminders still count towards the legal date
    #[arg(long)]
    even_if_late: bool,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    On(NaiveDate),
    None,
}

fn date_or_none(text: &str) -> Result<Wish, String> {
    if text == "none" { Ok(Wish::None) } else { args::date(text).map(Wish::On) }
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let date = match args.date {
        Wish::On(date) => Some(date),
        Wish::None => None,
    };
    let wish = TargetWish {
        entry: args.number,
        deadline: args.deadline.clone(),
        date,
        reason: args.reason.trim().to_owned(),
        on: Some(context.today()),
        even_if_late: args.even_if_late,
    };
    let by = args.by.clone().unwrap_or_else(author);
    let set: TargetSet = context.door()?.ask(Request::Act { action: Action::SetTarget { wish, by } })?;
    ui.remark(&said(date, &set));
    Ok(Exit::Fine)
}

/// What the date does to reminders.
fn said(date: Option<NaiveDate>, set: &TargetSet) -> String {
    let key = &set.deadline;
    match date.zip(set.legal) {
        Some((date, legal)) if date < legal => {
            format!(
                "The date is set; reminders of {key} count towards {date}, and the legal date stays {legal}."
            )
        }
        Some((_, legal)) if date == Some(legal) => {
            format!("The date is set; it is the legal date of {key}, so reminders stay as they are.")
        }
        Some((_, legal)) => {
            format!(
                "The date is kept as a note; reminders of {key} still count towards {legal}, the legal date."
            )
        }
        None => format!("The date is taken back; reminders of {key} count towards the legal date."),
    }
}
