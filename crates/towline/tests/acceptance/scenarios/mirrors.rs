//! Rows 25, 26 and 29: several places for the same bytes.

use super::story::Story;
use crate::support::{Run, figure, journal_equals_log};

/// Two places on one server; `localhost` and `127.0.0.1` are two origins.
fn from_two(story: &Story, known: bool) -> Run {
    let port = story.case.server.addr().port();
    let digest = story.content("/one/a.bin").sha256();
    let two = format!("http://localhost:{port}/two/a.bin");
    let resolve = format!("localhost:{port}:127.0.0.1");
    let mut more = vec!["--mirror", &two, "--resolve", &resolve];
    if known {
        more.extend(["--sha256", &digest]);
    }
    story.case.finish(story.command(&["/one/a.bin"], &more))
}

/// Path and range of each request.
fn places(story: &Story) -> Vec<(String, Option<String>)> {
    story.case.requests().into_iter().map(|entry| (entry.path, entry.range)).collect()
}

fn place(path: &str, range: Option<&str>) -> (String, Option<String>) {
    (path.to_owned(), range.map(str::to_owned))
}

#[track_caller]
fn is_whole(story: &Story) {
    let right = crate::support::is_content(&story.case.out().join("a.bin"), story.content("/one/a.bin"));
    assert!(right, "the file is right");
}

#[test]
fn row_25_what_one_mirror_began_another_one_finishes_at_the_same_offset() {
    let story = Story::open("mirror-dies-half-way");
    let run = from_two(&story, true);
    run.expect(0);
    journal_equals_log(&story.case.requests(), &[&run]);
    is_whole(&story);
    let half = Some("bytes=300000-");
    assert_eq!(places(&story), [place("/one/a.bin", None), place("/one/a.bin", half), place("/two/a.bin", half)]);
    assert_eq!(story.case.sent(), 600_000);
    figure("mirror-dies-half-way", "3 requests, 1.00 times the bytes");
}

#[test]
fn row_26_a_mirror_with_wrong_bytes_is_left_for_the_next_one() {
    let story = Story::open("mirror-lies");
    let run = from_two(&story, true);
    run.expect(0);
    journal_equals_log(&story.case.requests(), &[&run]);
    is_whole(&story);
    assert_eq!(places(&story), [place("/one/a.bin", None), place("/two/a.bin", None)]);
}

#[test]
fn row_29_bytes_of_another_url_are_adopted_under_a_digest_only() {
    for known in [true, false] {
        let story = Story::open("row-29-other-place");
        let digest = story.content("/one/a.bin").sha256();
        let more = if known { vec!["--sha256", digest.as_str()] } else { Vec::new() };
        let first = story.case.finish(story.command(&["/one/a.bin"], &more));
        first.expect(7);
        let second = story.case.finish(story.command(&["/two/a.bin"], &more));
        second.expect(0);
        journal_equals_log(&story.case.requests(), &[&first, &second]);
        is_whole(&story);
        let range = known.then_some("bytes=300000-");
        assert_eq!(places(&story).last(), Some(&place("/two/a.bin", range)), "digest: {known}");
    }
}
