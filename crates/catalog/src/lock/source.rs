//! Files as a lock names them.

use std::{collections::BTreeMap, path::Path};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use super::error::{LockError, Spot};
use crate::{File, FileName, Hashes, Place};

/// A wheel, a source distribution or an archive.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawFile {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<i64>,
    hashes: Option<BTreeMap<String, String>>,
}

impl RawFile {
    /// The file it means. A path goes before a URL, and is relative to the lock.
    pub(super) fn file(&self, spot: Spot<'_>, key: &str) -> Result<File, LockError> {
        let at = |part: &str| format!("{key}.{part}");
        let mut places = Vec::new();
        let mut last = None;
        if let Some(path) = &self.path {
            let folder = spot.path.parent().unwrap_or_else(|| Path::new(""));
            last = path.rsplit(['/', '\\']).next().map(str::to_owned);
            places.push(Place::Path(folder.join(path.replace('\\', "/"))));
        }
        if let Some(text) = &self.url {
            let (place, name) = place(text).map_err(|why| spot.error(at("url"), why))?;
            places.push(place);
            last = last.or(name);
        }
        if places.is_empty() {
            return Err(spot.error(key, "neither `url` nor `path` says where the file is"));
        }
        let name = self.name.clone().or(last).unwrap_or_default();
        let name = FileName::new(&name).map_err(|error| spot.error(at("name"), error))?;
        let size = match self.size.map(u64::try_from) {
            None => None,
            Some(Ok(size)) => Some(size),
            Some(Err(_)) => return Err(spot.error(at("size"), "a file cannot have less than 0 bytes")),
        };
        let Some(hashes) = &self.hashes else {
            return Err(spot.error(at("hashes"), "they are missing, and nothing else vouches for the file; lock again"));
        };
        if hashes.is_empty() {
            return Err(spot.error(at("hashes"), "there is none, and nothing else vouches for the file; lock again"));
        }
        let hashes = Hashes::parse(hashes.iter().map(|(name, hex)| (name.as_str(), hex.as_str())));
        let hashes = hashes.map_err(|error| spot.error(at("hashes"), error))?;
        Ok(File { name, places, hashes, size })
    }
}

/// A place, and the name that its end holds.
fn place(text: &str) -> Result<(Place, Option<String>), String> {
    let mut url = Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    url.set_fragment(None);
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_decode_str(last).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok((Place::Url(url), name)),
        "file" => match url.to_file_path() {
            Ok(path) => Ok((Place::Path(path), name)),
            Err(()) => Err("it is no path of this machine".to_owned()),
        },
        scheme => Err(format!("a URL of the scheme `{scheme}` cannot be fetched; https, http and file can")),
    }
}
