//! One project, written down in both forms, is the same project.

use proptest::prelude::*;
use serde_json::json;
use towline_catalog::index::{ACCEPT, Page, Status, project_url};
use url::Url;

use super::{HTML, JSON, html, json, names, parse, project, urls};

const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const B: &str = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";

/// A file as an index knows it.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    /// Before the name, in the URL.
    folder: String,
    hash: Option<(&'static str, String)>,
    requires_python: Option<String>,
    yanked: Option<String>,
    metadata: Option<Option<String>>,
}

/// As a server escapes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn percent(name: &str) -> String {
    name.replace('%', "%25").replace('+', "%2B").replace('!', "%21")
}

fn as_html(files: &[Known]) -> String {
    let mut text =
        "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.1\"></head><body>\n"
            .to_owned();
    for file in files {
        let hash = file.hash.as_ref().map(|(name, hex)| format!("#{name}={hex}")).unwrap_or_default();
        text += &format!("<a href=\"{}{}{hash}\"", escaped(&file.folder), percent(&file.name));
        if let Some(python) = &file.requires_python {
            text += &format!(" data-requires-python=\"{}\"", escaped(python));
        }
        if let Some(reason) = &file.yanked {
            text += &format!(" data-yanked=\"{}\"", escaped(reason));
        }
        if let Some(hash) = &file.metadata {
            let value = hash.as_ref().map_or_else(|| "true".to_owned(), |hex| format!("sha256={hex}"));
            text += &format!(" data-core-metadata=\"{value}\"");
        }
        text += &format!(">{}</a><br>\n", escaped(&file.name));
    }
    text + "</body></html>"
}

fn as_json(files: &[Known]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            let mut object = json!({
                "filename": file.name,
                "url": format!("{}{}", file.folder, percent(&file.name)),
                "hashes": file.hash.iter().map(|(name, hex)| ((*name).to_owned(), json!(hex))).collect::<serde_json::Map<_, _>>(),
                "requires-python": file.requires_python,
                "yanked": file.yanked.as_ref().map_or(json!(false), |reason| json!(reason)),
            });
            if let Some(hash) = &file.metadata {
                object["core-metadata"] = hash.as_ref().map_or(json!(true), |hex| json!({ "sha256": hex }));
            }
            object
        })
        .collect();
    json!({ "meta": { "api-version": "1.1" }, "name": "foo-bar", "files": files }).to_string()
}

fn assert_same(html: &Page, json: &Page) {
    assert_eq!(html.files, json.files);
    let why = |page: &Page| page.skipped.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(why(html), why(json));
    assert_eq!(html.status, json.status);
}

prop_compose! {
    fn known()(
        version in prop::sample::select(vec!["1.0", "1.0.0", "2.0rc1", "1!3.0", "1.0+local.1", "4.0.post1", "5.dev3", "none"]),
        tail in prop::sample::select(vec![
            "-py3-none-any.whl", "-1b-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz",
            ".egg", ".exe", "",
        ]),
        start in prop::sample::select(vec!["foo_bar", "foo-bar", "Foo.Bar", "other"]),
        folder in prop::sample::select(vec!["", "/packages/ab/", "../../files/", "https://files.example/x/", "//files.example/?a=1&b=", "ftp://files.example/"]),
        hash in prop::option::of(prop::sample::select(vec![("sha256", A), ("sha384", B), ("md5", "d41d8cd98f00b204e9800998ecf8427e"), ("sha256", "12")])),
        requires_python in prop::option::of(prop::sample::select(vec![">=3.8", ">=3.6.*, !=3.9.1,", "<4,>=3.7", "rubbish", ""])),
        yanked in prop::option::of(prop::sample::select(vec!["", "bad \"quotes\" & <tags>", "überholt"])),
        metadata in prop::option::of(prop::option::of(Just(A.to_owned()))),
    ) -> Known {
        Known {
            // Where a query comes before the name, a file system is a script.
            name: format!("{start}-{version}{tail}"),
            folder: folder.to_owned(),
            hash: hash.map(|(name, hex)| (name, hex.to_owned())),
            requires_python: requires_python.map(str::to_owned),
            yanked: yanked.map(str::to_owned),
            metadata,
        }
    }
}

proptest! {
    #[test]
    fn both_forms_agree(files in prop::collection::vec(known(), 0..12)) {
        // In HTML the name is the end of the URL's path, and a query has none of it.
        let files: Vec<_> = files.into_iter().filter(|file| !file.folder.contains('?')).collect();
        assert_same(&html(&as_html(&files)), &json(&as_json(&files)));
    }
}

