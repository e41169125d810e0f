//! Which parts of a lock are wanted, and what comes of it.

use std::collections::BTreeSet;

use uv_normalize::{ExtraName, GroupName, PackageName};

use crate::Choice;

/// Which parts of a lock are wanted. By default: no extras, the default groups of the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These extras.
    pub extras: BTreeSet<ExtraName>,
    /// All extras.
    pub all_extras: bool,
    /// These groups, besides the default ones.
    pub groups: BTreeSet<GroupName>,
    /// All groups.
    pub all_groups: bool,
    /// Not the default groups.
    pub no_default_groups: bool,
}

/// What a lock has for a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locked {
    /// One file for each package, in the order of the lock.
    pub files: Vec<Choice>,
    /// Packages that are no files.
    pub left_out: Vec<LeftOut>,
}

/// A package that cannot be brought as a file: it has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The package.
    pub package: PackageName,
    /// `a checkout of git` or `a directory`.
    pub what: String,
}
