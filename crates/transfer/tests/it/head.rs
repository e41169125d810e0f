//! What is read from an answer's fields.

use towline_transfer::{Framing, Head, Label};

fn head(fields: &[(&str, &str)]) -> Head {
    Head::parse(206, fields.iter().map(|(name, value)| (*name, value.as_bytes())))
}

#[test]
fn content_range() {
    let satisfied = |first, last, total| Label::Satisfied { first, last, total };
    let table = [
        ("bytes 0-0/1", satisfied(0, 0, Some(1))),
        ("bytes 5-9/10", satisfied(5, 9, Some(10))),
        ("Bytes 5-9/10", satisfied(5, 9, Some(10))),
        ("bytes  5-9/10", satisfied(5, 9, Some(10))),
        ("bytes 5-9/*", satisfied(5, 9, None)),
        ("bytes 0-18446744073709551613/18446744073709551614", satisfied(0, u64::MAX - 2, Some(u64::MAX - 1))),
        ("bytes 0-18446744073709551614/*", satisfied(0, u64::MAX - 1, None)),
        ("bytes */10", Label::Unsatisfied { total: 10 }),
        ("bytes */0", Label::Unsatisfied { total: 0 }),
        ("bytes */18446744073709551615", Label::Unsatisfied { total: u64::MAX }),
        ("", Label::Malformed),
        ("bytes", Label::Malformed),
        ("bytes ", Label::Malformed),
        ("5-9/10", Label::Malformed),
        ("bytes=5-9/10", Label::Malformed),
        ("bytes 5-9", Label::Malformed),
        ("bytes 5/10", Label::Malformed),
        ("bytes 9-5/10", Label::Malformed),
        ("bytes 5-10/10", Label::Malformed),
        ("bytes -5-9/10", Label::Malformed),
        ("bytes 5--9/10", Label::Malformed),
        ("bytes +5-9/10", Label::Malformed),
        ("bytes 5-9/-10", Label::Malformed),
        ("bytes 5-/10", Label::Malformed),
        ("bytes -9/10", Label::Malformed),
        ("bytes 5-9/", Label::Malformed),
        ("bytes */*", Label::Malformed),
        ("bytes */", Label::Malformed),
        ("items 5-9/10", Label::Malformed),
        ("bytes 0-18446744073709551615/*", Label::Malformed),
        ("bytes 0-18446744073709551616/*", Label::Malformed),
        ("bytes 0-9/18446744073709551616", Label::Malformed),
    ];
    for (value, expected) in table {
        assert_eq!(head(&[("content-range", value)]).label, expected, "{value:?}");
    }
    assert_eq!(head(&[]).label, Label::Missing);
}

#[test]
fn content_length_is_digits_only() {
    let table = [
        ("0", Some(0)),
        ("42", Some(42)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("-1", None),
        ("+1", None),
        ("", None),
        ("1 2", None),
        ("0x1", None),
        ("1,1", None),
    ];
    for (value, expected) in table {
        let head = head(&[("content-length", value)]);
        assert_eq!(head.length, expected, "{value:?}");
        assert_eq!(head.framing == Framing::Told, expected.is_some(), "{value:?}");
    }
}

#[test]
fn the_end_is_told_by_a_length_or_by_chunks() {
    for (value, framing) in [("chunked", Framing::Told), ("gzip, Chunked", Framing::Told), ("gzip", Framing::Close)] {
        assert_eq!(head(&[("transfer-encoding", value)]).framing, framing, "{value}");
    }
    assert_eq!(head(&[]).framing, Framing::Close);
}

#[test]
fn codings_and_kinds() {
    for (value, coding) in
        [("gzip", Some("gzip")), ("identity", None), ("IDENTITY", None), ("", None), ("br", Some("br"))]
    {
        assert_eq!(head(&[("content-encoding", value)]).coding.as_deref(), coding, "{value:?}");
    }
    for (value, multipart) in
        [("multipart/byteranges; boundary=x", true), ("Multipart/ByteRanges", true), ("text/html", false), ("", false)]
    {
        assert_eq!(head(&[("content-type", value)]).multipart, multipart, "{value:?}");
    }
}

#[test]
fn names_have_no_case_and_the_first_of_a_repeated_field_counts() {
    let head = head(&[("CONTENT-LENGTH", "7"), ("Content-Length", "8"), ("eTag", "\"1\""), ("x-etag", "\"2\"")]);
    assert_eq!(head.length, Some(7));
    assert_eq!(head.validator.map(|validator| validator.to_string()), Some("\"1\"".to_owned()));
}

#[test]
fn what_the_driver_knows_is_left_to_it() {
    let head = head(&[]);
    assert!(!head.redirected && !head.trusted_credentials && head.retry_after.is_none() && head.validator.is_none());
}
