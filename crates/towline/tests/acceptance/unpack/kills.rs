//! kill -9 at any moment of download, unpack and publish.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use towline_faults::{Action, Content, Rule, Script};

use super::archives::{Archive, medium, medium_tar, medium_zip};
use super::{VOUCHES, Vouch, case, staged, trees};
use crate::interruptions::process::{Process, command, is_connected, until};
use crate::support::{Case, figure, files_under, full};

/// Of each archive as many parts a second come: the download takes half a second, and the unpack follows it.
const PARTS: u64 = 2;

/// A number that looks random, the same for the same seed.
fn random(seed: u64) -> u64 {
    u64::from_le_bytes(Content::generated(8, seed).to_vec().try_into().unwrap_or_default())
}

/// A case of one kill: archive, what vouches for it, and where the tree goes.
struct Scene {
    archive: &'static Archive,
    vouch: Vouch,
    case: Case,
    more: Vec<String>,
    out: PathBuf,
    _elsewhere: Option<tempfile::TempDir>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let archive = [medium, medium_tar, medium_zip][(seed % 3) as usize]();
        let vouch = VOUCHES[(seed / 3 % 2) as usize];
        let (case, more) = case(archive, vouch, |script| {
            let even = Action::Dribble { bytes: 16 * 1024, every_ms: 1 };
            script.rule(Rule::on(archive.path()).act(Action::Pace(archive.size() * PARTS)).act(even))
        });
        // Every fourth goes to another file system, where there is one.
        let elsewhere = (seed % 4 == 1).then(|| tempfile::tempdir_in("/dev/shm").ok()).flatten();
        let out = elsewhere.as_ref().map_or_else(|| case.out(), |dir| dir.path().join("out"));
        Self { archive, vouch, case, more, out, _elsewhere: elsewhere }
    }

    fn start(&self, name: &str) -> Process {
        let mut command = command(&self.case, name);
        command.arg(self.case.server.url(&self.archive.path())).arg("-d").arg(&self.out).args(&self.more);
        Process::start(&self.case, name, command)
    }

    fn place(&self) -> PathBuf {
        self.out.join(self.archive.stem())
    }

    fn held(&self) -> u64 {
        self.case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len())
    }

    /// Whether the last byte has come, in a run that may have ended since.
    fn is_brought(&self, process: &mut Process) -> bool {
        self.held() == self.archive.size() || self.place().exists() || !process.is_running()
    }

    /// How long a run takes that nobody kills: to the last byte, and from there to the end.
    fn durations(&self) -> (Duration, Duration) {
        let (began, mut process) = (Instant::now(), self.start("undisturbed"));
        until("the last byte", || self.is_brought(&mut process));
        let download = began.elapsed();
        let (run, tail) = process.end();
        run.expect(0);
        (download, tail)
    }

    fn is_right(&self) -> bool {
        trees::difference(&self.place(), &self.archive.nodes).is_none()
    }

    /// Temporary things beside the tree.
    fn beside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.out).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| *path != self.place()).collect()
    }
}

/// What a run was killed in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum During {
    /// No byte had come.
    Start,
    Download,
    /// All bytes were there, the tree was not.
    Unpack,
    /// The tree was at its place.
    Published,
    /// The run had ended before.
    Ended,
}

fn killed(seed: u64, (download, tail): (Duration, Duration)) -> During {
    let scene = Scene::new(seed);
    let what = format!("seed {seed}, {}, {:?}", scene.archive.name, scene.vouch);
    let share = (random(seed) % 10_000) as f64 / 10_000.0;
    let mut process = scene.start("first");
    // A half of the kills anywhere, the other half behind the last byte, where the unpack ends and is published.
    let after = match seed / 6 % 2 {
        0 => download.mul_f64(share),
        _ => {
            until("the last byte", || scene.is_brought(&mut process));
            tail.mul_f64(share * 1.1)
        }
    };
    let began = Instant::now();
    while began.elapsed() < after {
        std::hint::spin_loop();
    }
    let ended = !process.is_running();
    process.kill();
    let case = &scene.case;
    let served = || case.requests().iter().all(|entry| entry.finished.is_some());
    until("the server sees that the client is gone", || !is_connected(case.server.addr()) && served());
    let published = scene.place().exists();
    assert!(!published || scene.is_right(), "{what}: a half tree");
    let held = scene.held();
    let during = match (ended, published, held) {
        (true, ..) => During::Ended,
        (_, true, _) => During::Published,
        (_, _, 0) => During::Start,
        (_, _, held) if held == scene.archive.size() => During::Unpack,
        _ => During::Download,
    };
    finish(&scene, held, &what);
    during
}

