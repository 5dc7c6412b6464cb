//! `record`: a fact that no message tells, entered by hand.
//!
//! It becomes a small JSON document, which takes the way of every dropped file.

use std::io::{self, Write};

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::args;
use super::context::{Context, Door, author};
use super::exit::{Exit, Failure, Outcome};
use super::output::{Out, Paint, Table, Ui, answer, json_line, written};
use crate::decode::{self, Message};
use crate::grammar::Grammar;
use crate::ident::{EntryNumber, NoticeId};
use crate::interpret::{Interpreter, NoticeIds, NoticeSink};
use crate::notice::recorded::{FactDefinition, FactValue};
use crate::notice::{FactKind, Kind, NoticeRef};
use crate::place::{Finding, Grade};
use crate::serve::{Action, EntryView, Request};

/// Enter a fact that no message tells: forms, letters, protests, answers
///
/// `entrywatch record form_28 ABC-1234567-8 issue_date=2026-03-02 due_on_form=2026-04-01 --source "mail of the port"`
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What happened: form_28, protest_filed, bulletin ...; `--list` shows them all
    #[arg(required_unless_present = "list", value_parser = kind)]
    kind: Option<FactKind>,
    /// The entry or entries, and facts such as issue_date=2026-03-02
    #[arg(value_name = "NUMBER|KEY=VALUE")]
    words: Vec<String>,
    /// The bill of lading, for what is said of goods that no entry is known for
    #[arg(long, value_name = "BILL")]
    bill: Option<String>,
    /// The day on which it happened; the same as the date of the kind, written KEY=VALUE
    #[arg(long, value_name = "DATE", value_parser = args::date)]
    on: Option<NaiveDate>,
    /// Number of the protest, case, bill or form that it is about
    #[arg(long, value_name = "NUMBER")]
    reference: Option<String>,
    /// Where it is known from: a letter, a portal, a telephone call
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    #[arg(long, value_name = "TEXT")]
    remark: Option<String>,
    /// Who says so [default: the user who runs the command]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// The check digit of an entry that no message named yet is right though it does not fit: its filer has an offset
    #[arg(long)]
    odd_check_digit: bool,
    /// List what can be recorded, and what each kind takes
    #[arg(long, conflicts_with = "kind")]
    list: bool,
}

fn kind(text: &str) -> Result<FactKind, String> {
    FactKind::parse(text).ok_or_else(|| {
        let names = FactKind::ALL.iter().map(|fact| fact.as_str());
        let near = names.max_by(|left, right| {
            strsim::jaro_winkler(left, text).total_cmp(&strsim::jaro_winkler(right, text))
        });
        format!(
            "no such kind; did you mean `{}`? `entrywatch record --list` shows them all",
            near.unwrap_or("note")
        )
    })
}

/// The list of kinds needs no configuration.
pub fn run(args: &Args, context: impl FnOnce() -> Result<Context, Failure>, ui: &Ui) -> Outcome {
    let Some(fact) = args.kind else { return list(ui) };
    let document = document(fact, args)?;
    let text = document.to_string();
    let context = context()?;
    let ids = checked(&text, context.grammar.clone(), context.today())?;
    let by = document["author"].as_str().unwrap_or_default().to_owned();
    let door = context.door_or_new_state()?;
    if !args.odd_check_digit {
        known_or_sound(&document, &door)?;
    }
    door.ask::<()>(Request::Act { action: Action::Record { document: text, by } })?;
    if !fact.definition().ends.is_empty() {
        tell_doubtful(fact, &document, &door, &context, ui)?;
    }
    let recorded = json!({ "fact": fact.as_str(), "document": document, "notices": ids });
    answer(ui, &recorded, |out| print(out, ui, fact, &ids), Exit::Fine)
}

/// What the words of the command line make.
fn document(fact: FactKind, args: &Args) -> Result<Value, Failure> {
    let definition = fact.definition();
    let mut members = Map::new();
    match definition.kind() {
        Kind::Form => {
            members.insert("kind".into(), "form".into());
            members.insert("form".into(), definition.code.into());
        }
        _ => {
            members.insert("kind".into(), "recorded".into());
            members.insert("fact".into(), definition.name.into());
        }
    }
    let mut entries = Vec::new();
    for word in &args.words {
        match word.split_once('=') {
            Some((key, value)) => put(&mut members, key, value)?,
            None => match EntryNumber::parse(word) {
                Some(number) => entries.push(Value::from(number.as_str())),
                None => {
                    let text = format!("`{word}` is neither an entry number nor of the form key=value");
                    return Err(Failure::usage(text));
                }
            },
        }
    }
    match entries.as_mut_slice() {
        [] => {}
        [one] => drop(members.insert("entry".into(), one.take())),
        _ => drop(members.insert("entries".into(), entries.into())),
    }
    if let Some(on) = args.on {
        put(&mut members, definition.date, &on.to_string())?;
    }
    let given = [
        ("bill", &args.bill),
        ("reference", &args.reference),
        ("source", &args.source),
        ("remark", &args.remark),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            put(&mut members, key, value)?;
        }
    }
    let author = args.author.clone().unwrap_or_else(author);
    members.insert("author".into(), author.into());
    if !["entry", "entries", "bill"].iter().any(|name| members.contains_key(*name)) {
        return Err(Failure::usage("name the entry, or a bill with --bill"));
    }
    Ok(members.into())
}

/// The entries that the document names.
fn numbers(document: &Value) -> impl Iterator<Item = EntryNumber> {
    let listed = document["entries"].as_array().into_iter().flatten();
    let numbers = document.get("entry").into_iter().chain(listed).filter_map(Value::as_str);
    numbers.filter_map(EntryNumber::parse)
}

