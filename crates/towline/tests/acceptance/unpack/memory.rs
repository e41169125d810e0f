//! Resident memory, mapped pages included, of archives that are large in one way or another.

use std::fs;
use std::io::Read;
use std::sync::OnceLock;
use std::time::Instant;

use towline_faults::{Content, Script};

use super::archives::{Archive, file_name};
use super::wheels::Wheel;
use super::zips::{How, Zip};
use super::{VOUCHES, Vouch, case, each, is_unpacked_once};
use crate::interruptions::process::{Process, command, pause};
use crate::interruptions::skip;
use crate::support::{Run, figure, full};

/// What no archive may take, in KiB.
pub(super) const MOST: u64 = 100 * 1024;

/// Runs a process to its end; gives its peak in KiB. The kernel keeps the peak, so only what happens after the last look,
/// two thousandths of a second before the end, can be missed.
pub(super) fn watched(mut process: Process) -> (Run, u64) {
    let (path, mut peak) = (format!("/proc/{}/status", process.child.id()), 0);
    while process.is_running() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        peak = peak.max(kib.unwrap_or_default());
        pause();
    }
    (process.end().0, peak)
}

fn is_linux() -> bool {
    let linux = cfg!(target_os = "linux");
    if !linux {
        skip("peak memory of an unpack", "only Linux tells the peak of a process that still runs");
    }
    linux
}

/// Unpacks it from the server, and holds its peak against the limit.
fn holds(archive: &Archive, vouch: Vouch, what: &str) {
    let (case, more) = case(archive, vouch, |script: Script| script);
    let mut get = command(&case, "process");
    get.arg(case.server.url(&archive.path())).arg("-d").arg(case.out()).args(&more);
    let began = Instant::now();
    let (run, peak) = watched(Process::start(&case, "process", get));
    is_unpacked_once(&case, archive, &run, what);
    let (mib, mb) = (peak as f64 / 1024.0, archive.size() / 1_000_000);
    figure(
        "peak memory of an unpack",
        &format!(
            "{what}, {mb} MB, {vouch:?}: {mib:.1} MiB, mapped pages included, {:.1} s",
            began.elapsed().as_secs_f64()
        ),
    );
    assert!(peak > 0 && peak < MOST, "{what} {vouch:?}: {mib:.1} MiB");
}

#[test]
fn each_archive_takes_less_than_100_mib() {
    if is_linux() {
        each(1, |archive, vouch| holds(archive, vouch, &archive.name));
    }
}

#[test]
fn a_wheel_of_very_many_members_takes_less_than_100_mib() {
    let members = if full() { 70_000 } else { 20_000 };
    let member =
        |at: u64| (format!("package/part{}/module_of_some_name_{at}.py", at % 300), 100 + at % 900, How::Deflated);
    large("crowded", &format!("{members} members"), (0..members).map(member));
}

#[test]
fn a_wheel_with_one_member_of_three_gigabytes_takes_less_than_100_mib() {
    let (name, size) = if full() { ("3 GB", 3_000_000_000) } else { ("150 MB", 150_000_000) };
    for (how, way) in [(How::Deflated, "deflated"), (How::Stored, "stored"), (How::Described, "sizes behind it")] {
        large("single", &format!("one member of {name}, {way}"), std::iter::once(("pkg/big.so".to_owned(), size, how)));
    }
}

#[test]
fn a_wheel_of_one_gigabyte_takes_less_than_100_mib() {
    let members = if full() { 400 } else { 20 };
    // Ten times what one buffer may take, down to nothing.
    let sizes = [30_000_000, 4_000_000, 1_000_000, 400_000, 50_000, 0].into_iter().cycle();
    let how = [How::Deflated, How::Stored, How::Deflated, How::Described].into_iter().cycle();
    let members = sizes.zip(how).take(members).enumerate().map(|(at, (size, how))| (format!("pkg/{at}.so"), size, how));
    large("heavy", "a wheel of many large members", members);
}

/// Makes a wheel on the disk, and unpacks it.
fn large(name: &str, what: &str, members: impl Iterator<Item = (String, u64, How)>) {
    if !is_linux() {
        return;
    }
    let file = tempfile::NamedTempFile::new().expect("a file for the wheel");
    let mut wheel = Wheel::new(name, Zip::into(file.as_file()));
    for (at, (name, size, how)) in members.enumerate() {
        wheel.add(&name, &mut Pattern::new(at as u64).take(size), false, how);
    }
    let (_, nodes, bytes) = wheel.finish();
    let content = Content::disk(file.path()).expect("the wheel");
    let archive = Archive { bytes, content, ..Archive::of(file_name(name), Vec::new(), nodes) };
    for vouch in if full() { &VOUCHES[..] } else { &VOUCHES[1..] } {
        holds(&archive, *vouch, what);
    }
}

/// Random bytes and text, without end: deflate makes less than a half of it.
struct Pattern {
    block: &'static [u8],
    at: usize,
}

impl Pattern {
    fn new(seed: u64) -> Self {
        static BLOCK: OnceLock<Vec<u8>> = OnceLock::new();
        let block = BLOCK
            .get_or_init(|| [Content::generated(40_000, 1).to_vec(), b"def f(x): return x\n".repeat(3_000)].concat());
        Self { block, at: (seed * 7919) as usize % block.len() }
    }
}

impl Read for Pattern {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let piece = &self.block[self.at..];
        let read = piece.len().min(into.len());
        into[..read].copy_from_slice(&piece[..read]);
        self.at = (self.at + read) % self.block.len();
        Ok(read)
    }
}
