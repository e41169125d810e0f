//! What the transfers of a run share about an origin: connections, cooling, concurrency (sections 4.3, 4.5, 4.7, 4.13).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tower::util::MapFutureLayer;
use towline_transfer::Fault;
use url::Url;

use crate::client::Options;
use crate::connecting::Begun;
use crate::fault::innermost;
use crate::keys;
use crate::limit::Limit;
use crate::resolve::{Resolver, Shared};
use crate::tls::{Roots, Tls};

/// All origins met in a run.
#[derive(Debug)]
pub(crate) struct Origins {
    met: Mutex<HashMap<String, Arc<Origin>>>,
    tls: Arc<Tls>,
}

impl Origins {
    pub(crate) fn new(roots: Option<Roots>) -> Self {
        Self { met: Mutex::default(), tls: Arc::new(Tls::new(roots)) }
    }

    /// The origin of this URL.
    pub(crate) fn of(&self, url: &Url, options: &Options) -> Arc<Origin> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = met.entry(keys::origin(url)).or_insert_with(|| Arc::new(Origin::new(url, options, &self.tls)));
        Arc::clone(origin)
    }
}

/// One scheme, host and port.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) https: bool,
    user_agent: String,
    connect_timeout: Duration,
    tls: Arc<Tls>,
    pub(crate) limit: Arc<Limit>,
    pub(crate) resolver: Arc<Resolver>,
    proxy: Result<Option<reqwest::Proxy>, Fault>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Made anew when a connection has failed, so that no attempt meets the same one again.
    lane: Option<Lane>,
    made: u64,
    http1_only: bool,
    http2_errors: u8,
    cools_until: Option<Instant>,
    answered: bool,
    trusts_us: bool,
    /// When any of its responses last gave a byte.
    heard: Instant,
}

/// The HTTP client that attempts use now, and its number.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub(crate) client: reqwest::Client,
    pub(crate) number: u64,
}

impl Origin {
    fn new(url: &Url, options: &Options, tls: &Arc<Tls>) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let proxy = options.proxy.of(url);
        // Through a proxy it is the proxy's name that is resolved, and overrides are about the origin's.
        let overrides = if matches!(proxy, Ok(None)) { &options.overrides[..] } else { &[] };
        Self {
            https: url.scheme() == "https",
            user_agent: options.user_agent.clone(),
            connect_timeout: options.policy.connect_timeout,
            tls: Arc::clone(tls),
            limit: Limit::new(options.concurrency),
            resolver: Arc::new(Resolver::new(host, port, overrides)),
            proxy,
            state: Mutex::new(State {
                lane: None,
                made: 0,
                http1_only: false,
                http2_errors: 0,
                cools_until: None,
                answered: false,
                trusts_us: false,
                heard: Instant::now(),
            }),
        }
    }

    /// The client to send with.
    pub(crate) fn lane(&self) -> Result<Lane, Fault> {
        let mut state = self.state();
        if let Some(lane) = &state.lane {
            return Ok(lane.clone());
        }
        let client = self.build(state.http1_only)?;
        state.made += 1;
        let lane = Lane { client, number: state.made };
        state.lane = Some(lane.clone());
        Ok(lane)
    }

    fn build(&self, http1_only: bool) -> Result<reqwest::Client, Fault> {
        let layer = MapFutureLayer::new(|connect| {
            let begun = Begun::now();
            async move {
                let connection = connect.await;
                drop(begun);
                connection
            }
        });
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .dns_resolver(Shared(Arc::clone(&self.resolver)))
            .tls_backend_preconfigured(self.tls.config(self.https, http1_only))
            .http2_adaptive_window(true)
            .connector_layer(layer);
        if !self.connect_timeout.is_zero() {
            builder = builder.connect_timeout(self.connect_timeout);
        }
        if http1_only {
            builder = builder.http1_only();
        }
        if let Some(proxy) = self.proxy.clone()? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| Fault::Url(innermost(&error)))
    }

    /// Takes the end of an attempt that began with this lane.
    pub(crate) fn failed(&self, lane: u64, fault: &Fault) {
        let mut state = self.state();
        if let Fault::Protocol(detail) = fault
            && detail.starts_with(HTTP2)
        {
            state.http2_errors = state.http2_errors.saturating_add(1);
            state.http1_only |= state.http2_errors >= 2 || detail.contains("HTTP_1_1_REQUIRED");
        }
        if breaks_connection(fault) && state.lane.as_ref().is_some_and(|current| current.number == lane) {
            state.lane = None;
        }
        drop(state);
        if matches!(fault, Fault::Stalled(_) | Fault::Reset | Fault::Status { code: 429, .. }) {
            self.limit.lower();
        }
    }

    /// A response gave a byte.
    pub(crate) fn hear(&self) {
        self.state().heard = Instant::now();
    }

    /// When any response last gave a byte.
    pub(crate) fn heard(&self) -> Instant {
        self.state().heard
    }

    /// An answer came.
    pub(crate) fn answered(&self, accepted_credentials: bool) {
        let mut state = self.state();
        state.answered = true;
        state.trusts_us |= accepted_credentials;
        state.heard = Instant::now();
    }

    /// Whether it has answered in this run.
    pub(crate) fn has_answered(&self) -> bool {
        self.state().answered
    }

    /// Whether it has accepted our credentials in this run.
    pub(crate) fn trusts_us(&self) -> bool {
        self.state().trusts_us
    }

    /// Until when it cools.
    pub(crate) fn cools_until(&self) -> Option<Instant> {
        self.state().cools_until
    }

    /// Lets it cool until then.
    pub(crate) fn cool(&self, until: Instant) {
        let mut state = self.state();
        state.cools_until = state.cools_until.max(Some(until));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How protocol errors of HTTP/2 begin.
pub(crate) const HTTP2: &str = "HTTP/2";

/// After these no further attempt may use the connection.
fn breaks_connection(fault: &Fault) -> bool {
    match fault {
        Fault::ConnectTimeout(_)
        | Fault::Refused
        | Fault::Unreachable(_)
        | Fault::Tls(_)
        | Fault::Tunnel(_)
        | Fault::HeaderTimeout(_)
        | Fault::Reset
        | Fault::Closed
        | Fault::Protocol(_)
        | Fault::Stalled(_)
        | Fault::OutOfTime(_)
        | Fault::Crawled { .. }
        | Fault::Short { .. } => true,
        Fault::Dns { .. }
        | Fault::Certificate(_)
        | Fault::ProxyCredentials
        | Fault::Url(_)
        | Fault::Part { .. }
        | Fault::Status { .. }
        | Fault::Redirect(_)
        | Fault::Coded(_)
        | Fault::Misfit(_)
        | Fault::Contradiction(_)
        | Fault::Mismatch { .. }
        | Fault::Disk(_) => false,
    }
}
