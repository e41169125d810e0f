//! Which answer a request gets: status, headers and body, before framing and before anything is cut.

use crate::action::{Action, ChangedEtag, Etag, Total};
use crate::content::Content;
use crate::links::Links;
use crate::measure::At;
use crate::range::{Selection, if_range_fits, select};
use crate::request::Request;
use crate::site::Resource;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// An answer by content, and where its body lies in the file.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// Offset in the file of the first byte of the body.
    pub(crate) from: u64,
    /// Size of the file.
    pub(crate) size: u64,
}

/// A body, made of pieces of contents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
struct Segment {
    content: Content,
    from: u64,
    len: u64,
}

impl Body {
    pub(crate) fn len(&self) -> u64 {
        self.segments.iter().map(|s| s.len).sum()
    }

    fn push(&mut self, content: Content, from: u64, len: u64) {
        self.segments.push(Segment { content, from, len });
    }

    fn text(text: impl Into<Vec<u8>>) -> Self {
        let content = Content::bytes(text);
        Self { segments: vec![Segment { from: 0, len: content.size(), content }] }
    }

    /// Fills `buf` from `offset` on as far as one segment goes.
    pub(crate) fn read_at(&self, mut offset: u64, buf: &mut [u8]) -> usize {
        for segment in &self.segments {
            if offset < segment.len {
                let left = segment.len - offset;
                let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
                return segment.content.read_at(segment.from + offset, &mut buf[..len]);
            }
            offset -= segment.len;
        }
        0
    }
}

/// What an answer may depend on beyond the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) port: u16,
    /// Grows with each answer; makes fresh tags.
    pub(crate) serial: u64,
    pub(crate) links: &'a Links,
}

/// Decides the answer. `resource` is what the path leads to, `None` a 404.
pub(crate) fn answer(request: &Request, resource: Option<Resource>, actions: &[Action], scene: Scene<'_>) -> Answer {
    let mut answer = match detour(request, actions, scene) {
        Some(answer) => answer,
        None => match (resource, actions.iter().find_map(status_instead)) {
            (_, Some(status)) => plain(status, actions),
            (None, None) => plain(404, actions),
            (Some(resource), None) => file(request, resource, actions, scene),
        },
    };
    for action in actions {
        match action {
            Action::Status(status) if (200..300).contains(status) => answer.status = *status,
            Action::Status(status) if (300..400).contains(&answer.status) => answer.status = *status,
            Action::Header(name, value) => answer.set(name, value.clone()),
            Action::RemoveHeader(name) => answer.remove(name),
            Action::RetryAfter(value) => {
                let text = match value {
                    crate::action::RetryAfter::Date(offset) => Action::date(*offset),
                    other => other.clone().into(),
                };
                answer.set("Retry-After", text);
            }
            Action::GzipLabel => answer.set("Content-Encoding", "gzip".to_owned()),
            _ => {}
        }
    }
    answer
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        let size = body.len();
        Self { status, headers: Vec::new(), body, from: 0, size }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value.into());
        self
    }

    fn set(&mut self, name: &str, value: String) {
        self.remove(name);
        self.headers.push((name.to_owned(), value));
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }
}

fn status_instead(action: &Action) -> Option<u16> {
    match action {
        Action::Status(status) if !(200..300).contains(status) => Some(*status),
        _ => None,
    }
}

/// A body that is text, for errors.
fn plain(status: u16, actions: &[Action]) -> Answer {
    let text = actions.iter().find_map(|a| if let Action::Body(text) = a { Some(text.clone()) } else { None });
    let text = text.unwrap_or_else(|| format!("{status} {}\n", reason(status)));
    Answer::new(status, Body::text(text)).with("Content-Type", "text/plain; charset=utf-8")
}

