//! What is to become of an artifact.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use towline_store::{Digest, Entry, Placed, Spool, copy_open};
use towline_unpack::{Format, Limits, Unpacked};

use crate::{FetchError, fetcher::make_folder};

/// What is to become of an artifact.
#[derive(Debug, Clone)]
pub enum Goal {
    /// A file at this path; one that is there is replaced, unless it has the digest already.
    File(PathBuf),
    /// An open file, verified; see [`Held`].
    Held,
    /// Its members in a directory at this path; see [`Tree`].
    Tree {
        /// The directory, which must not exist, be empty, or hold exactly what the archive does (`__pycache__` apart).
        at: PathBuf,
        /// How it is unpacked.
        tree: Tree,
    },
    /// An entry of the store, kept by the digest of the archive.
    Entry {
        /// How it is unpacked.
        tree: Tree,
        /// Whether the archive is kept as well. Default of programs: no.
        archive: bool,
    },
}

/// How an archive is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    /// What the archive is said to be; [`Format::of_name`] reads it off a file name.
    pub format: Format,
    /// Bounds on what comes out.
    pub limits: Limits,
}

impl Tree {
    /// With the default limits.
    #[must_use]
    pub fn of(format: Format) -> Self {
        Self { format, limits: Limits::default() }
    }
}

impl Goal {
    pub(crate) const fn tree(&self) -> Option<Tree> {
        match self {
            Self::File(_) | Self::Held => None,
            Self::Tree { tree, .. } | Self::Entry { tree, .. } => Some(*tree),
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub enum Done {
    /// The file is at its place.
    File,
    /// The file was there already, with the right digest.
    WasThere,
    /// Here it is.
    Held(Box<Held>),
    /// The tree is at its place.
    Tree {
        /// What came out of the archive.
        unpacked: Unpacked,
        /// Whether it was there already.
        placed: Placed,
    },
    /// The entry is in the store.
    Entry(Entry),
}

/// A verified file, open at its beginning. Dropping it keeps the bytes for the next run; [`Held::used`] does not.
#[derive(Debug)]
pub struct Held {
    /// The bytes.
    pub file: File,
    /// How many.
    pub len: u64,
    pub(crate) spool: Option<Spool>,
}

impl Held {
    /// Moves it to a path, as [`Goal::File`] does: whole or not at all; what is there is replaced.
    ///
    /// # Errors
    /// On failures of the disk, and where something other than a file is.
    pub fn persist(self, dest: &Path) -> Result<(), FetchError> {
        make_folder(dest)?;
        match self.spool {
            Some(spool) => spool.persist(dest)?,
            None => copy_open(&self.file, dest)?,
        }
        Ok(())
    }

    /// The bytes were used: the partial file can go.
    pub fn used(self) {
        if let Some(spool) = self.spool {
            spool.hand_over();
        }
    }
}

/// What an unpacked tree is published as.
pub(crate) struct Verified {
    /// That of the archive, where it is known.
    pub(crate) digest: Option<Digest>,
    /// Bytes of the archive.
    pub(crate) size: u64,
}
