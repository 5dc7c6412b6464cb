//! Writes the notices of one message: the entry, the fields, the order.

use arrayvec::ArrayVec;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::resolve::{AmountAt, Carry, DateAt, EntryAt, Reading};
use super::sheet::Sheet;
use crate::decode::Message;
use crate::decode::abi::{Record, moment};
use crate::decode::digits;
use crate::grammar::abi::{FieldAt, Format};
use crate::ident::EntryNumber;
use crate::interpret::NoticeSink;
use crate::interpret::fields::FieldList;
use crate::notice::{BillRef, Effect, EventTime, Kind, NoticeRef, Token, Unwritten, Values, Write, Written};
use crate::place::{Finding, Grade, Place, Severity, finding_code};

/// A notice never carries more fields than this.
pub const FIELDS_MAX: usize = 200;

/// An entry number begins with its filer's code.
const FILER_BYTES: usize = 3;

/// Hands notices over, and keeps what they share.
pub struct Scribe<'s, 'a> {
    sink: &'s mut dyn NoticeSink,
    ordinal: u32,
    /// Of the transaction.
    pub entry: Option<EntryNumber>,
    pub fields: Fields<'a>,
    start: Place,
    /// The date of the batch, for notices of applications whose records bear none.
    dated: Option<EventTime>,
    /// The date that was read last: most records of a message have the same.
    last_day: LastDay,
}

/// A date as it was sent, its format behind it, and what it says.
#[derive(Clone, Copy, Default)]
struct LastDay {
    sent: u64,
    date: Option<NaiveDate>,
}

impl LastDay {
    /// Blanks and what is no date have none.
    #[inline(always)]
    fn read(&mut self, field: &[u8], format: Format) -> Option<NaiveDate> {
        let &[a, b, c, d, e, f] = field else { return None };
        let sent = u64::from_le_bytes([a, b, c, d, e, f, format as u8, 1]);
        if sent != self.sent {
            *self = Self { sent, date: moment::date(field, format).ok().flatten() };
        }
        self.date
    }
}

/// The fields of the next notice: those that all notices of the message share, then its own.
pub struct Fields<'a> {
    list: FieldList<'a>,
    /// The dates and amounts among them, as they were sent.
    unwritten: ArrayVec<Unwritten, FIELDS_MAX>,
}

/// What a notice has of its own.
pub struct Draft<'n> {
    pub kind: Kind,
    pub reading: Reading<'n>,
    pub at: Option<EventTime>,
    pub bill: Option<BillRef<'n>>,
    pub house_bill: Option<BillRef<'n>>,
}

impl<'n> Draft<'n> {
    pub fn new(kind: Kind, reading: Reading<'n>, at: Option<EventTime>) -> Self {
        Self { kind, reading, at, bill: None, house_bill: None }
    }
}

impl<'a> Fields<'a> {
    #[inline(always)]
    fn new() -> Self {
        Self { list: FieldList::new(), unwritten: ArrayVec::new_const() }
    }

    #[inline]
    pub fn push(&mut self, name: &'a str, value: &'a [u8]) {
        if self.list.len() < FIELDS_MAX {
            self.list.push(name, value);
        }
    }

    pub fn push_words(&mut self, name: &'a str, value: Option<&'a str>) {
        self.push(name, value.unwrap_or("").as_bytes());
    }

    /// A value that its reader writes.
    pub fn push_unwritten(&mut self, name: &'a str, value: &'a [u8], write: Option<Write>) {
        if !value.is_empty() && self.list.len() < FIELDS_MAX {
            self.note(write);
            self.list.place(name, value);
        }
    }

    /// The fields of a record that are not blank.
    #[inline]
    pub fn take(&mut self, record: &Record<'a>, carried: &'a [Carry]) {
        if self.list.len() + carried.len() <= FIELDS_MAX {
            for carry in carried {
                if let Some(value) = record.filled_field(&carry.at) {
                    self.note(carry.write);
                    self.list.place(carry.name, value);
                }
            }
        } else {
            for carry in carried {
                self.push_unwritten(carry.name, record.field(&carry.at), carry.write);
            }
        }
    }

    /// How the next value is written.
    #[inline(always)]
    fn note(&mut self, write: Option<Write>) {
        if let Some(write) = write {
            // There is room for as many as there may be fields.
            let _ = self.unwritten.try_push(Unwritten { at: self.list.len() as u16, write });
        }
    }

    pub fn mark(&self) -> usize {
        self.list.len()
    }

    /// Forgets what came after the mark.
    pub fn back_to(&mut self, mark: usize) {
        self.list.truncate(mark);
        while self.unwritten.last().is_some_and(|last| usize::from(last.at) >= mark) {
            self.unwritten.pop();
        }
    }

