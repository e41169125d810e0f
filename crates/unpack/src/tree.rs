//! The target directory while it is filled.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) use crate::names::Content;
use crate::{
    ArchiveError, Limits, MemberName, Observe, Problem, UnpackError, Unpacked, Written,
    limits::Gauge,
    link,
    names::{Kind, Names},
};

/// Every name is claimed here before anything is made for it, so that no two members meet in one file.
///
/// Symbolic links are made when all else is there: while files are written, no path goes through one.
pub(crate) struct Tree {
    root: PathBuf,
    gauge: Gauge,
    /// Held by whoever claims a name until its directories are made, while `names` is free for those who write: a
    /// directory that is in `names` is on the disk for everyone who claims after.
    claims: Mutex<()>,
    names: Mutex<Names>,
    links: Mutex<Vec<Link>>,
    observe: Observe,
}

/// A symbolic link to be made at the end.
struct Link {
    name: MemberName,
    target: String,
    at: u64,
    /// Whether it was told already, as the file that it was written as.
    told: bool,
}

impl Tree {
    /// Over an existing, empty directory.
    pub(crate) fn new(root: PathBuf, limits: Limits, observe: Observe) -> Self {
        Self {
            root,
            gauge: Gauge::new(limits),
            claims: Mutex::default(),
            names: Mutex::default(),
            links: Mutex::default(),
            observe,
        }
    }

    pub(crate) const fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    pub(crate) const fn limits(&self) -> &Limits {
        self.gauge.limits()
    }

