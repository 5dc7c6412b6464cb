//! Code tables: what each short code means, how loud it is, and what it does.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

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
    first: HashMap<u64, u32, BuildHasherDefault<KeyHasher>>,
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
            Self { name: name.into(), rows: Vec::new(), first: HashMap::default(), long: HashMap::new() };
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
            table.add(CodeRow {
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
        Ok(table)
    }

    fn add(&mut self, row: CodeRow) {
        let at = self.rows.len() as u32;
        match short_key(row.code.as_bytes()) {
            Some(key) => {
                self.first.entry(key).or_insert(at);
            }
            None => {
                self.long.entry(row.code.as_bytes().into()).or_insert(at);
            }
        }
        self.rows.push(row);
    }

    /// The number of the first row with this code. Blanks around the code do not count.
    pub fn position(&self, code: &[u8]) -> Option<usize> {
        let code = code.trim_ascii();
        let at = match short_key(code) {
            Some(key) => self.first.get(&key),
            None => self.long.get(code),
        };
        at.map(|&at| at as usize)
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

/// Packs a code of up to seven bytes and its length into one number.
fn short_key(code: &[u8]) -> Option<u64> {
    if code.len() > 7 {
        return None;
    }
    let mut bytes = [0u8; 8];
    bytes[..code.len()].copy_from_slice(code);
    bytes[7] = code.len() as u8;
    Some(u64::from_le_bytes(bytes))
}

/// A multiplicative hash. The keys come from our own tables, so nobody can choose them to collide.
#[derive(Clone, Copy, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
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
