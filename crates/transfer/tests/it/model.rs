//! An origin that answers as RFC 9110 wants it, and what may go wrong with an answer.

use std::time::Duration;

use towline_transfer::{Ask, Fault, Framing};

use crate::driver::{Answer, Body, Ending};

/// A file as an origin has it.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) body: Body,
    /// `ETag`, as sent.
    pub(crate) etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub(crate) modified: Option<String>,
}

/// Bytes that differ at every position from those of another seed.
pub(crate) fn content(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31 + at / 251) as u8 & 0x1f) | (seed << 5)).collect()
}

impl File {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { body: Body::Bytes(bytes.to_vec()), etag: None, modified: None }
    }

    pub(crate) fn blank(len: u64) -> Self {
        Self { body: Body::Blank(len), etag: None, modified: None }
    }

    pub(crate) fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }

    /// The right answer.
    pub(crate) fn answer(&self, ask: &Ask) -> Answer {
        let size = self.body.len();
        let matches = |ours: &Option<String>| {
            ask.if_range.as_ref().is_none_or(|theirs| ours.as_deref().is_some_and(|ours| ours == theirs.as_str()))
        };
        match ask.from.filter(|_| matches(&self.etag) || matches(&self.modified)) {
            None => self.whole(),
            Some(from) if from >= size => self.nothing(),
            Some(from) => self.part(from, size),
        }
    }

    /// 200.
    pub(crate) fn whole(&self) -> Answer {
        self.with(200, self.body.clone())
    }

    /// 206 of these bytes.
    pub(crate) fn part(&self, from: u64, to: u64) -> Answer {
        let label = format!("bytes {from}-{}/{}", to - 1, self.body.len());
        self.with(206, self.body.slice(from, to)).field("content-range", label)
    }

    /// 416.
    pub(crate) fn nothing(&self) -> Answer {
        self.with(416, Body::Bytes(Vec::new())).field("content-range", format!("bytes */{}", self.body.len()))
    }

    fn with(&self, status: u16, body: Body) -> Answer {
        let length = body.len().to_string();
        let answer = Answer { body, ..Answer::status(status) };
        let answer = answer.field("content-length", length).field("date", "Tue, 24 Nov 2026 12:00:00 GMT");
        let answer = match &self.etag {
            Some(etag) => answer.field("etag", etag.clone()),
            None => answer,
        };
        match &self.modified {
            Some(modified) => answer.field("last-modified", modified.clone()),
            None => answer,
        }
    }
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            dead: None,
            status,
            fields: Vec::new(),
            redirected: false,
            body: Body::Bytes(Vec::new()),
            ending: Ending::Clean(Framing::Told),
            takes: Duration::from_millis(10),
        }
    }

    pub(crate) fn dead(fault: Fault) -> Self {
        Self { dead: Some(fault), ..Self::status(0) }
    }

    pub(crate) fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| *field != name);
        self
    }

    pub(crate) fn replace(self, name: &'static str, value: impl Into<String>) -> Self {
        self.without(name).field(name, value)
    }

    /// The connection breaks after so many bytes of the body.
    pub(crate) fn cut(mut self, after: u64, fault: Fault) -> Self {
        if after < self.body.len() {
            self.body = self.body.slice(0, after);
        }
        self.ending = Ending::Broken(fault);
        self
    }

    pub(crate) fn reset(self, after: u64) -> Self {
        self.cut(after, Fault::Reset)
    }

    /// The body ends early, and cleanly.
    pub(crate) fn short(mut self, after: u64) -> Self {
        if after < self.body.len() {
            self.body = self.body.slice(0, after);
        }
        self
    }

    /// No length; the end is told by chunks.
    pub(crate) fn chunked(self) -> Self {
        self.without("content-length").field("transfer-encoding", "chunked")
    }

    /// No length; the end is that of the connection.
    pub(crate) fn close(mut self) -> Self {
        if matches!(self.ending, Ending::Clean(_)) {
            self.ending = Ending::Clean(Framing::Close);
        }
        self.without("content-length")
    }

    pub(crate) fn takes(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

/// A small generator of random numbers with a fixed sequence (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below - 1`.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    pub(crate) fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize].clone()
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}
