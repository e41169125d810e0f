//! Every number of the law in one place.

use std::time::Duration;

/// The numbers of the law. Limits and waits have an option and an environment variable in the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Fruitless rounds in a row that may follow the first one. Default 8. With one URL and nothing arriving, exactly
    /// `retries + 1` attempts are made.
    pub retries: u32,
    /// The whole transfer's time limit. Default none.
    pub max_time: Option<Duration>,
    /// Longest `Retry-After` that is waited for; a longer one strikes the URL off. Default 5 min.
    pub max_wait: Duration,
    /// First wait between rounds, before it is drawn between half and whole. Default 0.5 s. Doubles each round.
    pub base_wait: Duration,
    /// Where the doubling stops. Default 30 s.
    pub cap_wait: Duration,
    /// Unit of the jitter that is added to a `Retry-After`: 0 to 10 %, at least 0 to this. Default 1 s.
    pub retry_after_spread: Duration,
    /// Over how long resumes are spread that follow the death of one shared connection. Default 0.5 s.
    pub shared_spread: Duration,
    /// Connect and TLS handshake together. Default 10 s; zero: no limit.
    pub connect_timeout: Duration,
    /// From the request to the last header. Default 60 s; zero: no limit.
    pub header_timeout: Duration,
    /// No byte of a body for this long. Default 30 s; zero: no limit.
    pub stall_timeout: Duration,
    /// Less than [`Policy::CRAWL_BYTES`] in this time. Default 10 min; zero: no limit.
    pub crawl_timeout: Duration,
    /// Redirects followed in one attempt. Default 10.
    pub max_hops: usize,
    /// Attempts while the size is unknown. Default 1,000.
    pub max_blind_attempts: usize,
}

impl Policy {
    /// Fewer bytes than this (64 KiB) within [`Policy::crawl_timeout`] end an attempt.
    pub const CRAWL_BYTES: u64 = 64 * 1024;
    /// Bounds of the growth that refills the budget: 64 bytes and 64 KiB.
    pub const REFILL: (u64, u64) = (64, 64 * 1024);
    /// An attempt that brought this much (1 MiB) is resumed at once.
    pub const EARNS_RESUME: u64 = 1024 * 1024;
    /// So is one that brought this part (a 32nd) of the file.
    pub const EARNS_RESUME_PART: u64 = 32;

    /// The same law with every duration multiplied by `factor`: for tests over sockets.
    ///
    /// # Panics
    /// If `factor` is negative or so large that a duration overflows.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            retries: self.retries,
            max_time: self.max_time.map(|limit| limit.mul_f64(factor)),
            max_wait: self.max_wait.mul_f64(factor),
            base_wait: self.base_wait.mul_f64(factor),
            cap_wait: self.cap_wait.mul_f64(factor),
            retry_after_spread: self.retry_after_spread.mul_f64(factor),
            shared_spread: self.shared_spread.mul_f64(factor),
            connect_timeout: self.connect_timeout.mul_f64(factor),
            header_timeout: self.header_timeout.mul_f64(factor),
            stall_timeout: self.stall_timeout.mul_f64(factor),
            crawl_timeout: self.crawl_timeout.mul_f64(factor),
            max_hops: self.max_hops,
            max_blind_attempts: self.max_blind_attempts,
        }
    }

    /// The growth that refills the budget: an eighth of what was missing at the last refill, within [`Policy::REFILL`];
    /// the upper bound while the size is unknown.
    #[must_use]
    pub fn refill(size: Option<u64>, furthest: u64) -> u64 {
        let (least, most) = Self::REFILL;
        size.map_or(most, |size| (size.saturating_sub(furthest) / 8).clamp(least, most))
    }

    /// Whether an attempt that brought so many new bytes is resumed without a wait.
    #[must_use]
    pub fn earns_resume(size: Option<u64>, brought: u64) -> bool {
        let part = |size: u64| brought.saturating_mul(Self::EARNS_RESUME_PART) >= size;
        brought > 0 && (brought >= Self::EARNS_RESUME || size.is_some_and(part))
    }

    /// The wait before round `n` (0 and 1: the base, then doubled each time up to the cap), drawn between half and whole
    /// by `jitter` (0 to 1).
    #[must_use]
    pub fn wait(&self, round: u32, jitter: f64) -> Duration {
        let doublings = round.saturating_sub(1).min(31);
        let whole = self.base_wait.saturating_mul(1 << doublings).min(self.cap_wait);
        let half = whole / 2;
        half.saturating_add(part(half, jitter))
    }

    /// A `Retry-After` with its jitter: 0 to 10 % more, at least 0 to [`Policy::retry_after_spread`].
    #[must_use]
    pub fn retry_after(&self, asked: Duration, jitter: f64) -> Duration {
        let spread = (asked / 10).max(self.retry_after_spread);
        asked.saturating_add(part(spread, jitter))
    }

    /// The wait before a resume after the death of a connection that others shared.
    #[must_use]
    pub fn spread(&self, jitter: f64) -> Duration {
        part(self.shared_spread, jitter)
    }
}

/// A part (0 to 1; what is no such number counts as the nearer bound, NaN as 0) of a duration. Never panics.
fn part(whole: Duration, jitter: f64) -> Duration {
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    Duration::try_from_secs_f64(whole.as_secs_f64() * jitter).unwrap_or(whole)
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retries: 8,
            max_time: None,
            max_wait: Duration::from_secs(300),
            base_wait: Duration::from_millis(500),
            cap_wait: Duration::from_secs(30),
            retry_after_spread: Duration::from_secs(1),
            shared_spread: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(30),
            crawl_timeout: Duration::from_secs(600),
            max_hops: 10,
            max_blind_attempts: 1000,
        }
    }
}
