//! A file of a page: what an entry says, judged.

use std::{fmt, path::PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;
use uv_distribution_filename::DistFilename;
use uv_normalize::PackageName;
use uv_pep440::{Version, VersionSpecifiers};

use super::page::beginning;
use crate::{File, FileName, Hashes, HashesError, Kind, Place};

/// A wheel or source distribution that an index or a directory has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The file.
    pub file: File,
    /// What its name says.
    pub dist: DistFilename,
    /// Which versions of Python it is for; `None` is all. A specifier that cannot be read restricts nothing, as in pip.
    pub requires_python: Option<VersionSpecifiers>,
    /// Withdrawn by its maintainers (PEP 592), and why; the reason may be empty.
    pub yanked: Option<String>,
    /// Its metadata is served beside it, at the file's URL with `.metadata` at the end (PEP 658, 714), and what vouches for that.
    pub metadata: Option<Hashes>,
}

impl Listed {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.dist.version()
    }

    /// Wheel or source distribution.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.dist {
            DistFilename::WheelFilename(_) => Kind::Wheel,
            DistFilename::SourceDistFilename(_) => Kind::Sdist,
        }
    }
}

/// An entry that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The beginning of its name; never a URL, which could hold a secret.
    pub name: String,
    /// Why.
    pub why: String,
}

impl Skipped {
    pub(super) fn new(name: &str, why: impl fmt::Display) -> Self {
        Self { name: beginning(name).into_owned(), why: beginning(&why.to_string()).into_owned() }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name.escape_debug(), self.why)
    }
}

/// What an entry of a page says.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The last component of the URL, where it is not said.
    pub(super) name: Option<String>,
    pub(super) href: String,
    pub(super) hashes: Vec<(String, String)>,
    pub(super) requires_python: Option<String>,
    pub(super) yanked: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) metadata: Option<Vec<(String, String)>>,
}

/// What the links of a page are relative to.
pub(super) struct Base<'a> {
    pub(super) url: &'a Url,
    /// The page is a file of this machine, and may name others.
    pub(super) local: bool,
}

impl Entry {
    /// The file it means.
    pub(super) fn judge(self, project: &PackageName, base: &Base<'_>) -> Result<Listed, Skipped> {
        let given = self.name.as_deref();
        let mut url = base.url.join(self.href.trim()).map_err(|error| {
            Skipped::new(given.unwrap_or("a link"), format_args!("its URL cannot be read: {error}"))
        })?;
        let name = match given {
            Some(name) => name.to_owned(),
            None => last_component(&url)?,
        };
        let skip = |why: &dyn fmt::Display| Skipped::new(&name, why);
        let file_name = FileName::new(&name).map_err(|error| skip(&error.why))?;
        let dist = recognize(&name, project)?;

        let fragment = url.fragment().map(str::to_owned);
        url.set_fragment(None);
        let place = place(url, base).map_err(|why| skip(&why))?;
        let mut hashes = self.hashes;
        if hashes.is_empty() {
            hashes = fragment.as_deref().map(hashes_of).unwrap_or_default();
        }
        let hashes = vouching(&hashes).map_err(|error| skip(&error))?;
        let metadata = self.metadata.and_then(|hashes| vouching(&hashes).ok());
        Ok(Listed {
            file: File { name: file_name, places: vec![place], hashes, size: self.size },
            dist,
            requires_python: self.requires_python.as_deref().and_then(specifiers),
            yanked: self.yanked.map(|reason| reason.chars().filter(|c| !c.is_control()).take(500).collect()),
            metadata,
        })
    }
}

/// Whether it is a wheel or source distribution of the project.
pub(super) fn recognize(name: &str, project: &PackageName) -> Result<DistFilename, Skipped> {
    let dist = DistFilename::try_from_filename_with_reason(name, project).map_err(|error| Skipped::new(name, error))?;
    if dist.name() == project {
        Ok(dist)
    } else {
        Err(Skipped::new(name, format_args!("it is a file of `{}`", dist.name())))
    }
}

/// The name that the end of a URL's path holds, decoded once.
fn last_component(url: &Url) -> Result<String, Skipped> {
    let Some(last) = url.path_segments().and_then(|mut segments| segments.next_back()) else {
        return Err(Skipped::new("a link", format_args!("a URL of the scheme `{}` names no file", url.scheme())));
    };
    percent_decode_str(last)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Skipped::new(last, "its name is not UTF-8"))
}

fn place(url: Url, base: &Base<'_>) -> Result<Place, String> {
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok(Place::Url(url)),
        "file" if base.local => {
            url.to_file_path().map(Place::Path).map_err(|()| "its file:// URL is no path of this machine".to_owned())
        }
        // Or a page of the network could have a file of the user's read.
        "file" => Err("a page that came over the network must not name a file of this machine".to_owned()),
        other => Err(format!("a URL of the scheme `{other}` cannot be fetched")),
    }
}

/// Digests of a fragment: `sha256=…`, perhaps with more such pairs.
fn hashes_of(fragment: &str) -> Vec<(String, String)> {
    fragment
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| {
            name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("sha") || start.eq_ignore_ascii_case("md5"))
        })
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect()
}

/// Nothing vouches for a file whose digests are all of kinds that are not known (md5): that is no fault of the file.
fn vouching(hashes: &[(String, String)]) -> Result<Hashes, HashesError> {
    match Hashes::parse(hashes.iter().map(|(name, hex)| (name.as_str(), hex.as_str()))) {
        Err(HashesError::Unknown(_) | HashesError::None) => Ok(Hashes::default()),
        other => other,
    }
}

/// What old releases were uploaded with and no standard allows, `>=3.6.*` and a comma at the end, is read as it was meant.
fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(specifiers) = text.parse() {
        return Some(specifiers);
    }
    let mended: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| if part.starts_with(['<', '>']) { part.strip_suffix(".*").unwrap_or(part) } else { part })
        .collect();
    mended.join(",").parse().ok()
}

/// A file on this machine, as a directory lists it.
pub(super) fn on_disk(path: PathBuf, name: &str, size: u64, project: &PackageName) -> Result<Listed, Skipped> {
    let file_name = FileName::new(name).map_err(|error| Skipped::new(name, error.why))?;
    let dist = recognize(name, project)?;
    Ok(Listed {
        file: File { name: file_name, places: vec![Place::Path(path)], hashes: Hashes::default(), size: Some(size) },
        dist,
        requires_python: None,
        yanked: None,
        metadata: None,
    })
}