    /// The target.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &MemberName) -> PathBuf {
        self.root.join(name.as_str())
    }

    /// What is there. Whoever writes waits until the guard is gone.
    pub(crate) fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a member's name and counts the member. `None`: the target itself.
    pub(crate) fn member(&self, raw: &str, at: u64) -> Result<Option<MemberName>, ArchiveError> {
        self.gauge.member(raw.len()).map_err(|problem| problem.of(raw, at))?;
        MemberName::parse(raw, self.limits()).map_err(|problem| problem.of(raw, at))
    }

    /// Makes a directory and those it is in. One that is there already is fine.
    pub(crate) fn directory(&self, name: &MemberName, at: u64) -> Result<(), UnpackError> {
        self.take(name, Kind::Directory, at)
    }

    /// Claims the name of a file and makes the directories it is in. The caller creates it with [`Tree::create`].
    pub(crate) fn claim(&self, name: &MemberName, at: u64) -> Result<(), UnpackError> {
        self.take(name, Kind::File, at)
    }

    /// Creates a claimed file; `executable` for everybody whom the umask lets.
    pub(crate) fn create(&self, name: &MemberName, executable: bool, at: u64) -> Result<File, UnpackError> {
        let path = self.path(name);
        let mode = if executable { 0o777 } else { 0o666 };
        let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        opened.map_err(|error| not_created(error, path, name, at))
    }

    /// A claimed file is whole: tells whoever watches.
    pub(crate) fn wrote(&self, name: &MemberName, content: Content) {
        self.names().fill(name, content);
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
        link::check(name, target)
            .and_then(|()| self.gauge.name(target.len()))
            .map_err(|problem| problem.of(name.as_str(), at))?;
        self.take(name, Kind::Link, at)?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.push(Link { name: name.clone(), target: target.to_owned(), at, told: false });
        Ok(())
    }

    /// Makes a symbolic link of what was written as a file: in a zip only the directory tells.
    pub(crate) fn replace_by_link(&self, name: &MemberName, target: &str, at: u64) -> Result<(), UnpackError> {
        link::check(name, target)
            .and_then(|()| self.gauge.name(target.len()))
            .map_err(|problem| problem.of(name.as_str(), at))?;
        let path = self.path(name);
        fs::remove_file(&path).map_err(|error| UnpackError::disk("replace", path, error))?;
        self.names().insert(name.clone(), Kind::Link, at);
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.push(Link { name: name.clone(), target: target.to_owned(), at, told: true });
        Ok(())
    }

    /// Makes another name for a file that came before, which has to be whole by now.
    pub(crate) fn hard_link(&self, name: &MemberName, target: &MemberName, at: u64) -> Result<(), UnpackError> {
        let found = {
            let names = self.names();
            names.get(target.as_str()).filter(|entry| entry.kind == Kind::File).map(|entry| names.content(entry))
        };
        let Some(content) = found else {
            let why = "it is no file that came before";
            return Err(Problem::Link { target: target.to_string(), why }.of(name.as_str(), at).into());
        };
        self.take(name, Kind::File, at)?;
        let (from, path) = (self.path(target), self.path(name));
        match fs::hard_link(&from, &path) {
            Ok(()) => {}
            // Some file systems have none, and all have a limit: the content is what matters.
            Err(error) if unlinkable(&error) => {
                self.gauge.grow(content.size, u64::MAX).map_err(|problem| problem.of(name.as_str(), at))?;
                fs::copy(&from, &path).map_err(|error| UnpackError::disk("create", path, error))?;
            }
            Err(error) => return Err(not_created(error, path, name, at)),
        }
        self.wrote(name, content);
        Ok(())
    }

    /// Makes the links and says what is there.
    pub(crate) fn finish(&self) -> Result<Unpacked, UnpackError> {
        let links = std::mem::take(&mut *self.links.lock().unwrap_or_else(PoisonError::into_inner));
        for Link { name, target, at, told } in &links {
            let path = self.path(name);
            symlink(target, &path).map_err(|error| not_created(error, path, name, *at))?;
            if !told {
                (self.observe)(Written { name: name.as_str(), size: 0 });
            }
        }
        Ok(self.summary())
    }

    fn summary(&self) -> Unpacked {
        let mut summary = Unpacked::default();
        for (name, entry) in self.names().iter() {
            let (kind, size) = match entry.kind {
                Kind::Directory => (b'd', 0),
                Kind::Link => (b'l', 0),
                Kind::File => (b'f', entry.size),
            };
            summary.outline = summary.outline.wrapping_add(outline(name.as_str().as_bytes(), kind, size));
            match entry.kind {
                Kind::Directory => summary.directories += 1,
                Kind::Link => summary.links += 1,
                Kind::File => {
                    summary.files += 1;
                    summary.bytes += entry.size;
                }
            }
        }
        summary
    }

    fn take(&self, name: &MemberName, kind: Kind, at: u64) -> Result<(), UnpackError> {
        let _claim = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = self.enter(name, kind, at)?;
        for directory in missing {
            let path = self.path(&directory);
            DirBuilder::new().create(&path).map_err(|error| not_created(error, path, name, at))?;
        }
        Ok(())
    }

    /// Enters a name and the directories it implies. Returns the directories to be made, the outermost first.
    fn enter(&self, name: &MemberName, kind: Kind, at: u64) -> Result<Vec<MemberName>, ArchiveError> {
        let mut names = self.names();
        match names.get(name.as_str()) {
            Some(entry) if entry.kind == kind && kind == Kind::Directory => return Ok(Vec::new()),
            Some(_) => return Err(Problem::Twice.of(name.as_str(), at)),
            None => {}
        }
        let mut missing = Vec::new();
        let mut next = name.parent();
        while let Some(parent) = next {
            match names.get(parent.as_str()).map(|entry| entry.kind) {
                Some(Kind::Directory) => break,
                Some(_) => return Err(Problem::NotDirectory { parent: parent.to_string() }.of(name.as_str(), at)),
                None => next = parent.parent(),
            }
            self.gauge.member(parent.as_str().len()).map_err(|problem| problem.of(name.as_str(), at))?;
            missing.push(parent);
        }
        missing.reverse();
        if kind == Kind::Directory {
            missing.push(name.clone());
        } else {
            names.insert(name.clone(), kind, at);
        }
        for directory in &missing {
            names.insert(directory.clone(), Kind::Directory, at);
        }
        Ok(missing)
    }
}

/// Nothing was made for a name: because of the archive, or because of the disk.
fn not_created(error: io::Error, path: PathBuf, name: &MemberName, at: u64) -> UnpackError {
    match error.kind() {
        ErrorKind::AlreadyExists => Problem::Collision.of(name.as_str(), at).into(),
        // The whole path is too long, or the system wants another encoding.
        ErrorKind::InvalidFilename => {
            Problem::Name { why: "the file system does not take it" }.of(name.as_str(), at).into()
        }
        _ => UnpackError::disk("create", path, error),
    }
}

fn unlinkable(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::TooManyLinks)
}

/// For those who do not watch.
pub(crate) fn unobserved() -> Observe {
    Arc::new(|_| {})
}

/// What one name adds to [`Unpacked::outline`]: `kind` is `d`, `f` or `l`, and `size` that of a file. Sums of it do not depend on the order. It
/// tells trees apart that were changed by accident, and protects from nobody (FNV-1a, and the finalizer of SplitMix64).
#[must_use]
pub fn outline(path: &[u8], kind: u8, size: u64) -> u64 {
    let size = size.to_le_bytes();
    let bytes = path.iter().chain([&0, &kind]).chain(&size);
    let mut hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
