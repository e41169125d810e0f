//! Waiting for a spool to change, without reading it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    End,
    progress::{Marks, Progress},
};

/// What a [`Watch`] sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Bytes there.
    pub len: u64,
    /// Cuts since the spool was claimed.
    pub cuts: usize,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// Waits for a spool to change. Holds no position and keeps no writer waiting.
#[derive(Debug, Clone)]
pub struct Watch {
    progress: Arc<Progress>,
}

impl Watch {
    pub(crate) const fn new(progress: Arc<Progress>) -> Self {
        Self { progress }
    }

    /// How far the spool is now.
    #[must_use]
    pub fn now(&self) -> Seen {
        see(&self.progress.marks())
    }

    /// Blocks until the spool differs from `seen`, or has ended.
    #[must_use]
    pub fn changed(&self, seen: Seen) -> Seen {
        self.changed_within(seen, None)
    }

    /// Blocks until the spool differs from `seen` or has ended, at most for `limit`. Returns what it is then.
    #[must_use]
    pub fn changed_for(&self, seen: Seen, limit: Duration) -> Seen {
        self.changed_within(seen, Instant::now().checked_add(limit))
    }

    /// Blocks until the spool holds `len` bytes, is cut, or has ended. Look again: a cut may come right after.
    #[must_use]
    pub fn reaches(&self, len: u64) -> Seen {
        let cuts = self.now().cuts;
        self.progress
            .wait(None, |marks, wanted| {
                *wanted = len;
                let seen = see(marks);
                (seen.len >= len || seen.end.is_some() || seen.cuts != cuts).then_some(seen)
            })
            .unwrap_or_else(|| self.now())
    }

    fn changed_within(&self, old: Seen, deadline: Option<Instant>) -> Seen {
        self.progress
            .wait(deadline, |marks, wanted| {
                *wanted = marks.len.saturating_add(1);
                let seen = see(marks);
                (seen != old || seen.end.is_some()).then_some(seen)
            })
            .unwrap_or_else(|| self.now())
    }
}

fn see(marks: &Marks) -> Seen {
    Seen { len: marks.len, cuts: marks.cuts.len(), end: marks.end }
}
