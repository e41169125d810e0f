//! pylock.toml: PEP 751, and the page "pylock.toml Specification" of the packaging guide.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;
use toml::Spanned;
use uv_distribution_filename::{DistFilename, WheelFilename};
use uv_normalize::{ExtraName, GroupName, PackageName};
use uv_pep440::{Version, VersionSpecifiers};
use uv_pep508::MarkerTree;

use super::{
    error::{LockError, Spot},
    selection::{LeftOut, Locked, Selection},
    source::RawFile,
};
use crate::{Choice, File, Kind, Target, file::is_archive};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    lock_version: Option<String>,
    created_by: Option<String>,
    requires_python: Option<String>,
    environments: Option<Vec<String>>,
    extras: Option<Vec<String>>,
    dependency_groups: Option<Vec<String>>,
    default_groups: Option<Vec<String>>,
    packages: Option<Vec<Spanned<RawPackage>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: Option<String>,
    version: Option<String>,
    marker: Option<String>,
    requires_python: Option<String>,
    wheels: Option<Vec<RawFile>>,
    sdist: Option<RawFile>,
    archive: Option<RawFile>,
    vcs: Option<RawVcs>,
    directory: Option<RawDirectory>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawVcs {
    r#type: Option<String>,
    url: Option<String>,
    path: Option<String>,
    commit_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawDirectory {
    path: Option<String>,
}

/// A lock, judged.
#[derive(Debug, Clone)]
pub(super) struct Pylock {
    path: PathBuf,
    pub(super) warnings: Vec<String>,
    requires_python: Option<VersionSpecifiers>,
    environments: Option<Vec<MarkerTree>>,
    extras: BTreeSet<ExtraName>,
    groups: BTreeSet<GroupName>,
    default_groups: BTreeSet<GroupName>,
    packages: Vec<Package>,
}

#[derive(Debug, Clone)]
struct Package {
    line: usize,
    name: PackageName,
    version: Option<Version>,
    marker: Option<MarkerTree>,
    requires_python: Option<VersionSpecifiers>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Files { wheels: Vec<(WheelFilename, File)>, sdist: Option<File> },
    Archive(Kind, File),
    Built(String),
}

impl Pylock {
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, LockError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = |at: usize| text.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
        let raw: RawLock = toml::from_str(text).map_err(|error: toml::de::Error| {
            let spot = Spot { path, line: error.span().map(|span| line(span.start)) };
            spot.error("", error.message().trim())
        })?;
        let top = Spot { path, line: None };
        let mut warnings = Vec::new();
        version(raw.lock_version.as_deref(), top, &mut warnings)?;
        if raw.created_by.is_none() {
            return Err(top.error("created-by", "it is missing"));
        }
        let Some(packages) = raw.packages else {
            return Err(top.error("packages", "they are missing; a lock of nothing says `packages = []`"));
        };
        let mut judged = Vec::new();
        for (at, package) in packages.into_iter().enumerate() {
            let line = line(package.span().start);
            judged.push(package.into_inner().judge(
                Spot { path, line: Some(line) },
                &format!("packages[{at}]"),
                line,
            )?);
        }
        Ok(Self {
            path: path.to_owned(),
            warnings,
            requires_python: parsed(raw.requires_python, top, "requires-python")?,
            environments: raw
                .environments
                .map(|all| all.into_iter().map(|text| parse(&text, top, "environments")).collect())
                .transpose()?,
            extras: names(raw.extras, top, "extras")?,
            groups: names(raw.dependency_groups, top, "dependency-groups")?,
            default_groups: names(raw.default_groups, top, "default-groups")?,
            packages: judged,
        })
    }

    pub(super) fn choose(&self, target: &Target, selection: &Selection) -> Result<Locked, LockError> {
        let top = Spot { path: &self.path, line: None };
        let python = target.python();
        if let Some(specifiers) = self.requires_python.as_ref().filter(|specifiers| !specifiers.contains(&python)) {
            let why = format!("the lock is for Python {specifiers}, and not for {target}");
            return Err(top.error("requires-python", why));
        }
        if let Some(environments) = &self.environments
            && !environments.iter().any(|marker| marker.evaluate(target.markers(), &[]))
        {
            return Err(top.error("environments", format!("none of them is {target}: lock for it as well")));
        }
        let extras = wanted(&self.extras, &selection.extras, selection.all_extras, top, "extras")?;
        let mut groups = wanted(&self.groups, &selection.groups, selection.all_groups, top, "dependency-groups")?;
        if !selection.no_default_groups {
            groups.extend(self.default_groups.iter().cloned());
        }
        let mut locked = Locked::default();
        let mut seen = BTreeMap::new();
        for (at, package) in self.packages.iter().enumerate() {
            let holds = |marker: &MarkerTree| marker.evaluate_pep751(target.markers(), &extras, &groups);
            if !package.marker.as_ref().is_none_or(holds) {
                continue;
            }
            let key = format!("packages[{at}]");
            let spot = Spot { path: &self.path, line: Some(package.line) };
            if let Some(first) = seen.insert(&package.name, at) {
                let why = format!("`{}` is wanted a second time for {target}, after packages[{first}]", package.name);
                return Err(spot.error(key, why));
            }
            let specifiers = package.requires_python.as_ref();
            if let Some(specifiers) = specifiers.filter(|specifiers| !specifiers.contains(&python)) {
                let why = format!("`{}` needs Python {specifiers}, and {target} is asked for", package.name);
                return Err(spot.error(format!("{key}.requires-python"), why));
            }
            package.take(target, &mut locked).map_err(|why| spot.error(key, why))?;
        }
        Ok(locked)
    }
}

