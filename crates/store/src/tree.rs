//! Whole directory trees: counted, copied, removed. Symbolic links are never followed.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What stands in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Everything but directories.
    pub(crate) files: u64,
    /// Sum of the sizes of regular files.
    pub(crate) bytes: u64,
    /// The latest change of a file or directory in it, the top included. A new link changes its directory.
    pub(crate) newest: SystemTime,
}

/// One thing below the top of a tree.
pub(crate) struct Node {
    pub(crate) path: PathBuf,
    pub(crate) kind: FileType,
}

/// Calls for everything below `top`, a directory before what is in it. The order within a directory is the system's.
pub(crate) fn walk(top: &Path, mut visit: impl FnMut(Node) -> io::Result<()>) -> io::Result<()> {
    let mut open = vec![top.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let node = Node { path: entry.path(), kind: entry.file_type()? };
            if node.kind.is_dir() {
                open.push(node.path.clone());
            }
            visit(node)?;
        }
    }
    Ok(())
}

/// Counts a tree, or a single file.
pub(crate) fn measure(top: &Path) -> io::Result<Measure> {
    let metadata = fs::symlink_metadata(top)?;
    let mut measure = Measure { files: 0, bytes: 0, newest: SystemTime::UNIX_EPOCH };
    let mut add = |metadata: &Metadata| -> io::Result<()> {
        if !metadata.is_symlink() {
            measure.newest = measure.newest.max(metadata.modified()?);
        }
        measure.files += u64::from(!metadata.is_dir());
        measure.bytes += if metadata.is_file() { metadata.len() } else { 0 };
        Ok(())
    };
    add(&metadata)?;
    if metadata.is_dir() {
        walk(top, |node| add(&fs::symlink_metadata(&node.path)?))?;
    }
    Ok(measure)
}

/// Whether whoever may read the file is meant to run it.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    metadata.mode() & 0o100 != 0
}

/// Copies what is in `from` into the existing directory `to`. Modes are those of new files: what the umask leaves,
/// executable where the original is. `told` hears the size of each file that has arrived.
pub(crate) fn copy(from: &Path, to: &Path, mut told: impl FnMut(u64)) -> io::Result<()> {
    walk(from, |node| {
        let dest = to.join(node.path.strip_prefix(from).map_err(io::Error::other)?);
        if node.kind.is_dir() {
            fs::create_dir(dest)
        } else if node.kind.is_symlink() {
            symlink(fs::read_link(&node.path)?, dest)
        } else if node.kind.is_file() {
            copy_file(&node.path, &dest).map(&mut told)
        } else {
            Err(io::Error::new(ErrorKind::InvalidInput, format!("{} is no regular file", node.path.display())))
        }
    })
}

/// On Linux `io::copy` asks for `copy_file_range(2)`, which shares the blocks where the file system can.
#[cfg(target_os = "linux")]
fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = File::open(from)?;
    let mode = if is_executable(&source.metadata()?) { 0o777 } else { 0o666 };
    let mut dest = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
    io::copy(&mut source, &mut dest)
}

/// Elsewhere `fs::copy` is what may share blocks (`fclonefileat` on macOS); it brings the original's mode along.
#[cfg(not(target_os = "linux"))]
fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    let executable = is_executable(&fs::metadata(from)?);
    let mode = if executable { 0o777 } else { 0o666 };
    let left = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?.metadata()?.permissions();
    fs::remove_file(to)?;
    let copied = fs::copy(from, to)?;
    fs::set_permissions(to, left)?;
    Ok(copied)
}

/// Removes a tree or a file, also where directories in it may not be written to. What is gone already is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let once = || match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    let removed = match once() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => open_up(path).and_then(|()| once()),
        removed => removed,
    };
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn open_up(top: &Path) -> io::Result<()> {
    fs::set_permissions(top, Permissions::from_mode(0o700))?;
    walk(
        top,
        |node| {
            if node.kind.is_dir() { fs::set_permissions(&node.path, Permissions::from_mode(0o700)) } else { Ok(()) }
        },
    )
}
