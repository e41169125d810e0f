//! A file that can be brought, and one that was chosen.

use std::{fmt, path::PathBuf};

use url::Url;
use uv_normalize::PackageName;
use uv_pep440::Version;

use crate::Hashes;

/// The name of a distribution's file: one component of a path, at most 255 bytes, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// A name that no file of a distribution has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be the name of a file: {why}", .name.escape_debug())]
pub struct FileNameError {
    /// The beginning of it.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl FileName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, too long, `.` or `..`, or holds a separator or a control character.
    pub fn new(name: &str) -> Result<Self, FileNameError> {
        let why = if name.is_empty() {
            "it is empty"
        } else if name.len() > 255 {
            "it has more than 255 bytes"
        } else if name.contains(['/', '\\', ':']) || matches!(name, "." | "..") {
            "it is a path"
        } else if name.chars().any(char::is_control) {
            "it holds a control character"
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(FileNameError { name: name.chars().take(80).collect(), why })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At an http(s) URL, without a fragment. Credentials may be in it: never show it as it is.
    Url(Url),
    /// On this machine.
    Path(PathBuf),
}

/// What an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A built distribution (`.whl`).
    Wheel,
    /// A source distribution.
    Sdist,
}

/// A file, as a lock, an index or a requirement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: FileName,
    /// Places of the same bytes, best first; at least one.
    pub places: Vec<Place>,
    /// What vouches for its bytes.
    pub hashes: Hashes,
    /// Bytes, where something says it.
    pub size: Option<u64>,
}

/// A file that was chosen for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The package.
    pub package: PackageName,
    /// Its version; a lock of a directory or an archive may have none.
    pub version: Option<Version>,
    /// Wheel or sdist.
    pub kind: Kind,
    /// The file.
    pub file: File,
}

/// Whether a name has an ending of archives that are unpacked.
pub(crate) fn is_archive(name: &str) -> bool {
    const ENDINGS: [&str; 7] = [".tar.gz", ".tgz", ".zip", ".tar.zst", ".tar.xz", ".tar.bz2", ".tar"];
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
