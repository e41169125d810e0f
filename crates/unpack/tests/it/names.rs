//! Names are places inside the target, or refused.

use std::path::{Component, Path};

use proptest::prelude::*;
use towline_unpack::{Limits, MemberName, Problem};

fn parse(raw: &str) -> Result<Option<MemberName>, Problem> {
    MemberName::parse(raw, &Limits::default())
}

#[test]
fn names_are_places_inside_the_target() {
    for (raw, place) in [
        ("a", Some("a")),
        ("./a//b/", Some("a/b")),
        ("a/./b", Some("a/b")),
        ("a\\b", Some("a\\b")),
        ("...", Some("...")),
        ("a..b/..c", Some("a..b/..c")),
        ("~/a", Some("~/a")),
        ("ab:c", Some("ab:c")),
        ("1:a", Some("1:a")),
        ("données/文件", Some("données/文件")),
        ("./", None),
        (".", None),
        ("././.", None),
    ] {
        let name = parse(raw).unwrap();
        assert_eq!(name.as_ref().map(MemberName::as_str), place, "{raw:?}");
    }
}

#[test]
fn other_names_are_refused() {
    for raw in [
        "",
        "/",
        "/a",
        "//a",
        "\\a",
        "C:/a",
        "c:",
        "z:a",
        "./c:/a",
        ".//\\a",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "./..",
        "a\\..\\b",
        "..\\a",
        "a/..\\b",
        "a\0b",
        "a\nb",
        "a\tb",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{202e}b",
        "a\u{200d}b",
        "a\u{feff}",
        "a\u{2028}b",
        "a\u{e0041}",
        "a\u{ad}b",
    ] {
        assert!(matches!(parse(raw), Err(Problem::Name { .. })), "{raw:?}");
    }
}

#[test]
fn length_and_depth_have_limits() {
    for (raw, fits) in [
        ("a".repeat(255), true),
        ("a".repeat(256), false),
        ("é".repeat(127), true),
        ("é".repeat(128), false),
        (["d"; 128].join("/"), true),
        (["d"; 129].join("/"), false),
        // The dots are no components, but the whole has a length.
        ("./".repeat(2047) + "a", true),
        ("./".repeat(2048) + "a", false),
    ] {
        assert_eq!(parse(&raw).is_ok(), fits, "{} bytes", raw.len());
    }
}

#[test]
fn a_parent_is_one_component_shorter() {
    let name = parse("a/b/c").unwrap().unwrap();
    let parent = name.parent().unwrap();
    assert_eq!((parent.as_str(), parent.depth()), ("a/b", 2));
    assert_eq!(parent.parent().unwrap().parent(), None);
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        // What names are made of, so that more than a few get through.
        "[ab./\\\\:C]{0,12}",
        "(\\.{0,3}|[a-zé文]{1,3})(/(\\.{0,3}|[a-zé文]{1,3})){0,8}/?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_is_inside(raw in names()) {
        let Ok(Some(name)) = parse(&raw) else { return Ok(()) };
        let place = Path::new("/target").join(name.as_str());
        let inside = place.strip_prefix("/target").unwrap();
        prop_assert!(inside.components().all(|part| matches!(part, Component::Normal(_))), "{raw:?}: {place:?}");
        prop_assert_eq!(inside.components().count(), name.depth());
        prop_assert!(name.as_str().split('/').all(|part| !matches!(part, "" | "." | "..")));
        prop_assert!(!name.as_str().split(['/', '\\']).any(|part| part == ".."));
    }

    #[test]
    fn what_was_read_reads_the_same(raw in names()) {
        let Ok(Some(name)) = parse(&raw) else { return Ok(()) };
        prop_assert_eq!(parse(name.as_str()).unwrap().unwrap(), name);
    }
}
