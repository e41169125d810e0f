//! Why no file fits, and what to do about it.

use std::{collections::BTreeSet, fmt};

use uv_normalize::PackageName;
use uv_pep440::Version;

use super::{Cause, Wanted};
use crate::{Kind, Target, index::Listed};

/// How many files of the versions that were asked for were left out, and for what. Each counts once, for the first that applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wheels, where `--no-binary` wants none.
    pub wheels_refused: usize,
    /// Source distributions, where `--only-binary` wants none.
    pub sdists_refused: usize,
    /// Wheels for other interpreters or platforms.
    pub tags: usize,
    /// For other versions of Python (`requires-python`).
    pub python: usize,
    /// With a digest that is none of those asked for.
    pub hash: usize,
    /// Withdrawn (PEP 592).
    pub yanked: usize,
}

/// No file of a package fits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFound {
    /// The package.
    pub package: PackageName,
    /// The specifiers, as text; empty where none were given.
    pub specifiers: String,
    /// `CPython 3.12.0 on manylinux_2_28_x86_64`.
    pub target: String,
    /// All versions that are listed.
    pub listed: BTreeSet<Version>,
    /// Those of them that were asked for.
    pub matching: BTreeSet<Version>,
    /// What was left out.
    pub counts: Counts,
    wheel: Option<Example>,
    python: Option<Example>,
    yanked: Option<Example>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Example {
    version: Version,
    text: String,
}

impl NotFound {
    pub(super) fn new(wanted: Wanted<'_>, target: &Target) -> Self {
        Self {
            package: wanted.package.clone(),
            specifiers: wanted.specifiers.to_string(),
            target: target.to_string(),
            listed: BTreeSet::new(),
            matching: BTreeSet::new(),
            counts: Counts::default(),
            wheel: None,
            python: None,
            yanked: None,
        }
    }

    pub(super) fn count(&mut self, listed: &Listed, cause: Cause) {
        let version = listed.version();
        if !self.listed.contains(version) {
            self.listed.insert(version.clone());
        }
        if cause != Cause::Version && !self.matching.contains(version) {
            self.matching.insert(version.clone());
        }
        let counts = &mut self.counts;
        match (cause, listed.kind()) {
            (Cause::Version, _) => {}
            (Cause::Form, Kind::Wheel) => counts.wheels_refused += 1,
            (Cause::Form, Kind::Sdist) => counts.sdists_refused += 1,
            (Cause::Tags, _) => {
                counts.tags += 1;
                newest(&mut self.wheel, listed, || listed.file.name.to_string());
            }
            (Cause::Python, _) => {
                counts.python += 1;
                let needs = listed.requires_python.as_ref().map(ToString::to_string).unwrap_or_default();
                newest(&mut self.python, listed, || format!("{version} needs Python {needs}"));
            }
            (Cause::Hash, _) => counts.hash += 1,
        }
    }

    pub(super) fn count_yanked(&mut self, listed: &Listed) {
        let version = listed.version();
        self.listed.insert(version.clone());
        self.matching.insert(version.clone());
        self.counts.yanked += 1;
        let reason = listed.yanked.as_deref().unwrap_or_default();
        newest(&mut self.yanked, listed, || match reason {
            "" => version.to_string(),
            reason => format!("{version}: {reason}"),
        });
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        let counts = &self.counts;
        if self.listed.is_empty() {
            "look at the name and at the index; another index is given with --index-url, a directory of archives with --find-links"
        } else if self.matching.is_empty() {
            "ask for a version that is listed"
        } else if counts.hash > 0 {
            "the hashes belong to other files: renew them, or ask the index they were made with"
        } else if counts.sdists_refused > 0 {
            "allow the source distribution (no --only-binary), or choose another version, --python-version or --platform"
        } else if counts.wheels_refused > 0 {
            "allow wheels (no --no-binary), or choose another version"
        } else if counts.python > 0 {
            "choose another --python-version, or another version of the package"
        } else if counts.yanked > 0 {
            "pin it with == to take a version that was withdrawn"
        } else {
            "choose another --platform or --python-version, or a version of the package with a wheel for it"
        }
    }
}

/// Keeps the example of the newest version; of one version, the first in the order of texts.
fn newest(slot: &mut Option<Example>, listed: &Listed, text: impl FnOnce() -> String) {
    let version = listed.version();
    if slot.as_ref().is_some_and(|held| held.version > *version) {
        return;
    }
    let text = text();
    if slot.as_ref().is_none_or(|held| held.version < *version || text < held.text) {
        *slot = Some(Example { version: version.clone(), text });
    }
}

impl std::error::Error for NotFound {}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, specifiers, target, counts, .. } = self;
        write!(f, "no file of `{package}{specifiers}` fits {target}: ")?;
        if self.listed.is_empty() {
            return write!(f, "nothing of it is listed");
        }
        if self.matching.is_empty() {
            return write!(f, "listed are {}", list(&self.listed));
        }
        let example =
            |of: &Option<Example>| of.as_ref().map(|it| format!(" ({})", it.text.escape_debug())).unwrap_or_default();
        let reasons = [
            (counts.tags, "file", "for other interpreters or platforms", example(&self.wheel)),
            (counts.python, "file", "for other versions of Python", example(&self.python)),
            (counts.wheels_refused, "wheel", "refused by --no-binary", String::new()),
            (counts.sdists_refused, "source distribution", "refused by --only-binary", String::new()),
            (counts.hash, "file", "without a digest that was asked for", String::new()),
            (counts.yanked, "file", "withdrawn", example(&self.yanked)),
        ];
        write!(f, "of {}, ", list(&self.matching))?;
        for (at, (count, what, state, example)) in reasons.iter().filter(|(count, ..)| *count > 0).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let verb = if *count == 1 { " is" } else { "s are" };
            write!(f, "{comma}{count} {what}{verb} {state}{example}")?;
        }
        Ok(())
    }
}

/// The newest versions, and how many there are besides.
fn list(versions: &BTreeSet<Version>) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = versions.iter().rev().take(SHOWN).map(ToString::to_string).collect();
    let more = versions.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(" and {more} older") } else { String::new() };
    let noun = if versions.len() == 1 { "version" } else { "versions" };
    format!("{noun} {}{tail}", shown.join(", "))
}
