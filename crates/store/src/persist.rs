//! Publishing a finished file: whole or not at all.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufReader, ErrorKind, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{Digest, StoreError, token::Token};

/// Bytes copied at a time.
const COPIED: usize = 256 * 1024;

/// A finished partial file.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    pub(crate) path: &'a Path,
    pub(crate) len: u64,
}

/// Renames where that is possible, else copies and removes the source. `tell` hears which file will be where just
/// before it is.
pub(crate) fn move_to(
    source: &Source<'_>,
    dest: &Path,
    mut tell: impl FnMut(&Path, &Metadata),
) -> Result<(), StoreError> {
    let dest = target(dest)?;
    if in_place(source).map_err(|error| StoreError::at("look at", source.path, error))? {
        let dir = source.path.parent().unwrap_or_else(|| Path::new("."));
        let mode = Staged::new(dir)?.permissions()?;
        source.file.set_permissions(mode).map_err(|error| StoreError::at("set the mode of", source.path, error))?;
        if let Ok(metadata) = source.file.metadata() {
            tell(&dest, &metadata);
        }
        match fs::rename(source.path, &dest) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {}
            Err(error) => return Err(StoreError::at("move the finished file to", &dest, error)),
        }
    }
    copy_to(source, &dest, None, |staged| {
        tell(&dest, staged);
        Ok(())
    })?;
    // The copy is what was asked for; a leftover is pruned.
    let _ = fs::remove_file(source.path);
    Ok(())
}

/// Copies (shares the blocks, where the file system can) beside `dest`, checks, asks `still`, renames.
pub(crate) fn copy_to(
    source: &Source<'_>,
    dest: &Path,
    expected: Option<&Digest>,
    still: impl FnOnce(&Metadata) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let dest = target(dest)?;
    let mut staged = Staged::new(dest.parent().unwrap_or_else(|| Path::new(".")))?;
    let copied = duplicate(source.file, &mut staged.file, source.len)
        .map_err(|error| StoreError::at("copy the finished file to", &dest, error).needing(Some(source.len)))?;
    if copied != source.len {
        return Err(StoreError::Length { path: source.path.to_path_buf(), expected: source.len, found: copied });
    }
    if let Some(expected) = expected {
        let found = staged.file.rewind().and_then(|()| Digest::of(expected.algorithm(), &staged.file));
        let found = found.map_err(|error| StoreError::at("read back", staged.shown(), error))?;
        if found != *expected {
            return Err(StoreError::Digest { path: dest, expected: expected.clone(), found });
        }
    }
    let metadata = staged.file.metadata().map_err(|error| StoreError::at("look at", staged.shown(), error))?;
    still(&metadata)?;
    staged.publish(&dest)
}

/// Copies a file of this machine to `dest` as [`crate::Spool::persist`] publishes: whole or not at all, and with the digest, where one
/// is given. What is at `dest` is replaced.
///
/// # Errors
/// When `from` cannot be read or is no regular file, `dest` is none, the copy has another digest ([`StoreError::Digest`]), or the file
/// changes meanwhile ([`StoreError::Length`]); and on failures of the disk.
pub fn copy_file(from: &Path, dest: &Path, digest: Option<&Digest>) -> Result<(), StoreError> {
    let unread = |error| StoreError::at("read", from, error);
    let file = File::open(from).map_err(unread)?;
    let found = file.metadata().map_err(unread)?;
    if !found.is_file() {
        return Err(StoreError::NotRegular { path: from.to_path_buf() });
    }
    copy_to(&Source { file: &file, path: from, len: found.len() }, dest, digest, |_| Ok(()))
}

/// As [`copy_file`], from a file that is open.
///
/// # Errors
/// As there.
pub fn copy_open(file: &File, dest: &Path) -> Result<(), StoreError> {
    let len = file.metadata().map_err(|error| StoreError::at("look at the file for", dest, error))?.len();
    copy_to(&Source { file, path: dest, len }, dest, None, |_| Ok(()))
}

