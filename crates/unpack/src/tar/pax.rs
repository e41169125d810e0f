//! Extended headers (POSIX.1-2024, pax, "pax Extended Header").

use super::header::invalid;
use crate::Problem;

/// What an extended header says about the member after it, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pax {
    pub(super) path: Option<String>,
    pub(super) linkpath: Option<String>,
    pub(super) size: Option<u64>,
}

/// Whose header it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of the next member.
    Member,
    /// Of all members that follow.
    Global,
}

impl Pax {
    /// Reads records: `length key=value` and a newline each.
    pub(super) fn parse(mut records: &[u8], scope: Scope) -> Result<Self, Problem> {
        let mut pax = Self::default();
        let mut seen = std::collections::HashSet::new();
        while !records.is_empty() {
            let (key, value, rest) = record(records)?;
            if !seen.insert(key) {
                // The last one counts, by the book; not every reader has read it.
                return Err(invalid(format!("there are two extended records of {key:?}")));
            }
            pax.take(key, value, scope)?;
            records = rest;
        }
        Ok(pax)
    }

    fn take(&mut self, key: &str, value: &[u8], scope: Scope) -> Result<(), Problem> {
        match key {
            "path" | "linkpath" | "size" if scope == Scope::Global => {
                Err(invalid(format!("a global header sets the {key} of all members")))
            }
            "path" => {
                self.path = Some(text(key, value)?);
                Ok(())
            }
            "linkpath" => {
                self.linkpath = Some(text(key, value)?);
                Ok(())
            }
            "size" => {
                self.size = Some(size(value)?);
                Ok(())
            }
            "hdrcharset" => charset(value),
            // Star and Solaris have sparse files in these.
            "SCHILY.realsize" | "SUN.holesdata" => Err(sparse()),
            _ if key.starts_with("GNU.sparse.") => Err(sparse()),
            _ => Ok(()),
        }
    }
}

fn sparse() -> Problem {
    Problem::Unsupported { what: "a sparse file".to_owned() }
}

/// The first record's key and value, and what follows it.
fn record(records: &[u8]) -> Result<(&str, &[u8], &[u8]), Problem> {
    let broken = |why: &str| invalid(format!("an extended record {why}"));
    let digits = records.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = decimal(&records[..digits]).ok_or_else(|| broken("has no length"))?;
    let length = usize::try_from(length).ok().filter(|length| *length <= records.len());
    let length = length.ok_or_else(|| broken("is longer than its header"))?;
    let (record, rest) = records.split_at(length);
    let body = record.get(digits..).and_then(|body| body.strip_prefix(b" "));
    let body = body.ok_or_else(|| broken("has no blank after its length"))?;
    let body = body.strip_suffix(b"\n").ok_or_else(|| broken("does not end with a newline"))?;
    let equals = body.iter().position(|byte| *byte == b'=').ok_or_else(|| broken("has no `=`"))?;
    let (key, value) = (&body[..equals], &body[equals + 1..]);
    let key = std::str::from_utf8(key).ok().filter(|key| !key.is_empty() && (!key.contains('\0') || is_attribute(key)));
    Ok((key.ok_or_else(|| broken("has no valid key"))?, value, rest))
}

/// An extended attribute may be called anything, and no reader takes it for something else when it stops at a NUL.
fn is_attribute(key: &str) -> bool {
    key.starts_with("SCHILY.xattr.") || key.starts_with("LIBARCHIVE.xattr.")
}

fn text(key: &str, value: &[u8]) -> Result<String, Problem> {
    match std::str::from_utf8(value) {
        Ok("") => Err(invalid(format!("an extended record takes the {key} away"))),
        Ok(text) if text.contains('\0') => Err(invalid(format!("there is a NUL in the {key}"))),
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(invalid(format!("the {key} is not UTF-8"))),
    }
}

fn size(value: &[u8]) -> Result<u64, Problem> {
    decimal(value)
        .filter(|size| i64::try_from(*size).is_ok())
        .ok_or_else(|| invalid(format!("an extended record has the size \"{}\"", value.escape_ascii())))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `BINARY` says that names may be anything; those here have to be UTF-8 all the same.
fn charset(value: &[u8]) -> Result<(), Problem> {
    match value {
        b"ISO-IR 10646 2000 UTF-8" | b"BINARY" => Ok(()),
        _ => Err(Problem::Unsupported { what: format!("the character set \"{}\"", value.escape_ascii()) }),
    }
}
