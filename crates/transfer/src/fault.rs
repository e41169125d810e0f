//! Why an attempt ended, and whether another one makes sense.

use std::fmt;
use std::time::Duration;

use crate::policy::Policy;
use crate::redirect::Refused;

/// Why an attempt ended: a closed set in our own words. Details are text without addresses of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The host's name could not be resolved.
    Dns {
        /// The resolver says that there is no such name.
        missing: bool,
        /// The host has answered before in this run.
        answered: bool,
        /// The resolver's words.
        detail: String,
    },
    /// No route, network down, address not available.
    Unreachable(String),
    /// Connection refused.
    Refused,
    /// Connect and TLS took longer than the limit.
    ConnectTimeout(Duration),
    /// The TLS handshake broke off.
    Tls(String),
    /// The certificate is not acceptable.
    Certificate(String),
    /// The proxy did not open a tunnel.
    Tunnel(String),
    /// The proxy refused our credentials.
    ProxyCredentials,
    /// The URL cannot be asked.
    Url(String),
    /// No header within the limit.
    HeaderTimeout(Duration),
    /// Reset or broken pipe.
    Reset,
    /// The connection ended without an answer, or inside its head.
    Closed,
    /// The peer broke HTTP's rules; HTTP/2 errors included.
    Protocol(String),
    /// No byte for this long.
    Stalled(Duration),
    /// The transfer's own time limit ran out in the middle of the attempt.
    OutOfTime(Duration),
    /// Too few bytes in the given time.
    Crawled {
        /// Bytes that came.
        bytes: u64,
        /// In this time.
        within: Duration,
    },
    /// The body ended before the end that was announced.
    Short {
        /// Position of the end reached.
        at: u64,
        /// Position of the end announced.
        end: u64,
    },
    /// The answer ended where it had said, but covered only a part of what is missing.
    Part {
        /// Position of its end.
        end: u64,
    },
    /// A status that brings no bytes.
    Status {
        /// The code.
        code: u16,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
        /// The answer came from a redirected place.
        redirected: bool,
        /// The origin has accepted our credentials in this run.
        trusted_credentials: bool,
    },
    /// A redirect that is not followed.
    Redirect(Refused),
    /// A `Content-Encoding` where none was accepted.
    Coded(String),
    /// An answer to a range that cannot be placed.
    Misfit(Misfit),
    /// An answer that cannot belong to the bytes held.
    Contradiction(Contradiction),
    /// The whole file is not the one that was wanted.
    Mismatch {
        /// The digest of what came.
        got: String,
    },
    /// The local disk failed.
    Disk(String),
}

/// Why a 206 or 416 cannot be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// Begins beyond the bytes held.
    Hole {
        /// First byte of the answer.
        first: u64,
        /// Bytes held.
        held: u64,
    },
    /// No readable `Content-Range`.
    Unlabelled,
    /// `multipart/byteranges`.
    Multipart,
    /// It would be joined to bytes held for which neither digest nor validator vouches.
    Unvouched {
        /// First byte of the answer.
        first: u64,
        /// The size that it tells.
        total: Option<u64>,
    },
}

/// How an answer denies the bytes held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// A byte that was read again differs.
    Bytes {
        /// Its position.
        at: u64,
    },
    /// The size is another one.
    Size {
        /// Size known, or bytes held.
        was: u64,
        /// Size announced.
        is: u64,
    },
    /// The same URL sent another strong validator.
    Validator,
    /// 416 without a size that fits.
    Unsatisfiable,
}

/// Whether another attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Retry,
    /// Yes, but not before this time has passed.
    RetryAfter {
        /// As the origin asked.
        wait: Duration,
        /// It holds for every URL of the origin.
        origin: bool,
    },
    /// Not with this URL.
    StrikeOff,
    /// Not at all.
    Abort,
}

/// Judges a fault (section 4.6). One `match` without a wildcard: a new fault does not compile until someone decides.
#[must_use]
pub fn classify(fault: &Fault, policy: &Policy) -> Verdict {
    match fault {
        Fault::Dns { missing: true, answered: false, .. }
        | Fault::Certificate(_)
        | Fault::ProxyCredentials
        | Fault::Url(_)
        | Fault::Redirect(_) => Verdict::StrikeOff,
        Fault::Dns { missing: false, .. }
        | Fault::Dns { answered: true, .. }
        | Fault::Unreachable(_)
        | Fault::Refused
        | Fault::ConnectTimeout(_)
        | Fault::Tls(_)
        | Fault::Tunnel(_)
        | Fault::HeaderTimeout(_)
        | Fault::Reset
        | Fault::Closed
        | Fault::Protocol(_)
        | Fault::Stalled(_)
        // The limit ends the transfer, not the fault.
        | Fault::OutOfTime(_)
        | Fault::Crawled { .. }
        | Fault::Short { .. }
        | Fault::Part { .. }
        | Fault::Coded(_)
        | Fault::Misfit(_)
        | Fault::Contradiction(_)
        | Fault::Mismatch { .. } => Verdict::Retry,
        Fault::Status { code, retry_after, redirected, trusted_credentials } => {
            let again = retried(*code, retry_after.is_some(), *redirected, *trusted_credentials);
            match retry_after {
                _ if !again => Verdict::StrikeOff,
                Some(wait) if *wait > policy.max_wait => Verdict::StrikeOff,
                Some(wait) => Verdict::RetryAfter { wait: *wait, origin: matches!(code, 429 | 503) },
                None => Verdict::Retry,
            }
        }
        Fault::Disk(_) => Verdict::Abort,
    }
}

