//! What requirements ask for, for one target.

use std::collections::BTreeMap;

use towline_store::Digest;
use uv_normalize::PackageName;
use uv_pep440::{Operator, VersionSpecifier, VersionSpecifiers};

use super::{Direct, Entry, Named, Origin, Requirements, RequirementsError, What};
use crate::Target;

/// What holds for a target.
#[derive(Debug, Clone, Default)]
pub struct Active<'a> {
    /// Packages to look up, each once, in the order of their names.
    pub named: Vec<Asked>,
    /// Files.
    pub direct: Vec<(&'a Entry, &'a Direct)>,
    /// What would have to be built.
    pub built: Vec<&'a Entry>,
}

/// A package, with all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The package.
    pub package: PackageName,
    /// All specifiers, those of constraints among them.
    pub specifiers: VersionSpecifiers,
    /// Digests of which the file has to have one, where there are any.
    pub hashes: Vec<Digest>,
    /// Where it is asked for first.
    pub origin: Origin,
    /// Whether a requirement, not only a constraint, names one version.
    pub pinned: bool,
}

impl Requirements {
    /// What holds for a target.
    ///
    /// # Errors
    /// When two requirements pin one package differently, or share no hash.
    pub fn active(&self, target: &Target) -> Result<Active<'_>, RequirementsError> {
        let holds = |entry: &&Entry| entry.marker.evaluate(target.markers(), &[]);
        let mut active = Active::default();
        let mut named: BTreeMap<&PackageName, Vec<(&Entry, &Named)>> = BTreeMap::new();
        for entry in self.entries.iter().filter(holds) {
            match &entry.what {
                What::Named(it) => named.entry(&it.package).or_default().push((entry, it)),
                What::Direct(direct) => active.direct.push((entry, direct)),
                What::Built(_) => active.built.push(entry),
            }
        }
        let constraints: Vec<_> = self.constraints.iter().filter(holds).collect();
        for (package, entries) in named {
            active.named.push(asked(package, &entries, &constraints)?);
        }
        Ok(active)
    }
}

fn asked(
    package: &PackageName,
    entries: &[(&Entry, &Named)],
    constraints: &[&Entry],
) -> Result<Asked, RequirementsError> {
    let mut specifiers: Vec<VersionSpecifier> = Vec::new();
    let mut hashes: Option<Vec<Digest>> = None;
    let mut pin: Option<&VersionSpecifier> = None;
    for &(entry, named) in entries {
        let exact = |one: &&VersionSpecifier| matches!(one.operator(), Operator::Equal | Operator::ExactEqual);
        if let Some(one) = named.specifiers.iter().find(exact) {
            if let Some(other) = pin.filter(|other| other.version() != one.version()) {
                return Err(entry.origin.error(format!("`{package}` is wanted as {one}, and as {other} before")));
            }
            pin = Some(one);
        }
        specifiers.extend(named.specifiers.iter().cloned());
        if !entry.hashes.is_empty() {
            let shared = match hashes {
                None => entry.hashes.clone(),
                Some(before) => before.into_iter().filter(|digest| entry.hashes.contains(digest)).collect(),
            };
            if shared.is_empty() {
                return Err(entry.origin.error(format!("`{package}` has other hashes than before")));
            }
            hashes = Some(shared);
        }
    }
    for constraint in constraints {
        if let What::Named(named) = &constraint.what
            && named.package == *package
        {
            specifiers.extend(named.specifiers.iter().cloned());
        }
    }
    let origin = entries.first().map_or(Origin::Argument, |(entry, _)| entry.origin.clone());
    Ok(Asked {
        package: package.clone(),
        specifiers: specifiers.into_iter().collect(),
        hashes: hashes.unwrap_or_default(),
        origin,
        pinned: pin.is_some(),
    })
}
