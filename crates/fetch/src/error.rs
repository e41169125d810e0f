//! Why an artifact did not reach its goal.

use std::{io, path::PathBuf};

use towline_store::{Digest, HashError, StoreError};
use towline_transfer::Failure;
use towline_unpack::ArchiveError;

/// Why an artifact did not reach its goal. Of several reasons, the first cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The transfer failed; the attempts are in [`Outcome::log`](crate::Outcome::log).
    #[error("could not download it: {}", .0.cause)]
    Transfer(Failure),
    /// No attempt could be made.
    #[error(transparent)]
    Setup(#[from] towline_client::SetupError),
    /// The archive is refused, though its bytes are those that were wanted, as far as anything vouches for them.
    #[error("the archive is refused: {0}")]
    Archive(ArchiveError),
    /// A local file has another digest.
    #[error("its {} is {}, not {}", .found.algorithm(), .found.hex(), .expected.hex())]
    Digest {
        /// The digest asked for.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// A local file cannot be read.
    #[error("cannot read {}", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something was to be unpacked, and the goal is no tree.
    #[error("only a tree or an entry can be the goal of what is unpacked")]
    NoTree,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The local disk.
    #[error("cannot {what} {}", path.display())]
    Disk {
        /// What was to be done there, as a verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room for the tree.
    #[error(
        "no space left for {}: the archive takes {archive} bytes and its tree more than {tree}; free some, or choose another cache directory and destination",
        path.display()
    )]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// Bytes of the archive: all of them where the size is known, else those held.
        archive: u64,
        /// Bytes of the tree when the space was used up.
        tree: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The destination of a file is a directory.
    #[error("{} is a directory", .0.display())]
    IsDirectory(PathBuf),
    /// A thread could not be started, or ended before it was done.
    #[error("cannot go on")]
    Runtime(#[source] io::Error),
}

impl FetchError {
    pub(crate) fn disk(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Disk { what, path: path.into(), source }
    }
}
