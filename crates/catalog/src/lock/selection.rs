//! Which part of a lock is wanted.

use std::collections::BTreeSet;

use uv_normalize::{ExtraName, GroupName, PackageName};

use super::Spot;
use crate::Choice;

/// What is on before groups are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Groups {
    /// Those that are on by default: `default-groups` of a pylock.toml; `dev` of a uv.lock where there is one, as for `uv sync` and
    /// `uv export` (which other groups a project's `default-groups` names is not in its lock).
    #[default]
    Default,
    /// None.
    None,
    /// All.
    All,
}

/// The extras and groups that are wanted. By default no extras, and the groups that are on by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These extras.
    pub extras: BTreeSet<ExtraName>,
    /// All extras.
    pub all_extras: bool,
    /// Where to begin with groups.
    pub groups: Groups,
    /// These groups too.
    pub with_groups: BTreeSet<GroupName>,
    /// Not these groups.
    pub without_groups: BTreeSet<GroupName>,
    /// The members of a workspace to begin at (uv.lock only). None: the project at its root, and if there is none, all members.
    pub packages: BTreeSet<PackageName>,
    /// Packages whose files are not wanted; what they depend on is.
    pub without: BTreeSet<PackageName>,
}

impl Selection {
    /// Which of the groups are on.
    pub(super) fn groups<'a>(
        &self,
        known: impl IntoIterator<Item = &'a GroupName>,
        default: impl IntoIterator<Item = &'a GroupName>,
    ) -> BTreeSet<GroupName> {
        let mut on: BTreeSet<GroupName> = match self.groups {
            Groups::Default => default.into_iter().cloned().collect(),
            Groups::None => BTreeSet::new(),
            Groups::All => known.into_iter().cloned().collect(),
        };
        on.extend(self.with_groups.iter().cloned());
        on.retain(|group| !self.without_groups.contains(group));
        on
    }
}

/// What a lock has for a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locked {
    /// One file for each package.
    pub files: Vec<Choice>,
    /// Packages that are no files.
    pub left_out: Vec<LeftOut>,
}

/// A package that cannot be brought as a file: it has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where the lock has it.
    pub at: Spot,
    /// The package.
    pub package: PackageName,
    /// `a checkout of a git repository` or `a directory`.
    pub what: String,
}
