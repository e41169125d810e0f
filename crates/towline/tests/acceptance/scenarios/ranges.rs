//! Rows 10 to 18, 27, 45 and 49 to 52: what a resume asks, and what is made of the answer.

use super::story::{FILE, Story};
use crate::support::{figure, is_content};

/// The validator of the first answer, as an If-Range has it.
fn tag(story: &Story) -> String {
    let tagged = story.case.requests().into_iter().find_map(|entry| entry.if_range);
    tagged.expect("an If-Range")
}

/// Runs a scenario without and with the digest; both must end well. `requests` has `TAG` where the validator is.
#[track_caller]
fn both_ways(name: &str, without: &[&str], with: &[&str]) {
    for (known, requests) in [(false, without), (true, with)] {
        let story = Story::open(name);
        let run = if known { story.get_known(&[]) } else { story.get(&[]) };
        let tag = story.case.requests().into_iter().find_map(|entry| entry.if_range).unwrap_or_default();
        let requests: Vec<String> = requests.iter().map(|request| request.replace("TAG", &tag)).collect();
        story.tells(&run, 0, &requests.iter().map(String::as_str).collect::<Vec<_>>());
        story.is_whole();
    }
}

const ONCE: &[&str] = &["whole 200", "300000- 206"];
const ONCE_IF: &[&str] = &["whole 200", "300000- if TAG 206"];

#[test]
fn row_10_after_24_of_36_bytes_the_range_from_24_completes_it() {
    let story = Story::open("short-body-then-range");
    let run = story.get(&[]);
    let resume = format!("24- if {} 206", tag(&story));
    story.tells(&run, 0, &["whole 200", &resume]);
    story.is_whole();
    assert_eq!(story.case.sent(), 36);
    assert!(run.stderr.contains("2 attempts, 1 fault survived"), "{}", run.stderr);
}

#[test]
fn row_11_without_retries_a_short_body_is_an_error_and_what_came_is_kept() {
    let story = Story::open("short-body-then-range");
    let run = story.get(&["--retries", "0"]);
    story.tells(&run, 3, &["whole 200"]);
    story.is_unseen();
    assert!(run.stderr.contains("24 of 36 B are kept; the same command continues from there"), "{}", run.stderr);
    assert_eq!(std::fs::read(story.partial()).expect("the partial file"), story.content(FILE).slice(0, 24));
    let again = story.get(&["--retries", "0"]);
    again.expect(0);
    story.is_whole();
    assert_eq!(story.case.sent(), 36);
}

#[test]
fn row_12_a_range_that_is_ignored_costs_bytes_and_never_a_wrong_one() {
    for known in [false, true] {
        let story = Story::open("range-ignored-on-resume");
        let run = if known { story.get_known(&[]) } else { story.get(&[]) };
        run.expect(0);
        assert_eq!(story.case.requests().len(), 2, "{}", run.stderr);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        story.is_whole();
        assert_eq!(run.attempts()[1]["reread"], 300_000);
        let positions: Vec<u64> = run.events.iter().filter_map(|event| event["held"].as_u64()).collect();
        assert!(positions.is_sorted(), "the position runs back: {positions:?}");
        assert!(run.stderr.contains("300.0 kB re-read"), "{}", run.stderr);
        figure("a range ignored at half", &format!("{} bytes sent for 600000", story.case.sent()));
    }
}

#[test]
fn row_13_a_file_that_changes_its_size_comes_whole_in_its_new_form() {
    let story = Story::open("range-ignored-and-size-changed");
    let run = story.get(&[]);
    run.expect(0);
    crate::support::journal_equals_log(&story.case.requests(), &[&run]);
    let new = towline_faults::Content::generated(700_000, 4242);
    assert!(is_content(&story.out(), &new), "the new content\n{}", run.stderr);
    assert!(story.case.requests().len() <= 4, "{:?}\n{}", story.asked(), run.stderr);
    figure("range-ignored-and-size-changed", &story.asked().join(", "));
}

#[test]
fn row_14_if_range_carries_a_strong_etag_or_a_strong_date_and_never_a_weak_one() {
    let story = Story::open("strong-etag-resume");
    let run = story.get(&[]);
    story.tells(&run, 0, &["whole 200", "300000- if \"v1\" 206"]);
    story.is_whole();
    let story = Story::open("row-14-strong-date");
    let run = story.get(&[]);
    story.tells(&run, 0, &["whole 200", "300000- if Wed, 01 Jan 2025 00:00:00 GMT 206"]);
    story.is_whole();
    for known in [false, true] {
        let story = Story::open("weak-etag");
        let run = if known { story.get_known(&[]) } else { story.get(&[]) };
        run.expect(0);
        story.is_whole();
        let conditions: Vec<_> = story.case.requests().into_iter().filter_map(|entry| entry.if_range).collect();
        assert!(conditions.iter().all(|condition| !condition.contains("v1")), "{conditions:?}");
        figure("weak-etag", &story.asked().join(", "));
    }
}

#[test]
fn row_15_a_range_that_begins_elsewhere_is_never_appended() {
    both_ways("range-starts-at-zero", ONCE_IF, ONCE);
    both_ways(
        "range-shifted-back",
        &["whole 200", "300000- if TAG 206", "599000- if TAG 206"],
        &["whole 200", "300000- 206", "599000- 206"],
    );
    both_ways(
        "range-shifted",
        &["whole 200", "300000- if TAG 206", "whole 200"],
        &["whole 200", "300000- 206", "whole 200"],
    );
    // The right label over other bytes: only a digest can tell, and then all of it comes again.
    let story = Story::open("range-mislabelled");
    let run = story.get_known(&[]);
    story.tells(&run, 0, &["whole 200", "300000- 206", "whole 200"]);
    story.is_whole();
}