fn retried(code: u16, asked: bool, redirected: bool, trusted: bool) -> bool {
    match code {
        408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=527 => true,
        413 => asked,
        401 => redirected || trusted,
        403 => redirected || asked,
        404 | 410 => redirected,
        _ => false,
    }
}

impl Fault {
    /// Whether a request that ended so may have reached a server.
    #[must_use]
    pub fn reached(&self) -> bool {
        !matches!(
            self,
            Self::Dns { .. }
                | Self::Unreachable(_)
                | Self::Refused
                | Self::ConnectTimeout(_)
                | Self::Tls(_)
                | Self::Certificate(_)
                | Self::Tunnel(_)
                | Self::ProxyCredentials
                | Self::Url(_)
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns { missing: true, .. } => f.write_str("no such host name"),
            Self::Dns { detail, .. } => write!(f, "host name not resolved: {detail}"),
            Self::Unreachable(detail) => write!(f, "unreachable: {detail}"),
            Self::Refused => f.write_str("connection refused"),
            Self::ConnectTimeout(limit) => write!(f, "no connection within {limit:?}"),
            Self::Tls(detail) => write!(f, "TLS handshake broken off: {detail}"),
            Self::Certificate(detail) => write!(f, "certificate refused: {detail}"),
            Self::Tunnel(detail) => write!(f, "no tunnel through the proxy: {detail}"),
            Self::ProxyCredentials => f.write_str("the proxy refused the credentials (407)"),
            Self::Url(detail) => write!(f, "not a URL that can be asked: {detail}"),
            Self::HeaderTimeout(limit) => write!(f, "no answer within {limit:?}"),
            Self::Reset => f.write_str("connection reset by peer"),
            Self::Closed => f.write_str("connection closed without an answer"),
            Self::Protocol(detail) => write!(f, "protocol error: {detail}"),
            Self::Stalled(limit) => write!(f, "stalled: no byte for {limit:?}"),
            Self::OutOfTime(limit) => write!(f, "given up: the time limit of {limit:?} was over"),
            Self::Crawled { bytes, within } => write!(f, "too slow: {bytes} bytes in {within:?}"),
            Self::Short { at, end } => write!(f, "body ended at byte {at} of {end}"),
            Self::Part { end } => write!(f, "the answer covered only the bytes before {end}"),
            Self::Status { code, .. } => write_status(f, *code),
            Self::Redirect(Refused::NoPlace) => f.write_str("redirect without a usable place"),
            Self::Redirect(Refused::TooMany(most)) => write!(f, "more than {most} redirects"),
            Self::Redirect(Refused::Downgrade) => f.write_str("redirect from https to http"),
            Self::Coded(coding) => write!(f, "content coded with {coding}, though only identity was accepted"),
            Self::Misfit(misfit) => misfit.fmt(f),
            Self::Contradiction(contradiction) => contradiction.fmt(f),
            Self::Mismatch { got } => write!(f, "the whole file has another digest: {got}"),
            Self::Disk(detail) => f.write_str(detail),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hole { first, held } => write!(f, "range begins at byte {first}, beyond the {held} held"),
            Self::Unlabelled => f.write_str("range without a usable Content-Range"),
            Self::Multipart => f.write_str("range as multipart/byteranges"),
            Self::Unvouched { first, .. } => {
                write!(f, "nothing vouches that the range from byte {first} is of the same file")
            }
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes { at } => write!(f, "other content: byte {at} differs from the one held"),
            Self::Size { was, is } => write!(f, "other content: {is} bytes instead of {was}"),
            Self::Validator => f.write_str("other content: the validator has changed"),
            Self::Unsatisfiable => f.write_str("range not satisfiable (416), though bytes are missing"),
        }
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, code: u16) -> fmt::Result {
    match reason(code) {
        "" => write!(f, "status {code}"),
        reason => write!(f, "{code} {reason}"),
    }
}

/// Reason phrases of the statuses that are met (RFC 9110 §15, RFC 6585, RFC 8470).
fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        421 => "Misdirected Request",
        425 => "Too Early",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
