//! Ctrl-C and SIGTERM while an archive is unpacked.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use towline_faults::{Action, At, Rule, Script};

use super::archives::{Archive, dense, dense_tar, many, sdist_tar};
use super::{Vouch, case, is_unpacked_once, listed, run, staged};
use crate::interruptions::process::{Process, command, until};
use crate::support::{Case, figure};

const SIGNALS: [(&str, Signal); 2] = [("SIGINT", Signal::INT), ("SIGTERM", Signal::TERM)];

fn held(case: &Case) -> u64 {
    case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len())
}

/// Whether members are on the disk.
fn is_unpacking(case: &Case) -> bool {
    let staging = case.dir.path().join("cache/staging");
    crate::support::files_under(&staging).iter().any(|path| path.to_string_lossy().contains("/tree/"))
}

/// Starts a command, sends the signal when the moment is there, and looks at what is left. Gives the time to the end.
fn interrupt(case: &Case, inner: Command, signal: Signal, what: &str, reached: &dyn Fn() -> bool) -> Duration {
    let mut process = Process::start(case, "first", inner);
    until(what, || {
        assert!(process.is_running(), "{what}: ended before the signal");
        reached()
    });
    process.signal(signal);
    let (run, took) = process.end();
    assert_eq!(run.code, Some(130), "{what}\n{}", run.stderr);
    assert!(took < Duration::from_secs(2), "{what}: took {took:?} to end");
    assert_eq!(listed(case), Vec::<String>::new(), "{what}: in the destination");
    assert_eq!(staged(case), 0, "{what}: in staging");
    took
}

fn get(case: &Case, archive: &Archive, more: &[String]) -> Command {
    let mut command = command(case, "first");
    command.arg(case.server.url(&archive.path())).arg("-d").arg(case.out()).args(more);
    command
}

#[test]
fn interrupted_while_bytes_come_and_members_are_written_it_ends_at_once() {
    for archive in [many(), sdist_tar()] {
        for (word, signal) in SIGNALS {
            let stall = Rule::on(archive.path()).act(Action::stall_at(At::Byte(archive.size() / 2)));
            let (case, more) = case(archive, Vouch::StrongETag, |script| script.rule(stall));
            let what = format!("{}, {word} at half", archive.name);
            let reached = || held(&case) == archive.size() / 2 && is_unpacking(&case);
            let took = interrupt(&case, get(&case, archive, &more), signal, &what, &reached);
            case.server.set_script(Script::new());
            is_unpacked_once(&case, archive, &run(&case, archive, &more), &what);
            assert_eq!(case.sent(), archive.size(), "{what}: a byte came twice");
            figure("interrupted unpack", &format!("{what}: exit code 130 after {} ms", took.as_millis()));
        }
    }
}

#[test]
fn interrupted_while_it_unpacks_behind_the_last_byte_it_ends_at_once() {
    for archive in [dense(), dense_tar()] {
        for (word, signal) in SIGNALS {
            let (case, more) = case(archive, Vouch::Digest, |script| script);
            let what = format!("{}, {word} behind the last byte", archive.name);
            let reached = || held(&case) == archive.size() && is_unpacking(&case);
            let took = interrupt(&case, get(&case, archive, &more), signal, &what, &reached);
            let whole = run(&case, archive, &more);
            is_unpacked_once(&case, archive, &whole, &what);
            assert_eq!(case.sent(), archive.size(), "{what}: a byte came twice");
            let (took, whole) = (took.as_millis(), whole.took.as_millis());
            figure("interrupted unpack", &format!("{what}: exit code 130 after {took} ms, where all takes {whole} ms"));
            assert!(took < whole / 2 + 50, "{what}: {took} ms, as if nobody had asked");
        }
    }
}

#[test]
fn interrupted_while_it_unpacks_a_local_file_it_ends_at_once() {
    for archive in [dense(), dense_tar()] {
        for (word, signal) in SIGNALS {
            let case = Case::new(Script::new());
            let path = case.dir.path().join(&archive.name);
            fs::write(&path, archive.content.to_vec()).expect("the archive can be written");
            let mut inner = command(&case, "first");
            inner.arg(&path).arg("--unpack").arg("-d").arg(case.out());
            let what = format!("{}, {word} with a local file", archive.name);
            let took = interrupt(&case, inner, signal, &what, &|| is_unpacking(&case));
            figure("interrupted unpack", &format!("{what}: exit code 130 after {} ms", took.as_millis()));
        }
    }
}
