//! The time limits of one body (section 4.7).

use std::time::Duration;

use tokio::time::Instant;
use towline_transfer::{Fault, Policy};

use crate::drive::later;
use crate::origin::Origin;

/// Counts the bytes of one body on the wire, and the silences between them.
pub(crate) struct Watch {
    stall: Duration,
    crawl: Duration,
    heard: Instant,
    window: Instant,
    bytes: u64,
}

impl Watch {
    pub(crate) fn new(policy: &Policy) -> Self {
        let now = Instant::now();
        Self { stall: policy.stall_timeout, crawl: policy.crawl_timeout, heard: now, window: now, bytes: 0 }
    }

    pub(crate) fn heard(&mut self, bytes: usize) {
        self.heard = Instant::now();
        self.bytes += bytes as u64;
    }

    /// When to look again, or the fault that is due now. A response is stalled when its whole origin was silent, or it alone
    /// for four times as long.
    pub(crate) fn next(&mut self, origin: &Origin) -> Result<Option<Instant>, Fault> {
        let now = Instant::now();
        let stalled = (!self.stall.is_zero()).then(|| {
            later(self.heard.max(origin.heard()), self.stall).min(later(self.heard, self.stall.saturating_mul(4)))
        });
        if stalled.is_some_and(|at| at <= now) {
            let silent = now - self.heard;
            // In whole milliseconds, as people read it.
            return Err(Fault::Stalled(Duration::new(silent.as_secs(), silent.subsec_millis() * 1_000_000)));
        }
        if self.crawl.is_zero() {
            return Ok(stalled);
        }
        if now - self.window >= self.crawl {
            if self.bytes < Policy::CRAWL_BYTES {
                return Err(Fault::Crawled { bytes: self.bytes, within: self.crawl });
            }
            (self.window, self.bytes) = (now, 0);
        }
        let crawled = later(self.window, self.crawl);
        Ok(Some(stalled.map_or(crawled, |at| at.min(crawled))))
    }
}
