//! Dropping what nobody came back for.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{Store, StoreError, archive, entry, receipt, staging};

/// What pruning is to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Entries and archives whose last use is not longer ago. Zero keeps none.
    pub unused_for: Duration,
    /// Partial files that were written to since. [`Keep::PARTIALS`] is what every run keeps; zero keeps none.
    pub partials_for: Duration,
}

impl Keep {
    /// 14 days: how long bytes are kept for a next run.
    pub const PARTIALS: Duration = Duration::from_secs(14 * 24 * 60 * 60);
}

/// So much of one sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Bytes they held.
    pub bytes: u64,
}

impl Amount {
    pub(crate) const fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What is in a store, or was removed from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Partial files.
    pub partials: Amount,
    /// Stages: trees on their way.
    pub stages: Amount,
    /// Entries.
    pub trees: Amount,
    /// Archives.
    pub archives: Amount,
}

impl Usage {
    /// All sorts together.
    #[must_use]
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        for freed in [self.partials, self.stages, self.trees, self.archives] {
            total.count += freed.count;
            total.bytes += freed.bytes;
        }
        total
    }
}

impl Store {
    /// Drops entries and archives that nobody used for so long before `now`, partial files that nobody wrote to, what is
    /// left of finished transfers, and stages whose owners died. What belongs to living owners stays.
    ///
    /// # Errors
    /// When the store cannot be listed. What cannot be removed is skipped.
    pub fn prune(&self, now: SystemTime, keep: Keep) -> Result<Usage, StoreError> {
        let mut pruned = Usage::default();
        let listed = |path: &Path, freed: io::Result<_>| freed.map_err(|error| StoreError::at("prune", path, error));
        pruned.partials = listed(&self.partial(), self.prune_partials(now, keep.partials_for))?;
        pruned.stages = listed(&self.staging(), staging::sweep(&self.staging(), "", now))?;
        // Before all time: nothing is that old.
        let limit = now.checked_sub(keep.unused_for).unwrap_or(SystemTime::UNIX_EPOCH);
        let archives = self.root().join("archives");
        each_sharded(&archives, |path| archive::prune(path, limit, &mut pruned.archives))
            .map_err(|error| StoreError::at("prune", &archives, error))?;
        let receipts = self.root().join("receipts");
        each_sharded(&receipts, |path| receipt::prune(path, limit))
            .map_err(|error| StoreError::at("prune", &receipts, error))?;
        let trees = self.root().join("trees");
        each_sharded(&trees, |path| self.prune_entry(path, limit, &mut pruned.trees))
            .map_err(|error| StoreError::at("prune", &trees, error))?;
        Ok(pruned)
    }

    /// Partial files and stages, once a store: nobody has to remember to prune. Failures wait for the next time.
    pub(crate) fn sweep(&self) {
        let now = SystemTime::now();
        let _ = self.prune_partials(now, Keep::PARTIALS);
        let _ = staging::sweep(&self.staging(), "", now);
    }

    fn prune_entry(&self, dir: &Path, limit: SystemTime, freed: &mut Amount) -> io::Result<()> {
        let unused = |dir: &Path| entry::last_use(dir).is_ok_and(|used| used < limit);
        if unused(dir)
            && let Some(bytes) = staging::withdraw(self, dir, unused)?
        {
            freed.add(bytes);
        }
        Ok(())
    }
}

/// Everything at `<top>/<algorithm>/<aa>/<name>`. What resists does not keep the others.
pub(crate) fn each_sharded(top: &Path, mut visit: impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let list = |dir: &Path| match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        entries => entries?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>(),
    };
    for algorithm in list(top)? {
        for shard in list(&algorithm)? {
            for path in list(&shard)? {
                let _ = visit(&path);
            }
        }
    }
    Ok(())
}
