//! uv.lock, version 1. It has no specification; this is what uv 0.4 to 0.13 (no revision, revisions 1 to 5) write and read.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use url::Url;
use uv_normalize::{ExtraName, GroupName, PackageName};
use uv_pep440::{Version, VersionSpecifiers};
use uv_pep508::MarkerTree;

use super::{
    LockError, Spot,
    files::{self, Files, Owner},
    node::Node,
};
use crate::{File, FileName, Hashes, Place};

/// The newest revision that was seen. A newer one of the same version can be read, says uv.
const REVISION: u64 = 5;

/// Of one name. Each fork of a resolution may have one, and each edge looks at all of them.
const MOST_VERSIONS: usize = 1000;

/// A lock, judged.
#[derive(Debug, Clone)]
pub(super) struct UvLock {
    pub(super) at: Spot,
    pub(super) requires_python: Option<(Spot, VersionSpecifiers)>,
    /// The environments that it was made for; none: all.
    pub(super) supported: Option<(Spot, Vec<MarkerTree>)>,
    pub(super) conflicts: Vec<Vec<Item>>,
    /// The members of the workspace.
    pub(super) members: BTreeSet<PackageName>,
    /// What a script, or a workspace without a project at its root, asks for itself.
    pub(super) requirements: Vec<Edge>,
    pub(super) groups: BTreeMap<GroupName, Vec<Edge>>,
    pub(super) packages: Vec<Package>,
    pub(super) by_name: BTreeMap<PackageName, Vec<usize>>,
}

/// One of several things of which at most one may be wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Project(PackageName),
    Extra(PackageName, ExtraName),
    Group(PackageName, GroupName),
}

#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) at: Spot,
    pub(super) name: PackageName,
    pub(super) version: Option<Version>,
    pub(super) id: SourceId,
    pub(super) source: Source,
    /// Where this one of several versions holds; empty: wherever it is reached.
    pub(super) forks: Vec<MarkerTree>,
    pub(super) dependencies: Vec<Edge>,
    /// Also those that add nothing.
    pub(super) extras: BTreeMap<ExtraName, Vec<Edge>>,
    pub(super) groups: BTreeMap<GroupName, Vec<Edge>>,
}

/// The source as it is written, to compare with that of an edge.
pub(super) type SourceId = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub(super) enum Source {
    Files(Files),
    Git,
    /// A project on this machine: its path, and whether it is built at all.
    Local {
        path: String,
        built: bool,
    },
}

/// What a package depends on.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) line: usize,
    pub(super) name: PackageName,
    pub(super) version: Option<Version>,
    pub(super) source: Option<SourceId>,
    pub(super) extras: Vec<ExtraName>,
    pub(super) marker: MarkerTree,
}

impl UvLock {
    pub(super) fn parse(top: Node<'_>, folder: &Path, warnings: &mut Vec<String>) -> Result<Self, LockError> {
        version(top, warnings)?;
        let packages = top
            .list("package")?
            .into_iter()
            .enumerate()
            .map(|(index, node)| package(node, index, folder))
            .collect::<Result<Vec<_>, _>>()?;
        let mut by_name: BTreeMap<PackageName, Vec<usize>> = BTreeMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry(package.name.clone()).or_default().push(index);
        }
        if let Some(same) = by_name.values().find(|same| same.len() > MOST_VERSIONS) {
            let first = same.first().and_then(|at| packages.get(*at));
            return Err(LockError::Invalid {
                at: Box::new(first.map_or_else(|| top.spot(), |package| package.at.clone())),
                why: format!("there are more than {MOST_VERSIONS} packages of its name"),
            });
        }
        let manifest = top.get("manifest");
        let supported = match top.get("supported-markers") {
            Some(node) => Some((node.spot(), top.markers_of("supported-markers")?)),
            None => None,
        };
        Ok(Self {
            at: top.spot(),
            requires_python: match top.get("requires-python") {
                Some(node) => Some((node.spot(), node.parsed()?)),
                None => None,
            },
            supported,
            conflicts: top.list("conflicts")?.into_iter().map(conflict).collect::<Result<_, _>>()?,
            members: match manifest {
                Some(manifest) => manifest.all("members")?.into_iter().collect(),
                None => BTreeSet::new(),
            },
            requirements: manifest.map_or(Ok(Vec::new()), |node| edges(node, "requirements"))?,
            groups: manifest.map_or(Ok(BTreeMap::new()), |node| named(node, "dependency-groups"))?,
            packages,
            by_name,
        })
    }
}

