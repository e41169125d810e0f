//! Where stages are, where their trees may go, and the removal of those whose owners died.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use crate::{Placed, Store, StoreError, mark, ownership::Owner, prune::Amount, same::same_tree, token::Token, tree};

/// What names of stages outside the store begin with.
pub(crate) const BESIDE: &str = ".towline-";
/// In a stage: what an entry consists of.
pub(crate) const ENTRY: &str = "entry";
/// In an entry: the tree.
pub(crate) const TREE: &str = "tree";
/// What names end with of entries that were taken out of their place to be removed, most likely.
const TAKEN: &str = ".taken";
/// What names end with of what is being removed. Nothing is ever moved out of one.
const DOOMED: &str = ".gone";

/// The absolute path a tree is to have, through a symbolic link that stands there.
pub(crate) fn destination(dest: &Path) -> Result<PathBuf, StoreError> {
    let absolute = std::path::absolute(dest).map_err(|error| StoreError::at("find", dest, error))?;
    // Without a slash at the end, which would make a link be followed unseen.
    let dest: PathBuf = absolute.components().collect();
    if !matches!(dest.components().next_back(), Some(Component::Normal(_))) {
        return Err(StoreError::at("place a tree at", &dest, ErrorKind::InvalidInput.into()));
    }
    match fs::symlink_metadata(&dest) {
        Ok(found) if found.is_symlink() => fs::canonicalize(&dest).map_err(|_| StoreError::Exists { path: dest }),
        _ => Ok(dest),
    }
}

/// Whether a rename of a directory failed because of what stands at its destination.
pub(crate) fn is_occupied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory)
}

/// Whether something other than an empty directory is there.
pub(crate) fn is_taken(dest: &Path) -> Result<bool, StoreError> {
    let dest = destination(dest)?;
    let taken = match fs::symlink_metadata(&dest) {
        Ok(found) if found.is_dir() => fs::read_dir(&dest).map(|mut entries| entries.next().is_some()),
        Ok(_) => Ok(true),
        // Missing, or the parents are: whoever writes there gets a better message.
        Err(_) => Ok(false),
    };
    taken.map_err(|error| StoreError::at("read", &dest, error))
}

/// What is to be said where a finished tree meets something at its destination.
pub(crate) fn compare(tree: &Path, dest: &Path) -> Result<Placed, StoreError> {
    match same_tree(tree, dest) {
        Ok(true) => Ok(Placed::Was),
        Ok(false) => Err(StoreError::Exists { path: dest.to_path_buf() }),
        Err(error) => Err(StoreError::at("compare the finished tree with", dest, error)),
    }
}

/// Whether two paths, or what there is of them, are on one mount, so that renames are possible. What cannot be told
/// by mounts is told by devices.
pub(crate) fn one_mount(left: &Path, right: &Path) -> Result<bool, StoreError> {
    Ok(mount(left)? == mount(right)?)
}

fn mount(path: &Path) -> Result<(u64, u64), StoreError> {
    for near in path.ancestors() {
        match fs::metadata(near) {
            Ok(found) => return Ok((found.dev(), mount_id(near))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::at("look at", near, error)),
        }
    }
    Err(StoreError::at("find", path, ErrorKind::NotFound.into()))
}

/// Zero where the system does not say (before Linux 5.8).
#[cfg(target_os = "linux")]
fn mount_id(path: &Path) -> u64 {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok();
    let known = found.filter(|found| found.stx_mask & StatxFlags::MNT_ID.bits() != 0);
    known.map_or(0, |found| found.stx_mnt_id)
}

#[cfg(not(target_os = "linux"))]
const fn mount_id(_path: &Path) -> u64 {
    0
}

/// Removes the stages in `home` that nobody will ever go on with. They are renamed first: an owner that lives after
/// all, on another host, then fails instead of publishing what is left.
pub(crate) fn sweep(home: &Path, prefix: &str, now: SystemTime) -> io::Result<Amount> {
    let mut freed = Amount::default();
    let (me, uid) = (Owner::current(), rustix::process::geteuid().as_raw());
    let entries = match fs::read_dir(home) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(freed),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
        // Of others only their own processes know; and what others may change under us is not walked into.
        if !entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == uid) {
            continue;
        }
        // One that resists can wait; the others need not.
        let _ = sweep_one(&entry.path(), name, &me, now, &mut freed);
    }
    Ok(freed)
}

fn sweep_one(path: &Path, name: &str, me: &Owner, now: SystemTime, freed: &mut Amount) -> io::Result<()> {
    let ends = |with| name.strip_suffix(with).and_then(Token::parse).is_some();
    let doomed = if ends(DOOMED) {
        path.to_path_buf()
    } else if ends(TAKEN) {
        doom(path)?
    } else {
        let Some(token) = Token::parse(name) else { return Ok(()) };
        if !mark::is_abandoned(path, &token, me, now)? {
            return Ok(());
        }
        doom(path)?
    };
    freed.add(destroy(&doomed)?);
    Ok(())
}

/// Removes a stage of this process. Its mark must not go before what it marks.
pub(crate) fn dissolve(stage: &Path) -> io::Result<()> {
    tree::remove(&doom(stage)?)
}

fn doom(path: &Path) -> io::Result<PathBuf> {
    let doomed = path.with_extension(&DOOMED[1..]);
    fs::rename(path, &doomed).map(|()| doomed)
}

/// Says how many bytes there were.
fn destroy(doomed: &Path) -> io::Result<u64> {
    let bytes = tree::measure(doomed).map_or(0, |found| found.bytes);
    tree::remove(doomed).map(|()| bytes)
}

/// Takes an entry out of the store: moved away first, so that no half entry is ever where a whole one is expected.
/// `still` sees it after the move: somebody may have used or replaced it since it was judged, and then it goes back.
/// Needs no room on the disk. Says how many bytes were removed, if it was.
pub(crate) fn withdraw(store: &Store, path: &Path, still: impl FnOnce(&Path) -> bool) -> io::Result<Option<u64>> {
    let home = store.staging();
    store.make_dir(&home)?;
    // Without a mark: a sweep may take it at once, as a whole, and then it cannot be put back.
    let taken = home.join(format!("{}{TAKEN}", Token::random()));
    match fs::rename(path, &taken) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    if still(&taken) {
        return match doom(&taken) {
            Ok(doomed) => destroy(&doomed).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(0)),
            Err(error) => Err(error),
        };
    }
    // Where somebody published meanwhile, there is one already.
    fs::rename(&taken, path).or_else(|_| tree::remove(&taken))?;
    Ok(None)
}