#[test]
fn every_part_of_an_entry() {
    let file = Known {
        name: "foo_bar-1.0+local.1-py3-none-any.whl".to_owned(),
        folder: "../../files/".to_owned(),
        hash: Some(("sha256", A.to_uppercase())),
        requires_python: Some(">=3.8,<4".to_owned()),
        yanked: Some("a \"bad\" one".to_owned()),
        metadata: Some(Some(A.to_owned())),
    };
    for page in [html(&as_html(std::slice::from_ref(&file))), json(&as_json(std::slice::from_ref(&file)))] {
        let listed = &page.files[0];
        assert_eq!(listed.file.name.as_str(), "foo_bar-1.0+local.1-py3-none-any.whl");
        assert_eq!(urls(&page), ["https://index.example/files/foo_bar-1.0%2Blocal.1-py3-none-any.whl"]);
        assert_eq!(listed.version().to_string(), "1.0+local.1");
        assert_eq!(listed.file.hashes.best().unwrap().to_string(), format!("sha256:{A}"));
        assert_eq!(listed.requires_python.as_ref().unwrap().to_string(), ">=3.8, <4");
        assert_eq!(listed.yanked.as_deref(), Some("a \"bad\" one"));
        assert_eq!(listed.metadata.as_ref().unwrap().best().unwrap().to_string(), format!("sha256:{A}"));
        assert!(page.skipped.is_empty() && page.warnings.is_empty());
    }
}

#[test]
fn urls_are_relative_to_the_page_and_its_base() {
    for (href, base, expect) in [
        ("foo_bar-1.0.zip", None, "https://index.example/simple/foo-bar/foo_bar-1.0.zip"),
        ("../../p/foo_bar-1.0.zip", None, "https://index.example/p/foo_bar-1.0.zip"),
        ("/p/foo_bar-1.0.zip", None, "https://index.example/p/foo_bar-1.0.zip"),
        ("//files.example/foo_bar-1.0.zip", None, "https://files.example/foo_bar-1.0.zip"),
        (
            "http://files.example:8080/a/foo_bar-1.0.zip?x=1&amp;y=2",
            None,
            "http://files.example:8080/a/foo_bar-1.0.zip?x=1&y=2",
        ),
        (" foo_bar-1.0.zip\n", None, "https://index.example/simple/foo-bar/foo_bar-1.0.zip"),
        ("foo_bar-1.0.zip", Some("https://files.example/a/b"), "https://files.example/a/foo_bar-1.0.zip"),
        ("foo_bar-1.0.zip", Some("/pool/"), "https://index.example/pool/foo_bar-1.0.zip"),
        ("foo%5Fbar-1.0.zip", None, "https://index.example/simple/foo-bar/foo%5Fbar-1.0.zip"),
        ("foo_bar-1.0.zip", Some("http://[broken"), "https://index.example/simple/foo-bar/foo_bar-1.0.zip"),
    ] {
        let base = base.map(|base| format!("<base href=\"{base}\">")).unwrap_or_default();
        // A base counts for what stands before it as well.
        for page in [format!("{base}<a href=\"{href}\">x</a>"), format!("<a href=\"{href}\">x</a>{base}")] {
            let page = html(&page);
            assert_eq!(urls(&page), [expect], "{href}");
            assert_eq!(names(&page), ["foo_bar-1.0.zip"], "{href}");
        }
    }
    let twice = "<base href='/a/'><base href='/b/'><a href='foo_bar-1.0.zip'>";
    assert_eq!(urls(&html(twice)), ["https://index.example/a/foo_bar-1.0.zip"]);
}

