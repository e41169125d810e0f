//! Links that break, outages, mirrors that die, time limits.

use std::time::Duration;

use towline_transfer::{Cause, Fault, Want};

use super::{bytes, faults, file, script};
use crate::driver::{Answer, Body, Setup};
use crate::model::{File, Random};

#[test]
fn a_reset_at_half_costs_two_requests_and_no_byte_twice() {
    let run = Setup::digest(&bytes())
        .run(script(|number, ask| if number == 1 { file().answer(ask).reset(1000) } else { file().answer(ask) }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(1000)]);
    assert_eq!(run.received, 2000);
    assert_eq!(faults(&run), [Some(Fault::Reset), None]);
    assert!(run.waits.is_empty(), "half a file earns an immediate resume");
}

#[test]
fn a_link_cut_every_5_percent_finishes_in_about_twenty_attempts_of_any_size() {
    for size in [2_000_u64, 40_000, 600_000, 17_000_000, 1_000_000_000, 5_000_000_000] {
        let file = File::blank(size).etag("\"1\"");
        let mut setup = Setup::new(Want::one());
        setup.spool = Body::Blank(0);
        let run = setup.run(|ask, _| file.answer(ask).reset(size / 20));
        assert_eq!(run.failure, None);
        assert_eq!((run.requests(), run.received), (20, size));
        assert!(run.waits.is_empty());
    }
}

#[test]
fn an_outage_of_forty_seconds_is_ridden_out_whatever_the_jitter() {
    for brought in [0, 100, 1000] {
        let outage = |jitter: Box<dyn FnMut() -> f64>, fault: Answer| {
            let begin = Duration::from_secs(1);
            let mut first = true;
            let run = Setup { jitter, ..Setup::digest(&bytes()) }.run(move |ask, now| {
                if std::mem::take(&mut first) {
                    file().answer(ask).reset(brought).takes(begin)
                } else if now < begin + Duration::from_secs(40) {
                    fault.clone().takes(Duration::ZERO)
                } else {
                    file().answer(ask)
                }
            });
            run.ok(&bytes());
            assert!(run.requests() <= 10);
        };
        for step in 0..=20 {
            let jitter = f64::from(step) / 20.;
            outage(Box::new(move || jitter), Answer::dead(Fault::Refused));
            outage(Box::new(move || jitter), Answer::status(503));
        }
        for seed in 0..200 {
            let mut random = Random(seed);
            outage(Box::new(move || random.unit()), Answer::dead(Fault::Refused));
        }
    }
}

#[test]
fn max_time_ends_it_before_a_wait_that_would_pass_it() {
    let mut setup = Setup::digest(&bytes()).jitter(|| 1.);
    setup.policy.max_time = Some(Duration::from_secs(10));
    let run = setup.run(|_, _| Answer::dead(Fault::Refused).takes(Duration::ZERO));
    // Waits of 0.5, 1, 2 and 4 s; the next one would end at 15.5 s.
    assert_eq!((run.requests(), run.waited()), (5, Duration::from_millis(7500)));
    assert_eq!(run.failed().cause, Cause::MaxTime(Duration::from_secs(10)));

    let mut setup = Setup::digest(&bytes());
    setup.policy.max_time = Some(Duration::ZERO);
    assert_eq!(setup.run(|ask, _| file().answer(ask)).requests(), 0);

    // What has arrived whole is not given up for it.
    let mut setup = Setup::digest(&bytes());
    setup.policy.max_time = Some(Duration::from_secs(10));
    setup.run(|ask, _| file().answer(ask).takes(Duration::from_secs(11))).ok(&bytes());
}

#[test]
fn a_retry_after_beyond_max_wait_strikes_the_url_off_and_the_mirror_goes_on() {
    let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| match number {
        1 => file().answer(ask).reset(200),
        2 => file().answer(ask).reset(10),
        3 => Answer::status(503).field("retry-after", "3600"),
        _ => file().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).urls(), [0, 1, 0, 1]);
    assert!(run.waited() < Duration::from_secs(2));
}

#[test]
fn of_two_mirrors_one_dies_half_way() {
    let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| match (number, ask.url) {
        (1, 0) => file().answer(ask).reset(1000),
        (_, 0) => Answer::dead(Fault::Refused),
        _ => file().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).urls(), [0, 0, 1]);
    assert_eq!(run.offsets(), [None, Some(1000), Some(1000)]);
    assert_eq!(run.received, 2000);
}

#[test]
fn of_two_mirrors_one_has_no_such_file_and_one_cools() {
    for status in [404, 503] {
        let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| match (number, ask.url) {
            (1, 0) => file().answer(ask).reset(1000),
            (_, 0) => Answer::status(status).field("retry-after", "60"),
            _ => file().answer(ask),
        }));
        assert_eq!(run.ok(&bytes()).offsets(), [None, Some(1000), Some(1000)]);
        assert!(run.waited() < Duration::from_secs(1));
    }
}
