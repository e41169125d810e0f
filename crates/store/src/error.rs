//! What can go wrong on the local disk, and what a reader is told.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// A failure of the local disk. Every variant names the path and what was needed there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system is full, or a quota is used up.
    #[error("no space left for {}{}: free some, or choose another place", path.display(), more(*need))]
    NoSpace {
        /// The file being written.
        path: PathBuf,
        /// Bytes still to come, where the size is known.
        need: Option<u64>,
        /// What the system said.
        source: io::Error,
    },
    /// The file system is mounted read-only.
    #[error("cannot {need} {}: the file system is read-only", path.display())]
    ReadOnly {
        /// The path that was to be changed.
        path: PathBuf,
        /// What was to be done there, as a verb.
        need: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The permissions do not allow it.
    #[error("not allowed to {need} {}: check its owner and mode, and those of its directory", path.display())]
    Denied {
        /// The path that was to be used.
        path: PathBuf,
        /// What was to be done there, as a verb.
        need: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A destination that is a directory, device, pipe or socket: replacing it by a file would destroy it.
    #[error("{} is not a regular file and will not be replaced", path.display())]
    NotRegular {
        /// The destination.
        path: PathBuf,
    },
    /// Something stands where a tree is to go, and is not the same tree.
    #[error("{} is there already, with other content: move it away or choose another place", path.display())]
    Exists {
        /// The destination, which was left alone.
        path: PathBuf,
    },
    /// A copy came out shorter or longer than the file was said to be.
    #[error("{} has {found} bytes where {expected} were promised", path.display())]
    Length {
        /// The file that was read.
        path: PathBuf,
        /// Bytes promised.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The bytes about to be published have another digest.
    #[error("the bytes for {} have the digest {found}, not {expected}", path.display())]
    Digest {
        /// The destination, which was left alone.
        path: PathBuf,
        /// The digest asked for.
        expected: crate::Digest,
        /// The digest of the bytes.
        found: crate::Digest,
    },
    /// A followed file is somebody else's now.
    #[error("{} was taken over while it was copied: claim it again", path.display())]
    Changed {
        /// The partial file.
        path: PathBuf,
    },
    /// Other processes changed the directory under every try to claim.
    #[error("{} kept changing under {tries} tries to claim it: is something deleting the cache?", path.display())]
    Contended {
        /// The directory of the artifact.
        path: PathBuf,
        /// Tries made.
        tries: u32,
    },
    /// Anything else.
    #[error("could not {need} {}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was to be done there, as a verb.
        need: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn more(need: Option<u64>) -> String {
    need.map(|bytes| format!(" ({bytes} more bytes are needed)")).unwrap_or_default()
}

impl StoreError {
    pub(crate) fn at(need: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoSpace { path, need: None, source },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, need, source },
            ErrorKind::PermissionDenied => Self::Denied { path, need, source },
            _ => Self::Io { path, need, source },
        }
    }

    /// The same error with the number of bytes that were still to come.
    pub(crate) fn needing(mut self, bytes: Option<u64>) -> Self {
        if let Self::NoSpace { need, .. } = &mut self {
            *need = bytes;
        }
        self
    }

    /// The kind of the system's error, for callers that branch on it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSpace { source, .. }
            | Self::ReadOnly { source, .. }
            | Self::Denied { source, .. }
            | Self::Io { source, .. } => source.kind(),
            Self::NotRegular { .. } | Self::Exists { .. } => ErrorKind::AlreadyExists,
            Self::Length { .. } | Self::Digest { .. } => ErrorKind::InvalidData,
            Self::Contended { .. } | Self::Changed { .. } => ErrorKind::ResourceBusy,
        }
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error)
    }
}

/// Carried by a reader's [`io::Error`]: bytes it may have handed out were cut away and will come anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the download was restarted from byte {at}")]
pub struct Restarted {
    /// Bytes below this offset are unchanged.
    pub at: u64,
}

impl Restarted {
    /// The restart an I/O error of a reader carries, if it does.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<Restarted> for io::Error {
    fn from(restarted: Restarted) -> Self {
        Self::other(restarted)
    }
}

/// Carried by a reader's [`io::Error`]: the writer went away, and the bytes after the watermark will not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the download stopped after {len} bytes")]
pub struct Stopped {
    /// Bytes that are there.
    pub len: u64,
}

impl Stopped {
    /// The stop an I/O error of a reader carries, if it does.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<Stopped> for io::Error {
    fn from(stopped: Stopped) -> Self {
        Self::other(stopped)
    }
}
