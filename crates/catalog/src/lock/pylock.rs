//! pylock.toml: PEP 751 and the specification "pylock.toml" of the Python Packaging User Guide.

use std::{collections::BTreeMap, path::Path};

use uv_normalize::{ExtraName, GroupName, PackageName};
use uv_pep440::{Version, VersionSpecifiers};
use uv_pep508::MarkerTree;

use super::{
    LeftOut, LockError, Locked, Selection, Spot,
    files::{self, Files, Owner},
    node::Node,
};
use crate::{File, FileName, Hashes, Target};

/// A lock, judged.
#[derive(Debug, Clone)]
pub(super) struct Pylock {
    environments: Vec<MarkerTree>,
    requires_python: Option<VersionSpecifiers>,
    extras: Vec<ExtraName>,
    groups: Vec<GroupName>,
    default_groups: Vec<GroupName>,
    packages: Vec<Package>,
    lines: Lines,
}

/// Lines of the keys that a target can fail at.
#[derive(Debug, Clone)]
struct Lines {
    environments: Option<Spot>,
    requires_python: Option<Spot>,
}

#[derive(Debug, Clone)]
struct Package {
    at: Spot,
    name: PackageName,
    version: Option<Version>,
    marker: MarkerTree,
    requires_python: Option<VersionSpecifiers>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Files(Files),
    Vcs(String),
    Directory,
}

impl Pylock {
    pub(super) fn parse(top: Node<'_>, folder: &Path, warnings: &mut Vec<String>) -> Result<Self, LockError> {
        version(top, warnings)?;
        top.required("created-by")?.text()?;
        let packages = top
            .required("packages")?
            .array()?
            .enumerate()
            .map(|(index, node)| package(node, index, folder))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            environments: top.markers_of("environments")?,
            requires_python: top.parsed_of("requires-python")?,
            extras: top.all("extras")?,
            groups: top.all("dependency-groups")?,
            default_groups: top.all("default-groups")?,
            packages,
            lines: Lines {
                environments: top.get("environments").map(Node::spot),
                requires_python: top.get("requires-python").map(Node::spot),
            },
        })
    }

    pub(super) fn choose(&self, path: &Path, target: &Target, selection: &Selection) -> Result<Locked, LockError> {
        self.fits(target)?;
        let (extras, groups) = self.selected(path, selection)?;
        let mut active: BTreeMap<&PackageName, &Package> = BTreeMap::new();
        for package in &self.packages {
            if !package.marker.evaluate_pep751(target.markers(), &extras, &groups) {
                continue;
            }
            if let Some(python) = &package.requires_python
                && !python.contains(&target.python())
            {
                return Err(LockError::Unfit {
                    at: Box::new(package.at.clone()),
                    why: format!("`{}` requires Python {python}, and the target is {target}", package.name),
                });
            }
            if let Some(first) = active.insert(&package.name, package) {
                return Err(LockError::Ambiguous {
                    at: Box::new(package.at.clone()),
                    why: format!("`{}` is wanted twice for {target}, here and as `{}`", package.name, first.at.key),
                });
            }
        }
        let mut locked = Locked::default();
        for package in active.into_values().filter(|package| !selection.without.contains(&package.name)) {
            package.choose(target, &mut locked)?;
        }
        Ok(locked)
    }

    fn fits(&self, target: &Target) -> Result<(), LockError> {
        let unfit = |at: &Option<Spot>, why| match at {
            Some(at) => Err(LockError::Unfit { at: Box::new(at.clone()), why }),
            None => Ok(()),
        };
        if let Some(python) = &self.requires_python
            && !python.contains(&target.python())
        {
            return unfit(
                &self.lines.requires_python,
                format!("the lock requires Python {python}, and the target is {target}"),
            );
        }
        let holds = |marker: &MarkerTree| marker.evaluate_pep751(target.markers(), &[], &[]);
        if !self.environments.is_empty() && !self.environments.iter().any(holds) {
            return unfit(&self.lines.environments, format!("the lock is for other environments than {target}"));
        }
        Ok(())
    }

    fn selected(&self, path: &Path, selection: &Selection) -> Result<(Vec<ExtraName>, Vec<GroupName>), LockError> {
        let missing = |what, name: &str, known: Vec<String>| LockError::Missing {
            path: path.to_owned(),
            what,
            name: name.to_owned(),
            known,
        };
        if let Some(extra) = selection.extras.iter().find(|extra| !self.extras.contains(extra)) {
            let known = self.extras.iter().map(ToString::to_string).collect();
            return Err(missing("extra", extra.as_ref(), known));
        }
        let known = || self.groups.iter().chain(&self.default_groups);
        let asked = selection.with_groups.iter().chain(&selection.without_groups);
        for group in asked {
            if !known().any(|known| known == group) {
                let known = known().map(ToString::to_string).collect();
                return Err(missing("dependency group", group.as_ref(), known));
            }
        }
        let extras =
            if selection.all_extras { self.extras.clone() } else { selection.extras.iter().cloned().collect() };
        Ok((extras, selection.groups(known(), &self.default_groups).into_iter().collect()))
    }
}

