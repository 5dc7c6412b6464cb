//! Code tables: what each short code means, how loud it is, and what it does.

use std::collections::HashMap;

use super::GrammarError;
use crate::place::Severity;

/// Bounds on what an operator's own table may hold.
const ROWS_MAX: usize = 20_000;

/// One meaning of one code.
#[derive(Clone, Debug)]
pub struct CodeRow {
    pub code: Box<str>,
    pub meaning: Box<str>,
    /// Where the code stands, or its family. With `code` it is the key of the row.
    pub kind: Box<str>,
    pub source: Box<str>,
    pub confidence: Box<str>,
    /// The column `suggested_alert`.
    pub severity: Option<Severity>,
    /// The column `effect`, read by `interpret`: what the code does to an entry. Blank when the table has none.
    pub effect: Box<str>,
    /// The 1-based line of the file.
    pub line: u32,
}

/// One file of `grammars/codes`.
#[derive(Clone, Debug)]
pub struct CodeTable {
    /// The file's name without `.tsv`; notices carry it as `table`.
    pub name: Box<str>,
    pub rows: Vec<CodeRow>,
    /// First row of each short code, by its key.
    short: ShortCodes,
    long: HashMap<Box<[u8]>, u32>,
}

impl CodeTable {
    /// Reads a table: tab-separated, one header line, columns found by name.
    pub fn parse(name: &str, text: &str) -> Result<Self, GrammarError> {
        let file = format!("codes/{name}.tsv");
        let fault = |line: usize, message: String| GrammarError::new(&file, line, 1, message);
        let mut lines = text.lines().enumerate();
        let (_, header) = lines.next().ok_or_else(|| fault(1, "the table is empty".to_owned()))?;
        let header: Vec<&str> = header.split('\t').collect();
        let column = |wanted: &str| header.iter().position(|name| *name == wanted);
        let required = |wanted: &str| {
            column(wanted).ok_or_else(|| fault(1, format!("the column `{wanted}` is missing")))
        };
        let (code, meaning, kind) = (required("code")?, required("meaning")?, required("kind")?);
        let (source, confidence) = (column("source"), column("confidence"));
        let (alert, effect) = (column("suggested_alert"), column("effect"));

        let mut table =
            Self { name: name.into(), rows: Vec::new(), short: ShortCodes::default(), long: HashMap::new() };
        for (index, line) in lines {
            if line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |at: usize| cells.get(at).copied().unwrap_or("").trim();
            let optional = |at: Option<usize>| at.map_or("", cell);
            if cell(code).is_empty() {
                return Err(fault(index + 1, "a row has no code".to_owned()));
            }
            let severity = match optional(alert) {
                "" => None,
                text => Some(Severity::parse(text).ok_or_else(|| {
                    fault(index + 1, format!("`{text}` is no severity (info, warning, critical)"))
                })?),
            };
            if table.rows.len() == ROWS_MAX {
                return Err(fault(index + 1, format!("more than {ROWS_MAX} rows")));
            }
            table.rows.push(CodeRow {
                code: cell(code).into(),
                meaning: cell(meaning).into(),
                kind: cell(kind).into(),
                source: optional(source).into(),
                confidence: optional(confidence).into(),
                severity,
                effect: optional(effect).into(),
                line: index as u32 + 1,
            });
        }
        table.index();
        Ok(table)
    }

    fn index(&mut self) {
        self.short = ShortCodes::with_room(self.rows.len());
        for (row, at) in self.rows.iter().zip(0..) {
            match short_key(row.code.as_bytes()) {
                Some(key) => self.short.insert(key, at),
                None => {
                    self.long.entry(row.code.as_bytes().into()).or_insert(at);
                }
            }
        }
    }

    /// The number of the first row with this code. Blanks around the code do not count.
    pub fn position(&self, code: &[u8]) -> Option<usize> {
        let code = match code {
            [first, .., last] if *first > b' ' && *last > b' ' => code,
            _ => code.trim_ascii(),
        };
        let at = match short_key(code) {
            Some(key) => self.short.get(key),
            None => self.long.get(code).copied(),
        };
        at.map(|at| at as usize)
    }

