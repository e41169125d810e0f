//! Whole archives, kept by their digest.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    Digest, Spool, Store, StoreError, entry, persist,
    proof::{self, Proof},
    prune::Amount,
};

/// How long the proof of an archive that is gone stays: one may be about to arrive.
const LINGER: Duration = Duration::from_secs(10 * 60);

impl Store {
    fn archive_path(&self, digest: &Digest) -> PathBuf {
        self.sharded("archives", digest)
    }

    /// The kept archive of a digest, and counts as a use of it. One of an earlier boot is hashed first, once; if it
    /// lost bytes to a power failure it is removed. Open it at once: pruning may remove it.
    ///
    /// # Errors
    /// When the store cannot be read, or a damaged archive not be removed.
    pub fn archive(&self, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
        let path = self.archive_path(digest);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(StoreError::NotRegular { path }),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::at("look at", &path, error)),
        }
        let proof = proof::load::<Proof>(&proof_of(&path)).ok().flatten();
        if !proof.as_ref().is_some_and(Proof::holds) {
            match Digest::of_file(digest.algorithm(), &path) {
                Ok(found) if found == *digest => {}
                Ok(_) => {
                    remove(&path).map_err(|error| StoreError::at("remove", &path, error))?;
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
            // A store that may only be read is as good.
            let _ = proof::save(&proof_of(&path), &proof.map_or_else(Proof::new, Proof::renewed));
        }
        let _ = entry::touch(&path);
        Ok(Some(path))
    }
}

impl Spool {
    /// Completes the spool and keeps it as the archive of `digest`, which the caller has found to be that of its bytes.
    /// As [`Spool::persist`] otherwise: whole or not at all, and readers and followers go on. Says where it is.
    ///
    /// # Errors
    /// As [`Spool::persist`]; the bytes are then kept for the next claim.
    pub fn keep(self, store: &Store, digest: &Digest) -> Result<PathBuf, StoreError> {
        let path = store.archive_path(digest);
        store.make_dir(path.parent().unwrap_or(&path))?;
        self.persist(&path)?;
        // Without it the next use hashes the archive, no more.
        let _ = proof::save(&proof_of(&path), &Proof::new());
        Ok(path)
    }
}

fn proof_of(archive: &Path) -> PathBuf {
    archive.with_extension("json")
}

pub(crate) fn remove(archive: &Path) -> io::Result<()> {
    fs::remove_file(archive).or_else(persist::gone_is_fine)?;
    fs::remove_file(proof_of(archive)).or_else(persist::gone_is_fine)
}

/// Removes one file of the archives' directories if nobody used it since `limit`.
pub(crate) fn prune(path: &Path, limit: SystemTime, freed: &mut Amount) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let used = metadata.modified()?;
    if path.extension().is_some() {
        let alone = !path.with_extension("").exists();
        let old = SystemTime::now().duration_since(used).is_ok_and(|age| age > LINGER);
        return if alone && old { fs::remove_file(path) } else { Ok(()) };
    }
    if used < limit {
        remove(path)?;
        freed.add(metadata.len());
    }
    Ok(())
}
