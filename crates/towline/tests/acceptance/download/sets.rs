//! Many files at once, and a fault for nearly each of them.

use towline_faults::{Action, At, Hold, RetryAfter, Rule, Script};

use super::{Set, bodies, run};
use crate::support::{Case, figure, journal_equals_log};

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// Each on another file.
pub(super) fn faults(set: &Set, script: Script) -> Script {
    let once = |at: usize, action| Rule::on(set.path(at)).nth(1).act(action);
    script
        .rule(Rule::on(set.path(0)).act(Action::Every(At::Fraction(0.1))))
        .rule(once(1, Action::RstAt(At::Fraction(0.4))))
        .rule(once(2, Action::FinAt(At::Fraction(0.7))))
        .rule(once(3, Action::Status(503)))
        .rule(once(4, Action::Status(429)).act(Action::RetryAfter(RetryAfter::Seconds(0))))
        .rule(once(5, Action::Corrupt(At::Fraction(0.5))))
        .rule(once(10, Action::StallAt { at: At::Fraction(0.5), hold: Hold::Forever }))
        .rule(once(11, Action::RstBeforeHead))
}

/// Bytes that were sent, to those of the files. The corrupt one is left out, for it comes twice.
pub(super) fn ratio(set: &Set, case: &Case) -> f64 {
    let of = |entry: &towline_faults::Entry| entry.path.starts_with("/files/") && entry.path != set.path(5);
    let sent: u64 = case.requests().iter().filter(|entry| of(entry)).map(|entry| entry.bytes).sum();
    sent as f64 / (set.size() - set.content(5).size()) as f64
}

#[test]
fn twenty_files_with_faults_come_whole_for_1_01_times_the_bytes() {
    let set = Set::new(20);
    let case = set.case(|script| faults(&set, script));
    let requirements = set.requirements();
    let mut more = strs(&requirements);
    more.extend(["--stall-timeout", "100ms"]);
    let done = run(&case, &more);
    done.expect(0);
    assert_eq!(set.right(&case), set.len());
    journal_equals_log(&case.requests(), &[&done]);
    let ratio = ratio(&set, &case);
    figure("20 files with faults", &format!("{} requests, {ratio:.4} times the bytes", bodies(&case)));
    assert!(ratio <= 1.01, "{ratio}");
    let line = done.stderr.lines().last().unwrap_or_default();
    assert!(
        line.starts_with("20 files, ") && line.contains("survived") && line.contains("saved by resuming"),
        "{line}"
    );
}

#[test]
fn a_second_run_asks_for_no_file() {
    let set = Set::new(5);
    let case = set.case(|script| script);
    let requirements = set.requirements();
    run(&case, &strs(&requirements)).expect(0);
    assert_eq!(bodies(&case), 5);
    let again = run(&case, &strs(&requirements));
    again.expect(0);
    assert_eq!((bodies(&case), set.right(&case)), (5, 5));
    assert!(again.stderr.contains("5 files were there already"), "{}", again.stderr);
    figure("a second run", "0 requests for files");
}

#[test]
fn one_that_fails_does_not_stop_the_others_and_all_that_failed_are_listed() {
    let set = Set::new(6);
    let case = set.case(|script| {
        let gone = |at: usize, status| Rule::on(set.path(at)).act(Action::Status(status));
        script.rule(gone(1, 404)).rule(gone(4, 503))
    });
    let requirements = set.requirements();
    let mut more = strs(&requirements);
    more.extend(["--retries", "1"]);
    let done = run(&case, &more);
    done.expect(7);
    assert_eq!(set.right(&case), 4);
    journal_equals_log(&case.requests(), &[&done]);
    for at in [1, 4] {
        assert!(done.stderr.contains(&format!("could not download {}", set.name(at))), "{}", done.stderr);
    }
    assert!(done.stderr.contains("2 files did not come: "), "{}", done.stderr);
}
