//! Listings made from the files that are served: a package index (PEP 503 as HTML, PEP 691 as JSON) and a
//! list of interpreters as uv reads it.

use crate::action::Etag;
use crate::content::Content;
use crate::site::{Resource, Served};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The listing at `path`, if there is one. `base` is the origin's URL, `accept` the request's Accept.
pub(crate) fn listing(path: &str, accept: &str, base: &str, served: &[Served]) -> Option<Resource> {
    if path == "/python-downloads.json" {
        return Some(resource(interpreters(base, served).to_string(), "application/json"));
    }
    let name = path.strip_prefix("/simple/")?;
    let as_json = accept.contains(JSON);
    let projects = projects(served);
    if name.is_empty() {
        let names: Vec<&str> = projects.keys().map(String::as_str).collect();
        return Some(if as_json { resource(root_json(&names), JSON) } else { resource(root_html(&names), HTML) });
    }
    let name = normalize(name.trim_end_matches('/'));
    let files = projects.get(&name)?;
    Some(if as_json { resource(page_json(&name, files), JSON) } else { resource(page_html(&name, files), HTML) })
}

/// Whether a listing may be at this path.
pub(crate) fn is_listing(path: &str) -> bool {
    path == "/python-downloads.json" || path.starts_with("/simple/")
}

fn resource(text: String, content_type: &str) -> Resource {
    let content = Content::bytes(text);
    Resource { etag: Etag::Strong(content.tag()), last_modified: None, content_type: content_type.to_owned(), content }
}

struct Distribution<'a> {
    file: &'a Served,
    version: &'a str,
}

fn projects(served: &[Served]) -> BTreeMap<String, Vec<Distribution<'_>>> {
    let mut projects: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for file in served {
        if let Some((name, version)) = distribution(file.name()) {
            projects.entry(normalize(name)).or_default().push(Distribution { file, version });
        }
    }
    projects
}

/// Project and version by the name of a wheel (PEP 427) or sdist (PEP 625).
fn distribution(file: &str) -> Option<(&str, &str)> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        return Some((parts.next()?, parts.next()?));
    }
    let stem = file.strip_suffix(".tar.gz").or_else(|| file.strip_suffix(".zip"))?;
    stem.rsplit_once('-').filter(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// PEP 503: lower case, runs of `-`, `_` and `.` are one `-`.
fn normalize(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

fn root_json(names: &[&str]) -> String {
    let projects: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    json!({ "meta": { "api-version": "1.1" }, "projects": projects }).to_string()
}

fn root_html(names: &[&str]) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html><body>\n");
    for name in names {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "<a href=\"/simple/{name}/\">{name}</a><br>");
    }
    page + "</body></html>\n"
}

fn page_json(name: &str, files: &[Distribution<'_>]) -> String {
    let mut versions: Vec<&str> = files.iter().map(|d| d.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let files: Vec<Value> = files
        .iter()
        .map(|d| {
            let mut hashes = Map::new();
            if let Some(digest) = d.file.sha256() {
                hashes.insert("sha256".to_owned(), Value::from(digest));
            }
            let (name, url, size) = (d.file.name(), d.file.url_path(), d.file.content.size());
            json!({ "filename": name, "url": url, "size": size, "hashes": hashes })
        })
        .collect();
    json!({ "meta": { "api-version": "1.1" }, "name": name, "versions": versions, "files": files }).to_string()
}

fn page_html(name: &str, files: &[Distribution<'_>]) -> String {
    let mut page = format!("<!DOCTYPE html>\n<html><head><title>{name}</title></head><body>\n");
    for Distribution { file, .. } in files {
        let fragment = file.sha256().map_or_else(String::new, |digest| format!("#sha256={digest}"));
        let _ = writeln!(page, "<a href=\"{}{fragment}\">{}</a><br>", file.url_path(), file.name());
    }
    page + "</body></html>\n"
}

fn interpreters(base: &str, served: &[Served]) -> Value {
    let entries = served.iter().filter_map(|file| interpreter(base, file));
    Value::Object(entries.collect())
}

/// An entry by the name of an archive such as `cpython-3.12.9+20250205-x86_64-unknown-linux-gnu-install_only.tar.gz`.
fn interpreter(base: &str, file: &Served) -> Option<(String, Value)> {
    let name = file.name();
    let stem = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".tar.zst"))?;
    let mut parts = stem.strip_prefix("cpython-")?.split('-');
    let (version, build) = parts.next()?.split_once('+')?;
    let (arch, _vendor, system) = (parts.next()?, parts.next()?, parts.next()?);
    let libc = if system == "linux" { parts.next()? } else { "none" };
    let variant = stem.contains("freethreaded").then_some("freethreaded");
    let mut numbers = version.splitn(3, '.');
    let (major, minor) = (numbers.next()?.parse::<u8>().ok()?, numbers.next()?.parse::<u8>().ok()?);
    let rest = numbers.next()?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (patch, prerelease) = rest.split_at(digits);
    let mark = variant.map_or_else(String::new, |v| format!("+{v}"));
    let entry = json!({
        "name": "cpython",
        "arch": { "family": arch, "variant": null },
        "os": system,
        "libc": libc,
        "major": major,
        "minor": minor,
        "patch": patch.parse::<u8>().ok()?,
        "prerelease": prerelease,
        "url": format!("{base}{}", file.url_path()),
        "sha256": file.sha256(),
        "variant": variant,
        "build": build,
    });
    Some((format!("cpython-{version}{mark}-{system}-{arch}-{libc}"), entry))
}

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "text/html; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_project_and_version() {
        let table = [
            ("Foo_Bar-1.0-py3-none-any.whl", Some(("Foo_Bar", "1.0"))),
            ("foo-bar-1.0.tar.gz", Some(("foo-bar", "1.0"))),
            ("foo-1.0.zip", Some(("foo", "1.0"))),
            ("readme.txt", None),
            ("noversion.tar.gz", None),
        ];
        for (file, wanted) in table {
            assert_eq!(distribution(file), wanted, "{file}");
        }
        assert_eq!(normalize("Foo__Bar.baz"), "foo-bar-baz");
    }
}
