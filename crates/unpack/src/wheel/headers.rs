//! Fields of METADATA and WHEEL, as Python's email parser finds them.

/// The values of a field, in order; its name in any case. Fields end at the first line that is none, an empty one
/// usually; what follows is the description.
pub(super) fn values(text: &[u8], field: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut ours = false;
    for line in lines(text) {
        if line.starts_with([' ', '\t']) {
            if let Some(value) = values.last_mut().filter(|_| ours) {
                value.push('\n');
                value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_name(name)) else { break };
        ours = name.eq_ignore_ascii_case(field);
        if ours {
            values.push(value.trim().to_owned());
        }
    }
    values
}

/// All that the parser takes for the name of a field.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 33..=126))
}

/// Ended by `\n`, `\r\n` or `\r`.
fn lines(text: &[u8]) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        Some(String::from_utf8_lossy(line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_at_the_description() {
        for (text, names) in [
            ("Name: a\nVersion: 1\n\nName: b\n", vec!["a"]),
            ("name:a\r\nNAME : b\r\n", vec!["a"]),
            ("Summary: x\n Name: c\nName: a\n", vec!["a"]),
            ("Name: a\n b\nVersion: 1", vec!["a\nb"]),
            ("Name: a\nName: b", vec!["a", "b"]),
            ("no field\nName: a\n", vec![]),
            ("Version: 1\rName: a\r", vec!["a"]),
            ("\nName: a\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(values(text.as_bytes(), "Name"), names, "{text:?}");
        }
        assert_eq!(values(b"Author: \xff\xfe\nName: a\n", "Name"), ["a"]);
    }
}
