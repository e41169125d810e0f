//! Rows 1 to 9, 22, 23, 36, 38 to 40: answers that bring no bytes, waits, and what is fatal.

use std::time::Duration;

use towline_faults::{Action, File, Rule};

use super::story::{FILE, Story};
use crate::support::{Run, figure};

/// Checks that the ledger and the events list so many attempts, each with offsets and cause.
#[track_caller]
fn lists(run: &Run, attempts: usize, cause: &str) {
    assert_eq!(run.attempts().len(), attempts, "attempts in the events\n{}", run.stderr);
    for number in 1..=attempts {
        let line = run.stderr.lines().find(|line| line.trim_start().starts_with(&format!("attempt {number} ")));
        let line = line.unwrap_or_else(|| panic!("attempt {number} is listed\n{}", run.stderr));
        assert!(line.contains(" -> ") && line.contains(cause), "{line}");
        assert_eq!(line.contains("waited"), number < attempts, "{line}");
    }
}

#[test]
fn row_01_500_for_ever_and_three_retries_are_four_requests() {
    let story = Story::open("500-always");
    let run = story.get(&["--retries", "3"]);
    story.tells(&run, 3, &["whole 500"; 4]);
    lists(&run, 4, "500 Internal Server Error");
    assert!(run.stderr.contains("could not download a.bin: 4 attempts in a row brought nothing new"), "{}", run.stderr);
    story.is_unseen();
}

#[test]
fn row_02_503_for_ever_and_five_retries_are_six_requests() {
    let story = Story::open("503-always");
    let run = story.get(&["--retries", "5"]);
    story.tells(&run, 3, &["whole 503"; 6]);
    lists(&run, 6, "503 Service Unavailable");
}

#[test]
fn row_03_a_reset_before_the_head_and_one_retry_are_two_requests() {
    let story = Story::open("rst-before-head");
    let run = story.get(&["--retries", "1"]);
    story.tells(&run, 3, &["whole -"; 2]);
    lists(&run, 2, "reset");
}

#[test]
fn row_04_all_kinds_of_faults_share_one_budget() {
    let story = Story::open("rst-twice-then-500");
    let run = story.get(&["--retries", "3"]);
    story.tells(&run, 3, &["whole -", "whole -", "whole 500", "whole 500"]);
    lists(&run, 4, "");
}

#[test]
fn row_05_silence_after_the_head_is_retried_whatever_kind_of_file_it_is() {
    for name in ["a.bin", "index.html", "list.json"] {
        let path = format!("/{name}");
        let silent = Rule::on(path.clone()).act(Action::stall_at(towline_faults::At::Byte(0)));
        let story = Story::open_with("silent-after-head", |script| {
            script
                .file(File::generated("/index.html", 2000, 1))
                .file(File::generated("/list.json", 3000, 1))
                .rule(silent)
        });
        let command = story.command(&[&path], &["--retries", "1", "--stall-timeout", "300ms"]);
        let run = story.case.finish(command);
        story.tells(&run, 3, &["whole 200"; 2]);
        lists(&run, 2, "stalled: no byte for 3");
    }
}

#[test]
fn row_06_a_handshake_that_never_completes_ends_in_time_and_no_retries_are_spoken_of() {
    let story = Story::open("tls-never-answers");
    let run = story.get(&["--retries", "0", "--connect-timeout", "1"]);
    story.tells(&run, 3, &[]);
    assert!(run.took < Duration::from_secs(3), "{:?}", run.took);
    assert_eq!(run.attempts().len(), 1);
    assert_eq!(run.attempts()[0]["reached"], false);
    assert!(!run.stderr.contains("retries"), "{}", run.stderr);
    figure("a handshake that never completes, limit 1 s", &format!("over after {:.2} s", run.took.as_secs_f64()));
}

#[test]
fn row_08_a_refusal_is_not_retried_and_its_reason_is_shown() {
    let story = Story::open("problem-json");
    let run = story.get(&[]);
    story.tells(&run, 3, &["whole 403"]);
    assert!(run.stderr.contains("License violation"), "{}", run.stderr);
    assert!(run.stderr.contains("this package may not be downloaded"), "{}", run.stderr);
}

