//! Section 4.8 and 4.10: where an answer's bytes belong. Positions in the tables are of a file of 10 bytes.

use towline_transfer::splice::Known;
use towline_transfer::{Contradiction, Fault, Head, Label, Misfit, Place, Splice, Validator, splice};

/// A head of this status with these fields.
fn head(status: u16, fields: &[(&str, &str)]) -> Head {
    Head::parse(status, fields.iter().map(|(name, value)| (*name, value.as_bytes())))
}

fn range(value: &str) -> Head {
    head(206, &[("content-range", value)])
}

fn body(from: u64, end: impl Into<Option<u64>>, size: impl Into<Option<u64>>) -> Splice {
    Splice::Body(Place { from, end: end.into(), size: size.into() })
}

fn misfit(misfit: Misfit) -> Splice {
    Splice::Fault(Fault::Misfit(misfit))
}

fn denied(contradiction: Contradiction) -> Splice {
    Splice::Fault(Fault::Contradiction(contradiction))
}

fn size(was: u64, is: u64) -> Splice {
    denied(Contradiction::Size { was, is })
}

/// `held` of a file of 10 bytes are held, and a digest is known.
fn known(held: u64) -> Known<'static> {
    Known { held, size: Some(10), digest: true, ..Known::default() }
}

/// The same with the size still unknown.
fn blind(held: u64) -> Known<'static> {
    Known { size: None, ..known(held) }
}

#[test]
fn ranges_while_the_size_is_known() {
    let table = [
        // exact, also with `*`
        (5, "bytes 5-9/10", body(5, 10, 10)),
        (5, "bytes 5-9/*", body(5, 10, None)),
        (0, "bytes 0-9/10", body(0, 10, 10)),
        (9, "bytes 9-9/10", body(9, 10, 10)),
        // early: what is held is compared
        (5, "bytes 0-9/10", body(0, 10, 10)),
        (5, "bytes 4-9/10", body(4, 10, 10)),
        (5, "bytes 4-9/*", body(4, 10, None)),
        // short but consistent
        (5, "bytes 5-5/10", body(5, 6, 10)),
        (5, "bytes 5-8/*", body(5, 9, None)),
        (5, "bytes 0-2/10", body(0, 3, 10)),
        // a hole
        (5, "bytes 6-9/10", misfit(Misfit::Hole { first: 6, held: 5 })),
        (0, "bytes 1-9/10", misfit(Misfit::Hole { first: 1, held: 0 })),
        (5, "bytes 9-9/*", misfit(Misfit::Hole { first: 9, held: 5 })),
        // another size
        (5, "bytes 5-9/11", size(10, 11)),
        (5, "bytes 5-10/11", size(10, 11)),
        (5, "bytes 5-8/9", size(10, 9)),
        (5, "bytes 6-10/11", size(10, 11)),
        // beyond the size, hidden by a `*`
        (5, "bytes 5-10/*", size(10, 11)),
        (5, "bytes 5-99/*", size(10, 100)),
        // no label that can be read
        (5, "bytes 9-5/10", misfit(Misfit::Unlabelled)),
        (5, "bytes 5-10/10", misfit(Misfit::Unlabelled)),
        (5, "bytes */10", misfit(Misfit::Unlabelled)),
        (5, "", misfit(Misfit::Unlabelled)),
        (5, "5-9", misfit(Misfit::Unlabelled)),
    ];
    for (held, label, expected) in table {
        assert_eq!(splice(known(held), &range(label)), expected, "{held} held, {label}");
    }
    assert_eq!(splice(known(5), &head(206, &[])), misfit(Misfit::Unlabelled));
    // A length of the part is no size of the whole, and no label.
    assert_eq!(splice(known(5), &head(206, &[("content-length", "5")])), misfit(Misfit::Unlabelled));
}

#[test]
fn ranges_while_the_size_is_unknown() {
    let table = [
        (5, "bytes 5-9/10", body(5, 10, 10)),
        (5, "bytes 5-9/*", body(5, 10, None)),
        (5, "bytes 5-6/100", body(5, 7, 100)),
        (5, "bytes 0-9/10", body(0, 10, 10)),
        (5, "bytes 0-4/5", body(0, 5, 5)),
        // smaller than what is held
        (5, "bytes 0-3/4", size(5, 4)),
        (5, "bytes 6-9/10", misfit(Misfit::Hole { first: 6, held: 5 })),
    ];
    for (held, label, expected) in table {
        assert_eq!(splice(blind(held), &range(label)), expected, "{held} held, {label}");
    }
}