/// The actions that answer without looking at the file.
fn detour(request: &Request, actions: &[Action], scene: Scene<'_>) -> Option<Answer> {
    actions.iter().find_map(|action| match action {
        Action::Auth { user, password } => challenge(request, user, password, actions),
        Action::SignedLink { uses, seconds } => {
            Some(redirect(&scene.links.sign(&request.path, *uses, *seconds), actions))
        }
        Action::RedirectHops(hops) => next_hop(request, *hops).map(|to| redirect(&to, actions)),
        Action::Redirect(to) => Some(redirect(&fill_in(to, request, scene), actions)),
        Action::LoginPage => {
            Some(Answer::new(200, Body::text(LOGIN_PAGE)).with("Content-Type", "text/html; charset=utf-8"))
        }
        Action::Body(text) if !actions.iter().any(|a| status_instead(a).is_some()) => {
            Some(Answer::new(200, Body::text(text.clone())).with("Content-Type", "text/plain; charset=utf-8"))
        }
        _ => None,
    })
}

fn redirect(to: &str, actions: &[Action]) -> Answer {
    plain(302, actions).with("Location", to)
}

fn next_hop(request: &Request, hops: u32) -> Option<String> {
    let done = request.query.as_deref().and_then(|q| q.strip_prefix("hop=")?.parse::<u32>().ok()).unwrap_or(0);
    (done < hops).then(|| format!("{}?hop={}", request.path, done + 1))
}

fn fill_in(to: &str, request: &Request, scene: Scene<'_>) -> String {
    let host = request.header("host").unwrap_or("127.0.0.1");
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    to.replace("{path}", &request.path).replace("{host}", host).replace("{port}", &scene.port.to_string())
}

/// 401 or 407 unless the right credentials came along (RFC 7617).
fn challenge(request: &Request, user: &str, password: &str, actions: &[Action]) -> Option<Answer> {
    let (status, ask, given) = if request.authority.is_some() {
        (407, "Proxy-Authenticate", "proxy-authorization")
    } else {
        (401, "WWW-Authenticate", "authorization")
    };
    let wanted = basic(&format!("{user}:{password}"));
    let right = request.header(given).and_then(|value| value.strip_prefix("Basic ")) == Some(wanted.as_str());
    (!right).then(|| plain(status, actions).with(ask, "Basic realm=\"towline-faults\""))
}

/// Base64 of RFC 4648 section 4, for one short header.
fn basic(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let word = chunk.iter().fold(0_usize, |w, b| w << 8 | usize::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { char::from(ALPHABET[word >> (18 - 6 * i) & 63]) } else { '=' });
        }
    }
    out
}

fn file(request: &Request, resource: Resource, actions: &[Action], scene: Scene<'_>) -> Answer {
    let resource = represent(resource, actions);
    let size = resource.content.size();
    let etag = etag_text(&resource.etag, scene.serial);
    let modified = resource.last_modified.clone();
    let whole_only = actions.iter().any(|a| matches!(a, Action::IgnoreRange | Action::NoRanges));
    let heed_if_range = !actions.contains(&Action::IgnoreIfRange);
    let stale = request
        .header("if-range")
        .is_some_and(|v| heed_if_range && !if_range_fits(v, etag.as_deref(), modified.as_deref()));
    let range = request.header("range").filter(|_| !whole_only && !stale);
    let forced = actions.iter().find_map(|a| if let Action::NotSatisfiable(t) = a { Some(*t) } else { None });
    let mut answer = match (forced, select(range, size)) {
        (Some(total), _) => return not_satisfiable(total, size),
        (None, Selection::Unsatisfiable) => return not_satisfiable(Total::Right, size),
        (None, Selection::Whole) => {
            let mut body = Body::default();
            body.push(resource.content.clone(), 0, size);
            Answer::new(200, body)
        }
        (None, Selection::Part { first, last }) => part(&resource.content, first, last, actions),
    };
    if !answer.headers.iter().any(|(name, _)| name == "Content-Type") {
        answer.set("Content-Type", resource.content_type);
    }
    if !actions.contains(&Action::NoRanges) {
        answer.set("Accept-Ranges", "bytes".to_owned());
    }
    if let Some(etag) = etag {
        answer.set("ETag", etag);
    }
    if let Some(modified) = modified {
        answer.set("Last-Modified", modified);
    }
    if actions.contains(&Action::Gzip) {
        answer.set("Content-Encoding", "gzip".to_owned());
    }
    answer
}

