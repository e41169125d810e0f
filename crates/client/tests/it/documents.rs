//! Refusals that explain themselves (RFC 9457).

use std::time::{Duration, Instant};

use towline_faults::{Action, At, Rule, Server};

use crate::support::{Memory, Run, options, retries, run, script};

const DOCUMENT: &str = r#"{"type":"about:blank","title":"Quota exceeded","detail":"42 of 40 GB are used"}"#;

async fn refused(actions: Vec<Action>) -> Run {
    let rule = actions.into_iter().fold(Rule::any(), Rule::act);
    let server = Server::start(script(100).rule(rule)).unwrap();
    run(&server, options(retries(0)), Memory::default()).await
}

fn problem(code: u16, kind: &str, body: &str) -> Vec<Action> {
    vec![Action::Status(code), Action::header("Content-Type", kind), Action::Body(body.to_owned())]
}

#[tokio::test]
async fn its_words_are_in_the_log() {
    for code in [400, 403, 404, 500, 503] {
        let run = refused(problem(code, "application/problem+json; charset=utf-8", DOCUMENT)).await;
        assert_eq!(run.log[0].note.as_deref(), Some("Quota exceeded: 42 of 40 GB are used"), "{code}");
        assert_eq!(run.log[0].status(), Some(code));
    }
}

#[tokio::test]
async fn nothing_else_is_read() {
    for (kind, body) in [
        ("application/json", DOCUMENT),
        ("text/html", "<title>Quota</title>"),
        ("application/problem+json", "not json"),
        ("application/problem+json", ""),
    ] {
        assert_eq!(refused(problem(403, kind, body)).await.log[0].note, None, "{kind} {body}");
    }
    // The page of a refusal may be endless.
    let endless =
        [problem(403, "text/html", "x"), vec![Action::LengthOff(1000), Action::stall_at(At::Byte(1))]].concat();
    let began = Instant::now();
    refused(endless).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_document_that_breaks_or_is_too_long_changes_nothing() {
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(40_000));
    let run = refused(problem(404, "application/problem+json", &long)).await;
    assert_eq!((run.log[0].note.as_deref(), run.log[0].status()), (None, Some(404)));
    let cut = [problem(404, "application/problem+json", DOCUMENT), vec![Action::FinAt(At::Fraction(0.5))]].concat();
    let run = refused(cut).await;
    assert_eq!((run.log[0].note.as_deref(), run.log[0].status()), (None, Some(404)));
}
