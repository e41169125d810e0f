//! One budget, whatever fails (section 4.2).

use std::time::Duration;

use towline_client::transfer::Cause;
use towline_faults::{Action, At, Hold, RetryAfter, Rule, Script, Server};

use crate::support::{Memory, PATH, content, options, requests, retries, run, script, trusting};

const SIZE: u64 = 100_000;

/// Fails for ever, and says nothing new.
async fn spend(script: Script, most: u32, what: &str) {
    spend_within(Duration::from_secs(60), script, most, what).await;
}

async fn spend_within(header_timeout: Duration, script: Script, most: u32, what: &str) {
    let server = Server::start(script).unwrap();
    let mut options = trusting(&server, retries(most));
    options.policy.header_timeout = header_timeout;
    let run = run(&server, options, Memory::of(&content(SIZE))).await;
    let attempts = most as usize + 1;
    assert_eq!(*run.cause(), Cause::Spent { attempts, brought: 0 }, "{what}");
    assert_eq!(run.log.len(), attempts, "{what}");
    assert_eq!(server.journal().len(), attempts, "{what}: requests, and connections that ended before one");
    assert!(run.sink.bytes.is_empty());
}

/// Faults of any kind before the body, each for ever, and a mixture of them.
async fn spend_all(most: u32) {
    for action in [
        Action::RstOnAccept,
        Action::FinBeforeHead,
        Action::FinInHead(30),
        Action::RstBeforeHead,
        Action::RstInHead(30),
        Action::Garbage("HTTP/9.9 ?\r\n\r\n".to_owned()),
        Action::Status(500),
        Action::Status(429),
        Action::RstAt(At::Byte(0)),
    ] {
        let what = format!("{action:?}, {most} retries");
        spend(script(SIZE).rule(Rule::any().act(action)), most, &what).await;
    }
    let mixture = script(SIZE)
        .rule(Rule::any().every(4).act(Action::Status(503)))
        .rule(Rule::any().every(3).act(Action::RstBeforeHead))
        .rule(Rule::any().every(2).act(Action::Garbage("?\r\n\r\n".to_owned())))
        .rule(Rule::any().act(Action::FinInHead(9)));
    spend(mixture, most, "mixture").await;
}

#[tokio::test]
async fn a_fault_for_ever_without_retries_costs_one_attempt() {
    spend_all(0).await;
}

#[tokio::test]
async fn a_fault_for_ever_and_three_retries_cost_four() {
    spend_all(3).await;
}

#[tokio::test]
async fn a_fault_for_ever_and_eight_retries_cost_nine() {
    spend_all(8).await;
}

#[tokio::test]
async fn slow_faults_cost_as_much() {
    let limit = Duration::from_millis(30);
    spend_within(limit, script(SIZE).rule(Rule::any().act(Action::StallBeforeHead(Hold::Forever))), 3, "no answer")
        .await;
    spend_within(limit, script(SIZE).rule(Rule::any().act(Action::Mute)), 3, "mute").await;
    let asked = Rule::any().act(Action::Status(503)).act(Action::RetryAfter(RetryAfter::Seconds(0)));
    spend(script(SIZE).rule(asked), 3, "Retry-After: 0").await;
}

#[tokio::test]
async fn faults_over_tls_and_http2_cost_as_much() {
    spend(script(SIZE).tls().rule(Rule::any().act(Action::RstOnAccept)), 3, "TLS reset").await;
    for action in [Action::H2Refuse, Action::RstBeforeHead, Action::Status(502)] {
        let what = format!("HTTP/2 {action:?}");
        // After the second protocol error it is HTTP/1.1, where the first action does nothing.
        let script = script(SIZE)
            .tls()
            .http2()
            .rule(Rule::any().http2(true).act(action))
            .rule(Rule::any().http2(false).act(Action::RstBeforeHead));
        spend(script, 3, &what).await;
    }
}

#[tokio::test]
async fn one_byte_a_connection_does_not_refill() {
    let server = Server::start(script(SIZE).rule(Rule::any().act(Action::FinAt(At::Byte(1))))).unwrap();
    let run = run(&server, options(retries(5)), Memory::of(&content(SIZE))).await;
    assert_eq!(*run.cause(), Cause::Spent { attempts: 6, brought: 6 });
    assert_eq!(run.sink.bytes, content(SIZE).slice(0, 6), "what came is kept");
}

#[tokio::test]
async fn a_link_that_moves_finishes() {
    let server = Server::start(script(SIZE).rule(Rule::any().act(Action::Every(At::Fraction(0.05))))).unwrap();
    let run = run(&server, options(retries(2)), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(requests(&server).len(), 20);
    assert_eq!(run.sink.cuts, 0);
    let ends: Vec<_> = run.log.windows(2).map(|pair| (pair[0].to, pair[1].hops[0].range)).collect();
    assert!(ends.iter().all(|&(to, range)| range == Some(to)), "{ends:?}");
}

#[tokio::test]
async fn a_full_disk_ends_it_at_once() {
    let server = Server::start(script(SIZE)).unwrap();
    let sink = Memory { full_at: Some(1000), ..Memory::of(&content(SIZE)) };
    let run = run(&server, options(retries(8)), sink).await;
    assert_eq!(*run.cause(), Cause::Disk("the disk is full".to_owned()));
    assert_eq!(requests(&server).len(), 1);
    assert_eq!(requests(&server)[0].path, PATH);
}
