//! Why a transfer ended without its artifact.

use std::fmt;
use std::time::Duration;

use crate::fault::Fault;

/// A failed transfer. The attempts that led here are in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Why no further attempt is made.
    pub cause: Cause,
    /// Bytes held at the end; they are kept.
    pub held: u64,
    /// The size, if it became known.
    pub size: Option<u64>,
}

/// Why no further attempt is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The budget is spent.
    Spent {
        /// Attempts since the last refill.
        attempts: usize,
        /// New bytes that they brought in sum: too few to refill.
        brought: u64,
    },
    /// Every URL was struck off; the last one's fault.
    NoUrl(Fault),
    /// The transfer's time limit is over, or would be before the next attempt.
    MaxTime(Duration),
    /// The size never became known, and this many attempts were made.
    Blind(usize),
    /// The whole file has the wrong digest, and no URL is left that could give another.
    Mismatch {
        /// Digests of the passes, oldest first.
        got: Vec<String>,
    },
    /// The local disk failed.
    Disk(String),
}

impl Cause {
    /// For [`Cause::Mismatch`]: whether two passes brought the same wrong bytes. Then the digest that was asked for is
    /// the likelier mistake; else the bytes were changed on the way.
    #[must_use]
    pub fn same_twice(&self) -> bool {
        let Self::Mismatch { got } = self else { return false };
        got.iter().enumerate().any(|(at, digest)| got[..at].contains(digest))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent { attempts: 1, brought: 0 } => f.write_str("1 attempt brought nothing new"),
            Self::Spent { attempts, brought: 0 } => write!(f, "{attempts} attempts in a row brought nothing new"),
            Self::Spent { attempts, brought } => {
                write!(f, "{attempts} attempts in a row brought almost nothing new ({brought} bytes)")
            }
            Self::NoUrl(fault) => fault.fmt(f),
            Self::MaxTime(limit) => write!(f, "the time limit of {limit:?} is over"),
            Self::Blind(attempts) => write!(f, "{attempts} attempts, and the size is still unknown"),
            Self::Mismatch { got } if got.len() == 1 => f.write_str("the bytes have another digest than was asked for"),
            Self::Mismatch { .. } if self.same_twice() => {
                f.write_str("the same wrong bytes came twice: the digest that was asked for is of another file")
            }
            Self::Mismatch { .. } => f.write_str("different wrong bytes came each time: they are changed on the way"),
            Self::Disk(detail) => f.write_str(detail),
        }
    }
}