    /// The first row with this code.
    pub fn get(&self, code: &[u8]) -> Option<&CodeRow> {
        self.position(code).map(|at| &self.rows[at])
    }

    /// The row with this code whose `kind` begins with `kind`.
    pub fn get_kind(&self, code: &[u8], kind: &str) -> Option<&CodeRow> {
        let code = code.trim_ascii();
        self.rows.iter().find(|row| row.code.as_bytes() == code && row.kind.starts_with(kind))
    }
}

/// Packs a code of up to seven bytes and its length into one number, which is never zero.
#[inline]
fn short_key(code: &[u8]) -> Option<u64> {
    let bytes = match (code.first_chunk(), code.last_chunk()) {
        // Four from either end, which may overlap.
        (Some(first), Some(last)) if code.len() <= 7 => {
            let [first, last] = [*first, *last].map(|four| u64::from(u32::from_le_bytes(four)));
            first | last << (8 * (code.len() - 4))
        }
        (None, None) => match *code {
            [a, b] => u16::from_le_bytes([a, b]).into(),
            _ => code.iter().rev().fold(0, |key, &byte| key << 8 | u64::from(byte)),
        },
        _ => return None,
    };
    Some(bytes | (code.len() as u64 + 1) << 56)
}

/// Keys and row numbers in open addressing with linear steps, at most half full, so that every chain ends.
#[derive(Clone, Debug, Default)]
struct ShortCodes(Vec<(u64, u32)>);

impl ShortCodes {
    fn with_room(rows: usize) -> Self {
        Self(vec![(0, 0); (rows * 2).next_power_of_two().max(8)])
    }

    #[inline]
    fn start(&self, key: u64) -> usize {
        // Nobody can choose the keys to collide: they come from our own tables.
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize & (self.0.len().wrapping_sub(1))
    }

    /// Of two rows with one key, the first stays.
    fn insert(&mut self, key: u64, row: u32) {
        let mut at = self.start(key);
        while self.0[at].0 != 0 {
            if self.0[at].0 == key {
                return;
            }
            at = (at + 1) & (self.0.len() - 1);
        }
        self.0[at] = (key, row);
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u32> {
        let mut at = self.start(key);
        while let Some(&(taken, row)) = self.0.get(at) {
            if taken == key {
                return Some(row);
            }
            if taken == 0 {
                break;
            }
            at = (at + 1) & (self.0.len() - 1);
        }
        None
    }
}

/// All code tables, by name.
#[derive(Clone, Debug, Default)]
pub struct CodeTables {
    tables: std::collections::BTreeMap<Box<str>, CodeTable>,
}

impl CodeTables {
    pub fn insert(&mut self, table: CodeTable) {
        self.tables.insert(table.name.clone(), table);
    }

    pub fn get(&self, name: &str) -> Option<&CodeTable> {
        self.tables.get(name)
    }

    /// The table, or an error that says who wanted it.
    pub fn require(&self, name: &str) -> Result<&CodeTable, GrammarError> {
        self.get(name).ok_or_else(|| {
            GrammarError::new(&format!("codes/{name}.tsv"), 1, 1, "the code table is missing".to_owned())
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = &CodeTable> {
        self.tables.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_by_column_name() {
        let text =
            "meaning\tcode\tkind\tsuggested_alert\nreleased\t98\tSO60\tinfo\nlong one\tABCDEFGHIJ\tx\t\n";
        let table = CodeTable::parse("t", text).expect("a good table");
        assert_eq!(table.get(b"98 ").map(|row| &*row.meaning), Some("released"));
        assert_eq!(table.get(b"ABCDEFGHIJ").map(|row| &*row.kind), Some("x"));
        assert!(table.get(b"97").is_none());
        assert!(table.get_kind(b"98", "SO5").is_none());
    }

    #[test]
    fn a_bad_table_names_its_line() {
        for (text, line) in
            [("", 1), ("code\tkind\n", 1), ("code\tmeaning\tkind\tsuggested_alert\n1\ta\tb\tloud\n", 2)]
        {
            let error = CodeTable::parse("t", text).expect_err(text);
            assert_eq!(error.line, line, "{error}");
        }
    }
}