#[test]
fn every_small_range_is_placed_by_three_numbers_alone() {
    for held in 0..=10 {
        for first in 0..10 {
            for last in first..10 {
                for total in [None, Some(9), Some(10), Some(11)]
                    .into_iter()
                    .filter(|total| total.is_none_or(|total| last < total))
                {
                    let mut head = head(206, &[]);
                    head.label = Label::Satisfied { first, last, total };
                    let expected = match total {
                        Some(is @ (9 | 11)) => size(10, is),
                        _ if first > held => misfit(Misfit::Hole { first, held }),
                        _ => body(first, last + 1, total),
                    };
                    assert_eq!(splice(known(held), &head), expected, "{held} held, {first}-{last}/{total:?}");
                }
            }
        }
    }
}

#[test]
fn a_range_is_joined_only_where_something_vouches_for_what_is_held() {
    let ours = Validator::ETag("\"1\"".to_owned());
    let nobody = Known { held: 5, size: Some(10), ..Known::default() };
    let unvouched = |first, total| misfit(Misfit::Unvouched { first, total });
    assert_eq!(splice(nobody, &range("bytes 5-9/10")), unvouched(5, Some(10)));
    assert_eq!(splice(nobody, &range("bytes 4-9/*")), unvouched(4, None));
    // From zero it is compared with everything that is held; and what is only compared joins nothing.
    assert_eq!(splice(nobody, &range("bytes 0-9/10")), body(0, 10, 10));
    assert_eq!(splice(nobody, &range("bytes 2-4/10")), body(2, 5, 10));
    assert_eq!(splice(Known { held: 0, ..nobody }, &range("bytes 0-9/10")), body(0, 10, 10));
    // A digest, an If-Range that was sent, or the same validator.
    assert_eq!(splice(Known { digest: true, ..nobody }, &range("bytes 5-9/10")), body(5, 10, 10));
    assert_eq!(splice(Known { if_range: true, ..nobody }, &range("bytes 5-9/10")), body(5, 10, 10));
    let same = head(206, &[("content-range", "bytes 5-9/10"), ("etag", "\"1\"")]);
    assert_eq!(splice(Known { validator: Some(&ours), ..nobody }, &same), body(5, 10, 10));
    let silent = Known { validator: Some(&ours), ..nobody };
    assert_eq!(splice(silent, &range("bytes 5-9/10")), unvouched(5, Some(10)));
}

#[test]
fn multipart_and_coded_ranges() {
    for digest in [false, true] {
        for held in [0, 5] {
            let known = Known { digest, ..known(held) };
            let label = ("content-range", "bytes 0-9/10");
            let multipart = head(206, &[label, ("content-type", "multipart/byteranges; boundary=x")]);
            assert_eq!(splice(known, &multipart), misfit(Misfit::Multipart));
            let coded = head(206, &[label, ("content-encoding", "gzip")]);
            assert_eq!(splice(known, &coded), Splice::Fault(Fault::Coded("gzip".to_owned())));
        }
    }
}

#[test]
fn whole_answers() {
    let with = |length: &str| head(200, &[("content-length", length)]);
    let table = [
        (known(0), with("10"), body(0, 10, 10)),
        (known(5), with("10"), body(0, 10, 10)),
        (known(5), head(200, &[]), body(0, None, None)),
        (known(5), with("9"), size(10, 9)),
        (known(5), with("11"), size(10, 11)),
        (known(0), with("11"), size(10, 11)),
        (known(5), with("0"), size(10, 0)),
        (blind(0), with("10"), body(0, 10, 10)),
        (blind(0), with("0"), body(0, 0, 0)),
        (blind(5), with("10"), body(0, 10, 10)),
        (blind(5), with("5"), body(0, 5, 5)),
        (blind(5), with("4"), size(5, 4)),
        (blind(5), head(200, &[]), body(0, None, None)),
        // A stray label means nothing in a 200.
        (known(5), head(200, &[("content-length", "10"), ("content-range", "bytes 5-9/10")]), body(0, 10, 10)),
    ];
    for (known, head, expected) in table {
        assert_eq!(splice(known, &head), expected, "{known:?} {head:?}");
    }
}

