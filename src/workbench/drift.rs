//! What brokers drop that the tables do not know: records, segments, codes, data in columns that should be blank. By month and
//! broker, from the archive, with the tables in force, so that a mended table empties the report.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;

use crate::decode::abi::UNEXPECTED_DATA;
use crate::decode::{Message, decode_reader_for};
use crate::ident::{BrokerName, Fingerprint};
use crate::interpret::{Interpreter, NoticeSink};
use crate::journal::{JournalError, JournalReader, What};
use crate::notice::{Effect, NoticeRef};
use crate::place::{Finding, Place, finding_code};

/// Kinds of drift that one report tells apart; beyond it only those that are known are counted.
const ROWS_MAX: usize = 10_000;

/// Findings that say that a sender writes what no table describes.
const DRIFT: [&str; 6] = [
    finding_code::UNKNOWN_RECORD,
    finding_code::UNKNOWN_SEGMENT,
    finding_code::UNKNOWN_SET,
    finding_code::UNKNOWN_FIELD,
    finding_code::CARRIED,
    UNEXPECTED_DATA,
];

/// One thing that the tables do not know, in one month of one broker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DriftRow {
    /// `2026-03`
    pub month: String,
    pub broker: BrokerName,
    /// The code of the finding, or `unknown-code`.
    pub what: String,
    pub detail: String,
    pub times: u64,
    pub files: u64,
    /// Where it was seen first.
    pub file: Fingerprint,
    pub name: String,
    pub place: Place,
}

/// What to look at. `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub since: Option<DateTime<Utc>>,
    pub broker: Option<String>,
}

type Key = (String, BrokerName, String, String);

/// What was counted of one kind, and the last file in which it was seen.
struct Counted {
    row: DriftRow,
    last: Fingerprint,
}

/// Reads every archived file again.
///
/// # Errors
/// When the journal or an archived file cannot be read.
pub fn drift(
    journal: &JournalReader,
    interpreter: &Interpreter,
    window: &Window,
    looked_at: &mut dyn FnMut(),
) -> Result<Vec<DriftRow>, JournalError> {
    let mut counted: BTreeMap<Key, Counted> = BTreeMap::new();
    for line in journal.read(1)? {
        let (_, line) = line?;
        let What::Received(received) = line.what else { continue };
        let is_wanted = window.since.is_none_or(|since| line.at >= since)
            && window
                .broker
                .as_ref()
                .is_none_or(|broker| received.broker.as_str().eq_ignore_ascii_case(broker));
        if !is_wanted {
            continue;
        }
        let month = format!("{:04}-{:02}", line.at.year(), line.at.month());
        let mut heard = Heard {
            counted: &mut counted,
            month,
            broker: &received.broker,
            file: received.file,
            name: &received.name,
        };
        let mut content = journal.content(received.file)?;
        let grammar = interpreter.grammar();
        let broker = received.broker.as_str();
        let columns = interpreter.columns_of(broker);
        let read = decode_reader_for(&mut content, grammar, columns, &mut |message: &Message<'_>| {
            message.findings.iter().for_each(|finding| heard.note(finding));
            interpreter.interpret_for(broker, message, &mut heard);
        });
        read.map_err(|source| JournalError::Source { source })?;
        looked_at();
    }
    Ok(counted.into_values().map(|counted| counted.row).collect())
}

/// Counts what one file shows.
struct Heard<'c> {
    counted: &'c mut BTreeMap<Key, Counted>,
    month: String,
    broker: &'c BrokerName,
    file: Fingerprint,
    name: &'c str,
}

impl Heard<'_> {
    fn note(&mut self, finding: &Finding) {
        if DRIFT.contains(&&*finding.code) {
            self.count(&finding.code, without_content(finding), finding.place);
        }
    }

    fn count(&mut self, what: &str, detail: String, place: Place) {
        let key = (self.month.clone(), self.broker.clone(), what.to_owned(), detail);
        if !self.counted.contains_key(&key) && self.counted.len() >= ROWS_MAX {
            return;
        }
        let (month, broker, what, detail) = key.clone();
        let counted = self.counted.entry(key).or_insert_with(|| Counted {
            row: DriftRow {
                month,
                broker,
                what,
                detail,
                times: 0,
                files: 0,
                file: self.file,
                name: self.name.to_owned(),
                place,
            },
            last: Fingerprint::ZERO,
        });
        counted.row.times += 1;
        if counted.last != self.file {
            counted.last = self.file;
            counted.row.files += 1;
        }
    }
}

impl NoticeSink for Heard<'_> {
    fn notice(&mut self, notice: &NoticeRef<'_>) {
        if matches!(notice.effect, Effect::Unknown) {
            let code = notice.code.map(|code| code.to_string()).unwrap_or_default();
            let table = notice.table.unwrap_or("no table");
            self.count(
                finding_code::UNKNOWN_CODE,
                format!("{} `{code}` ({table})", notice.kind.as_str()),
                notice.place,
            );
        }
    }

    fn finding(&mut self, finding: Finding) {
        self.note(&finding);
    }
}

/// The finding's words; of data in columns that should be blank without the data, which differs each time.
fn without_content(finding: &Finding) -> String {
    if finding.code != UNEXPECTED_DATA {
        return finding.message.clone();
    }
    let mut parts = finding.message.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), Some(rest)) = (parts.next(), parts.next()) {
        text.push('…');
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Grade;

    #[test]
    fn data_that_differs_is_one_kind_of_drift() {
        let finding = |code, message: &str| Finding::new(code, Grade::Info, Place::default(), message);
        for (code, message, wanted) in [
            (UNEXPECTED_DATA, "columns 72-80 of SO10 hold `x`", "columns 72-80 of SO10 hold …"),
            (UNEXPECTED_DATA, "no quotes", "no quotes"),
            (UNEXPECTED_DATA, "`a` and `b` end", "… and … end"),
            (finding_code::UNKNOWN_RECORD, "the record `B270`", "the record `B270`"),
        ] {
            assert_eq!(without_content(&finding(code, message)), wanted);
        }
    }
}
