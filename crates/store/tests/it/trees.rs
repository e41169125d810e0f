//! A small tree with one of everything, and what can be seen of a tree.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::TempDir;

/// Fills a directory.
pub(crate) fn sow(dir: &Path) {
    for sub in ["pkg/sub/deep", "empty"] {
        fs::create_dir_all(dir.join(sub)).unwrap();
    }
    fs::write(dir.join("pkg/a"), "one").unwrap();
    fs::write(dir.join("pkg/none"), "").unwrap();
    fs::write(dir.join("pkg/sub/large"), (0..70_000u32).map(|at| (at % 251) as u8).collect::<Vec<_>>()).unwrap();
    fs::write(dir.join("pkg/run"), "#!/bin/sh").unwrap();
    let mode = fs::metadata(dir.join("pkg/run")).unwrap().mode();
    // As an unpack does: executable for whoever may read it.
    fs::set_permissions(dir.join("pkg/run"), Permissions::from_mode(mode | (mode & 0o444) >> 2)).unwrap();
    fs::write(dir.join("pkg/sub/deep/leaf"), "x").unwrap();
    fs::write(dir.join("top"), "y").unwrap();
    symlink("sub/large", dir.join("pkg/link")).unwrap();
    symlink("nowhere", dir.join("dangling")).unwrap();
}

/// What can be seen of a tree.
pub(crate) type Look = BTreeMap<PathBuf, String>;

/// Everything below a directory, with type, mode and content.
pub(crate) fn look(dir: &Path) -> Look {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_file() {
                format!("{:o} {}", metadata.mode(), fs::read(&path).unwrap().escape_ascii())
            } else {
                format!("{:o}", metadata.mode())
            };
            if metadata.is_dir() {
                open.push(path.clone());
            }
            found.insert(path.strip_prefix(dir).unwrap().to_path_buf(), content);
        }
    }
    found
}

/// What [`sow`] makes here.
pub(crate) fn sown() -> Look {
    let dir = tempfile::tempdir().unwrap();
    sow(dir.path());
    look(dir.path())
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Gives everything in a tree, itself included, a time of change.
pub(crate) fn date(dir: &Path, time: SystemTime) {
    for path in look(dir).into_keys().map(|path| dir.join(path)).chain([dir.to_path_buf()]) {
        if !fs::symlink_metadata(&path).unwrap().is_symlink() {
            File::open(path).unwrap().set_modified(time).unwrap();
        }
    }
}

/// A directory on another file system than the usual ones; `None` is said aloud.
pub(crate) fn elsewhere(than: &Path) -> Option<TempDir> {
    let other = tempfile::tempdir_in("/dev/shm").ok()?;
    let differs = fs::metadata(other.path()).unwrap().dev() != fs::metadata(than).unwrap().dev();
    if !differs {
        println!("SKIPPED: no second file system");
    }
    differs.then_some(other)
}
