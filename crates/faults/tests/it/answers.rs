//! What each action makes of an answer, seen on the wire.

use crate::raw::{Client, End, Reply, get};
use towline_faults::{Action, At, ChangedEtag, Content, Etag, File, Finish, RetryAfter, Rule, Script, Server, Total};

const SIZE: u64 = 10_000;

fn ask(actions: &[Action], headers: &[(&str, &str)]) -> (Reply, Server) {
    let rule = actions.iter().fold(Rule::on("/a"), |rule, action| rule.act(action.clone()));
    let server = Server::start(Script::new().file(File::generated("/a", SIZE, 1)).rule(rule)).unwrap();
    (get(server.addr(), "/a", headers), server)
}

fn content() -> Content {
    Content::generated(SIZE, 1)
}

#[test]
fn honest_ranges_are_right() {
    let table = [
        ("bytes=0-99", "bytes 0-99/10000", 0, 100),
        ("bytes=9000-", "bytes 9000-9999/10000", 9000, 10_000),
        ("bytes=-10", "bytes 9990-9999/10000", 9990, 10_000),
        ("bytes=9999-9999", "bytes 9999-9999/10000", 9999, 10_000),
    ];
    for (range, announced, from, to) in table {
        let (reply, _server) = ask(&[], &[("Range", range)]);
        assert_eq!((reply.status, reply.header("content-range")), (206, Some(announced)), "{range}");
        assert_eq!(reply.body, content().slice(from, to), "{range}");
    }
    let (reply, _server) = ask(&[], &[("Range", "bytes=10000-")]);
    assert_eq!((reply.status, reply.header("content-range")), (416, Some("bytes */10000")));
    let (reply, _server) = ask(&[], &[("Range", "bytes=0-1,5-6")]);
    assert_eq!((reply.status, reply.body.len()), (200, 10_000));
}

#[test]
fn dishonest_ranges_are_as_scripted() {
    let asked = "bytes=5000-5999";
    let table: &[(Action, u16, Option<&str>, u64, u64)] = &[
        (Action::IgnoreRange, 200, None, 0, 10_000),
        (Action::NoRanges, 200, None, 0, 10_000),
        (Action::ShiftRange(10), 206, Some("bytes 5010-6009/10000"), 5010, 6010),
        (Action::ShiftRange(-10), 206, Some("bytes 4990-5989/10000"), 4990, 5990),
        (Action::Hole(10), 206, Some("bytes 5010-5999/10000"), 5010, 6000),
        (Action::ShortRange(At::Byte(100)), 206, Some("bytes 5000-5099/10000"), 5000, 5100),
        (Action::MislabelRange(10), 206, Some("bytes 5000-5999/10000"), 5010, 6010),
        (Action::OverLong(10), 206, Some("bytes 5000-5999/10000"), 5000, 6010),
        (Action::Superset { before: 10, after: 20 }, 206, Some("bytes 4990-6019/10000"), 4990, 6020),
        (Action::WrongTotal(5), 206, Some("bytes 5000-5999/10005"), 5000, 6000),
        (Action::UnknownTotal, 206, Some("bytes 5000-5999/*"), 5000, 6000),
        (Action::NoContentRange, 206, None, 5000, 6000),
    ];
    for (action, status, announced, from, to) in table {
        let (reply, server) = ask(std::slice::from_ref(action), &[("Range", asked)]);
        assert_eq!((reply.status, reply.header("content-range")), (*status, *announced), "{action:?}");
        assert_eq!(reply.body, content().slice(*from, *to), "{action:?}");
        assert_eq!(server.journal()[0].range.as_deref(), Some(asked));
    }
    let (reply, _server) = ask(&[Action::Multipart], &[("Range", asked)]);
    assert!(reply.header("content-type").unwrap().starts_with("multipart/byteranges; boundary="));
    assert!(String::from_utf8_lossy(&reply.body).contains("\r\nContent-Range: bytes 5000-5999/10000\r\n\r\n"));
    for (total, announced) in
        [(Total::Right, Some("bytes */10000")), (Total::Other(7), Some("bytes */7")), (Total::None, None)]
    {
        let (reply, _server) = ask(&[Action::NotSatisfiable(total)], &[("Range", asked)]);
        assert_eq!((reply.status, reply.header("content-range")), (416, announced));
    }
}

