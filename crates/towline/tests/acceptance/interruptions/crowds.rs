//! Several processes for one URL.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use towline_faults::{Action, At, Content, Rule, Script};

use super::preload::{Library, YES_LOCKS};
use super::process::{Process, command, until};
use super::{VOUCHES, Vouch, case, partial, range_at};
use crate::support::{Case, figure, is_content, journal_equals_log};

const SIZE: u64 = 1_000_000;
const HALF: u64 = SIZE / 2;

/// The first answer goes silent at half, so that a crowd can gather; what comes then is paced, so that all see it.
fn gathering(script: Script) -> Script {
    let silent = Rule::on("/a.whl").nth(1).act(Action::stall_at(At::Fraction(0.5)));
    script.rule(silent).rule(Rule::on("/a.whl").act(Action::Pace(1_000_000)))
}

/// Processes at one URL, one of which has half of the file, while all others follow it.
struct Crowd {
    owner: Process,
    others: Vec<Process>,
    places: Vec<std::path::PathBuf>,
}

impl Crowd {
    #[track_caller]
    fn gather(case: &Case, count: usize, same_place: bool, more: &[String], set: &dyn Fn(usize, &mut Command)) -> Self {
        let place = |at: usize| case.dir.path().join(if same_place { "a.whl".to_owned() } else { format!("{at}.whl") });
        let start = |at: usize| {
            let name = format!("process-{at}");
            let mut command = command(case, &name);
            command.arg(case.server.url("/a.whl")).arg("-o").arg(place(at)).args(more);
            command.stdout(std::process::Stdio::null());
            set(at, &mut command);
            Process::start(case, &name, command)
        };
        let mut all: Vec<Process> = (0..count).map(start).collect();
        let following = |process: &&Process| process.told("following");
        until("all but one follow", || all.iter().filter(following).count() == count - 1);
        until("half is there", || partial(case) == HALF);
        let at = all.iter().position(|process| !process.told("following")).expect("one leads");
        let owner = all.swap_remove(at);
        let mut places: Vec<_> = (0..count).map(place).collect();
        let first = places.swap_remove(at);
        places.insert(0, first);
        Self { owner, others: all, places }
    }

    /// Ends all of them with exit code 0, the owner first, and gives the attempts that were made.
    #[track_caller]
    fn all_arrive(self, case: &Case, content: &Content, what: &str) {
        let runs: Vec<_> = std::iter::once(self.owner).chain(self.others).map(|process| process.end().0).collect();
        for run in &runs {
            run.expect(0);
        }
        for place in &self.places {
            assert!(is_content(place, content), "{what}: other bytes at {}", place.display());
        }
        journal_equals_log(&case.requests(), &runs.iter().collect::<Vec<_>>());
    }
}

#[test]
fn two_and_twenty_processes_for_one_url_are_one_download() {
    for count in [2, 20] {
        for same_place in [false, true] {
            for vouch in VOUCHES {
                let (case, content, more) = case(SIZE, vouch, gathering);
                let place = if same_place { "one destination" } else { "a destination each" };
                let what = format!("{count} processes, {place}, {vouch:?}");
                let crowd = Crowd::gather(&case, count, same_place, &more, &|_, _| {});
                case.server.outage(Duration::from_millis(1));
                crowd.all_arrive(&case, &content, &what);
                // The second one continues the first, which the server had broken off.
                assert_eq!(case.requests().len(), 2, "{what}");
                assert_eq!(case.sent(), SIZE, "{what}");
                figure("one download", &format!("{what}: {:.2} times the bytes", case.sent() as f64 / SIZE as f64));
            }
        }
    }
}

#[test]
fn twenty_processes_behind_a_lock_that_always_says_yes_have_the_right_bytes() {
    let Some(library) = Library::compile("a lock that always says yes", YES_LOCKS) else { return };
    let marks: Vec<_> = (0..20).map(|_| library.mark()).collect();
    let (case, content, more) = case(SIZE, Vouch::Digest, gathering);
    let crowd = Crowd::gather(&case, 20, false, &more, &|at, command| library.load(command, &marks[at]));
    assert!(marks.iter().all(|mark| mark.exists()), "the library was not loaded");
    case.server.outage(Duration::from_millis(1));
    crowd.all_arrive(&case, &content, "locks say yes");
    assert_eq!(case.sent(), SIZE);
    figure("locks that always say yes", "20 processes, right bytes, one download");
}

#[test]
fn the_owner_killed_another_takes_over_where_it_was() {
    for (word, signal, code) in [("SIGKILL", Signal::KILL, None), ("SIGTERM", Signal::TERM, Some(130))] {
        for count in [2, 8] {
            for vouch in VOUCHES {
                let what = format!("{word}, {count} processes, {vouch:?}");
                let (case, content, more) = case(SIZE, vouch, gathering);
                let crowd = Crowd::gather(&case, count, false, &more, &|_, _| {});
                let Crowd { owner, others, places } = crowd;
                owner.signal(signal);
                // Not waited for yet: the others must see through a zombie.
                let runs: Vec<_> = others.into_iter().map(|process| process.end().0).collect();
                assert_eq!(owner.end().0.code, code, "{what}");
                for run in &runs {
                    run.expect(0);
                }
                assert!(!places[0].exists(), "{what}: a file that nobody brought");
                places[1..].iter().for_each(|place| assert!(is_content(place, &content), "{what}: other bytes"));
                let asked = case.requests();
                assert_eq!((asked.len(), &asked[1].range), (2, &range_at(HALF)), "{what}");
                assert_eq!(case.sent(), SIZE, "{what}");
                journal_equals_log(&asked[1..], &runs.iter().collect::<Vec<_>>());
                figure("owner killed", &format!("{what}: another went on at byte {HALF}, 1.00 times the bytes"));
            }
        }
    }
}

#[test]
fn the_owner_failing_for_good_the_others_end_with_the_truth() {
    for vouch in VOUCHES {
        let gone = |script: Script| {
            let silent = Rule::on("/a.whl").nth(1).act(Action::stall_at(At::Fraction(0.5)));
            script.rule(silent).rule(Rule::on("/a.whl").act(Action::RstBeforeHead))
        };
        let (case, _, mut more) = case(SIZE, vouch, gone);
        more.extend(["--retries".to_owned(), "2".to_owned()]);
        let count = 4;
        let crowd = Crowd::gather(&case, count, false, &more, &|_, _| {});
        case.server.outage(Duration::from_millis(1));
        let mut took = Duration::ZERO;
        for process in std::iter::once(crowd.owner).chain(crowd.others) {
            let (run, _) = process.end();
            run.expect(3);
            took = took.max(run.took);
            for truth in ["3 attempts in a row brought nothing new", "0.5 of 1.0 MB are kept", "connection reset"] {
                let other = truth.replace("0.5 of 1.0 MB", "500.0 kB of 1.0 MB");
                assert!(
                    run.stderr.contains(truth) || run.stderr.contains(&other),
                    "{vouch:?}: {truth}\n{}",
                    run.stderr
                );
            }
        }
        assert!(crowd.places.iter().all(|place| !place.exists()), "{vouch:?}: a half file at its place");
        assert_eq!(partial(&case), HALF, "{vouch:?}: bytes were lost");
        let (asked, most) = (case.requests().len(), 1 + count * 3);
        assert!(asked <= most, "{vouch:?}: {asked} requests");
        let took = took.as_secs_f64();
        figure(
            "owner fails for good",
            &format!("{count} processes, {vouch:?}: all exit code 3 within {took:.1} s, {asked} requests"),
        );
    }
}
