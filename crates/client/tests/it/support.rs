//! A sink in memory, a quick law, and the comparison of log and journal.

use std::io;
use std::time::Duration;

use towline_client::transfer::{Attempt, Cause, Failure, Fault, Policy};
use towline_client::{Client, Event, Options, Outcome, Proxy, Roots, Sink, Url, Wanted};
use towline_faults::{Content, Entry, File, Kind, Script, Server};

pub(crate) const PATH: &str = "/a.bin";

/// The law with short waits, and with time limits that a busy machine keeps.
pub(crate) fn quick() -> Policy {
    Policy {
        base_wait: Duration::from_millis(1),
        cap_wait: Duration::from_millis(4),
        retry_after_spread: Duration::from_millis(5),
        shared_spread: Duration::from_millis(5),
        ..Policy::default()
    }
}

/// As [`quick`], with so many retries.
pub(crate) fn retries(retries: u32) -> Policy {
    Policy { retries, ..quick() }
}

/// Options of a test: no proxy, whatever the environment says.
pub(crate) fn options(policy: Policy) -> Options {
    Options { policy, proxy: Proxy::Direct, ..Options::default() }
}

/// Options that trust this server.
pub(crate) fn trusting(server: &Server, policy: Policy) -> Options {
    let roots = server.ca_pem().map(|pem| Roots::from_pem(pem.as_bytes()).unwrap());
    Options { roots, ..options(policy) }
}

/// A server with one file at [`PATH`].
pub(crate) fn script(size: u64) -> Script {
    Script::new().file(File::generated(PATH, size, 1))
}

pub(crate) fn content(size: u64) -> Content {
    Content::generated(size, 1)
}

pub(crate) fn url(server: &Server, path: &str) -> Url {
    server.url(path).parse().unwrap()
}

/// The bytes of a transfer, and whether they are those of a known file.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Option<String>,
    pub(crate) cuts: usize,
    pub(crate) full_at: Option<usize>,
}

impl Memory {
    /// Knows the digest of this content.
    pub(crate) fn of(content: &Content) -> Self {
        Self { digest: Some(content.sha256()), ..Self::default() }
    }

    /// Holds the beginning of this content already.
    pub(crate) fn holding(mut self, content: &Content, len: u64) -> Self {
        self.bytes = content.slice(0, len);
        self
    }
}

impl Sink for Memory {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.full_at.is_some_and(|most| self.bytes.len() + bytes.len() > most) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        let at = usize::try_from(at).unwrap();
        let held = &self.bytes[at..at + bytes.len()];
        Ok(held.iter().zip(bytes).position(|(held, new)| held != new))
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.bytes.truncate(usize::try_from(at).unwrap());
        self.cuts += 1;
        Ok(())
    }

    async fn verify(&mut self) -> io::Result<Option<String>> {
        let digest = Content::bytes(self.bytes.clone()).sha256();
        Ok(if self.digest.as_ref() == Some(&digest) { None } else { Some(digest) })
    }
}

/// What came of a transfer.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) result: Result<(), Failure>,
    pub(crate) log: Vec<Attempt>,
    pub(crate) size: Option<u64>,
    pub(crate) sink: Memory,
    /// Each event as text.
    pub(crate) events: Vec<String>,
}

impl Run {
    /// The fault of an attempt, from 0.
    pub(crate) fn fault(&self, attempt: usize) -> Option<&Fault> {
        self.log[attempt].fault.as_ref()
    }

    /// All bytes came, and no other.
    #[track_caller]
    pub(crate) fn assert_brought(&self, content: &Content) {
        assert!(self.result.is_ok(), "{:?}\n{:#?}", self.result, self.log);
        assert!(self.sink.bytes == content.to_vec(), "{} wrong bytes\n{:#?}", self.sink.bytes.len(), self.log);
    }

    #[track_caller]
    pub(crate) fn cause(&self) -> &Cause {
        &self.result.as_ref().expect_err("the transfer should have failed").cause
    }

    /// All that a user or a log file could see.
    pub(crate) fn shown(&self) -> String {
        format!("{:?} {:?} {:?}", self.result, self.log, self.events)
    }
}

/// A wish for these URLs; the digest counts if the sink knows one.
pub(crate) fn wanted(urls: &[Url], sink: &Memory) -> Wanted {
    Wanted { urls: urls.to_vec(), digest: sink.digest.is_some(), ..Wanted::url(urls[0].clone()) }
}

/// Runs a transfer.
pub(crate) async fn fetch(client: &Client, wanted: Wanted, sink: Memory) -> Run {
    fetch_seen(client, wanted, sink, |_| {}).await
}

/// The same for somebody who wants to see the events as they come.
pub(crate) async fn fetch_seen(client: &Client, wanted: Wanted, mut sink: Memory, seen: impl Fn(&Event<'_>)) -> Run {
    let mut events = Vec::new();
    let observe = |event: Event<'_>| {
        seen(&event);
        events.push(format!("{event:?}"));
    };
    let Outcome { result, log, size } = client.fetch(wanted, &mut sink, observe).await.unwrap();
    Run { result, log, size, sink, events }
}

/// Runs one transfer of [`PATH`] and compares log and journal.
pub(crate) async fn run(server: &Server, options: Options, sink: Memory) -> Run {
    let run = fetch(&Client::new(options), wanted(&[url(server, PATH)], &sink), sink).await;
    assert_journal_equals_log(&server.journal(), &run.log);
    run
}

/// Every request that the server saw is a hop of the log and every answered hop is a request, in order: path, `Range`,
/// `If-Range`, status. A hop without an answer may have ended before its request arrived: then there is a connection
/// without one.
#[track_caller]
pub(crate) fn assert_journal_equals_log(journal: &[Entry], log: &[Attempt]) {
    let mut requests =
        journal.iter().filter(|entry| entry.kind == Kind::Request && entry.method != "CONNECT").peekable();
    let mut without = journal.iter().filter(|entry| entry.kind == Kind::Connection).count();
    for hop in log.iter().flat_map(|attempt| &attempt.hops).filter(|hop| hop.reached) {
        let path = Url::parse(&hop.url).unwrap().path().to_owned();
        let range = hop.range.map(|from| format!("bytes={from}-"));
        let same = |entry: &&Entry| {
            entry.path == path
                && entry.range == range
                && entry.if_range.is_some() == hop.if_range
                && hop.status.is_none_or(|status| entry.status == Some(status))
        };
        if requests.next_if(same).is_none() {
            assert!(hop.status.is_none() && without > 0, "no request for {hop:?}\n{log:#?}\n{journal:#?}");
            without -= 1;
        }
    }
    let left: Vec<_> = requests.collect();
    assert!(left.is_empty(), "requests that no attempt owns up to: {left:#?}\n{log:#?}");
}

/// The requests that the server saw.
pub(crate) fn requests(server: &Server) -> Vec<Entry> {
    server.journal().into_iter().filter(|entry| entry.kind == Kind::Request && entry.method != "CONNECT").collect()
}

/// Bytes of bodies that the server handed out.
pub(crate) fn sent(server: &Server) -> u64 {
    server.journal().iter().map(|entry| entry.bytes).sum()
}