#[test]
fn framing_is_as_scripted() {
    let whole = content().to_vec();
    let (reply, _server) = ask(&[Action::CloseDelimited], &[]);
    assert_eq!((reply.header("content-length"), reply.end, &reply.body), (None, End::Fin, &whole));
    let (reply, _server) = ask(&[Action::Http10, Action::CloseDelimited], &[]);
    assert!(reply.head.starts_with("HTTP/1.0 200"));
    assert_eq!(reply.body, whole);
    let (reply, _server) = ask(&[Action::LengthOff(10)], &[]);
    assert_eq!((reply.header("content-length"), reply.end, &reply.body), (Some("10010"), End::Fin, &whole));
    let (reply, server) = ask(&[Action::LengthOff(-10)], &[]);
    assert_eq!((reply.header("content-length"), server.journal()[0].bytes), (Some("9990"), SIZE));
    let (reply, _server) = ask(&[Action::ContentLength("-1".to_owned())], &[]);
    assert_eq!((reply.header("content-length"), reply.end, &reply.body), (Some("-1"), End::Fin, &whole));

    let (reply, server) = ask(&[Action::Chunked], &[]);
    assert_eq!((reply.end, dechunk(&reply.body)), (End::Whole, Some(whole.clone())));
    assert_eq!(server.journal()[0].bytes, SIZE);
    let (reply, server) = ask(&[Action::EndChunksAt(At::Fraction(0.5))], &[]);
    assert_eq!((reply.end, dechunk(&reply.body)), (End::Whole, Some(whole[..5000].to_vec())));
    assert_eq!(server.journal()[0].finished, Some(Finish::Complete));
    let (reply, _server) = ask(&[Action::MalformedChunk(At::Fraction(0.5))], &[]);
    assert_eq!((reply.end, dechunk(&reply.body)), (End::Fin, None));
    assert!(reply.body.len() > 5000);
}

fn dechunk(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = raw.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).ok()?, 16).ok()?;
        raw = &raw[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(raw.get(..size)?);
        raw = raw.get(size + 2..)?;
    }
}

