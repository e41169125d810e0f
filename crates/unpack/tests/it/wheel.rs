//! The rules of wheels, one broken at a time.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha512};
use towline_unpack::{ArchiveError, Format, Order, Problem, Source, UnpackError, Unpacker};

use crate::{
    pack::{How, row, wheel, zip},
    room::Room,
};

/// A change to the files of `pkg` 1.0.
type Change = fn(&mut Vec<(String, String)>);

fn base() -> Vec<(String, String)> {
    wheel("pkg", "1.0", &[("pkg/__init__.py", "x = 1\n"), ("pkg/data.txt", "data")])
}

fn unpack(files: &[(String, String)], name: Option<&str>, hashes: bool) -> Result<(), UnpackError> {
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    let source: Arc<dyn Source> = Arc::new(zip(files, |_| How::Deflated));
    let order = Order { name: name.map(str::to_owned), record_hashes: hashes, ..Order::new(Format::Wheel) };
    unpacker.unpack(&source, &room.target(), &order).map(|_| ())
}

fn text<'a>(files: &'a mut [(String, String)], ending: &str) -> &'a mut String {
    &mut files.iter_mut().find(|(path, _)| path.ends_with(ending)).unwrap().1
}

/// Adds a file and lists it.
fn add(files: &mut Vec<(String, String)>, path: &str, content: &str) {
    let listed = row(path, content);
    text(files, "/RECORD").push_str(&listed);
    files.insert(0, (path.to_owned(), content.to_owned()));
}

fn replace(files: &mut Vec<(String, String)>, path: &str, content: &str) {
    files.retain(|(other, _)| other != path);
    let rows = text(files, "/RECORD");
    *rows = rows.lines().filter(|row| !row.starts_with(path)).map(|row| format!("{row}\n")).collect();
    add(files, path, content);
}

const INFO: &str = "pkg-1.0.dist-info";

#[test]
fn what_writers_make_is_accepted() {
    let changes: &[(&str, Change)] = &[
        ("nothing", |_| {}),
        ("a newer minor version", |files| replace(files, "pkg-1.0.dist-info/WHEEL", "Wheel-Version: 1.9\n")),
        ("an older one", |files| replace(files, "pkg-1.0.dist-info/WHEEL", "Wheel-Version: 0.1\n")),
        ("signatures, unlisted", |files| {
            files.push((format!("{INFO}/RECORD.jws"), "{}".into()));
            files.push((format!("{INFO}/RECORD.p7s"), "x".into()));
        }),
        ("no row for RECORD", |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace("pkg-1.0.dist-info/RECORD,,\n", "");
        }),
        ("a leading slash, CRLF, quotes, no size", |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace("pkg/data.txt,", "\"/pkg/data.txt\",").replace(",4\n", ",\r\n");
        }),
        ("backslashes", |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace('/', "\\");
        }),
        ("a row twice", |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.repeat(2);
        }),
        ("a padded hash", |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace(",4\n", "=,4\n");
        }),
        ("a longer hash", |files| {
            let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha512::digest("more"));
            files.push(("pkg/more.txt".into(), "more".into()));
            text(files, "/RECORD").push_str(&format!("pkg/more.txt,SHA512={hash},4\n"));
        }),
        ("rows for directories", |files| {
            files.push(("pkg/sub/".into(), String::new()));
            text(files, "/RECORD").push_str("pkg/sub/,,\npkg,,0\n");
        }),
        ("a bare .data", |files| files.push(("pkg-1.0.data/".into(), String::new()))),
        ("every key of .data", |files| {
            for key in ["purelib", "platlib", "headers", "scripts", "data/share"] {
                add(files, &format!("pkg-1.0.data/{key}/{}", key.replace('/', "_")), key);
            }
        }),
        ("a script called almost like the interpreter", |files| {
            add(files, "pkg-1.0.data/scripts/python-argcomplete", "");
            add(files, "pkg-1.0.data/data/share/python", "");
        }),
        ("a file that ends in .data", |files| add(files, "pkg.data", "x")),
        ("programs", |files| add(files, "pkg-1.0.dist-info/entry_points.txt", "[console_scripts]\na = pkg:f\n")),
        ("dots and letters", |files| {
            replace(files, "pkg-1.0.dist-info/METADATA", "name: PKG\nVERSION: 1.0.0\n");
        }),
    ];
    for (what, change) in changes {
        let mut files = base();
        change(&mut files);
        for hashes in [true, false] {
            let result = unpack(&files, Some("pkg-1.0-py3-none-any.whl"), hashes);
            assert!(result.is_ok(), "{what}, hashes {hashes}: {result:?}");
        }
    }
}

