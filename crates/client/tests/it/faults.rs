//! Faults made on sockets, and our words for them.

use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use towline_client::transfer::{Fault, Policy};
use towline_client::{Client, Override, Url};
use towline_faults::{Action, At, H2Code, Hold, Rule, Script, Server, TlsFault};

use crate::support::{
    Memory, PATH, Run, content, fetch, options, quick, requests, retries, run, script, trusting, wanted,
};

const SIZE: u64 = 10_000;
const HALF: At = At::Fraction(0.5);

/// One attempt, with limits short enough to wait for where silence is what is waited for.
fn once(silence: bool) -> Policy {
    let limit = if silence { LIMIT } else { Duration::from_secs(60) };
    Policy { header_timeout: limit, stall_timeout: limit, connect_timeout: limit * 5, ..retries(0) }
}

const LIMIT: Duration = Duration::from_millis(80);

struct Row {
    what: &'static str,
    actions: Vec<Action>,
    expected: fn(&Fault) -> bool,
    reached: bool,
}

fn row(what: &'static str, actions: impl Into<Vec<Action>>, reached: bool, expected: fn(&Fault) -> bool) -> Row {
    Row { what, actions: actions.into(), expected, reached }
}

/// A rule with these actions.
fn rule(actions: &[Action]) -> Rule {
    actions.iter().cloned().fold(Rule::any().limit(1), Rule::act)
}

async fn check(rows: Vec<Row>, script: fn() -> Script) {
    for row in rows {
        let server = Server::start(script().rule(rule(&row.actions))).unwrap();
        let silence = row.actions.iter().any(|action| {
            let tls = Action::Tls(TlsFault::NeverAnswer);
            *action == tls || matches!(action, Action::Mute | Action::StallBeforeHead(_) | Action::StallAt { .. })
        });
        let run = run(&server, trusting(&server, once(silence)), Memory::of(&content(SIZE))).await;
        let fault = run.fault(0).unwrap_or_else(|| panic!("{}: no fault", row.what));
        assert!((row.expected)(fault), "{}: {fault:?}", row.what);
        assert_eq!(run.log[0].reached(), row.reached, "{}: {:?}", row.what, run.log);
    }
}

fn protocol(part: &str, fault: &Fault) -> bool {
    matches!(fault, Fault::Protocol(detail) if detail.contains(part))
}

#[tokio::test]
async fn over_http1_before_the_body() {
    check(
        vec![
            row("FIN before headers", [Action::FinBeforeHead], true, |fault| *fault == Fault::Closed),
            row("FIN inside headers", [Action::FinInHead(20)], true, |fault| *fault == Fault::Closed),
            row("RST before headers", [Action::RstBeforeHead], true, |fault| *fault == Fault::Reset),
            row("RST inside headers", [Action::RstInHead(20)], true, |fault| *fault == Fault::Reset),
            row("RST on accept", [Action::RstOnAccept], true, |fault| *fault == Fault::Reset),
            // What was written into the closed connection may be answered by a reset.
            row("FIN on accept", [Action::FinOnAccept], true, |fault| matches!(fault, Fault::Closed | Fault::Reset)),
            row("garbage", [Action::Garbage("what?\r\n\r\n".to_owned())], true, |fault| protocol("", fault)),
            row("silence", [Action::Mute], true, |fault| *fault == Fault::HeaderTimeout(LIMIT)),
            row("silence after the request", [Action::StallBeforeHead(Hold::Forever)], true, |fault| {
                *fault == Fault::HeaderTimeout(LIMIT)
            }),
            row("negative length", [Action::ContentLength("-7".to_owned())], true, |fault| protocol("", fault)),
        ],
        || script(SIZE),
    )
    .await;
}

