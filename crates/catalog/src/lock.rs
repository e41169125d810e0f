//! Locks: pylock.toml (PEP 751).
//!
//! [`Lock::read`] recognizes a lock by its name, else by what is in it; [`Lock::choose`] says which files a [`Target`] gets. Nothing is
//! resolved: a lock names one file for each package and target, or the choice is an error.

mod error;
mod pylock;
mod selection;
mod source;

use std::{fs, path::Path};

pub use error::LockError;
pub use selection::{LeftOut, Locked, Selection};

use crate::Target;

/// A lock that was read and found to be one.
#[derive(Debug, Clone)]
pub struct Lock(pylock::Pylock);

impl Lock {
    /// Whether a file has the name of a lock that can be read: `pylock.toml`, `pylock.NAME.toml` (PEP 751).
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        name == "pylock.toml"
            || name
                .strip_prefix("pylock.")
                .and_then(|rest| rest.strip_suffix(".toml"))
                .is_some_and(|it| !it.contains('.'))
    }

    /// Reads a lock. Its relative paths are relative to the folder it is in.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML, or breaks a rule of PEP 751: file, line and key are named.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let bytes = fs::read(path).map_err(|error| LockError::whole(path, error))?;
        let text = String::from_utf8(bytes).map_err(|error| LockError::whole(path, error))?;
        Self::parse(path, &text)
    }

    /// The same from a text; `path` is where it is from.
    ///
    /// # Errors
    /// As [`Lock::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, LockError> {
        pylock::Pylock::parse(path, text).map(Self)
    }

    /// What the user should know about the lock.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The files for a target.
    ///
    /// # Errors
    /// When the lock is not for the target, names a package twice for it, or has no file that fits; or when an extra or group is asked
    /// for that it does not have.
    pub fn choose(&self, target: &Target, selection: &Selection) -> Result<Locked, LockError> {
        self.0.choose(target, selection)
    }
}
