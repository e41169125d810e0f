//! The directory.

use std::{
    fs::{self, DirBuilder},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

use crate::{Digest, StoreError};

/// The Cache Directory Tagging Specification (<https://bford.info/cachedir/>): back-up programs skip the directory.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This directory holds downloads of Towline. It may be deleted at any time.\n";

/// A directory of partial files, stages, entries and archives, shared by runs and processes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    swept: Arc<Once>,
}

impl Store {
    /// A store at a directory, which is created when it is first written to.
    ///
    /// # Errors
    /// When the path is empty, or is relative and the working directory cannot be found.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let root = std::path::absolute(&root).map_err(|error| StoreError::at("find", &root, error))?;
        Ok(Self { root, swept: Arc::new(Once::new()) })
    }

    /// The directory, as an absolute path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn partial(&self) -> PathBuf {
        self.root.join("partial")
    }

    /// Where something of a digest is, in directories that do not grow without bound.
    pub(crate) fn sharded(&self, sort: &str, digest: &Digest) -> PathBuf {
        // The digits of a digest are ASCII, and there are 64.
        let (shard, _) = digest.hex().split_at(2);
        self.root.join(sort).join(digest.algorithm().name()).join(shard).join(digest.hex())
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        fs::create_dir_all(&self.root).map_err(|error| StoreError::at("create", &self.root, error))?;
        let tag = self.root.join("CACHEDIR.TAG");
        let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&tag);
        match written.and_then(|mut file| file.write_all(TAG.as_bytes())) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(StoreError::at("create", &tag, error));
            }
            _ => {}
        }
        self.swept.call_once(|| self.sweep());
        Ok(())
    }

    /// Private: what is in it may be of a private index.
    pub(crate) fn make_dir(&self, dir: &Path) -> Result<(), StoreError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| StoreError::at("create", dir, error))
    }
}
