//! Messages as a tree for people: file, message, notice, field; findings below their message.

use std::io::{self, Write};

use super::{AddedFields, Form, Heading, json};
use crate::cli::output::{Paint, Ui, when};
use crate::decode::Standard;
use crate::notice::{BillRef, NoticeRef};
use crate::place::Finding;
use crate::words::count;

/// Fields are aligned behind names of this length; longer names push theirs.
const NAME_CHARS: usize = 24;

pub struct TextForm {
    file: String,
    ui: Ui,
    is_first: bool,
}

impl TextForm {
    pub fn new(file: &str, ui: Ui) -> Self {
        Self { file: file.to_owned(), ui, is_first: true }
    }
}

impl Form for TextForm {
    fn heading(&mut self, out: &mut dyn Write, heading: &Heading<'_>) -> io::Result<()> {
        if self.is_first {
            writeln!(out, "{}", self.ui.paint(Paint::Strong, &self.file))?;
            self.is_first = false;
        }
        let name = match (heading.standard, heading.message) {
            (Some(Standard::Abi), Some(name)) => format!("ABI {name}"),
            (Some(Standard::X12), Some(name)) => format!("X12 {name}"),
            (Some(Standard::Json), Some(name)) => format!("JSON {name}"),
            (Some(Standard::Csv), Some(name)) => format!("CSV {name}"),
            _ => "no message".to_owned(),
        };
        let span = heading.span;
        write!(out, "  {}", self.ui.paint(Paint::Strong, &name))?;
        if let Some(release) = heading.release {
            write!(out, " {}", self.ui.paint(Paint::Plain, release))?;
        }
        write!(out, "  line {}, {}", span.line, count(span.length, "byte"))?;
        let control = heading.control;
        for (what, value) in [
            ("from", control.sender),
            ("interchange", control.interchange),
            ("group", control.group),
            ("set", control.set),
        ] {
            if let Some(value) = value {
                write!(out, ", {what} {}", self.ui.paint(Paint::Plain, &json::text(value)))?;
            }
        }
        writeln!(out)
    }

    fn notice(&mut self, out: &mut dyn Write, notice: &NoticeRef<'_>) -> io::Result<()> {
        let paint = Paint::severity(notice.severity);
        write!(out, "    {}", self.ui.paint(paint, &format!("{:<8}", notice.severity.as_str())))?;
        write!(out, "  {}", notice.kind.as_str())?;
        if let Some(code) = notice.code {
            let meaning = notice.meaning.unwrap_or("no table knows this code");
            write!(out, "  {}  {}", self.ui.paint(Paint::Strong, code.as_str()), clean(&self.ui, meaning))?;
        }
        writeln!(out)?;
        write!(out, "        line {}", notice.place.line)?;
        if let Some(entry) = notice.entry {
            write!(out, ", entry {entry}")?;
        }
        for (what, bill) in [("bill", notice.bill), ("house bill", notice.house_bill)] {
            if let Some(bill) = bill.and_then(BillRef::to_bill) {
                write!(out, ", {what} {bill}")?;
            }
        }
        if notice.at.is_some() {
            write!(out, ", at {}", when(notice.at))?;
        }
        writeln!(out)?;
        for (name, value) in notice.fields.iter() {
            let value = json::text(&value);
            writeln!(out, "        {}  {value}", self.ui.paint(Paint::Dim, &format!("{name:<NAME_CHARS$}")))?;
        }
        Ok(())
    }

    fn added(&mut self, out: &mut dyn Write, records: &[AddedFields]) -> io::Result<()> {
        for record in records {
            writeln!(out, "    added     {}, line {}", clean(&self.ui, &record.record), record.place.line)?;
            for (name, value) in &record.fields {
                let name = self.ui.paint(Paint::Dim, &format!("{name:<NAME_CHARS$}"));
                writeln!(out, "        {name}  {}", json::text(value))?;
            }
        }
        Ok(())
    }

    fn findings(
        &mut self,
        out: &mut dyn Write,
        findings: &mut dyn Iterator<Item = &Finding>,
    ) -> io::Result<()> {
        for finding in findings {
            let grade = match finding.severity {
                crate::place::Grade::Info => "info",
                crate::place::Grade::Warning => "warning",
                crate::place::Grade::Error => "error",
            };
            let place = finding.place;
            write!(out, "    {}", self.ui.paint(Paint::grade(finding.severity), grade))?;
            write!(out, "  line {}", place.line)?;
            if let Some(column) = place.column {
                write!(out, ", column {column}")?;
            }
            write!(out, ", byte {}: {} ({}", place.offset, clean(&self.ui, &finding.message), finding.code)?;
            if let Some(code) = &finding.x12 {
                write!(out, ", {code}")?;
            }
            writeln!(out, ")")?;
        }
        Ok(())
    }
}

fn clean(ui: &Ui, text: &str) -> String {
    ui.paint(Paint::Plain, text)
}
