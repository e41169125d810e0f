//! Where trees were placed, so that the next run need not bring an archive to see that its tree is there.
//!
//! A receipt says of a directory that it came from the archive of a digest, and when. It holds as long as nothing in the directory has
//! changed since: the time of the last change of a file's content, mode or name (`st_ctime`) cannot be set by anyone, and the sum over all names
//! and sizes has to be what it was. What is in `__pycache__`, where Python puts what it makes of the rest, does not matter; that it was made
//! changes a directory, so of directories those do not hold that were renamed or got another mode (`st_mtime` is older then). When in
//! doubt a receipt does not hold: then the archive comes again and is compared.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{Digest, Stage, Store, StoreError, persist, proof, same, staging, token::Token, tree};

/// Directories that are remembered for a digest; the ones used last stay.
const KEPT: usize = 32;

/// What was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The file name of the archive.
    pub name: String,
    /// What sort of archive it is, as `wheel`: by which rules it was unpacked.
    pub kind: String,
    /// Regular files.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Symbolic links.
    pub links: u64,
    /// The sum of the sizes of the files.
    pub bytes: u64,
    /// The sum of what each name adds: see [`Outline`].
    pub outline: u64,
}

/// What a name adds to the outline of a tree: its path relative to the tree, `d`, `f` or `l`, and the size of a file.
pub type Outline = fn(path: &[u8], kind: u8, size: u64) -> u64;

/// A moment, by the clock of the file system that a stage is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(i64, i64);

impl Stage {
    /// Now. Taken when the tree is finished and before it is placed, so that whatever changes in it later is later.
    ///
    /// # Errors
    /// When nothing can be written into the stage.
    pub fn moment(&self) -> Result<Moment, StoreError> {
        let probe = self.dir().join("moment");
        let found = fs::write(&probe, "").and_then(|()| fs::symlink_metadata(&probe));
        found.map(|found| changed(&found)).map_err(|error| StoreError::at("write", &probe, error))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    receipt: Receipt,
    at: PathBuf,
    dev: u64,
    ino: u64,
    placed: Moment,
}

impl Store {
    /// Remembers that a tree at `dest` is whole, and from the archive of `digest`: it was placed, or found to be the same, after
    /// `moment`.
    ///
    /// # Errors
    /// When `dest` cannot be looked at or the store not be written to. Nothing is lost but the memory.
    pub fn remember(&self, digest: &Digest, dest: &Path, receipt: Receipt, moment: Moment) -> Result<(), StoreError> {
        let path = self.receipts(digest);
        let line = line(dest, receipt, moment)?;
        let mut lines = proof::load::<Vec<Line>>(&path).ok().flatten().unwrap_or_default();
        lines.retain(|other| other.at != line.at);
        lines.insert(0, line);
        lines.truncate(KEPT);
        self.make_dir(path.parent().unwrap_or(&path))?;
        save(&path, &lines).map_err(|error| StoreError::at("write", &path, error))
    }

    /// The receipt of a tree that was placed at `dest` and has not changed since; `None` where there is none, or something is in doubt.
    #[must_use]
    pub fn receipt(&self, digest: &Digest, dest: &Path, outline: Outline) -> Option<Receipt> {
        let path = self.receipts(digest);
        let at = staging::destination(dest).ok()?;
        let lines = proof::load::<Vec<Line>>(&path).ok()??;
        let line = lines.into_iter().find(|line| line.at == at)?;
        let holds = line.holds(outline).unwrap_or(false);
        if holds {
            let _ = crate::entry::touch(&path);
        }
        holds.then_some(line.receipt)
    }

