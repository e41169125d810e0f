//! What happens during a transfer, for progress and logs.

use std::time::Duration;

use towline_transfer::Attempt;

/// Something happened. Everything here is derived from the transfer's own log.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt begins, with `held` bytes held.
    Began {
        /// Number of the attempt, from 1.
        attempt: usize,
        /// Index of its URL.
        url: usize,
        /// Bytes held.
        held: u64,
    },
    /// An answer is being read: the size, if known, and what may be kept for a next run.
    Answered {
        /// The size, if known.
        size: Option<u64>,
    },
    /// Bytes came: so many are held now.
    Grew {
        /// Bytes held.
        held: u64,
    },
    /// A validator of the bytes held became known: to be kept for a next run.
    Vouched {
        /// Index of the URL it came from.
        url: usize,
        /// Its text.
        validator: &'a str,
    },
    /// Nothing vouches any more for the bytes held, or for those that come next: what was kept has to be forgotten *now*,
    /// before they are written.
    Unvouched,
    /// The copy was cut back.
    Cut {
        /// Bytes held now.
        held: u64,
    },
    /// An attempt ended; its record is final, but for the wait that follows when that is cut short.
    Ended {
        /// Number of the attempt, from 1.
        attempt: usize,
        /// Its record.
        record: &'a Attempt,
    },
    /// The transfer waits.
    Waiting {
        /// For so long.
        wait: Duration,
    },
    /// All bytes are held, and their digest is being computed.
    Verifying,
}
