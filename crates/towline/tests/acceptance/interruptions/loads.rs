//! A narrow link, little memory, and readers that do not read.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use towline_faults::{Action, At, Content, File, Finish, Rule, Script};

use super::process::{Process, command, until};
use super::{VOUCHES, case, partial};
use crate::support::{Case, figure, full, is_content, journal_equals_log};

/// Of sixteen files each has a turn every 0.3 s, which is longer than the limit: only the origin's sign of life helps.
#[test]
fn sixteen_files_through_a_bottleneck_of_64_kib_a_second_are_no_stall() {
    let size = if full() { 256 * 1024 } else { 16 * 1024 };
    let (limit, files) = (0.25, 16);
    let names: Vec<String> = (0..files).map(|at| format!("/{at}.whl")).collect();
    let script = names.iter().enumerate().fold(Script::new(), |script, (at, name)| {
        script.file(File::generated(name, size, at as u64)).rule(Rule::on(name).act(Action::SharedPace(64 * 1024)))
    });
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    // A pause of the whole machine silences everybody, and is a stall indeed: then the run says nothing, and is repeated.
    let (case, run) = (0..5)
        .find_map(|_| {
            let case = Case::new(script.clone());
            let pauses = Pauses::watch();
            let run = case.run(&paths, &["--stall-timeout", &limit.to_string()]);
            let paused = pauses.longest();
            let stalled = run.attempts().iter().any(|attempt| !attempt["fault"].is_null());
            (!stalled || paused < Duration::from_millis(50)).then_some((case, run))
        })
        .expect("one of five runs without a pause of the whole machine");
    run.expect(0);
    for (at, name) in names.iter().enumerate() {
        let content = Content::generated(size, at as u64);
        assert!(is_content(&case.out().join(&name[1..]), &content), "{name}: other bytes");
    }
    let faults: Vec<_> = run.attempts().into_iter().filter(|attempt| !attempt["fault"].is_null()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(case.requests().len(), files);
    journal_equals_log(&case.requests(), &[&run]);
    let silences = silences(&run.events);
    let long = silences.iter().filter(|&&silence| silence > limit).count();
    assert!(long >= files, "the limit of {limit} s was not put to the test: {silences:?}");
    let longest = silences.iter().copied().fold(0.0, f64::max);
    let took = run.took.as_secs_f64();
    figure(
        "bottleneck",
        &format!(
            "{files} files in {took:.1} s, {long} silences longer than the limit of {limit} s, longest {longest:.2} s, no stall"
        ),
    );
}

/// Measures how long this process was not given a processor.
struct Pauses {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Pauses {
    fn watch() -> Self {
        let (stop, stopped) = std::sync::mpsc::channel();
        let tick = Duration::from_millis(5);
        let thread = std::thread::spawn(move || {
            let (mut last, mut longest) = (std::time::Instant::now(), Duration::ZERO);
            while stopped.recv_timeout(tick) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                longest = longest.max(last.elapsed().saturating_sub(tick));
                last = std::time::Instant::now();
            }
            longest
        });
        Self { stop, thread }
    }

    fn longest(self) -> Duration {
        let _ = self.stop.send(());
        self.thread.join().expect("the watch ends")
    }
}

/// Seconds between two signs of one file.
fn silences(events: &[serde_json::Value]) -> Vec<f64> {
    let mut last = std::collections::HashMap::new();
    let mut found = Vec::new();
    for event in events.iter().filter(|event| event["event"] == "progress" && event["held"] != 0) {
        let time = event["time"].as_f64().unwrap_or_default();
        if let Some(before) = last.insert(event["artifact"].to_string(), time) {
            found.push(time - before);
        }
    }
    found
}

#[test]
fn a_large_file_takes_at_most_40_mib_of_memory() {
    if !cfg!(target_os = "linux") {
        return super::skip("peak memory", "only Linux tells the peak of a process that still runs");
    }
    let (name, size) = if full() { ("1 GB", 1_000_000_000) } else { ("100 MB", 100_000_000) };
    for vouch in VOUCHES {
        let last = |script: Script| script.rule(Rule::on("/a.whl").act(Action::stall_at(At::Byte(size - 1))));
        let (case, _, more) = case(size, vouch, last);
        let process = Process::get(&case, "process", "a.whl", &more);
        until("all but the last byte is there", || partial(&case) == size - 1);
        let status = fs::read_to_string(format!("/proc/{}/status", process.child.id())).expect("its status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse().expect("a number");
        figure("peak memory", &format!("{name}, {vouch:?}: {:.1} MiB, mapped pages included", kib as f64 / 1024.0));
        assert!(kib <= 40 * 1024, "{name} {vouch:?}: {kib} KiB");
    }
}

#[test]
fn standard_output_that_nobody_reads_does_not_stall_the_network() {
    let size = 4_000_000;
    for vouch in VOUCHES {
        for signal in [None, Some(Signal::INT)] {
            let (case, content, more) = case(size, vouch, |script| script);
            let mut command = command(&case, "process");
            command.arg(case.server.url("/a.whl")).args(["-o", "-"]).args(&more).stdout(Stdio::piped());
            let mut process = Process::start(&case, "process", command);
            let done = |finish: Option<Finish>| finish == Some(Finish::Complete);
            until("the server has sent all", || case.requests().first().is_some_and(|entry| done(entry.finished)));
            until("the file is whole", || partial(&case) == size);
            assert!(process.is_running(), "{vouch:?}: the pipe has taken all");
            let mut pipe = process.child.stdout.take().expect("the pipe");
            if let Some(signal) = signal {
                let mut first = [0];
                pipe.read_exact(&mut first).expect("the first byte");
                process.signal(signal);
                let (run, took) = process.end();
                run.expect(130);
                assert!(took < Duration::from_secs(1), "{vouch:?}: took {took:?} to end");
                assert_eq!(partial(&case), size, "{vouch:?}: bytes were lost");
                continue;
            }
            let mut read = Vec::new();
            pipe.read_to_end(&mut read).expect("all of it");
            process.end().0.expect(0);
            assert!(read == content.to_vec(), "{vouch:?}: other bytes");
        }
        figure("standard output that nobody reads", &format!("{vouch:?}: the file was whole before a byte was read"));
    }
}

#[test]
fn a_follower_that_is_stopped_does_not_stall_the_owner() {
    for vouch in VOUCHES {
        let silent = |script: Script| script.rule(Rule::on("/a.whl").nth(1).act(Action::stall_at(At::Fraction(0.5))));
        let (case, content, more) = case(2_000_000, vouch, silent);
        let owner = Process::get(&case, "owner", "owner.whl", &more);
        until("half is there", || partial(&case) == 1_000_000);
        let mut follower = Process::get(&case, "follower", "follower.whl", &more);
        until("the second process follows", || follower.told("following") && follower.told("progress"));
        follower.signal(Signal::STOP);
        case.server.outage(Duration::from_millis(1));
        owner.end().0.expect(0);
        assert!(is_content(&case.dir.path().join("owner.whl"), &content), "{vouch:?}: other bytes");
        assert!(follower.is_running(), "{vouch:?}: it was to be stopped");
        follower.signal(Signal::CONT);
        follower.end().0.expect(0);
        assert!(is_content(&case.dir.path().join("follower.whl"), &content), "{vouch:?}: other bytes");
        assert_eq!(case.sent(), 2_000_000, "{vouch:?}: brought twice");
        figure(
            "stopped follower",
            &format!("{vouch:?}: the owner ended meanwhile, then the follower, 1.00 times the bytes"),
        );
    }
}

#[test]
fn a_cache_on_another_file_system_shows_no_half_file() {
    use std::os::unix::fs::MetadataExt as _;
    let claim = "a cache on another file system";
    let Ok(shm) = tempfile::tempdir_in("/dev/shm") else { return super::skip(claim, "there is no /dev/shm") };
    let size = 17_000_000;
    for vouch in VOUCHES {
        let (case, content, more) = case(size, vouch, |script| script);
        let device = |path: &std::path::Path| fs::metadata(path).expect("a folder").dev();
        if device(shm.path()) == device(case.dir.path()) {
            return super::skip(claim, "temporary files are in /dev/shm, too");
        }
        let mut command = crate::support::program();
        command.arg("get").arg(case.server.url("/a.whl")).args(&more);
        command.arg("--cache-dir").arg(shm.path()).arg("-d").arg(case.out()).stdout(Stdio::null());
        let mut process = Process::start(&case, "process", command);
        let (place, mut looks) = (case.out().join("a.whl"), 0);
        // No pause: the moment of the copy is to be hit.
        while process.is_running() {
            looks += 1;
            if let Ok(found) = fs::metadata(&place) {
                assert_eq!(found.len(), size, "{vouch:?}: a half file at its place");
            }
        }
        process.end().0.expect(0);
        assert!(is_content(&place, &content), "{vouch:?}: other bytes");
        let left = fs::read_dir(case.out()).expect("the folder").count();
        assert_eq!(left, 1, "{vouch:?}: something was left beside the file");
        figure(claim, &format!("{vouch:?}: right, no half file in {looks} looks"));
    }
}