impl Package {
    fn choose(&self, target: &Target, locked: &mut Locked) -> Result<(), LockError> {
        let what = match &self.source {
            Source::Files(files) => {
                locked.files.push(files.choice(&self.name, self.version.as_ref(), &self.at, target)?);
                return Ok(());
            }
            Source::Vcs(kind) => format!("a checkout of a {kind} repository"),
            Source::Directory => "a directory".to_owned(),
        };
        locked.left_out.push(LeftOut { at: self.at.clone(), package: self.name.clone(), what });
        Ok(())
    }
}

fn version(top: Node<'_>, warnings: &mut Vec<String>) -> Result<(), LockError> {
    let node = top.required("lock-version")?;
    let version: Version = node.parsed()?;
    match *version.release() {
        [1] | [1, 0] => Ok(()),
        [1, ..] => {
            let at = node.spot();
            warnings
                .push(format!("{at}: the lock is of version {version}, of which what is newer than 1.0 is ignored"));
            Ok(())
        }
        _ => Err(LockError::Newer {
            at: Box::new(node.spot()),
            why: format!("locks of version {version} are not known, 1.0 is"),
        }),
    }
}

fn package(node: Node<'_>, index: usize, folder: &Path) -> Result<Package, LockError> {
    let name_node = node.required("name")?;
    let name: PackageName = name_node.parsed()?;
    if name.as_ref() != name_node.text()? {
        return Err(name_node.wrong(format_args!("the name is not normalized, it has to be `{name}`")));
    }
    let version: Option<Version> = node.parsed_of("version")?;
    let owner = Owner { name: &name, version: version.as_ref(), folder };
    let source = source(node, owner)?;
    Ok(Package {
        // Not by a search: that would be one over the whole document for each package.
        at: node.spot_as(format!("packages[{index}]")),
        marker: node.marker_of("marker")?,
        requires_python: node.parsed_of("requires-python")?,
        source,
        name,
        version,
    })
}

fn source(node: Node<'_>, owner: Owner<'_>) -> Result<Source, LockError> {
    let wheels = node.get("wheels");
    let sdist = node.get("sdist");
    let present: Vec<&str> = [
        ("wheels or sdist", wheels.is_some() || sdist.is_some()),
        ("vcs", node.get("vcs").is_some()),
        ("directory", node.get("directory").is_some()),
        ("archive", node.get("archive").is_some()),
    ]
    .into_iter()
    .filter_map(|(key, there)| there.then_some(key))
    .collect();
    if present.len() > 1 {
        return Err(node.wrong(format_args!("`{}` has more than one source: {}", owner.name, present.join(", "))));
    }
    if let Some(vcs) = node.get("vcs") {
        let kind = vcs.required("type")?.text()?;
        vcs.required("commit-id")?.text()?;
        if vcs.text_of("url")?.is_none() && vcs.text_of("path")?.is_none() {
            return Err(vcs.wrong("it has neither `url` nor `path`"));
        }
        return Ok(Source::Vcs(kind.chars().filter(|c| c.is_alphanumeric()).take(20).collect()));
    }
    if let Some(directory) = node.get("directory") {
        directory.required("path")?.text()?;
        directory.get("editable").map(Node::flag).transpose()?;
        return Ok(Source::Directory);
    }
    let mut found = Files::default();
    if let Some(archive) = node.get("archive") {
        archive.text_of("subdirectory")?;
        found.add_archive(archive, file(archive, owner.folder)?, owner)?;
        return Ok(Source::Files(found));
    }
    if let Some(wheels) = wheels {
        for wheel in wheels.array()? {
            found.wheels.push(files::wheel(wheel, file(wheel, owner.folder)?, owner)?);
        }
    }
    if let Some(sdist) = sdist {
        found.sdist = Some(files::sdist(sdist, file(sdist, owner.folder)?, owner)?);
    }
    if found.wheels.is_empty() && found.sdist.is_none() {
        return Err(node.wrong(format_args!("`{}` has none of wheels, sdist, vcs, directory and archive", owner.name)));
    }
    Ok(Source::Files(found))
}

/// The keys that a wheel, a source distribution and an archive have in common.
fn file(node: Node<'_>, folder: &Path) -> Result<File, LockError> {
    node.table()?;
    let mut places = Vec::new();
    if let Some(path) = node.get("path") {
        places.push(crate::Place::Path(files::path_in(path, folder)?));
    }
    if let Some(url) = node.get("url") {
        places.push(files::place_of_url(url)?);
    }
    let Some(first) = places.first() else {
        return Err(node.wrong("it has neither `url` nor `path`"));
    };
    let name = match node.get("name") {
        Some(name) => FileName::new(name.text()?).map_err(|error| name.wrong(error))?,
        None => files::name_of_place(node, first)?,
    };
    if let Some(time) = node.get("upload-time")
        && !time.is_datetime()
    {
        return Err(time.wrong("expected a date and time"));
    }
    let hashes_node = node.required("hashes")?;
    let mut pairs = Vec::new();
    for (algorithm, hex) in hashes_node.table()? {
        pairs.push((algorithm, hex.text()?));
    }
    let hashes = Hashes::parse(pairs).map_err(|error| hashes_node.wrong(error))?;
    if hashes.is_empty() {
        return Err(hashes_node.wrong(crate::HashesError::None));
    }
    let size = node.get("size").map(Node::number).transpose()?;
    Ok(File { name, places, hashes, size })
}
