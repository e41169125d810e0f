use towline_unpack::{Limits, MemberName, Problem};

#[test]
fn names_are_places_inside_the_target() {
    let limits = Limits::default();
    for (raw, place) in [
        ("a", Some("a")),
        ("./a//b/", Some("a/b")),
        ("a\\b", Some("a\\b")),
        ("./", None),
        (".", None),
    ] {
        let name = MemberName::parse(raw, &limits).unwrap();
        assert_eq!(name.as_ref().map(MemberName::as_str), place, "{raw:?}");
    }
    for raw in ["", "/a", "\\a", "C:/a", "c:", "../a", "a/../b", "a/..", "a\\..\\b", "a\0b", "a\nb", "a\u{202e}b", "a\u{7f}"] {
        assert!(matches!(MemberName::parse(raw, &limits), Err(Problem::Name { .. })), "{raw:?}");
    }
}