#[tokio::test]
async fn over_http1_in_the_body() {
    let short = |fault: &Fault| *fault == Fault::Short { at: SIZE / 2, end: SIZE };
    check(
        vec![
            row("FIN before the length", [Action::FinAt(HALF)], true, short),
            row("RST", [Action::RstAt(HALF)], true, |fault| *fault == Fault::Reset),
            row(
                "stall",
                [Action::stall_at(HALF)],
                true,
                |fault| matches!(fault, Fault::Stalled(time) if *time >= LIMIT),
            ),
            row("FIN in chunked", [Action::Chunked, Action::FinAt(HALF)], true, |fault| {
                protocol("body broken off at byte 5000", fault)
            }),
            row("malformed chunk", [Action::MalformedChunk(HALF)], true, |fault| protocol("", fault)),
            row("length too large", [Action::LengthOff(1000)], true, |fault| {
                *fault == Fault::Short { at: SIZE, end: SIZE + 1000 }
            }),
        ],
        || script(SIZE),
    )
    .await;
}

#[tokio::test]
async fn the_end_of_a_connection_may_be_a_cut() {
    // No fault is seen: the law asks for more (4.9).
    let cut = Rule::any().nth(1).act(Action::CloseDelimited).act(Action::FinAt(HALF));
    let server = Server::start(script(SIZE).rule(cut)).unwrap();
    let run = run(&server, options(quick()), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    assert!(run.log.iter().all(|attempt| !matches!(attempt.fault, Some(Fault::Short { .. }))), "{:?}", run.log);
    assert_eq!(run.log[1].hops[0].range, Some(SIZE / 2));
}

#[tokio::test]
async fn handshakes_that_fail() {
    check(
        vec![
            row(
                "self-signed",
                [Action::Tls(TlsFault::SelfSigned)],
                false,
                |fault| matches!(fault, Fault::Certificate(why) if why.contains("UnknownIssuer")),
            ),
            row(
                "wrong host",
                [Action::Tls(TlsFault::WrongHost)],
                false,
                |fault| matches!(fault, Fault::Certificate(why) if why.contains("not valid for name")),
            ),
            row(
                "expired",
                [Action::Tls(TlsFault::Expired)],
                false,
                |fault| matches!(fault, Fault::Certificate(why) if why.contains("expired")),
            ),
            row("broken off", [Action::Tls(TlsFault::BreakOff)], false, |fault| matches!(fault, Fault::Tls(_))),
            row("FIN instead", [Action::FinOnAccept], false, |fault| matches!(fault, Fault::Tls(_))),
            row("RST instead", [Action::RstOnAccept], false, |fault| matches!(fault, Fault::Tls(_))),
            row("never answered", [Action::Tls(TlsFault::NeverAnswer)], false, |fault| {
                *fault == Fault::ConnectTimeout(LIMIT * 5)
            }),
        ],
        || script(SIZE).tls(),
    )
    .await;
}

#[tokio::test]
async fn authorities_that_are_not_ours_and_no_tls_at_all() {
    let server = Server::start(script(SIZE).tls()).unwrap();
    let stranger = Server::start(script(SIZE).tls()).unwrap();
    let run = run(&server, trusting(&stranger, once(false)), Memory::default()).await;
    assert!(matches!(run.fault(0), Some(Fault::Certificate(_))), "{:?}", run.log);
    let plain = Server::start(script(SIZE)).unwrap();
    let url: Url = plain.url(PATH).replace("http:", "https:").parse().unwrap();
    let run =
        fetch(&Client::new(trusting(&server, once(true))), wanted(&[url], &Memory::default()), Memory::default()).await;
    // A server that takes a handshake for the beginning of a request waits for the rest of it.
    assert!(matches!(run.fault(0), Some(Fault::Tls(_) | Fault::ConnectTimeout(_))), "{:?}", run.log);
    assert!(!run.log[0].reached() && requests(&plain).is_empty());
}

#[tokio::test]
async fn over_http2() {
    let closed =
        |fault: &Fault| matches!(fault, Fault::Short { .. } | Fault::Reset | Fault::Closed) || protocol("", fault);
    check(
        vec![
            row("RST_STREAM", [Action::H2Reset { at: HALF, code: H2Code::InternalError }], true, |fault| {
                protocol("HTTP/2: RST_STREAM INTERNAL_ERROR", fault)
            }),
            row("REFUSED_STREAM", [Action::H2Refuse], true, |fault| {
                protocol("HTTP/2: RST_STREAM REFUSED_STREAM", fault)
            }),
            row("GOAWAY", [Action::H2GoAway { at: HALF, code: H2Code::EnhanceYourCalm }], true, |fault| {
                // It names a last stream that may go on; what ends this one is the end of the connection.
                protocol("HTTP/2: GOAWAY ENHANCE_YOUR_CALM", fault) || *fault == Fault::Reset
            }),
            row("HTTP/1.1 required", [Action::H2GoAway { at: HALF, code: H2Code::Http11Required }], true, |fault| {
                protocol("HTTP_1_1_REQUIRED", fault)
            }),
            row("RST of the connection", [Action::RstAt(HALF)], true, closed),
            row("FIN of the connection", [Action::FinAt(HALF)], true, closed),
            row("RST before the head", [Action::RstBeforeHead], true, closed),
            row("stall", [Action::stall_at(HALF)], true, |fault| matches!(fault, Fault::Stalled(_))),
        ],
        || script(SIZE).tls().http2(),
    )
    .await;
}

/// A transfer over a host name that no server has.
async fn elsewhere(url: &str, fixed: &[Override]) -> Run {
    let mut options = options(once(true));
    options.overrides = fixed.to_vec();
    fetch(&Client::new(options), wanted(&[url.parse().unwrap()], &Memory::default()), Memory::default()).await
}

#[tokio::test]
async fn nobody_there() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = elsewhere(&format!("http://127.0.0.1:{port}/a"), &[]).await;
    assert_eq!(refused.fault(0), Some(&Fault::Refused));
    assert!(!refused.log[0].reached());
    // Where broadcast addresses have no route.
    let address: IpAddr = "255.255.255.255".parse().unwrap();
    let fixed = Override { host: "far.example".to_owned(), port: 80, addresses: vec![address] };
    let far = elsewhere("http://far.example/a", &[fixed]).await;
    assert!(matches!(far.fault(0), Some(Fault::Unreachable(_))), "{:?}", far.log);
    assert!(!far.log[0].reached());
    let unknown = elsewhere("http://no-such-host.invalid/a", &[]).await;
    // Where there is no resolver at all it says that it cannot tell, or nothing.
    let named = matches!(unknown.fault(0), Some(Fault::Dns { answered: false, .. } | Fault::ConnectTimeout(_)));
    assert!(named && !unknown.log[0].reached(), "{:?}", unknown.log);
}

