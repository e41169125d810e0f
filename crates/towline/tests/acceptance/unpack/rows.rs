//! The rows of the transfer, with an unpack on top of each.

use towline_faults::{Action, At, Rule, Script};

use super::archives::Archive;
use super::{Vouch, case, cost, each, is_unpacked, is_unpacked_once, listed, logged, run, some, told};
use crate::interruptions::process::{Process, command, until};
use crate::support::{Case, figure};

fn says(claim: &str, archive: &Archive, vouch: Vouch, (requests, ratio): (usize, f64)) {
    figure(claim, &format!("{}, {vouch:?}: {requests} requests, {ratio:.4} times the bytes", archive.name));
}

#[test]
fn unpacked_over_a_reset_at_half_it_costs_two_requests_and_the_archive_once() {
    each(0, |archive, vouch| {
        let reset = Rule::on(archive.path()).nth(1).act(Action::RstAt(At::Byte(archive.size() / 2)));
        let (case, more) = case(archive, vouch, |script| script.rule(reset));
        let run = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &run, "reset at half");
        logged(&case, &run);
        let (requests, ratio) = cost(&case, archive);
        says("unpacked, reset at half", archive, vouch, (requests, ratio));
        assert!(requests == 2 && (ratio - 1.0).abs() < 1e-9, "{}: {requests} requests, {ratio}", archive.name);
    });
}

#[test]
fn unpacked_over_a_link_cut_every_5_percent_it_costs_the_archive_once() {
    each(1, |archive, vouch| {
        let lossy = Rule::on(archive.path()).act(Action::Every(At::Fraction(0.05)));
        let (case, more) = case(archive, vouch, |script| script.rule(lossy));
        let run = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &run, "cut every 5 %");
        logged(&case, &run);
        let (requests, ratio) = cost(&case, archive);
        says("unpacked, cut every 5 %", archive, vouch, (requests, ratio));
        assert!((20..=22).contains(&requests), "{}: {requests} requests", archive.name);
        assert!((ratio - 1.0).abs() < 1e-9, "{}: {ratio}", archive.name);
    });
}

#[test]
fn unpacked_from_a_server_without_range_it_is_right_and_no_member_is_written_twice() {
    each(2, |archive, vouch| {
        let cut =
            Rule::on(archive.path()).nth(1).act(Action::RstAt(At::Byte(archive.size() / 2))).act(Action::NoRanges);
        let never = Rule::on(archive.path()).act(Action::NoRanges);
        let (case, more) = case(archive, vouch, |script| script.rule(cut).rule(never));
        let run = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &run, "no Range");
        logged(&case, &run);
        let (requests, ratio) = cost(&case, archive);
        says("unpacked, server without Range", archive, vouch, (requests, ratio));
        assert!(requests == 2 && ratio <= 1.51, "{}: {requests} requests, {ratio}", archive.name);
    });
}

/// Two origins of one archive; what the first does is given.
fn mirrored(archive: &Archive, vouch: Vouch, rules: impl FnOnce(Script) -> Script) -> (Case, Case, Vec<String>) {
    let (one, mut more) = case(archive, vouch, rules);
    let (two, _) = case(archive, vouch, |script| script);
    more.extend(["--mirror".to_owned(), two.server.url(&archive.path())]);
    (one, two, more)
}

#[test]
fn unpacked_from_two_mirrors_of_which_the_first_dies_half_way_it_costs_the_archive_once() {
    each(3, |archive, vouch| {
        let half = Rule::on(archive.path()).nth(1).act(Action::RstAt(At::Byte(archive.size() / 2)));
        let dead = Rule::on(archive.path()).act(Action::RstBeforeHead);
        let (one, two, more) = mirrored(archive, vouch, |script| script.rule(half).rule(dead));
        let run = run(&one, archive, &more);
        is_unpacked_once(&one, archive, &run, "first mirror dies");
        let ratio = (one.sent() + two.sent()) as f64 / archive.size() as f64;
        let asked = two.requests();
        says("unpacked, first mirror dies", archive, vouch, (one.requests().len() + asked.len(), ratio));
        assert_eq!(asked[0].range, Some(format!("bytes={}-", archive.size() / 2)), "{}", archive.name);
        assert!((ratio - 1.0).abs() < 1e-6, "{}: {ratio}", archive.name);
    });
}

