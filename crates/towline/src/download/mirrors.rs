//! `--mirror OLD=NEW`: other places of the same bytes.

use towline_client::Url;

use crate::exit::Error;

/// Beginnings of URLs, and what stands for them elsewhere.
#[derive(Debug, Default)]
pub(super) struct Mirrors(Vec<(String, String)>);

impl Mirrors {
    /// Reads `OLD=NEW`, both http(s). OLD ends at the first `=http`, for a URL may hold an equals sign.
    pub(super) fn parse(texts: &[String]) -> Result<Self, Error> {
        let refuse = |text: &str, why: &str| Error::Mirror { text: text.to_owned(), why: why.to_owned() };
        let mut pairs = Vec::new();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let at = text.find("=http").ok_or_else(|| refuse(text, "it has to be OLD=NEW, two beginnings of URLs"))?;
            let (old, new) = (&text[..at], &text[at + 1..]);
            for part in [old, new] {
                match Url::parse(part) {
                    Ok(url) if matches!(url.scheme(), "http" | "https") => {}
                    Ok(_) => return Err(refuse(text, "both have to begin with http:// or https://")),
                    Err(error) => return Err(refuse(text, &error.to_string())),
                }
            }
            pairs.push((old.to_owned(), new.to_owned()));
        }
        Ok(Self(pairs))
    }

    /// The URLs to ask, mirrors first, in the order in which they were given; each once.
    pub(super) fn all<'a>(&self, urls: impl Iterator<Item = &'a Url>) -> Vec<Url> {
        let given: Vec<&Url> = urls.collect();
        let mirrored = self.0.iter().flat_map(|(old, new)| {
            given.iter().filter_map(move |url| {
                let rest = url.as_str().strip_prefix(old.as_str())?;
                Url::parse(&format!("{new}{rest}")).ok()
            })
        });
        let mut all: Vec<Url> = Vec::new();
        for url in mirrored.chain(given.iter().map(|url| (*url).clone())) {
            if !all.contains(&url) {
                all.push(url);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_come_first_and_the_given_url_stays() {
        let texts = ["https://files.example/=https://a.example/x/", "https://files.example/p/=http://b.example:81/"];
        let mirrors = Mirrors::parse(&texts.map(str::to_owned)).unwrap();
        let url: Url = "https://files.example/p/q.whl".parse().unwrap();
        let all: Vec<String> = mirrors.all([&url].into_iter()).into_iter().map(String::from).collect();
        assert_eq!(all, ["https://a.example/x/p/q.whl", "http://b.example:81/q.whl", "https://files.example/p/q.whl"]);
        let other: Url = "https://other.example/p/q.whl".parse().unwrap();
        assert_eq!(mirrors.all([&other].into_iter()), [other]);
    }

    #[test]
    fn what_is_no_mirror_is_refused() {
        for text in [
            "x",
            "https://a.example/",
            "https://a.example/=",
            "=https://a.example/",
            "ftp://a/=http://b/",
            "http://a/=b",
        ] {
            assert!(Mirrors::parse(&[text.to_owned()]).is_err(), "{text}");
        }
        assert!(Mirrors::parse(&["http://a.example/?x=1=https://b.example/".to_owned()]).is_ok());
    }
}
