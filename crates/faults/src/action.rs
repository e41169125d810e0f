//! The vocabulary of faults.
//!
//! In a script file an action is a string if it needs no value (`"ignore-range"`) and else a table
//! with one key (`{ rst-at = "50%" }`); names are those below in kebab-case. Several actions of a rule
//! work on one response together where that makes sense.

use crate::measure::{At, Hold, Scalar, size};
use serde::{Deserialize, Serialize};

/// One misbehaviour. Times are seconds, sizes bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    // The connection, before anything is read. A rule with one of these is asked when a connection
    // is accepted (its `nth` then counts connections) and never again.
    /// Reset the connection as soon as it is accepted.
    RstOnAccept,
    /// Close the connection as soon as it is accepted.
    FinOnAccept,
    /// Reset the connection and close the listener for so many seconds: others are refused (ECONNREFUSED).
    RefuseFor(f64),
    /// Accept and never read or answer anything.
    Mute,
    /// Misbehave in the TLS handshake (only where the script turns TLS on).
    Tls(TlsFault),

    // Before or instead of a response head.
    /// Read the request, then reset.
    RstBeforeHead,
    /// Read the request, then close.
    FinBeforeHead,
    /// Read the request, then wait.
    StallBeforeHead(Hold),
    /// Reset after so many bytes of the response head.
    RstInHead(usize),
    /// Close after so many bytes of the response head.
    FinInHead(usize),
    /// Send this text instead of a response, then close.
    Garbage(String),
    /// Reset every connection and refuse new ones for so many seconds.
    Outage(f64),

    // In the middle of a body.
    /// Reset at this place; the bytes before it reach the client.
    RstAt(At),
    /// Close at this place, without a TLS goodbye.
    FinAt(At),
    /// Go silent at this place.
    StallAt {
        /// Where.
        at: At,
        /// For how long; default: for ever.
        #[serde(rename = "for", default = "forever")]
        hold: Hold,
    },
    /// A lossy link: reset each response after so many bytes, or this share of the *file*.
    Every(At),
    /// As `every`, but close instead of reset.
    EveryFin(At),

    // Speed.
    /// At most so many bytes a second for this response, with a small send buffer.
    Pace(#[serde(deserialize_with = "size")] u64),
    /// At most so many bytes a second over all responses that carry this action with the same number.
    SharedPace(#[serde(deserialize_with = "size")] u64),
    /// So many bytes at a time with a pause between.
    Dribble {
        /// Bytes of one write.
        bytes: usize,
        /// Pause in milliseconds.
        every_ms: u64,
    },
    /// Ask the kernel for a send buffer of so many bytes.
    SendBuffer(usize),

    // Status and headers.
    /// Answer with this status. Outside 2xx the body is [`Action::Body`] or a line of text.
    Status(u16),
    /// Set a header, replacing one of that name.
    Header(String, String),
    /// Leave a header out.
    RemoveHeader(String),
    /// Send this text as body.
    Body(String),
    /// Send Retry-After.
    RetryAfter(RetryAfter),
    /// 302 (or the 3xx of [`Action::Status`]) to this place. `{path}`, `{host}`, `{port}` are replaced.
    Redirect(String),
    /// Redirect so many times (`?hop=1`, `?hop=2`, …) before answering.
    RedirectHops(u32),
    /// Redirect to `/signed/…`, a link of its own for each request that then answers 403.
    SignedLink {
        /// Good for so many requests; default: any number.
        #[serde(default)]
        uses: Option<u64>,
        /// Good for so many seconds; default: for ever.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// 200 and a small HTML page instead of the file, as a captive portal does.
    LoginPage,
    /// 401 unless this user and password come with the request (RFC 7617). CONNECT: 407.
    Auth {
        /// User name.
        user: String,
        /// Password; the journal shows `***`.
        #[serde(serialize_with = "hide")]
        password: String,
    },

    // Ranges (RFC 9110 section 14).
    /// Answer 200 and everything, though ranges are advertised.
    IgnoreRange,
    /// Neither advertise nor honour ranges.
    NoRanges,
    /// Answer another range, this many bytes later (or earlier, if negative), and say so.
    ShiftRange(i64),
    /// Start the range so many bytes late, end it as asked, and say so.
    Hole(#[serde(deserialize_with = "size")] u64),
    /// Answer at most this much of what was asked, and say so.
    ShortRange(At),
    /// Announce the range asked but send bytes from this many bytes later (or earlier).
    MislabelRange(i64),
    /// Send so many bytes beyond the end that Content-Range announces.
    OverLong(#[serde(deserialize_with = "size")] u64),
    /// Answer a wider range than asked, and say so.
    Superset {
        /// Bytes in front.
        #[serde(default)]
        before: u64,
        /// Bytes behind.
        #[serde(default)]
        after: u64,
    },
    /// Announce a total that is off by this many bytes.
    WrongTotal(i64),
    /// Announce the total as `*`.
    UnknownTotal,
    /// 206 without Content-Range.
    NoContentRange,
    /// 206 as multipart/byteranges with one part.
    Multipart,
    /// 416.
    NotSatisfiable(Total),
    /// Answer the range even if If-Range does not match.
    IgnoreIfRange,

    // Framing (RFC 9112 section 6).
    /// Chunked instead of Content-Length.
    Chunked,
    /// No length at all: the end of the connection is the end of the body.
    CloseDelimited,
    /// Answer as HTTP/1.0 and close.
    Http10,
    /// Chunked, with a chunk size that is none at this place.
    MalformedChunk(At),
    /// Chunked, with a proper end at this place.
    EndChunksAt(At),
    /// Content-Length off by this many bytes; then close.
    LengthOff(i64),
    /// This text as Content-Length, whatever it is; then close.
    ContentLength(String),
    /// Close after the response, and say so (`Connection: close`).
    Close,
    /// Close the idle connection so many seconds after the response, without a word.
    IdleFin(f64),
    /// Reset the idle connection so many seconds after the response.
    IdleRst(f64),

    // The representation.
    /// Flip the bits of one byte.
    Corrupt(At),
    /// Serve another file under this name.
    Changed {
        /// Seed of the new bytes (see [`Content::generated`](crate::Content::generated)); default: 4242.
        #[serde(default = "changed_seed")]
        seed: u64,
        /// New size; default: the old one.
        #[serde(default)]
        size: Option<u64>,
        /// What becomes of the ETag; default: a new one.
        #[serde(default)]
        etag: ChangedEtag,
    },
    /// Send this ETag.
    Etag(Etag),
    /// Gzip the body and label it so, whatever the client accepts.
    Gzip,
    /// Label the plain bytes as gzip.
    GzipLabel,

    // HTTP/2 (RFC 9113). Over HTTP/1.1 these do nothing.
    /// RST_STREAM with this error code at this place.
    H2Reset {
        /// Where.
        at: At,
        /// Error code; default: INTERNAL_ERROR.
        #[serde(default)]
        code: H2Code,
    },
    /// RST_STREAM with REFUSED_STREAM instead of a response.
    H2Refuse,
    /// GOAWAY at this place, then the connection ends; with HTTP_1_1_REQUIRED the stream is reset with that code too.
    #[serde(rename = "h2-goaway")]
    H2GoAway {
        /// Where.
        at: At,
        /// Error code; default: INTERNAL_ERROR.
        #[serde(default)]
        code: H2Code,
    },
}

impl Action {
    /// Sets a header, replacing one of that name.
    pub fn header(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Header(name.into(), value.into())
    }

    /// Goes silent at this place for ever.
    #[must_use]
    pub fn stall_at(at: At) -> Self {
        Self::StallAt { at, hold: Hold::Forever }
    }

    /// Serves other bytes of the same size under a new ETag.
    #[must_use]
    pub fn changed() -> Self {
        Self::Changed { seed: CHANGED_SEED, size: None, etag: ChangedEtag::New }
    }

    /// Whether the action belongs to the moment a connection is accepted.
    pub(crate) fn at_accept(&self) -> bool {
        matches!(self, Self::RstOnAccept | Self::FinOnAccept | Self::RefuseFor(_) | Self::Mute | Self::Tls(_))
    }
}

/// How a TLS handshake goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFault {
    /// A certificate of the trusted CA for another host.
    WrongHost,
    /// A certificate of nobody.
    SelfSigned,
    /// A certificate of the trusted CA that has expired.
    Expired,
    /// Reset after the client's first message.
    BreakOff,
    /// Never answer the client's first message.
    NeverAnswer,
}

/// A Retry-After value (RFC 9110 section 10.2.3).
///
/// In a script: `1`, `"date+5"` (an HTTP date five seconds from now), anything else is sent as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Scalar", into = "String")]
pub enum RetryAfter {
    /// So many seconds.
    Seconds(u64),
    /// A date so many seconds from now (negative: in the past).
    Date(i64),
    /// This text.
    Raw(String),
}

impl From<Scalar> for RetryAfter {
    fn from(scalar: Scalar) -> Self {
        let text = scalar.text();
        if let Some(offset) = text.strip_prefix("date").and_then(|rest| rest.parse().ok()) {
            Self::Date(offset)
        } else if let Ok(seconds) = text.parse() {
            Self::Seconds(seconds)
        } else {
            Self::Raw(text)
        }
    }
}

impl From<RetryAfter> for String {
    fn from(value: RetryAfter) -> Self {
        match value {
            RetryAfter::Seconds(s) => s.to_string(),
            RetryAfter::Date(s) => format!("date{s:+}"),
            RetryAfter::Raw(text) => text,
        }
    }
}

/// The total of a 416 (`Content-Range: bytes */N`).
///
/// In a script: `"right"`, `"none"` or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Scalar", into = "String")]
pub enum Total {
    /// The size of the file.
    Right,
    /// This number.
    Other(u64),
    /// No Content-Range at all.
    None,
}

impl TryFrom<Scalar> for Total {
    type Error = String;

    fn try_from(scalar: Scalar) -> Result<Self, Self::Error> {
        match scalar.text().as_str() {
            "right" => Ok(Self::Right),
            "none" => Ok(Self::None),
            text => {
                text.parse().map(Self::Other).map_err(|_| format!("`{text}` is not \"right\", \"none\" or a number"))
            }
        }
    }
}

impl From<Total> for String {
    fn from(total: Total) -> Self {
        match total {
            Total::Right => "right".to_owned(),
            Total::None => "none".to_owned(),
            Total::Other(n) => n.to_string(),
        }
    }
}

/// The entity tag of a file (RFC 9110 section 8.8.3).
///
/// In a script: `"none"`, `"fresh"` (another one each time), `"weak"`, or the opaque text, `W/` in front makes it weak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Etag {
    /// A strong tag with this opaque text (without quotes).
    Strong(String),
    /// A weak tag with this opaque text.
    Weak(String),
    /// None at all.
    None,
    /// Another strong one with each response.
    Fresh,
}

impl From<String> for Etag {
    fn from(text: String) -> Self {
        match text.as_str() {
            "none" => Self::None,
            "fresh" => Self::Fresh,
            "weak" => Self::Weak("weak".to_owned()),
            _ => match text.strip_prefix("W/") {
                Some(weak) => Self::Weak(weak.trim_matches('"').to_owned()),
                None => Self::Strong(text.trim_matches('"').to_owned()),
            },
        }
    }
}

impl From<Etag> for String {
    fn from(etag: Etag) -> Self {
        match etag {
            Etag::Strong(text) => text,
            Etag::Weak(text) => format!("W/{text}"),
            Etag::None => "none".to_owned(),
            Etag::Fresh => "fresh".to_owned(),
        }
    }
}

/// What becomes of the ETag when the content changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangedEtag {
    /// A new strong one.
    #[default]
    New,
    /// The old one, though the bytes differ.
    Same,
    /// None.
    None,
}

/// An HTTP/2 error code (RFC 9113 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are those of RFC 9113 section 7")]
pub enum H2Code {
    NoError,
    ProtocolError,
    #[default]
    InternalError,
    FlowControlError,
    RefusedStream,
    Cancel,
    EnhanceYourCalm,
    #[serde(rename = "HTTP_1_1_REQUIRED")]
    Http11Required,
}

fn forever() -> Hold {
    Hold::Forever
}

fn changed_seed() -> u64 {
    CHANGED_SEED
}

fn hide<S: serde::Serializer>(_: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("***")
}

/// The seed of a changed file where the script names none.
const CHANGED_SEED: u64 = 4242;
