//! One requirement.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;
use towline_store::Digest;
use url::Url;
use uv_distribution_filename::DistFilename;
use uv_normalize::PackageName;
use uv_pep440::{Operator, Version, VersionSpecifiers};
use uv_pep508::{MarkerTree, Requirement, VerbatimUrl, VersionOrUrl};

use super::RequirementsError;
use crate::{File, FileName, Hashes, Kind, Place, marker, without_secrets};

/// Where a requirement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Argument,
    /// In a file; line 0 is the file as a whole.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl Origin {
    pub(super) fn error(&self, why: impl Into<String>) -> RequirementsError {
        RequirementsError { origin: self.clone(), why: without_secrets(&why.into()) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("on the command line"),
            Self::File { path, line: 0 } => write!(f, "{}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// A requirement.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it stands.
    pub origin: Origin,
    /// As it is written, without options; credentials of a URL are not in it.
    pub text: String,
    /// What it asks for.
    pub what: What,
    /// `--hash`: one of these has to be right, where there are any.
    pub hashes: Vec<Digest>,
    /// When it holds; `true` without a marker.
    pub marker: MarkerTree,
}

/// What a requirement asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A package of an index.
    Named(Named),
    /// A file.
    Direct(Box<Direct>),
    /// Something that is no file, and would have to be built: `an editable`, `a checkout (git)`, `a directory`.
    Built(String),
}

/// A package of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub package: PackageName,
    /// Its versions; none restrict nothing.
    pub specifiers: VersionSpecifiers,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// The package: as it is said, else by the file's name.
    pub package: PackageName,
    /// Its version, where the file's name has one.
    pub version: Option<Version>,
    /// Wheel or source distribution.
    pub kind: Kind,
    /// The file, with the digests of its URL's fragment.
    pub file: File,
}

impl Named {
    /// Whether one exact version is asked for.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.specifiers.iter().any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual))
    }
}

impl Entry {
    /// The package, where it is known.
    #[must_use]
    pub fn package(&self) -> Option<&PackageName> {
        match &self.what {
            What::Named(named) => Some(&named.package),
            What::Direct(direct) => Some(&direct.package),
            What::Built(_) => None,
        }
    }

    /// Whether something vouches for its file.
    #[must_use]
    pub fn is_hashed(&self) -> bool {
        !self.hashes.is_empty() || matches!(&self.what, What::Direct(direct) if !direct.file.hashes.is_empty())
    }

    /// Reads a requirement without its options. Paths are relative to `folder`.
    pub(super) fn parse(
        text: &str,
        hashes: Vec<Digest>,
        origin: &Origin,
        folder: &Path,
    ) -> Result<Self, RequirementsError> {
        let refuse = |why: String| origin.error(format!("`{}` {why}", shown(text)));
        let entry =
            |what, marker| Self { origin: origin.clone(), text: shown(text), what, hashes: hashes.clone(), marker };
        if is_bare(text) {
            let (place, marker) = with_marker(text);
            let marker = match marker {
                "" => MarkerTree::TRUE,
                text => {
                    marker::parse(text).map_err(|error| refuse(format!("has a marker that cannot be read: {error}")))?
                }
            };
            return Ok(entry(bare(place, folder).map_err(refuse)?, marker));
        }
        marker::check(text).map_err(|why| refuse(format!("cannot be read as a requirement: {why}")))?;
        let parsed: Requirement<VerbatimUrl> = Requirement::parse(text, folder)
            .map_err(|error| refuse(format!("cannot be read as a requirement: {}", error.message)))?;
        let what = match parsed.version_or_url {
            Some(VersionOrUrl::Url(url)) => {
                let url = url.to_url();
                if is_vcs(url.scheme()) {
                    What::Built(format!("a checkout ({})", url.scheme()))
                } else {
                    let url = Url::parse(url.as_str()).map_err(|error| refuse(format!("has no URL: {error}")))?;
                    direct(url, Some(&parsed.name)).map_err(refuse)?
                }
            }
            Some(VersionOrUrl::VersionSpecifier(specifiers)) => What::Named(Named { package: parsed.name, specifiers }),
            None => What::Named(Named { package: parsed.name, specifiers: VersionSpecifiers::empty() }),
        };
        Ok(entry(what, parsed.marker))
    }
}

fn shown(text: &str) -> String {
    without_secrets(&text.chars().take(200).collect::<String>())
}

