//! What is in a store, and whether it is whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use crate::{Algorithm, Amount, Digest, Store, StoreError, Usage, archive, entry, prune::each_sharded, staging, tree};

/// Something in a store that is not what it says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it was.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// Whether it was removed; else something on the disk prevents it.
    pub removed: bool,
}

impl Store {
    /// Counts what is there: partial files, trees on their way, entries, archives. An empty or missing store has nothing.
    ///
    /// # Errors
    /// When the store cannot be listed. What goes away meanwhile is not counted.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        let at = |path: &Path, error| StoreError::at("read", path, error);
        let partial = self.partial();
        usage.partials = partials(&partial).map_err(|error| at(&partial, error))?;
        let stages = self.staging();
        usage.stages = each_tree(&stages).map_err(|error| at(&stages, error))?;
        let (archives, trees) = (self.root().join("archives"), self.root().join("trees"));
        each_sharded(&archives, |path| {
            let found = fs::symlink_metadata(path)?;
            if found.is_file() && path.extension().is_none() {
                usage.archives.add(found.len());
            }
            Ok(())
        })
        .map_err(|error| at(&archives, error))?;
        each_sharded(&trees, |path| {
            usage.trees.add(tree::measure(path)?.bytes);
            Ok(())
        })
        .map_err(|error| at(&trees, error))?;
        Ok(usage)
    }

    /// Looks at every archive and every entry, and removes what is damaged: an archive that has not the digest it is kept
    /// by, an entry that has not the files and bytes it was published with. `see` hears of each before it is looked at.
    /// Reads all archives; takes as long as hashing them does. What was changed in an entry without changing its size is
    /// not noticed.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub fn verify(&self, mut see: impl FnMut(&Path)) -> Result<Vec<Damage>, StoreError> {
        let mut damages = Vec::new();
        let archives = self.root().join("archives");
        each_sharded(&archives, |path| {
            if path.extension().is_none() {
                see(path);
                damages.extend(archive_damage(path));
            }
            Ok(())
        })
        .map_err(|error| StoreError::at("read", &archives, error))?;
        let trees = self.root().join("trees");
        each_sharded(&trees, |path| {
            see(path);
            damages.extend(self.entry_damage(path));
            Ok(())
        })
        .map_err(|error| StoreError::at("read", &trees, error))?;
        Ok(damages)
    }

    fn entry_damage(&self, path: &Path) -> Option<Damage> {
        let damage = |what: String, removed| Some(Damage { path: path.to_path_buf(), what, removed });
        let Some(digest) = digest_of(path) else {
            let removed = staging::withdraw(self, path, |_| true);
            return damage("its name is no digest".to_owned(), removed.is_ok());
        };
        match entry::is_whole(path, &digest) {
            Ok(true) => None,
            Ok(false) if !path.exists() => None,
            Ok(false) => {
                let still = |moved: &Path| matches!(entry::is_whole(moved, &digest), Ok(false));
                match staging::withdraw(self, path, still) {
                    // Somebody has replaced it meanwhile.
                    Ok(None) => None,
                    removed => damage("files or bytes are missing, or too many".to_owned(), removed.is_ok()),
                }
            }
            Err(error) => damage(format!("it cannot be read: {error}"), false),
        }
    }
}

fn archive_damage(path: &Path) -> Option<Damage> {
    let damage = |what: String| {
        let removed = archive::remove(path).is_ok();
        Some(Damage { path: path.to_path_buf(), what, removed })
    };
    let Some(digest) = digest_of(path) else { return damage("its name is no digest".to_owned()) };
    match Digest::of_file(digest.algorithm(), path) {
        Ok(found) if found == digest => None,
        Ok(found) => damage(format!("its digest is {found}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Damage { path: path.to_path_buf(), what: error.to_string(), removed: false }),
    }
}

/// The digest something at `<sort>/<algorithm>/<aa>/<digest>` is kept by.
fn digest_of(path: &Path) -> Option<Digest> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let algorithm = Algorithm::from_str(&name(path.parent()?.parent()?)?).ok()?;
    Digest::new(algorithm, &name(path)?).ok()
}

fn partials(dir: &Path) -> io::Result<Amount> {
    let mut amount = Amount::default();
    for key in list(dir)? {
        for path in list(&key).unwrap_or_default() {
            if path.extension().is_some_and(|extension| extension == "part")
                && let Ok(found) = fs::symlink_metadata(&path)
            {
                amount.add(found.len());
            }
        }
    }
    Ok(amount)
}

fn each_tree(dir: &Path) -> io::Result<Amount> {
    let mut amount = Amount::default();
    for path in list(dir)? {
        if let Ok(found) = tree::measure(&path) {
            amount.add(found.bytes);
        }
    }
    Ok(amount)
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        entries => entries?.map(|entry| entry.map(|entry| entry.path())).collect(),
    }
}