/// What is broken, how, the member that is named, and a piece of what is said.
type Broken = (&'static str, Change, Option<&'static str>, &'static str);

const BROKEN: &[Broken] = &[
    ("two folders", |files| add(files, "other-1.0.dist-info/x", ""), Some("pkg-1.0.dist-info"), "another .dist-info"),
    (
        "two but for case",
        |files| add(files, "pkg-1.0.DIST-INFO/x", ""),
        Some("pkg-1.0.dist-info"),
        "another .dist-info",
    ),
    ("no folder", |files| files.retain(|(path, _)| !path.contains(".dist-info")), None, "no .dist-info"),
    (
        "no WHEEL",
        |files| files.retain(|(path, _)| !path.ends_with("/WHEEL")),
        Some("pkg-1.0.dist-info"),
        "WHEEL is missing",
    ),
    (
        "no METADATA",
        |files| files.retain(|(path, _)| !path.ends_with("/METADATA")),
        Some("pkg-1.0.dist-info"),
        "METADATA is missing",
    ),
    ("no RECORD", |files| files.retain(|(path, _)| !path.ends_with("/RECORD")), None, "RECORD is missing"),
    (
        "a newer format",
        |files| replace(files, "pkg-1.0.dist-info/WHEEL", "Wheel-Version: 2.0\n"),
        Some("pkg-1.0.dist-info/WHEEL"),
        "version 2.0",
    ),
    (
        "no version of the format",
        |files| replace(files, "pkg-1.0.dist-info/WHEEL", "Tag: x\n"),
        Some("pkg-1.0.dist-info/WHEEL"),
        "no Wheel-Version",
    ),
    (
        "no such version",
        |files| replace(files, "pkg-1.0.dist-info/WHEEL", "Wheel-Version: one\n"),
        Some("pkg-1.0.dist-info/WHEEL"),
        "no version",
    ),
    (
        "another version",
        |files| replace(files, "pkg-1.0.dist-info/METADATA", "Name: pkg\nVersion: 2.0\n"),
        Some("pkg-1.0.dist-info/METADATA"),
        "about pkg 2.0",
    ),
    (
        "another name",
        |files| replace(files, "pkg-1.0.dist-info/METADATA", "Name: gkp\nVersion: 1.0\n"),
        Some("pkg-1.0.dist-info/METADATA"),
        "about gkp 1.0",
    ),
    (
        "two names",
        |files| replace(files, "pkg-1.0.dist-info/METADATA", "Name: pkg\nName: gkp\nVersion: 1.0\n"),
        Some("pkg-1.0.dist-info/METADATA"),
        "Name twice",
    ),
    (
        "no name",
        |files| replace(files, "pkg-1.0.dist-info/METADATA", "Version: 1.0\n\nName: pkg\n"),
        Some("pkg-1.0.dist-info/METADATA"),
        "no Name",
    ),
    (
        "a file more",
        |files| files.insert(0, ("pkg/evil.py".into(), "x".into())),
        Some("pkg/evil.py"),
        "does not list it",
    ),
    (
        "a file less",
        |files| files.retain(|(path, _)| path != "pkg/data.txt"),
        Some("pkg-1.0.dist-info/RECORD"),
        "not there",
    ),
    (
        "a row that climbs",
        |files| text(files, "/RECORD").push_str("../x,,\n"),
        Some("pkg-1.0.dist-info/RECORD"),
        "climbs",
    ),
    ("an empty row", |files| text(files, "/RECORD").push_str(",,\n"), Some("pkg-1.0.dist-info/RECORD"), "empty"),
    (
        "another size",
        |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace(",4\n", ",5\n");
        },
        Some("pkg/data.txt"),
        "4 bytes",
    ),
    (
        "no such size",
        |files| {
            let rows = text(files, "/RECORD");
            *rows = rows.replace(",4\n", ",four\n");
        },
        Some("pkg/data.txt"),
        "4 bytes",
    ),
    (
        "two rows",
        |files| text(files, "/RECORD").push_str("pkg/data.txt,,\n"),
        Some("pkg-1.0.dist-info/RECORD"),
        "twice",
    ),
    (
        "no table",
        |files| text(files, "/RECORD").push_str("pkg/data.txt\n"),
        Some("pkg-1.0.dist-info/RECORD"),
        "path, hash, size",
    ),
    ("no place", |files| add(files, "pkg-1.0.data/nowhere/x", ""), Some("pkg-1.0.data/nowhere"), "\"nowhere\""),
    ("no place at all", |files| add(files, "pkg-1.0.data/scripts", ""), Some("pkg-1.0.data/scripts"), "\"scripts\""),
    (
        "another one's .data",
        |files| add(files, "pkg-2.0.data/scripts/x", ""),
        Some("pkg-2.0.data/scripts"),
        "tools disagree",
    ),
    (
        "the interpreter",
        |files| add(files, "pkg-1.0.data/scripts/Python3.exe", ""),
        Some("pkg-1.0.data/scripts/Python3.exe"),
        "interpreter",
    ),
    (
        "the interpreter, as data",
        |files| add(files, "pkg-1.0.data/data/bin/python3.13", ""),
        Some("pkg-1.0.data/data/bin/python3.13"),
        "interpreter",
    ),
    (
        "its configuration",
        |files| add(files, "pkg-1.0.data/data/pyvenv.cfg", ""),
        Some("pkg-1.0.data/data/pyvenv.cfg"),
        "configuration",
    ),
    (
        "a file in two ways",
        |files| add(files, "pkg-1.0.data/purelib/pkg/data.txt", ""),
        Some("pkg-1.0.data/purelib/pkg/data.txt"),
        "same file",
    ),
    (
        "a hidden distribution",
        |files| add(files, "pkg-1.0.data/platlib/a-1.dist-info/RECORD", ""),
        Some("pkg-1.0.data/platlib/a-1.dist-info"),
        "another distribution",
    ),
    (
        "a program outside",
        |files| add(files, "pkg-1.0.dist-info/entry_points.txt", "[console_scripts]\n../a = pkg:f\n"),
        Some("pkg-1.0.dist-info/entry_points.txt"),
        "name of a program",
    ),
    (
        "not text",
        |files| add(files, "pkg-1.0.dist-info/entry_points.txt", "\u{feff}[console_scripts]\n"),
        Some("pkg-1.0.dist-info/entry_points.txt"),
        "before the first group",
    ),
];