/// A place, and the marker behind it. In a URL a semicolon needs a space beside it, as in pip.
pub(super) fn with_marker(text: &str) -> (&str, &str) {
    let url = text.split_whitespace().next().is_some_and(|first| first.contains("://") && !first.starts_with("file:"));
    let at = if url { text.find("; ").or_else(|| text.find(" ;")) } else { text.find(';') };
    let (place, marker) = at.map_or((text, ""), |at| text.split_at(at));
    (place.trim(), marker.trim_start_matches([' ', ';']).trim_end())
}

fn is_vcs(scheme: &str) -> bool {
    scheme.contains('+') || matches!(scheme, "git" | "hg" | "bzr" | "svn" | "ssh")
}

/// A URL or path without a name before it.
fn is_bare(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let scheme = first
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+'));
    let path = first.starts_with(['.', '/', '~']) || first.contains(['/', '\\']) && !text.contains('@');
    let file = [".whl", ".tar.gz", ".zip"].iter().any(|end| first.to_ascii_lowercase().ends_with(end));
    scheme || first.starts_with("file:") || path || file
}

fn bare(text: &str, folder: &Path) -> Result<What, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        if is_vcs(scheme) {
            return Ok(What::Built(format!("a checkout ({scheme})")));
        }
        return direct(Url::parse(text).map_err(|error| format!("is no URL: {error}"))?, None);
    }
    // An extra of a path says nothing of the file.
    let text = match text.rsplit_once('[') {
        Some((path, rest)) if rest.ends_with(']') => path,
        _ => text,
    };
    // `file:x` is relative, which no URL is.
    let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
    let path = folder.join(path.strip_prefix("file:").unwrap_or(path));
    // A directory may be missing on this machine. With such signs it is a name with a path before it, a slip at best.
    let plain = !text.contains(['=', '<', '>', '!', '~', ';']);
    let archive = path.extension().is_some_and(|end| end == "whl") || crate::file::is_archive(text);
    if path.is_dir() || plain && !archive && !path.is_file() {
        return Ok(What::Built("a directory".to_owned()));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    described(&name, Place::Path(path), fragment, None)
}

fn direct(mut url: Url, package: Option<&PackageName>) -> Result<What, String> {
    let fragment = url.fragment().unwrap_or_default().to_owned();
    url.set_fragment(None);
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_decode_str(last).decode_utf8().map(Cow::into_owned).unwrap_or_default();
    let place = match url.scheme() {
        "http" | "https" if url.host().is_some() => Place::Url(url),
        "file" => Place::Path(url.to_file_path().map_err(|()| "is no path of this machine".to_owned())?),
        scheme => return Err(format!("cannot be fetched: `{scheme}` is none of https, http and file")),
    };
    described(&name, place, &fragment, package)
}

fn described(name: &str, place: Place, fragment: &str, package: Option<&PackageName>) -> Result<What, String> {
    let file_name = FileName::new(name).map_err(|error| format!("names no file: {error}"))?;
    let (package, version, kind) = distribution(name, package)?;
    let pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.filter(|(name, _)| !matches!(*name, "egg" | "subdirectory"));
    let hashes = Hashes::parse(pairs).map_err(|error| format!("has a hash that cannot be used: {error}"))?;
    let file = File { name: file_name, places: vec![place], hashes, size: None };
    Ok(What::Direct(Box::new(Direct { package, version, kind, file })))
}

/// What a file is by its name. That of a source distribution is free where the package is said.
fn distribution(name: &str, package: Option<&PackageName>) -> Result<(PackageName, Option<Version>, Kind), String> {
    let dist = match package {
        Some(package) => DistFilename::try_from_filename(name, package),
        None => DistFilename::try_from_normalized_filename(name),
    };
    if let Some(dist) = dist {
        if let Some(package) = package.filter(|package| *package != dist.name()) {
            return Err(format!("is a file of `{}`, not of `{package}`", dist.name()));
        }
        let kind = if matches!(dist, DistFilename::WheelFilename(_)) { Kind::Wheel } else { Kind::Sdist };
        return Ok((dist.name().clone(), Some(dist.version().clone()), kind));
    }
    let archive = crate::file::is_archive(name);
    match package {
        Some(package) if archive => Ok((package.clone(), None, Kind::Sdist)),
        None if archive => Err(format!("says no package: write `NAME @ …/{name}`")),
        _ => Err("is neither a wheel nor a source distribution, by its name".to_owned()),
    }
}
