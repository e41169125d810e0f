//! Rows 19 to 21, 30 to 32, 37, 43 and 46: how bodies are framed, coded, paced and broken.

use std::time::Duration;

use super::story::Story;
use crate::support::{Run, figure, is_content, journal_equals_log};

#[track_caller]
fn comes_whole(name: &str, more: &[&str]) -> (Story, Run) {
    let story = Story::open(name);
    let run = story.get_known(more);
    run.expect(0);
    journal_equals_log(&story.case.requests(), &[&run]);
    story.is_whole();
    figure(name, &story.asked().join(", "));
    (story, run)
}

#[test]
fn row_19_each_of_several_breaks_is_resumed_from_its_own_offset() {
    let (story, _) = comes_whole("several-breaks", &[]);
    assert_eq!(story.asked(), ["whole 200", "150000- 206", "300000- 206", "450000- 206"]);
    assert_eq!(story.case.sent(), 600_000);
}

#[test]
fn row_20_a_break_in_the_resume_itself_is_counted_and_the_loop_goes_on() {
    let (story, _) = comes_whole("break-during-resume", &[]);
    assert_eq!(story.asked(), ["whole 200", "300000- -", "300000- 503", "300000- 206"]);
    // The handshake of the next connection may break, too.
    let (story, run) = comes_whole("tls-broken-off", &[]);
    assert_eq!(story.asked(), ["whole 200"]);
    assert_eq!(run.attempts()[0]["reached"], false);
}

#[test]
fn row_20_a_proxy_that_fails_the_resume_is_a_fault_like_any_other() {
    let story = Story::open("row-20-proxy-fails-the-resume");
    let port = story.case.server.addr().port();
    let digest = story.content("/a.bin").sha256();
    let mut command = story.command(&[&format!("https://origin.test:{port}/a.bin")], &["--sha256", &digest]);
    command.env("HTTPS_PROXY", format!("http://{}", story.case.server.addr()));
    let run = story.case.finish(command);
    run.expect(0);
    story.is_whole();
    let tunnels: Vec<_> = story.case.requests().into_iter().filter(|entry| entry.method == "CONNECT").collect();
    assert_eq!(tunnels.len(), 4, "{}", run.stderr);
    let gets: Vec<_> = story.case.requests().into_iter().filter(|entry| entry.method == "GET").collect();
    journal_equals_log(&gets, &[&run]);
    assert_eq!(gets.len(), 2, "{}", run.stderr);
    let reached: Vec<_> = run.attempts().iter().map(|attempt| attempt["reached"].clone()).collect();
    assert_eq!(reached, [true, false, false, true], "{}", run.stderr);
}

#[test]
fn row_21_a_body_without_length_that_is_cut_is_found_out() {
    // Bad framing needs no digest.
    for name in ["chunked-cut", "chunked-malformed"] {
        let story = Story::open(name);
        let run = story.get(&[]);
        run.expect(0);
        journal_equals_log(&story.case.requests(), &[&run]);
        assert_eq!(story.case.requests().len(), 2, "{name}: {:?}", story.asked());
        story.is_whole();
    }
    for name in ["chunked-cut", "chunked-clean-early-end", "close-delimited-cut"] {
        let (story, _) = comes_whole(name, &[]);
        assert_eq!(story.asked(), ["whole 200", "300000- 206"], "{name}");
    }
    // Without a digest, too: the end of the connection proves nothing, so more is asked for.
    let story = Story::open("close-delimited-cut");
    let run = story.get(&[]);
    run.expect(0);
    journal_equals_log(&story.case.requests(), &[&run]);
    story.is_whole();
}