/// Writes a small file that is there with all of its bytes or not at all, whenever the process is killed.
pub(crate) fn write_whole(dest: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut staged = Staged::new(dest.parent().unwrap_or_else(|| Path::new(".")))?;
    staged.file.write_all(bytes).map_err(|error| StoreError::at("write", dest, error))?;
    staged.publish(dest)
}

/// Where a rename must go: through symbolic links, and never onto something that is no regular file.
fn target(dest: &Path) -> Result<PathBuf, StoreError> {
    let dest = match fs::symlink_metadata(dest) {
        Ok(found) if found.is_symlink() => fs::canonicalize(dest).unwrap_or_else(|_| dest.to_path_buf()),
        _ => dest.to_path_buf(),
    };
    match fs::metadata(&dest) {
        Ok(found) if !found.is_file() => Err(StoreError::NotRegular { path: dest }),
        // A bare name has the empty path as its parent, which cannot be opened.
        _ => std::path::absolute(&dest).map_err(|error| StoreError::at("find", &dest, error)),
    }
}

/// Whether the path still names the open file: somebody may have emptied the cache.
fn in_place(source: &Source<'_>) -> io::Result<bool> {
    let open = source.file.metadata()?;
    match fs::symlink_metadata(source.path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Copies at most `len` bytes from the start; says how many there were.
pub(crate) fn duplicate(from: &File, to: &mut File, len: u64) -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    if rustix::fs::ioctl_ficlone(&*to, from).is_ok() {
        let found = to.metadata()?.len();
        if found > len {
            to.set_len(len)?;
        }
        return Ok(found.min(len));
    }
    // By offset: the file's own position is shared by everyone who holds the descriptor.
    io::copy(&mut BufReader::with_capacity(COPIED, At { file: from, position: 0 }.take(len)), to)
}

struct At<'a> {
    file: &'a File,
    position: u64,
}

impl io::Read for At<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = std::os::unix::fs::FileExt::read_at(self.file, buf, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// A file on its way to its name. Where the file system can do it, it has none until it is whole, so that a process that is
/// killed leaves nothing; else a passing one.
struct Staged {
    dir: PathBuf,
    /// The passing name, if it has one.
    path: Option<PathBuf>,
    file: File,
}

/// The mode that the umask, or the directory's default ACL, is taken from.
const MODE: u32 = 0o666;

impl Staged {
    fn new(dir: &Path) -> Result<Self, StoreError> {
        if let Some(file) = nameless(dir) {
            return Ok(Self { dir: dir.to_path_buf(), path: None, file });
        }
        let path = passing(dir);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&path)
            .map_err(|error| StoreError::at("create a file in", dir, error))?;
        Ok(Self { dir: dir.to_path_buf(), path: Some(path), file })
    }

    /// What to show of it.
    fn shown(&self) -> &Path {
        self.path.as_deref().unwrap_or(&self.dir)
    }

    /// What the umask leaves.
    fn permissions(&self) -> Result<fs::Permissions, StoreError> {
        let found = self.file.metadata().map_err(|error| StoreError::at("look at", self.shown(), error))?;
        Ok(found.permissions())
    }

    fn publish(mut self, dest: &Path) -> Result<(), StoreError> {
        let moved = |error| StoreError::at("move the finished file to", dest, error);
        if self.path.is_none() {
            match name(&self.file, dest) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(moved(error)),
            }
            // A link replaces nothing, a rename does: it has this name for as long as there is between the two.
            let path = passing(&self.dir);
            name(&self.file, &path).map_err(moved)?;
            self.path = Some(path);
        }
        fs::rename(self.shown(), dest).map_err(moved)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

fn passing(dir: &Path) -> PathBuf {
    dir.join(format!(".towline-{}", Token::random()))
}

/// open(2), `O_TMPFILE`. Naming it later needs /proc.
#[cfg(target_os = "linux")]
fn nameless(dir: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    open(dir, flags, Mode::from_raw_mode(MODE)).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
const fn nameless(_dir: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn gone_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
