//! What the transfers of a run share about an origin: cooling, addresses, connections (sections 4.3, 4.5).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::sync::Notify;
use towline_client::transfer::{Cause, Fault, Policy};
use towline_client::{Client, Event, Options, Override};
use towline_faults::{Action, File, RetryAfter, Rule, Script, Server};

use crate::support::{
    Memory, PATH, assert_journal_equals_log, content, fetch, fetch_seen, options, quick, requests, retries, run,
    script, url, wanted,
};

const SIZE: u64 = 20_000;

#[tokio::test]
async fn retry_after_cools_the_origin_for_all_transfers() {
    // A second is the shortest wait that the field can tell.
    tokio::join!(cools(429), cools(503));
}

async fn cools(code: u16) {
    let server = Server::start(
        script(SIZE)
            .file(File::generated("/other", SIZE, 1))
            .rule(Rule::on(PATH).nth(1).act(Action::Status(code)).act(Action::RetryAfter(RetryAfter::Seconds(1)))),
    )
    .unwrap();
    let client = Client::new(options(quick()));
    let cooled = Notify::new();
    let first = fetch_seen(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default(), |event| {
        if matches!(event, Event::Waiting { .. }) {
            cooled.notify_one();
        }
    });
    let second = async {
        cooled.notified().await;
        fetch(&client, wanted(&[url(&server, "/other")], &Memory::default()), Memory::default()).await
    };
    let (first, second) = tokio::join!(first, second);
    first.assert_brought(&content(SIZE));
    second.assert_brought(&content(SIZE));
    assert!(first.log[0].waited_as_asked());
    let times: Vec<_> = requests(&server).iter().map(|entry| entry.time_ms).collect();
    assert!(times.len() == 3 && times[1] - times[0] >= 990, "{code}: {times:?}");
}

#[tokio::test]
async fn a_wait_beyond_the_limit_is_not_waited() {
    for asked in [RetryAfter::Seconds(301), RetryAfter::Date(1000), RetryAfter::Raw("9".repeat(30))] {
        let rule = Rule::any().act(Action::Status(503)).act(Action::RetryAfter(asked.clone()));
        let server = Server::start(script(SIZE).rule(rule)).unwrap();
        let run = run(&server, options(quick()), Memory::default()).await;
        assert!(
            matches!(run.cause(), Cause::NoUrl(Fault::Status { code: 503, retry_after: Some(_), .. })),
            "{asked:?}"
        );
        assert_eq!(run.log.len(), 1);
    }
    // A date that has passed, and what means nothing, is no wait.
    for asked in [RetryAfter::Date(-5), RetryAfter::Raw("soon".to_owned()), RetryAfter::Raw("-3".to_owned())] {
        let rule = Rule::any().nth(1).act(Action::Status(503)).act(Action::RetryAfter(asked));
        let server = Server::start(script(SIZE).rule(rule)).unwrap();
        run(&server, options(quick()), Memory::default()).await.assert_brought(&content(SIZE));
    }
}

/// A good server, and a bad one on the same port of another address.
fn pair(bad: Action) -> (Server, Server, Override) {
    let good = Server::start(script(SIZE)).unwrap();
    let port = good.addr().port();
    let there = SocketAddr::new("127.0.0.2".parse().unwrap(), port);
    let bad = Server::start(script(SIZE).listen(there).rule(Rule::any().act(bad))).unwrap();
    let addresses: Vec<IpAddr> = vec![there.ip(), good.addr().ip()];
    (good, bad, Override { host: "two.example".to_owned(), port, addresses })
}

fn crawling() -> Policy {
    let ms = Duration::from_millis;
    Policy { header_timeout: ms(100), crawl_timeout: ms(100), ..retries(2) }
}

