//! What may be sent in `If-Range` (RFC 9110 §8.8 and §13.1.5).

use std::fmt;
use std::time::Duration;

/// A *strong* validator: the only kind that may vouch for a resume. A weak one cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validator {
    /// A strong entity tag, quotes included.
    ETag(String),
    /// A `Last-Modified` that the same answer's `Date` proves strong (RFC 9110 §8.8.2.2).
    Modified(String),
}

impl Validator {
    /// How much older than `Date` a `Last-Modified` has to be. RFC 9110 asks for a second and one clock; a minute, as
    /// RFC 7232 had it, also covers origins behind several machines.
    pub const AGE: Duration = Duration::from_secs(60);

    /// A longer entity tag (1 KiB) is not used: it would have to be kept and sent back each time.
    pub const LONGEST: usize = 1024;

    /// The strong validator of an answer: its entity tag, else its date if that is proven strong, else none.
    #[must_use]
    pub fn of(etag: Option<&str>, modified: Option<&str>, date: Option<&str>) -> Option<Self> {
        match etag {
            Some(tag) => is_strong(tag).then(|| Self::ETag(tag.to_owned())),
            None => {
                modified.filter(|modified| is_old(modified, date)).map(|modified| Self::Modified(modified.to_owned()))
            }
        }
    }

    /// The text for `If-Range`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ETag(text) | Self::Modified(text) => text,
        }
    }

    /// Reads back what [`Validator::as_str`] gave, for a partial file of an earlier run.
    #[must_use]
    pub fn recall(text: &str) -> Option<Self> {
        if is_strong(text) {
            return Some(Self::ETag(text.to_owned()));
        }
        httpdate::parse_http_date(text).is_ok().then(|| Self::Modified(text.to_owned()))
    }

    /// Whether `other` says that the content is another one. Only two of a kind can disagree.
    #[must_use]
    pub fn denies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ETag(a), Self::ETag(b)) | (Self::Modified(a), Self::Modified(b)) => a != b,
            (Self::ETag(_), Self::Modified(_)) | (Self::Modified(_), Self::ETag(_)) => false,
        }
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `W/` marks a weak tag; a tag without quotes is none (RFC 9110 §8.8.3).
fn is_strong(tag: &str) -> bool {
    if tag.len() > Validator::LONGEST {
        return false;
    }
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte == 0x21 || (byte > 0x22 && byte != 0x7f)))
}

fn is_old(modified: &str, date: Option<&str>) -> bool {
    let parse = |text| httpdate::parse_http_date(text).ok();
    let (Some(modified), Some(date)) = (parse(modified), date.and_then(parse)) else { return false };
    date.duration_since(modified).is_ok_and(|age| age >= Validator::AGE)
}
