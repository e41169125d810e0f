//! Which interpreter is wanted.

use std::{fmt, path::PathBuf, str::FromStr};

use uv_pep440::{Version, VersionSpecifiers};

use crate::Interpreter;

/// Which interpreter is wanted, parsed from what users write (compatible with uv's `--python`).
///
/// | form | examples | meaning |
/// |---|---|---|
/// | anything | `any`, `python` | the first there is |
/// | a path | `/usr/bin/python3`, `./env`, `.` | what has a slash: an executable, or the folder of an environment |
/// | a version | `3`, `3.12`, `3.12.1`, `3.14.0rc1`, `312` | with these leading numbers; a pre-release exactly |
/// | a range | `>=3.11`, `>=3.9,<3.12`, `==3.12.*`, `~=3.11` | PEP 440 |
/// | a build | `3.13t`, `3.13d`, `3.13td`, `3.13+freethreaded` | without the lock, with assertions |
/// | an implementation | `cpython`, `pypy3.9`, `pypy@3.9`, `cp312`, `pp39`, `graalpy>=3.11` | also before any of the versions above |
/// | a name | `python-nightly`, `myenv` | everything else: a folder here that is an environment, or a program of the search path |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The first there is.
    Any,
    /// This executable, or the one of the environment in this folder.
    At(PathBuf),
    /// The program of this name, or the environment in the folder of this name.
    Named(String),
    /// The first that fits.
    Fitting(Wish),
}

/// What an interpreter has to be. Parsed by [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// `cpython`, `pypy` or `graalpy`; any, if none is named.
    pub(crate) implementation: Option<&'static str>,
    pub(crate) version: Versions,
    pub(crate) free_threaded: bool,
    pub(crate) debug: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Versions {
    Any,
    /// With these leading numbers.
    Series(Vec<u64>),
    Exactly(Version),
    Within(VersionSpecifiers),
}

/// Why an interpreter is not the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// It is another implementation.
    Implementation,
    /// It has another version.
    Version,
    /// It is free-threaded, and nobody asked for that.
    FreeThreaded,
    /// It has the global lock, and one without was asked for.
    Locked,
    /// It has assertions, and nobody asked for that.
    Debug,
    /// It has no assertions, and they were asked for.
    Release,
}

/// A text that asks for no interpreter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` asks for no interpreter: {why}; write a version (3.12, 3.13t, >=3.11, pypy3.9), a path with a slash, or the name of a program",
    .text.escape_debug()
)]
pub struct RequestError {
    /// The beginning of it.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// Names that may stand before a version. `python` stands for any implementation, as most have a program of that name.
const PREFIXES: [(&str, Option<&str>); 7] = [
    ("cpython", Some("cpython")),
    ("python", None),
    ("pypy", Some("pypy")),
    ("graalpy", Some("graalpy")),
    ("cp", Some("cpython")),
    ("pp", Some("pypy")),
    ("gp", Some("graalpy")),
];

/// Longer than any file name.
const LONGEST: usize = 4096;

impl FromStr for Request {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: String| RequestError { text: text.chars().take(80).collect(), why };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        if trimmed.len() > LONGEST || text.contains('\0') {
            return Err(wrong("it is no path that can exist".to_owned()));
        }
        if text.contains('/') || trimmed == "." || trimmed == ".." {
            return Ok(Self::At(PathBuf::from(text)));
        }
        let lower = trimmed.to_ascii_lowercase();
        if lower == "any" || lower == "python" {
            return Ok(Self::Any);
        }
        for (prefix, implementation) in PREFIXES {
            let Some(rest) = lower.strip_prefix(prefix) else { continue };
            let rest = rest.strip_prefix('@').unwrap_or(rest);
            if let Ok(wish) = Wish::parse(rest, implementation) {
                return Ok(Self::Fitting(wish));
            }
        }
        if lower.starts_with(|c: char| c.is_ascii_digit() || "<>=!~".contains(c)) {
            return Wish::parse(&lower, None).map(Self::Fitting).map_err(wrong);
        }
        if trimmed.starts_with('-') || trimmed.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(wrong("no program has such a name".to_owned()));
        }
        Ok(Self::Named(trimmed.to_owned()))
    }
}

impl Wish {
    fn parse(text: &str, implementation: Option<&'static str>) -> Result<Self, String> {
        let (text, free_threaded, debug) = variant(text);
        let version = if text.is_empty() {
            Versions::Any
        } else if text.starts_with(|c: char| "<>=!~".contains(c)) {
            Versions::Within(text.parse().map_err(|error| format!("it is no range of versions ({error})"))?)
        } else {
            series(text)?
        };
        Ok(Self { implementation, version, free_threaded, debug })
    }