    fn receipts(&self, digest: &Digest) -> PathBuf {
        self.sharded("receipts", digest).with_extension("json")
    }
}

fn line(dest: &Path, receipt: Receipt, placed: Moment) -> Result<Line, StoreError> {
    let at = staging::destination(dest)?;
    let found = fs::symlink_metadata(&at).map_err(|error| StoreError::at("look at", &at, error))?;
    Ok(Line { receipt, dev: found.dev(), ino: found.ino(), at, placed })
}

impl Line {
    fn holds(&self, outline: Outline) -> io::Result<bool> {
        let top = fs::symlink_metadata(&self.at)?;
        if !top.is_dir() || (top.dev(), top.ino()) != (self.dev, self.ino) {
            return Ok(false);
        }
        let mut found = Receipt { files: 0, directories: 0, links: 0, bytes: 0, outline: 0, ..self.receipt.clone() };
        let mut unchanged = true;
        tree::walk(&self.at, |node| {
            let metadata = fs::symlink_metadata(&node.path)?;
            let path = node.path.strip_prefix(&self.at).map_err(io::Error::other)?;
            if same::is_bytecode(path) {
                return Ok(());
            }
            let (kind, size) = match metadata.file_type() {
                kind if kind.is_dir() => (b'd', 0),
                kind if kind.is_symlink() => (b'l', 0),
                _ => (b'f', metadata.len()),
            };
            found.outline = found.outline.wrapping_add(outline(path.as_os_str().as_bytes(), kind, size));
            if metadata.is_dir() {
                found.directories += 1;
                unchanged &= changed(&metadata) <= self.placed || written(&metadata) > self.placed;
                return Ok(());
            }
            unchanged &= changed(&metadata) <= self.placed && (metadata.is_file() || metadata.is_symlink());
            found.files += u64::from(metadata.is_file());
            found.links += u64::from(metadata.is_symlink());
            found.bytes += if metadata.is_file() { metadata.len() } else { 0 };
            Ok(())
        })?;
        Ok(unchanged && found == self.receipt)
    }
}

fn changed(metadata: &fs::Metadata) -> Moment {
    Moment(metadata.ctime(), metadata.ctime_nsec())
}

fn written(metadata: &fs::Metadata) -> Moment {
    Moment(metadata.mtime(), metadata.mtime_nsec())
}

/// At once or not at all; after a power failure it may be gone, or damaged, which is the same.
fn save(path: &Path, lines: &[Line]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.tmp", Token::random()));
    let text = serde_json::to_vec(lines)?;
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh);
    let written = written.and_then(|mut file| file.write_all(&text)).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// Drops receipts that were not used since.
pub(crate) fn prune(path: &Path, limit: SystemTime) -> io::Result<()> {
    match fs::symlink_metadata(path)?.modified()? < limit {
        true => fs::remove_file(path).or_else(persist::gone_is_fine),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    const NINE: Outline = |_, _, _| 9;

    fn placed(store: &Store, at: &Path) -> Digest {
        let stage = store.stage(Some(at)).unwrap();
        fs::create_dir(stage.tree().join("pkg")).unwrap();
        fs::write(stage.tree().join("pkg/a.py"), "abc").unwrap();
        fs::write(stage.tree().join("top"), "top").unwrap();
        symlink("a.py", stage.tree().join("pkg/link")).unwrap();
        for inner in ["one", "two"] {
            fs::create_dir(stage.tree().join("pkg").join(inner)).unwrap();
            fs::write(stage.tree().join("pkg").join(inner).join("same"), inner).unwrap();
        }
        let moment = stage.moment().unwrap();
        stage.place(at).unwrap();
        let receipt = Receipt {
            name: "a.whl".to_owned(),
            kind: "wheel".to_owned(),
            files: 4,
            directories: 3,
            links: 1,
            bytes: 12,
            outline: 9 * 8,
        };
        let digest = DIGEST.parse().unwrap();
        store.remember(&digest, at, receipt, moment).unwrap();
        digest
    }

    #[test]
    fn a_receipt_holds_until_something_changes() {
        type Change = fn(&Path);
        // The clock of a file system ticks every few milliseconds.
        let tick = |dir: &Path, at: &Path| {
            let time = |path: &Path| changed(&fs::symlink_metadata(path).unwrap());
            let placed = time(at).max(time(at.parent().unwrap()));
            while {
                fs::write(dir.join("probe"), "").unwrap();
                time(&dir.join("probe")) <= placed
            } {}
        };
        let cases: [(&str, bool, Change); 15] = [
            ("nothing", true, |_| {}),
            ("bytecode", true, |at| {
                fs::create_dir(at.join("pkg/__pycache__")).unwrap();
                fs::write(at.join("pkg/__pycache__/a.pyc"), "x").unwrap();
            }),
            ("an empty directory", false, |at| fs::create_dir(at.join("empty")).unwrap()),
            ("read", true, |at| drop(fs::read(at.join("top")).unwrap())),
            ("a renamed directory", false, |at| fs::rename(at.join("pkg/one"), at.join("pkg/three")).unwrap()),
            ("two directories exchanged", false, |at| {
                fs::rename(at.join("pkg/one"), at.join("pkg/x")).unwrap();
                fs::rename(at.join("pkg/two"), at.join("pkg/one")).unwrap();
                fs::rename(at.join("pkg/x"), at.join("pkg/two")).unwrap();
            }),
            ("another mode of a directory", false, |at| {
                fs::set_permissions(at.join("pkg/one"), fs::Permissions::from_mode(0o700)).unwrap();
            }),
            ("another file", false, |at| fs::write(at.join("new"), "").unwrap()),
            ("one file less", false, |at| fs::remove_file(at.join("top")).unwrap()),
            ("other bytes", false, |at| fs::write(at.join("top"), "pot").unwrap()),
            ("other bytes and the old time", false, |at| {
                let file = OpenOptions::new().write(true).open(at.join("top")).unwrap();
                let time = file.metadata().unwrap().modified().unwrap();
                (&file).write_all(b"pot").unwrap();
                file.set_modified(time).unwrap();
            }),
            ("another mode", false, |at| {
                fs::set_permissions(at.join("top"), fs::Permissions::from_mode(0o600)).unwrap();
            }),
            ("a link elsewhere", false, |at| {
                fs::remove_file(at.join("pkg/link")).unwrap();
                symlink("/etc", at.join("pkg/link")).unwrap();
            }),
            ("another directory", false, |at| {
                fs::rename(at, at.with_extension("old")).unwrap();
                fs::create_dir(at).unwrap();
            }),
            ("gone", false, |at| fs::remove_dir_all(at).unwrap()),
        ];
        for (what, holds, change) in cases {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path().join("cache")).unwrap();
            let at = dir.path().join("out/tree");
            fs::create_dir(dir.path().join("out")).unwrap();
            let digest = placed(&store, &at);
            tick(dir.path(), &at);
            change(&at);
            assert_eq!(store.receipt(&digest, &at, NINE).is_some(), holds, "{what}");
            assert_eq!(store.receipt(&digest, &dir.path().join("out/other"), NINE), None, "{what}");
        }
    }

    #[test]
    fn receipts_are_pruned() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("cache")).unwrap();
        let at = dir.path().join("tree");
        let digest = placed(&store, &at);
        let keep = |secs| crate::Keep {
            unused_for: std::time::Duration::from_secs(secs),
            partials_for: crate::Keep::PARTIALS,
        };
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        store.prune(later, keep(3600)).unwrap();
        assert!(store.receipt(&digest, &at, NINE).is_some());
        store.prune(later, keep(0)).unwrap();
        assert_eq!(store.receipt(&digest, &at, NINE), None);
    }
}
