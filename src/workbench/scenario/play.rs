//! Plays scenarios.

use super::{BROKER, Content, Delivered, Event, Expectation, Gathered, Scenario, Server, Stage, What};
use crate::diagnostic::{Diagnostic, Faults};
use crate::ident::EntryNumber;
use crate::store::LetterFilter;

/// The largest message that a scenario may receive.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

/// Scenarios count in whole minutes.
const LAST_SECOND: chrono::TimeDelta = chrono::TimeDelta::seconds(59);

/// Plays a scenario and answers every expectation that was not met. Messages that it names are read with `load`.
pub fn play(
    scenario: &Scenario,
    stage: &mut dyn Stage,
    load: &dyn Fn(&std::path::Path) -> std::io::Result<Vec<u8>>,
) -> Vec<Diagnostic> {
    let mut player = Player {
        stage,
        load,
        outbox: Vec::new(),
        last: None,
        server: Server::Accepts,
        caused_by: 0..0,
        named: Named::default(),
    };
    let mut faults = Faults::of(scenario.source.clone());
    if let Some(first) = scenario.events.first().and_then(|event| event.at) {
        player.stage.set(player.instant(first));
    }
    for event in &scenario.events {
        if !matches!(event.what, What::Expect(_)) {
            player.nothing_left(&mut faults);
            player.caused_by = event.span.clone();
        }
        if let Err(fault) = player.happen(event) {
            faults.add(event.span.clone(), fault);
        }
    }
    player.nothing_left(&mut faults);
    for fault in player.untold().unwrap_or_else(|fault| vec![fault]) {
        faults.add(player.caused_by.clone(), fault);
    }
    faults.into_sorted()
}

/// Reads a message from disk, within bounds.
pub fn load_message(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > MESSAGE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it is larger than {MESSAGE_BYTES_MAX} bytes")));
    }
    std::fs::read(path)
}

struct Player<'s> {
    stage: &'s mut dyn Stage,
    load: &'s dyn Fn(&std::path::Path) -> std::io::Result<Vec<u8>>,
    /// Delivered, and not expected yet.
    outbox: Vec<Delivered>,
    last: Option<String>,
    server: Server,
    /// The event that the letters in the outbox come from.
    caused_by: std::ops::Range<usize>,
    named: Named,
}

/// Letters that did not leave, as the scenario named them last.
#[derive(Default)]
struct Named {
    waiting: usize,
    given_up: usize,
}

