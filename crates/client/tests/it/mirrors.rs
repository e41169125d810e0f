//! Several URLs of the same bytes (sections 4.3 and 4.11).

use std::time::{Duration, Instant};

use towline_client::Client;
use towline_client::transfer::{Cause, Fault};
use towline_faults::{Action, At, RetryAfter, Rule, Server};

use crate::support::{
    Memory, PATH, Run, assert_journal_equals_log, content, fetch, options, requests, retries, script, url, wanted,
};

const SIZE: u64 = 60_000;

/// A transfer from two servers; each one's journal is compared with its part of the log.
async fn from(servers: [&Server; 2]) -> Run {
    let urls = servers.map(|server| url(server, PATH));
    let sink = Memory::of(&content(SIZE));
    let run = fetch(&Client::new(options(retries(3))), wanted(&urls, &sink), sink).await;
    for (at, server) in servers.into_iter().enumerate() {
        let own: Vec<_> = run.log.iter().filter(|attempt| attempt.url == at).cloned().collect();
        assert_journal_equals_log(&server.journal(), &own);
    }
    run
}

fn server(rules: impl IntoIterator<Item = Rule>) -> Server {
    Server::start(rules.into_iter().fold(script(SIZE), towline_faults::Script::rule)).unwrap()
}

#[tokio::test]
async fn one_dies_half_way() {
    let dies =
        server([Rule::any().nth(1).act(Action::RstAt(At::Fraction(0.5))), Rule::any().act(Action::RstBeforeHead)]);
    let other = server([]);
    let run = from([&dies, &other]).await;
    run.assert_brought(&content(SIZE));
    // It brought bytes, so it is asked again; then the other goes on at the same offset.
    assert_eq!(requests(&other)[0].range, Some(format!("bytes={}-", SIZE / 2)));
    assert_eq!((requests(&dies).len(), requests(&other).len()), (2, 1));
}

#[tokio::test]
async fn one_lies() {
    for lie in [Action::Corrupt(At::Byte(100)), Action::changed()] {
        let (liar, other) = (server([Rule::any().act(lie)]), server([]));
        let run = from([&liar, &other]).await;
        run.assert_brought(&content(SIZE));
        assert!(matches!(run.fault(0), Some(Fault::Mismatch { .. })));
        assert_eq!((requests(&liar).len(), requests(&other).len()), (1, 1), "where another is left, once is enough");
    }
}

#[tokio::test]
async fn one_has_it_not() {
    for code in [404, 403, 410, 401] {
        let (empty, other) = (server([Rule::any().act(Action::Status(code))]), server([]));
        let run = from([&empty, &other]).await;
        run.assert_brought(&content(SIZE));
        assert_eq!((requests(&empty).len(), requests(&other).len()), (1, 1));
    }
}

#[tokio::test]
async fn one_cools() {
    for asked in [30, 1000] {
        let rule = Rule::any().act(Action::Status(503)).act(Action::RetryAfter(RetryAfter::Seconds(asked)));
        let (cool, other) = (server([rule]), server([Rule::any().nth(1..=2).act(Action::FinAt(At::Fraction(0.4)))]));
        let began = Instant::now();
        let run = from([&cool, &other]).await;
        run.assert_brought(&content(SIZE));
        assert!(began.elapsed() < Duration::from_secs(5), "nobody waits while another is there");
        assert_eq!(requests(&cool).len(), 1);
    }
}

#[tokio::test]
async fn all_fail() {
    let (a, b) = (server([Rule::any().act(Action::Status(500))]), server([Rule::any().act(Action::FinBeforeHead)]));
    let run = from([&a, &b]).await;
    assert_eq!(*run.cause(), Cause::Spent { attempts: 8, brought: 0 });
    assert_eq!((requests(&a).len(), requests(&b).len()), (4, 4), "a round asks each once");
    let (a, b) = (server([Rule::any().act(Action::Status(404))]), server([Rule::any().act(Action::Status(403))]));
    let run = from([&a, &b]).await;
    assert!(matches!(run.cause(), Cause::NoUrl(Fault::Status { code: 403, .. })), "{:?}", run.cause());
}
