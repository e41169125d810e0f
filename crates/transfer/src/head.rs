//! What an answer claims about itself, as parsed values.

use std::time::Duration;

use crate::validator::Validator;

/// `Content-Range` of an answer (RFC 9110 §14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// No such header.
    Missing,
    /// One that is not of the form, or whose numbers cannot be.
    Malformed,
    /// `bytes first-last/total`; `last` is inclusive, `total` is `None` for `*`.
    Satisfied {
        /// Position of the first byte.
        first: u64,
        /// Position of the last byte.
        last: u64,
        /// The whole size, unless the origin wrote `*`.
        total: Option<u64>,
    },
    /// `bytes */total`, the form of a 416.
    Unsatisfied {
        /// The whole size.
        total: u64,
    },
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// By a length, chunks or a frame: an early end is seen.
    Told,
    /// By the end of the connection: a cut looks like the end (RFC 9112 §6.3, last rule).
    Close,
}

/// The head of an answer, reduced to what the law looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// `Content-Range`.
    pub label: Label,
    /// `Content-Length`, when it is a number.
    pub length: Option<u64>,
    /// How the end of the body is told.
    pub framing: Framing,
    /// The answer's strong validator, if it has one.
    pub validator: Option<Validator>,
    /// `Retry-After`, as a time from now; dates are read against the answer's own `Date`, garbage is `None`.
    pub retry_after: Option<Duration>,
    /// `Content-Encoding`, unless it is `identity`.
    pub coding: Option<String>,
    /// Whether the body is `multipart/byteranges`.
    pub multipart: bool,
    /// Whether an earlier hop of this attempt was a redirect. Set by the driver.
    pub redirected: bool,
    /// Whether the origin has accepted our credentials in this run. Set by the driver.
    pub trusted_credentials: bool,
}

impl Head {
    /// Reads the fields of an answer. Names are compared without case; of a repeated field the first one counts.
    pub fn parse<'a>(status: u16, fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut seen: [Option<&str>; FIELDS.len()] = [None; FIELDS.len()];
        for (name, value) in fields {
            let Some(at) = FIELDS.iter().position(|field| field.eq_ignore_ascii_case(name)) else { continue };
            if let (None, Ok(text)) = (seen[at], str::from_utf8(value)) {
                seen[at] = Some(text.trim());
            }
        }
        let [range, length, transfer, etag, modified, date, after, coding, kind] = seen;
        let length = length.and_then(digits);
        let told = length.is_some() || transfer.is_some_and(|coding| coding.to_ascii_lowercase().ends_with("chunked"));
        Self {
            status,
            label: range.map_or(Label::Missing, label),
            length,
            framing: if told { Framing::Told } else { Framing::Close },
            validator: Validator::of(etag, modified, date),
            retry_after: after.and_then(|text| retry_after(text, date)),
            coding: coding
                .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
                .map(printable),
            multipart: kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/byteranges")),
            redirected: false,
            trusted_credentials: false,
        }
    }
}

const FIELDS: [&str; 9] = [
    "content-range",
    "content-length",
    "transfer-encoding",
    "etag",
    "last-modified",
    "date",
    "retry-after",
    "content-encoding",
    "content-type",
];

/// A field of digits only: no sign, no space (RFC 9110 §8.6).
fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A name as it may be shown: an origin must not steer a terminal, nor fill it.
fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(40).collect()
}

fn label(text: &str) -> Label {
    parse_label(text).unwrap_or(Label::Malformed)
}

fn parse_label(text: &str) -> Option<Label> {
    let (unit, rest) = text.split_once(' ')?;
    let (range, total) = rest.trim().split_once('/')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    if range == "*" {
        return Some(Label::Unsatisfied { total: digits(total)? });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last) = (digits(first)?, digits(last)?);
    let total = if total == "*" { None } else { Some(digits(total)?) };
    // `last + 1` has to be a position, too.
    let fits = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
    fits.then_some(Label::Satisfied { first, last, total })
}

/// Seconds or a date (RFC 9110 §10.2.3). A number too large for a `u64` is the largest wait, not garbage. A date in the
/// past is no wait; one without a readable `Date` beside it cannot be read.
fn retry_after(text: &str, date: Option<&str>) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(date?).ok()?;
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}
