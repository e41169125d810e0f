//! The numbers of the retry law as options.

use std::time::Duration;

use towline_transfer::Policy;

use super::value::time;

/// Options for every number of the law; the defaults are [`Policy::default`]'s.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Limits {
    /// Rounds in a row that may bring nothing new before towline gives up, after the first one [default: 8]
    #[arg(long, global = true, env = "TOWLINE_RETRIES", value_name = "N", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    retries: Option<u32>,
    /// Connect and TLS handshake; 0 is no limit [default: 10]
    #[arg(long, global = true, env = "TOWLINE_CONNECT_TIMEOUT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    connect_timeout: Option<Duration>,
    /// From the request to the last header; 0 is no limit [default: 60]
    #[arg(long, global = true, env = "TOWLINE_HEADER_TIMEOUT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    header_timeout: Option<Duration>,
    /// No byte for so long ends an attempt; 0 is no limit [default: 30]
    #[arg(long, global = true, env = "TOWLINE_STALL_TIMEOUT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    stall_timeout: Option<Duration>,
    /// Less than 64 KiB in so long ends an attempt; 0 is no limit [default: 10m]
    #[arg(long, global = true, env = "TOWLINE_CRAWL_TIMEOUT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    crawl_timeout: Option<Duration>,
    /// Longest Retry-After that is waited for [default: 5m]
    #[arg(long, global = true, env = "TOWLINE_MAX_WAIT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    max_wait: Option<Duration>,
    /// Limit for each file as a whole; 0 is no limit [default: 0]
    #[arg(long, global = true, env = "TOWLINE_MAX_TIME", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    max_time: Option<Duration>,
    /// First wait between rounds; it doubles each time and is drawn between half and whole [default: 500ms]
    #[arg(long, global = true, env = "TOWLINE_BASE_WAIT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    base_wait: Option<Duration>,
    /// Where the doubling stops [default: 30]
    #[arg(long, global = true, env = "TOWLINE_CAP_WAIT", value_name = "TIME", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = time)]
    cap_wait: Option<Duration>,
    /// Redirects followed in one attempt [default: 10]
    #[arg(long, global = true, env = "TOWLINE_MAX_REDIRECTS", value_name = "N", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(0..=100))]
    max_redirects: Option<u16>,
    /// Files brought at a time, all from one origin if need be [default: 16]
    #[arg(long, global = true, env = "TOWLINE_CONCURRENCY", value_name = "N", help_heading = HEADING,
          allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: Option<u16>,
}

const HEADING: &str = "Retry law (times: seconds, or with a unit)";

impl Limits {
    /// The law with these numbers.
    pub(crate) fn policy(&self) -> Policy {
        let law = Policy::default();
        Policy {
            retries: self.retries.unwrap_or(law.retries),
            max_time: self.max_time.filter(|limit| !limit.is_zero()),
            max_wait: self.max_wait.unwrap_or(law.max_wait),
            base_wait: self.base_wait.unwrap_or(law.base_wait),
            cap_wait: self.cap_wait.unwrap_or(law.cap_wait),
            connect_timeout: self.connect_timeout.unwrap_or(law.connect_timeout),
            header_timeout: self.header_timeout.unwrap_or(law.header_timeout),
            stall_timeout: self.stall_timeout.unwrap_or(law.stall_timeout),
            crawl_timeout: self.crawl_timeout.unwrap_or(law.crawl_timeout),
            max_hops: self.max_redirects.map_or(law.max_hops, usize::from),
            ..law
        }
    }

    /// Files brought at a time.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency.map_or(16, usize::from)
    }
}
