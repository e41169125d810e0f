//! Unpacked trees, by the digest of the archive they came from.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Placed, Stage, Store, StoreError,
    proof::{self, Proof},
    staging, tree,
};

const RECORD: &str = "entry.json";
/// Each failed try means that a damaged entry was removed or another process published.
const TRIES: u32 = 20;

/// What an entry is: for people, for tools, and for its own check. After a crash of the system an entry whose tree
/// does not have so many files and bytes is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The file name of the archive.
    pub name: String,
    /// What sort of archive it is, as `wheel`.
    pub kind: String,
    /// Bytes of the archive.
    pub size: u64,
    /// Paths in the tree that are not directories: files and symbolic links.
    pub files: u64,
    /// The sum of the sizes of those that are regular files.
    pub bytes: u64,
}

/// `entry.json`. A later version may add to it; what it cannot add to has another directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    digest: Digest,
    #[serde(flatten)]
    description: Description,
    #[serde(flatten)]
    proof: Proof,
}

/// A published tree. It is whole, and nobody writes to it; pruning and [`Entry::remove`] take it away at once.
#[derive(Debug, Clone)]
pub struct Entry {
    store: Store,
    dir: PathBuf,
    tree: PathBuf,
    description: Description,
}

/// What stands where an entry is expected.
enum Found {
    Missing,
    Whole(Record),
    Damaged,
}

impl Store {
    fn entry_dir(&self, digest: &Digest) -> PathBuf {
        self.sharded("trees", digest)
    }

    /// The entry of an archive's digest, and counts as a use of it. An entry of an earlier boot that lost files or bytes
    /// to a power failure is removed, and so is what is damaged otherwise.
    ///
    /// # Errors
    /// When the store cannot be read, or a damaged entry not be removed.
    pub fn entry(&self, digest: &Digest) -> Result<Option<Entry>, StoreError> {
        let dir = self.entry_dir(digest);
        match find(&dir, digest).map_err(|error| StoreError::at("read", &dir, error))? {
            Found::Missing => Ok(None),
            Found::Damaged => {
                let damaged = |moved: &Path| matches!(find(moved, digest), Ok(Found::Damaged));
                staging::withdraw(self, &dir, damaged).map_err(|error| StoreError::at("remove", &dir, error))?;
                Ok(None)
            }
            Found::Whole(record) => {
                // A store that may only be read is as good.
                let _ = record.used(&dir);
                Ok(Some(Entry::new(self, dir, record.description)))
            }
        }
    }
}

fn find(dir: &Path, digest: &Digest) -> io::Result<Found> {
    look(dir, digest, |record| record.proof.holds())
}

/// `trusted` says whether the tree need not be counted.
fn look(dir: &Path, digest: &Digest, trusted: impl FnOnce(&Record) -> bool) -> io::Result<Found> {
    let record = match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() => proof::load::<Record>(&dir.join(RECORD)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => Err(error),
    };
    let record = match record {
        Ok(Some(record)) if record.digest == *digest => record,
        Ok(_) => return Ok(Found::Damaged),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Damaged),
        Err(error) => return Err(error),
    };
    if trusted(&record) {
        return Ok(Found::Whole(record));
    }
    match tree::measure(&dir.join(staging::TREE)) {
        Ok(found) if (found.files, found.bytes) == (record.description.files, record.description.bytes) => {
            Ok(Found::Whole(record))
        }
        Ok(_) => Ok(Found::Damaged),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Damaged),
        Err(error) => Err(error),
    }
}

/// Whether an entry has all its files and bytes, counted anew.
pub(crate) fn is_whole(dir: &Path, digest: &Digest) -> io::Result<bool> {
    Ok(matches!(look(dir, digest, |_| false)?, Found::Whole(_)))
}

impl Record {
    /// The record's time of change is that of the last use.
    fn used(&self, dir: &Path) -> io::Result<()> {
        let path = dir.join(RECORD);
        if self.proof.holds() {
            return touch(&path);
        }
        proof::save(&path, &Self { proof: self.proof.clone().renewed(), ..self.clone() })
    }
}