/// The next run makes the tree, and nothing of the killed one is left.
fn finish(scene: &Scene, held: u64, what: &str) {
    let (case, before) = (&scene.case, scene.case.sent());
    case.server.set_script(Script::new());
    let (run, _) = scene.start("second").end();
    assert_eq!(run.code, Some(0), "{what}\n{}", run.stderr);
    assert!(scene.is_right(), "{what}: another tree: {:?}", trees::difference(&scene.place(), &scene.archive.nodes));
    let came = case.sent() - before;
    // Without a digest the server says that there is no more, in some words.
    assert!(came <= scene.archive.size() - held + 200, "{what}: {came} bytes came with {held} held");
    assert_eq!(scene.beside(), Vec::<PathBuf>::new(), "{what}: left in the destination");
    // A stage that bore no mark of its owner yet may be somebody's, and is empty.
    let staging = case.dir.path().join("cache/staging");
    assert_eq!(files_under(&staging), Vec::<PathBuf>::new(), "{what}: left in staging");
}

#[test]
fn killed_at_any_moment_no_half_tree_is_seen_and_the_next_run_completes() {
    let seeds = if full() { 200 } else { 24 };
    let took: Vec<_> = (0..3).map(|seed| Scene::new(seed).durations()).collect();
    let next = AtomicU64::new(0);
    let counts: [AtomicU64; 5] = Default::default();
    // The runs are paced, so some at a time do not disturb each other.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    counts[killed(seed, took[(seed % 3) as usize]) as usize].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let [start, download, unpack, published, ended] = counts.map(AtomicU64::into_inner);
    assert_eq!(start + download + unpack + published + ended, seeds);
    assert!(download > 0 && unpack > 0 && ended < seeds / 2, "the moments are not those that were meant");
    figure(
        "kill -9 of an unpack",
        &format!(
            "{seeds} kills: {start} before the first byte, {download} while bytes came, {unpack} behind the last byte, \
             {published} with the tree at its place, {ended} after the end; no half tree, every next run right"
        ),
    );
}

/// The moment between the last byte and the end, held open: the directory where the tree is staged says when.
#[test]
fn killed_while_it_unpacks_behind_the_last_byte_the_next_run_needs_no_byte() {
    for archive in [super::archives::dense(), super::archives::dense_tar()] {
        let (case, more) = case(archive, Vouch::Digest, |script| script);
        let mut command = command(&case, "first");
        command.arg(case.server.url(&archive.path())).arg("-d").arg(case.out()).args(&more);
        let mut process = Process::start(&case, "first", command);
        let held = || case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
        until("all bytes are there and members are written", || {
            assert!(process.is_running(), "{}: ended before", archive.name);
            held() == archive.size() && written(&case.dir.path().join("cache/staging")) > 0
        });
        process.kill();
        assert!(!case.out().join(archive.stem()).exists(), "{}: a half tree", archive.name);
        assert_eq!(staged(&case), 1, "{}: nothing was staged", archive.name);
        let run = super::run(&case, archive, &more);
        super::is_unpacked_once(&case, archive, &run, &archive.name);
        assert_eq!(case.sent(), archive.size(), "{}: a byte came twice", archive.name);
        figure("killed behind the last byte", &format!("{}: 0 bytes asked for by the next run", archive.name));
    }
}

/// Files below a folder.
fn written(dir: &Path) -> usize {
    files_under(dir).iter().filter(|path| path.to_string_lossy().contains("/tree/")).count()
}
