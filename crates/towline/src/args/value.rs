//! Values of options.

use std::time::Duration;

use towline_store::Digest;

/// Longest time that an option takes: a year. What is longer is a mistake.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A time: a bare number means seconds, `0` means never where the option says so; `500ms`, `1m 30s` and the like are read, too.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().map(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match seconds {
        Some(time) => time,
        None => humantime::parse_duration(text).ok(),
    };
    match time {
        Some(time) if time <= LONGEST => Ok(time),
        Some(_) => Err("more than a year".to_owned()),
        None => Err("not a time: give seconds (`30`), or a number with a unit (`500ms`, `5m`)".to_owned()),
    }
}

/// A SHA-256, with or without `sha256:` before it.
pub(super) fn sha256(text: &str) -> Result<Digest, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    Digest::sha256(hex).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit() {
        let millis = |text: &str| time(text).map(|time| time.as_millis());
        for (text, expected) in
            [("0", 0), ("30", 30_000), ("0.25", 250), ("500ms", 500), ("5m", 300_000), ("1m 30s", 90_000)]
        {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "foo", "999999999999", "1e300", "inf", "NaN", "5 parsecs", "-0.1", "400d"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
