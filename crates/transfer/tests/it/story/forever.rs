//! Faults that do not end, and those that end it at once.

use std::time::Duration;

use towline_transfer::{Cause, Fault, Want};

use super::{bytes, file, script, tagged};
use crate::driver::{Answer, Setup};
use crate::model::Random;

fn before_the_head() -> Vec<Answer> {
    let text = || "why".to_owned();
    let wait = Duration::from_secs(10);
    let dead = [
        Fault::Dns { missing: false, answered: false, detail: text() },
        Fault::Dns { missing: true, answered: true, detail: text() },
        Fault::Unreachable(text()),
        Fault::Refused,
        Fault::ConnectTimeout(wait),
        Fault::Tls(text()),
        Fault::Tunnel(text()),
        Fault::HeaderTimeout(wait),
        Fault::Reset,
        Fault::Closed,
        Fault::Protocol(text()),
    ];
    let statuses = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527];
    let asked = [403, 413, 429, 503].map(|code| Answer::status(code).field("retry-after", "3"));
    let redirected = [401, 403, 404, 410].map(|code| Answer { redirected: true, ..Answer::status(code) });
    let answered = [
        file().whole().field("content-encoding", "gzip"),
        file().part(5, 9),
        file().part(0, 9).without("content-range"),
        file().part(0, 9).field("content-type", "multipart/byteranges"),
        file().nothing(),
        file().whole().close().short(0),
        file().whole().reset(0),
        file().whole().cut(0, Fault::Stalled(wait)),
        file().whole().short(0),
    ];
    let dead = dead.into_iter().map(Answer::dead);
    dead.chain(statuses.map(Answer::status)).chain(asked).chain(redirected).chain(answered).collect()
}

#[test]
fn a_fault_for_ever_costs_retries_plus_one_requests_whatever_it_is() {
    for answer in before_the_head() {
        for retries in [0, 3, 8] {
            for jitter in [0., 1.] {
                let run = Setup::new(Want::one()).retries(retries).jitter(move || jitter).run(|_, _| answer.clone());
                let attempts = retries as usize + 1;
                assert_eq!(run.requests(), attempts, "{answer:?}");
                assert_eq!(run.failed().cause, Cause::Spent { attempts, brought: 0 }, "{answer:?}");
                assert!(run.log.iter().all(|attempt| attempt.fault.is_some() && !attempt.refilled));
            }
        }
    }
}

#[test]
fn so_does_any_mixture_of_them() {
    let answers = before_the_head();
    let mut random = Random(1);
    for _ in 0..500 {
        for retries in [0, 3, 8] {
            let run = Setup::new(Want::one()).retries(retries).run(|_, _| random.of(&answers));
            assert_eq!(run.requests(), retries as usize + 1);
            assert!(matches!(run.failed().cause, Cause::Spent { brought: 0, .. }));
        }
    }
}

#[test]
fn and_so_do_they_in_the_middle_of_a_file() {
    for answer in before_the_head() {
        for retries in [0, 3, 8] {
            let setup = Setup::new(Want::one()).retries(retries);
            let run = setup
                .run(script(|number, ask| if number == 1 { tagged().answer(ask).reset(1000) } else { answer.clone() }));
            assert_eq!(run.requests(), retries as usize + 2, "{answer:?} {:#?}", run.log);
            assert!(run.failed().held == 1000 || !run.cuts.is_empty(), "{answer:?}");
        }
    }
}

#[test]
fn one_byte_a_connection_for_ever_fails_after_the_budget() {
    for retries in [0, 3, 8] {
        let run = Setup::digest(&bytes()).retries(retries).run(|ask, _| file().answer(ask).reset(1));
        let attempts = retries as usize + 1;
        assert_eq!(run.requests(), attempts);
        assert_eq!(run.failed().cause, Cause::Spent { attempts, brought: attempts as u64 });
    }
}

#[test]
fn every_fatal_fault_ends_it_at_once() {
    let text = || "why".to_owned();
    let fatal = [
        Answer::dead(Fault::Dns { missing: true, answered: false, detail: text() }),
        Answer::dead(Fault::Certificate(text())),
        Answer::dead(Fault::ProxyCredentials),
        Answer::dead(Fault::Url(text())),
        Answer::status(404),
        Answer::status(501),
        Answer::status(204),
    ];
    for answer in fatal {
        let run = Setup::new(Want::one()).run(|_, _| answer.clone());
        assert_eq!(run.requests(), 1, "{answer:?}");
        assert!(matches!(run.failed().cause, Cause::NoUrl(_)), "{answer:?}");
    }
    let disk = Fault::Disk("No space left on device".to_owned());
    let run = Setup::new(Want::one()).urls(&[0, 1]).run(|ask, _| file().answer(ask).cut(500, disk.clone()));
    assert_eq!((run.requests(), run.failed().held), (1, 500));
    assert_eq!(run.failed().cause, Cause::Disk("No space left on device".to_owned()));
    assert_eq!(run.log[0].fault, Some(disk));
    assert_eq!(run.log[0].to, 500);
}
