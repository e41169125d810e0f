//! Section 4.4: the waits between rounds.

use std::time::Duration;

use towline_transfer::{Fault, Policy};

use crate::driver::{Answer, Setup};
use crate::model::{File, content};

#[test]
fn they_double_from_half_a_second_to_thirty() {
    let wholes = [0.5, 0.5, 1., 2., 4., 8., 16., 30., 30., 30.];
    for (round, whole) in wholes.into_iter().enumerate() {
        for (jitter, part) in [(0., 0.5), (0.5, 0.75), (1., 1.)] {
            let wait = Policy::default().wait(round as u32, jitter).as_secs_f64();
            assert!((wait - whole * part).abs() < 1e-6, "round {round}, jitter {jitter}: {wait}");
        }
    }
}

#[test]
fn past_every_overflow_the_cap_holds() {
    for round in [31, 32, 33, 63, 64, 65, 1000, u32::MAX] {
        assert_eq!(Policy::default().wait(round, 1.), Duration::from_secs(30), "{round}");
        assert_eq!(Policy::default().wait(round, 0.), Duration::from_secs(15), "{round}");
    }
    let absurd = Policy { base_wait: Duration::MAX, cap_wait: Duration::MAX, ..Policy::default() };
    for round in [0, 1, 2, u32::MAX] {
        assert!(absurd.wait(round, 1.) > Duration::from_secs(u64::MAX / 2));
    }
    let none = Policy { base_wait: Duration::ZERO, ..Policy::default() };
    assert_eq!(none.wait(u32::MAX, 1.), Duration::ZERO);
}

#[test]
fn a_jitter_out_of_bounds_counts_as_the_bound() {
    let policy = Policy::default();
    for (jitter, as_if) in [(-1., 0.), (2., 1.), (f64::INFINITY, 1.), (f64::NEG_INFINITY, 0.), (f64::NAN, 0.)] {
        assert_eq!(policy.wait(3, jitter), policy.wait(3, as_if), "{jitter}");
        let asked = Duration::from_secs(60);
        assert_eq!(policy.retry_after(asked, jitter), policy.retry_after(asked, as_if), "{jitter}");
    }
}

#[test]
fn eight_waits_are_46_to_92_seconds() {
    for (jitter, sum) in [(0., 45.75), (1., 91.5)] {
        let run = Setup::digest(b"x").jitter(move || jitter).run(|_, _| Answer::dead(Fault::Refused));
        assert_eq!(run.waits.len(), 8);
        assert!((run.waited().as_secs_f64() - sum).abs() < 1e-3, "{:?}", run.waited());
    }
}

#[test]
fn no_wait_follows_the_last_attempt() {
    let run = Setup::digest(b"x").run(|_, _| Answer::dead(Fault::Refused));
    assert_eq!(run.waits.last().map(|(after, _)| *after), Some(8));
    assert_eq!(run.log.last().map(|attempt| attempt.waited), Some(Duration::ZERO));
}

/// The wait after an attempt that brought `brought` of `size`.
fn after(size: u64, brought: u64, shared: bool, jitter: f64) -> Duration {
    use towline_transfer::{Head, Held, Piece, Step, Transfer, Want};
    let want = Want { digest: true, size: Some(size), ..Want::one() };
    let mut transfer = Transfer::new(Policy::default(), want, Held::nothing());
    assert!(matches!(transfer.next(Duration::ZERO, jitter), Step::Send(_)));
    transfer.head(&Head::parse(200, []));
    if brought > 0 {
        let brought = usize::try_from(brought).expect("64 bits");
        assert_eq!(transfer.place(brought), Piece::Append { len: brought });
        transfer.appended(brought);
    }
    if shared {
        transfer.shared();
    }
    transfer.fault(Fault::Reset);
    match transfer.next(Duration::ZERO, jitter) {
        Step::Send(_) => Duration::ZERO,
        Step::Wait(wait) => wait,
        step => panic!("{step:?}"),
    }
}

#[test]
fn a_mebibyte_or_a_32nd_of_the_file_earns_an_immediate_resume() {
    const MIB: u64 = 1 << 20;
    let table = [
        (1000 * MIB, MIB, true),
        (1000 * MIB, MIB - 1, false),
        (1000 * MIB, 0, false),
        (3200, 100, true),
        (3200, 99, false),
        (32, 1, true),
        (1 << 40, MIB, true),
    ];
    for (size, brought, at_once) in table {
        let base = Duration::from_millis(375);
        assert_eq!(
            after(size, brought, false, 0.5),
            if at_once { Duration::ZERO } else { base },
            "{brought} of {size}"
        );
        // What does not earn it does not get less than the base for having shared a connection.
        assert_eq!(after(size, brought, true, 0.5), if at_once { base / 3 * 2 } else { base }, "{brought} of {size}");
        assert_eq!(Policy::earns_resume(Some(size), brought), at_once);
    }
    assert!(!Policy::earns_resume(None, MIB - 1) && Policy::earns_resume(None, MIB));
    assert!(!Policy::earns_resume(Some(0), 0));
    assert!(Policy::earns_resume(Some(u64::MAX), u64::MAX));
}

