//! Names on the command line, held against the configuration and against what is known: a name that nobody knows is a mistake, and an
//! empty list would hide it.

use super::context::{Context, Door};
use super::exit::Failure;
use crate::diagnostic::hint;
use crate::ident::EntryNumber;
use crate::serve::{EntryFilter, EntryRow, Page, Request};

/// The failure for a broker that nobody knows, with the nearest name.
pub fn no_such_broker(context: &Context, name: &str) -> Failure {
    let known: Vec<&str> = context.config.brokers.iter().map(|broker| broker.name.as_str()).collect();
    Failure::usage(format!("there is no broker `{name}` ({})", hint(name, "known", known)))
}

/// A name of the configuration, as it is written there.
///
/// # Errors
/// When it has no broker of this name.
pub fn configured_broker<'c>(context: &'c Context, name: &str) -> Result<&'c str, Failure> {
    let known = context.config.brokers.iter().map(|broker| broker.name.as_str());
    known.into_iter().find(|known| *known == name).ok_or_else(|| no_such_broker(context, name))
}

/// A broker of the configuration, or one that it had and whose entries are still there; as it is written there.
///
/// # Errors
/// When neither is so.
pub fn require_broker(context: &Context, door: &Door, name: &str) -> Result<(), Failure> {
    known_broker(context, door, name, |known| known == name)
}

/// The same for a filter, which does not look at letter case.
pub fn require_broker_of_filter(context: &Context, door: &Door, name: &str) -> Result<(), Failure> {
    known_broker(context, door, name, |known| known.eq_ignore_ascii_case(name))
}

fn known_broker(
    context: &Context,
    door: &Door,
    name: &str,
    is_it: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    if context.config.brokers.iter().any(|known| is_it(known.name.as_str())) {
        return Ok(());
    }
    let filter = EntryFilter { broker: Some(name.to_owned()), ..EntryFilter::default() };
    let request = Request::Entries { on: context.today(), filter, after: None, limit: Some(1) };
    let found: Page<EntryRow, EntryNumber> = door.ask(request)?;
    let has_it = |row: &EntryRow| row.broker.as_ref().is_some_and(|broker| is_it(broker.as_str()));
    if found.rows.iter().any(has_it) { Ok(()) } else { Err(no_such_broker(context, name)) }
}

/// Whether a message has named the entry.
///
/// # Errors
/// When none has and the check digit is wrong: a slip of the pen, or what cannot be told from one. Filers may have check digits of
/// their own, so an entry that is known is never refused.
pub fn is_known(door: &Door, number: EntryNumber) -> Result<bool, Failure> {
    match door.ask::<serde_json::Value>(Request::Life { number }) {
        Ok(_) => Ok(true),
        Err(failure) if failure.exit() != super::exit::Exit::NotFine => Err(failure),
        Err(_) if number.check_digit_offset() == 0 => Ok(false),
        Err(_) => {
            let right =
                right_digit(number).map(|right| format!("; did you mean {right}?")).unwrap_or_default();
            Err(Failure::usage(format!(
                "no message has named entry {number} so far, and its check digit is wrong{right}"
            )))
        }
    }
}

/// The number with the check digit that its other characters give.
fn right_digit(number: EntryNumber) -> Option<EntryNumber> {
    let text = number.as_str();
    let digits = (0..10).filter_map(|digit| EntryNumber::parse(format!("{}{digit}", &text[..10])));
    digits.into_iter().find(|number| number.check_digit_offset() == 0)
}

/// Who runs the command, where the system has a name for the user.
pub fn caller() -> Option<String> {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok());
    named.into_iter().find(|user| !user.trim().is_empty()).or_else(login_name)
}

fn login_name() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next().filter(|name| !name.is_empty())?;
        let number: u32 = parts.nth(1)?.parse().ok()?;
        (number == user).then(|| name.to_owned())
    })
}

/// Who answers for something: the person who was named, else the user who runs the command.
///
/// # Errors
/// When nobody was named and the system has no name for the user.
pub fn responsible(named: Option<&str>, option: &str) -> Result<String, Failure> {
    match named {
        Some(name) if name.trim().is_empty() || name.trim().eq_ignore_ascii_case("unknown") => {
            Err(Failure::usage(format!("{option} must be the name of a person or a team")))
        }
        Some(name) => Ok(name.to_owned()),
        None => caller().ok_or_else(|| {
            Failure::usage(format!(
                "nobody knows who runs this command; say who answers for it with {option} NAME"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_digit_is_found() {
        let wrong = EntryNumber::parse("ABC-1234567-8").expect("a number");
        assert_eq!(right_digit(wrong).map(|right| right.to_string()).as_deref(), Some("ABC-1234567-6"));
    }

    #[test]
    fn somebody_answers_for_it() {
        assert_eq!(responsible(Some("Jo"), "--by").ok().as_deref(), Some("Jo"));
        for nobody in ["", " ", "unknown", "Unknown"] {
            assert!(responsible(Some(nobody), "--by").is_err(), "{nobody}");
        }
    }
}
