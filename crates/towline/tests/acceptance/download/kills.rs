//! kill -9 at any moment of a set.

use std::time::{Duration, Instant};

use towline_faults::{Action, Content, Entry, Rule, Script};

use super::{Set, command};
use crate::interruptions::process::{Process, is_connected, until};
use crate::support::{Case, figure, full};

/// So much of the set comes in a second, all files together.
const PARTS: u64 = 2;

/// A number that looks random, the same for the same seed.
fn random(seed: u64) -> u64 {
    u64::from_le_bytes(Content::generated(8, seed).to_vec().try_into().unwrap_or_default())
}

/// Bytes of files, not of pages, that the server has sent.
fn sent(case: &Case) -> u64 {
    let of_files = |entry: &&Entry| entry.path.starts_with("/files/");
    case.requests().iter().filter(of_files).map(|entry| entry.bytes).sum()
}

fn held(set: &Set, case: &Case) -> u64 {
    let partials = case.partials();
    let partial = partials.iter().filter_map(|path| path.metadata().ok()).map(|found| found.len());
    let whole = (0..set.len()).filter(|&at| case.out().join(set.name(at)).is_file()).map(|at| set.content(at).size());
    partial.chain(whole).sum()
}

/// Kills a run of the set at a moment, and runs it again. Gives how many files were there then.
fn killed(seed: u64) -> usize {
    let set = Set::new(20);
    let pace = Rule::any().act(Action::SharedPace(set.size() * PARTS));
    let case = set.case(|script| script.rule(pace.act(Action::Dribble { bytes: 8 * 1024, every_ms: 1 })));
    let requirements = set.requirements();
    let mut first = command(&case);
    first.args(&requirements);
    let moment = Duration::from_micros(random(seed) % (1_000_000 / PARTS));
    let process = Process::start(&case, "first", first);
    let began = Instant::now();
    while began.elapsed() < moment {
        std::hint::spin_loop();
    }
    process.kill();
    let served = || case.requests().iter().all(|entry| entry.finished.is_some());
    until("the server sees that the client is gone", || !is_connected(case.server.addr()) && served());
    let there = set.right(&case);
    let at_places = std::fs::read_dir(case.out()).map_or(0, Iterator::count);
    assert_eq!(there, at_places, "seed {seed}: what is at its place is whole, and nothing else is there");
    let (held, before) = (held(&set, &case), sent(&case));
    case.server.set_script(Script::new());
    let mut second = command(&case);
    second.args(&requirements);
    case.finish(second).expect(0);
    assert_eq!(set.right(&case), set.len(), "seed {seed}");
    let came = sent(&case) - before;
    assert!(came as f64 <= (set.size() - held) as f64 * 1.01, "seed {seed}: {came} bytes came with {held} held");
    there
}

#[test]
fn killed_at_any_moment_the_next_run_brings_what_is_missing() {
    let seeds = if full() { 50 } else { 8 };
    let there: Vec<usize> = (0..seeds).map(killed).collect();
    let (least, most) = (there.iter().min().unwrap_or(&0), there.iter().max().unwrap_or(&0));
    figure(
        "kill -9 of a set",
        &format!("{seeds} kills with {least} to {most} of 20 files there; every next run right"),
    );
    assert!(most > least, "the moments are not those that were meant: {there:?}");
}