impl Package {
    fn take(&self, target: &Target, locked: &mut Locked) -> Result<(), String> {
        let (kind, file) = match &self.source {
            Source::Built(what) => {
                locked.left_out.push(LeftOut { package: self.name.clone(), what: what.clone() });
                return Ok(());
            }
            Source::Archive(kind, file) => (*kind, file),
            Source::Files { wheels, sdist } => {
                let ranked =
                    wheels.iter().filter_map(|(name, file)| Some((target.rank(name)?, name.build_tag(), file)));
                let best = ranked.max_by_key(|&(rank, build, _)| (Reverse(rank), build));
                match (best, sdist) {
                    (Some((_, _, wheel)), _) => (Kind::Wheel, wheel),
                    (None, Some(sdist)) => (Kind::Sdist, sdist),
                    (None, None) => {
                        return Err(format!(
                            "none of the {} wheels of `{}` fits {target}, and there is no source distribution: lock for that platform",
                            wheels.len(),
                            self.name
                        ));
                    }
                }
            }
        };
        let version = self.version.clone();
        locked.files.push(Choice { package: self.name.clone(), version, kind, file: file.clone() });
        Ok(())
    }
}

impl RawPackage {
    fn judge(self, spot: Spot<'_>, key: &str, line: usize) -> Result<Package, LockError> {
        let at = |part: &str| format!("{key}.{part}");
        let Some(text) = self.name.as_deref() else { return Err(spot.error(at("name"), "it is missing")) };
        let name: PackageName = parse(text, spot, &at("name"))?;
        if name.as_ref() != text {
            return Err(spot.error(at("name"), format!("`{}` is not normalized: `{name}` is", text.escape_debug())));
        }
        let version: Option<Version> = parsed(self.version, spot, &at("version"))?;
        let built = [self.vcs.is_some(), self.directory.is_some(), self.archive.is_some()];
        let files = self.wheels.is_some() || self.sdist.is_some();
        let sources = built.into_iter().filter(|is| *is).count() + usize::from(files);
        if sources != 1 {
            let why = if sources == 0 { "it has none" } else { "it has several" };
            let rule = "a package has wheels and sdist, or one of archive, vcs and directory";
            return Err(spot.error(key, format!("{why} of the sources: {rule}")));
        }
        let source = if let Some(vcs) = self.vcs {
            vcs.judge(spot, &at("vcs"))?
        } else if let Some(directory) = self.directory {
            let Some(path) = directory.path else { return Err(spot.error(at("directory.path"), "it is missing")) };
            Source::Built(format!("the directory `{}`", path.escape_debug()))
        } else if let Some(archive) = self.archive {
            let file = archive.file(spot, &at("archive"))?;
            let kind = kind_of(&file, &name).map_err(|why| spot.error(at("archive"), why))?;
            Source::Archive(kind, file)
        } else {
            let wheels = self.wheels.unwrap_or_default();
            let wheels = wheels.iter().enumerate().map(|(index, raw)| {
                let key = at(&format!("wheels[{index}]"));
                let file = raw.file(spot, &key)?;
                let parsed = wheel(&file, &name, version.as_ref()).map_err(|why| spot.error(key, why))?;
                Ok((parsed, file))
            });
            let wheels = wheels.collect::<Result<_, LockError>>()?;
            let sdist = self.sdist.map(|raw| raw.file(spot, &at("sdist"))).transpose()?;
            if let Some(file) = &sdist {
                kind_of(file, &name).map_err(|why| spot.error(at("sdist"), why))?;
            }
            Source::Files { wheels, sdist }
        };
        let marker = parsed(self.marker, spot, &at("marker"))?;
        let requires_python = parsed(self.requires_python, spot, &at("requires-python"))?;
        Ok(Package { line, name, version, marker, requires_python, source })
    }
}