/// The representation after the actions that change it.
fn represent(mut resource: Resource, actions: &[Action]) -> Resource {
    for action in actions {
        match action {
            Action::Changed { seed, size, etag } => {
                resource.content = Content::generated(size.unwrap_or(resource.content.size()), *seed);
                match etag {
                    ChangedEtag::New => resource.etag = Etag::Strong(resource.content.tag()),
                    ChangedEtag::Same => {}
                    ChangedEtag::None => resource.etag = Etag::None,
                }
            }
            Action::Etag(etag) => resource.etag = etag.clone(),
            Action::Gzip => resource.content = Content::bytes(gzip(&resource.content.to_vec())),
            _ => {}
        }
    }
    resource
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Neither writing to a Vec nor finishing one fails; an empty body would show in any test if it did.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn etag_text(etag: &Etag, serial: u64) -> Option<String> {
    match etag {
        Etag::Strong(text) => Some(format!("\"{text}\"")),
        Etag::Weak(text) => Some(format!("W/\"{text}\"")),
        Etag::Fresh => Some(format!("\"fresh-{serial}\"")),
        Etag::None => None,
    }
}

fn not_satisfiable(total: Total, size: u64) -> Answer {
    let answer = plain(416, &[]);
    match total {
        Total::Right => answer.with("Content-Range", format!("bytes */{size}")),
        Total::Other(n) => answer.with("Content-Range", format!("bytes */{n}")),
        Total::None => answer,
    }
}

/// A 206, honest or not. `first` and `last` exist in the content.
fn part(content: &Content, mut first: u64, mut last: u64, actions: &[Action]) -> Answer {
    let size = content.size();
    let end = size - 1;
    let mut total = size.to_string();
    let (mut mislabel, mut extra, mut labelled, mut multipart) = (0, 0, true, false);
    for action in actions {
        match action {
            Action::ShiftRange(by) => {
                first = first.saturating_add_signed(*by).min(end);
                last = last.saturating_add_signed(*by).clamp(first, end);
            }
            Action::Hole(by) => first = first.saturating_add(*by).min(last),
            Action::Superset { before, after } => {
                first = first.saturating_sub(*before);
                last = last.saturating_add(*after).min(end);
            }
            Action::ShortRange(at) => last = last.min(first + at_least_one(*at, last + 1 - first) - 1),
            Action::MislabelRange(by) => mislabel = *by,
            Action::OverLong(by) => extra = *by,
            Action::WrongTotal(by) => total = size.saturating_add_signed(*by).to_string(),
            Action::UnknownTotal => "*".clone_into(&mut total),
            Action::NoContentRange => labelled = false,
            Action::Multipart => multipart = true,
            _ => {}
        }
    }
    let len = last + 1 - first;
    let start = first.saturating_add_signed(mislabel).min(size - len);
    let range = format!("bytes {first}-{last}/{total}");
    let mut body = Body::default();
    let mut answer = if multipart {
        let head = format!("--{BOUNDARY}\r\nContent-Range: {range}\r\n\r\n");
        body = Body::text(head);
        body.push(content.clone(), start, len);
        body.segments.extend(Body::text(format!("\r\n--{BOUNDARY}--\r\n")).segments);
        Answer::new(206, body).with("Content-Type", format!("multipart/byteranges; boundary={BOUNDARY}"))
    } else {
        body.push(content.clone(), start, len);
        push_extra(&mut body, content, start + len, extra);
        let answer = Answer::new(206, body);
        if labelled { answer.with("Content-Range", range) } else { answer }
    };
    answer.from = start;
    answer.size = size;
    answer
}

fn at_least_one(at: At, whole: u64) -> u64 {
    at.length(whole).max(1)
}

/// `extra` more bytes: of the file as far as it goes, then of nothing.
fn push_extra(body: &mut Body, content: &Content, from: u64, extra: u64) {
    let real = extra.min(content.size().saturating_sub(from));
    body.push(content.clone(), from, real);
    body.push(Content::generated(extra - real, u64::MAX), 0, extra - real);
}

/// The usual words for a status.
pub(crate) fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}

const BOUNDARY: &str = "towline-faults-boundary";
const LOGIN_PAGE: &str = "<!doctype html><html><head><title>Sign in</title></head><body><h1>Welcome to the hotel network</h1>\
     <form method=post action=/login><input name=room><button>Sign in</button></form></body></html>\n";
