//! The entry point, and what goes in and comes out.

use std::sync::Arc;

use tokio::sync::Semaphore;
use towline_transfer::{Attempt, Failure, Held, Policy, Validator};
use url::Url;

use crate::drive::Drive;
use crate::event::Event;
use crate::keys::Keys;
use crate::origin::Origins;
use crate::proxy::Proxy;
use crate::resolve::Override;
use crate::sink::Sink;
use crate::tls::Roots;

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every number of the law.
    pub policy: Policy,
    /// Transfers at a time, and at most so many attempts at one origin. Default 16.
    pub concurrency: usize,
    /// Hosts found at given addresses. Default none.
    pub overrides: Vec<Override>,
    /// Credentials. Default none; see [`Keys::from_netrc`].
    pub keys: Keys,
    /// `User-Agent`. Default: this crate's name and version.
    pub user_agent: String,
    /// The way out. Default: as the environment says.
    pub proxy: Proxy,
    /// Whom TLS trusts. Default `None`: `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's authorities.
    pub roots: Option<Roots>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            concurrency: 16,
            overrides: Vec::new(),
            keys: Keys::default(),
            user_agent: concat!("towline/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: Proxy::default(),
            roots: None,
        }
    }
}

/// An artifact that is wanted, and what an earlier run left of it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// URLs of the same bytes, best first; at least one. Credentials in them are used and never shown.
    pub urls: Vec<Url>,
    /// The size, if a lock or an index vouches for it.
    pub size: Option<u64>,
    /// Whether the sink can [`verify`](Sink::verify) a digest.
    pub digest: bool,
    /// The size that an earlier run learned; only counts while bytes are held.
    pub learned_size: Option<u64>,
    /// The strong validator of the bytes held, as [`Event::Vouched`] gave it, and the URL it came from.
    pub validator: Option<(usize, String)>,
}

impl Wanted {
    /// One URL of which nothing is known.
    #[must_use]
    pub fn url(url: Url) -> Self {
        Self { urls: vec![url], size: None, digest: false, learned_size: None, validator: None }
    }
}

/// A finished transfer: what came of it, and every attempt.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// `Ok`: all bytes are in the sink, and right as far as anything vouches for them.
    pub result: Result<(), Failure>,
    /// The attempts, first to last.
    pub log: Vec<Attempt>,
    /// The size, if it became known.
    pub size: Option<u64>,
}

/// A client that cannot be made, or a request that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// No URL was given.
    #[error("no URL was given")]
    NoUrl,
    /// Only http and https are spoken.
    #[error("cannot ask {url}: the scheme `{scheme}` is not http or https")]
    Scheme {
        /// The URL, without credentials.
        url: String,
        /// Its scheme.
        scheme: String,
    },
}

/// Brings artifacts. Cheap to clone; clones share connections, limits and what was learned of origins.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) origins: Origins,
    pub(crate) places: Semaphore,
}

impl Client {
    /// Makes a client. Nothing is connected or read before the first request.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let places = Semaphore::new(options.concurrency.max(1));
        let origins = Origins::new(options.roots.clone());
        Self { inner: Arc::new(Inner { options, origins, places }) }
    }

    /// The numbers of the law that this client obeys.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.options.policy
    }

    /// Brings one artifact into `sink`, going on from what it holds, and tells `observe` what happens.
    ///
    /// To be called on a tokio runtime with time and I/O. Dropping the future gives up at once; what is in the sink stays.
    ///
    /// # Errors
    /// Only for a request that makes no sense. A transfer that fails is an [`Outcome`], with the log of its attempts.
    pub async fn fetch<S: Sink>(
        &self,
        wanted: Wanted,
        sink: &mut S,
        observe: impl FnMut(Event<'_>),
    ) -> Result<Outcome, SetupError> {
        if wanted.urls.is_empty() {
            return Err(SetupError::NoUrl);
        }
        wanted.urls.iter().try_for_each(speaks)?;
        let _place = self.inner.places.acquire().await;
        let validator = wanted.validator.as_ref().and_then(|(url, text)| Some((*url, Validator::recall(text)?)));
        let held = Held { len: sink.len(), size: wanted.learned_size, validator };
        Ok(Drive::new(&self.inner, wanted, held, None, sink, observe).run().await.0)
    }
}

/// Only http and https are spoken.
pub(crate) fn speaks(url: &Url) -> Result<(), SetupError> {
    if matches!(url.scheme(), "http" | "https") {
        return Ok(());
    }
    Err(SetupError::Scheme { url: crate::request::shown(url), scheme: url.scheme().to_owned() })
}
