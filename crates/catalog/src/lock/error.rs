//! What is wrong with a lock, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What is wrong with a lock, or why it has no files for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The key, as `packages[3].wheels[0].hashes`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, and the way out.
    pub why: String,
}

impl LockError {
    pub(super) fn whole(path: &Path, why: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), line: None, key: String::new(), why: why.to_string() }
    }
}

impl std::error::Error for LockError {}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// Where in a file something is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) path: &'a Path,
    pub(super) line: Option<usize>,
}

impl Spot<'_> {
    pub(super) fn error(&self, key: impl Into<String>, why: impl fmt::Display) -> LockError {
        LockError { path: self.path.to_owned(), line: self.line, key: key.into(), why: why.to_string() }
    }
}
