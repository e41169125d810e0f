//! Rows 28, 33, 34, 44 and 47: across runs and processes, and what is seen on the way.

use std::process::{Command, Stdio};

use super::story::{FILE, Story, until};
use crate::support::{Run, figure, journal_equals_log};

/// Runs the program until it has 300000 bytes and the server is silent, then sends it a signal.
fn signalled(story: &Story, signal: &str, more: &[&str]) -> Run {
    let digest = story.content(FILE).sha256();
    let mut command = story.command(&[FILE], &[&["--sha256", &digest], more].concat());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program runs");
    until("half of the file is on disk", || {
        let lengths = story.case.partials().into_iter().filter_map(|path| path.metadata().ok());
        lengths.map(|metadata| metadata.len()).max() == Some(300_000)
    });
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the signal can be sent");
    let began = std::time::Instant::now();
    let output = child.wait_with_output().expect("the program ends");
    let mut run =
        Run { code: output.status.code(), took: began.elapsed(), ..Run::read(&output, "".as_ref(), began.elapsed()) };
    // A run that is killed may leave half a line.
    let events = std::fs::read_to_string(story.case.events()).unwrap_or_default();
    run.events = events.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    run
}

#[test]
fn row_28_after_a_kill_the_next_run_goes_on_from_the_partial_file() {
    let story = Story::open("stall-mid-body");
    let killed = signalled(&story, "KILL", &[]);
    assert_eq!(killed.code, None);
    story.is_unseen();
    let again = story.get_known(&[]);
    again.expect(0);
    story.is_whole();
    assert_eq!(story.asked(), ["whole 200", "300000- 206"]);
    assert_eq!(story.case.sent(), 600_000);
    // What was under way when it was killed is in nobody's log.
    journal_equals_log(&story.case.requests()[1..], &[&again]);
    assert!(again.stderr.contains("300.0 kB of it from an earlier run"), "{}", again.stderr);
    figure("killed at half", "the next run asks from byte 300000, 1.00 times the bytes in sum");
}

#[test]
fn row_33_interrupted_either_way_the_partial_file_is_kept() {
    for signal in ["INT", "TERM"] {
        let story = Story::open("stall-mid-body");
        let run = signalled(&story, signal, &[]);
        run.expect(130);
        assert!(run.took.as_secs_f64() < 1.0, "{signal}: {:?}", run.took);
        assert!(run.stderr.contains("interrupted: 300.0 of 600.0 kB of a.bin are kept"), "{}", run.stderr);
        let kept = std::fs::read(story.partial()).expect("the partial file");
        assert_eq!(kept, story.content(FILE).slice(0, 300_000), "{signal}");
        story.get_known(&[]).expect(0);
        story.is_whole();
        assert_eq!(story.asked(), ["whole 200", "300000- 206"]);
        figure(&format!("SIG{signal}"), &format!("exit 130 after {:.0} ms", run.took.as_secs_f64() * 1000.0));
    }
}

#[test]
fn row_34_two_processes_for_one_file_are_one_download() {
    let story = Story::open("slow-but-healthy");
    let digest = story.content(FILE).sha256();
    let spawn = |name: &str| {
        let out = story.case.dir.path().join(name);
        let events = story.case.dir.path().join(format!("{name}.ndjson"));
        let mut command = story.command(&[FILE], &["--sha256", &digest]);
        command.arg("-d").arg(&out).arg("--events").arg(&events);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        (child.expect("the program runs"), out, events)
    };
    let both = ["one", "two"].map(spawn);
    let runs = both.map(|(child, out, events)| {
        let output = child.wait_with_output().expect("the program ends");
        let run = Run::read(&output, &events, std::time::Duration::ZERO);
        run.expect(0);
        assert!(crate::support::is_content(&out.join("a.bin"), story.content(FILE)), "{}", run.stderr);
        run
    });
    journal_equals_log(&story.case.requests(), &[&runs[0], &runs[1]]);
    assert_eq!((story.asked(), story.case.sent()), (vec!["whole 200".to_owned()], 600_000));
}

#[test]
fn row_44_a_file_that_was_resumed_is_there_for_the_next_run() {
    let story = Story::open("second-run-asks-nothing");
    let first = story.get_known(&[]);
    story.tells(&first, 0, &["whole 200", "300000- 206"]);
    let second = story.get_known(&[]);
    second.expect(0);
    assert_eq!(story.asked().len(), 2, "the second run asks nothing");
    assert!(second.events.iter().any(|event| event["event"] == "was_there"), "{:?}", second.events);
    story.is_whole();
}

#[test]
fn row_47_positions_only_grow_the_total_is_constant_and_the_sum_is_the_size() {
    for known in [false, true] {
        let story = Story::open("row-47-progress");
        let run = if known { story.get_known(&[]) } else { story.get(&[]) };
        run.expect(0);
        story.is_whole();
        journal_equals_log(&story.case.requests(), &[&run]);
        let progress: Vec<_> = run.events.iter().filter(|event| event["event"] == "progress").collect();
        let held: Vec<u64> = progress.iter().map(|event| event["held"].as_u64().expect("a position")).collect();
        assert!(held.is_sorted(), "{held:?}");
        let totals: Vec<u64> = progress.iter().filter_map(|event| event["size"].as_u64()).collect();
        assert!(!totals.is_empty() && totals.iter().all(|&total| total == 4_000_000), "{totals:?}");
        let brought = |attempt: &serde_json::Value| {
            attempt["to"].as_u64().expect("an end") - attempt["from"].as_u64().expect("a beginning")
        };
        let sum: u64 = run.attempts().into_iter().map(brought).sum();
        assert_eq!(sum, 4_000_000);
        figure("progress", &format!("{} positions over {} attempts", held.len(), run.attempts().len()));
    }
}
