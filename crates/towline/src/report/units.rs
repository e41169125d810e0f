//! Bytes and times for people: decimal units, as file hosts and package indexes show them.

use std::time::Duration;

/// `0 B`, `999 B`, `8.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    if count < 1000 {
        return format!("{count} B");
    }
    let mut unit = "";
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        value /= 1000.0;
        unit = next;
        // 999.95 would be written as 1000.0.
        if value < 999.95 {
            break;
        }
    }
    format!("{value:.1} {unit}")
}

/// `0.3 s`, `42 s`, `3 min 20 s`.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..9.95 => format!("{seconds:.1} s"),
        ..99.5 => format!("{seconds:.0} s"),
        _ => format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (8_438_000, "8.4 MB"),
            (16_900_000, "16.9 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), text, "{count}");
        }
        for (millis, text) in [(0, "0.0 s"), (2100, "2.1 s"), (42_000, "42 s"), (200_000, "3 min 20 s")] {
            assert_eq!(time(Duration::from_millis(millis)), text);
        }
    }
}