    fn as_values(&self) -> Values<'_> {
        Values::new(self.list.as_slice(), Written::default(), &self.unwritten)
    }
}

impl<'s, 'a> Scribe<'s, 'a> {
    #[inline(always)]
    pub fn new(sink: &'s mut dyn NoticeSink, message: &Message<'_>) -> Self {
        let start = Place { offset: message.span.offset, line: message.span.line, column: None };
        let last_day = LastDay::default();
        Self { sink, ordinal: 0, entry: None, fields: Fields::new(), start, dated: None, last_day }
    }

    /// Dates the notices of an answer whose records bear no date by its header, which echoes the day of the filing.
    /// The decoder counts that date among the message's own bytes (`own_bytes`).
    pub fn date_by_header(&mut self, batch: Option<&Record<'_>>, at: DateAt) {
        self.dated = batch.and_then(|batch| date(batch, at)).map(EventTime::date);
    }

    /// A date alone. What is no date was reported when the record was read.
    #[inline]
    pub fn date(&mut self, record: &Record<'_>, at: DateAt) -> Option<NaiveDate> {
        self.last_day.read(record.raw(at.at), at.format)
    }

    /// A date with its time of day.
    #[inline]
    pub fn event_time(
        &mut self,
        record: &Record<'_>,
        day: DateAt,
        time: FieldAt,
        format: Format,
    ) -> Option<EventTime> {
        let date = self.date(record, day)?;
        Some(EventTime { date, time: moment::time(record.raw(time), format).ok().flatten() })
    }

    /// Where the message begins.
    pub fn start(&self) -> Place {
        self.start
    }

    /// Hands a notice over, with the fields collected so far.
    #[inline(always)]
    pub fn notice(&mut self, record: &Record<'_>, draft: &Draft<'_>) {
        let Self { sink, fields, .. } = self;
        let fields = fields.as_values();
        let notice = Self::noted(self.entry, self.ordinal, self.dated, record, draft, fields);
        sink.notice(&notice);
        self.ordinal += 1;
    }

