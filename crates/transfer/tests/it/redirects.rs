//! Section 4.1: which redirects are followed.

use towline_transfer::redirect::{Refused, STATUSES, judge};

#[test]
fn the_statuses() {
    let following: Vec<u16> = (100..=599).filter(|status| STATUSES.contains(status)).collect();
    assert_eq!(following, [301, 302, 303, 307, 308]);
}

#[test]
fn every_pair_of_schemes() {
    let table = [
        ("http", Some("http"), Ok(())),
        ("http", Some("https"), Ok(())),
        ("https", Some("https"), Ok(())),
        ("https", Some("http"), Err(Refused::Downgrade)),
        ("http", Some("ftp"), Err(Refused::NoPlace)),
        ("https", Some("file"), Err(Refused::NoPlace)),
        ("https", Some("data"), Err(Refused::NoPlace)),
        ("https", Some(""), Err(Refused::NoPlace)),
        ("http", None, Err(Refused::NoPlace)),
        ("https", None, Err(Refused::NoPlace)),
    ];
    for (from, to, expected) in table {
        assert_eq!(judge(0, 10, from, to), expected, "{from} -> {to:?}");
    }
}

#[test]
fn at_most_so_many() {
    for max in [0, 1, 10] {
        for hops in 0..20 {
            let expected = if hops < max { Ok(()) } else { Err(Refused::TooMany(max)) };
            assert_eq!(judge(hops, max, "https", Some("https")), expected, "{hops} of {max}");
        }
    }
    assert_eq!(judge(usize::MAX, usize::MAX, "http", Some("http")), Err(Refused::TooMany(usize::MAX)));
}
