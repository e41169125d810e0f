//! The client against a fault server in this process, over loopback: into nothing, and into a spool with a hasher.
//!
//! The server uses about as much CPU as the client, so on two cores this is a ceiling of both together: good for
//! comparing with itself, not for absolute figures (`compare/` has those).

use std::io;

use divan::Bencher;
use divan::counter::BytesCount;
use tempfile::TempDir;
use towline_client::{Client, Options, Sink, Url, Wanted};
use towline_faults::{Action, At, File, Rule, Script, Server};
use towline_store::{Algorithm, Claim, Digest, Hasher, Key, Spool, Store};

fn main() {
    divan::main();
}

const SIZE: u64 = 64 * 1024 * 1024;
const SMALL: u64 = 16 * 1024;

/// Counts bytes and forgets them.
struct Nothing(u64);

impl Sink for Nothing {
    fn len(&self) -> u64 {
        self.0
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 += bytes.len() as u64;
        Ok(())
    }

    fn matches(&mut self, _: u64, _: &[u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.0 = at;
        Ok(())
    }

    async fn verify(&mut self) -> io::Result<Option<String>> {
        Ok(None)
    }
}

/// A spool with a hasher behind it, as `towline get` has it.
struct Hashed {
    spool: Spool,
    hasher: Hasher,
    wanted: Digest,
}

impl Sink for Hashed {
    fn len(&self) -> u64 {
        self.spool.len()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.spool.append(bytes).map_err(io::Error::other)
    }

    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.spool.matches(at, bytes)
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.spool.cut(at).map_err(io::Error::other)
    }

    async fn verify(&mut self) -> io::Result<Option<String>> {
        let found = self.hasher.finish(self.spool.len()).map_err(io::Error::other)?;
        Ok((found != self.wanted).then(|| found.hex().to_owned()))
    }
}

fn fetch(runtime: &tokio::runtime::Runtime, url: &Url, digest: bool, sink: &mut impl Sink) {
    // A client for each: connections and what was learned of the origin must not help the next.
    let client = Client::new(Options::default());
    let wanted = Wanted { digest, ..Wanted::url(url.clone()) };
    let outcome = runtime.block_on(client.fetch(wanted, sink, |_| {})).expect("the request makes sense");
    outcome.result.expect("the link still moves");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn serve(size: u64, cut: Option<&str>) -> (Server, Url, Digest) {
    let file = File::generated("/a.bin", size, 1);
    let content = towline_faults::Content::generated(size, 1);
    let mut script = Script::new().file(file);
    if let Some(cut) = cut {
        script = script.rule(Rule::on("/a.bin").act(Action::Every(cut.parse::<At>().expect("a place"))));
    }
    let server = Server::start(script).expect("a port");
    let url = Url::parse(&server.url("/a.bin")).expect("a URL");
    (server, url, Digest::sha256(&content.sha256()).expect("a digest"))
}

/// Every byte thrown away: what the network side costs.
#[divan::bench(args = [None, Some("5%")], sample_count = 10, sample_size = 1)]
fn into_nothing(bencher: Bencher<'_, '_>, cut: Option<&str>) {
    let (_server, url, _) = serve(SIZE, cut);
    let runtime = runtime();
    bencher.counter(BytesCount::new(SIZE)).bench_local(|| fetch(&runtime, &url, false, &mut Nothing(0)));
}

/// Every byte kept and hashed.
#[divan::bench(args = [None, Some("5%")], sample_count = 10, sample_size = 1)]
fn into_a_spool(bencher: Bencher<'_, '_>, cut: Option<&str>) {
    let dir = TempDir::new().expect("a folder");
    let (_server, url, wanted) = serve(SIZE, cut);
    let runtime = runtime();
    let mut run = 0;
    bencher
        .counter(BytesCount::new(SIZE))
        .with_inputs(|| {
            run += 1;
            let store = Store::open(dir.path()).expect("the folder is ours");
            let Claim::Lead(spool) = store.claim(&Key::of_url(&format!("{url}{run}"))).expect("the folder is ours")
            else {
                panic!("nobody else is at a fresh key")
            };
            let hasher = Hasher::follow(&spool, Algorithm::Sha256).expect("a thread");
            Hashed { spool, hasher, wanted: wanted.clone() }
        })
        .bench_local_values(|mut sink| {
            fetch(&runtime, &url, true, &mut sink);
            sink
        });
}

/// A request for a small file: what a transfer costs beside its bytes.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn small(bencher: Bencher<'_, '_>) {
    let (_server, url, _) = serve(SMALL, None);
    let runtime = runtime();
    bencher.counter(BytesCount::new(SMALL)).bench_local(|| fetch(&runtime, &url, false, &mut Nothing(0)));
}