/// Statuses that are asked again (section 4.6), and those whose answer is no answer for another reason: 1xx announce
/// one that never comes, a 206 to no range and a 416 to no range are wrong answers to a range.
fn is_retried(status: u16) -> bool {
    matches!(status, 100..200 | 206 | 408 | 416 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=527)
}

#[test]
fn row_09_of_all_statuses_exactly_the_passing_ones_are_retried() {
    // 101 is a promise to speak another protocol that nobody has asked for.
    let statuses: Vec<u16> = (100..600).filter(|&status| status != 101).collect();
    let story = Story::open_with("row-09-status-table", |script| {
        statuses.iter().fold(script, |script, &status| {
            let path = format!("/s/{status}.bin");
            script.file(File::generated(path.clone(), 1000, 0)).rule(Rule::on(path).act(Action::Status(status)))
        })
    });
    let urls: Vec<String> = statuses.iter().map(|status| format!("/s/{status}.bin")).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let more = ["--retries", "1", "--base-wait", "1ms", "--header-timeout", "2s", "--quiet", "--concurrency", "100"];
    let run = story.case.finish(story.command(&urls, &more));
    crate::support::journal_equals_log(&story.case.requests(), &[&run]);
    let mut wrong = Vec::new();
    for status in statuses {
        let path = format!("/s/{status}.bin");
        let asked = story.case.requests().iter().filter(|entry| entry.path == path).count();
        if asked != 1 + usize::from(is_retried(status)) {
            wrong.push((status, asked));
        }
        assert_eq!(story.case.out().join(format!("{status}.bin")).exists(), status == 200, "{status}");
    }
    assert!(wrong.is_empty(), "statuses and their requests: {wrong:?}");
    figure("statuses 100 to 599", "asked again: 408, 425, 429, 500, 502, 503, 504, 520 to 527");
}

#[test]
fn row_22_retry_after_is_obeyed_in_seconds_and_as_a_date() {
    for (name, least) in [("429-retry-after-seconds", 1.0), ("429-retry-after-date", 0.0)] {
        let story = Story::open(name);
        let run = story.get(&[]);
        story.tells(&run, 0, &["whole 429", "whole 200"]);
        story.is_whole();
        let first = run.attempts()[0];
        let waited = first["waited"].as_f64().expect("a wait");
        assert!(first["retry_after"] == true && waited >= least && waited <= 2.2, "{name}: {first}");
        assert!(run.took.as_secs_f64() >= waited, "{name}: {:?}", run.took);
        figure(name, &format!("waited {waited:.2} s"));
    }
}

#[test]
fn row_22_an_absurd_retry_after_is_shown_and_not_waited_for() {
    let story = Story::open("429-retry-after-absurd");
    let run = story.get(&[]);
    story.tells(&run, 3, &["whole 429"]);
    assert!(run.stderr.contains("the server asks to come back in 16666 min 40 s"), "{}", run.stderr);
    assert!(run.took < Duration::from_secs(2), "{:?}", run.took);
}

#[test]
fn row_22_a_retry_after_that_means_nothing_is_ignored() {
    let story = Story::open("429-retry-after-garbage");
    let run = story.get(&[]);
    story.tells(&run, 0, &["whole 429", "whole 200"]);
    assert_eq!(run.attempts()[0]["retry_after"], false);
    assert!(run.took < Duration::from_secs(1), "{:?}", run.took);
}

