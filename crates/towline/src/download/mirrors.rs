//! `--mirror OLD=NEW`: other places of the same bytes.

use towline_catalog::without_secrets;
use towline_client::Url;

use crate::exit::Error;

/// Beginnings of URLs, and what stands for them elsewhere.
#[derive(Debug, Default)]
pub(super) struct Mirrors(Vec<(Url, Url)>);

impl Mirrors {
    /// Reads `OLD=NEW`, both http(s). OLD ends at the first `=http`, for a URL may hold an equals sign.
    pub(super) fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let refuse = |why: &str| Error::Mirror { text: without_secrets(text), why: why.to_owned() };
            let at = text.find("=http").ok_or_else(|| refuse("it has to be OLD=NEW, two beginnings of URLs"))?;
            let parse = |part: &str| match Url::parse(part) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
                Ok(_) => Err(refuse("both have to begin with http:// or https://")),
                Err(error) => Err(refuse(&error.to_string())),
            };
            pairs.push((parse(&text[..at])?, parse(&text[at + 1..])?));
        }
        Ok(Self(pairs))
    }

    /// The URLs to ask, mirrors first, in the order in which they were given; each once.
    pub(super) fn all<'a>(&self, urls: impl Iterator<Item = &'a Url>) -> Vec<Url> {
        let given: Vec<&Url> = urls.collect();
        let mirrored = self.0.iter().flat_map(|(old, new)| given.iter().filter_map(move |url| mirrored(url, old, new)));
        let mut all: Vec<Url> = Vec::new();
        for url in mirrored.chain(given.iter().map(|url| (*url).clone())) {
            if !all.contains(&url) {
                all.push(url);
            }
        }
        all
    }
}

/// The URL below NEW of what is below OLD: of the same origin, and of its path or in it. Credentials of OLD and of the URL do not matter, and
/// none of them goes elsewhere.
fn mirrored(url: &Url, old: &Url, new: &Url) -> Option<Url> {
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    let rest = url.path().strip_prefix(old.path().trim_end_matches('/'))?;
    if origin(url) != origin(old) || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let mut mirror = new.clone();
    mirror.set_path(&format!("{}{rest}", new.path().trim_end_matches('/')));
    mirror.set_query(url.query().or(new.query()));
    Some(mirror)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pairs: &[&str], url: &str) -> Vec<String> {
        let texts: Vec<String> = pairs.iter().map(|text| (*text).to_owned()).collect();
        let url: Url = url.parse().unwrap();
        Mirrors::parse(&texts).unwrap().all([&url].into_iter()).into_iter().map(String::from).collect()
    }

    #[test]
    fn mirrors_come_first_and_the_given_url_stays() {
        let pairs = ["https://files.example/=https://a.example/x/", "https://files.example/p/=http://b.example:81/"];
        let given = "https://files.example/p/q.whl";
        assert_eq!(all(&pairs, given), ["https://a.example/x/p/q.whl", "http://b.example:81/q.whl", given]);
        let other = "https://other.example/p/q.whl";
        assert_eq!(all(&pairs, other), [other]);
    }

    #[test]
    fn a_mirror_is_of_one_origin_and_of_whole_parts_of_a_path() {
        let pair = ["http://good.test=http://u:secret@mirror.test"];
        for elsewhere in ["http://good.test.evil.test/a.whl", "http://good.test:81/a.whl", "https://good.test/a.whl"] {
            assert_eq!(all(&pair, elsewhere), [elsewhere]);
        }
        assert_eq!(all(&pair, "http://good.test/a.whl")[0], "http://u:secret@mirror.test/a.whl");
        assert_eq!(
            all(&["HTTP://GOOD.test:80/x=http://m.test/y/"], "http://v:w@good.test/x/a.whl?t=1")[0],
            "http://m.test/y/a.whl?t=1"
        );
        assert_eq!(
            all(&["http://good.test/x=http://m.test"], "http://good.test/xy/a.whl"),
            ["http://good.test/xy/a.whl"]
        );
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
            "https://u:secret@a.example/",
        ] {
            let error = Mirrors::parse(&[text.to_owned()]).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Mirrors::parse(&["http://a.example/?x=1=https://b.example/".to_owned()]).is_ok());
    }
}
