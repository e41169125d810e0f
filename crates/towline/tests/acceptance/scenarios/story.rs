//! One scenario file, the program run against it, and what both say.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use towline_faults::{Content, Entry, Script};

use crate::support::{Case, Run, figure, is_content, journal_equals_log};

/// A running server with the script of one file of `scenarios/`.
pub(super) struct Story {
    pub(super) case: Case,
    name: String,
    files: HashMap<String, Content>,
}

/// The file of most scenarios.
pub(super) const FILE: &str = "/a.bin";

/// The folder of scenario files.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

impl Story {
    pub(super) fn open(name: &str) -> Self {
        Self::open_with(name, |script| script)
    }

    /// Adds to the script of the file what a file would say at too great a length.
    pub(super) fn open_with(name: &str, more: impl FnOnce(Script) -> Script) -> Self {
        let path = folder().join(name).with_extension("toml");
        let script = Script::load(&path).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        let table: toml::Table = std::fs::read_to_string(&path).expect("the file is there").parse().expect("TOML");
        let files = table["file"].as_array().expect("files").iter().map(content).collect();
        Self { case: Case::new(more(script)), name: name.to_owned(), files }
    }

    pub(super) fn content(&self, path: &str) -> &Content {
        &self.files[path]
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&String, &Content)> {
        self.files.iter()
    }

    /// `towline get URL… -d out`, trusting the server's certificate.
    pub(super) fn command(&self, paths: &[&str], more: &[&str]) -> Command {
        let mut command = self.case.get();
        if let Some(pem) = self.case.server.ca_pem() {
            let trusted = self.case.dir.path().join("ca.pem");
            std::fs::write(&trusted, pem).expect("the certificate can be written");
            command.env("SSL_CERT_FILE", trusted);
        }
        let urls = paths.iter().map(|path| match path.strip_prefix('/') {
            Some(_) => self.case.server.url(path),
            None => (*path).to_owned(),
        });
        command.args(urls).arg("-d").arg(self.case.out()).args(more);
        command
    }

    /// Runs it for the one file, of which nothing is known.
    pub(super) fn get(&self, more: &[&str]) -> Run {
        self.case.finish(self.command(&[FILE], more))
    }

    /// The same with the digest of the file.
    pub(super) fn get_known(&self, more: &[&str]) -> Run {
        let digest = self.content(FILE).sha256();
        self.get(&[&["--sha256", &digest], more].concat())
    }

    /// Checks exit code, requests and journal == log.
    #[track_caller]
    pub(super) fn tells(&self, run: &Run, code: i32, requests: &[&str]) {
        run.expect(code);
        let asked = self.asked();
        assert_eq!(asked, requests, "requests\n{}", run.stderr);
        journal_equals_log(&self.case.requests(), &[run]);
        let shown = if asked.len() > 10 { format!("{} requests", asked.len()) } else { asked.join(", ") };
        figure(&self.name, &format!("exit {code}, {}", if shown.is_empty() { "no request" } else { &shown }));
    }

    /// Checks that the file is there, and exactly right.
    #[track_caller]
    pub(super) fn is_whole(&self) {
        assert!(is_content(&self.out(), self.content(FILE)), "{}: the file is right", self.name);
    }

    /// Checks that nothing can be seen at the destination.
    #[track_caller]
    pub(super) fn is_unseen(&self) {
        assert!(!self.out().exists(), "{}: nothing is at the destination", self.name);
    }

    /// Where the one file goes.
    pub(super) fn out(&self) -> PathBuf {
        self.case.out().join("a.bin")
    }

    /// The one partial file.
    #[track_caller]
    pub(super) fn partial(&self) -> PathBuf {
        let partials = self.case.partials();
        assert_eq!(partials.len(), 1, "{}: one partial file", self.name);
        partials[0].clone()
    }

    /// The requests that the server has seen, in words.
    pub(super) fn asked(&self) -> Vec<String> {
        self.case.requests().iter().map(in_words).collect()
    }
}

/// `whole 200`, `24- 206`, `24- if "v1" 206`; `-` where no status was sent.
pub(super) fn in_words(entry: &Entry) -> String {
    let range = entry.range.as_deref().map_or("whole", |range| range.strip_prefix("bytes=").unwrap_or(range));
    let condition = entry.if_range.as_ref().map(|tag| format!(" if {tag}")).unwrap_or_default();
    let status = entry.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    format!("{range}{condition} {status}")
}

fn content(file: &toml::Value) -> (String, Content) {
    let path = file["path"].as_str().expect("a path").to_owned();
    if let Some(text) = file.get("text") {
        return (path, Content::bytes(text.as_str().expect("a text")));
    }
    let size = match &file["size"] {
        toml::Value::Integer(size) => u64::try_from(*size).expect("a size"),
        other => {
            let text = other.as_str().expect("a size");
            let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).expect("a unit"));
            let unit = match unit {
                "kB" => 1000,
                "MB" => 1_000_000,
                _ => panic!("a unit that is not read here: {unit}"),
            };
            number.parse::<u64>().expect("a number") * unit
        }
    };
    let seed = file.get("seed").map_or(0, |seed| seed.as_integer().expect("a seed"));
    (path, Content::generated(size, u64::try_from(seed).expect("a seed")))
}

/// Polls until it is so; fails after ten seconds.
#[track_caller]
pub(super) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(10), "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Does the work for each item, a few at a time: more processes at once would time each other out.
pub(super) fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
