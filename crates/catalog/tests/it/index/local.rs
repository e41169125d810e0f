//! Directories and indexes on this machine.

use std::fs;

use tempfile::TempDir;
use towline_catalog::{
    Place,
    index::{IndexError, Page},
};

use super::{names, project};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
    folder
}

#[test]
fn a_directory_of_archives() {
    let folder = folder(&[
        ("foo_bar-2.0.tar.gz", "12345"),
        ("foo_bar-1.0-py3-none-any.whl", "1"),
        ("other-1.0.zip", ""),
        ("README", ""),
        ("foo_bar-3.0.zip/inside", ""),
        ("deeper/foo_bar-4.0.zip", ""),
    ]);
    std::os::unix::fs::symlink("foo_bar-2.0.tar.gz", folder.path().join("foo_bar-5.0.tar.gz")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("foo_bar-6.0.tar.gz")).unwrap();
    for page in [Page::directory(&project(), folder.path()).unwrap(), Page::local(&project(), folder.path()).unwrap()] {
        assert_eq!(names(&page), ["foo_bar-1.0-py3-none-any.whl", "foo_bar-2.0.tar.gz", "foo_bar-5.0.tar.gz"]);
        assert_eq!(page.files.iter().map(|listed| listed.file.size).collect::<Vec<_>>(), [Some(1), Some(5), Some(5)]);
        assert_eq!(page.files[0].file.places, [Place::Path(folder.path().join("foo_bar-1.0-py3-none-any.whl"))]);
        let skipped: Vec<_> = page.skipped.iter().map(|skipped| skipped.name.as_str()).collect();
        assert_eq!(skipped, ["README", "deeper", "foo_bar-3.0.zip", "foo_bar-6.0.tar.gz", "other-1.0.zip"]);
    }
    let nowhere = folder.path().join("nowhere");
    let error = Page::directory(&project(), &nowhere).unwrap_err();
    assert!(matches!(&error, IndexError::Local { path, .. } if *path == nowhere), "{error}");
    assert!(Page::local(&project(), &nowhere).is_err());
}

#[test]
fn an_index_on_this_machine() {
    let index = folder(&[
        (
            "simple/foo-bar/index.html",
            "<a href='../../pool/foo%5Fbar-1.0.zip'>x</a> <a href='https://files.example/foo_bar-2.0.zip'>x</a>",
        ),
        ("plain/foo-bar/foo_bar-3.0.zip", ""),
        ("links.html", "<a href='pool/foo_bar-1.0.zip'>"),
        ("links.json", r#"{"files":[{"filename":"foo_bar-1.0.zip","url":"pool/foo_bar-1.0.zip"}]}"#),
        ("bad.json", "<a>"),
    ]);
    let local = |path: &str| Page::local(&project(), &index.path().join(path));
    let page = local("simple").unwrap();
    assert_eq!(names(&page), ["foo_bar-1.0.zip", "foo_bar-2.0.zip"]);
    assert_eq!(page.files[0].file.places, [Place::Path(index.path().join("pool/foo_bar-1.0.zip"))]);
    assert!(
        matches!(&page.files[1].file.places[0], Place::Url(url) if url.as_str() == "https://files.example/foo_bar-2.0.zip")
    );
    assert_eq!(names(&local("plain").unwrap()), ["foo_bar-3.0.zip"]);
    for page in ["links.html", "links.json"] {
        let page = local(page).unwrap();
        assert_eq!(page.files[0].file.places, [Place::Path(index.path().join("pool/foo_bar-1.0.zip"))]);
    }
    assert!(local("bad.json").unwrap_err().to_string().contains("PEP 691"));
}
