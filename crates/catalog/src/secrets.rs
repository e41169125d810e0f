//! Texts that may hold a password.

/// Takes out of a text whatever stands before an `@` in a URL, and what follows the `?` of one: both may be secrets.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        shown += before;
        // Parsers quote what they do not like; a URL holds none of these.
        let end = url.find(|c: char| c.is_whitespace() || "`'\"<>;".contains(c)).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        rest = after;
        let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let (url, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        match url.rfind('@') {
            Some(at) => {
                shown += "…";
                shown += &url[at..];
            }
            None => shown += url,
        }
        shown += if query.is_empty() { "" } else { "?…" };
        shown += fragment;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_stay() {
        for (text, shown) in [
            ("foo==1", "foo==1"),
            ("foo @ https://u:p@h/x.whl#sha256=ab", "foo @ https://…@h/x.whl#sha256=ab"),
            ("`https://u:p@w@h/x`; see https://h/y?token=s3", "`https://…@h/x`; see https://h/y?…"),
            ("git+ssh://u:p@h/x.git@main", "git+ssh://…@main"),
            ("https://u:p@h/=https://v:q@i/", "https://…@i/"),
        ] {
            assert_eq!(without_secrets(text), shown, "{text}");
        }
    }
}