fn version(top: Node<'_>, warnings: &mut Vec<String>) -> Result<(), LockError> {
    let node = top.required("version")?;
    let version = node.number()?;
    if version != 1 {
        return Err(LockError::Newer {
            at: Box::new(node.spot()),
            why: format!("uv.lock of version {version} is not known, 1 is"),
        });
    }
    if let Some(node) = top.get("revision") {
        let revision = node.number()?;
        if revision > REVISION {
            let at = node.spot();
            warnings.push(format!(
                "{at}: the lock is of revision {revision}, of which what is newer than {REVISION} is ignored"
            ));
        }
    }
    Ok(())
}

fn conflict(node: Node<'_>) -> Result<Vec<Item>, LockError> {
    let item = |node: Node<'_>| -> Result<Item, LockError> {
        let package = node.required("package")?.parsed()?;
        Ok(match (node.parsed_of("extra")?, node.parsed_of("group")?) {
            (Some(extra), None) => Item::Extra(package, extra),
            (None, Some(group)) => Item::Group(package, group),
            (None, None) => Item::Project(package),
            (Some(_), Some(_)) => return Err(node.wrong("it names an extra and a group")),
        })
    };
    node.array()?.map(item).collect()
}

fn package(node: Node<'_>, index: usize, folder: &Path) -> Result<Package, LockError> {
    let name: PackageName = node.required("name")?.parsed()?;
    let version: Option<Version> = node.parsed_of("version")?;
    let source_node = node.required("source")?;
    let id = source_id(source_node)?;
    let source = source(node, source_node, Owner { name: &name, version: version.as_ref(), folder })?;

    let mut extras: BTreeMap<ExtraName, Vec<Edge>> = named(node, "optional-dependencies")?;
    let mut groups: BTreeMap<GroupName, Vec<Edge>> = named(node, "dev-dependencies")?;
    if let Some(metadata) = node.get("metadata") {
        // Older revisions have the singular.
        for key in ["provides-extras", "provides-extra"] {
            for extra in metadata.all(key)? {
                extras.entry(extra).or_default();
            }
        }
        if let Some(groups_node) = metadata.get("requires-dev") {
            for (group, _) in groups_node.table()? {
                let group = group.parse().map_err(|error| groups_node.wrong(error))?;
                groups.entry(group).or_default();
            }
        }
    }
    Ok(Package {
        at: node.spot_as(format!("package[{index}]")),
        id,
        source,
        forks: node.markers_of("resolution-markers")?,
        dependencies: edges(node, "dependencies")?,
        extras,
        groups,
        name,
        version,
    })
}

fn source_id(node: Node<'_>) -> Result<SourceId, LockError> {
    node.table()?.into_iter().map(|(key, value)| Ok((key.to_owned(), value.text()?.to_owned()))).collect()
}

fn edges(node: Node<'_>, key: &str) -> Result<Vec<Edge>, LockError> {
    node.list(key)?.into_iter().map(edge).collect()
}

/// Edges under names: of extras, of groups.
fn named<K: std::str::FromStr<Err: std::fmt::Display> + Ord>(
    node: Node<'_>,
    key: &str,
) -> Result<BTreeMap<K, Vec<Edge>>, LockError> {
    let Some(table) = node.get(key) else { return Ok(BTreeMap::new()) };
    let mut named = BTreeMap::new();
    for (name, list) in table.table()? {
        let edges = list.array()?.map(edge).collect::<Result<_, _>>()?;
        named.insert(name.parse().map_err(|error: K::Err| list.wrong(error))?, edges);
    }
    Ok(named)
}

