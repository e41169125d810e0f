//! The version of Python, as users write it.

use std::{fmt, str::FromStr};

use uv_pep440::Version;

/// Who made the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Implementation {
    /// The reference implementation.
    CPython,
    /// PyPy. Its wheels are tagged with PyPy's own version too, which is 7.3 for every release since 2020, and taken to be that.
    PyPy,
}

impl Implementation {
    /// `platform_python_implementation`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CPython => "CPython",
            Self::PyPy => "PyPy",
        }
    }

    /// `implementation_name`.
    pub(super) const fn marker(self) -> &'static str {
        match self {
            Self::CPython => "cpython",
            Self::PyPy => "pypy",
        }
    }

    /// `implementation_version`.
    pub(super) fn version(self, python: &PythonVersion) -> String {
        match self {
            Self::CPython => python.full(),
            Self::PyPy => "7.3.0".to_owned(),
        }
    }

    pub(super) const fn version_for_tags(self, python: &PythonVersion) -> (u8, u8) {
        match self {
            Self::CPython => python.minor(),
            Self::PyPy => (7, 3),
        }
    }
}

/// A version of Python: `3.12`, `3.12.1`, `312`, `3.13t` (free-threaded), `3.15.0rc1`, `pypy3.11`; a prefix `cpython`, `cp`, `python` or `pp`
/// is taken as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PythonVersion {
    implementation: Implementation,
    major: u8,
    minor: u8,
    /// Three numbers and what may follow for a release that is not final.
    full: Version,
    free_threaded: bool,
}

/// A text that is no version of Python.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no version of Python that files can be chosen for: {why}", .text.escape_debug())]
pub struct PythonVersionError {
    /// The beginning of it.
    pub text: String,
    /// What is wrong, and what would do.
    pub why: &'static str,
}

impl PythonVersion {
    /// Who makes it.
    #[must_use]
    pub const fn implementation(&self) -> Implementation {
        self.implementation
    }

    /// Whether it is the build without the global lock.
    #[must_use]
    pub const fn is_free_threaded(&self) -> bool {
        self.free_threaded
    }

    /// Major and minor version.
    #[must_use]
    pub const fn minor(&self) -> (u8, u8) {
        (self.major, self.minor)
    }

    /// `python_full_version`.
    pub(super) fn full(&self) -> String {
        self.full.to_string()
    }

    /// `python_version`.
    pub(super) fn short(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.implementation == Implementation::PyPy { "pypy" } else { "" };
        write!(f, "{before}{}{}", self.full, if self.free_threaded { "t" } else { "" })
    }
}

impl FromStr for PythonVersion {
    type Err = PythonVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).map_err(|why| PythonVersionError { text: text.chars().take(80).collect(), why })
    }
}

fn parse(text: &str) -> Result<PythonVersion, &'static str> {
    const FORM: &str = "write it as `3.12`, `3.12.1`, `3.13t` or `pypy3.11`";
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("graalpy") {
        return Err("the tags of GraalPy need its exact build; give the path of such an interpreter instead");
    }
    let (implementation, rest) = [
        ("cpython", Implementation::CPython),
        ("python", Implementation::CPython),
        ("cp", Implementation::CPython),
        ("pypy", Implementation::PyPy),
        ("pp", Implementation::PyPy),
    ]
    .into_iter()
    .find_map(|(prefix, implementation)| Some((implementation, lower.strip_prefix(prefix)?)))
    .unwrap_or((Implementation::CPython, &lower));
    let rest = rest.trim_start_matches(['-', '@']);
    let (digits, free_threaded) = rest.strip_suffix('t').map_or((rest, false), |digits| (digits, true));
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(FORM);
    }
    let dotted = match digits.split_at_checked(1) {
        Some((major, minor)) if !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{major}.{minor}")
        }
        _ => digits.to_owned(),
    };
    let version = Version::from_str(&dotted).map_err(|_| FORM)?;
    if version.epoch() != 0 || version.is_local() || version.is_post() || version.is_dev() {
        return Err(FORM);
    }
    let numbers = version.release().to_vec();
    let (major, minor, patch) = match *numbers {
        [major, minor] => (major, minor, 0),
        [major, minor, patch] => (major, minor, patch),
        [_] => return Err("the minor version is needed too, as in `3.12`"),
        _ => return Err(FORM),
    };
    let (3, Ok(minor @ 0..100)) = (major, u8::try_from(minor)) else {
        return Err("only versions 3.0 to 3.99 are known");
    };
    if free_threaded && (implementation != Implementation::CPython || minor < 13) {
        return Err("there are free-threaded builds of CPython 3.13 and later only");
    }
    let full = version.with_release([3, u64::from(minor), patch]);
    Ok(PythonVersion { implementation, major: 3, minor, full, free_threaded })
}
