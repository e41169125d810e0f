//! What is wrong with requirements, and where.

use std::{fmt, path::PathBuf};

use super::Origin;

/// What is wrong with requirements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementsError {
    /// The file and line, or the command line.
    pub origin: Origin,
    /// What is wrong, and the way out.
    pub why: String,
}

impl RequirementsError {
    pub(super) fn whole(path: impl Into<PathBuf>, why: impl fmt::Display) -> Self {
        Self { origin: Origin::File { path: path.into(), line: 0 }, why: why.to_string() }
    }
}

impl std::error::Error for RequirementsError {}

impl fmt::Display for RequirementsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.why)
    }
}
