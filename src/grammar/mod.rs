//! The tables of `grammars/`: record layouts, segments, codes. Data that sysadmins read and may override.
//!
//! All files are embedded in the binary; a folder named in the configuration overrides or adds file by file.
//! Everything is audited at load, so that reading a message never meets a broken table.

pub mod abi;
mod codes;
pub mod compare;
mod x12;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use abi::{AbiGrammar, Application, Class, Direction, Field, FieldAt, RecordLayout};
pub use codes::{CodeRow, CodeTable, CodeTables};
use sha2::{Digest, Sha256};
pub use x12::{
    ConditionKind, ElementClass, Release, Rules, SegmentKey, SegmentLayout, SetLayout, SetRelease, WIDTHS,
    Widths, X12Grammar,
};

/// A file larger than this is refused.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// The files of the repository's `grammars/` folder.
#[derive(rust_embed::RustEmbed)]
#[folder = "grammars/"]
struct Embedded;

/// A fault in a table, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct GrammarError {
    /// Path below the grammar folder.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl GrammarError {
    pub fn new(file: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, column, message: message.into() }
    }

    /// Places a fault by the byte offset in the file's text.
    pub fn at_offset(file: &str, text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Self::new(file, line, column, message)
    }
}

impl fmt::Display for GrammarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grammars/{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// The texts of a grammar, by path below the folder: `abi/so.toml`, `codes/uc-dispositions.tsv`.
pub type Sources = BTreeMap<String, String>;

/// Every table, audited.
#[derive(Debug)]
pub struct Grammar {
    pub abi: AbiGrammar,
    pub x12: X12Grammar,
    pub codes: CodeTables,
    version: String,
}

impl Grammar {
    /// The tables that the binary carries.
    pub fn embedded() -> Arc<Self> {
        static EMBEDDED: OnceLock<Arc<Grammar>> = OnceLock::new();
        EMBEDDED
            .get_or_init(|| {
                Arc::new(Self::parse(&embedded_sources()).expect("a test audits the embedded grammar"))
            })
            .clone()
    }

    /// The embedded tables, overridden file by file by those of `folder`. Reports every fault at once.
    pub fn load(folder: Option<&Path>) -> Result<Arc<Self>, Vec<GrammarError>> {
        let Some(folder) = folder else { return Ok(Self::embedded()) };
        let mut sources = embedded_sources();
        let mut faults = Vec::new();
        overlay(folder, folder, &mut sources, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        Self::parse(&sources).map(Arc::new)
    }

    /// Reads and audits a set of files. Names outside `abi/`, `x12/` and `codes/` belong to other modules.
    pub fn parse(sources: &Sources) -> Result<Self, Vec<GrammarError>> {
        let mut faults = Vec::new();
        let mut codes = CodeTables::default();
        for (path, text) in sources {
            if let Some(name) = path.strip_prefix("codes/").and_then(|name| name.strip_suffix(".tsv")) {
                match CodeTable::parse(name, text) {
                    Ok(table) => codes.insert(table),
                    Err(fault) => faults.push(fault),
                }
            }
        }
        let abi = AbiGrammar::parse(sources).unwrap_or_else(|more| {
            faults.extend(more);
            AbiGrammar::default()
        });
        let x12 = X12Grammar::parse(sources).unwrap_or_else(|more| {
            faults.extend(more);
            X12Grammar::default()
        });
        if faults.is_empty() {
            Ok(Self { abi, x12, codes, version: version_of(sources) })
        } else {
            Err(faults)
        }
    }

    /// A hash of every file, stamped on what was decided with these tables. Sixteen hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The files that the binary carries, by path.
pub fn embedded_sources() -> Sources {
    Embedded::iter()
        .filter_map(|path| {
            let file = Embedded::get(&path)?;
            Some((path.to_string(), String::from_utf8(file.data.into_owned()).ok()?))
        })
        .collect()
}

fn overlay(root: &Path, folder: &Path, sources: &mut Sources, faults: &mut Vec<GrammarError>) {
    let mut fault = |path: &Path, message: String| {
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        faults.push(GrammarError::new(&name, 1, 1, message));
    };
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) => {
            return fault(folder, format!("the folder {} cannot be listed: {error}", folder.display()));
        }
    };
    let mut folders = Vec::new();
    for item in listing.flatten() {
        let path = item.path();
        let Ok(kind) = std::fs::metadata(&path) else { continue };
        if kind.is_dir() && folder == root {
            folders.push(path);
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "toml" || end == "tsv") {
            if kind.len() > FILE_BYTES_MAX {
                fault(&path, format!("the file is larger than {FILE_BYTES_MAX} bytes"));
                continue;
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    sources.insert(name, text);
                }
                Err(error) => fault(&path, format!("the file cannot be read: {error}")),
            }
        }
    }
    for path in folders {
        overlay(root, &path, sources, faults);
    }
}

fn version_of(sources: &Sources) -> String {
    let mut hash = Sha256::new();
    for (path, text) in sources {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path.as_bytes());
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    crate::ident::hex(&hash.finalize()[..8])
}
