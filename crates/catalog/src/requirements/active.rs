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
        let entries: Vec<_> = self.entries.iter().filter(holds).collect();
        let constraints: Vec<_> = self.constraints.iter().filter(holds).collect();
        self.vouched(&entries, &constraints)?;
        for entry in entries {
            match &entry.what {
                What::Named(it) => named.entry(&it.package).or_default().push((entry, it)),
                What::Direct(direct) => active.direct.push((entry, direct)),
                What::Built(_) => active.built.push(entry),
            }
        }
        for (package, entries) in named {
            let asked = asked(package, &entries, &constraints)?;
            // A URL says which file it is, be it that of a constraint.
            let given = active.direct.iter().find(|(_, direct)| direct.package == *package).copied();
            let fixed = constraints.iter().find_map(|constraint| match &constraint.what {
                What::Direct(direct) if direct.package == *package => Some((*constraint, &**direct)),
                _ => None,
            });
            let Some((entry, direct)) = given.or(fixed) else {
                active.named.push(asked);
                continue;
            };
            if let Some(version) = direct.version.as_ref().filter(|version| !asked.specifiers.contains(version)) {
                let why = format!(
                    "`{package}{}` is wanted, and `{}` is version {version}",
                    asked.specifiers, direct.file.name
                );
                return Err(entry.origin.error(why));
            }
            if given.is_none() {
                active.direct.push((entry, direct));
            }
        }
        Ok(active)
    }
}

/// Hashes that are given several times: those of all count.
fn agree(hashes: &mut Option<Vec<Digest>>, entry: &Entry, package: &PackageName) -> Result<(), RequirementsError> {
    if entry.hashes.is_empty() {
        return Ok(());
    }
    let shared: Vec<_> = match hashes.take() {
        None => entry.hashes.clone(),
        Some(before) => before.into_iter().filter(|digest| entry.hashes.contains(digest)).collect(),
    };
    if shared.is_empty() {
        return Err(entry.origin.error(format!("`{package}` has other hashes than before")));
    }
    *hashes = Some(shared);
    Ok(())
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
        agree(&mut hashes, entry, package)?;
    }
    for constraint in constraints {
        if let What::Named(named) = &constraint.what
            && named.package == *package
        {
            specifiers.extend(named.specifiers.iter().cloned());
            agree(&mut hashes, constraint, package)?;
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
