//! From names in the grammar to positions and tables, once.

use super::later;
use super::sheet::Form;
use crate::decode::abi::Record;
use crate::grammar::abi::{FieldAt, Format, Tag, slot_of, spread_over};
use crate::grammar::{CodeRow, CodeTable, Grammar, GrammarError};
use crate::interpret::effects::CodeEffects;
use crate::notice::{Effect, Token, Write};
use crate::place::Severity;

/// Looks names up and remembers what is missing.
pub struct Resolver<'g> {
    grammar: &'g Grammar,
    faults: Vec<GrammarError>,
}

/// A field that notices carry: the name that they show and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Carry {
    pub name: &'static str,
    pub at: FieldAt,
    /// How a date or an amount is written for the reader.
    pub write: Option<Write>,
}

/// A date field.
#[derive(Clone, Copy, Debug)]
pub struct DateAt {
    pub at: FieldAt,
    pub format: Format,
}

/// An amount with its implied decimal places.
#[derive(Clone, Copy, Debug)]
pub struct AmountAt {
    pub at: FieldAt,
    pub decimals: u32,
}

/// Where a record names its entry.
#[derive(Clone, Copy, Debug)]
pub struct EntryAt {
    pub filer: FieldAt,
    pub number: FieldAt,
}

impl<'g> Resolver<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Self { grammar, faults: Vec::new() }
    }

    pub fn done<T>(self, value: T) -> Result<T, Vec<GrammarError>> {
        if self.faults.is_empty() { Ok(value) } else { Err(self.faults) }
    }

    fn field(&mut self, key: &str, name: &str) -> Option<&'g crate::grammar::Field> {
        let layout = self.grammar.abi.layout(key);
        let field = layout.and_then(|layout| layout.field(name));
        if field.is_none() {
            let file = layout.and_then(|layout| layout.applications.first()).map(|name| name.to_lowercase());
            let file = format!("abi/{}.toml", file.as_deref().unwrap_or("*"));
            let message = format!("the field `{name}` of the record `{key}` is read and not described");
            self.faults.push(GrammarError::new(&file, 1, 1, message));
        }
        field
    }

    pub fn at(&mut self, key: &str, name: &str) -> FieldAt {
        self.field(key, name).map(|field| field.at).unwrap_or_default()
    }

    /// Every field of a record, in its order.
    pub fn fields(&mut self, key: &str) -> &'g [crate::grammar::Field] {
        let Some(layout) = self.grammar.abi.layout(key) else {
            let message = format!("the record `{key}` is read and not described");
            self.faults.push(GrammarError::new("abi", 1, 1, message));
            return &[];
        };
        &layout.fields
    }

    pub fn date(&mut self, key: &str, name: &str) -> DateAt {
        let at = self.at(key, name);
        DateAt { at, format: self.format(key, name) }
    }

    pub fn format(&mut self, key: &str, name: &str) -> Format {
        let field = self.field(key, name);
        if let Some(None) = field.map(|field| field.format) {
            let message = format!("`{name}` of `{key}` is read as a date or a time and has no format");
            self.faults.push(GrammarError::new("abi", 1, 1, message));
        }
        field.and_then(|field| field.format).unwrap_or(Format::Mmddyy)
    }

    pub fn amount(&mut self, key: &str, name: &str) -> AmountAt {
        let field = self.field(key, name);
        let decimals = field.map_or(0, |field| u32::from(field.decimals));
        AmountAt { at: field.map(|field| field.at).unwrap_or_default(), decimals }
    }

    pub fn entry(&mut self, key: &str) -> EntryAt {
        EntryAt { filer: self.at(key, "entry_filer"), number: self.at(key, "entry_number") }
    }

    /// Fields that are shown under the layout's own names.
    pub fn carry(&mut self, key: &str, names: &[&'static str]) -> Vec<Carry> {
        names.iter().map(|&name| self.carried(key, name, name)).collect()
    }

    /// Fields that are shown under the name that all families share.
    pub fn carry_as(&mut self, key: &str, names: &[(&'static str, &'static str)]) -> Vec<Carry> {
        names.iter().map(|&(name, own)| self.carried(key, name, own)).collect()
    }

    fn carried(&mut self, key: &str, name: &'static str, own: &str) -> Carry {
        let field = self.field(key, own);
        let write = field.and_then(|field| later::write(Form::of(field)));
        Carry { name, at: field.map(|field| field.at).unwrap_or_default(), write }
    }

    fn table(&mut self, name: &str) -> Option<CodeTable> {
        match self.grammar.codes.require(name) {
            Ok(table) => Some(table.clone()),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    /// A code table with its effects.
    pub fn codes(&mut self, name: &str) -> Codes {
        let table = self.table(name);
        let effects = table.as_ref().and_then(|table| match CodeEffects::resolve(table) {
            Ok(effects) => Some(effects),
            Err(faults) => {
                self.faults.extend(faults);
                None
            }
        });
        Codes::new(Words::new(table), effects)
    }

    /// A code table that only explains.
    pub fn words(&mut self, name: &str) -> Words {
        Words::new(self.table(name))
    }

    /// A table whose effects are not those of [`CodeEffects`].
    pub fn own_effects<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> (Words, Vec<T>) {
        let table = self.table(name);
        let mut effects = Vec::new();
        for row in table.iter().flat_map(|table| &table.rows) {
            match read(&row.effect) {
                Some(effect) => effects.push(effect),
                None => {
                    let message = format!("`{}` is no effect of this table", row.effect);
                    let file = format!("codes/{name}.tsv");
                    self.faults.push(GrammarError::new(&file, row.line as usize, 1, message));
                }
            }
        }
        (Words::new(table), effects)
    }
}

/// In larger tables some codes share a slot whatever is tried.
const SPREAD_MAX: usize = 100;

/// A code table for its meanings.
#[derive(Debug)]
pub struct Words {
    table: Option<CodeTable>,
    /// Row numbers of the codes of up to four bytes, in open addressing with linear steps, at most a quarter full.
    short: Vec<(u32, u32)>,
    /// See [`spread_over`].
    spread: u32,
}

/// A code of up to four bytes as a number; never zero, because blanks fill it up.
#[inline]
fn short_code(code: &[u8]) -> Option<u32> {
    let tag = match *code {
        [a, b] => [a, b, b' ', b' '],
        [a] => [a, b' ', b' ', b' '],
        [a, b, c] => [a, b, c, b' '],
        [a, b, c, d] => [a, b, c, d],
        [] => [b' '; 4],
        _ => return None,
    };
    Some(u32::from_be_bytes(tag))
}

impl Words {
    fn new(table: Option<CodeTable>) -> Self {
        let rows = table.as_ref().map_or(&[][..], |table| &table.rows);
        let size = (rows.len() * 4).next_power_of_two().max(8);
        let short: Vec<_> = rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| Some((at, short_code(row.code.as_bytes())?)))
            .collect();
        let mut codes: Vec<u32> = short.iter().map(|(_, code)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        let spread =
            if codes.len() <= SPREAD_MAX { spread_over(size, &codes) } else { spread_over(size, &[]) };
        let mut words = Self { table: None, short: vec![(0, 0); size], spread };
        for (row, code) in short {
            let mut at = words.start(code);
            while words.short[at].0 != 0 && words.short[at].0 != code {
                at = (at + 1) & (size - 1);
            }
            if words.short[at].0 == 0 {
                words.short[at] = (code, row as u32);
            }
        }
        Self { table, ..words }
    }

    #[inline]
    fn start(&self, code: u32) -> usize {
        slot_of(code, self.spread, self.short.len())
    }

    pub fn name(&self) -> &str {
        self.table.as_ref().map_or("", |table| &table.name)
    }

    /// The number of the first row with this code, which has no blanks around it.
    #[inline]
    pub fn position(&self, code: &[u8]) -> Option<usize> {
        match short_code(code) {
            // No row has an empty code.
            _ if code.is_empty() => None,
            Some(wanted) => self.position_of(wanted),
            None => self.table.as_ref()?.position(code),
        }
    }

    /// The same for a code that stands in a record.
    #[inline(always)]
    pub fn position_at(&self, record: &Record<'_>, at: &FieldAt) -> Option<usize> {
        match at.code(record.bytes) {
            Some(Tag(wanted)) => self.position_of(wanted),
            None => self.position(record.field(at)),
        }
    }

    #[inline]
    fn position_of(&self, wanted: u32) -> Option<usize> {
        let mut at = self.start(wanted);
        while let Some(&(taken, row)) = self.short.get(at) {
            if taken == wanted {
                return Some(row as usize);
            }
            if taken == 0 {
                break;
            }
            at = (at + 1) & (self.short.len() - 1);
        }
        None
    }

    pub fn row(&self, position: usize) -> Option<&CodeRow> {
        self.table.as_ref()?.rows.get(position)
    }

    pub fn get(&self, code: &[u8]) -> Option<&CodeRow> {
        self.row(self.position(code)?)
    }

    pub fn meaning(&self, code: &[u8]) -> Option<&str> {
        self.get(code).map(|row| &*row.meaning)
    }

    /// The meaning of a code that stands in several places of one table, in the place whose `kind` begins so.
    pub fn meaning_of(&self, code: &[u8], kind: &str) -> Option<&CodeRow> {
        self.table.as_ref()?.get_kind(code, kind)
    }

    /// Where a code has several meanings, the one that the message itself prints, else the first. Rows of one code
    /// stand together.
    pub fn meaning_printed(&self, code: &[u8], printed: &[u8]) -> Option<&str> {
        let table = self.table.as_ref()?;
        let at = self.position(code)?;
        let first = table.rows.get(at)?;
        let rows = table.rows[at..].iter().take_while(|row| row.code == first.code);
        let exact = rows.into_iter().find(|row| row.meaning.as_bytes() == printed);
        Some(&exact.unwrap_or(first).meaning)
    }
}

/// A code table with what each code does.
#[derive(Debug)]
pub struct Codes {
    words: Words,
    effects: Option<CodeEffects>,
    /// What each row says when CBP itself speaks, made once.
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    code: Option<Token>,
    meaning: Box<str>,
    severity: Severity,
    effect: Effect,
}

/// What a table says of a code; unknown codes are critical until somebody maps them.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'t> {
    /// `None` for blanks.
    pub code: Option<Token>,
    pub table: &'t str,
    pub meaning: Option<&'t str>,
    pub severity: Severity,
    pub effect: &'t Effect,
}

impl Codes {
    fn new(words: Words, effects: Option<CodeEffects>) -> Self {
        let rows = words.table.iter().flat_map(|table| &table.rows).enumerate();
        let rows = rows.map(|(position, row)| {
            let code = Token::new(row.code.as_bytes());
            let effect =
                effects.as_ref().map_or(Effect::Unknown, |effects| effects.effect(position, code, None));
            let severity = row.severity.unwrap_or(Severity::Info);
            Row { code: Some(code), meaning: row.meaning.clone(), severity, effect }
        });
        let rows = rows.collect();
        Self { words, effects, rows }
    }

    /// What the code says when CBP itself speaks.
    #[inline(always)]
    pub fn read(&self, code: &[u8]) -> Reading<'_> {
        self.read_row(self.words.position(code), || code)
    }

    /// The same for a code that stands in a record.
    #[inline(always)]
    pub fn read_at(&self, record: &Record<'_>, at: &FieldAt) -> Reading<'_> {
        self.read_row(self.words.position_at(record, at), || record.field(at))
    }

    #[inline(always)]
    fn read_row<'c>(&self, position: Option<usize>, code: impl FnOnce() -> &'c [u8]) -> Reading<'_> {
        match position.and_then(|position| self.rows.get(position)) {
            Some(row) => Reading {
                code: row.code,
                table: self.words.name(),
                meaning: Some(&row.meaning),
                severity: row.severity,
                effect: &row.effect,
            },
            None => self.unknown(code()),
        }
    }

    #[cold]
    fn unknown(&self, code: &[u8]) -> Reading<'_> {
        Reading {
            code: Token::some(code),
            table: self.words.name(),
            meaning: None,
            severity: Severity::Critical,
            effect: &Effect::Unknown,
        }
    }

    /// What the code does when an agency speaks, unless the table names another.
    pub fn effect_of(&self, code: &[u8], agency: Option<Token>) -> Effect {
        let Some((position, effects)) = self.words.position(code).zip(self.effects.as_ref()) else {
            return Effect::Unknown;
        };
        effects.effect(position, Token::new(code), agency)
    }

    pub fn words(&self) -> &Words {
        &self.words
    }
}