/// Refuses an entry number whose check digit does not fit, unless messages named that very entry: most likely a digit is wrong, and
/// the fact would stand at an entry that nobody knows.
fn known_or_sound(document: &Value, door: &Door) -> Result<(), Failure> {
    for number in numbers(document) {
        let offset = number.check_digit_offset();
        if offset == 0 {
            continue;
        }
        match door.ask::<Value>(Request::Life { number }) {
            Ok(_) => {}
            Err(failure) if failure.exit() == Exit::NotFine => {
                return Err(Failure::usage(format!(
                    "the check digit of {number} is {offset} above the computed one, and no message has named this entry: is a \
                     digit wrong? If its filer has an offset, say so with --odd-check-digit"
                )));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// The clocks that a fact did not end because it does not say which of several it is about.
fn tell_doubtful(
    fact: FactKind,
    document: &Value,
    door: &Door,
    context: &Context,
    ui: &Ui,
) -> Result<(), Failure> {
    let ends = fact.definition().ends;
    let on = Some(context.today());
    for number in numbers(document) {
        let view: EntryView = match door.ask(Request::Entry { number, on }) {
            Ok(view) => view,
            // What was recorded before its entry is known waits for it.
            Err(failure) if failure.exit() == Exit::NotFine => continue,
            Err(failure) => return Err(failure),
        };
        let doubtful = view.deadlines.iter().filter(|clock| {
            !clock.may_be_over.is_empty() && ends.contains(&&*clock.id) && !clock.instance.is_empty()
        });
        for clock in doubtful {
            let (id, instance, why) = (&clock.id, &clock.instance, &clock.may_be_over);
            ui.remark(&format!("{id}@{instance} of {number} runs on: {why}."));
        }
    }
    Ok(())
}

fn put(members: &mut Map<String, Value>, key: &str, value: &str) -> Result<(), Failure> {
    match members.insert(key.to_owned(), value.into()) {
        None => Ok(()),
        Some(_) => Err(Failure::usage(format!("`{key}` is given twice"))),
    }
}

/// The ids of the notices that the document will make, once it is in order. Reads it as the daemon will.
fn checked(text: &str, grammar: std::sync::Arc<Grammar>, today: NaiveDate) -> Result<Vec<NoticeId>, Failure> {
    struct Heard {
        ids: Option<NoticeIds>,
        notices: Vec<NoticeId>,
        faults: Vec<String>,
    }
    impl NoticeSink for Heard {
        fn notice(&mut self, notice: &NoticeRef<'_>) {
            self.notices.extend(self.ids.as_ref().map(|ids| ids.id(notice.ordinal)));
        }
        fn finding(&mut self, finding: Finding) {
            // What nobody reads is most likely a typing error, and nobody else would see it.
            let is_unread = finding.code == crate::place::finding_code::UNKNOWN_FIELD;
            if finding.severity == Grade::Error || is_unread {
                self.faults.push(finding.message);
            }
        }
    }
    let interpreter = Interpreter::new(grammar.clone()).map_err(Failure::grammar)?;
    let mut heard = Heard { ids: None, notices: Vec::new(), faults: Vec::new() };
    decode::decode(text.as_bytes(), &grammar, &mut |message: &Message<'_>| {
        heard.ids = Some(NoticeIds::of(message));
        interpreter.interpret_received("", Some(today), message, &mut heard);
    });
    if heard.faults.is_empty() { Ok(heard.notices) } else { Err(Failure::usage(heard.faults.join("\n  "))) }
}

fn print(out: &mut Out, ui: &Ui, fact: FactKind, ids: &[NoticeId]) -> io::Result<()> {
    writeln!(out, "recorded {}", ui.paint(Paint::Strong, fact.as_str()))?;
    for id in ids {
        writeln!(out, "  notice {}", crate::ident::hex(id.as_bytes()))?;
    }
    Ok(())
}

fn list(ui: &Ui) -> Outcome {
    let mut out = ui.stdout();
    let grammar = Grammar::embedded();
    let meaning = |definition: &FactDefinition| {
        let table = grammar.codes.get(definition.table());
        table
            .and_then(|table| table.get(definition.code.as_bytes()))
            .map_or("", |row| &row.meaning)
            .to_owned()
    };
    written(&mut out, |out| {
        if ui.json {
            return FactKind::ALL
                .iter()
                .try_for_each(|fact| json_line(out, &described(fact.definition(), &meaning)));
        }
        let mut table = Table::new(["kind", "what happened", "takes"]);
        for fact in FactKind::ALL {
            let definition = fact.definition();
            let takes: Vec<String> = takes(definition)
                .map(|(name, is_required, _)| if is_required { name.to_owned() } else { format!("[{name}]") })
                .collect();
            table.row([definition.name.to_owned(), meaning(definition), takes.join(" ")]);
        }
        table.write(out, ui)
    })?;
    Ok(Exit::Fine)
}

/// Names of values, whether they must be there, and what they look like.
fn takes(definition: &'static FactDefinition) -> impl Iterator<Item = (&'static str, bool, FactValue)> {
    let reference = definition.wants_reference.then_some(("reference", true, FactValue::Text));
    let fields = definition.fields.iter().map(|field| (field.name, field.is_required, field.value));
    std::iter::once((definition.date, true, FactValue::Date)).chain(reference).chain(fields)
}

fn described(definition: &'static FactDefinition, meaning: &dyn Fn(&FactDefinition) -> String) -> Value {
    let takes: Vec<Value> = takes(definition)
        .map(|(name, required, value)| json!({ "name": name, "required": required, "is": value.wanted() }))
        .collect();
    let starts: Vec<&str> = definition.starts.iter().map(|start| start.deadline).collect();
    json!({
        "kind": definition.name, "meaning": meaning(definition), "takes": takes, "starts": starts,
        "ends": definition.ends,
    })
}
