//! What an origin says in words about a refusal (RFC 9457).

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::Url;

/// More of an error document is not read.
pub(crate) const MOST_BYTES: usize = 16 * 1024;

/// Longer words are cut, in characters.
const MOST_CHARS: usize = 500;

/// Whether an answer is a refusal that explains itself.
pub(crate) fn explains(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    response.status().as_u16() >= 400 && kind.eq_ignore_ascii_case("application/problem+json")
}

/// Title and detail of an error document, on one line and without the query of the URL that was asked, which may be signed.
pub(crate) fn words(document: &[u8], url: &Url) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let member = |name: &str| document.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let text = match (member("title"), member("detail")) {
        (Some(title), Some(detail)) if title != detail => format!("{title}: {detail}"),
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        (None, None) => return None,
    };
    let text = match url.query().filter(|query| !query.is_empty()) {
        Some(query) => text.replace(query, "…"),
        None => text,
    };
    // A terminal must not obey an origin.
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    Some(text.chars().map(printable).take(MOST_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_and_detail_are_told_on_one_line() {
        let url: Url = "https://host.example/a?signature=abc".parse().unwrap();
        for (document, expected) in [
            (r#"{"title":"Quota","detail":"42 of 40 GB used","status":403}"#, Some("Quota: 42 of 40 GB used")),
            (r#"{"title":"Quota"}"#, Some("Quota")),
            (r#"{"detail":" only this "}"#, Some("only this")),
            (r#"{"title":"same","detail":"same"}"#, Some("same")),
            ("{\"title\":\"two\\nlines\\u001b[31m\"}", Some("two lines [31m")),
            (r#"{"detail":"bad link /a?signature=abc"}"#, Some("bad link /a?…")),
            (r#"{"title":7,"detail":""}"#, None),
            (r#"["title"]"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(words(document.as_bytes(), &url).as_deref(), expected, "{document}");
        }
        let long = format!(r#"{{"title":"{}"}}"#, "é".repeat(2000));
        assert_eq!(words(long.as_bytes(), &url).unwrap().chars().count(), MOST_CHARS);
    }
}