impl Player<'_> {
    /// Letters are exact: those that nobody expected are faults.
    fn nothing_left(&mut self, faults: &mut Faults) {
        for Delivered { recipient, subject, .. } in self.outbox.drain(..) {
            let message = format!("nobody expected the letter \"{subject}\" to {recipient}");
            faults.add(self.caused_by.clone(), message);
        }
    }

    /// What the end leaves untold: letters that could not leave, and alerts that are gathered for one, unless the scenario names them.
    fn untold(&self) -> Result<Vec<String>, String> {
        let mut faults = Vec::new();
        let (waiting, given_up) =
            (self.stage.letters(LetterFilter::Waiting)?, self.stage.letters(LetterFilter::GivenUp)?);
        if waiting > self.named.waiting {
            faults.push(format!(
                "letters that wait for a server at the end: {waiting} (`expect waiting {waiting}`)"
            ));
        }
        if given_up > self.named.given_up {
            faults.push(format!("letters that were given up: {given_up} (`expect given up {given_up}`)"));
        }
        if let Some(Gathered { alerts, first_leaves_at }) = self.stage.gathered()? {
            let at =
                self.stage.zone().map_or(first_leaves_at.naive_utc(), |zone| zone.local(first_leaves_at));
            let at = (at + LAST_SECOND).format("%Y-%m-%d %H:%M");
            faults.push(format!(
                "alerts that are gathered for a letter at the end: {alerts} (go on: `{at} wait`)"
            ));
        }
        Ok(faults)
    }

    /// The instant of a wall-clock time of the first team.
    fn instant(&self, at: chrono::NaiveDateTime) -> chrono::DateTime<chrono::Utc> {
        self.stage.zone().map_or_else(|| at.and_utc(), |zone| zone.instant(at))
    }

    fn deliver(&mut self) -> Result<(), String> {
        let delivered = self.stage.deliver(&self.server)?;
        if self.server == Server::Accepts {
            self.outbox.extend(delivered);
        }
        Ok(())
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        if let Some(moment) = event.at.map(|at| self.instant(at)) {
            if matches!(event.what, What::Wait) {
                while let Some(next) = self.stage.next_look()?.filter(|next| *next <= moment) {
                    self.stage.set(next);
                    self.stage.tick()?;
                    self.deliver()?;
                }
            }
            self.stage.set(moment);
        }
        match &event.what {
            What::Receive { name, broker, content } => {
                let bytes = match content {
                    Content::Inline(bytes) => bytes.clone(),
                    Content::File(path) => {
                        (self.load)(path).map_err(|error| format!("{}: {error}", path.display()))?
                    }
                };
                self.stage.receive(name, broker.as_deref().unwrap_or(BROKER), &bytes)?;
                self.deliver()
            }
            What::Clock => {
                self.stage.tick()?;
                self.deliver()
            }
            What::Wait | What::Deliver => self.deliver(),
            What::Smtp(server) => {
                self.server = server.clone();
                Ok(())
            }
            What::Rebuild => self.stage.rebuild(),
            What::Expect(expected) => self.expect(expected),
        }
    }

    fn expect(&mut self, expected: &Expectation) -> Result<(), String> {
        match expected {
            Expectation::Letter { part, to } => self.letter(part, to.as_deref()),
            Expectation::NoLetter => match self.outbox.as_slice() {
                [] => Ok(()),
                [first, ..] => {
                    let message = format!("there is \"{}\" to {}", first.subject, first.recipient);
                    self.outbox.clear();
                    Err(message)
                }
            },
            Expectation::Body(part) => {
                let last = self.last.as_ref().ok_or("no letter was expected before")?;
                if last.contains(part) { Ok(()) } else { Err(format!("not in:\n{last}")) }
            }
            Expectation::Waiting(count) => {
                self.named.waiting = *count;
                same(&self.stage.letters(LetterFilter::Waiting)?, count)
            }
            Expectation::GivenUp(count) => {
                self.named.given_up = *count;
                same(&self.stage.letters(LetterFilter::GivenUp)?, count)
            }
            Expectation::Status { entry, wanted } => {
                same(self.entry(*entry)?.status().as_str(), wanted.as_str())
            }
            Expectation::Holds { entry, wanted } => {
                let entry = self.entry(*entry)?;
                let mut holds: Vec<String> =
                    entry.open_holds().map(|(key, _)| format!("{}/{}", key.agency, key.code)).collect();
                holds.sort();
                same(&if holds.is_empty() { "none".to_owned() } else { holds.join(",") }, wanted)
            }
            Expectation::Deadline { entry, key, wanted, state } => {
                let deadlines = self.entry(*entry)?.deadlines(self.stage.deadlines());
                let found = deadlines.iter().find(|known| known.key() == *key || known.counts_from(key));
                same(&found.map_or("none".to_owned(), |deadline| deadline.due_text()), wanted)?;
                let Some(state) = state else { return Ok(()) };
                same(found.map_or("none", |deadline| deadline.state.as_str()), state.as_str())
            }
        }
    }

    fn letter(&mut self, part: &str, to: Option<&str>) -> Result<(), String> {
        let fits = |delivered: &Delivered| {
            delivered.subject.contains(part)
                && to.is_none_or(|to| delivered.recipient.eq_ignore_ascii_case(to))
        };
        match self.outbox.iter().position(fits) {
            Some(found) => {
                self.last = Some(self.outbox.remove(found).text);
                Ok(())
            }
            None if self.outbox.is_empty() => Err("there is no letter".to_owned()),
            None => {
                let there = |one: &Delivered| format!("\"{}\" to {}", one.subject, one.recipient);
                let there: Vec<String> = self.outbox.iter().map(there).collect();
                Err(format!("no letter fits; there is {}", there.join(", ")))
            }
        }
    }

    fn entry(&self, number: EntryNumber) -> Result<crate::entry::Entry, String> {
        self.stage.entry(number)?.ok_or_else(|| format!("the entry {number} is not known"))
    }
}

fn same<T: PartialEq + std::fmt::Display + ?Sized>(found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("it is `{found}`, not `{wanted}`")) }
}