#[test]
fn row_23_waits_double_up_to_the_cap_between_half_and_whole() {
    let story = Story::open("500-always");
    let run = story.get(&["--base-wait", "10ms", "--cap-wait", "80ms", "--retries", "6"]);
    story.tells(&run, 3, &["whole 500"; 7]);
    let waits: Vec<f64> = run.attempts().iter().map(|it| it["waited"].as_f64().expect("a wait") * 1000.0).collect();
    for (wait, whole) in waits.iter().zip([10.0, 20.0, 40.0, 80.0, 80.0, 80.0]) {
        assert!((whole / 2.0..=whole).contains(wait), "{wait} of {whole} ms in {waits:?}");
    }
    assert_eq!(waits[6], 0.0, "nothing follows the last attempt");
    figure("waits with base 10 ms and cap 80 ms", &format!("{waits:.0?} ms"));
    // Past any overflow of the doubling, and with nothing to double.
    let story = Story::open("500-always");
    let run = story.get(&["--base-wait", "0", "--cap-wait", "0", "--retries", "100"]);
    story.tells(&run, 3, &["whole 500"; 101]);
    assert!(run.attempts().iter().all(|attempt| attempt["waited"] == 0.0));
    let story = Story::open("500-always");
    let run = story.get(&["--base-wait", "365d", "--cap-wait", "2ms", "--retries", "70"]);
    story.tells(&run, 3, &["whole 500"; 71]);
}

#[test]
fn row_36_a_certificate_that_is_not_acceptable_ends_it_at_once() {
    for name in ["tls-self-signed", "tls-expired", "tls-wrong-host"] {
        let story = Story::open(name);
        let run = story.get(&[]);
        story.tells(&run, 3, &[]);
        assert_eq!(run.attempts().len(), 1, "{name}\n{}", run.stderr);
        assert!(run.stderr.contains("certificate"), "{name}\n{}", run.stderr);
        assert!(run.took < Duration::from_secs(1), "{name}: {:?}", run.took);
        figure(name, &format!("over after {:.0} ms", run.took.as_secs_f64() * 1000.0));
    }
}

/// A label of more than 63 characters: no resolver has to be asked to know that there is no such name.
const NO_HOST: &str = "http://nosuchhostnosuchhostnosuchhostnosuchhostnosuchhostnosuchhostnosuch.invalid/a.bin";

#[test]
fn row_38_a_host_that_does_not_exist_fails_at_once_or_leaves_it_to_the_mirror() {
    let story = Story::open("tls-good");
    let run = story.case.finish(story.command(&[NO_HOST], &[]));
    story.tells(&run, 3, &[]);
    assert_eq!(run.attempts().len(), 1, "{}", run.stderr);
    assert_eq!(run.attempts()[0]["reached"], false);
    assert!(run.stderr.contains("no such host name"), "{}", run.stderr);
    let mirror = story.case.server.url(FILE);
    let run = story.case.finish(story.command(&[NO_HOST], &["--mirror", &mirror]));
    story.tells(&run, 0, &["whole 200"]);
    story.is_whole();
}

#[test]
fn row_39_an_expired_link_is_asked_for_anew_at_the_artifacts_own_url() {
    let story = Story::open("row-39-expiring-link");
    let run = story.get(&[]);
    let tag = story.case.requests()[3].if_range.clone().expect("a validator");
    let (first, second) = (format!("300000- if {tag} 302"), format!("300000- if {tag} 206"));
    story.tells(&run, 0, &["whole 302", "whole 200", &first, &second]);
    story.is_whole();
    assert_eq!(story.case.sent() - 2 * 10, 600_000, "the file once, and two pages of redirects");
    let paths: Vec<String> = story.case.requests().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["/a.bin", "/signed/1/a.bin", "/a.bin", "/signed/2/a.bin"]);

    let story = Story::open("row-39-expired-at-once");
    let run = story.get(&[]);
    story.tells(&run, 0, &["whole 302", "whole 403", "whole 302", "whole 200"]);
    story.is_whole();
}

#[test]
fn row_40_an_error_document_instead_of_the_file_is_found_out_by_the_digest() {
    for name in ["slow-down-document", "login-page"] {
        let story = Story::open(name);
        let run = story.get_known(&[]);
        story.tells(&run, 0, &["whole 200", "whole 200"]);
        story.is_whole();
    }
    let story = Story::open("row-40-login-page");
    let run = story.get_known(&[]);
    story.tells(&run, 4, &["whole 200", "whole 200"]);
    story.is_unseen();
    assert!(run.stderr.contains("the same wrong bytes came twice"), "{}", run.stderr);
    assert!(story.case.partials().is_empty(), "nothing of them is kept");
}
