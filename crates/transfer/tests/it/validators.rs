//! Section 4.10: what may be sent in `If-Range`.

use towline_transfer::Validator;

fn etag(text: &str) -> Option<Validator> {
    Some(Validator::ETag(text.to_owned()))
}

#[test]
fn only_strong_entity_tags() {
    let strong = ["\"\"", "\"1\"", "\"abc-def\"", "\"a b\"".trim(), "\"!#~\"", "\"\u{e9}\""];
    for tag in strong.into_iter().filter(|tag| !tag.contains(' ')) {
        assert_eq!(Validator::of(Some(tag), None, None), etag(tag), "{tag}");
    }
    let not = [
        "",
        "W/\"1\"",
        "w/\"1\"",
        "W/1",
        "1",
        "\"",
        "\"1",
        "1\"",
        "'1'",
        "\"a b\"",
        "\"a\"b\"",
        "\"a\", \"b\"",
        "\"\t\"",
        "\"\x7f\"",
        "\"a\r\nX: y\"",
    ];
    for tag in not {
        assert_eq!(Validator::of(Some(tag), None, None), None, "{tag:?}");
    }
}

#[test]
fn a_modification_date_only_when_the_answers_own_date_proves_it_strong() {
    let date = "Tue, 24 Nov 2026 12:00:00 GMT";
    let table = [
        ("Tue, 24 Nov 2026 11:59:00 GMT", Some(date), true),
        ("Tue, 24 Nov 2026 11:59:01 GMT", Some(date), false),
        ("Tue, 24 Nov 2026 12:00:00 GMT", Some(date), false),
        ("Tue, 24 Nov 2026 12:00:01 GMT", Some(date), false),
        ("Fri, 01 Jan 2016 00:00:00 GMT", Some(date), true),
        ("Fri, 01 Jan 2016 00:00:00 GMT", None, false),
        ("Fri, 01 Jan 2016 00:00:00 GMT", Some("now"), false),
        ("yesterday", Some(date), false),
    ];
    for (modified, date, strong) in table {
        let expected = strong.then(|| Validator::Modified(modified.to_owned()));
        assert_eq!(Validator::of(None, Some(modified), date), expected, "{modified} at {date:?}");
    }
}

#[test]
fn an_entity_tag_goes_before_a_date_even_where_it_is_weak() {
    let (old, date) = (Some("Fri, 01 Jan 2016 00:00:00 GMT"), Some("Tue, 24 Nov 2026 12:00:00 GMT"));
    assert_eq!(Validator::of(Some("\"1\""), old, date), etag("\"1\""));
    // RFC 9110 §13.1.5: no date in If-Range where there is an entity tag.
    assert_eq!(Validator::of(Some("W/\"1\""), old, date), None);
}

#[test]
fn only_two_of_a_kind_can_disagree() {
    let tag = |text: &str| Validator::ETag(text.to_owned());
    let date = |text: &str| Validator::Modified(text.to_owned());
    assert!(tag("\"1\"").denies(&tag("\"2\"")));
    assert!(!tag("\"1\"").denies(&tag("\"1\"")));
    assert!(date("a").denies(&date("b")));
    assert!(!date("a").denies(&date("a")));
    assert!(!tag("\"1\"").denies(&date("b")) && !date("b").denies(&tag("\"1\"")));
}

#[test]
fn what_was_kept_is_read_back_and_a_weak_one_is_not() {
    for validator in [Validator::ETag("\"1\"".into()), Validator::Modified("Fri, 01 Jan 2016 00:00:00 GMT".into())] {
        assert_eq!(Validator::recall(validator.as_str()), Some(validator.clone()));
        assert_eq!(validator.to_string(), validator.as_str());
    }
    for text in ["", "W/\"1\"", "1", "yesterday"] {
        assert_eq!(Validator::recall(text), None, "{text}");
    }
}
