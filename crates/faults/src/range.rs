//! Range and If-Range, answered by the book (RFC 9110 sections 13.1.5 and 14).

/// What a Range header selects of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// No usable range: everything, as 200.
    Whole,
    /// Bytes `first` to `last`, both included, as 206.
    Part { first: u64, last: u64 },
    /// Nothing of it exists: 416.
    Unsatisfiable,
}

/// Reads a Range header. Malformed ones and several ranges at once select the whole (RFC 9110 section 14.2 allows both).
pub(crate) fn select(header: Option<&str>, size: u64) -> Selection {
    let Some((unit, set)) = header.and_then(|h| h.split_once('=')) else { return Selection::Whole };
    let Some((first, last)) = set.trim().split_once('-') else { return Selection::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Selection::Whole;
    }
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if last < first => Selection::Whole,
        (Ok(first), _) if first >= size => Selection::Unsatisfiable,
        (Ok(first), Ok(last)) => Selection::Part { first, last: last.min(size - 1) },
        (Ok(first), Err(_)) if last.trim().is_empty() => Selection::Part { first, last: size - 1 },
        (Err(_), Ok(suffix)) if first.trim().is_empty() => match suffix.min(size) {
            0 => Selection::Unsatisfiable,
            n => Selection::Part { first: size - n, last: size - 1 },
        },
        _ => Selection::Whole,
    }
}

/// Whether an If-Range value still fits: strong comparison for tags, the exact date for dates.
pub(crate) fn if_range_fits(value: &str, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    let value = value.trim();
    if value.starts_with('"') { etag == Some(value) } else { !value.starts_with("W/") && last_modified == Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_by_the_book() {
        use Selection::{Part, Unsatisfiable, Whole};
        let table = [
            (None, 10, Whole),
            (Some("bytes=0-0"), 10, Part { first: 0, last: 0 }),
            (Some("bytes=2-6"), 10, Part { first: 2, last: 6 }),
            (Some("bytes=2-"), 10, Part { first: 2, last: 9 }),
            (Some("bytes=2-99"), 10, Part { first: 2, last: 9 }),
            (Some("bytes=-3"), 10, Part { first: 7, last: 9 }),
            (Some("bytes=-30"), 10, Part { first: 0, last: 9 }),
            (Some("bytes=-0"), 10, Unsatisfiable),
            (Some("bytes=10-"), 10, Unsatisfiable),
            (Some("bytes=10-20"), 10, Unsatisfiable),
            (Some("bytes=0-"), 0, Unsatisfiable),
            (Some("bytes=6-2"), 10, Whole),
            (Some("bytes=0-1,3-4"), 10, Whole),
            (Some("lines=0-1"), 10, Whole),
            (Some("bytes=a-b"), 10, Whole),
            (Some("bytes=-"), 10, Whole),
            (Some("BYTES=1-2"), 10, Part { first: 1, last: 2 }),
        ];
        for (header, size, wanted) in table {
            assert_eq!(select(header, size), wanted, "{header:?} of {size}");
        }
    }

    #[test]
    fn only_a_strong_validator_lets_a_range_through() {
        let date = "Wed, 01 Jan 2025 00:00:00 GMT";
        let table = [
            ("\"a\"", Some("\"a\""), true),
            ("\"b\"", Some("\"a\""), false),
            ("W/\"a\"", Some("W/\"a\""), false),
            ("\"a\"", Some("W/\"a\""), false),
            ("\"a\"", None, false),
            (date, Some("\"a\""), true),
            ("Thu, 02 Jan 2025 00:00:00 GMT", Some("\"a\""), false),
        ];
        for (value, etag, wanted) in table {
            assert_eq!(if_range_fits(value, etag, Some(date)), wanted, "{value} against {etag:?}");
        }
    }
}
