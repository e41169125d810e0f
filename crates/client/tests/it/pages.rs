//! Pages: the same law, in memory, perhaps coded (sections 4.8 and 4.10).

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use towline_client::transfer::{Attempt, Cause, Fault};
use towline_client::{Client, Page, PageError, PageOutcome, PageRequest};
use towline_faults::{Action, At, Etag, File, RetryAfter, Rule, Script, Server};

use crate::support::{assert_journal_equals_log, options, quick, requests, retries, sent, url};

const PATH: &str = "/simple/alpha/";
const KIND: &str = "application/vnd.pypi.simple.v1+json";

/// Some hundred kilobytes, none of which is like the other.
fn text() -> String {
    (0..20_000).map(|line| format!("line {line}\n")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn site(etag: Etag) -> Script {
    Script::new().file(File::bytes(PATH, text()).content_type(KIND).etag(etag).last_modified(None))
}

async fn page(server: &Server, policy: towline_client::transfer::Policy) -> PageOutcome {
    let request = PageRequest { accept: KIND.to_owned(), ..PageRequest::new(url(server, PATH)) };
    let outcome = Client::new(options(policy)).page(&request, |_| {}).await.unwrap();
    assert_journal_equals_log(&server.journal(), &outcome.log);
    outcome
}

#[track_caller]
fn brought(outcome: &PageOutcome, server: &Server) {
    let expected = Page { url: url(server, PATH), content_type: Some(KIND.to_owned()), body: text().into_bytes() };
    assert!(outcome.result.as_ref() == Ok(&expected), "{:#?}", outcome.log);
}

fn ranges(log: &[Attempt]) -> Vec<Option<u64>> {
    log.iter().flat_map(|attempt| &attempt.hops).map(|hop| hop.range).collect()
}

#[tokio::test]
async fn one_fault_of_any_kind_is_no_failure() {
    let half = At::Fraction(0.5);
    let table = [
        vec![Action::FinAt(half)],
        vec![Action::RstAt(half)],
        vec![Action::FinAt(half), Action::Gzip],
        vec![Action::Status(503)],
        vec![Action::Status(429), Action::RetryAfter(RetryAfter::Seconds(0))],
        vec![Action::RstBeforeHead],
        vec![Action::Garbage("hello".to_owned())],
    ];
    for tag in [Etag::Strong("one".to_owned()), Etag::Weak("one".to_owned()), Etag::None] {
        for first in &table {
            let rule = first.iter().cloned().fold(Rule::on(PATH).nth(1), Rule::act);
            let mut script = site(tag.clone()).rule(rule);
            if first.contains(&Action::Gzip) {
                script = script.rule(Rule::on(PATH).act(Action::Gzip));
            }
            let server = Server::start(script).unwrap();
            let outcome = page(&server, quick()).await;
            brought(&outcome, &server);
            assert_eq!(outcome.log.len(), 2, "{tag:?} {first:?}: {:#?}", outcome.log);
        }
    }
}

/// Section 4.2: what fails in whatever mixture costs `retries + 1`.
#[tokio::test]
async fn what_fails_for_ever_costs_the_budget_and_says_how_each_attempt_went() {
    for act in [Action::Status(503), Action::RstBeforeHead, Action::FinAt(At::Fraction(0.5))] {
        let server = Server::start(site(Etag::None).rule(Rule::any().act(act.clone()))).unwrap();
        let outcome = page(&server, retries(3)).await;
        let Err(PageError::Transfer(failure)) = &outcome.result else { panic!("{act:?}: {:?}", outcome.result) };
        assert!(matches!(failure.cause, Cause::Spent { attempts: 4, .. }), "{act:?}: {failure:?}");
        assert_eq!((outcome.log.len(), requests(&server).len()), (4, 4), "{act:?}");
        assert!(outcome.log.iter().all(|attempt| attempt.fault.is_some()), "{act:?}");
    }
}

#[tokio::test]
async fn a_page_is_resumed_under_a_strong_entity_tag_only() {
    let size = text().len() as u64;
    let table = [
        (Etag::Strong("one".to_owned()), vec![None, Some(size / 2)], size),
        (Etag::Weak("one".to_owned()), vec![None, None], size / 2 + size),
        (Etag::None, vec![None, None], size / 2 + size),
    ];
    for (tag, expected, bytes) in table {
        let cut = Rule::on(PATH).nth(1).act(Action::RstAt(At::Fraction(0.5)));
        let server = Server::start(site(tag.clone()).rule(cut)).unwrap();
        let outcome = page(&server, quick()).await;
        brought(&outcome, &server);
        assert_eq!(ranges(&outcome.log), expected, "{tag:?}");
        assert_eq!(sent(&server), bytes, "{tag:?}");
        assert!(outcome.log.iter().all(|attempt| attempt.reread == 0), "{tag:?}: nothing is compared");
    }
}

/// Another page behind the cut: with a tag the range brings a whole answer, which replaces what was held at once.
#[tokio::test]
async fn a_page_that_changes_between_two_attempts_comes_whole() {
    for tag in [Etag::Strong("one".to_owned()), Etag::None] {
        for cuts in [1, 2, 4] {
            let mut script = site(tag.clone());
            for nth in 1..=cuts {
                let other = Action::Changed { seed: nth, size: Some(100_000 + nth), etag: Default::default() };
                script = script.rule(Rule::on(PATH).nth(nth).act(other).act(Action::RstAt(At::Fraction(0.5))));
            }
            let server = Server::start(script).unwrap();
            let outcome = page(&server, quick()).await;
            brought(&outcome, &server);
            assert_eq!(outcome.log.len() as u64, cuts + 1, "{tag:?} {cuts}: {:#?}", outcome.log);
        }
    }
}

#[tokio::test]
async fn a_coded_page_is_decoded_and_a_damaged_or_foreign_coding_is_told() {
    let body = |bytes: Vec<u8>, coding: &str| {
        let label = Action::header("Content-Encoding", coding);
        let file = File::bytes(PATH, bytes).content_type(KIND).etag(Etag::None);
        Server::start(Script::new().file(file).rule(Rule::any().act(label))).unwrap()
    };
    for coding in ["gzip", "GZIP", "x-gzip"] {
        let server = body(gzip(&text()), coding);
        brought(&page(&server, quick()).await, &server);
        assert_eq!(requests(&server)[0].accept_encoding.as_deref(), Some("gzip"));
    }
    let two = [gzip(&text()[..1000]), gzip(&text()[1000..])].concat();
    let server = body(two, "gzip");
    brought(&page(&server, quick()).await, &server);

    let mut cut = gzip(&text());
    cut.truncate(cut.len() / 2);
    for damaged in [cut, text().into_bytes(), Vec::new()] {
        let outcome = page(&body(damaged, "gzip"), quick()).await;
        assert!(matches!(outcome.result, Err(PageError::Gzip(_))), "{:?}", outcome.result.map(|page| page.body.len()));
    }
    let outcome = page(&body(gzip(&text()), "br"), retries(1)).await;
    assert_eq!(outcome.log[0].fault, Some(Fault::Coded("br".to_owned())));
}

#[tokio::test]
async fn a_page_that_is_too_large_is_refused_before_it_fills_the_memory() {
    let largest = text().len() as u64;
    for (largest, coded, fits) in
        [(largest, false, true), (largest - 1, false, false), (largest, true, true), (largest - 1, true, false)]
    {
        let bytes = if coded { gzip(&text()) } else { text().into_bytes() };
        let mut rule = Rule::any();
        if coded {
            rule = rule.act(Action::header("Content-Encoding", "gzip"));
        }
        let server = Server::start(Script::new().file(File::bytes(PATH, bytes)).rule(rule)).unwrap();
        let request = PageRequest { largest, ..PageRequest::new(url(&server, PATH)) };
        let outcome = Client::new(options(quick())).page(&request, |_| {}).await.unwrap();
        match outcome.result {
            Ok(page) => assert!(fits && page.body == text().as_bytes()),
            Err(error) => assert!(!fits && error == PageError::TooLarge { largest }, "{error}"),
        }
        assert_eq!(outcome.log.len(), 1);
    }
}

#[tokio::test]
async fn redirects_are_followed_and_the_page_says_where_it_was_found() {
    let script = site(Etag::None).rule(Rule::on("/old/").act(Action::Redirect(PATH.to_owned())));
    let server = Server::start(script).unwrap();
    let mut old = url(&server, "/old/");
    old.set_username("user").unwrap();
    let outcome = Client::new(options(quick())).page(&PageRequest::new(old), |_| {}).await.unwrap();
    let found = outcome.result.unwrap();
    assert_eq!((found.url.as_str(), found.body.len()), (server.url(PATH).as_str(), text().len()));
    assert_eq!(outcome.log[0].hops.len(), 2);
}

#[tokio::test]
async fn a_page_that_is_not_there_is_one_request() {
    let server = Server::start(site(Etag::None)).unwrap();
    let request = PageRequest::new(url(&server, "/simple/beta/"));
    let outcome = Client::new(options(quick())).page(&request, |_| {}).await.unwrap();
    let Err(PageError::Transfer(failure)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert!(matches!(failure.cause, Cause::NoUrl(Fault::Status { code: 404, .. })), "{failure:?}");
    assert_eq!(requests(&server).len(), 1);
}

/// Without a length the end of the connection may be a cut: it is asked once more.
#[tokio::test]
async fn a_page_without_a_length_is_asked_for_what_may_be_missing() {
    // The second: cut, asked for more, whole after all, and asked for more again.
    for (nth, expected) in [(0, 2), (1, 4)] {
        let mut script = site(Etag::None).rule(Rule::any().act(Action::CloseDelimited));
        if nth > 0 {
            script = site(Etag::None)
                .rule(Rule::any().nth(nth).act(Action::CloseDelimited).act(Action::FinAt(At::Fraction(0.5))))
                .rule(Rule::any().act(Action::CloseDelimited));
        }
        let server = Server::start(script).unwrap();
        let outcome = page(&server, quick()).await;
        brought(&outcome, &server);
        assert_eq!(outcome.log.len(), expected, "{nth}: {:#?}", outcome.log);
    }
}
