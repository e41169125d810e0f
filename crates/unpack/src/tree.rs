//! The target directory while it is filled.

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{ArchiveError, Limits, MemberName, Observe, Problem, UnpackError, Unpacked, Written, limits::Gauge, link};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File(Content),
    Link,
}

/// What is known of a file's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) size: u64,
    /// Where it was asked for.
    pub(crate) sha256: Option<[u8; 32]>,
}

/// Every name is claimed here before anything is made for it, so that no two members meet in one file.
///
/// Symbolic links are made when all else is there: while files are written, no path goes through one.
pub(crate) struct Tree {
    root: PathBuf,
    gauge: Gauge,
    names: Mutex<HashMap<MemberName, Kind>>,
    links: Mutex<Vec<(MemberName, String)>>,
    observe: Observe,
}

impl Tree {
    /// Over an existing, empty directory.
    pub(crate) fn new(root: PathBuf, limits: Limits, observe: Observe) -> Self {
        Self { root, gauge: Gauge::new(limits), names: Mutex::default(), links: Mutex::default(), observe }
    }

    pub(crate) const fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    pub(crate) const fn limits(&self) -> &Limits {
        self.gauge.limits()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &MemberName) -> PathBuf {
        self.root.join(name.as_str())
    }

    /// Reads a member's name and counts the member. `None`: the target itself.
    pub(crate) fn member(&self, raw: &str, at: u64) -> Result<Option<MemberName>, ArchiveError> {
        self.gauge.member().map_err(|problem| problem.of(raw, at))?;
        MemberName::parse(raw, self.limits()).map_err(|problem| problem.of(raw, at))
    }

    /// Makes a directory and those it is in. One that is there already is fine.
    pub(crate) fn directory(&self, name: &MemberName, at: u64) -> Result<(), UnpackError> {
        let mut names = self.names();
        match names.get(name) {
            Some(Kind::Directory) => Ok(()),
            Some(_) => Err(Problem::Twice.of(name.as_str(), at).into()),
            None => self.make(&mut names, name, name, at),
        }
    }

    /// Claims the name of a file and makes the directories it is in. The caller creates it with [`Tree::create`].
    pub(crate) fn claim(&self, name: &MemberName, at: u64) -> Result<(), UnpackError> {
        self.take(name, Kind::File(Content::default()), at)
    }

    /// Creates a claimed file; `executable` for everybody whom the umask lets.
    pub(crate) fn create(&self, name: &MemberName, executable: bool, at: u64) -> Result<File, UnpackError> {
        let path = self.path(name);
        let mode = if executable { 0o777 } else { 0o666 };
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(Problem::Collision.of(name.as_str(), at).into())
            }
            Err(error) if unnameable(&error) => Err(unfit(name, at)),
            Err(error) => Err(UnpackError::disk("create", path, error)),
        }
    }

    /// A claimed file is whole: tells whoever watches.
    pub(crate) fn wrote(&self, name: &MemberName, content: Content) {
        if let Some(kind) = self.names().get_mut(name) {
            *kind = Kind::File(content);
        }
        (self.observe)(Written { name: name.as_str(), size: content.size });
    }

    /// Makes a file executable for everybody who may read it.
    pub(crate) fn make_executable(&self, name: &MemberName) -> Result<(), UnpackError> {
        let path = self.path(name);
        let change = || {
            let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode | ((mode & 0o444) >> 2)))
        };
        change().map_err(|error| UnpackError::disk("change the mode of", &path, error))
    }

    /// Claims the name of a symbolic link, which is made at the end.
    pub(crate) fn symlink(&self, name: &MemberName, target: &str, at: u64) -> Result<(), UnpackError> {
        link::check(name, target).map_err(|problem| problem.of(name.as_str(), at))?;
        self.take(name, Kind::Link, at)?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.push((name.clone(), target.to_owned()));
        Ok(())
    }

    /// Makes another name for a file that came before, which has to be whole by now.
    pub(crate) fn hard_link(&self, name: &MemberName, target: &MemberName, at: u64) -> Result<(), UnpackError> {
        let found = self.names().get(target).copied();
        let Some(Kind::File(content)) = found else {
            let why = "it is no file that came before";
            return Err(Problem::Link { target: target.to_string(), why }.of(name.as_str(), at).into());
        };
        self.take(name, Kind::File(content), at)?;
        let path = self.path(name);
        match fs::hard_link(self.path(target), &path) {
            Ok(()) => {
                self.wrote(name, content);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(Problem::Collision.of(name.as_str(), at).into())
            }
            Err(error) => Err(UnpackError::disk("create", path, error)),
        }
    }

    /// Makes the links and says what is there.
    pub(crate) fn finish(&self) -> Result<Unpacked, UnpackError> {
        let links = std::mem::take(&mut *self.links.lock().unwrap_or_else(PoisonError::into_inner));
        for (name, target) in &links {
            let path = self.path(name);
            match symlink(target, &path) {
                Ok(()) => (self.observe)(Written { name: name.as_str(), size: 0 }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    return Err(Problem::Collision.of(name.as_str(), 0).into());
                }
                Err(error) => return Err(UnpackError::disk("create", path, error)),
            }
        }
        Ok(self.summary())
    }

    /// Every name and what it stands for, in no order.
    pub(crate) fn listing(&self) -> Vec<(MemberName, Kind)> {
        self.names().iter().map(|(name, kind)| (name.clone(), *kind)).collect()
    }

    fn summary(&self) -> Unpacked {
        let mut summary = Unpacked::default();
        for kind in self.names().values() {
            match kind {
                Kind::Directory => summary.directories += 1,
                Kind::Link => summary.links += 1,
                Kind::File(content) => {
                    summary.files += 1;
                    summary.bytes += content.size;
                }
            }
        }
        summary
    }

    fn take(&self, name: &MemberName, kind: Kind, at: u64) -> Result<(), UnpackError> {
        let mut names = self.names();
        if names.contains_key(name) {
            return Err(Problem::Twice.of(name.as_str(), at).into());
        }
        if let Some(parent) = name.parent() {
            self.make(&mut names, &parent, name, at)?;
        }
        names.insert(name.clone(), kind);
        Ok(())
    }

    /// Makes a directory and its parents, for a member.
    fn make(
        &self,
        names: &mut HashMap<MemberName, Kind>,
        directory: &MemberName,
        member: &MemberName,
        at: u64,
    ) -> Result<(), UnpackError> {
        let mut missing = Vec::new();
        let mut next = Some(directory.clone());
        while let Some(name) = next {
            match names.get(&name) {
                Some(Kind::Directory) => break,
                Some(_) => return Err(Problem::NotDirectory { parent: name.to_string() }.of(member.as_str(), at).into()),
                None => next = name.parent(),
            }
            missing.push(name);
        }
        for name in missing.into_iter().rev() {
            let path = self.path(&name);
            match DirBuilder::new().create(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    return Err(Problem::Collision.of(member.as_str(), at).into());
                }
                Err(error) if unnameable(&error) => return Err(unfit(member, at)),
                Err(error) => return Err(UnpackError::disk("create", path, error)),
            }
            names.insert(name, Kind::Directory);
        }
        Ok(())
    }

    fn names(&self) -> MutexGuard<'_, HashMap<MemberName, Kind>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file system has no such names: the whole path is too long, or it wants valid Unicode.
fn unnameable(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidFilename
}

fn unfit(name: &MemberName, at: u64) -> UnpackError {
    Problem::Name { why: "the file system does not take it" }.of(name.as_str(), at).into()
}

/// For those who do not watch.
pub(crate) fn unobserved() -> Observe {
    Arc::new(|_| {})
}