#[test]
fn a_coding_of_a_whole_answer_counts_for_less_only_with_a_digest_and_nothing_held() {
    let coded = head(200, &[("content-length", "10"), ("content-encoding", "gzip")]);
    for (digest, held, accepted) in [(true, 0, true), (true, 5, false), (false, 0, false), (false, 5, false)] {
        let expected = if accepted { body(0, 10, 10) } else { Splice::Fault(Fault::Coded("gzip".to_owned())) };
        assert_eq!(splice(Known { digest, ..known(held) }, &coded), expected, "digest {digest}, {held} held");
    }
    let other = head(200, &[("content-length", "9"), ("content-encoding", "gzip")]);
    assert_eq!(splice(known(0), &other), size(10, 9));
}

#[test]
fn range_not_satisfiable() {
    let total = |value: &str| head(416, &[("content-range", value)]);
    let table = [
        (blind(10), total("bytes */10"), Splice::Complete),
        (known(10), total("bytes */10"), Splice::Complete),
        (blind(10), total("bytes */9"), size(10, 9)),
        (blind(10), total("bytes */11"), denied(Contradiction::Unsatisfiable)),
        (blind(10), total("bytes */*"), denied(Contradiction::Unsatisfiable)),
        (blind(10), head(416, &[]), denied(Contradiction::Unsatisfiable)),
        (blind(10), total("bytes 0-9/10"), denied(Contradiction::Unsatisfiable)),
        (known(5), total("bytes */10"), denied(Contradiction::Unsatisfiable)),
        (known(5), total("bytes */5"), size(10, 5)),
        (known(5), total("bytes */4"), size(10, 4)),
        (known(5), total("bytes */11"), size(10, 11)),
        (known(5), head(416, &[]), denied(Contradiction::Unsatisfiable)),
        (blind(0), total("bytes */0"), denied(Contradiction::Unsatisfiable)),
        (known(0), total("bytes */0"), size(10, 0)),
    ];
    for (known, head, expected) in table {
        assert_eq!(splice(known, &head), expected, "{known:?} {head:?}");
    }
}

#[test]
fn another_strong_validator_denies_what_is_held() {
    let ours = Validator::ETag("\"1\"".to_owned());
    let answers: [(u16, &[(&str, &str)]); 3] = [
        (206, &[("content-range", "bytes 5-9/10")]),
        (200, &[("content-length", "10")]),
        (416, &[("content-range", "bytes */5")]),
    ];
    for (status, fields) in answers {
        let size = (status != 416).then_some(10);
        for (etag, denies) in [("\"1\"", false), ("\"2\"", true), ("W/\"2\"", false), ("2", false)] {
            let head = head(status, &[fields, &[("etag", etag)]].concat());
            let known = Known { held: 5, size, validator: Some(&ours), if_range: true, ..Known::default() };
            let outcome = splice(known, &head);
            assert_eq!(outcome == denied(Contradiction::Validator), denies, "{status} {etag}: {outcome:?}");
            assert_eq!(matches!(outcome, Splice::Fault(_)), denies, "{status} {etag}: {outcome:?}");
        }
        // With nothing held, nothing can be denied.
        let head = head(status, &[fields, &[("etag", "\"2\"")]].concat());
        let known = Known { held: 0, size, validator: Some(&ours), ..Known::default() };
        assert_ne!(splice(known, &head), denied(Contradiction::Validator));
    }
}

#[test]
fn the_largest_numbers() {
    let mut last = head(206, &[]);
    last.label = Label::Satisfied { first: 5, last: u64::MAX, total: None };
    assert_eq!(splice(known(5), &last), size(10, u64::MAX));
    assert_eq!(splice(blind(5), &last), body(5, u64::MAX, None));
    let largest = u64::MAX.to_string();
    assert_eq!(splice(blind(5), &head(200, &[("content-length", &largest)])), body(0, u64::MAX, u64::MAX));
    let known = Known { held: u64::MAX, size: Some(u64::MAX), digest: true, ..Known::default() };
    assert_eq!(splice(known, &head(416, &[("content-range", "bytes */18446744073709551615")])), Splice::Complete);
}
