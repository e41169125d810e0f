//! Which forms of a package are allowed.

use std::collections::BTreeSet;

use uv_normalize::PackageName;

use crate::Kind;

/// A set of packages, as `--no-binary` and `--only-binary` name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    /// `:all:`: every one.
    pub all: bool,
    /// These.
    pub named: BTreeSet<PackageName>,
}

/// How a file is chosen. By default: wheels and source distributions, no pre-releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Source distributions alone.
    pub no_binary: Packages,
    /// Wheels alone.
    pub only_binary: Packages,
    /// A wheel before a source distribution of a newer version.
    pub prefer_binary: bool,
    /// Pre-releases and development releases like any other.
    pub pre: bool,
}

impl Rules {
    /// Whether a form is allowed for a package. As in pip a package that is named goes before `:all:`, and `only_binary` before
    /// `no_binary`.
    #[must_use]
    pub fn allows(&self, package: &PackageName, kind: Kind) -> bool {
        let only = if self.only_binary.named.contains(package) {
            Some(Kind::Wheel)
        } else if self.no_binary.named.contains(package) {
            Some(Kind::Sdist)
        } else if self.only_binary.all {
            Some(Kind::Wheel)
        } else if self.no_binary.all {
            Some(Kind::Sdist)
        } else {
            None
        };
        only.is_none_or(|only| only == kind)
    }
}
