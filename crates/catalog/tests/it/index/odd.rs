//! Pages as they should not be.

use std::time::Instant;

use proptest::prelude::*;
use towline_catalog::index::Page;
use url::Url;

use super::{BASE, HTML, JSON, html, json, names, parse, project, urls};

#[test]
fn html_as_it_is_found() {
    for (page, expect) in [
        // Attributes and tags in any case and quoting.
        ("<A HREF='foo_bar-1.0.zip'>x</A>", vec!["foo_bar-1.0.zip"]),
        ("<a class=x href=foo_bar-1.0.zip >x", vec!["foo_bar-1.0.zip"]),
        ("<a\n\thref\n=\n\"foo_bar-1.0.zip\"\n>", vec!["foo_bar-1.0.zip"]),
        // The first of two attributes counts.
        ("<a href='foo_bar-1.0.zip' href='foo_bar-2.0.zip'>", vec!["foo_bar-1.0.zip"]),
        // References to characters.
        ("<a href='foo&#95;bar-1.0.zip'>", vec!["foo_bar-1.0.zip"]),
        ("<a href='foo&lowbar;bar-1.0.zip'>", vec!["foo_bar-1.0.zip"]),
        // What looks like a link and is none.
        ("<!-- <a href='foo_bar-1.0.zip'> -->", vec![]),
        ("<script>'<a href=\"foo_bar-1.0.zip\">'</script>", vec![]),
        ("<title><a href='foo_bar-1.0.zip'></title>", vec![]),
        ("<style><a href='foo_bar-1.0.zip'></style>", vec![]),
        ("<b title='<a href=foo_bar-1.0.zip>'>", vec![]),
        ("<a name='foo_bar-1.0.zip'>foo_bar-1.0.zip</a>", vec![]),
        ("<a href='foo_bar-1.0.zip", vec![]),
        ("<link href='foo_bar-1.0.zip'>", vec![]),
        ("&lt;a href='foo_bar-1.0.zip'&gt;", vec![]),
        ("", vec![]),
        ("no markup at all", vec![]),
        // The URL names the file, not the text.
        ("<a href='foo_bar-1.0.zip'>foo_bar-2.0.zip</a>", vec!["foo_bar-1.0.zip"]),
        ("<a href='foo_bar-1.0.zip/'>", vec![]),
        ("<a href='download?file=foo_bar-1.0.zip'>", vec![]),
        ("<a href='#foo_bar-1.0.zip'>", vec![]),
        ("<a href='foo_bar-1.0.zip'><a href='foo_bar-1.0.zip'>", vec!["foo_bar-1.0.zip", "foo_bar-1.0.zip"]),
        ("\u{feff}<a href='foo_bar-1.0.zip'>", vec!["foo_bar-1.0.zip"]),
    ] {
        assert_eq!(names(&html(page)), expect, "{page}");
    }
}