/// Sets the time of change to now.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    File::open(path)?.set_modified(SystemTime::now())
}

/// When an entry was used last.
pub(crate) fn last_use(dir: &Path) -> io::Result<SystemTime> {
    fs::symlink_metadata(dir.join(RECORD)).or_else(|_| fs::symlink_metadata(dir))?.modified()
}

impl Stage {
    /// Publishes the tree as the entry of the archive it came from, by one rename: nobody ever sees part of it.
    /// `description` must be true: see there. If somebody else published the same digest meanwhile, that entry is
    /// returned and this tree dropped. Nothing is synced; what that costs after a power failure is one look at the
    /// entry, or one download: see `docs/design/2026-11-25-entries.md`.
    ///
    /// # Errors
    /// On any failure of the disk, and for a stage that is not in the store. The tree is gone then.
    pub fn publish(self, digest: &Digest, description: Description) -> Result<Entry, StoreError> {
        let store = self.store.clone();
        let (dir, staged) = (store.entry_dir(digest), self.entry());
        if cfg!(debug_assertions) {
            fits(&self, &description)?;
        }
        let record = Record { digest: digest.clone(), description, proof: Proof::new() };
        serde_json::to_vec(&record)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(staged.join(RECORD), text))
            .map_err(|error| StoreError::at("write", &staged.join(RECORD), error))?;
        store.make_dir(dir.parent().unwrap_or(&dir))?;
        for _ in 0..TRIES {
            match fs::rename(&staged, &dir) {
                Ok(()) => return Ok(Entry::new(&store, dir, record.description)),
                Err(error) if staging::is_occupied(&error) => {
                    if let Some(theirs) = store.entry(digest)? {
                        return Ok(theirs);
                    }
                }
                Err(error) => return Err(StoreError::at("publish", &dir, error)),
            }
        }
        Err(StoreError::Contended { path: dir, tries: TRIES })
    }
}

/// A wrong description would cost each entry after the next boot. Too slow for every day: 5 microseconds a file.
fn fits(stage: &Stage, description: &Description) -> Result<(), StoreError> {
    let found = tree::measure(stage.tree()).map_err(|error| StoreError::at("count", stage.tree(), error))?;
    if (found.files, found.bytes) == (description.files, description.bytes) {
        return Ok(());
    }
    let error = io::Error::new(ErrorKind::InvalidInput, format!("there are {found:?}, not {description:?}"));
    Err(StoreError::at("publish", stage.tree(), error))
}

impl Entry {
    fn new(store: &Store, dir: PathBuf, description: Description) -> Self {
        Self { store: store.clone(), tree: dir.join(staging::TREE), dir, description }
    }

    /// The tree. To be read only: whoever changes a file in it changes it for everyone.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.tree
    }

    /// What was said when it was published.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Copies the tree to `dest`, where it appears at once as with [`Stage::place`]; the copy shares its blocks with the
    /// entry where the file system can do that. Modes are those of new files, executable where the entry's are.
    ///
    /// # Errors
    /// As [`Stage::place`], and when the entry was pruned meanwhile.
    pub fn place(&self, dest: &Path) -> Result<Placed, StoreError> {
        if staging::is_taken(dest)? {
            return staging::compare(&self.tree, &staging::destination(dest)?);
        }
        let stage = self.store.stage(Some(dest))?;
        stage.fill(&self.tree, Some(self.description.bytes))?;
        stage.place(dest)
    }

    /// Takes the entry out of the store. It is gone at once, then its files are removed.
    ///
    /// # Errors
    /// When it cannot be moved away or removed; an entry that is gone already is none.
    pub fn remove(self) -> Result<(), StoreError> {
        staging::withdraw(&self.store, &self.dir, |_| true)
            .map(drop)
            .map_err(|error| StoreError::at("remove", &self.dir, error))
    }
}
