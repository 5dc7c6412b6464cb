//! The journal, the store and the pipeline together: the one place that writes.
//!
//! Order of a group: the bytes of every file are archived and its line is appended; both are synced once; the lines
//! are applied; the step is committed. A crash between any two leaves a store that is behind its journal, and
//! [`Applier::catch_up`] applies the rest at the next start.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::apply::{Applier, state_hash};
use super::commits::{Commits, Done};
use super::following::Following;
use super::rereading::Rereading;
use super::view::StoreView;
use crate::clock::Clock;
use crate::decode::abi::PasswordMask;
use crate::ident::{BrokerName, DropName, Fingerprint};
use crate::journal::{Journal, JournalError, Line, Mask, Staged, What};
use crate::outbox::{Acknowledgement, AlertKey, Attempt, LetterKey, NewSilence, TroubleBrief, TroubleId};
use crate::pipeline::{self, Group, Mailing, Pipeline, Received};
use crate::place::Severity;
use crate::serve::TargetWish;
use crate::step::{Position, Step};
use crate::store::{Occasion, Store, StoreError};

/// The drop of facts that people record.
const RECORD_DROP: &str = "record";

/// A file to be received.
pub struct Incoming<'a> {
    pub drop: DropName,
    pub broker: BrokerName,
    pub name: Arc<str>,
    pub size_bytes: u64,
    pub incomplete: bool,
    /// Alerts about it become letters. False for a backfill.
    pub deliver: bool,
    pub content: &'a mut (dyn ReadSeek + Send),
}

/// What a file's bytes are read from, twice: once for the archive, once for its meaning.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("`{name}` could not be read")]
    Content {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the store is at line {store} and the journal ends at line {journal}, or their hashes differ: they do not belong together"
    )]
    Foreign { store: u64, journal: u64 },
    #[error("the journal holds no file {0}")]
    NoSuchFile(Fingerprint),
    /// What was asked for makes no sense; nothing was changed.
    #[error("{0}")]
    Declined(String),
}

impl EngineError {
    /// The disk is full: what was dropped stays where it is, and trying again later helps.
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::Journal(error) if error.is_full_disk())
    }
}

/// What happened to one file.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub file: Fingerprint,
    pub received: Received,
}

/// Which configuration is in force, as the journal names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Versions {
    pub config: Box<str>,
    pub grammar: Box<str>,
    pub rules: Box<str>,
}