#[test]
fn names_that_are_none() {
    for (href, why) in [
        ("..%2F..%2Ffoo_bar-1.0.zip", "path"),
        ("%2E%2E%2Ffoo_bar-1.0.zip", "path"),
        ("foo_bar-1.0%5C..%5Cx.zip", "path"),
        ("foo_bar-1.0%00.zip", "control"),
        ("foo_bar-1.0%0A.zip", "control"),
        ("C%3Afoo_bar-1.0.zip", "path"),
        ("foo_bar-1.0%FF.zip", "UTF-8"),
        ("foo_bar-1.0.exe", "archive"),
        ("foo_bar-1.0.egg", "archive"),
        ("foo_bar-1.0-py3.whl", "ABI"),
        ("foo_bar-new-py3-none-any.whl", "version"),
        ("foo_bar-1.0-x1-py3-none-any.whl", "build tag"),
        ("other-1.0.zip", "foo-bar"),
        ("other-1.0-py3-none-any.whl", "`other`"),
        ("foo_bar_baz-1.0-py3-none-any.whl", "`foo-bar-baz`"),
        ("ftp://files.example/foo_bar-1.0.zip", "`ftp`"),
        ("file:///etc/foo_bar-1.0.zip", "this machine"),
        ("javascript:alert(1)", "`javascript`"),
        ("mailto:foo_bar-1.0.zip", "`mailto`"),
        ("http://[::1/foo_bar-1.0.zip", "cannot be read"),
        ("foo_bar-1.0.zip#sha256=abc", "hex"),
        ("foo_bar-1.0.zip#sha256=zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "hex"),
    ] {
        let page = html(&format!("<a href='{href}'>x</a><a href='foo_bar-9.zip'>"));
        assert_eq!(names(&page), ["foo_bar-9.zip"], "{href}: the others are read");
        assert_eq!(page.skipped.len(), 1, "{href}");
        let shown = page.skipped[0].to_string();
        assert!(shown.contains(why), "{href}: {shown}");
        assert!(!shown.chars().any(char::is_control), "{href}: {shown:?}");
    }
    // The same through JSON, where the name is said, and the URL may be anything.
    for name in ["../foo_bar-1.0.zip", "a/foo_bar-1.0.zip", "foo_bar-1.0\\u0000.zip", ".."] {
        let page = json(&format!(r#"{{"files":[{{"filename":"{name}","url":"/x"}}]}}"#));
        assert!(page.files.is_empty(), "{name}");
        assert_eq!(page.skipped.len(), 1, "{name}");
    }
    let long = format!("foo_bar-{}.zip", "1".repeat(300));
    assert!(json(&format!(r#"{{"files":[{{"filename":"{long}","url":"/x"}}]}}"#)).skipped[0].name.len() < 300);
}

#[test]
fn json_as_it_is_found() {
    let entry = |rest: &str| format!(r#"{{"files":[{{"filename":"foo_bar-1.0.zip","url":"/x"{rest}}}]}}"#);
    // What is null, absent or new.
    for rest in [
        "",
        r#","hashes":null,"requires-python":null,"yanked":null,"size":null,"core-metadata":null"#,
        r#","upload-time":"2024-01-01T00:00:00Z","provenance":null,"gpg-sig":false,"new":{"a":[1,2,{"b":null}]}"#,
        r#","hashes":{"blake2b":"00","md5":"00"}"#,
        r#","yanked":false,"core-metadata":false,"dist-info-metadata":false"#,
        r#","requires-python":"rubbish""#,
    ] {
        let page = json(&entry(rest));
        assert_eq!(names(&page), ["foo_bar-1.0.zip"], "{rest}");
        let listed = &page.files[0];
        assert!(listed.file.hashes.is_empty() && listed.requires_python.is_none() && listed.yanked.is_none(), "{rest}");
        assert!(listed.metadata.is_none() && listed.file.size.is_none(), "{rest}");
    }
    for (rest, yanked) in [(r#","yanked":true"#, ""), (r#","yanked":"why""#, "why"), (r#","yanked":"""#, "")] {
        assert_eq!(json(&entry(rest)).files[0].yanked.as_deref(), Some(yanked), "{rest}");
    }
    assert_eq!(json(&entry(r#","size":18446744073709551615"#)).files[0].file.size, Some(u64::MAX));
    // PEP 714: the new name goes before the old one.
    for (rest, announced) in [
        (r#","core-metadata":true"#, true),
        (r#","dist-info-metadata":{"sha256":"00"}"#, false),
        (r#","core-metadata":false,"dist-info-metadata":true"#, false),
        (r#","dist-info-metadata":true"#, true),
        (r#","data-dist-info-metadata":true"#, false),
    ] {
        assert_eq!(json(&entry(rest)).files[0].metadata.is_some(), announced, "{rest}");
    }
    // One damaged entry is one entry.
    for (bad, name) in [
        (r#"{"filename":"foo_bar-2.0.zip"}"#, "foo_bar-2.0.zip"),
        (r#"{"filename":"foo_bar-2.0.zip","url":"/x","size":-1}"#, "foo_bar-2.0.zip"),
        (r#"{"filename":"foo_bar-2.0.zip","url":"/x","size":1.5}"#, "foo_bar-2.0.zip"),
        (r#"{"filename":"foo_bar-2.0.zip","url":"/x","hashes":"sha256"}"#, "foo_bar-2.0.zip"),
        (r#"{"url":"/foo_bar-2.0.zip"}"#, "files[0]"),
        ("17", "files[0]"),
        ("null", "files[0]"),
        ("[[]]", "files[0]"),
    ] {
        let page = json(&format!(r#"{{"files":[{bad},{{"filename":"foo_bar-1.0.zip","url":"/x"}}]}}"#));
        assert_eq!(names(&page), ["foo_bar-1.0.zip"], "{bad}");
        assert_eq!(page.skipped.iter().map(|skipped| skipped.name.as_str()).collect::<Vec<_>>(), [name], "{bad}");
    }
    // The whole is none.
    for bad in ["", "{", "[]", "null", "{}", r#"{"files":{}}"#, r#"{"files":[]} x"#, "<html>", "\u{0}"] {
        let error = parse(bad, JSON).expect_err(bad).to_string();
        assert!(error.contains(BASE) && error.contains("PEP 691"), "{bad}: {error}");
    }
    assert!(parse(&format!("{{\"files\":{}", "[".repeat(100_000)), JSON).is_err(), "no stack is deep enough");
    assert_eq!(names(&json(&format!("\u{feff}{}", entry("")))), ["foo_bar-1.0.zip"]);
    // A URL that is relative, and a name that is not the URL's.
    assert_eq!(urls(&json(&entry(""))), ["https://index.example/x"]);
    assert_eq!(json(r#"{"name":"Foo_Bar","files":[]}"#).warnings.len(), 0);
    assert_eq!(json(r#"{"name":"other","files":[]}"#).warnings.len(), 1);
}

#[test]
fn restrictions_that_are_no_specifiers() {
    for (said, read) in [
        (">=3.8", Some(">=3.8")),
        (">=3.6.*", Some(">=3.6")),
        (">=2.7, !=3.0.*, !=3.1.*,", Some(">=2.7, !=3.0.*, !=3.1.*")),
        ("<4.0.*,>=3.7", Some(">=3.7, <4.0")),
        (" ", None),
        ("", None),
        ("3.8", None),
        (">=3.8;", None),
        ("*", None),
    ] {
        let page = html(&format!("<a href=foo_bar-1.zip data-requires-python='{}'>", said.replace('<', "&lt;")));
        assert_eq!(page.files[0].requires_python.as_ref().map(ToString::to_string).as_deref(), read, "{said}");
    }
}

#[test]
fn nothing_is_quadratic() {
    let entries = 40_000;
    let links: String = (0..entries).map(|n| format!("<a href='foo_bar-1.{n}.zip#sha256=00'>\n")).collect();
    let objects: Vec<_> =
        (0..entries).map(|n| format!(r#"{{"filename":"foo_bar-1.{n}.zip","url":"/foo_bar-1.{n}.zip"}}"#)).collect();
    let attributes: String = (0..entries).map(|n| format!("a{n}='' ")).collect();
    let start = Instant::now();
    let page = html(&links);
    assert_eq!((page.skipped.len(), page.skipped_count), (100, entries));
    assert_eq!(json(&format!(r#"{{"files":[{}]}}"#, objects.join(","))).files.len(), entries);
    assert!(html(&format!("<a {attributes} href=foo_bar-1.zip>")).files.len() == 1);
    assert!(html(&"<a href='".repeat(entries)).files.is_empty());
    assert!(html(&"<base href='x/'>".repeat(entries)).files.is_empty());
    assert!(html(&"<!--".repeat(entries)).files.is_empty());
    assert!(
        html(&format!("<a href='foo_bar-1.zip' data-requires-python='{}'>", ">=3.*,".repeat(entries))).files.len() == 1
    );
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_bytes_are_a_page_or_an_error(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for content_type in [HTML, JSON] {
            let _ = Page::parse(&project(), &body, Some(content_type), &Url::parse(BASE).unwrap());
        }
    }

    #[test]
    fn any_markup_is_a_page(parts in prop::collection::vec(prop::sample::select(vec![
        "<a ", "<base ", "<meta ", "href=", "'", "\"", ">", "foo_bar-1.0", "-py3-none-any.whl", ".zip", "#sha256=", "&", "&#", ";", "%", "%2F", "..", "/",
        "<!--", "-->", "<script>", "</script>", " ", "\0", "é", "data-yanked", "data-requires-python=", ">=3", "name=", "content=", "pypi:repository-version",
        "file://", "http://", "[", "]", "\\", "?", "=",
    ]), 0..40)) {
        if let Ok(page) = Page::parse(&project(), parts.concat().as_bytes(), Some(HTML), &Url::parse(BASE).unwrap()) {
            for listed in page.files {
                prop_assert!(!listed.file.name.as_str().contains(['/', '\\', '\0']));
                prop_assert_eq!(listed.dist.name(), &project());
                prop_assert_eq!(listed.file.places.len(), 1);
            }
        }
    }

    #[test]
    fn any_content_type_is_judged(text in any::<String>()) {
        let _ = Page::parse(&project(), b"{}", Some(&text), &Url::parse(BASE).unwrap());
    }
}
