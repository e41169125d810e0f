//! Requirements files, and requirements given as arguments.
//!
//! The format is pip's ("Requirements File Format" of its documentation), for it has no other specification: lines are joined at a trailing
//! backslash before comments are taken off, `${VAR}` is replaced, `-r` and `-c` are relative to the file they stand in. What would
//! have to be built (`-e`, VCS, directories) is read and told apart, not refused: see [`What::Built`].
//!
//! **Hash mode** is on as soon as one requirement has a `--hash`, or with `--require-hashes`: then every requirement has to be pinned (`==`,
//! `===` or a URL) and to have a hash, or [`Requirements::active`] fails: only what holds for the target counts.

mod active;
mod entry;
mod error;
mod lines;
mod options;
mod reader;

pub use active::{Active, Asked};
pub use entry::{Direct, Entry, Named, Origin, What};
pub use error::RequirementsError;

use std::path::PathBuf;

use crate::Kind;

/// What requirements files and arguments ask for, in their order.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    /// The requirements.
    pub entries: Vec<Entry>,
    /// What `-c` restricts: versions of packages that are asked for elsewhere.
    pub constraints: Vec<Entry>,
    /// `-i`; of several the last one counts, as in pip.
    pub index_url: Option<String>,
    /// `--extra-index-url`.
    pub extra_index_urls: Vec<String>,
    /// `--no-index`.
    pub no_index: bool,
    /// `-f`, each with the folder that it is relative to.
    pub find_links: Vec<(String, PathBuf)>,
    /// `--only-binary` (wheels) and `--no-binary` (source distributions), with their names, in their order: [`Rules::only`] takes them.
    ///
    /// [`Rules::only`]: crate::select::Rules::only
    pub forms: Vec<(Kind, String, Origin)>,
    /// `--prefer-binary`.
    pub prefer_binary: bool,
    /// `--pre`.
    pub pre: bool,
    /// `--require-hashes`.
    pub require_hashes: bool,
    /// What was read and means nothing here.
    pub warnings: Vec<String>,
    /// Files read so far: they may include each other many times over.
    files: usize,
}

impl Requirements {
    /// Whether every requirement has to have a hash.
    #[must_use]
    pub fn hash_mode(&self) -> bool {
        self.require_hashes || self.entries.iter().chain(&self.constraints).any(Entry::is_hashed)
    }

    /// In hash mode: the first of these that is not pinned, or has no hash, is an error. A constraint may say both.
    fn vouched(&self, entries: &[&Entry], constraints: &[&Entry]) -> Result<(), RequirementsError> {
        if !self.hash_mode() {
            return Ok(());
        }
        let switch = if self.require_hashes { "--require-hashes is given" } else { "another one has a hash" };
        for entry in entries {
            let about = || constraints.iter().copied().filter(|constraint| constraint.package() == entry.package());
            let pinned = |named: &Named| {
                let pins = |other: &Entry| match &other.what {
                    What::Named(named) => named.is_pinned(),
                    other => matches!(other, What::Direct(_)),
                };
                named.is_pinned() || about().any(pins)
            };
            let hashed = || entry.is_hashed() || about().any(|other| other.is_hashed());
            let missing = match &entry.what {
                What::Built(_) => "is not a file, and nothing could vouch for it: build a wheel and name that",
                What::Named(named) if !pinned(named) => "names no one version: pin it with ==",
                _ if !hashed() => "has no hash: add --hash=sha256:…, or let `uv pip compile --generate-hashes` do it",
                _ => continue,
            };
            return Err(entry.origin.error(format!("`{}` {missing} ({switch})", entry.text)));
        }
        Ok(())
    }
}
