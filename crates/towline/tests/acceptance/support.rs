//! Runs the program against the fault server, and compares what both say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use towline_faults::{Entry, Kind, Script, Server};

/// Whether everything is to be run, not only small samples.
pub(crate) fn full() -> bool {
    std::env::var_os("TOWLINE_FULL").is_some_and(|value| value != "0" && !value.is_empty())
}

/// Prints the figure of a claim.
pub(crate) fn figure(claim: &str, figure: &str) {
    println!("figure  {claim}: {figure}");
}

/// A server, a cache and a folder for results, all of one test.
pub(crate) struct Case {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
}

/// One finished run of the program.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) events: Vec<Value>,
    pub(crate) took: Duration,
}

/// Waits a hundredth of the law's, so that tests over sockets take no time.
pub(crate) const FAST: [&str; 4] = ["--base-wait", "5ms", "--cap-wait", "300ms"];

impl Case {
    pub(crate) fn new(script: Script) -> Self {
        let server = Server::start(script).expect("the fault server starts");
        Self { server, dir: tempfile::tempdir().expect("a folder for the test") }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.dir.path().join("events.ndjson")
    }

    /// `towline get` with this case's cache, events and fast waits; add URLs and a destination.
    pub(crate) fn get(&self) -> Command {
        let mut command = program();
        command.arg("get").args(FAST);
        command.arg("--cache-dir").arg(self.dir.path().join("cache")).arg("--events").arg(self.events());
        command
    }

    /// Runs `towline get URL… -d out` with more arguments.
    pub(crate) fn run(&self, paths: &[&str], more: &[&str]) -> Run {
        let mut command = self.get();
        command.args(paths.iter().map(|path| self.server.url(path))).arg("-d").arg(self.out()).args(more);
        self.finish(command)
    }

    /// Waits for the program and reads its events.
    pub(crate) fn finish(&self, mut command: Command) -> Run {
        let began = Instant::now();
        let output = command.stdin(Stdio::null()).output().expect("the program runs");
        Run::read(&output, &self.events(), began.elapsed())
    }

    /// The same for a command whose output goes elsewhere.
    pub(crate) fn finish_as_is(&self, mut command: Command) -> Run {
        let began = Instant::now();
        let child = command.stdin(Stdio::null()).spawn().expect("the program runs");
        let output = child.wait_with_output().expect("the program ends");
        Run::read(&output, &self.events(), began.elapsed())
    }

    /// The requests that the server has seen.
    pub(crate) fn requests(&self) -> Vec<Entry> {
        self.server.journal().into_iter().filter(|entry| entry.kind == Kind::Request).collect()
    }

    /// Bytes of bodies that the server has sent.
    pub(crate) fn sent(&self) -> u64 {
        self.requests().iter().map(|entry| entry.bytes).sum()
    }

    /// The partial files in the cache.
    pub(crate) fn partials(&self) -> Vec<PathBuf> {
        files_under(&self.dir.path().join("cache"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "part"))
            .collect()
    }
}

impl Run {
    pub(crate) fn read(output: &Output, events: &Path, took: Duration) -> Self {
        let text = std::fs::read_to_string(events).unwrap_or_default();
        Self {
            code: output.status.code(),
            stdout: output.stdout.clone(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            events: text.lines().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect(),
            took,
        }
    }

    /// The attempts of the events.
    pub(crate) fn attempts(&self) -> Vec<&Value> {
        self.events.iter().filter(|event| event["event"] == "attempt").collect()
    }

    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.stderr);
        self
    }
}

/// The program, with nothing of this machine's settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_towline"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_lowercase();
        if text.starts_with("towline_") || text.ends_with("_proxy") || text.starts_with("ssl_cert") || text == "netrc" {
            command.env_remove(name);
        }
    }
    command
}

/// journal == log: every request that the server saw is a reached hop of the events, in order, and the other way round.
/// Both are grouped by path, since several files interleave.
#[track_caller]
pub(crate) fn journal_equals_log(journal: &[Entry], runs: &[&Run]) {
    let mut seen: Vec<(String, Option<String>, Option<u16>)> =
        journal.iter().map(|entry| (entry.path.clone(), entry.range.clone(), entry.status)).collect();
    let mut logged = Vec::new();
    for run in runs {
        for attempt in run.attempts() {
            for hop in attempt["hops"].as_array().expect("hops") {
                if hop["reached"] == true {
                    let url = hop["url"].as_str().unwrap_or_default();
                    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
                    let path = path.unwrap_or("/").trim_end_matches("?…").to_owned();
                    let range = hop["range"].as_u64().map(|from| format!("bytes={from}-"));
                    let status = hop["status"].as_u64().and_then(|status| u16::try_from(status).ok());
                    logged.push((path, range, status));
                }
            }
        }
    }
    // A stable sort keeps the order within a path.
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    logged.sort_by(|a, b| a.0.cmp(&b.0));
    // A status that broke off inside its head was sent by the server but never read by us.
    assert_eq!(seen.len(), logged.len(), "requests: server {seen:?}\nlog {logged:?}");
    for (server, log) in seen.iter().zip(&logged) {
        assert_eq!((&server.0, &server.1), (&log.0, &log.1), "server {seen:?}\nlog {logged:?}");
        if log.2.is_some() {
            assert_eq!(server.2, log.2, "server {seen:?}\nlog {logged:?}");
        }
    }
}

/// Every file below a folder.
pub(crate) fn files_under(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| if entry.path().is_dir() { files_under(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

/// Whether a file is exactly this content, without holding either in memory.
pub(crate) fn is_content(path: &Path, content: &towline_faults::Content) -> bool {
    use std::io::Read;
    let Ok(mut file) = std::fs::File::open(path) else { return false };
    if file.metadata().map_or(0, |found| found.len()) != content.size() {
        return false;
    }
    let (mut ours, mut theirs, mut at) = (vec![0; 1 << 20], vec![0; 1 << 20], 0);
    loop {
        let read = file.read(&mut ours).expect("the result can be read");
        if read == 0 {
            return at == content.size();
        }
        let got = content.read_at(at, &mut theirs[..read]);
        if got != read || ours[..read] != theirs[..read] {
            return false;
        }
        at += read as u64;
    }
}
