//! Lives of entries, told a line an event: `tests/scenarios/*.txt`.
//!
//! A line is a moment (New York time) and what happens; a line without a moment happens at the moment before.
//!
//! ```text
//! 2026-03-02 09:00  receive  samples/x12/pass/350_release.edi
//!                   expect   letter "released" to operations@example.com
//! 2026-03-13 09:00  clock
//!                   smtp     refuse 451
//!                   expect   waiting 1
//! ```
//!
//! Events: `receive FILE [from BROKER]`, `clock` (reminders and digests, then delivery), `smtp accept|refuse TEXT|reject
//! TEXT` (how the server answers from now on), `deliver`, `rebuild` (an empty store, from the journal).
//! Expectations: `letter "PART OF SUBJECT"` (and forgets it), `no letter`, `body "PART"` (of the letter expected last), `waiting N`,
//! `given up N`, `status ENTRY WORD`, `holds ENTRY none|A/C,...`, `deadline ENTRY KEY DATE`.

#[path = "support/desk.rs"]
mod desk;

use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use desk::Desk;
use entrywatch::clock::Zone;
use entrywatch::deadline::DeadlineTable;
use entrywatch::email::Mail;
use entrywatch::outbox::Outcome;
use entrywatch::store::LetterFilter;

struct Scene {
    desk: Desk,
    outbox: Vec<Mail>,
    last: Option<Mail>,
    server: Server,
}

#[derive(Clone)]
enum Server {
    Accepts,
    Refuses(String),
    Rejects(String),
}

impl Scene {
    fn deliver(&mut self) {
        let server = self.server.clone();
        let sent = self.desk.deliver(|_| match &server {
            Server::Accepts => Outcome::Accepted { response: "250 ok".into() },
            Server::Refuses(error) => Outcome::Refused { error: error.as_str().into() },
            Server::Rejects(error) => Outcome::Rejected { error: error.as_str().into() },
        });
        if matches!(self.server, Server::Accepts) {
            self.outbox.extend(sent);
        }
    }

    fn happen(&mut self, event: &str) -> Result<(), String> {
        let (verb, rest) = event.split_once(char::is_whitespace).unwrap_or((event, ""));
        let rest = rest.trim();
        match verb {
            "receive" => {
                let (file, broker) = rest.split_once(" from ").unwrap_or((rest, "acme"));
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file.trim());
                self.desk.receive_file(&path, broker.trim());
                self.deliver();
            }
            "clock" => {
                self.desk.engine().remind().map_err(|error| error.to_string())?;
                self.desk.engine().digests().map_err(|error| error.to_string())?;
                self.deliver();
            }
            "deliver" => self.deliver(),
            "smtp" => {
                let (how, text) = rest.split_once(' ').unwrap_or((rest, ""));
                self.server = match how {
                    "accept" => Server::Accepts,
                    "refuse" => Server::Refuses(text.to_owned()),
                    "reject" => Server::Rejects(text.to_owned()),
                    other => return Err(format!("`{other}` is no answer of a server")),
                };
            }
            "rebuild" => {
                let before = self.desk.state_hash();
                self.desk.open(&desk::pipeline());
                if self.desk.state_hash() != before {
                    return Err("the rebuilt state differs".to_owned());
                }
            }
            "expect" => return self.expect(rest),
            other => return Err(format!("`{other}` is no event")),
        }
        Ok(())
    }

    fn expect(&mut self, what: &str) -> Result<(), String> {
        let words: Vec<&str> = what.split_whitespace().collect();
        let quoted = what.split('"').nth(1);
        match (words.as_slice(), quoted) {
            (["letter", ..], Some(part)) => {
                let found = self.outbox.iter().position(|mail| mail.subject().contains(part));
                let subjects: Vec<&str> = self.outbox.iter().map(Mail::subject).collect();
                let found = found.ok_or_else(|| format!("no letter with `{part}` among {subjects:?}"))?;
                self.last = Some(self.outbox.remove(found));
                Ok(())
            }
            (["no", "letter"], None) => match self.outbox.as_slice() {
                [] => Ok(()),
                letters => Err(format!("there is `{}`", letters[0].subject())),
            },
            (["body", ..], Some(part)) => {
                let last = self.last.as_ref().ok_or("no letter was expected before")?;
                if last.text().contains(part) { Ok(()) } else { Err(format!("not in:\n{}", last.text())) }
            }
            (["waiting", count], None) => self.count(LetterFilter::Waiting, count),
            (["given", "up", count], None) => self.count(LetterFilter::GivenUp, count),
            (["status", number, word], None) => {
                same(self.desk.entry(number).status().as_str(), word)
            }
            (["holds", number, wanted], None) => {
                let entry = self.desk.entry(number);
                let mut holds: Vec<String> =
                    entry.open_holds().map(|(key, _)| format!("{}/{}", key.agency, key.code)).collect();
                holds.sort();
                same(if holds.is_empty() { "none".to_owned() } else { holds.join(",") }.as_str(), wanted)
            }
            (["deadline", number, key, wanted], None) => {
                let deadlines = self.desk.entry(number).deadlines(DeadlineTable::embedded());
                let found = deadlines.iter().find(|deadline| deadline.key() == *key);
                same(&found.map_or("none".to_owned(), |deadline| deadline.due_text()), wanted)
            }
            _ => Err(format!("`{what}` cannot be expected")),
        }
    }

    fn count(&self, filter: LetterFilter, wanted: &str) -> Result<(), String> {
        let letters = self.desk.store().letters(filter, 1_000).map_err(|error| error.to_string())?;
        same(&letters.len().to_string(), wanted)
    }
}

fn same(found: &str, wanted: &str) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("it is `{found}`, not `{wanted}`")) }
}

/// Splits a line into its moment, if it has one, and the event.
fn moment(line: &str) -> (Option<NaiveDateTime>, &str) {
    let Some(text) = line.get(..16) else { return (None, line.trim()) };
    match NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M") {
        Ok(at) => (Some(at), line[16..].trim()),
        Err(_) => (None, line.trim()),
    }
}

fn play(path: &Path) {
    let zone = Zone::named("America/New_York").expect("a zone");
    let text = std::fs::read_to_string(path).expect("a scenario");
    let mut scene: Option<Scene> = None;
    for (index, line) in text.lines().enumerate() {
        let (at, event) = moment(line.split('#').next().unwrap_or(""));
        if event.is_empty() {
            continue;
        }
        if let Some(at) = at {
            let now = zone.instant(at);
            match &scene {
                Some(scene) => scene.desk.clock.set(now),
                None => {
                    let desk = Desk::new(now);
                    scene = Some(Scene { desk, outbox: Vec::new(), last: None, server: Server::Accepts });
                }
            }
        }
        let scene = scene.as_mut().expect("a scenario begins with a moment");
        if let Err(fault) = scene.happen(event) {
            panic!("{}:{}: {event}\n  {fault}", path.display(), index + 1);
        }
    }
    let mut scene = scene.expect("a scenario has events");
    scene.happen("rebuild").expect("the journal gives the same state");
}

#[test]
fn every_scenario_ends_as_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut scenarios: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("scenarios").flatten().map(|item| item.path()).collect();
    scenarios.sort();
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        play(&scenario);
    }
}
