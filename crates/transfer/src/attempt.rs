//! The log of a transfer: part of its result, in success and in failure.

use std::time::Duration;

use crate::fault::Fault;

/// One request of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The URL as asked, without credentials and without a signed query.
    pub url: String,
    /// First byte asked for, when the request had a `Range`.
    pub range: Option<u64>,
    /// Whether the request had an `If-Range`.
    pub if_range: bool,
    /// Status of the answer; `None` when none came.
    pub status: Option<u16>,
    /// Whether the request may have reached a server; `false` for failures of DNS, connect and TLS.
    pub reached: bool,
}

/// One try, its redirects included.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Index of the URL among the transfer's.
    pub url: usize,
    /// The requests made, in order.
    pub hops: Vec<Hop>,
    /// Bytes held when it began.
    pub from: u64,
    /// Bytes held when it ended. Below `from` when the spool was cut back.
    pub to: u64,
    /// Bytes that arrived a second time and were compared.
    pub reread: u64,
    /// Why it ended; `None` when it brought the last byte.
    pub fault: Option<Fault>,
    /// What the origin said about it in words (RFC 9457); never needed to judge, bounded by the driver.
    pub note: Option<String>,
    /// Since the transfer's start.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// The wait that followed it.
    pub waited: Duration,
    /// Whether it refilled the budget (4.2).
    pub refilled: bool,
}

impl Attempt {
    /// Status of the last answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.hops.last().and_then(|hop| hop.status)
    }

    /// Whether any request of it reached a server.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.hops.iter().any(|hop| hop.reached)
    }

    /// Whether the wait that followed was asked for by the origin.
    #[must_use]
    pub fn waited_as_asked(&self) -> bool {
        !self.waited.is_zero() && matches!(self.fault, Some(Fault::Status { retry_after: Some(_), .. }))
    }
}