#[tokio::test]
async fn after_a_fruitless_or_crawling_attempt_another_address_is_tried() {
    for action in
        [Action::RstBeforeHead, Action::Mute, Action::Status(500), Action::Dribble { bytes: 10, every_ms: 10 }]
    {
        let (good, bad, fixed) = pair(action.clone());
        let url = format!("http://two.example:{}{PATH}", fixed.port).parse().unwrap();
        let client = Client::new(Options { overrides: vec![fixed], ..options(crawling()) });
        let sink = Memory::of(&content(SIZE));
        let run = fetch(&client, wanted(&[url], &sink), sink).await;
        run.assert_brought(&content(SIZE));
        assert_eq!((bad.journal().len(), requests(&good).len()), (1, 1), "{action:?}");
        assert_eq!(run.log.len(), 2, "{action:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_at_once_leads_to_the_next_address() {
    let (good, _bad, fixed) = pair(Action::RstOnAccept);
    let url = format!("http://two.example:{}{PATH}", fixed.port).parse().unwrap();
    let client = Client::new(Options { overrides: vec![fixed], ..options(retries(1)) });
    // The reset may come as early as the connect itself: then the next address is tried within the same attempt.
    fetch(&client, wanted(&[url], &Memory::default()), Memory::default()).await.assert_brought(&content(SIZE));
    assert_eq!(requests(&good).len(), 1);
}

#[tokio::test]
async fn attempts_that_fail_together_turn_the_addresses_once() {
    let (good, bad, fixed) = pair(Action::FinBeforeHead);
    let url: towline_client::Url = format!("http://two.example:{}{PATH}", fixed.port).parse().unwrap();
    let client = Client::new(Options { overrides: vec![fixed], ..options(retries(3)) });
    let one = || fetch(&client, wanted(std::slice::from_ref(&url), &Memory::default()), Memory::default());
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for run in [a, b, c, d] {
        run.assert_brought(&content(SIZE));
    }
    assert_eq!(requests(&good).len(), 4);
    assert!(requests(&bad).len() <= 5, "{}", requests(&bad).len());
}

#[tokio::test]
async fn an_address_without_a_server_is_no_fault_while_another_has_one() {
    let good = Server::start(script(SIZE)).unwrap();
    let fixed = format!("two.example:{}:127.0.0.3,127.0.0.1", good.addr().port());
    let url = format!("http://two.example:{}{PATH}", good.addr().port()).parse().unwrap();
    let client = Client::new(Options { overrides: vec![fixed.parse().unwrap()], ..options(retries(0)) });
    fetch(&client, wanted(&[url], &Memory::default()), Memory::default()).await.assert_brought(&content(SIZE));
}

#[tokio::test]
async fn the_addresses_of_a_redirected_place_are_turned_too() {
    let (good, bad, fixed) = pair(Action::FinBeforeHead);
    let place = format!("http://two.example:{}{PATH}", fixed.port);
    let here =
        Server::start(Script::new().file(File::generated(PATH, 1, 1)).rule(Rule::any().act(Action::Redirect(place))));
    let here = here.unwrap();
    let client = Client::new(Options { overrides: vec![fixed], ..options(retries(2)) });
    let run = fetch(&client, wanted(&[url(&here, PATH)], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_eq!((requests(&bad).len(), requests(&good).len(), requests(&here).len()), (1, 1, 2));
}

#[tokio::test]
async fn no_connection_serves_two_requests_over_http1() {
    // Idle connections that die are what makes a library send again; here none is idle.
    for action in [Action::IdleFin(0.0), Action::IdleRst(0.0), Action::header("X-Nothing", "happens")] {
        let server = Server::start(script(SIZE).rule(Rule::any().act(action))).unwrap();
        let client = Client::new(options(retries(0)));
        let mut log = Vec::new();
        for _ in 0..5 {
            let run = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
            run.assert_brought(&content(SIZE));
            log.extend(run.log);
        }
        assert_journal_equals_log(&server.journal(), &log);
        let seen = requests(&server);
        assert!(seen.windows(2).all(|pair| pair[0].connection != pair[1].connection), "{seen:#?}");
    }
}

#[tokio::test]
async fn an_outage_is_ridden_out() {
    let server = Server::start(script(SIZE).rule(Rule::any().nth(1).act(Action::Outage(0.2)))).unwrap();
    let policy = Policy { base_wait: Duration::from_millis(20), cap_wait: Duration::from_millis(100), ..retries(8) };
    let run = run(&server, options(policy), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    assert!(run.log.iter().any(|attempt| attempt.fault == Some(Fault::Refused) && !attempt.reached()), "{:?}", run.log);
}
