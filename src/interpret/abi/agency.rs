//! SO70 with its SO71 and SO72: what a partner agency says, in SO and in UC.

use super::release::of_status;
use super::resolve::{Carry, Codes, DateAt, Resolver, Words};
use super::scribe::{Draft, Scribe, plain};
use crate::decode::abi::Record;
use crate::grammar::abi::{FieldAt, Format, Tag};
use crate::notice::{Effect, Kind, Token};
use crate::place::Severity;

pub const SO70: Tag = Tag::named(b"SO70");
const SO71: Tag = Tag::named(b"SO71");
const SO72: Tag = Tag::named(b"SO72");

/// One of the two layouts of SO70; the group version in 79-80 tells which.
struct Layout {
    key: &'static str,
    agency: FieldAt,
    day: DateAt,
    time: FieldAt,
    time_format: Format,
    entry_status: FieldAt,
    line_status: FieldAt,
    reason: FieldAt,
    carried: Vec<Carry>,
}

/// Reads the agency groups.
pub struct AgencyReader {
    current: Layout,
    before_04: Layout,
    statuses: Codes,
    reasons: Words,
    references: Vec<Carry>,
    comment: FieldAt,
}

impl Layout {
    fn resolve(resolver: &mut Resolver<'_>, key: &'static str) -> Self {
        Self {
            key,
            agency: resolver.at(key, "agency"),
            day: resolver.date(key, "status_date"),
            time: resolver.at(key, "status_time"),
            time_format: resolver.format(key, "status_time"),
            entry_status: resolver.at(key, "entry_status"),
            line_status: resolver.at(key, "line_status"),
            reason: resolver.at(key, "reason"),
            carried: resolver.carry(
                key,
                &[
                    "agency",
                    "program",
                    "entry_status",
                    "entry_status_text",
                    "entry_line_status",
                    "line_status",
                    "reason",
                    "begin_cbp_line",
                    "begin_tariff_position",
                    "begin_pga_line",
                    "end_cbp_line",
                    "end_tariff_position",
                    "end_pga_line",
                    "document_type",
                    "hold_type",
                    "group_version",
                ],
            ),
        }
    }
}

impl AgencyReader {
    pub fn resolve(resolver: &mut Resolver<'_>) -> Self {
        Self {
            current: Layout::resolve(resolver, "SO70"),
            before_04: Layout::resolve(resolver, "SO70_PRE04"),
            statuses: resolver.codes("pga-status"),
            reasons: resolver.words("pga-status-reasons"),
            references: resolver.carry(
                "SO71",
                &[
                    "qualifier_1",
                    "number_1",
                    "receipt_date",
                    "receipt_time",
                    "sub_reason_1",
                    "sub_reason_2",
                    "sub_reason_3",
                    "sub_reason_4",
                    "sub_reason_5",
                    "sub_reason_6",
                    "sub_reason_7",
                    "sub_reason_8",
                    "sub_reason_9",
                    "sub_reason_10",
                    "qualifier_2",
                    "number_2",
                ],
            ),
            comment: resolver.at("SO72", "comment"),
        }
    }

    fn layout(&self, record: &Record<'_>) -> &Layout {
        match record.layout {
            Some(layout) if *layout.key == *self.before_04.key => &self.before_04,
            _ => &self.current,
        }
    }

    /// Reads the SO70 at `index` of the message, with the SO71 and SO72 behind it.
    pub fn read<'a>(&'a self, records: &[Record<'a>], index: usize, scribe: &mut Scribe<'_, 'a>) {
        let Some(record) = records.get(index) else { return };
        let layout = self.layout(record);
        let agency = Token::some(record.field(&layout.agency));
        let (code, at) = status(layout, record);
        let mut reading =
            if code.is_empty() { plain(Severity::Info, &Effect::Inform) } else { self.statuses.read(code) };
        let effect = if code.is_empty() { Effect::Inform } else { self.statuses.effect_of(code, agency) };
        reading.effect = &effect;
        scribe.check_known(&reading, record, at);
        scribe.fields.take(record, &layout.carried);
        scribe.fields.push_words("reason_meaning", self.reasons.meaning(record.field(&layout.reason)));
        for more in &records[index + 1..] {
            match of_status(more) {
                SO71 if more.layout.is_some() => scribe.fields.take(more, &self.references),
                SO72 if more.layout.is_some() => scribe.fields.push("comment", more.field(&self.comment)),
                _ => break,
            }
        }
        let at = scribe.event_time(record, layout.day, layout.time, layout.time_format);
        scribe.notice(record, &Draft::new(Kind::AgencyStatus, reading, at));
    }
}

/// The status that stands for the record: the entry's, and without one that of the lines it names, which the fold tells apart.
fn status<'a>(layout: &Layout, record: &Record<'a>) -> (&'a [u8], FieldAt) {
    let entry_status = record.field(&layout.entry_status);
    if entry_status.is_empty() {
        (record.field(&layout.line_status), layout.line_status)
    } else {
        (entry_status, layout.entry_status)
    }
}
