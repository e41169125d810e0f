//! A small archive, a quick law, and what has to hold after every run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use towline_client::{Client, Options, Proxy};
use towline_faults::{Action, Content, Entry, File, Kind, Nth, Rule, Script, Server};
use towline_fetch::{Artifact, Done, Event, FetchError, Fetcher, Goal, Outcome, Tree};
use towline_store::{Digest, Store};
use towline_transfer::Policy;
use towline_unpack::{Codec, Format, Unpacker};

pub(crate) const NAME: &str = "pkg-1.0.tar";
pub(crate) const PATH: &str = "/files/pkg-1.0.tar";

/// Files of the archive: enough for several pieces, names in two folders.
pub(crate) fn members() -> BTreeMap<String, Vec<u8>> {
    let content = |at: u64| Content::generated(8_000 + 1_111 * at, at).to_vec();
    (0..24).map(|at| (format!("pkg-1.0/part{}/file{at}.bin", at % 2), content(at))).collect()
}

/// The archive: a plain tar, so that every byte of it means something at its own place.
pub(crate) fn archive() -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in members() {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(&content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// A server, a store, and a folder for results.
pub(crate) struct Case {
    pub(crate) server: Server,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) retries: u32,
}

/// What came of a run.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    /// Members written and passes, as told last.
    pub(crate) written: u64,
    pub(crate) passes: u64,
}

impl Case {
    /// The archive at [`PATH`], with a strong ETag, and these rules.
    pub(crate) fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::serving(archive(), rules)
    }

    pub(crate) fn serving(bytes: Vec<u8>, rules: impl IntoIterator<Item = Rule>) -> Self {
        let script = Script::new().file(File::bytes(PATH, bytes));
        let server = Server::start(rules.into_iter().fold(script, Script::rule)).unwrap();
        Self { server, dir: tempfile::tempdir().unwrap(), retries: 3 }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.root()).unwrap()
    }

    pub(crate) fn place(&self) -> PathBuf {
        self.dir.path().join("out/pkg-1.0")
    }

    pub(crate) fn fetcher(&self) -> Fetcher {
        let policy = Policy {
            retries: self.retries,
            base_wait: Duration::from_millis(1),
            cap_wait: Duration::from_millis(4),
            retry_after_spread: Duration::from_millis(5),
            shared_spread: Duration::from_millis(5),
            ..Policy::default()
        };
        let client = Client::new(Options { policy, proxy: Proxy::Direct, ..Options::default() });
        Fetcher::new(client, self.store(), Unpacker::new(2).unwrap())
    }

    pub(crate) fn artifact(&self, digest: Option<&[u8]>) -> Artifact {
        let digest = digest.map(|bytes| Digest::sha256(&Content::bytes(bytes.to_vec()).sha256()).unwrap());
        let urls = vec![self.server.url(PATH).parse().unwrap()];
        Artifact { name: NAME.to_owned(), urls, digest, size: None }
    }

    pub(crate) fn tree(&self) -> Goal {
        Goal::Tree { at: self.place(), tree: tar() }
    }

    /// Runs and compares journal and log.
    pub(crate) fn run(&self, artifact: &Artifact, goal: &Goal) -> Run {
        let before = self.server.journal().len();
        let seen = RefCell::new((0, 0));
        let observe = |event: Event<'_>| {
            if let Event::Unpacking { written, passes, .. } = event {
                *seen.borrow_mut() = (written, passes);
            }
        };
        let outcome = block_on(self.fetcher().fetch(artifact, goal, observe));
        journal_equals_log(&self.server.journal()[before..], &outcome);
        let (written, passes) = seen.into_inner();
        Run { outcome, written, passes }
    }

    /// The tree is whole and right.
    #[track_caller]
    pub(crate) fn assert_tree(&self) {
        assert_eq!(files(&self.place()), expected());
    }

    /// Nothing is at the goal's place or beside it, and no stage is left.
    #[track_caller]
    pub(crate) fn assert_nothing(&self) {
        assert_eq!(listing(&self.dir.path().join("out")), Vec::<PathBuf>::new());
        assert_eq!(listing(&self.root().join("staging")), Vec::<PathBuf>::new());
    }

    pub(crate) fn sent(&self) -> u64 {
        self.server.journal().iter().map(|entry| entry.bytes).sum()
    }

    pub(crate) fn requests(&self) -> usize {
        self.server.journal().iter().filter(|entry| entry.kind == Kind::Request).count()
    }

    /// Bytes in partial files.
    pub(crate) fn kept(&self) -> u64 {
        let parts = walk(&self.root().join("partial"));
        let parts = parts.into_iter().filter(|path| path.extension().is_some_and(|end| end == "part"));
        parts.map(|path| path.metadata().map_or(0, |found| found.len())).sum()
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn done(self) -> Done {
        self.outcome.result.unwrap_or_else(|error| panic!("{error:?}\n{:#?}", self.outcome.log))
    }

    #[track_caller]
    pub(crate) fn error(self) -> FetchError {
        self.outcome.result.expect_err("it should have failed")
    }
}

pub(crate) fn tar() -> Tree {
    Tree::of(Format::Tar(Codec::Stored))
}

/// At the nth request.
pub(crate) fn at(nth: u64, action: Action) -> Rule {
    Rule::on(PATH).nth(Nth::from(nth)).act(action)
}

pub(crate) fn always(action: Action) -> Rule {
    Rule::on(PATH).act(action)
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(crate) fn expected() -> BTreeMap<PathBuf, Vec<u8>> {
    members().into_iter().map(|(name, content)| (PathBuf::from(name), content)).collect()
}

/// Every file below a folder, relative to it.
pub(crate) fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let relative = |path: PathBuf| (path.strip_prefix(root).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
    walk(root).into_iter().map(relative).collect()
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| if path.is_dir() { walk(&path) } else { vec![path] };
    listing(dir).into_iter().flat_map(below).collect()
}

pub(crate) fn listing(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// Requests and reached hops are the same, in order: `Range` and status.
#[track_caller]
fn journal_equals_log(journal: &[Entry], outcome: &Outcome) {
    let requests = journal.iter().filter(|entry| entry.kind == Kind::Request);
    let seen: Vec<_> = requests.map(|entry| (entry.range.clone(), entry.status)).collect();
    let hops = outcome.log.iter().flat_map(|attempt| &attempt.hops).filter(|hop| hop.reached);
    let logged: Vec<_> = hops.map(|hop| (hop.range.map(|from| format!("bytes={from}-")), hop.status)).collect();
    assert_eq!(seen, logged, "left: what the server saw; right: the log");
}