impl RawVcs {
    fn judge(self, spot: Spot<'_>, key: &str) -> Result<Source, LockError> {
        for (value, part) in [(&self.r#type, "type"), (&self.commit_id, "commit-id")] {
            if value.is_none() {
                return Err(spot.error(format!("{key}.{part}"), "it is missing"));
            }
        }
        if self.url.is_none() && self.path.is_none() {
            return Err(spot.error(key, "neither `url` nor `path` says where it is"));
        }
        Ok(Source::Built(format!("a checkout of {}", self.r#type.unwrap_or_default().escape_debug())))
    }
}

fn version(text: Option<&str>, spot: Spot<'_>, warnings: &mut Vec<String>) -> Result<(), LockError> {
    const KEY: &str = "lock-version";
    let Some(text) = text else {
        return Err(spot.error(KEY, "it is missing: is this a lock of PEP 751?"));
    };
    let version: Version = parse(text, spot, KEY)?;
    match *version.release() {
        [1] | [1, 0, ..] => Ok(()),
        [1, ..] => {
            let path = spot.path.display();
            warnings.push(format!("{path} has version {version}; what is newer than 1.0 in it is not understood"));
            Ok(())
        }
        _ => Err(spot.error(KEY, format!("version {version} is not known, only 1.x is; a newer towline may know it"))),
    }
}

fn wheel(file: &File, package: &PackageName, version: Option<&Version>) -> Result<WheelFilename, String> {
    let parsed = WheelFilename::from_str(file.name.as_str()).map_err(|error| error.to_string())?;
    if parsed.name != *package {
        return Err(format!("`{}` is a wheel of `{}`, not of `{package}`", file.name, parsed.name));
    }
    match version.filter(|version| **version != parsed.version) {
        Some(version) => Err(format!("`{}` is a wheel of version {}, not of {version}", file.name, parsed.version)),
        None => Ok(parsed),
    }
}

/// What an archive is by its name. A source distribution may be called as it likes, as long as it is an archive.
fn kind_of(file: &File, package: &PackageName) -> Result<Kind, String> {
    let name = file.name.as_str();
    if name.ends_with(".whl") {
        return wheel(file, package, None).map(|_| Kind::Wheel);
    }
    if DistFilename::try_from_filename(name, package).is_some() || is_archive(name) {
        return Ok(Kind::Sdist);
    }
    Err(format!("`{}` is neither a wheel nor an archive, by its name", name.escape_debug()))
}

fn wanted<N: Ord + Clone + std::fmt::Display>(
    known: &BTreeSet<N>,
    asked: &BTreeSet<N>,
    all: bool,
    spot: Spot<'_>,
    key: &str,
) -> Result<Vec<N>, LockError> {
    if let Some(missing) = asked.iter().find(|name| !known.contains(name)) {
        let list: Vec<_> = known.iter().map(ToString::to_string).collect();
        let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        return Err(spot.error(key, format!("the lock has no `{missing}`; it has {list}")));
    }
    Ok(if all { known.iter().cloned().collect() } else { asked.iter().cloned().collect() })
}

fn names<N: FromStr<Err: std::fmt::Display> + Ord>(
    texts: Option<Vec<String>>,
    spot: Spot<'_>,
    key: &str,
) -> Result<BTreeSet<N>, LockError> {
    texts.unwrap_or_default().iter().map(|text| parse(text, spot, key)).collect()
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    text: Option<String>,
    spot: Spot<'_>,
    key: &str,
) -> Result<Option<T>, LockError> {
    text.map(|text| parse(&text, spot, key)).transpose()
}

fn parse<T: FromStr<Err: std::fmt::Display>>(text: &str, spot: Spot<'_>, key: &str) -> Result<T, LockError> {
    text.parse().map_err(|error: T::Err| {
        let error = error.to_string();
        spot.error(key, error.lines().next().unwrap_or_default())
    })
}