#[test]
fn content_types() {
    let body_json = r#"{"meta":{"api-version":"1.0"},"name":"foo-bar","files":[{"filename":"foo_bar-1.0.zip","url":"foo_bar-1.0.zip","hashes":{}}]}"#;
    let body_html = "<a href=foo_bar-1.0.zip>";
    for (content_type, body) in [
        (JSON, body_json),
        ("Application/VND.PyPI.simple.v1+JSON ; charset=utf-8", body_json),
        ("application/json", body_json),
        (HTML, body_html),
        ("text/html", body_html),
        ("TEXT/HTML;charset=latin-1", body_html),
        ("application/vnd.pypi.simple.v1+html", body_html),
        ("application/xhtml+xml", body_html),
    ] {
        assert_eq!(names(&parse(body, content_type).unwrap()), ["foo_bar-1.0.zip"], "{content_type}");
    }
    for (content_type, why) in [
        ("application/vnd.pypi.simple.v2+json", "version `2`"),
        ("application/vnd.pypi.simple.v10+html", "version `10`"),
        ("application/zip", "`application/zip`"),
        ("text/plain", "no page of an index"),
        ("", "no page of an index"),
    ] {
        let error = parse(body_json, content_type).expect_err(content_type).to_string();
        assert!(error.contains(why), "{content_type}: {error}");
    }
    let secret = Url::parse("https://user:secret@index.example/simple/foo-bar/?token=secret").unwrap();
    let error = Page::parse(&project(), b"", None, &secret).unwrap_err().to_string();
    assert!(error.contains("without a content type") && !error.contains("secret"), "{error}");
}

#[test]
fn where_a_project_is() {
    for (index, expect) in [
        ("https://index.example/simple", "https://index.example/simple/foo-bar/"),
        ("https://index.example/simple/", "https://index.example/simple/foo-bar/"),
        ("https://index.example", "https://index.example/foo-bar/"),
        ("https://u:p@index.example/a%20b/?token=1#x", "https://u:p@index.example/a%20b/foo-bar/?token=1"),
        ("file:///srv/index", "file:///srv/index/foo-bar/"),
    ] {
        assert_eq!(project_url(&Url::parse(index).unwrap(), &project()).unwrap().as_str(), expect);
    }
    assert!(project_url(&Url::parse("mailto:a@index.example").unwrap(), &project()).is_err());
    // JSON is wanted most, plain HTML least.
    let weights: Vec<f32> = ACCEPT
        .split(", ")
        .map(|part| part.split_once(";q=").map_or(1.0, |(_, weight)| weight.parse().unwrap()))
        .collect();
    assert!(weights.windows(2).all(|pair| pair[0] > pair[1]), "{weights:?}");
}

#[test]
fn status_of_the_project() {
    for (said, expect, files) in [
        ("active", Status::Active, 1),
        ("archived", Status::Archived, 1),
        ("deprecated", Status::Deprecated, 1),
        ("quarantined", Status::Quarantined, 0),
        ("melting", Status::Active, 1),
    ] {
        let in_html = html(&format!(
            "<meta name='pypi:project-status' content='{said}'><meta name='pypi:project-status-reason' content='be\u{7}cause'><a href=foo_bar-1.0.zip>"
        ));
        let in_json = json(&format!(
            r#"{{"meta":{{"api-version":"1.4"}},"project-status":{{"status":"{said}","reason":"be\u0007cause"}},"name":"foo-bar",
                "files":[{{"filename":"foo_bar-1.0.zip","url":"foo_bar-1.0.zip","hashes":{{}}}}]}}"#
        ));
        assert_same(&in_html, &in_json);
        for page in [in_html, in_json] {
            assert_eq!((page.status, page.files.len()), (expect, files), "{said}");
            assert_eq!(page.reason.as_deref(), Some("because"), "{said}");
            assert_eq!(page.warnings.len(), usize::from(said == "melting"), "{said}");
        }
    }
}

#[test]
fn versions_of_the_api() {
    for (version, ok, warnings) in [
        ("1.0", true, 0),
        ("1.4", true, 0),
        ("1.5", true, 1),
        ("1.99", true, 1),
        ("2.0", false, 0),
        ("0.9", false, 0),
        ("1", false, 0),
        ("", false, 0),
        ("1.x", false, 0),
    ] {
        let in_html = format!("<META NAME='pypi:repository-version' CONTENT='{version}'>");
        let in_json = format!(r#"{{"meta":{{"api-version":"{version}"}},"name":"foo-bar","files":[]}}"#);
        for (body, content_type) in [(in_html, HTML), (in_json, JSON)] {
            match parse(&body, content_type) {
                Ok(page) => assert_eq!((ok, page.warnings.len()), (true, warnings), "{version}: {body}"),
                Err(error) => {
                    assert!(!ok, "{version}: {error}");
                    assert!(error.to_string().contains("version"), "{error}");
                }
            }
        }
    }
    assert!(html("<a href=foo_bar-1.0.zip>").warnings.is_empty(), "none is 1.0");
    assert!(json(r#"{"files":[]}"#).warnings.is_empty(), "none is 1.0");
}
