//! A fault for ever, of any kind or mixture, before the headers: `retries + 1` requests, and every one is listed.

use towline_faults::{Action, File, Hold, Kind, RetryAfter, Rule, Script};

use super::story::{FILE, in_parallel};
use crate::support::{Case, Run, figure, full, journal_equals_log};

const RETRIES: [usize; 3] = [0, 3, 8];

/// Faults of a request, and a word of what the ledger calls each.
fn faults() -> Vec<(&'static str, Vec<Action>)> {
    let mut faults = vec![
        ("500 Internal Server Error", vec![Action::Status(500)]),
        ("502 Bad Gateway", vec![Action::Status(502)]),
        ("503 Service Unavailable", vec![Action::Status(503)]),
        ("504 Gateway Timeout", vec![Action::Status(504)]),
        ("status 522", vec![Action::Status(522)]),
        ("408 Request Timeout", vec![Action::Status(408)]),
        ("425 Too Early", vec![Action::Status(425)]),
        ("429 Too Many Requests", vec![Action::Status(429)]),
        ("connection reset by peer", vec![Action::RstBeforeHead]),
        ("connection closed without an answer", vec![Action::FinBeforeHead]),
        ("connection reset by peer", vec![Action::RstInHead(20)]),
        ("connection closed without an answer", vec![Action::FinInHead(20)]),
        ("protocol error", vec![Action::Garbage("220 mail.example ESMTP\r\n".to_owned())]),
        ("no answer", vec![Action::StallBeforeHead(Hold::Forever)]),
        ("content coded with gzip", vec![Action::Gzip]),
        ("range not satisfiable", vec![Action::NotSatisfiable(towline_faults::Total::None)]),
    ];
    if full() {
        // Each wait is spread over a second: too slow for a sample.
        faults.push(("503", vec![Action::Status(503), Action::RetryAfter(RetryAfter::Seconds(0))]));
    }
    faults
}

fn rule(actions: &[Action]) -> Rule {
    actions.iter().cloned().fold(Rule::on(FILE), Rule::act)
}

fn script() -> Script {
    Script::new().file(File::generated(FILE, 40_000, 1))
}

fn run(case: &Case, url: &str, retries: usize, limit: &str) -> Run {
    let mut command = case.get();
    command.arg(url).arg("-d").arg(case.out()).args(["--header-timeout", limit, "--connect-timeout", limit]);
    command.args(["--retries", &retries.to_string()]);
    case.finish(command)
}

/// A limit that only a silent server meets, however busy the machine is.
fn limit(actions: &[&[Action]]) -> &'static str {
    let silent = |actions: &&[Action]| actions.iter().any(|action| matches!(action, Action::StallBeforeHead(_)));
    match actions.iter().filter(|actions| silent(actions)).count() {
        0 => "20s",
        count if count == actions.len() => "100ms",
        _ => "700ms",
    }
}

/// Checks exit code, ledger and events: each attempt with offsets, cause and wait.
#[track_caller]
fn is_listed(run: &Run, attempts: usize, causes: &[&str]) {
    run.expect(3);
    let row = |attempt: usize| {
        if attempts == 1 { "1 attempt brought".to_owned() } else { format!("{attempt} attempts in a row brought") }
    };
    let headline = format!("error: could not download a.bin: {} nothing new", row(attempts));
    assert!(run.stderr.contains(&headline), "{}", run.stderr);
    let told = run.attempts();
    assert_eq!(told.len(), attempts, "the events list all\n{}", run.stderr);
    for (at, event) in told.iter().enumerate() {
        let (number, last) = (at + 1, at + 1 == attempts);
        let cause = causes[at % causes.len()];
        let line = run.stderr.lines().find(|line| line.trim_start().starts_with(&format!("attempt {number} ")));
        let line = line.unwrap_or_else(|| panic!("attempt {number} is listed\n{}", run.stderr));
        assert!(line.contains("0 B -> 0 B") && line.contains(cause), "{cause}: {line}");
        assert_eq!(line.contains(", waited "), !last, "{line}");
        assert_eq!((&event["attempt"], &event["from"], &event["to"]), (&number.into(), &0.into(), &0.into()));
        assert!(event["fault"].as_str().is_some_and(|fault| fault.contains(cause)), "{cause}: {event}");
        assert_eq!(event["waited"].as_f64().is_some_and(|wait| wait > 0.0), !last, "{event}");
        assert_eq!(event["refilled"], false, "{event}");
    }
}

