//! What happened, in order: one entry for each request that arrived whole, and one for each connection
//! on which none did.

use crate::action::Action;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One line of the journal. As NDJSON the fields have these names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Position in the journal, from 0.
    pub seq: u64,
    /// What the entry is about.
    pub kind: Kind,
    /// Milliseconds from the start of the server to the end of the request head (connection: to its acceptance).
    pub time_ms: u64,
    /// Number of the connection, from 1.
    pub connection: u64,
    /// Address of the client.
    pub peer: String,
    /// `HTTP/1.1`, `HTTP/1.0`, `HTTP/2`; empty for a connection.
    pub version: String,
    /// Request method; empty for a connection.
    pub method: String,
    /// Request target as it stood in the request line.
    pub target: String,
    /// Path of the target, without the query.
    pub path: String,
    /// Host header, or `:authority`.
    pub host: Option<String>,
    /// Range header.
    pub range: Option<String>,
    /// If-Range header.
    pub if_range: Option<String>,
    /// Accept-Encoding header.
    pub accept_encoding: Option<String>,
    /// Whether credentials came along (Authorization, for a proxy also Proxy-Authorization). Their value is never kept.
    pub authorization: bool,
    /// User-Agent header.
    pub user_agent: Option<String>,
    /// Status sent; `None` if no whole head was.
    pub status: Option<u16>,
    /// Actions of the rule that matched.
    pub actions: Vec<Action>,
    /// Bytes of body handed to the socket (or to the HTTP/2 stream), framing not counted.
    pub bytes: u64,
    /// How it ended; `None` while it goes on.
    pub finished: Option<Finish>,
}

/// What an [`Entry`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A request whose head arrived whole.
    Request,
    /// A connection on which no request arrived whole.
    Connection,
}

/// How a response, or a connection without one, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// All of it was handed to the socket.
    Complete,
    /// Ended by a reset of ours (HTTP/2: RST_STREAM or GOAWAY too).
    Rst,
    /// Ended early by a FIN of ours.
    Fin,
    /// Held up until the client gave up.
    Stalled,
    /// The client went away first.
    ClientClosed,
}

/// The journal of a server.
pub(crate) struct Journal {
    start: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    entries: Vec<Entry>,
    sink: Option<Box<dyn Write + Send>>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("entries", &self.lock().entries.len()).finish_non_exhaustive()
    }
}

impl Journal {
    pub(crate) fn new(sink: Option<Box<dyn Write + Send>>) -> Self {
        Self { start: Instant::now(), inner: Mutex::new(Inner { entries: Vec::new(), sink }) }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn snapshot(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Enters `entry` with the next sequence number.
    pub(crate) fn open(self: &Arc<Self>, mut entry: Entry) -> Ticket {
        let mut inner = self.lock();
        let index = inner.entries.len();
        entry.seq = index as u64;
        inner.entries.push(entry);
        Ticket { journal: Arc::clone(self), index }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// An entry for a connection; requests fill in the rest.
    pub(crate) fn connection(time_ms: u64, connection: u64, peer: String) -> Self {
        Self {
            seq: 0,
            kind: Kind::Connection,
            time_ms,
            connection,
            peer,
            version: String::new(),
            method: String::new(),
            target: String::new(),
            path: String::new(),
            host: None,
            range: None,
            if_range: None,
            accept_encoding: None,
            authorization: false,
            user_agent: None,
            status: None,
            actions: Vec::new(),
            bytes: 0,
            finished: None,
        }
    }
}

/// The right to write to one entry. When it is dropped the entry goes to the NDJSON sink.
#[derive(Debug)]
pub(crate) struct Ticket {
    journal: Arc<Journal>,
    index: usize,
}

impl Ticket {
    fn with(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.journal.lock().entries.get_mut(self.index) {
            change(entry);
        }
    }

    pub(crate) fn status(&self, status: u16) {
        self.with(|e| e.status = Some(status));
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.with(|e| e.bytes += bytes);
    }

    /// Takes back bytes that were counted but not written.
    pub(crate) fn take_back(&self, bytes: u64) {
        self.with(|e| e.bytes = e.bytes.saturating_sub(bytes));
    }

    pub(crate) fn finish(&self, finish: Finish) {
        self.with(|e| e.finished = Some(finish));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inner = self.journal.lock();
        let Inner { entries, sink } = &mut *inner;
        let Some(entry) = entries.get_mut(self.index) else { return };
        // Only an outage or the end of the server drops a response in the middle, and both reset.
        entry.finished.get_or_insert(Finish::Rst);
        let Some(sink) = sink else { return };
        if let Ok(mut line) = serde_json::to_vec(entry) {
            line.push(b'\n');
            // A journal nobody reads any more must not stop the server.
            let _ = sink.write_all(&line).and_then(|()| sink.flush());
        }
    }
}