#[test]
fn unpacked_from_two_mirrors_of_which_the_first_has_nothing_it_costs_the_archive_once() {
    each(4, |archive, vouch| {
        let missing = Rule::on(archive.path()).act(Action::Status(404));
        let (one, two, more) = mirrored(archive, vouch, |script| script.rule(missing));
        let run = run(&one, archive, &more);
        is_unpacked_once(&one, archive, &run, "first mirror answers 404");
        assert_eq!((one.requests().len(), two.requests().len()), (1, 1), "{}", archive.name);
        assert_eq!(two.sent(), archive.size(), "{}", archive.name);
        says("unpacked, first mirror answers 404", archive, vouch, (2, 1.0));
    });
}

/// The restart that no journey of the archive's own bytes needs: the bytes beneath the unpack are denied.
#[test]
fn unpacked_from_two_mirrors_of_which_the_first_lies_it_is_right_after_a_second_pass() {
    for archive in some(0) {
        let lies = Rule::on(archive.path()).act(Action::Corrupt(At::Fraction(0.3)));
        let (one, two, more) = mirrored(archive, Vouch::Digest, |script| script.rule(lies));
        let run = run(&one, archive, &more);
        let passes = is_unpacked(&one, archive, &run, "first mirror lies");
        assert_eq!(passes, 2, "{}\n{}", archive.name, run.stderr);
        let ratio = (one.sent() + two.sent()) as f64 / archive.size() as f64;
        let written = told(&run, "unpacked")["written"].as_u64().unwrap_or_default();
        let twice = written - archive.files - archive.links;
        says("unpacked, first mirror lies", archive, Vouch::Digest, (run.attempts().len(), ratio));
        figure("second pass", &format!("{}: {twice} members were written twice", archive.name));
    }
}

#[test]
fn unpacked_and_killed_at_half_the_next_run_brings_the_other_half() {
    each(5, |archive, vouch| {
        let half = Rule::on(archive.path()).nth(1).act(Action::stall_at(At::Byte(archive.size() / 2)));
        let (case, more) = case(archive, vouch, |script| script.rule(half));
        let mut first = command(&case, "first");
        first.arg(case.server.url(&archive.path())).arg("-d").arg(case.out()).args(&more);
        let process = Process::start(&case, "first", first);
        let held = || case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
        until("half is there", || held() == archive.size() / 2);
        process.kill();
        assert_eq!(listed(&case), Vec::<String>::new(), "{}: in the destination after a kill", archive.name);
        let asked = case.requests().len();
        case.server.set_script(Script::new());
        let run = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &run, "killed at half");
        crate::support::journal_equals_log(&case.requests()[asked..], &[&run]);
        let (requests, ratio) = cost(&case, archive);
        says("unpacked, killed at half", archive, vouch, (requests, ratio));
        assert!(requests == 2 && (ratio - 1.0).abs() < 1e-6, "{}: {requests} requests, {ratio}", archive.name);
    });
}

#[test]
fn unpacked_over_an_outage_longer_than_several_waits_it_costs_the_archive_once() {
    // Waits a hundredth of the law's meet a hundredth of an outage of 40 s.
    let outage = 0.4;
    each(6, |archive, vouch| {
        let cut = Rule::on(archive.path()).nth(1).act(Action::RstAt(At::Byte(archive.size() / 2)));
        let down = Rule::on(archive.path()).nth(2).limit(1).act(Action::Outage(outage));
        let (case, more) = case(archive, vouch, |script| script.rule(cut).rule(down));
        let run = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &run, "outage");
        let (attempts, ratio) = (run.attempts().len(), cost(&case, archive).1);
        says("unpacked, outage", archive, vouch, (attempts, ratio));
        assert!(attempts > 3 && (ratio - 1.0).abs() < 1e-6, "{}: {attempts} attempts, {ratio}", archive.name);
        assert!(run.took.as_secs_f64() >= outage, "{}", archive.name);
    });
}