#[test]
fn row_16_of_a_wider_range_the_rest_is_skipped_and_a_shorter_one_is_gone_on_from() {
    both_ways("range-superset", ONCE_IF, ONCE);
    both_ways(
        "range-short",
        &["whole 200", "300000- if TAG 206", "301000- if TAG 206"],
        &["whole 200", "300000- 206", "301000- 206"],
    );
}

#[test]
fn row_17_parts_of_two_versions_of_a_file_are_never_spliced() {
    for name in ["if-range-not-honoured", "changed-etag-new", "changed-etag-none"] {
        let story = Story::open(name);
        let run = story.get(&[]);
        run.expect(0);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        let new = towline_faults::Content::generated(600_000, 4242);
        assert!(is_content(&story.out(), &new), "{name}: the new version, whole\n{}", run.stderr);
        assert!(story.case.requests().len() <= 4, "{name}: {:?}", story.asked());
        figure(name, &story.asked().join(", "));
    }
    // Where a digest says which version is wanted, the other one is refused.
    for name in ["if-range-not-honoured", "changed-etag-new", "changed-etag-same"] {
        let story = Story::open(name);
        let run = story.get_known(&[]);
        run.expect(4);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        story.is_unseen();
        figure(&format!("{name}, digest of the old one"), &format!("exit 4, {}", story.asked().join(", ")));
    }
}

#[test]
fn row_18_a_416_completes_what_is_whole_and_restarts_what_has_shrunk_once() {
    // The end of a body without length proves nothing until a 416 does.
    let story = Story::open("close-delimited-whole");
    let run = story.get(&[]);
    run.expect(0);
    crate::support::journal_equals_log(&story.case.requests(), &[&run]);
    assert_eq!(story.case.requests()[1].status, Some(416), "{:?}", story.asked());
    assert_eq!(story.case.requests().len(), 2, "{:?}", story.asked());
    story.is_whole();
    both_ways("416-complete", &["whole 200", "600000- if TAG 416"], &["whole 200", "600000- 416"]);
    let again: &[&str] = &["whole 200", "300000- if TAG 416", "whole 200"];
    let known: &[&str] = &["whole 200", "300000- 416", "whole 200"];
    both_ways("416-shrunk", again, known);
    both_ways("416-without-total", again, known);
    let story = Story::open("row-18-shrunk");
    let run = story.get(&[]);
    let resume = format!("300000- if {} 416", tag(&story));
    story.tells(&run, 0, &["whole 200", &resume, "whole 200"]);
    assert!(is_content(&story.out(), &towline_faults::Content::generated(200_000, 4242)), "{}", run.stderr);
}

#[test]
fn row_27_a_resume_answered_404_leaves_the_partial_file_as_it_was() {
    let story = Story::open("resume-404");
    let run = story.get_known(&[]);
    story.tells(&run, 7, &["whole 200", "300000- 404"]);
    assert_eq!(std::fs::read(story.partial()).expect("the partial file"), story.content(FILE).slice(0, 300_000));
    assert!(run.stderr.contains("300.0 of 600.0 kB are kept"), "{}", run.stderr);
}

#[test]
fn row_45_where_if_range_defeats_the_range_a_digest_makes_it_a_plain_one() {
    let story = Story::open("if-range-always-misses");
    let run = story.get_known(&[]);
    story.tells(&run, 0, ONCE);
    story.is_whole();
    let story = Story::open("if-range-always-misses");
    let run = story.get(&[]);
    run.expect(0);
    crate::support::journal_equals_log(&story.case.requests(), &[&run]);
    story.is_whole();
    figure("if-range-always-misses, no digest", &story.asked().join(", "));
}

#[test]
fn row_49_a_resume_that_advances_costs_no_retry() {
    for known in [false, true] {
        let story = Story::open("rst-at-half");
        let run = if known { story.get_known(&["--retries", "0"]) } else { story.get(&["--retries", "0"]) };
        run.expect(0);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        story.is_whole();
        assert_eq!((story.case.requests().len(), story.case.sent()), (2, 600_000));
    }
}

#[test]
fn row_50_without_ranges_the_file_is_read_again_and_right() {
    for known in [false, true] {
        let story = Story::open("no-ranges-cut-at-half");
        let run = if known { story.get_known(&["--retries", "1"]) } else { story.get(&["--retries", "1"]) };
        run.expect(0);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        assert_eq!(story.case.requests().len(), 2, "{:?}", story.asked());
        story.is_whole();
    }
}

#[test]
fn row_51_a_meaningless_content_range_does_not_get_round_the_budget() {
    let story = Story::open("invalid-content-range-forever");
    let run = story.get_known(&["--retries", "0"]);
    story.tells(&run, 3, &["whole 200", "300000- 206"]);
    assert!(run.stderr.contains("range without a usable Content-Range"), "{}", run.stderr);
    story.is_unseen();
}

#[test]
fn row_52_one_byte_a_connection_for_ever_ends_with_the_budget() {
    for (retries, text) in [(0, "0"), (3, "3"), (8, "8")] {
        let story = Story::open("one-byte-a-connection");
        let run = story.get_known(&["--retries", text]);
        run.expect(3);
        crate::support::journal_equals_log(&story.case.requests(), &[&run]);
        assert_eq!(story.case.requests().len(), retries + 1, "{}", run.stderr);
        let waits: Vec<f64> = run.attempts().iter().filter_map(|attempt| attempt["waited"].as_f64()).collect();
        assert!(waits[..retries].iter().all(|&wait| wait > 0.0), "{waits:?}");
        figure("one byte a connection", &format!("--retries {retries}: {} requests", retries + 1));
    }
}
