//! A store in a directory that goes away, and hands on its files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;
use towline_store::{Claim, Follower, Key, Spool, Store};

pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    pub(crate) key: Key,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("cache")).unwrap();
        Self { dir, store, key: Key::of_digest("sha256", "ab") }
    }

    /// In memory where that is possible: ext4 is slow to create files just after many were deleted.
    pub(crate) fn fast() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let store = Store::open(dir.path().join("cache")).unwrap();
        Self { dir, store, key: Key::of_digest("sha256", "ab") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn lead(&self) -> Spool {
        match self.store.claim(&self.key).unwrap() {
            Claim::Lead(spool) => spool,
            Claim::Follow(follower) => panic!("follows {}", follower.path().display()),
        }
    }

    pub(crate) fn follow(&self) -> Follower {
        match self.store.claim(&self.key).unwrap() {
            Claim::Follow(follower) => follower,
            Claim::Lead(spool) => panic!("leads {}", spool.path().display()),
        }
    }

    pub(crate) fn partial(&self) -> PathBuf {
        self.store.root().join("partial").join(self.key.as_str())
    }

    /// Names with an extension in the artifact's directory.
    pub(crate) fn files(&self, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.partial()) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
    }
}

/// Rewrites a sidecar.
pub(crate) fn forge(sidecar: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(sidecar).unwrap()).unwrap();
    change(&mut value);
    fs::write(sidecar, serde_json::to_vec(&value).unwrap()).unwrap();
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
