//! What does not become a tree: for want of a network, for wrong bytes, for a damaged archive; and that none of them is
//! told as another.

use towline_faults::{Action, At, Content, File, Rule, Script};

use super::archives::{ALL, Archive};
use super::trees::Nodes;
use super::{VOUCHES, Vouch, case, each, is_unpacked_once, left, listed, run, some, staged};
use crate::support::{Case, Run, figure, full, journal_equals_log};

/// Words that only an archive that is refused is told with.
const ARCHIVE_WORDS: [&str; 5] = ["refused", "at byte", "damaged", "not a valid", "the archive ends"];

/// The network is what failed, and nothing is said against the archive.
#[track_caller]
fn is_network(run: &Run, what: &str) {
    assert_eq!(run.code, Some(3), "{what}\n{}", run.stderr);
    for word in ARCHIVE_WORDS {
        // `body ended at byte` is what the network did.
        let said = run.stderr.replace("body ended at byte", "");
        assert!(!said.contains(word), "{what}: {word}\n{}", run.stderr);
    }
    let failed = super::told(run, "failed");
    assert_eq!(failed["exit_code"], 3, "{what}: {failed}");
    assert!(run.events.iter().all(|event| event["event"] != "unpacked"), "{what}: unpacked");
}

/// Neither tree nor archive nor anything temporary.
#[track_caller]
fn nothing_there(case: &Case, what: &str) {
    assert_eq!(listed(case), Vec::<String>::new(), "{what}: in the destination");
    assert_eq!(staged(case), 0, "{what}: in staging");
}

/// Length of the one partial file.
#[track_caller]
fn partial(case: &Case) -> u64 {
    let found = case.partials();
    assert!(found.len() <= 1, "one partial file at most: {found:?}");
    found.first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len())
}

fn with(more: &[String], others: &[&str]) -> Vec<String> {
    more.iter().map(String::as_str).chain(others.iter().copied()).map(str::to_owned).collect()
}

#[test]
fn a_permanent_fault_in_mid_body_ends_with_3_and_the_ledger_and_the_next_run_goes_on() {
    each(0, |archive, vouch| {
        let half = Rule::on(archive.path()).nth(1).act(Action::RstAt(At::Byte(archive.size() / 2)));
        let dead = Rule::on(archive.path()).act(Action::Status(503));
        let (case, more) = case(archive, vouch, |script| script.rule(half).rule(dead));
        let first = run(&case, archive, &with(&more, &["--retries", "3"]));
        let what = &archive.name;
        is_network(&first, what);
        for text in
            ["attempts in a row brought nothing new", "attempt 1 ", "attempt 5 ", "connection reset by peer", "503"]
        {
            assert!(first.stderr.contains(text), "{what}: {text}\n{}", first.stderr);
        }
        nothing_there(&case, what);
        assert_eq!(partial(&case), archive.size() / 2, "{what}: bytes were lost");
        case.server.set_script(Script::new());
        let second = run(&case, archive, &more);
        is_unpacked_once(&case, archive, &second, what);
        journal_equals_log(&case.requests(), &[&first, &second]);
        let bodies: u64 =
            case.requests().iter().filter(|entry| entry.status != Some(503)).map(|entry| entry.bytes).sum();
        assert_eq!(bodies, archive.size(), "{what}: a byte came twice");
        figure("permanent fault", &format!("{what}, {vouch:?}: exit code 3, then the other half, then the tree"));
    });
}

