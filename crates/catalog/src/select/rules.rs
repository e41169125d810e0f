//! Which forms of a package are allowed.

use std::collections::BTreeSet;

use uv_normalize::{InvalidNameError, PackageName};

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
    /// Takes `--only-binary` (wheels) or `--no-binary` (source distributions): `:all:`, `:none:`, or names with commas between them. As in
    /// pip what comes later goes before what came first: a name leaves the other set, and `:all:` empties it.
    ///
    /// # Errors
    /// When a name is none.
    pub fn only(&mut self, kind: Kind, names: &str) -> Result<(), InvalidNameError> {
        let (target, other) = match kind {
            Kind::Wheel => (&mut self.only_binary, &mut self.no_binary),
            Kind::Sdist => (&mut self.no_binary, &mut self.only_binary),
        };
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                ":all:" => {
                    *other = Packages::default();
                    *target = Packages { all: true, ..Packages::default() };
                }
                ":none:" => *target = Packages::default(),
                name => {
                    let name: PackageName = name.parse()?;
                    other.named.remove(&name);
                    target.named.insert(name);
                }
            }
        }
        Ok(())
    }

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
