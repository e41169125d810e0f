//! Whether two trees are the same.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use crate::tree;

/// Bytes compared at a time.
const COMPARED: usize = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Dir,
    File { len: u64, executable: bool },
    Link(PathBuf),
}

/// Whether a tree and a directory hold the same: relative paths, types, bytes, the executable bit, targets of links. Other
/// bits of the mode and times do not count, nor what Python has put into `__pycache__` of the directory since. A device,
/// pipe or socket makes them different. Listings and sizes are compared before a byte is read.
pub(crate) fn same_tree(left: &Path, right: &Path) -> io::Result<bool> {
    if !(fs::symlink_metadata(left)?.is_dir() && fs::symlink_metadata(right)?.is_dir()) {
        return Ok(false);
    }
    let (Some(ours), Some(mut theirs)) = (list(left)?, list(right)?) else { return Ok(false) };
    theirs.retain(|path, _| ours.contains_key(path) || !is_bytecode(path));
    if ours != theirs {
        return Ok(false);
    }
    let (mut one, mut other) = (vec![0; COMPARED], vec![0; COMPARED]);
    for (path, kind) in &ours {
        if matches!(kind, Kind::File { len: 1.., .. })
            && !same_bytes(&left.join(path), &right.join(path), &mut one, &mut other)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a path is that of a directory for compiled modules (PEP 3147), or in one.
pub(crate) fn is_bytecode(path: &Path) -> bool {
    path.iter().any(|part| part == "__pycache__")
}

/// `None` where something is neither file, directory nor link.
fn list(top: &Path) -> io::Result<Option<BTreeMap<PathBuf, Kind>>> {
    let mut found = BTreeMap::new();
    let mut plain = true;
    tree::walk(top, |node| {
        let kind = if node.kind.is_dir() {
            Kind::Dir
        } else if node.kind.is_symlink() {
            Kind::Link(fs::read_link(&node.path)?)
        } else if node.kind.is_file() {
            let metadata = fs::symlink_metadata(&node.path)?;
            Kind::File { len: metadata.len(), executable: tree::is_executable(&metadata) }
        } else {
            plain = false;
            return Ok(());
        };
        let path = node.path.strip_prefix(top).map_err(io::Error::other)?;
        found.insert(path.to_path_buf(), kind);
        Ok(())
    })?;
    Ok(plain.then_some(found))
}

fn same_bytes(left: &Path, right: &Path, one: &mut [u8], other: &mut [u8]) -> io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    loop {
        let (ours, theirs) = (fill(&mut left, one)?, fill(&mut right, other)?);
        if one[..ours] != other[..theirs] {
            return Ok(false);
        }
        if ours == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
