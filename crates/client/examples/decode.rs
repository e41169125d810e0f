//! Unpacks a gzip file while it comes, to standard output: `cargo run -p towline-client --example decode -- URL`.
//!
//! The decoder is an ordinary one. It reads a copy that only ever grows, waits where that ends for now, and never sees a
//! network fault: cut the connection as often as you like (`towline-faults serve scenarios/lossy-32k.toml`).

use std::error::Error;
use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::BufReader;
use towline_client::{Client, Options, Sink, Url, Wanted};
use towline_store::{AsyncReader, Claim, Key, Outcome, Spool, Store};

/// The growing copy. A program that knows a digest also has `verify`, and says so in `Wanted`.
struct Copy(Spool);

impl Sink for Copy {
    fn len(&self) -> u64 {
        self.0.len()
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes).map_err(io::Error::other)
    }
    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.0.matches(at, bytes)
    }
    fn cut(&mut self, at: u64) -> io::Result<()> {
        // Readers beyond `at` get the error `Restarted`.
        self.0.cut(at).map_err(io::Error::other)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url: Url = std::env::args().nth(1).ok_or("usage: decode URL")?.parse()?;
    let store = Store::open(std::env::temp_dir().join("towline-decode"))?;
    let Claim::Lead(spool) = store.claim(&Key::of_url(url.as_str()))? else {
        return Err("another one is at it".into());
    };
    let mut decoder = GzipDecoder::new(BufReader::new(AsyncReader::new(spool.reader())));
    let mut copy = Copy(spool);
    let fetch = async move {
        let outcome = Client::new(Options::default()).fetch(Wanted::url(url), &mut copy, |_| {}).await?;
        // Either way the decoder must be told that nothing more comes.
        match outcome.result {
            Ok(()) => copy.0.complete()?,
            Err(_) => copy.0.release(Outcome::Failed),
        }
        Ok::<_, Box<dyn Error>>(outcome.result)
    };
    let mut out = tokio::io::stdout();
    let (fetched, decoded) = tokio::join!(fetch, tokio::io::copy(&mut decoder, &mut out));
    // The first cause is the network's: what a decoder says about cut bytes is not the error.
    fetched?.map_err(|failure| failure.cause.to_string())?;
    decoded?;
    Ok(())
}