#[test]
fn row_30_a_coded_answer_is_never_resumed_nor_taken_for_the_file() {
    let story = Story::open("gzip-anyway");
    let run = story.get(&["--retries", "2"]);
    story.tells(&run, 3, &["whole 200"; 3]);
    story.is_unseen();
    assert!(run.stderr.contains("content coded with gzip"), "{}", run.stderr);
    let accepted: Vec<_> = story.case.requests().into_iter().map(|entry| entry.accept_encoding).collect();
    assert!(accepted.iter().all(|accepted| accepted.as_deref() == Some("identity")), "{accepted:?}");
    let story = Story::open("gzip-anyway");
    let run = story.get_known(&[]);
    story.tells(&run, 4, &["whole 200"; 2]);
    // A label over raw bytes is a common mistake; the digest decides.
    let (story, _) = comes_whole("gzip-label", &[]);
    assert_eq!(story.asked(), ["whole 200"]);
    let (story, _) = comes_whole("gzip-200-on-resume", &[]);
    assert_eq!(story.asked(), ["whole 200", "300000- 200", "300000- 206"]);
}

#[test]
fn row_31_a_trickle_for_ever_ends_by_the_crawl_rule_and_the_text_says_how_much_came() {
    let story = Story::open("trickle");
    let run = story.get(&["--crawl-timeout", "1500ms", "--retries", "1"]);
    run.expect(3);
    journal_equals_log(&story.case.requests(), &[&run]);
    assert_eq!(story.case.requests().len(), 2, "{}", run.stderr);
    assert!(run.stderr.contains("too slow: ") && run.stderr.contains(" bytes in 1.5s"), "{}", run.stderr);
    assert!(run.stderr.contains("attempt 2 "), "{}", run.stderr);
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
    figure("1 byte a second, crawl limit 1.5 s, 1 retry", &format!("over after {:.1} s", run.took.as_secs_f64()));
}

#[test]
fn row_32_slow_but_alive_is_not_killed() {
    for (name, more) in [("slow-then-burst", &[][..]), ("slow-but-healthy", &["--stall-timeout", "1"])] {
        let (story, run) = comes_whole(name, more);
        assert_eq!(story.asked(), ["whole 200"], "{name}");
        assert!(run.took > Duration::from_secs(2), "{name}: {:?}", run.took);
    }
}

#[test]
fn row_37_http_2_connections_that_die_are_replaced() {
    let (story, _) = comes_whole("h2-refused-stream", &[]);
    assert_eq!(story.asked(), ["whole -", "whole 200"]);
    for name in ["h2-goaway-at-half", "h2-reset-at-half"] {
        let (story, run) = comes_whole(name, &[]);
        let requests = story.case.requests();
        assert_eq!(requests.len(), 2, "{name}: {:?}\n{}", story.asked(), run.stderr);
        assert!(requests.iter().all(|entry| entry.version == "HTTP/2"), "{name}");
        assert_eq!(story.case.sent(), 600_000, "{name}");
        assert_ne!(requests[0].connection, requests[1].connection, "{name}: a new connection");
    }
    let (story, run) = comes_whole("h2-http11-required", &[]);
    let versions: Vec<_> = story.case.requests().into_iter().map(|entry| entry.version).collect();
    assert_eq!(versions, ["HTTP/2", "HTTP/1.1"], "{}", run.stderr);
}

#[test]
fn row_43_no_attempt_uses_the_connection_of_a_broken_one() {
    let (story, _) =
        comes_whole("row-43-no-broken-connection-again", &["--stall-timeout", "300ms", "--header-timeout", "300ms"]);
    let mut connections: Vec<_> = story.case.requests().into_iter().map(|entry| entry.connection).collect();
    let requests = connections.len();
    connections.dedup();
    assert_eq!((requests, connections.len()), (7, 7), "{:?}", story.asked());
}

#[test]
fn row_46_no_content_length_makes_a_part_the_whole() {
    for name in ["length-negative", "length-too-large", "length-too-small", "length-absent"] {
        comes_whole(name, &[]);
    }
    for name in ["length-negative", "length-too-large", "length-absent"] {
        let story = Story::open(name);
        let run = story.get(&[]);
        journal_equals_log(&story.case.requests(), &[&run]);
        let right = is_content(&story.out(), story.content("/a.bin"));
        assert!(right || (run.code != Some(0) && !story.out().exists()), "{name}: right, or refused\n{}", run.stderr);
        figure(&format!("{name}, no digest"), &format!("exit {:?}, {}", run.code, story.asked().join(", ")));
    }
}