#[test]
fn representations_change_as_scripted() {
    let (reply, _server) = ask(&[Action::Corrupt(At::Byte(77))], &[]);
    let mut wrong = content().to_vec();
    wrong[77] ^= 0xFF;
    assert_eq!(reply.body, wrong);
    let (reply, _server) = ask(&[Action::Corrupt(At::File(5001))], &[("Range", "bytes=5000-")]);
    assert_eq!(reply.body[1], content().slice(5001, 5002)[0] ^ 0xFF);

    let plain = ask(&[], &[]).0.header("etag").unwrap().to_owned();
    for (etag, same, present) in
        [(ChangedEtag::New, false, true), (ChangedEtag::Same, true, true), (ChangedEtag::None, false, false)]
    {
        let (reply, _server) = ask(&[Action::Changed { seed: 9, size: Some(77), etag }], &[]);
        assert_eq!(reply.body, Content::generated(77, 9).to_vec(), "{etag:?}");
        let now = reply.header("etag");
        assert_eq!((now == Some(plain.as_str()), now.is_some()), (same, present), "{etag:?}");
    }
    let (reply, _server) = ask(&[Action::Etag(Etag::Weak("w".to_owned()))], &[]);
    assert_eq!(reply.header("etag"), Some("W/\"w\""));
    let (reply, server) = ask(&[Action::Etag(Etag::Fresh)], &[]);
    assert_ne!(reply.header("etag"), get(server.addr(), "/a", &[]).header("etag"));

    let (reply, _server) = ask(&[Action::Gzip], &[]);
    assert_eq!((reply.header("content-encoding"), &reply.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
    let (reply, _server) = ask(&[Action::GzipLabel], &[]);
    assert_eq!((reply.header("content-encoding"), &reply.body), (Some("gzip"), &content().to_vec()));
    let (reply, _server) = ask(&[Action::LoginPage], &[("Range", "bytes=5-")]);
    assert_eq!((reply.status, &reply.body[..9]), (200, &b"<!doctype"[..]));
}

#[test]
fn if_range_is_honoured_unless_scripted() {
    let etag = ask(&[], &[]).0.header("etag").unwrap().to_owned();
    let cases: [(&str, &[Action], u16); 4] = [
        (&etag, &[], 206),
        ("\"old\"", &[], 200),
        ("\"old\"", &[Action::IgnoreIfRange], 206),
        ("Wed, 01 Jan 2025 00:00:00 GMT", &[], 206),
    ];
    for (value, actions, status) in cases {
        let (reply, server) = ask(actions, &[("Range", "bytes=5-"), ("If-Range", value)]);
        assert_eq!(reply.status, status, "{value} {actions:?}");
        assert_eq!(server.journal()[0].if_range.as_deref(), Some(value));
    }
}

#[test]
fn statuses_and_headers_are_as_scripted() {
    let (reply, _server) = ask(&[Action::Status(503), Action::RetryAfter(RetryAfter::Seconds(7))], &[]);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
    let (reply, _server) = ask(&[Action::Status(429), Action::RetryAfter(RetryAfter::Date(5))], &[]);
    assert!(reply.header("retry-after").unwrap().ends_with("GMT"));
    let (reply, _server) = ask(
        &[
            Action::Status(403),
            Action::Body("{}".to_owned()),
            Action::header("Content-Type", "application/problem+json"),
        ],
        &[],
    );
    assert_eq!((reply.status, reply.header("content-type")), (403, Some("application/problem+json")));
    assert_eq!(reply.body, b"{}");
    let (reply, _server) = ask(&[Action::RemoveHeader("last-modified".to_owned())], &[]);
    assert_eq!(reply.header("last-modified"), None);

    let auth = Action::Auth { user: "me".to_owned(), password: "secret".to_owned() };
    let (reply, server) = ask(std::slice::from_ref(&auth), &[]);
    assert_eq!((reply.status, reply.header("www-authenticate").is_some()), (401, true));
    let reply = get(server.addr(), "/a", &[("Authorization", "Basic bWU6c2VjcmV0")]);
    assert_eq!(reply.status, 200);
    let journal = server.journal();
    assert_eq!((journal[0].authorization, journal[1].authorization), (false, true));
    assert!(!serde_json::to_string(&journal).unwrap().contains("secret"));
}

#[test]
fn redirects_lead_where_scripted() {
    let (reply, server) = ask(&[Action::Redirect("http://{host}:{port}{path}?x".to_owned())], &[]);
    let there = format!("http://localhost:{}/a?x", server.addr().port());
    assert_eq!((reply.status, reply.header("location")), (302, Some(there.as_str())));
    let (reply, _server) = ask(&[Action::Redirect("/b".to_owned()), Action::Status(308)], &[]);
    assert_eq!(reply.status, 308);
    let (reply, server) = ask(&[Action::RedirectHops(2)], &[]);
    assert_eq!(reply.header("location"), Some("/a?hop=1"));
    assert_eq!(get(server.addr(), "/a?hop=1", &[]).header("location"), Some("/a?hop=2"));
    assert_eq!(get(server.addr(), "/a?hop=2", &[]).status, 200);

    let (reply, server) = ask(&[Action::SignedLink { uses: Some(1), seconds: None }], &[]);
    let link = reply.header("location").unwrap();
    assert_eq!(get(server.addr(), link, &[]).body, content().to_vec());
    assert_eq!(get(server.addr(), link, &[]).status, 403);
    let (reply, server) = ask(&[Action::SignedLink { uses: None, seconds: Some(0.0) }], &[]);
    assert_eq!(get(server.addr(), reply.header("location").unwrap(), &[]).status, 403);
}

#[test]
fn connections_are_kept_and_end_as_scripted() {
    let server = Server::start(Script::new().file(File::generated("/a", SIZE, 1))).unwrap();
    let mut client = Client::connect(server.addr());
    for _ in 0..3 {
        assert_eq!(client.request("GET", "/a", &[]).body, content().to_vec());
    }
    let head = client.request("HEAD", "/a", &[]);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("10000"), 0));
    assert!(server.journal().iter().all(|entry| entry.connection == 1));

    for (action, end) in
        [(Action::Close, End::Fin), (Action::IdleFin(0.01), End::Fin), (Action::IdleRst(0.0), End::Rst)]
    {
        let script = Script::new().file(File::generated("/a", SIZE, 1)).rule(Rule::on("/a").act(action.clone()));
        let server = Server::start(script).unwrap();
        let mut client = Client::connect(server.addr());
        let reply = client.request("GET", "/a", &[]);
        assert_eq!((reply.end, reply.body.len()), (End::Whole, 10_000), "{action:?}");
        assert_eq!(client.end(), end, "{action:?}");
        assert_eq!(server.journal()[0].finished, Some(Finish::Complete), "{action:?}");
    }
}
