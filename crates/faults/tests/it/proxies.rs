//! The server as a forward proxy.

use crate::raw::{Client, End};
use towline_faults::{Action, At, Content, File, Finish, Rule, Script, Server};

const SIZE: u64 = 100_000;

fn origin() -> Server {
    Server::start(Script::new().file(File::generated("/a", SIZE, 1))).unwrap()
}

fn proxy(action: Option<Action>) -> Server {
    let script = Script::new().proxy();
    Server::start(match action {
        Some(action) => script.rule(Rule::any().act(action)),
        None => script,
    })
    .unwrap()
}

#[test]
fn requests_are_forwarded_and_cut() {
    let origin = origin();
    for (action, len, end, finish) in [
        (None, SIZE, End::Whole, Finish::Complete),
        (Some(Action::RstAt(At::Byte(1000))), 1000, End::Rst, Finish::Rst),
        (Some(Action::FinAt(At::Byte(1000))), 1000, End::Fin, Finish::Fin),
    ] {
        let proxy = proxy(action);
        let reply = Client::connect(proxy.addr()).request("GET", &origin.url("/a"), &[]);
        assert_eq!((reply.status, reply.end), (200, end));
        assert_eq!(reply.body, Content::generated(SIZE, 1).slice(0, len));
        let entry = &proxy.journal()[0];
        assert_eq!((entry.status, entry.bytes), (Some(200), len));
        // The end of a whole answer is noticed a moment after its last byte.
        assert!(entry.finished.is_none_or(|f| f == finish), "{entry:?}");
    }
    assert!(origin.journal().iter().all(|entry| entry.target == "/a"));
}

#[test]
fn tunnels_open_fail_and_are_cut() {
    let origin = origin();
    let there = origin.addr().to_string();
    let open = proxy(None);
    let mut client = Client::connect(open.addr());
    client.send("CONNECT", &there, &[]);
    assert_eq!(client.reply(true).status, 200);
    assert_eq!(client.request("GET", "/a", &[]).body, Content::generated(SIZE, 1).to_vec());

    for status in [403, 407, 502] {
        let closed = proxy(Some(Action::Status(status)));
        assert_eq!(Client::connect(closed.addr()).request("CONNECT", &there, &[]).status, status);
    }
    let auth = proxy(Some(Action::Auth { user: "me".to_owned(), password: "secret".to_owned() }));
    let mut client = Client::connect(auth.addr());
    assert_eq!(client.request("CONNECT", &there, &[]).status, 407);
    client.send("CONNECT", &there, &[("Proxy-Authorization", "Basic bWU6c2VjcmV0")]);
    assert_eq!(client.reply(true).status, 200);

    let dropped = proxy(Some(Action::RstBeforeHead));
    assert_eq!(Client::connect(dropped.addr()).request("CONNECT", &there, &[]).end, End::Rst);
    let cut = proxy(Some(Action::RstAt(At::Byte(5000))));
    let mut client = Client::connect(cut.addr());
    client.send("CONNECT", &there, &[]);
    assert_eq!(client.reply(true).status, 200);
    let reply = client.request("GET", "/a", &[]);
    assert_eq!((reply.raw.len(), reply.end), (5000, End::Rst));
    assert_eq!((cut.journal()[0].bytes, cut.journal()[0].finished), (5000, Some(Finish::Rst)));
}

#[test]
fn without_leave_nothing_is_forwarded() {
    let origin = origin();
    assert_eq!(Client::connect(origin.addr()).request("CONNECT", "localhost:1", &[]).status, 405);
    assert_eq!(Client::connect(origin.addr()).request("GET", "http://other.test/a", &[]).status, 200);
}
