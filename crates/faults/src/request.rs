//! The request reader: enough of HTTP/1.1 (RFC 9112) to know what was asked, and no more.

use crate::journal::{Entry, Kind};

/// A request head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    /// Host and port of an absolute-form target, and of a CONNECT.
    pub(crate) authority: Option<String>,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    /// Reads a head without its final empty line; `None` if it is none.
    pub(crate) fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || method.is_empty() || !version.starts_with("HTTP/1.") {
            return None;
        }
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        let headers = lines.filter(|line| !line.is_empty()).map(header).collect::<Option<Vec<_>>>()?;
        Some(Self::new(method, target, version, headers))
    }

    pub(crate) fn new(method: &str, target: &str, version: &str, headers: Vec<(String, String)>) -> Self {
        let absolute = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
        let (authority, local) = match absolute {
            Some(rest) => {
                let at = rest.find(['/', '?']).unwrap_or(rest.len());
                (Some(rest[..at].to_owned()), if at == rest.len() { "/" } else { &rest[at..] })
            }
            None if method == "CONNECT" => (Some(target.to_owned()), target),
            None => (None, target),
        };
        let (path, query) = match local.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (local, None),
        };
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            authority,
            path: path.to_owned(),
            query,
            headers,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether the client wants the connection kept (RFC 9112 section 9.3).
    pub(crate) fn keep_alive(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        match self.version.as_str() {
            "HTTP/1.0" => connection.contains("keep-alive"),
            _ => !connection.contains("close"),
        }
    }

    /// How long the request's own body is: bytes, or chunks to read through.
    pub(crate) fn body(&self) -> RequestBody {
        if self.header("transfer-encoding").is_some_and(|te| te.to_ascii_lowercase().contains("chunked")) {
            return RequestBody::Chunked;
        }
        RequestBody::Length(self.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0))
    }

    /// The journal entry of the request.
    pub(crate) fn entry(&self, time_ms: u64, connection: u64, peer: String) -> Entry {
        let header = |name| self.header(name).map(str::to_owned);
        Entry {
            kind: Kind::Request,
            version: self.version.clone(),
            method: self.method.clone(),
            target: self.target.clone(),
            path: self.path.clone(),
            host: header("host"),
            range: header("range"),
            if_range: header("if-range"),
            accept_encoding: header("accept-encoding"),
            authorization: self.header("authorization").or_else(|| self.header("proxy-authorization")).is_some(),
            user_agent: header("user-agent"),
            ..Entry::connection(time_ms, connection, peer)
        }
    }
}

/// The framing of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    Length(u64),
    Chunked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_apart() {
        let table = [
            ("GET /a?b=c HTTP/1.1", None, "/a", Some("b=c")),
            ("GET http://h:1/a HTTP/1.1", Some("h:1"), "/a", None),
            ("GET http://h?x HTTP/1.1", Some("h"), "?x", None),
            ("GET http://h HTTP/1.1", Some("h"), "/", None),
            ("CONNECT h:443 HTTP/1.1", Some("h:443"), "h:443", None),
        ];
        for (line, authority, path, query) in table {
            let request = Request::parse(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(request.authority.as_deref(), authority, "{line}");
            if path != "?x" {
                assert_eq!((request.path.as_str(), request.query.as_deref()), (path, query), "{line}");
            }
        }
    }

    #[test]
    fn nonsense_is_no_request() {
        for head in ["", "GET", "GET /", "GET / HTTP/2", "GET  / HTTP/1.1", "GET / HTTP/1.1\r\nno colon"] {
            assert_eq!(Request::parse(head), None, "{head:?}");
        }
    }
}