    /// Why `interpreter` is not what was wished for.
    ///
    /// A version without `t` means the build with the global lock, and one without `d` the one without assertions; where no
    /// version is named either build is fine. A range that names no pre-release looks at the release alone, so that 3.14.0rc1
    /// is within `>=3.14`.
    ///
    /// # Errors
    /// The first thing that is not as it was wished.
    pub fn check(&self, interpreter: &Interpreter) -> Result<(), Mismatch> {
        if self.implementation.is_some_and(|name| name != interpreter.implementation.name) {
            return Err(Mismatch::Implementation);
        }
        let version = &interpreter.version;
        let fits = match &self.version {
            Versions::Any => true,
            Versions::Series(numbers) => interpreter.release().starts_with(numbers),
            Versions::Exactly(wanted) => wanted == &public(version),
            Versions::Within(range) if range.iter().any(|one| one.any_prerelease()) => range.contains(version),
            Versions::Within(range) => range.contains(&Version::new(interpreter.release())),
        };
        if !fits {
            return Err(Mismatch::Version);
        }
        let open = self.version == Versions::Any;
        match (self.free_threaded, interpreter.build.gil_disabled) {
            (true, false) => return Err(Mismatch::Locked),
            (false, true) if !open => return Err(Mismatch::FreeThreaded),
            _ => {}
        }
        match (self.debug, interpreter.build.debug) {
            (true, false) => Err(Mismatch::Release),
            (false, true) if !open => Err(Mismatch::Debug),
            _ => Ok(()),
        }
    }

    /// Whether a pre-release is as good as a final one.
    pub(crate) fn names_a_prerelease(&self) -> bool {
        match &self.version {
            Versions::Any | Versions::Series(_) => false,
            Versions::Exactly(_) => true,
            Versions::Within(range) => range.iter().any(|one| one.any_prerelease()),
        }
    }
}

/// A version without its local part.
fn public(version: &Version) -> Version {
    version.clone().without_local()
}

/// Cuts off what names a build.
fn variant(text: &str) -> (&str, bool, bool) {
    if let Some((version, names)) = text.split_once('+') {
        let names: Vec<_> = names.split('+').collect();
        let known = names.iter().all(|name| ["freethreaded", "debug"].contains(name));
        if known {
            return (version, names.contains(&"freethreaded"), names.contains(&"debug"));
        }
    }
    let after_digit = |rest: &str| rest.ends_with(|c: char| c.is_ascii_digit());
    for (suffix, free_threaded, debug) in [("td", true, true), ("t", true, false), ("d", false, true)] {
        if let Some(rest) = text.strip_suffix(suffix).filter(|rest| after_digit(rest)) {
            return (rest, free_threaded, debug);
        }
    }
    (text, false, false)
}

fn series(text: &str) -> Result<Versions, String> {
    // As in the tags of wheels: 312 is 3.12.
    if text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let minor = text[1..].parse::<u8>().map_err(|_| "there is no such version".to_owned())?;
        return Ok(Versions::Series(vec![u64::from(text.as_bytes()[0] - b'0'), minor.into()]));
    }
    let version: Version = text.parse().map_err(|error| format!("it is no version ({error})"))?;
    if version.is_local() || version.epoch() != 0 {
        return Err("no interpreter has such a version".to_owned());
    }
    let numbers = version.release().to_vec();
    if version.any_prerelease() || version.is_post() {
        return Ok(Versions::Exactly(version));
    }
    if numbers.len() > 3 {
        return Err("a version of Python has three numbers".to_owned());
    }
    Ok(Versions::Series(numbers))
}

/// As it can be parsed again.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::At(path) => path.display().fmt(f),
            Self::Named(name) => f.write_str(name),
            Self::Fitting(wish) => wish.fmt(f),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.implementation.unwrap_or_default())?;
        match &self.version {
            Versions::Any if self.implementation.is_none() => f.write_str("python")?,
            Versions::Any => {}
            Versions::Series(numbers) => {
                f.write_str(&numbers.iter().map(u64::to_string).collect::<Vec<_>>().join("."))?;
            }
            Versions::Exactly(version) => version.fmt(f)?,
            Versions::Within(range) => f.write_str(&range.to_string().replace(' ', ""))?,
        }
        f.write_str(if self.free_threaded { "+freethreaded" } else { "" })?;
        f.write_str(if self.debug { "+debug" } else { "" })
    }
}

/// What the interpreter is, as a predicate.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Implementation => "another implementation",
            Self::Version => "another version",
            Self::FreeThreaded => "free-threaded, which has to be asked for (3.13t)",
            Self::Locked => "not free-threaded",
            Self::Debug => "a debug build, which has to be asked for (3.13d)",
            Self::Release => "no debug build",
        })
    }
}
