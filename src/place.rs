//! Where something stands in a file, how bad it is, and what was found there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A place in a file, as an editor counts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// Byte offset from the start of the file, 0-based.
    pub offset: u64,
    /// 1-based. For ABI the record's number, for X12 the line of text.
    pub line: u64,
    /// 1-based byte column, where the finding is about one field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// A stretch of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Span {
    pub offset: u64,
    pub length: u64,
    pub line: u64,
}

/// How loud a code or a finding is. The order is the order of urgency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical].into_iter().find(|severity| severity.as_str() == text)
    }
}

/// How much of the input a finding spoils.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Worth knowing; the content is taken as it stands.
    Info,
    /// Something is wrong, the content was read all the same.
    Warning,
    /// A piece could not be read and is not part of what was understood.
    Error,
}

/// Something noticed while reading. Bad input is data: it is described, never thrown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// One of the stable codes of [`finding`](crate::place::finding_code).
    pub code: Cow<'static, str>,
    pub severity: Grade,
    pub place: Place,
    /// A plain sentence. Never holds a secret, and quotes at most a few bytes of the input, escaped.
    pub message: String,
    /// The TA1, AK9, AK5, AK3 or AK4 code that the X12 standard has for this, as `TA1 021` or `AK502 4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x12: Option<Cow<'static, str>>,
}

impl Finding {
    pub fn new(code: &'static str, severity: Grade, place: Place, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), severity, place, message: message.into(), x12: None }
    }

    /// It says that no table knows something: other tables may.
    pub fn is_of_unknown(&self) -> bool {
        let unknown = [
            finding_code::UNKNOWN_RECORD,
            finding_code::UNKNOWN_SEGMENT,
            finding_code::UNKNOWN_SET,
            finding_code::UNKNOWN_CODE,
            finding_code::UNKNOWN_FIELD,
            finding_code::CARRIED,
        ];
        unknown.contains(&&*self.code)
    }

    pub fn x12(mut self, code: &'static str) -> Self {
        self.x12 = Some(Cow::Borrowed(code));
        self
    }
}

/// The finding codes that scripts may rely on.
pub mod finding_code {
    pub const UNKNOWN_RECORD: &str = "unknown-record";
    pub const UNKNOWN_SEGMENT: &str = "unknown-segment";
    pub const UNKNOWN_SET: &str = "unknown-set";
    /// A family that CBP documents and this release keeps without reading it.
    pub const CARRIED: &str = "carried";
    pub const UNKNOWN_CODE: &str = "unknown-code";
    pub const UNKNOWN_ENTRY: &str = "unknown-entry";
    pub const CHECK_DIGIT: &str = "check-digit";
    pub const COUNT_MISMATCH: &str = "count-mismatch";
    pub const CONTROL_MISMATCH: &str = "control-mismatch";
    pub const MISSING_TRAILER: &str = "missing-trailer";
    pub const TRUNCATED: &str = "truncated";
    pub const OVERLONG_RECORD: &str = "overlong-record";
    pub const OVERLONG_MESSAGE: &str = "overlong-message";
    pub const BAD_DATE: &str = "bad-date";
    /// A date that lies too far from the message's own to be true.
    pub const IMPOSSIBLE_DATE: &str = "impossible-date";
    pub const BAD_NUMBER: &str = "bad-number";
    pub const BAD_ELEMENT: &str = "bad-element";
    pub const BAD_DELIMITER: &str = "bad-delimiter";
    pub const SHORT_ISA: &str = "short-isa";
    pub const DUPLICATE_CONTROL_NUMBER: &str = "duplicate-control-number";
    pub const BAD_JSON: &str = "bad-json";
    /// A member of a JSON object or a column of a table that nobody reads.
    pub const UNKNOWN_FIELD: &str = "unknown-field";
    /// Lines of a table that are no data: titles above its header, blank rows, totals.
    pub const PASSED_OVER: &str = "passed-over";
    pub const NOT_EDI: &str = "not-edi";
    pub const EMPTY: &str = "empty";
    pub const ENCODING: &str = "encoding";
    pub const ENVELOPE: &str = "envelope";
    pub const MISSING_FIELD: &str = "missing-field";
    pub const BATCH_REJECTED: &str = "batch-rejected";
    /// Records that belong together do not stand together, or name different entries.
    pub const INCOMPLETE_GROUP: &str = "incomplete-group";
    /// A report and the messages disagree about an entry, or the totals of a statement are not the sums of what it lists.
    pub const CONTRADICTION: &str = "contradiction";
}