#[test]
fn a_shared_death_is_spread_over_half_a_second() {
    for (jitter, wait) in [(0., 0), (0.5, 250), (1., 500)] {
        assert_eq!(after(3200, 1600, true, jitter), Duration::from_millis(wait));
    }
    for jitter in [-1., f64::NAN, f64::INFINITY] {
        assert!(after(3200, 1600, true, jitter) <= Duration::from_millis(500));
    }
}

#[test]
fn a_shared_death_is_forgotten_with_its_attempt() {
    use towline_transfer::{Head, Held, Step, Transfer, Want};
    let want = Want { digest: true, size: Some(3200), ..Want::one() };
    let mut transfer = Transfer::new(Policy::default(), want, Held::nothing());
    transfer.next(Duration::ZERO, 0.5);
    transfer.head(&Head::parse(200, []));
    transfer.appended(1600);
    transfer.shared();
    transfer.fault(Fault::Reset);
    assert_eq!(transfer.next(Duration::ZERO, 0.5), Step::Wait(Duration::from_millis(250)));
    assert!(matches!(transfer.next(Duration::from_millis(250), 0.5), Step::Send(_)));
    transfer.head(&Head::parse(206, [("content-range", "bytes 1600-3199/3200".as_bytes())]));
    transfer.appended(1000);
    transfer.fault(Fault::Reset);
    assert!(matches!(transfer.next(Duration::from_millis(300), 0.5), Step::Send(_)));
}

#[test]
fn the_backoff_begins_anew_after_a_refill() {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut requests = 0;
    let run = Setup::digest(&bytes).jitter(|| 1.).run(|ask, _| {
        requests += 1;
        match requests {
            5 => file.answer(ask).reset(1000),
            9 => file.answer(ask),
            _ => Answer::dead(Fault::Refused),
        }
    });
    let waits: Vec<_> = run.ok(&bytes).waits.iter().map(|(after, wait)| (*after, wait.as_secs_f64())).collect();
    assert_eq!(waits, [(1, 0.5), (2, 1.), (3, 2.), (4, 4.), (6, 0.5), (7, 1.), (8, 2.)]);
}

#[test]
fn scaled_scales_every_duration_and_nothing_else() {
    let whole = Policy { max_time: Some(Duration::from_secs(1000)), ..Policy::default() };
    let scaled = whole.scaled(0.01);
    for (a, b) in [
        (whole.max_time.unwrap(), scaled.max_time.unwrap()),
        (whole.max_wait, scaled.max_wait),
        (whole.base_wait, scaled.base_wait),
        (whole.cap_wait, scaled.cap_wait),
        (whole.retry_after_spread, scaled.retry_after_spread),
        (whole.shared_spread, scaled.shared_spread),
        (whole.connect_timeout, scaled.connect_timeout),
        (whole.header_timeout, scaled.header_timeout),
        (whole.stall_timeout, scaled.stall_timeout),
        (whole.crawl_timeout, scaled.crawl_timeout),
    ] {
        assert_eq!(a.mul_f64(0.01), b);
    }
    let counts = |policy: &Policy| (policy.retries, policy.max_hops, policy.max_blind_attempts);
    assert_eq!(counts(&whole), counts(&scaled));
    assert_eq!(Policy::default().scaled(1.), Policy::default());
}

#[test]
fn the_defaults_are_those_of_the_law() {
    let policy = Policy::default();
    let seconds = Duration::from_secs;
    assert_eq!((policy.retries, policy.max_hops, policy.max_blind_attempts), (8, 10, 1000));
    assert_eq!((policy.max_time, policy.max_wait), (None, seconds(300)));
    assert_eq!((policy.base_wait, policy.cap_wait), (Duration::from_millis(500), seconds(30)));
    assert_eq!((policy.connect_timeout, policy.header_timeout), (seconds(10), seconds(60)));
    assert_eq!((policy.stall_timeout, policy.crawl_timeout), (seconds(30), seconds(600)));
    assert_eq!((Policy::CRAWL_BYTES, Policy::REFILL, Policy::EARNS_RESUME), (65_536, (64, 65_536), 1_048_576));
}
