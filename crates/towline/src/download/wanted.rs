//! Which files are wanted, each once, whoever wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use towline_catalog::{Choice, FileName, Kind, Place};
use towline_client::Url;
use towline_fetch::{Artifact, Goal, Tree};
use towline_store::Digest;
use towline_unpack::Format;
use uv_normalize::PackageName;

use super::mirrors::Mirrors;
use crate::bring::{Besides, Elsewhere, Plan};
use crate::exit::Error;

/// Files by package and name, in the order in which they were chosen first.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    files: Vec<WantedFile>,
    by_name: BTreeMap<(PackageName, String), usize>,
}

/// A file, and how it came to be wanted.
#[derive(Debug)]
pub(super) struct WantedFile {
    pub(super) choice: Choice,
    /// Digests of which one has to be right.
    pub(super) any_of: Vec<Digest>,
    /// A lock says where it is: where it is gone, an index may have it still.
    pub(super) locked: bool,
}

impl Wanted {
    /// Takes a file. One that is there already has to be the same: its hashes and places add up.
    pub(super) fn add(&mut self, file: WantedFile) -> Result<(), Error> {
        let name = file.choice.file.name.as_str().to_owned();
        let key = (file.choice.package.clone(), name.clone());
        let Some(&at) = self.by_name.get(&key) else {
            self.by_name.insert(key, self.files.len());
            self.files.push(file);
            return Ok(());
        };
        let WantedFile { choice, any_of, locked } = file;
        let entry = &mut self.files[at];
        entry.locked |= locked;
        if entry.any_of.is_empty() {
            entry.any_of = any_of;
        } else if !any_of.is_empty() {
            let before = all(&entry.any_of);
            entry.any_of.retain(|digest| any_of.contains(digest));
            if entry.any_of.is_empty() {
                return Err(Error::TwoFiles { name, one: before, other: all(&any_of) });
            }
        }
        let there = &mut entry.choice.file;
        for digest in choice.file.hashes.iter() {
            let same = there.hashes.iter().find(|other| other.algorithm() == digest.algorithm());
            if let Some(other) = same.filter(|other| *other != digest) {
                return Err(Error::TwoFiles { name, one: other.to_string(), other: digest.to_string() });
            }
        }
        choice.file.hashes.iter().for_each(|digest| there.hashes.add(digest.clone()));
        there.size = there.size.or(choice.file.size);
        for place in choice.file.places {
            if !there.places.contains(&place) {
                there.places.push(place);
            }
        }
        Ok(())
    }

    /// Makes sure that everything that was said of a file can be true, and that no two go to one place: archives that are called as they like
    /// (`main.zip`) get the package's name before theirs. `unpack`: whether trees are wanted.
    pub(super) fn settle(&mut self, unpack: bool) -> Result<(), Error> {
        let mut names: BTreeMap<String, BTreeSet<PackageName>> = BTreeMap::new();
        for WantedFile { choice, any_of, .. } in &mut self.files {
            let hashes = &choice.file.hashes;
            let known = |digest: &Digest| hashes.iter().any(|other| other.algorithm() == digest.algorithm());
            if any_of.iter().any(|digest| hashes.iter().any(|other| other == digest)) {
                any_of.clear();
            } else if !any_of.is_empty() && any_of.iter().all(known) {
                let (name, one) = (choice.file.name.to_string(), hashes.iter().cloned().collect::<Vec<_>>());
                return Err(Error::TwoFiles { name, one: all(&one), other: all(any_of) });
            } else {
                any_of.retain(|digest| !known(digest));
            }
            names.entry(choice.file.name.to_string()).or_default().insert(choice.package.clone());
        }
        for WantedFile { choice, .. } in &mut self.files {
            if names.get(choice.file.name.as_str()).is_some_and(|packages| packages.len() > 1) {
                let name = format!("{}-{}", choice.package, choice.file.name);
                choice.file.name =
                    FileName::new(&name).map_err(|error| Error::Requirement { text: name, why: error.to_string() })?;
            }
        }
        let mut places = BTreeMap::new();
        for file in &self.files {
            let name = file.choice.file.name.as_str();
            let at = destination(name, Path::new(""), unpack)?;
            if let Some(other) = places.insert(at.clone(), name) {
                return Err(Error::OnePlace { one: other.to_owned(), other: name.to_owned(), at });
            }
        }
        Ok(())
    }

    /// All of them.
    pub(super) fn files(&self) -> &[WantedFile] {
        &self.files
    }
}

fn all(digests: &[Digest]) -> String {
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Where a file, or its tree, goes.
pub(super) fn destination(name: &str, dir: &Path, unpack: bool) -> Result<PathBuf, Error> {
    if !unpack {
        return Ok(dir.join(name));
    }
    match Format::of_name(name) {
        Some((_, stem)) if stem != "." && stem != ".." => Ok(dir.join(stem)),
        _ => Err(Error::NoArchive(name.to_owned())),
    }
}

/// How a file is brought into a folder.
pub(super) fn plan(
    wanted: &WantedFile,
    dir: &Path,
    unpack: bool,
    mirrors: &Mirrors,
    elsewhere: Option<Elsewhere>,
) -> Result<Plan, Error> {
    let file = &wanted.choice.file;
    let name = file.name.as_str().to_owned();
    let at = destination(&name, dir, unpack)?;
    let goal = match Format::of_name(&name) {
        Some((format, _)) if unpack => Goal::Tree { at, tree: Tree::of(format) },
        _ => Goal::File(at),
    };
    let urls = mirrors.all(file.places.iter().filter_map(|place| match place {
        Place::Url(url) => Some(url),
        Place::Path(_) => None,
    }));
    // A path that leads nowhere does not matter where there are URLs as well.
    let local = file.places.iter().find_map(|place| match place {
        Place::Path(path) if urls.is_empty() || path.exists() => Some(path.clone()),
        _ => None,
    });
    let shown = match &local {
        Some(path) => vec![path.display().to_string()],
        None => urls.iter().map(shown).collect(),
    };
    let digest = file.hashes.best().cloned();
    let besides = Besides { all: file.hashes.iter().skip(1).cloned().collect(), any: wanted.any_of.clone() };
    let artifact = Artifact { name, urls, digest, size: file.size };
    Ok(Plan { artifact, goal, shown, local, besides, elsewhere })
}

/// Without credentials and query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let signed = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    let _ = (url.set_username(""), url.set_password(None));
    if signed { format!("{url}?…") } else { url.into() }
}

/// `wheel` or `sdist`, as it is printed.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Wheel => "wheel",
        Kind::Sdist => "sdist",
    }
}
