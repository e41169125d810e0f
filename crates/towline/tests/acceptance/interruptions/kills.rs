//! kill -9 at a random moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use towline_faults::{Action, Content, Rule, Script};

use super::process::{Process, is_connected, pause, until};
use super::{VOUCHES, Vouch, case, partial, range_at};
use crate::support::{figure, full, is_content, journal_equals_log};

const SIZE: u64 = 17_000_000;
const RATE: u64 = 8_000_000;

/// A number that looks random, the same for the same seed.
fn random(seed: u64) -> u64 {
    u64::from_le_bytes(Content::generated(8, seed).to_vec().try_into().unwrap_or_default())
}

/// Kills one run at a moment that the seed gives, and runs again. Gives what was held and what was lost.
fn killed(seed: u64, vouch: Vouch) -> (u64, u64) {
    // A server that was held up must not catch up in a burst: what it throws at a client that has not run yet is lost
    // with the client, whatever the client does.
    let even = Action::Dribble { bytes: 16 * 1024, every_ms: 1 };
    let paced = |script: Script| script.rule(Rule::on("/a.whl").act(Action::Pace(RATE)).act(even));
    let (case, content, more) = case(SIZE, vouch, paced);
    // The paced run takes 2.1 s, so this is never behind its end.
    let moment = Duration::from_micros(random(seed) % 2_050_000);
    let dest = case.dir.path().join("a.whl");
    let process = Process::get(&case, "first", "a.whl", &more);
    let began = Instant::now();
    while began.elapsed() < moment {
        assert!(!dest.exists(), "seed {seed}: a half file at its place");
        pause();
    }
    process.kill();
    let served = || case.requests().iter().all(|entry| entry.finished.is_some());
    until("the server sees that the client is gone", || !is_connected(case.server.addr()) && served());
    assert!(!dest.exists(), "seed {seed}: a half file at its place");
    let (asked, sent, held) = (case.requests().len(), case.sent(), partial(&case));
    let lost = sent - held;
    assert!(lost <= (256 * 1024).max(SIZE / 100), "seed {seed} {vouch:?}: {lost} of {sent} bytes were lost");

    case.server.set_script(Script::new());
    let (run, _) = Process::get(&case, "second", "a.whl", &more).end();
    run.expect(0);
    assert!(is_content(&dest, &content), "seed {seed} {vouch:?}: other bytes");
    let second = &case.requests()[asked..];
    assert_eq!(second.len(), 1, "seed {seed} {vouch:?}: {second:?}");
    assert_eq!(second[0].range, range_at(held), "seed {seed} {vouch:?}: does not go on where the file ends");
    assert_eq!(case.sent(), SIZE + lost, "seed {seed} {vouch:?}: a byte that was kept came again");
    journal_equals_log(second, &[&run]);
    (held, lost)
}

#[test]
fn killed_at_a_random_moment_the_next_run_goes_on_where_the_partial_file_ends() {
    let seeds = if full() { 200 } else { 8 };
    let (next, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let (held, kills) = (AtomicU64::new(0), AtomicU64::new(0));
    // The runs are paced, so some at a time do not disturb each other.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    let vouch = VOUCHES[(seed % 2) as usize];
                    let (kept, lost) = killed(seed, vouch);
                    most.fetch_max(lost, Ordering::Relaxed);
                    held.fetch_add(kept, Ordering::Relaxed);
                    kills.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (kills, kept) = (kills.into_inner(), held.into_inner());
    assert!(kills == seeds && kept > 0, "every kill came before the first byte");
    let most = most.into_inner();
    figure("kill -9", &format!("{kills} kills, {kept} bytes kept in all, at most {most} bytes of a run lost"));
}
