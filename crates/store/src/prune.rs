//! Dropping partial files that nobody came back for.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    Store, StoreError,
    ownership::{Owner, Verdict},
    sidecar::{Found, Sidecar},
    staging,
    token::Token,
};

/// How long bytes are kept for a next run.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long what is left of a finished transfer stays, for followers that have not looked yet.
const LINGER: Duration = Duration::from_secs(10 * 60);

/// What was removed of one sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many.
    pub count: u64,
    /// Bytes they held.
    pub bytes: u64,
}

impl Freed {
    pub(crate) const fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What pruning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Partial files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Drops partial files that nobody wrote to for 14 days before `now`, and what is left of finished transfers.
    /// Those of living owners stay.
    ///
    /// # Errors
    /// When the store cannot be listed. What cannot be removed is skipped.
    pub fn prune_partials(&self, now: SystemTime) -> Result<Pruned, StoreError> {
        let partial = self.partial();
        self.prune(now).map_err(|error| StoreError::at("prune", &partial, error))
    }

    /// The same, once a store: nobody has to remember to prune. Failures wait for the next time.
    pub(crate) fn sweep(&self) {
        let now = SystemTime::now();
        let _ = self.prune(now);
        let _ = staging::sweep(&self.staging(), "", now);
    }

    fn prune(&self, now: SystemTime) -> io::Result<Pruned> {
        let mut pruned = Pruned::default();
        let me = Owner::current();
        let entries = match fs::read_dir(self.partial()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(pruned),
            entries => entries?,
        };
        for entry in entries {
            let dir = entry?.path();
            // A directory that changes under us, or is not ours, can wait.
            let _ = prune_key(&dir, now, &me, &mut pruned);
        }
        Ok(pruned)
    }
}

/// The directory of one artifact. Links of the election go last, and only when nothing else is left: then they lead
/// nowhere.
fn prune_key(dir: &Path, now: SystemTime, me: &Owner, pruned: &mut Pruned) -> io::Result<()> {
    let mut links = Vec::new();
    let mut left = false;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            links.push(path);
            continue;
        }
        let age = now.duration_since(metadata.modified()?).unwrap_or_default();
        let removed = match kind(&path) {
            Kind::Part(token) => {
                let gone = age > KEPT && !lives(dir, &token, me)? && fs::remove_file(&path).is_ok();
                if gone {
                    pruned.files += 1;
                    pruned.bytes += metadata.len();
                }
                gone
            }
            Kind::Sidecar(token) => {
                let idle = age > LINGER && !Sidecar::part(dir, &token).exists() && !lives(dir, &token, me)?;
                idle && fs::remove_file(&path).is_ok()
            }
            Kind::Other => age > KEPT && fs::remove_file(&path).is_ok(),
        };
        left |= !removed;
    }
    if !left {
        links.iter().try_for_each(fs::remove_file)?;
        fs::remove_dir(dir)?;
    }
    Ok(())
}

/// A finished transfer lives on in nothing: its file was moved.
fn lives(dir: &Path, token: &Token, me: &Owner) -> io::Result<bool> {
    Ok(match Sidecar::load(dir, token)? {
        Found::Known(sidecar) => {
            let moved = sidecar.len.is_some() && !Sidecar::part(dir, token).exists();
            !moved && sidecar.verdict(me) == Verdict::Live
        }
        Found::Unknown { silent } => !silent,
        Found::Missing => false,
    })
}

enum Kind {
    Part(Token),
    Sidecar(Token),
    Other,
}

fn kind(path: &Path) -> Kind {
    let token = path.file_stem().and_then(|stem| stem.to_str()).and_then(Token::parse);
    match (path.extension().and_then(|extension| extension.to_str()), token) {
        (Some("part"), Some(token)) => Kind::Part(token),
        (Some("json"), Some(token)) => Kind::Sidecar(token),
        _ => Kind::Other,
    }
}
