//! The ledger: what happened each time.

use towline_client::PageError;
use towline_fetch::FetchError;
use towline_transfer::{Attempt, Cause, Failure, Fault, Hop};

use super::units::{bytes, time};
use crate::exit::Error;

/// Attempts shown from the beginning and from the end; all of them are in the events.
const FIRST: usize = 3;
const LAST: usize = 10;

/// The text of a failure: the error, the attempts, and what is kept.
pub(super) fn failure(error: &Error, log: &[Attempt], several: bool, kept_bytes: Option<(u64, Option<u64>)>) -> String {
    let mut text = format!("{}: {error}", super::ERROR);
    let rows: Vec<[String; 3]> = log.iter().enumerate().map(|(at, attempt)| row(at + 1, attempt, several)).collect();
    let shown: Vec<usize> = (0..rows.len()).filter(|&at| at < FIRST || at + LAST >= rows.len()).collect();
    let width = |column: usize| shown.iter().map(|&at| rows[at][column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut before = None;
    for &at in &shown {
        if before.is_some_and(|before| before + 1 != at) {
            text += &format!("\n  … {} attempts in between, all of them in --events", rows.len() - shown.len());
        }
        before = Some(at);
        let [number, way, end] = &rows[at];
        text += &format!("\n  {number:<first$}   {way:<second$}   {end}");
    }
    if let Some(hint) = hint(error, kept_bytes) {
        text += &format!("\n  \x1b[1;36mhint\x1b[0m: {hint}");
    }
    text
}

/// Whether the error is one fault, as the ledger would have it.
pub(super) const fn is_fault(error: &Error) -> bool {
    matches!(error, Error::Page { error: PageError::Transfer(Failure { cause: Cause::NoUrl(_), .. }), .. })
}

fn row(number: usize, attempt: &Attempt, several: bool) -> [String; 3] {
    let way = format!("{} -> {}", bytes(attempt.from), bytes(attempt.to));
    let mut end = match &attempt.fault {
        None => "complete".to_owned(),
        Some(fault @ (Fault::Reset | Fault::Short { .. } | Fault::Closed | Fault::Protocol(_))) => {
            format!("{fault} after {}", time(attempt.took))
        }
        Some(fault) => cause(fault, attempt.note.as_deref()),
    };
    if attempt.reread > 0 {
        end += &format!(", {} re-read", bytes(attempt.reread));
    }
    if !attempt.waited.is_zero() {
        end += &format!(", waited {}", time(attempt.waited));
        if attempt.waited_as_asked() {
            end += " (Retry-After)";
        }
    } else if let Some(Fault::Status { retry_after: Some(asked), .. }) = &attempt.fault {
        end += &format!(", Retry-After {}", time(*asked));
    }
    let places = attempt.hops.last().map(|hop| host(&hop.url));
    if let Some(place) = places.filter(|_| several || attempt.hops.len() > 1) {
        end += &format!(" [{place}]");
    }
    [format!("attempt {number}"), way, end]
}

fn hint(error: &Error, kept_bytes: Option<(u64, Option<u64>)>) -> Option<String> {
    let failure = match error {
        Error::Fetch { error: FetchError::Transfer(failure), .. }
        | Error::Page { error: PageError::Transfer(failure), .. } => Some(failure),
        _ => None,
    };
    if let Some(failure) = failure {
        match &failure.cause {
            Cause::NoUrl(Fault::Status { retry_after: Some(asked), .. }) => {
                return Some(format!(
                    "the server asks to come back in {}; --max-wait allows longer waits",
                    time(*asked)
                ));
            }
            Cause::Mismatch { got } => {
                let last = got.last().map(String::as_str).unwrap_or_default();
                return Some(format!("the bytes that came have sha256 {last}; nothing of them was kept"));
            }
            _ => {}
        }
    }
    let (held, size) = kept_bytes.filter(|(held, _)| *held > 0)?;
    Some(format!("{} are kept; the same command continues from there", position(held, size)))
}

/// A fault, and what the origin said about it (RFC 9457).
pub(super) fn cause(fault: &Fault, note: Option<&str>) -> String {
    note.map_or_else(|| fault.to_string(), |note| format!("{fault}: {note}"))
}

/// What is kept of a file.
pub(super) fn kept(name: &str, held: u64, size: Option<u64>) -> String {
    format!("{} of {name} are kept; the same command continues from there", position(held, size))
}

/// `8.4 of 16.9 MB`, `8.4 MB`.
pub(super) fn position(held: u64, size: Option<u64>) -> String {
    let Some(whole) = size else { return bytes(held) };
    let missing = whole.saturating_sub(held);
    let (held, size) = (bytes(held), bytes(whole));
    if held == size && missing > 0 {
        return format!("all but {} of {size}", bytes(missing));
    }
    match (held.split_once(' '), size.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {size}"),
        _ => format!("{held} of {size}"),
    }
}

/// Each request of an attempt, for `--verbose`.
pub(super) fn hops(attempt: &Attempt) -> impl Iterator<Item = String> + '_ {
    attempt.hops.iter().map(|hop: &Hop| {
        let range = hop.range.map(|from| format!(" from byte {from}")).unwrap_or_default();
        let answer = match (hop.status, hop.reached) {
            (Some(status), _) => status.to_string(),
            (None, true) => "no answer".to_owned(),
            (None, false) => "not reached".to_owned(),
        };
        format!("GET {}{range}: {answer}", hop.url)
    })
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_share_their_unit() {
        assert_eq!(position(8_400_000, Some(16_900_000)), "8.4 of 16.9 MB");
        assert_eq!(position(400, Some(16_900_000)), "400 B of 16.9 MB");
        assert_eq!(position(400, None), "400 B");
        assert_eq!(position(16_999_992, Some(17_000_000)), "all but 8 B of 17.0 MB");
    }
}
