//! What is wrong with a table of deadlines, with line and column.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableFault {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

/// A table that cannot be used, with every fault that was found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct TableError {
    pub name: String,
    /// At least one.
    pub faults: Vec<TableFault>,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let between = if index == 0 { "" } else { "\n" };
            write!(f, "{between}{}:{}:{}: {}", self.name, fault.line, fault.column, fault.message)?;
        }
        Ok(())
    }
}
