//! The form in which a life is stored: where its notices were seen is written once for each file, not for each notice.
//!
//! It makes the JSON of a typical life a third shorter, and reading it back gives notices that share their names.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::entry::{ClockMove, Followed, Held, InternalTarget, Life, Membership, Reminder, Sighting};
use crate::ident::{BrokerName, EntryNumber, Fingerprint};
use crate::notice::Notice;
use crate::place::Place;

/// A file that was looked for among the last so many is not written again.
const LOOK_BACK: usize = 16;

#[derive(Serialize)]
pub(super) struct WrittenLife<'a> {
    number: EntryNumber,
    sources: Vec<WrittenSource<'a>>,
    notices: Vec<WrittenHeld<'a>>,
    #[serde(skip_serializing_if = "<[Reminder]>::is_empty")]
    reminders: &'a [Reminder],
    #[serde(skip_serializing_if = "<[Followed]>::is_empty")]
    followed: &'a [Followed],
    #[serde(skip_serializing_if = "<[ClockMove]>::is_empty")]
    moves: &'a [ClockMove],
    #[serde(skip_serializing_if = "<[InternalTarget]>::is_empty")]
    targets: &'a [InternalTarget],
    #[serde(skip_serializing_if = "<[Membership]>::is_empty")]
    memberships: &'a [Membership],
}

#[derive(Clone, Copy, PartialEq, Serialize)]
struct WrittenSource<'a> {
    file: Fingerprint,
    received_at: DateTime<Utc>,
    broker: &'a BrokerName,
    name: &'a str,
}

#[derive(Serialize)]
struct WrittenHeld<'a> {
    notice: &'a Notice,
    source: usize,
    place: Place,
    #[serde(skip_serializing_if = "is_zero")]
    again: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl<'a> From<&'a Life> for WrittenLife<'a> {
    fn from(life: &'a Life) -> Self {
        let mut sources: Vec<WrittenSource<'a>> = Vec::new();
        let mut notices = Vec::with_capacity(life.notices.len());
        for Held { notice, seen, again } in &life.notices {
            let Sighting { file, place, received_at, broker, name } = seen;
            let source = WrittenSource { file: *file, received_at: *received_at, broker, name };
            let from = sources.len().saturating_sub(LOOK_BACK);
            let known = sources[from..].iter().rposition(|known| *known == source);
            let at = known.map_or(sources.len(), |at| from + at);
            if known.is_none() {
                sources.push(source);
            }
            notices.push(WrittenHeld { notice, source: at, place: *place, again: *again });
        }
        let Life { number, notices: _, reminders, followed, moves, targets, memberships } = life;
        Self { number: *number, sources, notices, reminders, followed, moves, targets, memberships }
    }
}

/// A life as it is read back.
#[derive(Deserialize)]
#[serde(try_from = "ReadForm")]
pub(super) struct ReadLife(pub(super) Life);

#[derive(Deserialize)]
struct ReadForm {
    number: EntryNumber,
    sources: Vec<ReadSource>,
    notices: Vec<ReadHeld>,
    #[serde(default)]
    reminders: Vec<Reminder>,
    #[serde(default)]
    followed: Vec<Followed>,
    #[serde(default)]
    moves: Vec<ClockMove>,
    #[serde(default)]
    targets: Vec<InternalTarget>,
    #[serde(default)]
    memberships: Vec<Membership>,
}

#[derive(Deserialize)]
struct ReadSource {
    file: Fingerprint,
    received_at: DateTime<Utc>,
    broker: BrokerName,
    name: Arc<str>,
}

#[derive(Deserialize)]
struct ReadHeld {
    notice: Arc<Notice>,
    source: usize,
    place: Place,
    #[serde(default)]
    again: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("a notice names source {0}, which is not there")]
struct NoSource(usize);

impl TryFrom<ReadForm> for ReadLife {
    type Error = NoSource;

    fn try_from(form: ReadForm) -> Result<Self, NoSource> {
        let held = |ReadHeld { notice, source, place, again }| {
            let ReadSource { file, received_at, broker, name } =
                form.sources.get(source).ok_or(NoSource(source))?;
            let seen = Sighting {
                file: *file,
                place,
                received_at: *received_at,
                broker: broker.clone(),
                name: Arc::clone(name),
            };
            Ok(Held { notice, seen, again })
        };
        let notices = form.notices.into_iter().map(held).collect::<Result<_, NoSource>>()?;
        let ReadForm { number, reminders, followed, moves, targets, memberships, .. } = form;
        Ok(Self(Life { number, notices, reminders, followed, moves, targets, memberships }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Oldest;
    use crate::notice::Token;

    fn life(files: &[u8]) -> Life {
        let mut life = Life::new(EntryNumber::parse("N0170000124").expect("a number"));
        for (line, &file) in (1..).zip(files) {
            let notice = serde_json::json!({
                "id": format!("{line:032x}"), "kind": "recorded", "severity": "info", "effect": {"do": "inform"},
            });
            let seen = Sighting {
                file: Fingerprint::of(&[file]),
                place: Place { offset: 0, line, column: None },
                received_at: DateTime::UNIX_EPOCH,
                broker: BrokerName::new("Acme"),
                name: format!("{file}.txt").into(),
            };
            let notice = serde_json::from_value(notice).expect("a notice");
            life.notices.push(Held { notice: Arc::new(notice), seen, again: u32::from(file % 2) });
            let oldest = (file % 2 == 0).then(|| Oldest { date: Default::default(), entry: life.number });
            let statement = Token::new(file.to_string());
            life.set_membership(Membership { statement, own: oldest.map(|known| known.date), oldest });
        }
        life
    }

    #[test]
    fn lives_come_back_and_name_each_file_once() {
        let many: Vec<u8> = (0..40).chain([39, 0]).collect();
        for (files, sources) in [(&[][..], 0), (&[1, 1, 2, 1], 2), (&many, 41)] {
            let life = life(files);
            let written = WrittenLife::from(&life);
            assert_eq!(written.sources.len(), sources);
            let json = serde_json::to_string(&written).expect("JSON");
            let ReadLife(back) = serde_json::from_str(&json).expect("it reads");
            assert_eq!(back, life);
        }
    }

    #[test]
    fn a_source_that_is_not_there_is_an_error() {
        let json = serde_json::to_string(&WrittenLife::from(&life(&[1]))).expect("JSON");
        let error = serde_json::from_str::<ReadLife>(&json.replace("\"source\":0", "\"source\":1")).map(drop);
        assert!(error.expect_err("it is wrong").to_string().contains("names source 1"));
    }
}