fn refusal(files: &[(String, String)], name: Option<&str>, hashes: bool, what: &str) -> (Option<String>, String, u64) {
    match unpack(files, name, hashes) {
        Err(UnpackError::Archive(ArchiveError { member, at, problem: Problem::Wheel { detail } })) => {
            (member, detail, at)
        }
        other => panic!("{what}, hashes {hashes}: {other:?}"),
    }
}

#[test]
fn what_breaks_a_rule_is_refused() {
    for (what, change, member, said) in BROKEN {
        let mut files = base();
        change(&mut files);
        for hashes in [true, false] {
            let (found, detail, _) = refusal(&files, None, hashes, what);
            assert_eq!(found.as_deref(), *member, "{what}: {detail}");
            assert!(detail.contains(said), "{what}: {detail}");
        }
    }
}

/// Also one that is fine in a zip, and that RECORD says nothing wrong about.
#[test]
fn links_are_refused() {
    let mut files = base();
    files.insert(0, ("pkg/link.txt".into(), "data.txt".into()));
    text(&mut files, "/RECORD").push_str("pkg/link.txt,,\n");
    let unpacker = Unpacker::new(1).unwrap();
    let unpack = |format, how: fn(usize) -> How| {
        let source: Arc<dyn Source> = Arc::new(zip(&files, how));
        let order = Order { record_hashes: false, ..Order::new(format) };
        unpacker.unpack(&source, &Room::new().target(), &order)
    };
    let first_is_link = |index| if index == 0 { How::Link } else { How::Deflated };
    assert_eq!(unpack(Format::Zip, first_is_link).unwrap().links, 1);
    assert_eq!(unpack(Format::Wheel, |_| How::Deflated).unwrap().links, 0);
    match unpack(Format::Wheel, first_is_link) {
        Err(UnpackError::Archive(ArchiveError { member, problem: Problem::Special { .. }, .. })) => {
            assert_eq!(member.as_deref(), Some("pkg/link.txt"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn hashes_are_checked_where_they_are_asked_for() {
    let changes: &[(&str, Change, &str)] = &[
        ("another content", |files| text(files, "data.txt").replace_range(..1, "D"), "not the sha256"),
        (
            "no hash",
            |files| {
                let rows = text(files, "/RECORD");
                *rows = rows.replace(&row("pkg/data.txt", "data"), "pkg/data.txt,,4\n");
            },
            "no hash",
        ),
        (
            "a weak one",
            |files| {
                let rows = text(files, "/RECORD");
                *rows = rows.replace(&row("pkg/data.txt", "data"), "pkg/data.txt,md5=jXd_OF0_7S4C8JQGJvnHPg,4\n");
            },
            "too weak",
        ),
        (
            "an unknown one",
            |files| {
                let rows = text(files, "/RECORD");
                *rows = rows.replace(&row("pkg/data.txt", "data"), "pkg/data.txt,x=y,4\n");
            },
            "\"x\"",
        ),
        (
            "none at all",
            |files| {
                let rows = text(files, "/RECORD");
                *rows = rows.replace(&row("pkg/data.txt", "data"), "pkg/data.txt,xy,4\n");
            },
            "is no hash",
        ),
    ];
    for (what, change, said) in changes {
        let mut files = base();
        change(&mut files);
        let (member, detail, at) = refusal(&files, None, true, what);
        assert_eq!(member.as_deref(), Some("pkg/data.txt"), "{what}: {detail}");
        assert!(detail.contains(said) && at > 0, "{what}: {detail}");
        assert!(unpack(&files, None, false).is_ok(), "{what}");
    }
}

#[test]
fn the_file_name_is_the_wheels() {
    let files = base();
    for (name, fits) in [
        ("pkg-1.0-py3-none-any.whl", true),
        ("PKG-1-7-py3-none-any.whl", true),
        ("pkg-1.0+local-py3-none-any.whl", true),
        ("pkg-1.1-py3-none-any.whl", false),
        ("gkp-1.0-py3-none-any.whl", false),
        ("pkg-1.0-x-py3-none-any.whl", false),
        ("pkg.whl", false),
    ] {
        assert_eq!(unpack(&files, Some(name), true).is_ok(), fits, "{name}");
    }
}