fn edge(node: Node<'_>) -> Result<Edge, LockError> {
    let extras = if node.get("extra").is_some() { "extra" } else { "extras" };
    Ok(Edge {
        line: node.line(),
        name: node.required("name")?.parsed()?,
        version: node.parsed_of("version")?,
        source: node.get("source").map(source_id).transpose()?,
        extras: node.all(extras)?,
        marker: node.marker_of("marker")?,
    })
}

fn source(node: Node<'_>, source: Node<'_>, owner: Owner<'_>) -> Result<Source, LockError> {
    if let Some(registry) = source.get("registry") {
        return Ok(Source::Files(of_registry(node, &base(registry, owner.folder)?, owner)?));
    }
    if let Some(url) = source.get("url") {
        return Ok(Source::Files(of_archive(node, url, files::place_of_url(url)?, owner)?));
    }
    if let Some(path) = source.get("path") {
        let place = Place::Path(files::path_in(path, owner.folder)?);
        return Ok(Source::Files(of_archive(node, path, place, owner)?));
    }
    if source.text_of("git")?.is_some() {
        return Ok(Source::Git);
    }
    for (key, built) in [("editable", true), ("directory", true), ("virtual", false)] {
        if let Some(path) = source.text_of(key)? {
            return Ok(Source::Local { path: path.to_owned(), built });
        }
    }
    Err(source.wrong("expected one of registry, url, path, git, directory, editable and virtual"))
}

/// What the paths of a directory of archives (find-links) are relative to. Those at a URL have none.
fn base(registry: Node<'_>, folder: &Path) -> Result<PathBuf, LockError> {
    match Url::parse(registry.text()?) {
        Ok(url) if url.scheme() == "file" => {
            url.to_file_path().map_err(|()| registry.wrong("the file:// URL is no path of this machine"))
        }
        Ok(_) => Ok(folder.to_owned()),
        Err(_) => files::path_in(registry, folder),
    }
}

fn of_registry(node: Node<'_>, base: &Path, owner: Owner<'_>) -> Result<Files, LockError> {
    let at = |node: Node<'_>| match (node.get("url"), node.get("path")) {
        (Some(url), _) => files::place_of_url(url),
        (None, Some(path)) => Ok(Place::Path(files::path_in(path, base)?)),
        (None, None) => Err(node.wrong("it has neither `url` nor `path`")),
    };
    let mut found = Files::default();
    for wheel in node.list("wheels")? {
        found.wheels.push(files::wheel(wheel, file(wheel, at(wheel)?)?, owner)?);
    }
    if let Some(sdist) = node.get("sdist") {
        found.sdist = Some(files::sdist(sdist, file(sdist, at(sdist)?)?, owner)?);
    }
    Ok(found)
}

/// The one file of a source of its own; its entry has the digest.
fn of_archive(node: Node<'_>, source: Node<'_>, place: Place, owner: Owner<'_>) -> Result<Files, LockError> {
    let entries = node.list("wheels")?;
    let entry = match (&*entries, node.get("sdist")) {
        ([one], None) => *one,
        ([], Some(sdist)) => sdist,
        ([], None) => return Err(node.wrong("it has neither a wheel nor an sdist, and so no hash")),
        _ => return Err(node.wrong("an archive of its own is one file, not several")),
    };
    let mut found = Files::default();
    found.add_archive(source, file(entry, place)?, owner)?;
    Ok(found)
}

fn file(node: Node<'_>, place: Place) -> Result<File, LockError> {
    let name: FileName = files::name_of_place(node, &place)?;
    // Files of a directory have none, and those of an index that shows none.
    let hashes = match node.get("hash") {
        Some(hash) => {
            let text = hash.text()?;
            let pair = text.split_once(':').ok_or_else(|| hash.wrong("expected `<algorithm>:<hex digits>`"))?;
            Hashes::parse([pair]).map_err(|error| hash.wrong(error))?
        }
        None => Hashes::default(),
    };
    let size = node.get("size").map(Node::number).transpose()?;
    Ok(File { name, places: vec![place], hashes, size })
}
