//! One HTTP/1 connection: requests in, exchanges one after the other.

#![expect(clippy::disallowed_methods, reason = "waiting on purpose is what a fault server does")]

use crate::answer::{Scene, answer};
use crate::door::finish_of;
use crate::journal::{Entry, Finish, Ticket};
use crate::links::Place;
use crate::plan::{Cut, Plan, plan};
use crate::proxy;
use crate::request::{Request, RequestBody};
use crate::respond::respond;
use crate::rule::Facts;
use crate::server::State;
use crate::stream::Stream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A connection and what was read from it too early.
#[derive(Debug)]
pub(crate) struct Conn<'a> {
    pub(crate) stream: &'a mut Stream,
    pub(crate) buffer: Vec<u8>,
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
}

/// What a connection does after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    KeepAlive,
    /// Drop the stream; how it ends is settled.
    Drop,
}

/// How a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paused {
    Over,
    /// The client has sent something, and the pause was one that this ends.
    Data,
    Closed,
}

/// Serves a connection until it ends.
pub(crate) async fn serve(conn: &mut Conn<'_>, state: &Arc<State>, entry: Entry) {
    let mut served = false;
    loop {
        match conn.read_request().await {
            Ok(request) => {
                served = true;
                if exchange(conn, state, &request).await == Next::Drop {
                    return;
                }
            }
            Err(fault) => {
                if !served || fault == HeadFault::Malformed {
                    let ticket = state.journal.open(entry);
                    if fault == HeadFault::Malformed {
                        ticket.status(400);
                        ticket.finish(Finish::Complete);
                        let _ = conn.stream.write_all(BAD_REQUEST).await;
                        conn.stream.close().await;
                    } else {
                        ticket.finish(Finish::ClientClosed);
                    }
                }
                return;
            }
        }
    }
}

async fn exchange(conn: &mut Conn<'_>, state: &Arc<State>, request: &Request) -> Next {
    if !conn.skip_body(request.body()).await {
        return Next::Drop;
    }
    let facts = Facts {
        path: &request.path,
        target: &request.target,
        method: &request.method,
        range: request.header("range"),
        connection: conn.id,
        http2: false,
    };
    let actions = state.rules().decide(&facts);
    let mut entry = request.entry(state.journal.now_ms(), conn.id, conn.peer.to_string());
    entry.actions.clone_from(&actions);
    let ticket = state.journal.open(entry);
    if proxy::is_for_others(state, request) {
        return proxy::forward(conn, state, request, &actions, &ticket).await;
    }
    let plan = plan_for(state, request, &actions);
    respond(conn, state, &plan, &ticket).await
}

/// The plan for a request to this origin.
pub(crate) fn plan_for(state: &State, request: &Request, actions: &[crate::Action]) -> Plan {
    let scene = Scene { port: state.addr.port(), serial: state.serial(), links: &state.links };
    let answer = match state.links.follow(&request.path) {
        _ if request.method == "CONNECT" => answer(request, None, &with_default(actions, 405), scene),
        Place::Path(path) => answer(request, state.find(path, request), actions, scene),
        Place::Expired => answer(request, None, &[crate::Action::Status(403)], scene),
    };
    let mut plan = plan(request, answer, actions);
    plan.headers.insert(0, ("Date".to_owned(), crate::Action::date(0)));
    plan
}

/// The actions, and a status where none is among them.
fn with_default(actions: &[crate::Action], status: u16) -> Vec<crate::Action> {
    let mut actions = actions.to_vec();
    if !actions.iter().any(|action| matches!(action, crate::Action::Status(_))) {
        actions.push(crate::Action::Status(status));
    }
    actions
}

/// Why there is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadFault {
    Gone,
    Malformed,
}

impl Conn<'_> {
    async fn read_request(&mut self) -> Result<Request, HeadFault> {
        loop {
            // RFC 9112 section 2.2: empty lines in front of a request are skipped.
            let blank = self.buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            self.buffer.drain(..blank);
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 4);
                return Request::parse(&head).ok_or(HeadFault::Malformed);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(HeadFault::Malformed);
            }
            if !self.fill().await {
                return Err(HeadFault::Gone);
            }
        }
    }

    /// Reads some more into the buffer; `false` at the end.
    async fn fill(&mut self) -> bool {
        self.stream.read_buf(&mut self.buffer).await.is_ok_and(|n| n > 0)
    }

    /// Reads over the body of a request, so that closing later is not a reset by accident.
    async fn skip_body(&mut self, body: RequestBody) -> bool {
        match body {
            RequestBody::Length(n) => self.skip(n).await,
            RequestBody::Chunked => loop {
                let Some(line) = self.line().await else { return false };
                let digits = line.split(';').next().unwrap_or_default().trim();
                let Ok(size) = u64::from_str_radix(digits, 16) else { return false };
                if size == 0 {
                    // Trailers end with an empty line.
                    while self.line().await.is_some_and(|l| !l.is_empty()) {}
                    return true;
                }
                if !self.skip(size.saturating_add(2)).await {
                    return false;
                }
            },
        }
    }

    async fn skip(&mut self, mut n: u64) -> bool {
        loop {
            let here = usize::try_from(n).unwrap_or(usize::MAX).min(self.buffer.len());
            self.buffer.drain(..here);
            n -= here as u64;
            if n == 0 {
                return true;
            }
            if !self.fill().await {
                return false;
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Some(line);
            }
            if self.buffer.len() > MAX_HEAD || !self.fill().await {
                return None;
            }
        }
    }

    /// Waits so long (`None`: for ever), and notices a client that leaves.
    pub(crate) async fn pause(&mut self, time: Option<Duration>) -> Paused {
        let until = time.map(|time| tokio::time::Instant::now() + time);
        loop {
            match self.wait(until).await {
                Paused::Data => {}
                end => return end,
            }
        }
    }

    /// As [`Conn::pause`], but ends when the client sends something.
    pub(crate) async fn idle(&mut self, time: Duration) -> Paused {
        if !self.buffer.is_empty() {
            return Paused::Data;
        }
        self.wait(Some(tokio::time::Instant::now() + time)).await
    }

    async fn wait(&mut self, until: Option<tokio::time::Instant>) -> Paused {
        let sleep = async {
            match until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        if self.buffer.len() > MAX_EARLY {
            sleep.await;
            return Paused::Over;
        }
        tokio::select! {
            read = self.stream.read_buf(&mut self.buffer) => match read {
                Ok(n) if n > 0 => Paused::Data,
                _ => Paused::Closed,
            },
            () = sleep => Paused::Over,
        }
    }

    /// Ends the connection and settles the entry before the client can see it.
    pub(crate) async fn cut(&mut self, cut: Cut, ticket: &Ticket) -> Next {
        ticket.finish(finish_of(cut));
        self.stream.cut(cut).await;
        Next::Drop
    }
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Bytes of a request head.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes a client may send ahead while it is being kept waiting.
const MAX_EARLY: usize = 1024 * 1024;
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
