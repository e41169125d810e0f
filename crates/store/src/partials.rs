//! Dropping partial files that nobody came back for.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    Store,
    ownership::{Owner, Verdict},
    prune::{Amount, Keep},
    sidecar::{Found, Sidecar},
    token::Token,
};

/// How long what is left of a finished transfer stays, for followers that have not looked yet.
const LINGER: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// Drops partial files that nobody wrote to for so long before `now`, and what is left of finished transfers.
    pub(crate) fn prune_partials(&self, now: SystemTime, kept: Duration) -> io::Result<Amount> {
        let mut freed = Amount::default();
        let me = Owner::current();
        let entries = match fs::read_dir(self.partial()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(freed),
            entries => entries?,
        };
        for entry in entries {
            let dir = entry?.path();
            // A directory that changes under us, or is not ours, can wait.
            let _ = prune_key(&dir, now, kept, &me, &mut freed);
        }
        Ok(freed)
    }
}

/// The directory of one artifact. Links of the election go last, and only when nothing else is left: then they lead
/// nowhere.
fn prune_key(dir: &Path, now: SystemTime, kept: Duration, me: &Owner, freed: &mut Amount) -> io::Result<()> {
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
                let gone = age >= kept && !lives(dir, &token, me)? && fs::remove_file(&path).is_ok();
                if gone {
                    freed.add(metadata.len());
                }
                gone
            }
            Kind::Sidecar(token) => {
                let idle = age > LINGER && !Sidecar::part(dir, &token).exists() && !lives(dir, &token, me)?;
                idle && fs::remove_file(&path).is_ok()
            }
            Kind::Other => age > Keep::PARTIALS && fs::remove_file(&path).is_ok(),
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
