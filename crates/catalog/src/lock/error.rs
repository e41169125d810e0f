//! What is wrong with a lock, or with what is asked of it.

use std::{fmt, io, path::PathBuf};

/// A place in a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The lock.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The key, such as `packages[3].wheels[0].hashes`; empty for the whole.
    pub key: String,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, ": `{}`", self.key.escape_debug()) }
    }
}

/// A lock that cannot be used, or not so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The file cannot be read.
    #[error("cannot read the lock {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than any lock.
    #[error("the lock {} has more than 64 MiB: it is no lock, or has to be made in parts", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A lock that does not say where files are.
    #[error(
        "{} is a lock of {tool}, which does not say where files are; export it with `{command}` and give the result",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        tool: &'static str,
        /// How it is exported.
        command: &'static str,
    },
    /// Nothing tells what it is.
    #[error(
        "{} is no lock that is known: pylock.toml (or pylock.<name>.toml) and uv.lock are read; \
         give requirements with -r, and export other locks to one of these",
        .path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// Not TOML.
    #[error("{}:{line}: not TOML: {why}; make the lock again with the tool it comes from", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
    /// A key is missing or has a value that it must not have.
    #[error("{at}: {why}; make the lock again with the tool it comes from")]
    Invalid {
        /// Where.
        at: Box<Spot>,
        /// What is wrong.
        why: String,
    },
    /// A lock of a newer version.
    #[error("{at}: {why}; use a newer towline, or make the lock with an older tool")]
    Newer {
        /// Where.
        at: Box<Spot>,
        /// What is too new.
        why: String,
    },
    /// The lock, or a package of it, is not made for the target.
    #[error("{at}: {why}; name another target with --python-version and --platform, or lock for this one")]
    Unfit {
        /// Where.
        at: Box<Spot>,
        /// What does not fit.
        why: String,
    },
    /// Two packages of one name hold at once.
    #[error("{at}: {why}; make the lock again with the tool it comes from, or choose other extras and groups")]
    Ambiguous {
        /// Where.
        at: Box<Spot>,
        /// Which.
        why: String,
    },
    /// An extra, a group or a package is asked for that the lock has not.
    #[error("{} has no {what} `{name}`; {}", .path.display(), has(.what, .known))]
    Missing {
        /// The lock.
        path: PathBuf,
        /// `extra`, `dependency group` or `package`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
}

/// At most twenty, for a workspace can have hundreds.
fn has(what: &str, known: &[String]) -> String {
    let shown = known.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => format!("it has no {what}s"),
        1..=20 => format!("it has {shown}"),
        more => format!("it has {shown} and {} more", more - 20),
    }
}
