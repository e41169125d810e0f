//! Which proxy an origin is reached through.

use std::fmt;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use towline_transfer::Fault;
use url::Url;

use crate::request::shown;

/// Where requests go out.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// As the environment says: `HTTP_PROXY` (not inside of a CGI program), `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in small
    /// letters too. The default.
    #[default]
    Environment,
    /// Straight to the origin, whatever the environment says.
    Direct,
    /// Through the HTTP proxy at this URL. Credentials in it go to the proxy only and are never shown.
    At(Url),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Direct => f.write_str("Direct"),
            Self::At(url) => write!(f, "At({})", shown(url)),
        }
    }
}

impl Proxy {
    /// The proxy for this URL's origin, if there is one.
    pub(crate) fn of(&self, url: &Url) -> Result<Option<reqwest::Proxy>, Fault> {
        let matcher = match self {
            Self::Environment => Matcher::from_system(),
            Self::Direct => return Ok(None),
            Self::At(proxy) => Matcher::builder().all(proxy.as_str()).build(),
        };
        // What is no URI for the HTTP library cannot be asked anyway, and says so when it is.
        let Ok(to) = url.as_str().parse::<Uri>() else { return Ok(None) };
        let Some(found) = matcher.intercept(&to) else { return Ok(None) };
        let scheme = found.uri().scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") {
            return Err(Fault::Url(format!("the proxy speaks `{scheme}`, not http or https")));
        }
        let proxy = reqwest::Proxy::all(found.uri().to_string())
            .map_err(|_| Fault::Url("the proxy's URL cannot be used".to_owned()))?;
        Ok(Some(match found.basic_auth() {
            Some(secret) => proxy.custom_http_auth(secret.clone()),
            None => proxy,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_shows_no_password_and_must_speak_http() {
        let proxy = Proxy::At("http://me:secret@proxy.example:3128".parse().unwrap());
        assert!(!format!("{proxy:?}").contains("secret"));
        let url: Url = "https://files.example/a".parse().unwrap();
        let text = format!("{:?}", proxy.of(&url).unwrap().unwrap());
        assert!(!text.contains("secret") && !text.contains("bWU6c2VjcmV0"), "{text}");
        assert!(Proxy::Direct.of(&url).unwrap().is_none());
        let socks = Proxy::At("socks5://proxy.example:1080".parse().unwrap());
        assert!(matches!(socks.of(&url), Err(Fault::Url(detail)) if detail.contains("socks5")));
    }
}