#[test]
fn a_fault_for_ever_before_the_headers_costs_retries_plus_one_requests() {
    in_parallel(&faults(), |(cause, actions)| {
        for retries in RETRIES {
            let case = Case::new(script().rule(rule(actions)));
            let run = run(&case, &case.server.url(FILE), retries, limit(&[actions]));
            is_listed(&run, retries + 1, &[cause]);
            assert_eq!(
                case.requests().len(),
                retries + 1,
                "{actions:?}
{}",
                run.stderr
            );
            journal_equals_log(&case.requests(), &[&run]);
        }
    });
    figure("a fault for ever", &format!("{} kinds: 1, 4 and 9 requests for 0, 3 and 8 retries", faults().len()));
}

#[test]
fn any_mixture_of_faults_for_ever_costs_retries_plus_one_requests() {
    let faults = faults();
    let mixtures: Vec<usize> = (0..if full() { 64 } else { 8 }).collect();
    in_parallel(&mixtures, |seed| {
        for retries in RETRIES {
            // Steps that do not divide the number of faults visit them in another order each.
            let pick = |at: usize| &faults[(seed * 7 + at * (2 * seed + 3)) % faults.len()];
            let chosen: Vec<_> = (0..=retries).map(pick).collect();
            let numbered = |script: Script, (at, (_, actions)): (usize, &&(_, Vec<Action>))| {
                script.rule(rule(actions).nth(at as u64 + 1))
            };
            let mixed = chosen.iter().enumerate().fold(script(), numbered);
            let case = Case::new(mixed.rule(rule(&[Action::Status(500)])));
            let actions: Vec<&[Action]> = chosen.iter().map(|(_, actions)| actions.as_slice()).collect();
            let run = run(&case, &case.server.url(FILE), retries, limit(&actions));
            is_listed(&run, retries + 1, &chosen.iter().map(|(cause, _)| *cause).collect::<Vec<_>>());
            assert_eq!(
                case.requests().len(),
                retries + 1,
                "{chosen:?}
{}",
                run.stderr
            );
            journal_equals_log(&case.requests(), &[&run]);
        }
    });
    let mixtures = mixtures.len();
    figure("a mixture of faults for ever", &format!("{mixtures} mixtures: 1, 4 and 9 requests for 0, 3 and 8 retries"));
}

#[test]
fn a_connection_that_never_carries_a_request_costs_retries_plus_one_attempts() {
    for retries in RETRIES {
        for (name, action, cause) in [
            ("reset when accepted", Action::RstOnAccept, ""),
            ("closed when accepted", Action::FinOnAccept, ""),
            ("a handshake never answered", Action::Mute, ""),
        ] {
            let tls = matches!(action, Action::Mute);
            let case = Case::new(script().rule(Rule::any().act(action)));
            let url = case.server.url(FILE);
            let run = run(
                &case,
                &if tls { url.replace("http://", "https://") } else { url },
                retries,
                if tls { "200ms" } else { "20s" },
            );
            is_listed(&run, retries + 1, &[cause]);
            let connections = case.server.journal().iter().filter(|entry| entry.kind == Kind::Connection).count();
            assert_eq!(connections, retries + 1, "{name}\n{}", run.stderr);
            assert!(case.requests().is_empty(), "{name}");
        }
        // Nobody listens there any more.
        let case = Case::new(script());
        let url = {
            let gone = Case::new(script());
            gone.server.url(FILE)
        };
        let run = run(&case, &url, retries, "20s");
        is_listed(&run, retries + 1, &["connection refused"]);
        assert!(run.attempts().iter().all(|attempt| attempt["reached"] == false), "{}", run.stderr);
    }
    figure("no connection for ever", "4 kinds: 1, 4 and 9 attempts for 0, 3 and 8 retries");
}
