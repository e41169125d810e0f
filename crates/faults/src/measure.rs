//! Quantities as scripts write them: positions in a body, waiting times, ordinal numbers.
//!
//! In a script file a size is a number of bytes or a string with a unit (`"64KiB"`, `"2MB"`), a
//! position may also be a share (`"50%"`), and `file:` in front makes it absolute in the file.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

/// A quantity of a script that could not be understood.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{text}` is not {wanted}")]
pub struct MeasureError {
    text: String,
    wanted: &'static str,
}

impl MeasureError {
    fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.to_owned(), wanted }
    }
}

/// Where in a response something happens.
///
/// In a script: `1000`, `"64KiB"`, `"50%"` (of this response), `"file:1000"`, `"file:50%"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Scalar", into = "String")]
pub enum At {
    /// After so many bytes of this response's body.
    Byte(u64),
    /// After this share (0.0 to 1.0) of this response's body.
    Fraction(f64),
    /// At this offset of the file, whatever range was asked. Nothing happens in a response that does not contain it.
    File(u64),
    /// At this share (0.0 to 1.0) of the file.
    FileFraction(f64),
}

impl At {
    /// The offset within a body of `len` bytes that starts at `from` in a file of `size`; `None` if it lies outside.
    pub(crate) fn in_body(self, from: u64, len: u64, size: u64) -> Option<u64> {
        let at = match self {
            Self::Byte(n) => n,
            Self::Fraction(share) => part_of(share, len),
            Self::File(n) => n.checked_sub(from)?,
            Self::FileFraction(share) => part_of(share, size).checked_sub(from)?,
        };
        (at <= len).then_some(at)
    }

    /// The quantity as a length: shares are shares of `whole`, and at least one byte.
    pub(crate) fn length(self, whole: u64) -> u64 {
        match self {
            Self::Byte(n) | Self::File(n) => n,
            Self::Fraction(share) | Self::FileFraction(share) => part_of(share, whole).max(1),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a file needs no more than the 53 bits of a float, and is clamped"
)]
fn part_of(share: f64, whole: u64) -> u64 {
    ((whole as f64) * share.clamp(0.0, 1.0)).round() as u64
}

impl FromStr for At {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "a position such as 1000, \"64KiB\", \"50%\", \"file:1000\" or \"file:50%\"";
        let (in_file, rest) = match text.strip_prefix("file:") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if let Some(percent) = rest.trim().strip_suffix('%') {
            let share = percent.trim().parse::<f64>().map_err(|_| MeasureError::new(text, wanted))? / 100.0;
            if !(0.0..=1.0).contains(&share) {
                return Err(MeasureError::new(text, wanted));
            }
            return Ok(if in_file { Self::FileFraction(share) } else { Self::Fraction(share) });
        }
        let bytes = parse_size(rest).ok_or_else(|| MeasureError::new(text, wanted))?;
        Ok(if in_file { Self::File(bytes) } else { Self::Byte(bytes) })
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(n) => write!(f, "{n}"),
            Self::Fraction(share) => write!(f, "{}%", share * 100.0),
            Self::File(n) => write!(f, "file:{n}"),
            Self::FileFraction(share) => write!(f, "file:{}%", share * 100.0),
        }
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.to_string()
    }
}

impl TryFrom<Scalar> for At {
    type Error = MeasureError;

    fn try_from(scalar: Scalar) -> Result<Self, Self::Error> {
        scalar.text().parse()
    }
}

/// How long to hold something up.
///
/// In a script: a number of seconds, or `"forever"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Scalar", into = "String")]
pub enum Hold {
    /// So many seconds, then go on.
    Seconds(f64),
    /// Until the client gives up.
    Forever,
}

impl Hold {
    pub(crate) fn duration(self) -> Option<Duration> {
        match self {
            Self::Seconds(s) => Some(seconds(s)),
            Self::Forever => None,
        }
    }
}

/// Seconds as a duration; what cannot be one (negative, not a number) is none at all.
pub(crate) fn seconds(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or_default()
}

impl FromStr for Hold {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        match text.parse::<f64>() {
            Ok(s) if s.is_finite() && s >= 0.0 => Ok(Self::Seconds(s)),
            _ => Err(MeasureError::new(text, "a number of seconds or \"forever\"")),
        }
    }
}

impl From<Hold> for String {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::Seconds(s) => s.to_string(),
            Hold::Forever => "forever".to_owned(),
        }
    }
}

impl TryFrom<Scalar> for Hold {
    type Error = MeasureError;

    fn try_from(scalar: Scalar) -> Result<Self, Self::Error> {
        scalar.text().parse()
    }
}

/// A set of ordinal numbers, counted from 1.
///
/// In a script: `1`, `"2-5"` (both included), `"3-"` (third and later). In Rust: `1`, `2..=5`, `2..6`, `3..`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Scalar", into = "String")]
pub struct Nth {
    first: u64,
    last: u64,
}

impl Nth {
    pub(crate) fn contains(self, n: u64) -> bool {
        (self.first..=self.last).contains(&n)
    }
}

impl From<u64> for Nth {
    fn from(n: u64) -> Self {
        Self { first: n, last: n }
    }
}

impl From<RangeInclusive<u64>> for Nth {
    fn from(range: RangeInclusive<u64>) -> Self {
        Self { first: *range.start(), last: *range.end() }
    }
}

impl From<Range<u64>> for Nth {
    fn from(range: Range<u64>) -> Self {
        Self { first: range.start, last: range.end.saturating_sub(1) }
    }
}

impl From<RangeFrom<u64>> for Nth {
    fn from(range: RangeFrom<u64>) -> Self {
        Self { first: range.start, last: u64::MAX }
    }
}

impl FromStr for Nth {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || MeasureError::new(text, "a number from 1, a range \"2-5\" or \"3-\"");
        let number = |s: &str| s.trim().parse::<u64>().map_err(|_| bad());
        let nth = match text.split_once('-') {
            None => Self::from(number(text)?),
            Some((first, "")) => Self::from(number(first)?..),
            Some((first, last)) => Self::from(number(first)?..=number(last)?),
        };
        if nth.first == 0 || nth.last < nth.first { Err(bad()) } else { Ok(nth) }
    }
}

impl From<Nth> for String {
    fn from(nth: Nth) -> Self {
        match nth.last {
            u64::MAX => format!("{}-", nth.first),
            last if last == nth.first => last.to_string(),
            last => format!("{}-{last}", nth.first),
        }
    }
}

impl TryFrom<Scalar> for Nth {
    type Error = MeasureError;

    fn try_from(scalar: Scalar) -> Result<Self, Self::Error> {
        scalar.text().parse()
    }
}

/// A number of bytes: digits, optionally with K, M or G (1000), or KiB, MiB, GiB (1024).
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "K" | "kB" | "KB" => 1000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.replace('_', "").parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads a size that may carry a unit (`serde(deserialize_with)`).
pub(crate) fn size<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = Scalar::deserialize(from)?.text();
    parse_size(&text).ok_or_else(|| {
        serde::de::Error::custom(MeasureError::new(&text, "a number of bytes such as 1000 or \"64KiB\""))
    })
}

/// Like [`size`], for a value that may be left out.
pub(crate) fn optional_size<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    size(from).map(Some)
}

/// What stands in a script where a quantity is wanted.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Whole(i64),
    Real(f64),
    Text(String),
}

impl Scalar {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Whole(n) => n.to_string(),
            Self::Real(x) => x.to_string(),
            Self::Text(text) => text,
        }
    }
}
