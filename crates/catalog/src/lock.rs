//! Locks: pylock.toml (PEP 751) and uv.lock.
//!
//! A lock is read whole and judged before anything is chosen: what is wrong anywhere in it is said with file, line and key. Choosing is a
//! function of the lock, a [`Target`] and a [`Selection`]; nothing is looked up, and a file is never exchanged for another because of what
//! is there. The best wheel is the one with the best tag and of these the highest build number; where none fits, the source distribution is
//! taken.
//!
//! Other locks (poetry.lock, pdm.lock, Pipfile.lock) do not say where files are; [`LockError::Foreign`] names the command that
//! exports them.

mod error;
mod files;
mod node;
mod pylock;
mod selection;
mod uv;
mod walk;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

pub use error::{LockError, Spot};
pub use selection::{Groups, LeftOut, Locked, Selection};

use crate::Target;

/// Bytes of a lock. Big ones of real projects have 5 MB.
const LARGEST: u64 = 64 << 20;

/// A lock that was read and found in order.
#[derive(Debug, Clone)]
pub struct Lock {
    path: PathBuf,
    warnings: Vec<String>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Pylock(pylock::Pylock),
    Uv(uv::UvLock),
}

impl Lock {
    /// Whether a file is called as a lock is: `pylock.toml`, `pylock.<name>.toml`, `uv.lock`, or one of those that
    /// [`LockError::Foreign`] is for.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        form_of(name).is_some() || foreign(name).is_some()
    }

    /// Reads a lock of at most 64 MiB. Its form is told by its name ([`Lock::is_name`]), else by its content.
    ///
    /// # Errors
    /// When it cannot be read, is of no known form, or something in it is wrong: file, line, key, and the way out.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        fs::File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        Self::parse(path, &bytes)
    }

    /// Reads a lock from its bytes. Paths in it are relative to the directory of `path`, which is made absolute; nothing is read from
    /// there.
    ///
    /// # Errors
    /// As [`Lock::read`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, LockError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some((tool, command)) = foreign(name) {
            return Err(LockError::Foreign { path: path.to_owned(), tool, command });
        }
        if bytes.len() as u64 > LARGEST {
            return Err(LockError::TooLarge { path: path.to_owned() });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| LockError::Syntax {
            path: path.to_owned(),
            line: node::line(bytes, error.valid_up_to()),
            why: "it is not UTF-8".to_owned(),
        })?;
        let root = match node::parse(path, text) {
            // Neither its name nor its content says that it is a lock.
            Err(_) if form_of(name).is_none() && !name.ends_with(".toml") => {
                return Err(LockError::Unknown { path: path.to_owned() });
            }
            root => root?,
        };
        let document = node::Document::new(path, text, &root);
        let top = document.top();
        let kind = match form_of(name) {
            Some(kind) => kind,
            None if top.get("lock-version").is_some() && top.get("packages").is_some() => Kind::Pylock,
            // That of a script without dependencies has no packages.
            None if top.get("version").is_some()
                && (top.get("package").is_some() || top.get("requires-python").is_some()) =>
            {
                Kind::Uv
            }
            None => return Err(LockError::Unknown { path: path.to_owned() }),
        };
        let folder = std::path::absolute(path)
            .map_err(|source| LockError::Read { path: path.to_owned(), source })?
            .parent()
            .map_or_else(|| PathBuf::from("/"), Path::to_owned);
        let mut warnings = Vec::new();
        let form = match kind {
            Kind::Pylock => Form::Pylock(pylock::Pylock::parse(top, &folder, &mut warnings)?),
            Kind::Uv => Form::Uv(uv::UvLock::parse(top, &folder, &mut warnings)?),
        };
        Ok(Self { path: path.to_owned(), warnings, form })
    }

    /// What the user should know of it: that it is of a newer form, of which something may not have been understood.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The files for a target, sorted by package, and what is no file.
    ///
    /// # Errors
    /// When the lock is not made for the target, the selection names what it has not, or a package has no file that fits.
    pub fn choose(&self, target: &Target, selection: &Selection) -> Result<Locked, LockError> {
        let mut locked = match &self.form {
            Form::Pylock(lock) => lock.choose(&self.path, target, selection)?,
            Form::Uv(lock) => lock.choose(&self.path, target, selection)?,
        };
        locked.files.sort_by(|a, b| a.package.cmp(&b.package));
        locked.left_out.sort_by(|a, b| a.package.cmp(&b.package));
        Ok(locked)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Pylock,
    Uv,
}

fn form_of(name: &str) -> Option<Kind> {
    if name == "uv.lock" {
        return Some(Kind::Uv);
    }
    let middle = name.strip_prefix("pylock.")?.strip_suffix("toml")?;
    // `pylock.toml`, or one more part without a dot.
    let middle = middle.strip_suffix('.').unwrap_or(middle);
    (!middle.contains('.')).then_some(Kind::Pylock)
}

fn foreign(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "poetry.lock" => Some(("Poetry", "poetry export -f requirements.txt -o requirements.txt")),
        "pdm.lock" => Some(("PDM", "pdm export -f pylock -o pylock.toml")),
        "Pipfile.lock" => Some(("Pipenv", "pipenv requirements --hash > requirements.txt")),
        _ => None,
    }
}
