//! What has to be brought, and where to.

use std::path::Path;

use percent_encoding::percent_decode_str;
use towline_client::Url;
use towline_fetch::{Artifact, Goal, Tree};
use towline_store::Digest;
use towline_unpack::Format;

use crate::args::Get;
use crate::bring::{Besides, Plan};
use crate::exit::Error;

/// One plan for each URL of the command.
pub(super) fn plans(get: &Get) -> Result<Vec<Plan>, Error> {
    let plans = get.urls.iter().map(|text| plan(text, get)).collect::<Result<Vec<_>, _>>()?;
    for (at, plan) in plans.iter().enumerate() {
        if let Goal::File(path) | Goal::Tree { at: path, .. } = &plan.goal
            && plans[..at]
                .iter()
                .any(|other| matches!(&other.goal, Goal::File(same) | Goal::Tree { at: same, .. } if same == path))
        {
            return Err(Error::SameFile(path.clone()));
        }
    }
    Ok(plans)
}

fn plan(text: &str, get: &Get) -> Result<Plan, Error> {
    if get.unpack && !text.contains("://") {
        return local(Path::new(text), get.sha256.clone(), get);
    }
    let mut first = parse(text, get.unpack)?;
    let carried = fragment(&mut first)?;
    let mut digest = agreed(carried, get.sha256.clone(), &first)?;
    if first.scheme() == "file" {
        let Ok(path) = first.to_file_path() else { return Err(Error::NoName { url: shown(&first) }) };
        return local(&path, digest, get);
    }
    let named = file_name(&first);
    let goal = match (&get.output, named.clone()) {
        (Some(path), _) if path.as_os_str() == "-" => Goal::Held,
        (Some(path), _) => Goal::File(path.clone()),
        (None, Some(name)) if get.unpack => tree(&name, get)?,
        (None, Some(name)) => Goal::File(get.dir.clone().unwrap_or_default().join(name)),
        (None, None) => return Err(Error::NoName { url: shown(&first) }),
    };
    let as_named = match &goal {
        Goal::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        _ => None,
    };
    let mut urls = vec![first];
    for mirror in &get.mirror {
        let mut url = parse(mirror, false)?;
        digest = agreed(fragment(&mut url)?, digest, &url)?;
        urls.push(url);
    }
    let name = as_named.or(named).unwrap_or_else(|| shown(&urls[0]));
    let shown = urls.iter().map(shown).collect();
    let artifact = Artifact { name, urls, digest, size: None };
    Ok(Plan { artifact, goal, shown, local: None, besides: Besides::default(), elsewhere: None })
}

/// A file that only has to be unpacked.
fn local(path: &Path, digest: Option<Digest>, get: &Get) -> Result<Plan, Error> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(Error::NoName { url: path.display().to_string() });
    };
    let goal = tree(&name, get)?;
    let artifact = Artifact { name, urls: Vec::new(), digest, size: None };
    let (shown, local) = (vec![path.display().to_string()], Some(path.to_path_buf()));
    Ok(Plan { artifact, goal, shown, local, besides: Besides::default(), elsewhere: None })
}

/// Where the members of an archive go: a folder of its name.
fn tree(name: &str, get: &Get) -> Result<Goal, Error> {
    let Some((format, stem)) = Format::of_name(name) else { return Err(Error::NoArchive(name.to_owned())) };
    if stem == "." || stem == ".." {
        return Err(Error::NoArchive(name.to_owned()));
    }
    Ok(Goal::Tree { at: get.dir.clone().unwrap_or_default().join(stem), tree: Tree::of(format) })
}

/// The one digest that a file has, however often it was given.
fn agreed(carried: Option<Digest>, given: Option<Digest>, url: &Url) -> Result<Option<Digest>, Error> {
    match (carried, given) {
        (Some(inner), Some(given)) if inner != given => {
            let (inner, given) = (inner.hex().to_owned(), given.hex().to_owned());
            Err(Error::TwoDigests { url: shown(url), inner, given })
        }
        (carried, given) => Ok(given.or(carried)),
    }
}

fn parse(text: &str, file: bool) -> Result<Url, Error> {
    let refuse = |detail: String| {
        // What cannot be parsed may still have a password in it.
        let text = text.split(['?', '#']).next().unwrap_or_default();
        let url = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("…@{rest}"));
        Error::Url { url, detail }
    };
    let url = Url::parse(text).map_err(|error| match error.to_string() {
        problem if problem.contains("relative URL") && Path::new(text).is_file() => {
            refuse("a file on this machine needs --unpack".to_owned())
        }
        problem if problem.contains("relative URL") => refuse("it has to begin with https:// or http://".to_owned()),
        text => refuse(text),
    })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        "file" if file => Ok(url),
        scheme => Err(refuse(format!("`{scheme}` is neither http nor https"))),
    }
}

/// Takes `#sha256=HEX` off a URL, as package indexes write it (PEP 503). A digest of another kind is refused: it would not be
/// checked, although it was given. Other fragments mean nothing here.
fn fragment(url: &mut Url) -> Result<Option<Digest>, Error> {
    let Some(fragment) = url.fragment().map(str::to_owned) else { return Ok(None) };
    url.set_fragment(None);
    let refuse = |detail: String| Error::Fragment { url: shown(url), fragment: fragment.clone(), detail };
    let mut found = None;
    for (name, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
        match name {
            "sha256" => found = Some(Digest::sha256(value).map_err(|error| refuse(error.to_string()))?),
            "md5" | "sha1" | "sha224" | "sha384" | "sha512" | "blake2b" | "blake2s" => {
                return Err(refuse(format!("{name} is not checked here: give sha256")));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The last part of the path, if it can be a file's name.
fn file_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let name = percent_decode_str(last).decode_utf8().ok()?.into_owned();
    let fits = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name != "."
        && name != ".."
        && !name.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    fits.then_some(name)
}

/// What Linux and macOS file systems take, in bytes.
const LONGEST_NAME: usize = 255;

fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let signed = url.query().is_some();
    url.set_query(None);
    let _ = (url.set_username(""), url.set_password(None));
    if signed { format!("{url}?…") } else { url.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_in_their_folder() {
        for (url, name) in [
            ("https://h/a/b-1.0.whl", Some("b-1.0.whl")),
            ("https://h/a%2Bb.tar.gz?token=x", Some("a+b.tar.gz")),
            ("https://h/a/", None),
            ("https://h", None),
            ("https://h/%2e%2e", None),
            ("https://h/..%2f..%2fetc", None),
            ("https://h/a%00b", None),
            ("https://h/a%5cb", None),
            ("https://h/a%1b%5b31mb", None),
            ("https://h/a%0ab", None),
        ] {
            assert_eq!(file_name(&url.parse().unwrap()).as_deref(), name, "{url}");
        }
    }
}
