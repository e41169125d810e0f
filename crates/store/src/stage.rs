//! Private directories in which trees come to be, before they appear at once.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::{Store, StoreError, mark, registry::Held, staging, token::Token, tree};

/// What [`Stage::place`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// Nothing, or an empty directory: the tree is there now.
    Moved,
    /// The same tree already, which was left as it is.
    Was,
}

/// A private directory for a tree that is being made. Dropping it removes everything in it; what a killed process
/// left is removed by the next one, and that of a living owner never.
#[derive(Debug)]
pub struct Stage {
    pub(crate) store: Store,
    dir: PathBuf,
    tree: PathBuf,
    _held: Held,
}

impl Store {
    /// Makes a stage: in the store, or, where `near` names the place a tree is to go and that is on another file
    /// system, as `.towline-<token>` beside it (missing parents of `near` are created then).
    ///
    /// # Errors
    /// On failures of the disk, and when `near` cannot be a place for a tree, as `/` or a dangling link.
    pub fn stage(&self, near: Option<&Path>) -> Result<Stage, StoreError> {
        if let Some(dest) = near {
            let dest = staging::destination(dest)?;
            let parent = dest.parent().unwrap_or_else(|| Path::new("/"));
            if !staging::one_mount(parent, self.root())? {
                return Stage::beside(self, parent);
            }
        }
        self.prepare()?;
        let home = self.staging();
        self.make_dir(&home)?;
        Stage::new(self, &home, "")
    }
}

impl Stage {
    fn beside(store: &Store, parent: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(parent).map_err(|error| StoreError::at("create", parent, error))?;
        // What cannot be swept waits for the next time.
        let _ = staging::sweep(parent, staging::BESIDE, std::time::SystemTime::now());
        Self::new(store, parent, staging::BESIDE)
    }

    fn new(store: &Store, home: &Path, prefix: &str) -> Result<Self, StoreError> {
        let token = Token::random();
        let dir = home.join(format!("{prefix}{token}"));
        // Before the directory bears the token: who finds it must find that its owner lives.
        let held = Held::new(token.clone());
        DirBuilder::new().mode(0o700).create(&dir).map_err(|error| StoreError::at("create", &dir, error))?;
        let tree = dir.join(staging::ENTRY).join(staging::TREE);
        let stage = Self { store: store.clone(), dir, tree, _held: held };
        mark::write(&stage.dir, &token)?;
        fs::create_dir(stage.entry()).map_err(|error| StoreError::at("create", &stage.entry(), error))?;
        stage.make_tree()?;
        Ok(stage)
    }

    fn make_tree(&self) -> Result<(), StoreError> {
        fs::create_dir(&self.tree).map_err(|error| StoreError::at("create", &self.tree, error))
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What an entry consists of: the tree and, later, its record.
    pub(crate) fn entry(&self) -> PathBuf {
        self.dir.join(staging::ENTRY)
    }

    /// The directory to fill: empty at first, its mode is what the umask leaves of 0777.
    #[must_use]
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// Empties the tree, for an unpack that starts over. Nothing may be writing to it.
    ///
    /// # Errors
    /// On failures of the disk.
    pub fn clear(&self) -> Result<(), StoreError> {
        tree::remove(&self.tree).map_err(|error| StoreError::at("empty", &self.tree, error))?;
        self.make_tree()
    }

    /// Moves the tree to `dest`, by one rename: whoever looks sees nothing or the whole tree. Missing parents are
    /// created. Nothing is ever replaced but an empty directory; a symbolic link at `dest` stays, and counts as the
    /// directory it leads to. Where `dest` turns out to be on another file system than this stage, the tree is copied
    /// beside it first.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when something else is there; and on any failure of the disk. The tree is gone then.
    pub fn place(self, dest: &Path) -> Result<Placed, StoreError> {
        let dest = staging::destination(dest)?;
        let parent = dest.parent().unwrap_or_else(|| Path::new("/"));
        fs::create_dir_all(parent).map_err(|error| StoreError::at("create", parent, error))?;
        match self.try_place(&dest) {
            // One device mounted twice looks like one file system, and is not one to rename(2).
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => {
                let near = Self::beside(&self.store, parent)?;
                near.fill(&self.tree, None)?;
                near.try_place(&dest)
            }
            placed => placed,
        }
    }

    /// A rename of a directory replaces nothing but an empty directory (POSIX, `rename`), so no flag is needed that
    /// some file systems do not know.
    fn try_place(&self, dest: &Path) -> Result<Placed, StoreError> {
        let Err(error) = fs::rename(&self.tree, dest) else { return Ok(Placed::Moved) };
        if !staging::is_occupied(&error) {
            return Err(StoreError::at("move the finished tree to", dest, error));
        }
        staging::compare(&self.tree, dest)
    }

    /// Copies another tree into this one; `bytes` is what it is said to hold, for the message of a full disk.
    pub(crate) fn fill(&self, from: &Path, bytes: Option<u64>) -> Result<(), StoreError> {
        let mut done = 0;
        tree::copy(from, &self.tree, |len| done += len).map_err(|error| {
            let need = bytes.map(|bytes| bytes.saturating_sub(done));
            StoreError::at("copy a tree to", &self.tree, error).needing(need)
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed now is swept later.
        let _ = staging::dissolve(&self.dir);
    }
}
