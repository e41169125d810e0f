//! One request of an attempt.

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HeaderMap, HeaderValue, IF_RANGE, LOCATION, RANGE};
use reqwest::{Response, Version};
use towline_transfer::{Ask, Framing, Head, Hop};
use url::Url;

use crate::keys::Secret;
use crate::page::Asked;

/// Writes the request for a hop.
pub(crate) fn build(
    client: &reqwest::Client,
    url: &Url,
    ask: &Ask,
    page: Option<&Asked>,
    secret: Option<&Secret>,
) -> reqwest::RequestBuilder {
    let mut fields = HeaderMap::new();
    let any = || HeaderValue::from_static("*/*");
    fields.insert(ACCEPT, page.and_then(|page| HeaderValue::try_from(page.accept.as_str()).ok()).unwrap_or_else(any));
    fields.insert(ACCEPT_ENCODING, HeaderValue::from_static(if page.is_some() { "gzip" } else { "identity" }));
    // Over HTTP/1.1 a reused connection may die under the request, and the library below would send it again without a
    // word. HTTP/2 drops this field and shares its connection.
    fields.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(from) = ask.from {
        fields.insert(RANGE, HeaderValue::try_from(format!("bytes={from}-")).expect("digits fit in a field"));
    }
    if let Some(value) = ask.if_range.as_ref().and_then(|validator| HeaderValue::try_from(validator.as_str()).ok()) {
        fields.insert(IF_RANGE, value);
    }
    let request = client.get(url.clone()).headers(fields);
    match secret {
        Some(secret) => request.basic_auth(&secret.user, Some(&secret.password)),
        None => request,
    }
}

/// The log's record of it. Query and fragment may sign or name a person, so they stay out.
pub(crate) fn hop(url: &Url, ask: &Ask) -> Hop {
    Hop { url: shown(url), range: ask.from, if_range: ask.if_range.is_some(), status: None, reached: true }
}

/// A URL as it may be shown: without credentials, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let signed = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    let _ = (url.set_username(""), url.set_password(None));
    if signed { format!("{url}?…") } else { url.into() }
}

/// The head of an answer, as the law sees it.
pub(crate) fn head(response: &Response) -> Head {
    let fields = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut head = Head::parse(response.status().as_u16(), fields);
    if response.version() == Version::HTTP_2 {
        head.framing = Framing::Told;
    }
    head
}

/// Where a redirect points to.
pub(crate) fn place(response: &Response, from: &Url) -> Option<Url> {
    // Not all origins encode what is not ASCII (RFC 9110 §10.2.2 wants it).
    let location = str::from_utf8(response.headers().get(LOCATION)?.as_bytes()).ok()?;
    from.join(location).ok()
}