#[tokio::test]
async fn neither_query_nor_credentials_are_in_any_word() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let actions = [
        Action::FinBeforeHead,
        Action::RstBeforeHead,
        Action::Garbage("nonsense\r\n\r\n".to_owned()),
        Action::FinAt(HALF),
        Action::MalformedChunk(HALF),
        Action::Status(404),
        Action::Status(503),
        Action::Redirect("/a.bin?token=QUERY".to_owned()),
        Action::Redirect("http://user:PASS@[::bad/".to_owned()),
        Action::StallBeforeHead(Hold::Forever),
    ];
    let mut shown = Vec::new();
    for action in actions {
        let server = Server::start(script(SIZE).rule(Rule::any().act(action))).unwrap();
        let url = format!("{}?token=QUERY#FRAGMENT", server.url(PATH)).replace("//", "//user:PASS@");
        shown.push(elsewhere(&url, &[]).await.shown());
    }
    for url in [
        format!("http://user:PASS@127.0.0.1:{port}/a?token=QUERY"),
        "http://user:PASS@no-such-host.invalid/a?token=QUERY".to_owned(),
        format!("https://user:PASS@127.0.0.1:{port}/a?token=QUERY"),
    ] {
        shown.push(elsewhere(&url, &[]).await.shown());
    }
    for text in shown {
        for secret in ["QUERY", "PASS", "FRAGMENT", "user"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("fault: Some"), "nothing went wrong in {text}");
    }
}
