//! What is wrong with a received file, gathered while it is read, and told when it has been.

use super::raise::Told;
use super::receive::{ReceivedFile, advice};
use super::{Group, Moment, Pipeline, View};
use crate::outbox::TroubleBrief;
use crate::place::{Finding, Grade, Place, Severity, finding_code};
use crate::words::count;

/// Warnings that say that something in the file was not read. The rest of its message was.
const LOST: &[&str] = &[
    finding_code::OVERLONG_RECORD,
    finding_code::OVERLONG_MESSAGE,
    finding_code::TRUNCATED,
    finding_code::MISSING_TRAILER,
    finding_code::ENCODING,
    finding_code::BAD_NUMBER,
    finding_code::IMPOSSIBLE_DATE,
    finding_code::NOT_EDI,
    finding_code::INCOMPLETE_GROUP,
];

/// The first finding of each sort that people are told of.
#[derive(Default)]
pub(super) struct FileFaults {
    unknown: Option<Finding>,
    /// A part of the file that was not read, and how many there are.
    lost: Option<Finding>,
    lost_count: u64,
    /// The first message of an interchange that its sender marks as a test.
    test: Option<Place>,
}

impl FileFaults {
    pub fn note(&mut self, finding: &Finding) {
        let is_unknown =
            [finding_code::UNKNOWN_RECORD, finding_code::UNKNOWN_SEGMENT].contains(&&*finding.code);
        if is_unknown {
            self.unknown.get_or_insert_with(|| finding.clone());
        }
        if finding.severity == Grade::Warning && LOST.contains(&&*finding.code) {
            self.lost_count += 1;
            self.lost.get_or_insert_with(|| finding.clone());
        }
    }

    pub fn note_test(&mut self, place: Place) {
        self.test.get_or_insert(place);
    }
}

impl Pipeline {
    /// Tells of a file's faults, each sort once. They have no end: the file stays what it is.
    ///
    /// `worst` is the finding for which the file is in quarantine.
    pub(super) fn tell_faults<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        file: &ReceivedFile,
        worst: Option<&Finding>,
        faults: &FileFaults,
    ) -> Result<(), V::Error> {
        let trouble = |finding: &Finding, code: &str, advice: &str| TroubleBrief {
            subject: format!("file {}", file.name).into(),
            code: code.into(),
            message: finding.message.clone(),
            advice: advice.to_owned(),
            file: Some(file.file),
            place: Some(finding.place),
        };
        let see = |finding: &Finding| {
            format!("{}\nSee it with: entrywatch quarantine show {}", advice(&finding.code), file.file)
        };
        let mut told: Vec<(Severity, TroubleBrief)> = Vec::new();
        if let Some(worst) = worst {
            told.push((Severity::Critical, trouble(worst, "quarantined", &see(worst))));
        }
        if let Some(unknown) = &faults.unknown {
            told.push((Severity::Warning, trouble(unknown, &unknown.code, advice(&unknown.code))));
        }
        if let (Some(lost), None) = (&faults.lost, worst) {
            let more = match faults.lost_count {
                1 => String::new(),
                all => format!(" {} of the kind.", count(all - 1, "more finding")),
            };
            let message = format!("a part of the file was not read: {}.{more}", lost.message);
            let brief = trouble(lost, "content-lost", &see(lost));
            told.push((Severity::Warning, TroubleBrief { message, ..brief }));
        }
        if let Some(place) = faults.test {
            let brief = TroubleBrief {
                subject: format!("file {}", file.name).into(),
                code: "test-interchange".into(),
                message: "the sender marks the interchange as a test (ISA15 is T): nothing of it was taken for true"
                    .to_owned(),
                advice: "If the broker meant it to count, ask for it again with ISA15 P.".to_owned(),
                file: Some(file.file),
                place: Some(place),
            };
            told.push((Severity::Info, brief));
        }
        let occasion = file.file.to_string();
        for (severity, brief) in &told {
            self.raise_trouble(group, moment, &Told::new(*severity, file.broker.as_str(), brief, &occasion))?;
        }
        Ok(())
    }
}
