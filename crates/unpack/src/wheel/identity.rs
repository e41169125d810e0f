//! Which distribution a wheel, a folder or a METADATA speaks of.

use std::{fmt, str::FromStr as _};

use uv_pep440::Version;

/// A distribution's name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    name: String,
    version: String,
}

impl Identity {
    pub(super) fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into() }
    }

    /// Of `{distribution}-{version}(-{build tag})?-{python}-{abi}-{platform}.whl`.
    pub(super) fn of_file_name(file: &str) -> Result<Self, String> {
        let stem = file.len().checked_sub(4).and_then(|at| file.split_at_checked(at));
        let parts = match stem {
            Some((stem, ending)) if ending.eq_ignore_ascii_case(".whl") => stem.split('-').collect::<Vec<_>>(),
            _ => return Err(format!("the file name {file:?} does not end in .whl")),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("the file name {file:?} has an empty part"));
        }
        match parts.as_slice() {
            [name, version, _, _, _] => Ok(Self::new(*name, *version)),
            [name, version, build, _, _, _] if build.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Self::new(*name, *version))
            }
            [_, _, build, _, _, _] => {
                Err(format!("the build tag {build:?} of the file name does not begin with a digit"))
            }
            _ => Err(format!("the file name {file:?} is not name-version(-build)-python-abi-platform.whl")),
        }
    }

    /// Of `{distribution}-{version}`, the stem of a `.dist-info` folder.
    pub(super) fn of_stem(stem: &str) -> Option<Self> {
        let (name, version) =
            stem.rsplit_once('-').filter(|(name, version)| !name.is_empty() && !version.is_empty())?;
        Some(Self::new(name, version))
    }

    /// Whether `wheel` is about the same distribution and version, once both are normalized. The local part of a version
    /// may stand in the wheel's name alone: it is added there by those who build one release in several ways.
    pub(super) fn agrees_with(&self, wheel: &Self) -> bool {
        normal(&self.name) == normal(&wheel.name) && same_version(&self.version, &wheel.version)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// PEP 503: lower case, and one `-` for each run of `-`, `_` and `.`.
fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// As PEP 440 has it, where both are versions by it; older ones by their letters, with `_` for the `-` that a file name
/// cannot have.
fn same_version(inner: &str, outer: &str) -> bool {
    let parse = |text: &str| Version::from_str(&text.replace('_', "-")).ok();
    match (parse(inner), parse(outer)) {
        (Some(inner), Some(outer)) => inner == outer || inner == outer.without_local(),
        (None, None) => inner.to_lowercase().replace('_', "-") == outer.to_lowercase().replace('_', "-"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_say_who_they_are() {
        for (file, said) in [
            ("a-1.0-py3-none-any.whl", Some(("a", "1.0"))),
            ("a_b-1.0-12abc-py2.py3-none-any.WHL", Some(("a_b", "1.0"))),
            ("a-1.0+cpu.x-cp39-cp39-win_amd64.whl", Some(("a", "1.0+cpu.x"))),
            ("a-1.0-b1-py3-none-any.whl", None),
            ("a-1.0-py3-none.whl", None),
            ("a-b-1.0-1-py3-none-any.whl", None),
            ("-1.0-py3-none-any.whl", None),
            ("a-1.0-py3-none-any.zip", None),
            ("a.whl", None),
            (".whl", None),
            ("é", None),
        ] {
            let said = said.map(|(name, version)| Identity::new(name, version));
            assert_eq!(Identity::of_file_name(file).ok(), said, "{file}");
        }
    }

    #[test]
    fn names_and_versions_agree_once_normalized() {
        for (inner, outer, agree) in [
            (("Foo.Bar", "1.0"), ("foo_bar", "1.0"), true),
            (("foo__bar", "1.0.0"), ("foo-bar", "1"), true),
            (("foo", "1.0rc1"), ("foo", "1.0.c1"), true),
            (("foo", "1.0"), ("foo", "1.0+cpu"), true),
            (("foo", "1.0+cpu"), ("foo", "1.0"), false),
            (("foo", "1.0+cpu"), ("foo", "1.0+gpu"), false),
            (("foo", "1.0+a.b"), ("foo", "1.0+a_b"), true),
            (("foo", "1.0-1"), ("foo", "1.0_1"), true),
            (("foo", "2004d"), ("foo", "2004D"), true),
            (("foo", "2004d-x"), ("foo", "2004d_x"), true),
            (("foo", "2004d"), ("foo", "2004"), false),
            (("foo", "1.0"), ("foo", "2.0"), false),
            (("foo", "1.0"), ("foobar", "1.0"), false),
        ] {
            let (a, b) = (Identity::new(inner.0, inner.1), Identity::new(outer.0, outer.1));
            assert_eq!(a.agrees_with(&b), agree, "{a}, {b}");
        }
    }
}