pub struct Engine {
    pub(super) journal: Journal,
    pub(super) commits: Commits,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) versions: Versions,
    /// The journal says which versions its next lines are written under.
    is_noted: bool,
    /// The table of deadlines is another one than the reminders were planned with.
    pub(super) following: Option<Following>,
    /// The index of files with unknown things is gone through.
    pub(super) rereading: Option<Rereading>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Engine {
    /// Joins a journal and a store, and applies what the store has not seen.
    ///
    /// # Errors
    /// [`EngineError::Foreign`] when the store is ahead of the journal or has another history: the caller sets it
    /// aside and starts with an empty one.
    pub fn open(
        journal: Journal,
        store: Arc<dyn Store>,
        pipeline: Arc<Pipeline>,
        versions: Versions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, u64), EngineError> {
        let commits = Commits::new(store);
        let engine = Self {
            journal,
            commits,
            pipeline,
            versions,
            is_noted: false,
            following: None,
            rereading: None,
            clock,
        };
        let end = engine.journal.position();
        let applied = engine.applier().catch_up(end, engine.clock.now())?;
        Ok((engine, applied))
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        self.commits.store()
    }

    pub fn pipeline(&self) -> &Arc<Pipeline> {
        &self.pipeline
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn applier(&self) -> Applier<'_> {
        Applier {
            commits: &self.commits,
            pipeline: &self.pipeline,
            rules: &self.versions.rules,
            archive: self.journal.reader(),
        }
    }

    /// Puts another configuration into force.
    pub fn reload(&mut self, pipeline: Arc<Pipeline>, versions: Versions) -> Result<(), EngineError> {
        let before = std::mem::replace(&mut self.pipeline, pipeline);
        self.versions = versions;
        self.is_noted = false;
        self.look_at_table(Some(before.deadlines.clone()));
        Ok(())
    }

    /// Receives a group of files: all are archived and journaled, synced once, then applied and committed together.
    ///
    /// When this returns `Ok`, the files may leave their drops.
    pub fn receive(&mut self, files: &mut [Incoming<'_>]) -> Result<Vec<Taken>, EngineError> {
        let (step, taken) = self.read(files)?;
        self.commits.commit(&step)?;
        Ok(taken)
    }

    /// The same up to the commit, for which the caller has [`Engine::commit_beside`]. The commit of the group before may
    /// still be under way.
    pub fn read(&mut self, files: &mut [Incoming<'_>]) -> Result<(Step, Vec<Taken>), EngineError> {
        let now = self.clock.now();
        let mut lines = Vec::with_capacity(files.len());
        let mut staged = Vec::with_capacity(files.len());
        for file in files.iter_mut() {
            let mut mask = SecretMask(PasswordMask::new());
            let kept = self.journal.stage(&mut file.content, &mut mask)?;
            let what = What::Received(crate::journal::Received {
                drop: file.drop.clone(),
                broker: file.broker.clone(),
                name: file.name.clone(),
                size_bytes: kept.size_bytes,
                file: kept.file,
                kept: (kept.kept != kept.file).then_some(kept.kept),
                incomplete: file.incomplete,
                deliver: file.deliver,
            });
            lines.push(self.append(now, what)?);
            staged.push(kept);
        }
        self.journal.sync()?;
        let lines =
            lines.into_iter().zip(staged).zip(files).map(|((line, staged), file)| (line, staged, file));
        self.apply_received(lines)
    }

    /// Appends a line and answers it with its position. The first one comes after a line that says which configuration is
    /// in force: whoever only looks writes nothing.
    fn append(&mut self, at: DateTime<Utc>, what: What) -> Result<(Position, Line), EngineError> {
        if !self.is_noted {
            let Versions { config: version, grammar, rules } = self.versions.clone();
            self.journal.append(at, &What::Config { version, grammar, rules })?;
            self.is_noted = true;
        }
        let prev = self.journal.position().hash;
        let position = self.journal.append(at, &what)?;
        Ok((position, Line { seq: position.seq, at, prev, what }))
    }

    fn apply_received<'f, 'c: 'f>(
        &self,
        lines: impl Iterator<Item = ((Position, Line), Staged, &'f mut Incoming<'c>)>,
    ) -> Result<(Step, Vec<Taken>), EngineError> {
        let applier = self.applier();
        let view = StoreView::over(&self.commits);
        let mut position = self.commits.position()?;
        let mut group = Group::new(&view, position);
        let mut taken = Vec::new();
        for ((at, line), staged, incoming) in lines {
            let source = |source| EngineError::Content { name: incoming.name.to_string(), source };
            incoming.content.seek(SeekFrom::Start(0)).map_err(source)?;
            let mailing = if incoming.deliver { Mailing::Deliver } else { Mailing::Quiet };
            let mut reader = &mut incoming.content;
            let received = applier.apply(&mut group, &line, mailing, Some(&mut reader))?;
            taken.push(Taken { file: staged.file, received });
            position = at;
        }
        Ok((group.finish(position), taken))
    }

    /// Commits what [`Engine::read`] gave while the caller goes on; `done` is told the outcome.
    pub fn commit_beside(&mut self, step: Step, done: Done) -> Result<(), EngineError> {
        Ok(self.commits.begin(step, done)?)
    }

    /// Waits for the commit under way.
    pub fn settle(&self) -> Result<(), EngineError> {
        Ok(self.commits.wait()?)
    }

    /// Journals one thing that happened, syncs, applies and commits it.
    fn happened(&mut self, what: What) -> Result<(), EngineError> {
        self.happened_together(vec![what])
    }

    pub(super) fn happened_together(&mut self, happened: Vec<What>) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut lines = Vec::with_capacity(happened.len());
        for what in happened {
            lines.push(self.append(now, what)?);
        }
        self.journal.sync()?;
        let applier = self.applier();
        let view = StoreView::over(&self.commits);
        let mut position = self.commits.position()?;
        let mut group = Group::new(&view, position);
        for (at, line) in lines {
            applier.apply(&mut group, &line, Mailing::Deliver, None)?;
            position = at;
        }
        self.commits.commit(&group.finish(position))?;
        Ok(())
    }

    /// Records what mail servers did with letters. Synced once for all of them.
    pub fn delivered(&mut self, attempts: &[Attempt]) -> Result<(), EngineError> {
        self.settle()?;
        let mut lines = Vec::with_capacity(attempts.len());
        for Attempt { letter: key, outcome, as_of } in attempts {
            let Some(letter) = self.store().letter(key)? else { continue };
            let attempt = match letter.state {
                crate::outbox::LetterState::Waiting { attempt, .. } => attempt + 1,
                crate::outbox::LetterState::Sent { attempt, .. }
                | crate::outbox::LetterState::GivenUp { attempt, .. }
                | crate::outbox::LetterState::Withdrawn { attempt, .. } => attempt + 1,
            };
            lines.push(What::Letter {
                key: key.clone(),
                attempt,
                recipient: letter.recipient.clone(),
                alerts: letter.alerts.clone(),
                outcome: outcome.clone(),
                as_of: *as_of,
            });
        }
        if lines.is_empty() { Ok(()) } else { self.happened_together(lines) }
    }

    /// Says the reminders that are due, when there are any.
    pub fn remind(&mut self) -> Result<bool, EngineError> {
        self.settle()?;
        let now = self.clock.now();
        let view = StoreView::over(&self.commits);
        let until = |day, most| self.store().due_until(day, most);
        if pipeline::ready(&self.pipeline.audience, now, 1, until)?.is_empty()
            && !self.pipeline.has_silent_feed(&view, now)?
        {
            return Ok(false);
        }
        self.happened(What::Reminded)?;
        Ok(true)
    }

    /// Does what the agenda has for now, when there is anything. `early` closes windows that gather as well: for a process that
    /// does not stay until their end.
    pub fn due(&mut self, early: bool) -> Result<bool, EngineError> {
        self.settle()?;
        if !Pipeline::is_due(&StoreView::over(&self.commits), self.clock.now(), early)? {
            return Ok(false);
        }
        self.happened(What::Due { early })?;
        Ok(true)
    }

    /// Somebody takes care of alerts. Synced once for all of them.
    ///
    /// # Errors
    /// [`EngineError::Declined`] when it names nobody, no reason, no day that may be, an alert that is not there, or a letter whose
    /// link was used.
    pub fn acknowledge(&mut self, said: &Acknowledgement) -> Result<(), EngineError> {
        self.settle()?;
        said.check(self.today()).map_err(|error| EngineError::Declined(error.to_string()))?;
        for alert in &said.alerts {
            if self.store().alert(alert)?.is_none() {
                return Err(EngineError::Declined(format!("there is no alert {alert} to acknowledge")));
            }
            let course = self.store().course(alert)?.unwrap_or_default();
            if said.letter.as_ref().is_some_and(|letter| course.answered.contains(letter)) {
                return Err(EngineError::Declined("this link was used already; each works once".to_owned()));
            }
        }
        let line = |alert: &AlertKey| What::Acknowledged {
            alert: alert.clone(),
            by: said.by.trim().into(),
            note: said.reason.trim().into(),
            until: said.until,
            letter: said.letter.clone(),
        };
        self.happened_together(said.alerts.iter().map(line).collect())
    }

    /// # Errors
    /// [`EngineError::Declined`] when it has no owner, no reason, no end that may be, or is about everything.
    pub fn silence(&mut self, silence: NewSilence) -> Result<(), EngineError> {
        self.settle()?;
        let checked = silence.check(self.today(), &self.store().silences()?, self.clock.now());
        checked.map_err(|error| EngineError::Declined(error.to_string()))?;
        self.happened(What::Silenced { silence })
    }

    /// Today, where the first team is.
    fn today(&self) -> NaiveDate {
        let now = self.clock.now();
        let team = self.pipeline.audience.teams().first();
        team.map_or_else(|| now.date_naive(), |team| team.zone.date(now))
    }

    /// # Errors
    /// [`EngineError::Declined`] when no such silence is in force.
    pub fn end_silence(&mut self, silence: u64, by: &str) -> Result<(), EngineError> {
        self.settle()?;
        let silences = self.store().silences()?;
        if !silences.in_force(self.clock.now()).any(|known| known.id == silence) {
            return Err(EngineError::Declined(format!("no silence {silence} is in force")));
        }
        self.happened(What::Unsilenced { silence, by: by.into() })
    }

    /// Writes the digests whose time has come. Something waits from before that time, else there is nothing to write.
    pub fn digests(&mut self) -> Result<u64, EngineError> {
        self.settle()?;
        let now = self.clock.now();
        let due = self.pipeline.digests_due(&StoreView::over(&self.commits), now)?;
        let count = due.len() as u64;
        for (team, day) in due {
            self.happened(What::Digest { team, day })?;
        }
        Ok(count)
    }

    /// Tells people of a trouble, once as long as it lasts. What is known of it already leaves no line.
    pub fn trouble(
        &mut self,
        severity: Severity,
        broker: &str,
        trouble: TroubleBrief,
    ) -> Result<(), EngineError> {
        self.settle()?;
        if self.store().trouble(&trouble.id())?.is_some_and(|open| Pipeline::is_known(&open, &trouble)) {
            return Ok(());
        }
        self.happened(What::Trouble { severity, broker: broker.into(), trouble })
    }

    /// Tells people that a trouble is over, if they were told of it.
    pub fn trouble_over(&mut self, trouble: TroubleId) -> Result<(), EngineError> {
        self.settle()?;
        if self.store().trouble(&trouble)?.is_none() {
            return Ok(());
        }
        self.happened(What::TroubleOver { trouble })
    }

    /// Reads an archived file again with the grammar in force.
    pub fn reprocess(&mut self, file: Fingerprint, by: &str) -> Result<(), EngineError> {
        self.settle()?;
        if self.store().input(file)?.is_none() {
            return Err(EngineError::NoSuchFile(file));
        }
        self.happened(What::Reprocess { file, by: by.into() })
    }

    /// Sets a date of our own for a clock, as it was checked.
    pub fn set_target(&mut self, wish: TargetWish, by: &str) -> Result<(), EngineError> {
        let TargetWish { entry, deadline, date, reason, .. } = wish;
        let (deadline, reason) = (deadline.into(), reason.into());
        self.happened(What::Target { entry, deadline, date, by: by.into(), reason })
    }

    /// Takes in a fact that a person recorded: a JSON document, journaled like a file from a drop.
    pub fn record(&mut self, document: &[u8]) -> Result<(), EngineError> {
        self.settle()?;
        let name = format!("{:.12}.json", Fingerprint::of(document).to_string());
        let mut content = Cursor::new(document);
        let incoming = Incoming {
            drop: DropName::new(RECORD_DROP),
            broker: BrokerName::new(BrokerName::BY_HAND),
            name: name.into(),
            size_bytes: document.len() as u64,
            incomplete: false,
            deliver: true,
            content: &mut content,
        };
        self.receive(&mut [incoming]).map(drop)
    }

    pub fn retry_letter(&mut self, letter: LetterKey, by: &str) -> Result<(), EngineError> {
        self.happened(What::Retry { letter, by: by.into() })
    }

    /// The hash of all entry state.
    pub fn state_hash(&self) -> Result<Fingerprint, EngineError> {
        self.settle()?;
        Ok(state_hash(&**self.store(), &self.pipeline.deadlines)?)
    }

    /// Sync system calls that the journal has made.
    pub fn sync_calls(&self) -> u64 {
        self.journal.sync_calls()
    }

    /// Bytes that are free below the state folder.
    pub fn free_bytes(&self) -> Result<u64, EngineError> {
        Ok(crate::journal::free_bytes(self.journal.reader().folder())?)
    }

    /// Does what was put off while files came in: for moments when nothing waits, and for the end.
    ///
    /// # Errors
    /// When the archive cannot be written, by which nothing is lost; when the store cannot be opened again.
    pub fn tidy(&mut self, occasion: Occasion) -> Result<(), EngineError> {
        self.settle()?;
        self.store().tidy(occasion)?;
        self.journal.file()?;
        Ok(())
    }

    /// Makes everything survive a power cut as well as the store can.
    pub fn flush(&self) -> Result<(), EngineError> {
        self.settle()?;
        Ok(self.store().flush()?)
    }
}

/// Keeps passwords out of the archive.
struct SecretMask(PasswordMask);

impl Mask for SecretMask {
    fn mask(&mut self, chunk: &mut [u8]) {
        self.0.mask(chunk);
    }
}