    #[inline(always)]
    fn noted<'n>(
        entry: Option<EntryNumber>,
        ordinal: u32,
        dated: Option<EventTime>,
        record: &Record<'n>,
        draft: &Draft<'n>,
        fields: Values<'n>,
    ) -> NoticeRef<'n> {
        let reading = &draft.reading;
        NoticeRef {
            kind: draft.kind,
            entry,
            bill: draft.bill,
            house_bill: draft.house_bill,
            container: None,
            code: reading.code,
            table: (reading.code.is_some() && !reading.table.is_empty()).then_some(reading.table),
            meaning: reading.meaning,
            severity: reading.severity,
            at: draft.at.or(dated),
            effect: reading.effect,
            place: record.place,
            fields,
            source: record.bytes,
            ordinal,
        }
    }

    /// The same with the fields of a sheet in place of those collected here.
    pub fn notice_of(&mut self, record: &Record<'_>, draft: &Draft<'_>, sheet: &Sheet<'_>) {
        self.notice_of_container(record, draft, sheet, None);
    }

    /// The same, limited to one container.
    pub fn notice_of_container(
        &mut self,
        record: &Record<'_>,
        draft: &Draft<'_>,
        sheet: &Sheet<'_>,
        container: Option<Token>,
    ) {
        let fields = sheet.as_values();
        let mut notice = Self::noted(self.entry, self.ordinal, self.dated, record, draft, fields);
        notice.container = container;
        self.sink.notice(&notice);
        self.ordinal += 1;
    }

    /// The date of the message's header, where [`Self::date_by_header`] found one.
    pub fn dated(&self) -> Option<EventTime> {
        self.dated
    }

    /// The same with one more field, whose value does not stand in the message as it is.
    pub fn notice_with(&mut self, record: &Record<'_>, draft: &Draft<'_>, name: &'a str, value: &[u8]) {
        let mark = self.fields.mark();
        if !value.is_empty() {
            self.fields.list.place(name, b"");
        }
        let written = Written { text: value, ends: &[value.len() as u32] };
        let Self { sink, fields, .. } = self;
        let values = Values::new(fields.list.as_slice(), written, &fields.unwritten);
        let notice = Self::noted(self.entry, self.ordinal, self.dated, record, draft, values);
        sink.notice(&notice);
        self.ordinal += 1;
        self.fields.back_to(mark);
    }

    pub fn finding(&mut self, code: &'static str, severity: Grade, place: Place, message: impl Into<String>) {
        self.sink.finding(Finding::new(code, severity, place, message));
    }

    /// Reads the entry that the record is about, and says so when its check digit is not the computed one.
    #[inline]
    pub fn read_entry(&mut self, record: &Record<'_>, at: &EntryAt) {
        let (filer, number) = (record.field(&at.filer), record.field(&at.number));
        let entry = EntryNumber::from_parts(filer, number);
        match entry {
            Some(entry) if entry.check_digit_offset() != 0 => self.note_check_digit(record, at.number, entry),
            None if !(filer.is_empty() && number.is_empty()) => self.note_no_entry(record, at),
            _ => {}
        }
        self.entry = entry;
    }

    /// Reads the entry of a record that stands among those of another, and answers for that other one, which the caller puts back.
    /// `None` when the record names the entry in hand, or none that can be read.
    #[inline]
    pub fn turn_to_other(&mut self, record: &Record<'_>, at: &EntryAt) -> Option<EntryNumber> {
        let own = self.entry?;
        let (filer, number) = (record.field(&at.filer), record.field(&at.number));
        let (own_filer, own_number) = own.as_bytes().split_at(FILER_BYTES);
        if number.is_empty() || number == own_number && filer == own_filer {
            return None;
        }
        self.turn(own, record, at)
    }

    #[cold]
    fn turn(&mut self, own: EntryNumber, record: &Record<'_>, at: &EntryAt) -> Option<EntryNumber> {
        let other = EntryNumber::from_parts(record.field(&at.filer), record.field(&at.number));
        let Some(other) = other else {
            self.note_no_entry(record, at);
            return None;
        };
        if other == own {
            return None;
        }
        let message =
            format!("the record names {other} and stands among those of {own}; it counts to {other} only");
        self.finding(finding_code::INCOMPLETE_GROUP, Grade::Warning, record.place_of(at.filer), message);
        self.read_entry(record, at);
        Some(own)
    }

    /// Reads the entry of a record that names one or none: a filer code alone is no fault.
    pub fn read_named_entry(&mut self, record: &Record<'_>, at: &EntryAt) {
        self.entry = None;
        if !record.field(&at.number).is_empty() {
            self.read_entry(record, at);
        }
    }

    #[cold]
    fn note_check_digit(&mut self, record: &Record<'_>, at: FieldAt, entry: EntryNumber) {
        let offset = entry.check_digit_offset();
        let message =
            format!("the check digit of {entry} is {offset} off; CBP grants some filers such an offset");
        self.finding(finding_code::CHECK_DIGIT, Grade::Warning, record.place_of(at), message);
    }

    #[cold]
    fn note_no_entry(&mut self, record: &Record<'_>, at: &EntryAt) {
        let message = format!(
            "`{}` and `{}` make no entry number",
            record.field(&at.filer).escape_ascii(),
            record.field(&at.number).escape_ascii()
        );
        self.finding(finding_code::BAD_NUMBER, Grade::Warning, record.place_of(at.filer), message);
    }

    /// Says that a table does not have a code. Blank codes are no codes.
    #[inline(always)]
    pub fn check_known(&mut self, reading: &Reading<'_>, record: &Record<'_>, at: FieldAt) {
        if reading.meaning.is_none()
            && let Some(code) = reading.code
        {
            self.note_unknown(code, reading.table, record.place_of(at));
        }
    }

    #[cold]
    fn note_unknown(&mut self, code: Token, table: &str, place: Place) {
        let message =
            format!("the code `{code}` is not in {table}; it is treated as critical until it is mapped");
        self.finding(finding_code::UNKNOWN_CODE, Grade::Warning, place, message);
    }
}

/// A reading for notices without a table.
pub fn plain(severity: Severity, effect: &Effect) -> Reading<'_> {
    Reading { code: None, table: "", meaning: None, severity, effect }
}

/// A date alone. What is no date was reported when the record was read.
#[inline]
pub fn date(record: &Record<'_>, at: DateAt) -> Option<chrono::NaiveDate> {
    moment::date(record.raw(at.at), at.format).ok().flatten()
}

/// A date with its time of day.
#[inline]
pub fn event_time(record: &Record<'_>, day: DateAt, time: FieldAt, format: Format) -> Option<EventTime> {
    let time = moment::time(record.raw(time), format).ok().flatten();
    Some(EventTime { date: date(record, day)?, time })
}

/// An amount with implied decimals, exact. What is no number was reported when the record was read.
#[inline]
pub fn amount(record: &Record<'_>, at: AmountAt) -> Option<Decimal> {
    let field = record.field(&at.at);
    if field.is_empty() {
        return None;
    }
    Some(Decimal::new(digits::number(field)?, at.decimals))
}
