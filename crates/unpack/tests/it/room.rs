//! A folder to unpack in, and a look at everything around it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use towline_unpack::{Format, Order, Source, UnpackError, Unpacked, Unpacker};

/// A target deep enough below a watched folder that a name climbing a few steps is seen to.
pub(crate) struct Room {
    outer: TempDir,
    before: BTreeMap<String, String>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let outer = scratch();
        let nest = outer.path().join("a/b/c/d");
        fs::create_dir_all(nest.join("target")).unwrap();
        for place in [outer.path(), &outer.path().join("a"), &nest] {
            fs::write(place.join("witness"), b"untouched").unwrap();
        }
        let mut room = Self { outer, before: BTreeMap::new() };
        room.before = room.around();
        room
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.outer.path().join("a/b/c/d/target")
    }

    /// Empties the target.
    pub(crate) fn clear(&self) {
        fs::remove_dir_all(self.target()).unwrap();
        fs::create_dir(self.target()).unwrap();
    }

    /// Whether nothing but the target changed.
    pub(crate) fn outside_is_untouched(&self) -> bool {
        self.around() == self.before
    }

    fn around(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let target = self.target();
        walk(self.outer.path(), self.outer.path(), &mut |path| path == target, &mut found);
        found
    }

    /// What is in the target: files as their SHA-256, links as `symlink:TARGET`; directories are not listed.
    pub(crate) fn contents(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        walk(&self.target(), &self.target(), &mut |_| false, &mut found);
        found
    }

    /// What no archive may make: special mode bits, files the owner cannot use, links that lead out.
    pub(crate) fn unseemly(&self) -> Option<String> {
        let target = fs::canonicalize(self.target()).unwrap();
        for name in self.contents().into_keys() {
            let path = target.join(&name);
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_symlink() {
                let out = fs::canonicalize(&path).is_ok_and(|to| !to.starts_with(&target));
                if out || fs::read_link(&path).unwrap().is_absolute() {
                    return Some(format!("{name} leads out"));
                }
                continue;
            }
            let mode = metadata.permissions().mode();
            if mode & 0o7000 != 0 || mode & 0o600 != 0o600 {
                return Some(format!("{name} has the mode {mode:o}"));
            }
        }
        None
    }
}

/// In memory where there is room for the largest bombs: on a disk, most of the time goes into the file system's journal.
pub(crate) fn scratch() -> TempDir {
    let memory = "/dev/shm";
    let roomy = rustix::fs::statvfs(memory).is_ok_and(|fs| fs.f_bavail.saturating_mul(fs.f_frsize) > 1 << 30);
    let in_memory = || tempfile::tempdir_in(memory).ok();
    roomy.then(in_memory).flatten().unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn walk(root: &Path, at: &Path, skip: &mut impl FnMut(&Path) -> bool, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_symlink() {
            found.insert(name, format!("symlink:{}", fs::read_link(&path).unwrap().display()));
        } else if kind.is_dir() {
            if !skip(&path) {
                walk(root, &path, skip, found);
            }
        } else if kind.is_file() {
            found.insert(name, hex(&Sha256::digest(fs::read(&path).unwrap())));
        } else {
            found.insert(name, "special".to_owned());
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a file name promises; what promises nothing is tried as a zip.
pub(crate) fn order(name: &str) -> Order {
    let format = Format::of_name(name).map_or(Format::Zip, |(format, _)| format);
    Order { name: Some(name.to_owned()), ..Order::new(format) }
}

/// Unpacks into a room, from any source.
pub(crate) fn unpack(
    unpacker: &Unpacker,
    source: impl Source + 'static,
    name: &str,
    room: &Room,
) -> Result<Unpacked, UnpackError> {
    let source: Arc<dyn Source> = Arc::new(source);
    unpacker.unpack(&source, &room.target(), &order(name))
}
