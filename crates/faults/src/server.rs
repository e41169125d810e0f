//! The server: a thread with a runtime of its own, a listener, a task for each connection.

#![expect(clippy::disallowed_methods, reason = "waiting on purpose is what a fault server does")]

use crate::door::connection;
use crate::index;
use crate::journal::{Entry, Journal};
use crate::links::Links;
use crate::request::Request;
use crate::rule::RuleBook;
use crate::script::Script;
use crate::site::{Resource, Site};
use crate::speed::Bottleneck;
use crate::tls::Tls;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// A running server. Dropping it stops it and frees its port.
#[derive(Debug)]
pub struct Server {
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A server that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address is taken or not ours.
    #[error("could not listen on {addr}")]
    Bind {
        /// Where.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No thread or no runtime could be had.
    #[error("could not start the server's thread")]
    Thread(#[source] io::Error),
    /// Certificates could not be made, for instance because of a malformed host name in the script.
    #[error("could not set up TLS")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Server {
    /// Starts a server on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, or the system gives no thread.
    pub fn start(script: Script) -> Result<Self, ServerError> {
        Self::launch(script, None)
    }

    /// As [`Server::start`]; each entry is also written to `journal` as a line of JSON when it is finished.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub fn start_with_journal(script: Script, journal: Box<dyn Write + Send>) -> Result<Self, ServerError> {
        Self::launch(script, Some(journal))
    }

    fn launch(script: Script, sink: Option<Box<dyn Write + Send>>) -> Result<Self, ServerError> {
        let wanted = script.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let bind = |source| ServerError::Bind { addr: wanted, source };
        let listener = std::net::TcpListener::bind(wanted).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("towline-faults")
            .enable_all()
            .build()
            .map_err(ServerError::Thread)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(bind)?
        };
        let tls = script.tls.then(|| Tls::new(&script.hosts, script.http2)).transpose();
        let tls = tls.map_err(|e| ServerError::Tls(Box::new(e)))?;
        let (refuse, refused) = mpsc::unbounded_channel();
        let state = Arc::new(State::new(script, addr, tls, Journal::new(sink), refuse));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept_all(shared, listener, refused) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(SHUTDOWN);
        };
        let thread = std::thread::Builder::new().name("towline-faults".to_owned()).spawn(run);
        Ok(Self { state, stop: Some(stop), thread: Some(thread.map_err(ServerError::Thread)?) })
    }

    /// Where the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.state.addr
    }

    /// The URL of a path, which starts with `/`: `https` if TLS is on.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.state.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.state.addr)
    }

    /// The certificate to trust, as PEM, if TLS is on.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.state.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// What has happened so far, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.state.journal.snapshot()
    }

    /// Puts the rules of another script in force and starts all counts anew. Everything else of it is ignored.
    pub fn set_script(&self, script: Script) {
        *self.state.rules() = RuleBook::new(script.rules);
    }

    /// Resets every connection and refuses new ones for so long. Returns when the port is closed.
    pub fn outage(&self, time: Duration) {
        let (done, closed) = std::sync::mpsc::channel();
        self.state.close_listener(time, move || done.send(()).unwrap_or_default());
        // An error means that the server is gone, which refuses as well.
        let _ = closed.recv();
        self.state.kill_all();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The thread may have ended by itself; then nobody listens.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What the connections of a server share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) addr: SocketAddr,
    pub(crate) journal: Arc<Journal>,
    pub(crate) links: Links,
    pub(crate) bottleneck: Bottleneck,
    pub(crate) tls: Option<Tls>,
    pub(crate) http2: bool,
    pub(crate) proxy: bool,
    hosts: Vec<String>,
    site: Site,
    rules: Mutex<RuleBook>,
    serial: AtomicU64,
    refuse: mpsc::UnboundedSender<Refusal>,
    kill: watch::Sender<u64>,
}

/// A wish to close the listener for a while.
struct Refusal {
    time: Duration,
    closed: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal").field("time", &self.time).finish_non_exhaustive()
    }
}

impl State {
    fn new(
        script: Script,
        addr: SocketAddr,
        tls: Option<Tls>,
        journal: Journal,
        refuse: mpsc::UnboundedSender<Refusal>,
    ) -> Self {
        Self {
            addr,
            journal: Arc::new(journal),
            links: Links::default(),
            bottleneck: Bottleneck::default(),
            tls,
            http2: script.http2,
            proxy: script.proxy,
            hosts: script.hosts,
            site: Site::new(script.files, script.dirs),
            rules: Mutex::new(RuleBook::new(script.rules)),
            serial: AtomicU64::new(0),
            refuse,
            kill: watch::Sender::new(0),
        }
    }

    pub(crate) fn rules(&self) -> MutexGuard<'_, RuleBook> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What a path leads to: a listing or a file.
    pub(crate) fn find(&self, path: &str, request: &Request) -> Option<Resource> {
        if index::is_listing(path) {
            let host = request.header("host").map_or_else(|| self.addr.to_string(), str::to_owned);
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            let accept = request.header("accept").unwrap_or_default();
            let found = index::listing(path, accept, &format!("{scheme}://{host}"), &self.site.served());
            if found.is_some() {
                return found;
            }
        }
        self.site.find(path)
    }

    /// Whether an authority (host, perhaps with a port) means this server.
    pub(crate) fn is_here(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().ok()),
            _ => (authority, None),
        };
        let named = self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host));
        let local = host == "localhost" || host == self.addr.ip().to_string();
        named || (local && port == Some(self.addr.port()))
    }

    /// Tells of outages to come.
    pub(crate) fn outages(&self) -> watch::Receiver<u64> {
        self.kill.subscribe()
    }

    fn close_listener(&self, time: Duration, closed: impl FnOnce() + Send + 'static) {
        // An error means that nobody accepts any more.
        let _ = self.refuse.send(Refusal { time, closed: Box::new(closed) });
    }

    /// Refuses new connections for so long; returns when the port is closed.
    pub(crate) async fn refuse(&self, time: Duration) {
        let (done, closed) = oneshot::channel();
        self.close_listener(time, move || done.send(()).unwrap_or_default());
        let _ = closed.await;
    }

    /// Refuses new connections and resets the old ones.
    pub(crate) async fn outage(&self, time: Duration) {
        self.refuse(time).await;
        self.kill_all();
    }

    fn kill_all(&self) {
        self.kill.send_modify(|n| *n += 1);
    }
}

/// Accepts until the end of time. A refusal closes the listener and opens it again later.
async fn accept_all(state: Arc<State>, listener: TcpListener, mut refusals: mpsc::UnboundedReceiver<Refusal>) {
    let mut listener = Some(listener);
    let mut open_at = Instant::now();
    let mut connections = 0;
    loop {
        tokio::select! {
            accepted = accept(listener.as_ref()) => {
                let Ok((tcp, peer)) = accepted else { continue };
                connections += 1;
                tokio::spawn(connection(Arc::clone(&state), tcp, peer, connections));
            }
            Some(refusal) = refusals.recv() => {
                listener = None;
                open_at = open_at.max(Instant::now() + refusal.time);
                (refusal.closed)();
            }
            () = tokio::time::sleep_until(open_at), if listener.is_none() => {
                listener = TcpListener::bind(state.addr).await.ok();
                open_at = Instant::now() + REOPEN;
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// Blocking on a disk or hashing on one of them leaves the other.
const WORKERS: usize = 2;
const SHUTDOWN: Duration = Duration::from_millis(200);
/// Pause between attempts to take the port back.
const REOPEN: Duration = Duration::from_millis(20);
