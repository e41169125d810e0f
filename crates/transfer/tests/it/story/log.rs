//! The log, and the causes in words.

use std::time::Duration;

use towline_transfer::{Cause, Fault, Policy};

use super::{bytes, file, script};
use crate::driver::{Answer, Setup};

#[test]
fn the_log_tells_each_attempt() {
    let run = Setup::digest(&bytes()).jitter(|| 1.).run(script(|number, ask| match number {
        1 => file().answer(ask).reset(10).takes(Duration::from_secs(3)),
        2 => Answer::dead(Fault::Refused),
        3 => file().whole().reset(500),
        _ => file().answer(ask),
    }));
    let log = &run.ok(&bytes()).log;
    let positions: Vec<_> = log.iter().map(|attempt| (attempt.from, attempt.to, attempt.reread)).collect();
    assert_eq!(positions, [(0, 10, 0), (10, 10, 0), (10, 500, 10), (500, 2000, 0)]);
    assert_eq!((log[0].took, log[0].waited), (Duration::from_secs(3), Duration::from_millis(500)));
    assert_eq!((log[1].began, log[1].waited), (Duration::from_millis(3500), Duration::from_secs(1)));
    assert_eq!(log.iter().map(|attempt| attempt.reached()).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!(log.iter().map(|attempt| attempt.status()).collect::<Vec<_>>(), [Some(200), None, Some(200), Some(206)]);
    assert_eq!(log.iter().map(|attempt| attempt.refilled).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(log.iter().all(|attempt| !attempt.waited_as_asked()));
}

#[test]
fn the_causes_read_as_sentences() {
    let got = |list: &[&str]| Cause::Mismatch { got: list.iter().map(|&text| text.to_owned()).collect() };
    let table = [
        (Cause::Spent { attempts: 1, brought: 0 }, "1 attempt brought nothing new"),
        (Cause::Spent { attempts: 9, brought: 0 }, "9 attempts in a row brought nothing new"),
        (Cause::Spent { attempts: 9, brought: 9 }, "9 attempts in a row brought almost nothing new (9 bytes)"),
        (Cause::NoUrl(Fault::Refused), "connection refused"),
        (Cause::MaxTime(Duration::from_secs(60)), "the time limit of 60s is over"),
        (Cause::Blind(1000), "1000 attempts, and the size is still unknown"),
        (got(&["a"]), "the bytes have another digest than was asked for"),
        (got(&["a", "b"]), "different wrong bytes came each time: they are changed on the way"),
        (got(&["a", "b", "a"]), "the same wrong bytes came twice: the digest that was asked for is of another file"),
        (Cause::Disk("disk full".to_owned()), "disk full"),
    ];
    for (cause, text) in table {
        assert_eq!(cause.to_string(), text);
    }
    assert!(Policy::default().max_time.is_none());
}
