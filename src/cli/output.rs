//! What people and scripts see: aligned text, colours where they are wanted, JSON Lines, CSV.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use chrono::{DateTime, NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::Global;
use super::exit::{Failure, Outcome};
use crate::notice::EventTime;
use crate::place::{Grade, Severity};

/// Bytes that are collected before standard output is written.
const OUT_BYTES: usize = 64 << 10;

/// How the caller wants to see things.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    /// JSON instead of text.
    pub json: bool,
    /// No progress and no remarks on standard error.
    pub quiet: bool,
    /// Standard output is a terminal.
    pub is_terminal: bool,
    paints: bool,
}

/// How a piece of text looks on a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Paint {
    #[default]
    Plain,
    Strong,
    Dim,
    Red,
    Yellow,
}

impl Paint {
    fn start(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[1;31m",
            Self::Yellow => "\x1b[33m",
        }
    }

    pub fn severity(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Plain,
            Severity::Warning => Self::Yellow,
            Severity::Critical => Self::Red,
        }
    }

    pub fn grade(grade: Grade) -> Self {
        match grade {
            Grade::Info => Self::Plain,
            Grade::Warning => Self::Yellow,
            Grade::Error => Self::Red,
        }
    }
}

impl Ui {
    pub fn new(global: &Global) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let paints = is_terminal && !global.no_color && !is_set("NO_COLOR") && !is_dumb;
        Self { json: global.json, quiet: global.quiet, is_terminal, paints }
    }

    pub fn stdout(&self) -> Out {
        BufWriter::with_capacity(OUT_BYTES, io::stdout().lock())
    }

    /// The text, fit for a terminal: control characters of foreign text become `?`.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let text = clean(text);
        match paint.start() {
            start if self.paints && !start.is_empty() => format!("{start}{text}\x1b[0m"),
            _ => text.into_owned(),
        }
    }

    /// A remark on standard error. Nobody depends on it, so a closed standard error is no fault.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// A progress bar on standard error; hidden unless that is a terminal.
    pub fn progress(&self, doing: &'static str) -> ProgressBar {
        let is_shown = !self.quiet && io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(doing);
        bar
    }
}

/// Buffered standard output.
pub type Out = BufWriter<StdoutLock<'static>>;

/// Runs what writes, flushes, and tells a failed write from other failures.
pub fn written(out: &mut Out, write: impl FnOnce(&mut Out) -> io::Result<()>) -> Result<(), Failure> {
    write(out).and_then(|()| out.flush()).map_err(Failure::Output)
}

/// One JSON value on one line.
pub fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// One JSON value, or else text; then done.
pub fn answer(
    ui: &Ui,
    value: &impl Serialize,
    text: impl FnOnce(&mut Out) -> io::Result<()>,
    outcome: super::exit::Exit,
) -> Outcome {
    let mut out = ui.stdout();
    written(&mut out, |out| if ui.json { json_line(out, value) } else { text(out) })?;
    Ok(outcome)
}

/// Says that something was done: a remark for people, the value for scripts.
pub fn done(ui: &Ui, value: &impl Serialize, remark: &str) -> Outcome {
    if ui.json {
        return answer(ui, value, |_| Ok(()), super::exit::Exit::Fine);
    }
    ui.remark(remark);
    Ok(super::exit::Exit::Fine)
}

/// Foreign text without control characters, so that it cannot steer a terminal.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A cell that no spreadsheet takes for a formula.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

/// Writes rows as CSV, each cell guarded. A header is written unless it is empty.
pub fn csv_rows<R: IntoIterator<Item = String>>(
    out: &mut impl Write,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if !header.is_empty() {
        writer.write_record(header)?;
    }
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(|cell| csv_cell(&cell).into_owned()).collect();
        writer.write_record(&cells)?;
    }
    writer.flush()
}

/// `2026-03-06 14:05`, or the date alone; `-` when there is none.
pub fn when(at: Option<EventTime>) -> String {
    match at {
        Some(EventTime { date, time: Some(time) }) => format!("{date} {}", time.format("%H:%M")),
        Some(EventTime { date, time: None }) => date.to_string(),
        None => "-".to_owned(),
    }
}

/// `2026-03-06 14:05 UTC`.
pub fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2026-03-06 Fri`, for a date or a word that stands in its place.
pub fn day(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), crate::deadline::calendar::day_text)
}

/// The same for a date that may be missing.
pub fn day_or_dash(date: Option<NaiveDate>) -> String {
    date.map_or_else(|| "-".to_owned(), crate::deadline::calendar::day_text)
}

/// The text, or `-`.
pub fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// Rows in aligned columns.
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<(Paint, String)>>,
    indent: usize,
}

impl Table {
    pub fn new(header: impl Into<Vec<&'static str>>) -> Self {
        Self { header: header.into(), rows: Vec::new(), indent: 0 }
    }

    pub fn indented(mut self, indent: usize) -> Self {
        self.indent = indent;
        self
    }

    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.painted(cells.into().into_iter().map(|cell| (Paint::Plain, cell)));
    }

    pub fn painted(&mut self, cells: impl IntoIterator<Item = (Paint, String)>) {
        let clean = |(paint, cell): (Paint, String)| (paint, clean(&cell).into_owned());
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// The last column is not padded.
    pub fn write(&self, out: &mut impl Write, ui: &Ui) -> io::Result<()> {
        let mut widths: Vec<usize> = self.header.iter().map(|title| title.len()).collect();
        for row in &self.rows {
            for (width, (_, cell)) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let header: Vec<(Paint, String)> =
            self.header.iter().map(|title| (Paint::Strong, (*title).to_owned())).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut line = " ".repeat(self.indent);
            let mut gap = 0;
            for ((paint, cell), width) in row.iter().zip(&widths) {
                line.push_str(&" ".repeat(gap));
                line.push_str(&ui.paint(*paint, cell));
                gap = width.saturating_sub(cell.chars().count()) + 2;
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Ui = Ui { json: false, quiet: true, is_terminal: false, paints: false };

    #[test]
    fn tables_align_and_keep_foreign_text_harmless() {
        let mut table = Table::new(["CODE", "MEANING"]).indented(2);
        table.row(["1H".to_owned(), "held\x1b[2J".to_owned()]);
        table.row(["überlang".to_owned(), String::new()]);
        let mut out = Vec::new();
        table.write(&mut out, &PLAIN).expect("a vector takes it");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "  CODE      MEANING\n  1H        held?[2J\n  überlang\n");
    }

    #[test]
    fn colours_only_where_they_are_wanted() {
        assert_eq!(PLAIN.paint(Paint::Red, "x"), "x");
        let ui = Ui { paints: true, ..PLAIN };
        assert_eq!(ui.paint(Paint::Red, "x"), "\x1b[1;31mx\x1b[0m");
        assert_eq!(ui.paint(Paint::Plain, "x"), "x");
    }

    #[test]
    fn cells_are_no_formulas() {
        let mut out = Vec::new();
        let row = ["=1+1", "+1", "-1", "@x", "a,b", "plain", ""].map(str::to_owned);
        csv_rows(&mut out, &["a", "b", "c", "d", "e", "f", "g"], [row]).expect("a vector takes it");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "a,b,c,d,e,f,g\n'=1+1,'+1,'-1,'@x,\"a,b\",plain,\n");
    }
}
