//! An unpacked tree, to be looked at by rules.

use std::{
    fs::File,
    io::{self, Read as _},
};

use crate::{
    ArchiveError, Problem, UnpackError,
    names::{Entry, Kind, Names},
    tree::Tree,
};

/// Most of what a file that is read whole may have, METADATA for one with its description: 16 MiB.
const MOST: u64 = 16 << 20;

pub(super) struct View<'a> {
    tree: &'a Tree,
    names: &'a Names,
}

impl<'a> View<'a> {
    pub(super) const fn new(tree: &'a Tree, names: &'a Names) -> Self {
        Self { tree, names }
    }

    pub(super) const fn tree(&self) -> &Tree {
        self.tree
    }

    pub(super) const fn names(&self) -> &'a Names {
        self.names
    }

    /// A rule is broken, by a member or by the wheel as a whole.
    pub(super) fn refuse(&self, member: Option<&str>, detail: impl Into<String>) -> ArchiveError {
        let problem = Problem::Wheel { detail: detail.into() };
        match member {
            Some(name) => problem.of(name, self.names.get(name).map_or(0, |entry| entry.at)),
            None => problem.at(0),
        }
    }

    /// A file, by its name.
    pub(super) fn file(&self, name: &str) -> Option<&'a Entry> {
        self.names.get(name).filter(|entry| entry.kind == Kind::File)
    }

    /// Opens a file of the tree.
    pub(super) fn open(&self, name: &str) -> Result<File, UnpackError> {
        let path = self.tree.root().join(name);
        File::open(&path).map_err(|error| UnpackError::disk("open", path, error))
    }

    /// The content of a file, or nothing where there is no such file.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, UnpackError> {
        let Some(entry) = self.file(name) else { return Ok(None) };
        if entry.size > MOST {
            return Err(self.refuse(Some(name), format!("it has more than {MOST} bytes")).into());
        }
        let mut content = Vec::new();
        let read = self.open(name)?.take(MOST).read_to_end(&mut content);
        read.map_err(|error| self.unread(name, error))?;
        Ok(Some(content))
    }

    /// The disk did not give back what was written.
    pub(super) fn unread(&self, name: &str, error: io::Error) -> UnpackError {
        UnpackError::disk("read", self.tree.root().join(name), error)
    }
}
