//! What goes into the machine and what comes out of it.

use std::time::Duration;

use crate::failure::Failure;
use crate::validator::Validator;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Want {
    /// The origin of each URL, by number: URLs with the same number cool together. At least one.
    pub origins: Vec<usize>,
    /// The size, if a lock or an index vouches for it.
    pub size: Option<u64>,
    /// Whether a digest will judge the whole.
    pub digest: bool,
    /// Whether it is a page: small, judged by no digest, and perhaps another one each time it is asked for. It may be coded
    /// with gzip, is resumed under a strong entity tag only, and otherwise begins anew, as often as the budget allows.
    pub page: bool,
}

impl Want {
    /// One URL, nothing known about its file.
    #[must_use]
    pub fn one() -> Self {
        Self { origins: vec![0], size: None, digest: false, page: false }
    }

    /// A page at one URL.
    #[must_use]
    pub fn page() -> Self {
        Self { page: true, ..Self::one() }
    }
}

/// What an earlier run left.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Bytes.
    pub len: u64,
    /// The size that was learned.
    pub size: Option<u64>,
    /// The validator that the bytes had, and the URL (by index) that gave it.
    pub validator: Option<(usize, Validator)>,
}

impl Held {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }
}

/// What the driver has to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Begin an attempt.
    Send(Ask),
    /// Wait, then call [`next`](crate::Transfer::next) again.
    Wait(Duration),
    /// Cut the spool back to this length (readers have to be told), then call [`next`](crate::Transfer::next) again.
    Cut(u64),
    /// Compute the digest of all bytes held and call [`verified`](crate::Transfer::verified).
    Verify,
    /// All bytes are there and right.
    Done,
    /// No further attempt is made.
    Fail(Failure),
}

/// A request. It always goes to the artifact's own URL: redirects are followed anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Index of the URL.
    pub url: usize,
    /// `Range: bytes=from-`, if any.
    pub from: Option<u64>,
    /// `If-Range`, if any.
    pub if_range: Option<Validator>,
}

/// What to do with the next bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Compare this many bytes with those held from `at`, then call [`compared`](crate::Transfer::compared).
    Compare {
        /// Position.
        at: u64,
        /// How many.
        len: usize,
    },
    /// Append this many, then call [`appended`](crate::Transfer::appended).
    Append {
        /// How many.
        len: usize,
    },
    /// Cut the spool back to `at`, then call [`cut`](crate::Transfer::cut); the same bytes are placed again after that.
    Cut {
        /// The new length.
        at: u64,
    },
    /// Read no further: the attempt is over.
    Stop,
}
