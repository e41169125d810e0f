//! The files of a set, as people and programs read them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use towline_catalog::Place;
use towline_store::{Algorithm, Digest};

use super::mirrors::Mirrors;
use super::wanted::{Wanted, WantedFile, destination, shown, word};
use crate::args::Download;
use crate::bring::Ended;
use crate::exit::Error;
use crate::report::bytes;

/// `--format json`: what `docs/download.md` describes.
#[derive(Serialize)]
struct Listing<'a> {
    files: Vec<Listed<'a>>,
    /// What is no file's, as it was told.
    errors: &'a [String],
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    package: &'a str,
    version: Option<String>,
    kind: &'static str,
    urls: Vec<String>,
    path: Option<String>,
    size: Option<u64>,
    hashes: std::collections::BTreeMap<&'static str, &'a str>,
    destination: String,
    /// `wanted` for `--dry-run`, else `came`, `was-there` or `failed`.
    state: &'static str,
    error: Option<&'a str>,
}

/// As JSON. `ended`: how each ended, in the order of the files; none for `--dry-run`.
pub(super) fn json(
    wanted: &Wanted,
    ended: Option<&[Ended]>,
    args: &Download,
    mirrors: &Mirrors,
    errors: &[String],
) -> Result<String, Error> {
    let mut files = Vec::new();
    for (at, one) in wanted.files().iter().enumerate() {
        let (choice, file) = (&one.choice, &one.choice.file);
        let given = file.places.iter().filter_map(|place| match place {
            Place::Url(url) => Some(url),
            Place::Path(_) => None,
        });
        let path = file.places.iter().find_map(|place| match place {
            Place::Path(path) => Some(path.display().to_string()),
            Place::Url(_) => None,
        });
        let ended = ended.and_then(|ended| ended.get(at));
        let state = match ended {
            None => "wanted",
            Some(Ended { error: Some(_), .. }) => "failed",
            Some(Ended { was_there: true, .. }) => "was-there",
            Some(_) => "came",
        };
        files.push(Listed {
            name: file.name.as_str(),
            package: choice.package.as_ref(),
            version: choice.version.as_ref().map(ToString::to_string),
            kind: word(choice.kind),
            urls: mirrors.all(given).iter().map(shown).collect(),
            path,
            size: file.size,
            hashes: file.hashes.iter().map(|digest| (digest.algorithm().name(), digest.hex())).collect(),
            destination: destination(file.name.as_str(), &args.dir, args.unpack)?.display().to_string(),
            state,
            error: ended.and_then(|ended| ended.error.as_deref()),
        });
    }
    let text = serde_json::to_string_pretty(&Listing { files, errors });
    text.map_err(|error| Error::Stdout(error.into()))
}

/// A line for each file that would come, and one for all.
pub(super) fn dry_run(wanted: &Wanted, dir: &Path, unpack: bool) -> Result<String, Error> {
    let mut text = String::new();
    let (mut sum, mut unknown, mut there) = (0, 0, 0);
    for one in wanted.files() {
        let name = one.choice.file.name.as_str();
        let size = match one.choice.file.size {
            Some(size) => {
                sum += size;
                bytes(size)
            }
            None => {
                unknown += 1;
                "size unknown".to_owned()
            }
        };
        let is_there = !unpack && is_there(one, &destination(name, dir, unpack)?);
        there += usize::from(is_there);
        let note = if is_there { "   is there already" } else { "" };
        let _ = writeln!(text, "{name}   {size}{note}");
    }
    let count = wanted.files().len();
    let _ = write!(text, "{count} {}, {}", if count == 1 { "file" } else { "files" }, bytes(sum));
    if unknown > 0 {
        let _ = write!(text, " and {unknown} of unknown size");
    }
    if there > 0 {
        let _ = write!(text, "; {there} of them there already");
    }
    Ok(text)
}

fn is_there(one: &WantedFile, path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let digest = one.choice.file.hashes.best();
    let same = |digest: &Digest| Digest::of_file(digest.algorithm(), path).is_ok_and(|found| found == *digest);
    digest.into_iter().chain(&one.any_of).any(same)
}

/// Writes `SHA256SUMS` for the files that are there, in the order of their names, as sha256sum(1) reads it. What the file says of others
/// stays, as long as they are there.
pub(super) fn sums(dir: &Path, names: impl IntoIterator<Item = String>) -> Result<PathBuf, Error> {
    let path = dir.join("SHA256SUMS");
    let write = |source| Error::Write { path: path.clone(), source };
    let mut lines = std::collections::BTreeMap::new();
    let before = std::fs::read(&path).unwrap_or_default();
    for line in String::from_utf8_lossy(&before).lines() {
        // The second sign says how it was read, which does not matter here.
        if let Some((hex, name)) = line.split_once(' ')
            && let Some(name) = name.strip_prefix([' ', '*'])
            && dir.join(name).is_file()
        {
            lines.insert(name.to_owned(), hex.to_owned());
        }
    }
    for name in names {
        let digest = Digest::of_file(Algorithm::Sha256, dir.join(&name))?;
        lines.insert(name, digest.hex().to_owned());
    }
    let mut text = String::new();
    for (name, hex) in lines {
        let _ = writeln!(text, "{hex}  {name}");
    }
    let fresh = dir.join(format!(".towline-{}-SHA256SUMS", std::process::id()));
    std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &path)).map_err(|source| {
        let _ = std::fs::remove_file(&fresh);
        write(source)
    })?;
    Ok(path)
}