/// Ways to end a body too early, for ever.
fn ways(place: At) -> [(&'static str, Action); 4] {
    let stall = Action::stall_at(place);
    [("reset", Action::RstAt(place)), ("closed", Action::FinAt(place)), ("silent", stall), ("chunks", Action::Chunked)]
}

#[test]
fn cut_anywhere_for_ever_it_is_the_network_that_failed_and_never_the_archive() {
    let mut runs = 0;
    for (turn, archive) in ALL.iter().enumerate() {
        let archive = archive();
        for sixteenth in 0..=16_u64 {
            for vouch in VOUCHES {
                for (number, (way, action)) in ways(At::Fraction(sixteenth as f64 / 16.0)).into_iter().enumerate() {
                    // A few of the 136 combinations for each archive, and for each others.
                    let turns = turn as u64 * 3 + sixteenth * 8 + number as u64 * 2 + u64::from(vouch == Vouch::Digest);
                    if (full() || turns.is_multiple_of(31)) && !(sixteenth == 16 && way != "silent") {
                        let what = format!("{}, {way} at {sixteenth}/16, {vouch:?}", archive.name);
                        cut_for_ever(archive, vouch, sixteenth, action, &what);
                        runs += 1;
                    }
                }
            }
        }
    }
    figure(
        "cut for ever",
        &format!("{runs} cuts: exit code 3, no word against an archive, nothing left but the partial"),
    );
}

fn cut_for_ever(archive: &Archive, vouch: Vouch, sixteenth: u64, action: Action, what: &str) {
    let place = archive.size() * sixteenth / 16;
    // One short of the end, where all but the last byte is there.
    let place = place.min(archive.size() - 1);
    let first = match action {
        Action::Chunked => Rule::on(archive.path()).nth(1).act(Action::Chunked).act(Action::RstAt(At::Byte(place))),
        Action::StallAt { .. } => Rule::on(archive.path()).nth(1).act(Action::stall_at(At::Byte(place))),
        other => Rule::on(archive.path()).nth(1).act(other),
    };
    let dead = Rule::on(archive.path()).act(Action::FinBeforeHead);
    let (case, more) = case(archive, vouch, |script| script.rule(first).rule(dead));
    let run = run(&case, archive, &with(&more, &["--retries", "1", "--stall-timeout", "200ms"]));
    is_network(&run, what);
    nothing_there(&case, what);
    assert!(partial(&case).abs_diff(place) <= 1, "{what}: {} kept of {place}", partial(&case));
}

/// The archive with two bits flipped in the data of a member near its half (one alone may be a bit of deflate's that
/// means nothing); its digest is that of the damaged bytes.
fn damaged(archive: &Archive) -> Archive {
    let mut bytes = archive.content.to_vec();
    let half = bytes.len() / 2;
    let at = if archive.is_zip() { within_member(&bytes, half) } else { half };
    bytes[at..at + 2].iter_mut().for_each(|byte| *byte ^= 0x10);
    Archive::of(archive.name.clone(), bytes, Nodes::new())
}

/// A byte of a member's compressed data, not far behind `at`: some way behind its local header.
fn within_member(bytes: &[u8], at: usize) -> usize {
    let next = bytes[at..].windows(4).position(|window| window == b"PK\x03\x04");
    // The big member has no header behind it before the small ones.
    next.filter(|next| *next < 200_000).map_or(at, |next| at + next + 200)
}

#[test]
fn a_damaged_archive_of_verified_bytes_ends_with_5_and_names_the_place_also_the_second_time() {
    for archive in some(1) {
        let damaged = damaged(archive);
        let what = &archive.name;
        let (case, more) = case(&damaged, Vouch::Digest, |script| script);
        let first = run(&case, &damaged, &more);
        for (number, run) in [first, run(&case, &damaged, &more)].iter().enumerate() {
            run.expect(5);
            assert!(run.stderr.contains(&format!("{what} is refused: ")), "{what}\n{}", run.stderr);
            assert!(run.stderr.contains("at byte "), "{what}\n{}", run.stderr);
            if archive.is_zip() {
                let named = archive.nodes.keys().any(|name| name.contains('.') && run.stderr.contains(name.as_str()));
                assert!(named, "{what}: no member is named\n{}", run.stderr);
            }
            nothing_there(&case, what);
            assert_eq!(partial(&case), damaged.size(), "{what}: bytes that are what was wanted were not kept");
            if number == 0 {
                figure("damaged archive", run.stderr.lines().find(|line| line.contains("refused")).unwrap_or_default());
            }
        }
        assert_eq!((case.requests().len(), case.sent()), (1, damaged.size()), "{what}: brought again");
    }
}

/// Without a digest the bytes may be what was damaged, also under a strong tag: the next run asks for them anew.
#[test]
fn a_damaged_archive_without_a_digest_ends_with_5_and_is_brought_again() {
    for archive in [ALL[0](), ALL[2]()] {
        let damaged = damaged(archive);
        let (case, more) = case(&damaged, Vouch::StrongETag, |script| script);
        for runs in 1..=2 {
            run(&case, &damaged, &more).expect(5);
            nothing_there(&case, &archive.name);
            assert_eq!(case.sent(), runs * damaged.size(), "{}: not brought anew", archive.name);
        }
    }
}

#[test]
fn a_wrong_digest_ends_with_4_and_leaves_nothing_whatever_the_archive_is_like() {
    for (at, archive) in some(0).into_iter().enumerate() {
        let damaged = damaged(archive);
        let wanted = [archive, &damaged][at % 2];
        let (case, _) = case(wanted, Vouch::StrongETag, |script| script);
        let run = run(&case, wanted, &with(&["--unpack".to_owned()], &["--sha256", &"0".repeat(64)]));
        run.expect(4);
        nothing_there(&case, &archive.name);
        assert_eq!(left(&case), Vec::<String>::new(), "{}: wrong bytes were kept", archive.name);
        assert!(!run.stderr.contains("refused"), "{}\n{}", archive.name, run.stderr);
    }
    figure("wrong digest", "whole archives and damaged ones: exit code 4, nothing left");
}

#[test]
fn a_login_page_is_no_archive_but_only_where_nothing_vouches_for_another() {
    for (at, archive) in some(1).into_iter().enumerate() {
        let what = &archive.name;
        let page = |script: Script| script.rule(Rule::on(archive.path()).act(Action::LoginPage));
        let (case, more) = case(archive, Vouch::Digest, page);
        let known = run(&case, archive, &more);
        known.expect(4);
        nothing_there(&case, what);
        // Behind the portal the archive is there.
        case.server.set_script(Script::new());
        is_unpacked_once(&case, archive, &run(&case, archive, &more), what);
        if full() || at == 0 {
            let (case, more) = super::case(archive, Vouch::StrongETag, page);
            run(&case, archive, &more).expect(5);
            nothing_there(&case, what);
            assert_eq!(left(&case), Vec::<String>::new(), "{what}: a page was kept");
        }
    }
    figure("login page", "with a digest exit code 4 and healed by the next run, without one 5; nothing left");
}

/// The page comes first and the archive behind it, within one run.
#[test]
fn a_login_page_before_the_archive_is_healed_where_a_digest_is_known() {
    for archive in some(0) {
        let page = |script: Script| script.rule(Rule::on(archive.path()).nth(1).act(Action::LoginPage));
        let (case, more) = case(archive, Vouch::Digest, page);
        let run = run(&case, archive, &more);
        let passes = super::is_unpacked(&case, archive, &run, &archive.name);
        assert!(passes <= 2, "{}: {passes} passes", archive.name);
        figure("login page, then the archive", &format!("{}: {} requests", archive.name, case.requests().len()));
    }
}

/// A server that never says how long the archive is, and ends too early.
#[test]
fn an_early_end_without_a_length_is_never_an_archive_error_where_a_digest_is_known() {
    for (turn, archive) in some(1).into_iter().enumerate() {
        for sixteenth in 1..16_u64 {
            if !full() && sixteenth % 6 != turn as u64 {
                continue;
            }
            let place = At::Fraction(sixteenth as f64 / 16.0);
            let ends =
                Rule::on(archive.path()).act(Action::NoRanges).act(Action::CloseDelimited).act(Action::FinAt(place));
            let (case, more) = case(archive, Vouch::Digest, |script| script.rule(ends));
            let run = run(&case, archive, &with(&more, &["--retries", "1"]));
            let what = format!("{} at {sixteenth}/16", archive.name);
            assert!(matches!(run.code, Some(3 | 4)), "{what}: {:?}\n{}", run.code, run.stderr);
            assert!(!run.stderr.contains("refused"), "{what}\n{}", run.stderr);
            nothing_there(&case, &what);
        }
    }
}

/// The wrong file under the right name: an archive that is whole, but another.
#[test]
fn another_archive_under_the_name_ends_with_4() {
    let (wanted, other) = (ALL[0](), ALL[1]());
    let script = Script::new().file(File::new(wanted.path(), Content::bytes(other.content.to_vec())));
    let case = Case::new(script);
    let run = run(&case, wanted, &with(&["--unpack".to_owned()], &["--sha256", &wanted.content.sha256()]));
    run.expect(4);
    nothing_there(&case, "another archive");
}
