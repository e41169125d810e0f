//! Pages: small bodies that are kept in memory and may be coded.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use towline_transfer::{Attempt, Failure, Held};
use url::Url;

use crate::client::{Client, SetupError, Wanted, speaks};
use crate::drive::Drive;
use crate::event::Event;
use crate::sink::Sink;

/// A page that is wanted: an index page, a list of interpreters.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where it is. Credentials in it are used and never shown.
    pub url: Url,
    /// `Accept`. Default `*/*`.
    pub accept: String,
    /// The largest page that is taken, in bytes, decoded or not. Default 128 MiB.
    pub largest: u64,
}

impl PageRequest {
    /// With the defaults.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self { url, accept: "*/*".to_owned(), largest: 128 * 1024 * 1024 }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it was found, redirects followed: what its relative URLs are relative to. Without credentials.
    pub url: Url,
    /// `Content-Type`, as it was sent.
    pub content_type: Option<String>,
    /// The decoded body.
    pub body: Vec<u8>,
}

/// What came of a page, and every attempt.
#[derive(Debug)]
#[must_use]
pub struct PageOutcome {
    /// The page, or why there is none.
    pub result: Result<Page, PageError>,
    /// The attempts, first to last.
    pub log: Vec<Attempt>,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The transfer failed.
    #[error("{}", .0.cause)]
    Transfer(Failure),
    /// It is larger than the caller takes.
    #[error("the page is larger than {largest} bytes")]
    TooLarge {
        /// What the caller takes.
        largest: u64,
    },
    /// It came whole, and is no gzip.
    #[error("the page cannot be decoded as gzip: {0}")]
    Gzip(String),
}

/// What a page is asked for as, and what its answer said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) accept: String,
    url: Option<Url>,
    content_type: Option<String>,
    coded: bool,
}

impl Asked {
    /// Takes the head of a whole answer.
    pub(crate) fn answered(&mut self, url: &Url, response: &Response, coding: Option<&str>) {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        self.content_type = kind.map(str::to_owned);
        self.url = Some(url.clone());
        self.coded = coding.is_some();
    }
}

impl Client {
    /// Brings a page under the same law as an artifact: in the same loop, from the same budget, with the same log. It is
    /// resumed only under a strong entity tag (4.8), and begins anew otherwise.
    ///
    /// To be called on a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// Only for a request that makes no sense. A page that cannot be had is a [`PageOutcome`], with the log of its attempts.
    pub async fn page(&self, request: &PageRequest, observe: impl FnMut(Event<'_>)) -> Result<PageOutcome, SetupError> {
        speaks(&request.url)?;
        let _place = self.inner.places.acquire().await;
        let mut sink = Memory { bytes: Vec::new(), largest: request.largest, full: false };
        let asked = Asked { accept: request.accept.clone(), ..Asked::default() };
        let wanted = Wanted::url(request.url.clone());
        let drive = Drive::new(&self.inner, wanted, Held::nothing(), Some(asked), &mut sink, observe);
        let (outcome, asked) = drive.run().await;
        let result = match outcome.result {
            Ok(()) => asked.unwrap_or_default().page(sink.bytes, request),
            Err(_) if sink.full => Err(PageError::TooLarge { largest: request.largest }),
            Err(failure) => Err(PageError::Transfer(failure)),
        };
        Ok(PageOutcome { result, log: outcome.log })
    }
}

impl Asked {
    fn page(self, bytes: Vec<u8>, request: &PageRequest) -> Result<Page, PageError> {
        let body = if self.coded { decoded(&bytes, request.largest)? } else { bytes };
        let mut url = self.url.unwrap_or_else(|| request.url.clone());
        // These cannot fail for http and https.
        let _ = (url.set_username(""), url.set_password(None));
        Ok(Page { url, content_type: self.content_type, body })
    }
}

fn decoded(bytes: &[u8], largest: u64) -> Result<Vec<u8>, PageError> {
    let mut body = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(largest.saturating_add(1)).read_to_end(&mut body);
    read.map_err(|error| PageError::Gzip(error.to_string()))?;
    if body.len() as u64 > largest {
        return Err(PageError::TooLarge { largest });
    }
    Ok(body)
}

/// A sink in memory.
struct Memory {
    bytes: Vec<u8>,
    largest: u64,
    full: bool,
}

impl Sink for Memory {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.len() + bytes.len() as u64 > self.largest {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn matches(&mut self, at: u64, bytes: &[u8]) -> io::Result<Option<usize>> {
        let held = usize::try_from(at).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        let differs = held.iter().zip(bytes).position(|(held, fresh)| held != fresh);
        Ok(differs.or_else(|| (held.len() < bytes.len()).then_some(held.len())))
    }

    fn cut(&mut self, at: u64) -> io::Result<()> {
        self.bytes.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(())
    }
}
