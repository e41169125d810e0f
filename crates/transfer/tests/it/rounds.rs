//! Section 4.3: one to four URLs, asked in rounds.

use std::time::Duration;

use towline_transfer::rounds::{Choice, Outcome, Rounds};
use towline_transfer::{Cause, Fault, Policy, Verdict};

use crate::driver::{Answer, Run, Setup};
use crate::model::{File, content};

const SECOND: Duration = Duration::from_secs(1);

fn status(code: u16) -> Answer {
    Answer::status(code)
}

fn after(code: u16, seconds: u64) -> Answer {
    Answer::status(code).field("retry-after", seconds.to_string())
}

/// Four URLs of four origins unless told otherwise, jitter 0 and instant answers.
fn run(origins: &[usize], mut server: impl FnMut(usize, usize) -> Option<Answer>) -> Run {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut number = 0;
    Setup::digest(&bytes).urls(origins).jitter(|| 0.).run(|ask, _| {
        number += 1;
        server(number, ask.url).unwrap_or_else(|| file.answer(ask)).takes(Duration::ZERO)
    })
}

#[test]
fn with_nothing_arriving_each_url_is_asked_once_a_round_in_order() {
    for urls in 1..=4 {
        for retries in [0, 1, 3, 8] {
            let bytes = content(1, 2000);
            let origins: Vec<usize> = (0..urls).collect();
            let run = Setup::digest(&bytes).urls(&origins).retries(retries).run(|_, _| Answer::dead(Fault::Refused));
            let rounds = retries as usize + 1;
            assert_eq!(run.requests(), urls * rounds);
            let expected: Vec<usize> = (0..rounds).flat_map(|_| 0..urls).collect();
            assert_eq!(run.urls(), expected);
            assert_eq!(run.failed().cause, Cause::Spent { attempts: urls * rounds, brought: 0 });
            // The waits stand between rounds, and there are as many as with one URL.
            let after: Vec<usize> = run.waits.iter().map(|(after, _)| *after).collect();
            assert_eq!(after, (1..rounds).map(|round| round * urls).collect::<Vec<_>>());
        }
    }
}

#[test]
fn mirrors_do_not_shorten_the_waits() {
    let waits = |urls: usize| {
        let run = run(&(0..urls).collect::<Vec<_>>(), |_, _| Some(status(500)));
        run.waits.iter().map(|(_, wait)| *wait).collect::<Vec<_>>()
    };
    for urls in 2..=4 {
        assert_eq!(waits(urls), waits(1));
    }
    assert_eq!(waits(1).iter().sum::<Duration>(), Duration::from_millis(45_750));
}

#[test]
fn a_mirror_that_cools_briefly_does_not_shorten_the_waits_of_the_other() {
    // URL 0 always asks for one second, URL 1 fails without a word: the back-off governs.
    let run = run(&[0, 1], |_, url| Some(if url == 0 { after(500, 1) } else { status(500) }));
    assert!(run.elapsed >= Duration::from_secs(45), "{:?}", run.elapsed);
}

#[test]
fn after_a_refill_the_same_url_and_after_any_other_the_next() {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut number = 0;
    let run = Setup::digest(&bytes).urls(&[0, 1, 2]).run(|ask, _| {
        number += 1;
        match number {
            1 => Answer::dead(Fault::Reset),
            // 250 bytes refill.
            2 | 3 => file.answer(ask).reset(250),
            4 => file.answer(ask).reset(100),
            _ => file.answer(ask),
        }
    });
    assert_eq!(run.ok(&bytes).urls(), [0, 1, 1, 1, 2]);
    assert_eq!(run.offsets(), [None, None, Some(250), Some(500), Some(600)]);
}

#[test]
fn a_struck_off_url_is_never_asked_again() {
    for dead in 0..4_usize {
        let run = run(&[0, 1, 2, 3], |_, url| Some(if url == dead { status(404) } else { status(500) }));
        assert_eq!(run.urls().iter().filter(|&&url| url == dead).count(), 1);
        assert_eq!(run.requests(), 1 + 3 * 9);
    }
}

#[test]
fn where_each_url_is_struck_off_the_last_cause_is_told() {
    for urls in 1..=4 {
        let run = run(&(0..urls).collect::<Vec<_>>(), |_, url| Some(status(400 + url as u16)));
        assert_eq!(run.requests(), urls);
        assert!(run.waits.is_empty());
        let Cause::NoUrl(Fault::Status { code, .. }) = run.failed().cause else { panic!("{:?}", run.failure) };
        assert_eq!(usize::from(code), 400 + urls - 1);
    }
}

#[test]
fn an_empty_list_of_urls_fails_at_once() {
    assert!(matches!(run(&[], |_, _| None).failed().cause, Cause::NoUrl(Fault::Url(_))));
}

#[test]
fn a_url_that_cools_is_skipped_while_another_is_live() {
    let run = run(&[0, 1], |_, url| Some(if url == 0 { after(500, 200) } else { status(500) }));
    // URL 1 alone spends the rounds: 45.75 s of waits, in which URL 0 cools all the time.
    assert_eq!(run.urls(), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn it_is_asked_again_when_it_has_cooled() {
    let run = run(&[0, 1], |_, url| Some(if url == 0 { after(500, 3) } else { status(500) }));
    // Rounds begin at 0, 0.25, 0.75, 1.75 and 3.75 s.
    assert_eq!(run.urls()[..7], [0, 1, 1, 1, 1, 0, 1]);
}

#[test]
fn where_all_cool_the_wait_is_what_the_first_of_them_asked_for() {
    let run = run(&[0, 1], |number, url| (number <= 2).then(|| after(500, if url == 0 { 60 } else { 20 })));
    assert_eq!(run.waits, [(2, Duration::from_secs(20))]);
    assert_eq!(run.ok(&content(1, 2000)).urls(), [0, 1, 1]);
}

#[test]
fn where_all_cool_the_origins_word_is_the_wait_even_where_the_back_off_is_longer() {
    let run = run(&[0], |_, _| Some(after(503, 1)));
    assert_eq!(run.waits.iter().map(|(_, wait)| *wait).collect::<Vec<_>>(), [SECOND; 8]);
}

#[test]
fn too_many_requests_and_unavailable_cool_the_origin_any_other_only_the_url() {
    for (code, whole_origin) in
        [(429, true), (503, true), (500, false), (502, false), (504, false), (403, false), (413, false)]
    {
        // URLs 0 and 1 are of one origin.
        let run = run(&[7, 7, 9], |number, _| (number == 1).then(|| after(code, 10)));
        let next = if whole_origin { 2 } else { 1 };
        assert_eq!(run.ok(&content(1, 2000)).urls(), [0, next], "{code}");
        assert!(run.waits.is_empty());
    }
    let run = run(&[7, 7], |number, _| (number == 1).then(|| after(503, 10)));
    assert_eq!(run.ok(&content(1, 2000)).waits, [(1, Duration::from_secs(10))]);
}

#[test]
fn what_another_transfer_learned_counts_too() {
    use towline_transfer::{Held, Step, Transfer, Want};
    let want = Want { origins: vec![0, 1], digest: true, size: None, page: false };
    let mut transfer = Transfer::new(Policy::default(), want, Held::nothing());
    transfer.cool(0, 5 * SECOND);
    assert_eq!((transfer.cools_until(0), transfer.cools_until(1)), (5 * SECOND, Duration::ZERO));
    transfer.cool(0, SECOND);
    assert_eq!(transfer.cools_until(0), 5 * SECOND, "cooling is never shortened");
    let Step::Send(ask) = transfer.next(Duration::ZERO, 0.) else { panic!("URL 1 does not cool") };
    assert_eq!(ask.url, 1);
    transfer.cool(1, 9 * SECOND);
    transfer.fault(Fault::Reset);
    assert_eq!(transfer.next(SECOND, 0.), Step::Wait(4 * SECOND));
    let Step::Send(ask) = transfer.next(5 * SECOND, 0.) else { panic!("URL 0 has cooled") };
    assert_eq!(ask.url, 0);
    // Beyond the list there is nothing to cool.
    transfer.cool(2, SECOND);
    assert_eq!(transfer.cools_until(2), Duration::ZERO);
}

#[test]
fn a_refill_in_the_middle_of_a_round_ends_it() {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut number = 0;
    let run = Setup::digest(&bytes).urls(&[0, 1, 2]).run(|ask, _| {
        number += 1;
        if number == 2 { file.answer(ask).reset(1000) } else { status(500) }
    });
    // After the refill by URL 1, nine full rounds beginning with it.
    let rest: Vec<usize> = (0..9).flat_map(|_| [1, 2, 0]).collect();
    assert_eq!(run.urls(), [&[0, 1], &rest[..]].concat());
}

#[test]
fn thousands_of_urls() {
    let urls = 3000;
    let origins: Vec<usize> = (0..urls).map(|url| url % 7).collect();
    let bytes = content(1, 2000);
    let run = Setup::digest(&bytes).size(2000).urls(&origins).retries(1).run(|_, _| status(500));
    assert_eq!(run.requests(), urls * 2);
    let file = File::new(&bytes);
    let run = Setup::digest(&bytes)
        .size(2000)
        .urls(&origins)
        .run(|ask, _| if ask.url + 1 == urls { file.answer(ask) } else { status(404) });
    assert_eq!(run.ok(&bytes).requests(), urls);
}

/// Rounds alone, driven by hand.
#[test]
fn a_choice_is_the_same_until_something_happens() {
    let policy = Policy::default();
    let mut rounds = Rounds::new(&[0, 1]);
    for _ in 0..3 {
        assert_eq!(rounds.next(Duration::ZERO, &policy), Choice::Ask(0));
    }
    let outcome = |url| Outcome { url, verdict: Verdict::Retry, refilled: false, resume: false, shared: false };
    rounds.settle(outcome(0), SECOND, 0., &policy);
    assert_eq!(rounds.next(SECOND, &policy), Choice::Ask(1));
    rounds.settle(outcome(1), SECOND, 0., &policy);
    let wait = Duration::from_millis(250);
    assert_eq!(rounds.next(SECOND, &policy), Choice::Wait(wait));
    // Asked too early it tells what is left; asked late, the URL.
    assert_eq!(rounds.next(SECOND + wait / 2, &policy), Choice::Wait(wait / 2));
    assert_eq!(rounds.next(SECOND + wait, &policy), Choice::Ask(0));
    assert_eq!(rounds.next(Duration::MAX, &policy), Choice::Ask(0));
    rounds.strike(0);
    assert_eq!(rounds.next(Duration::MAX, &policy), Choice::Ask(1));
    assert!(!rounds.is_live(0) && rounds.has_other(0) && !rounds.has_other(1));
    rounds.strike(1);
    assert_eq!(rounds.next(Duration::ZERO, &policy), Choice::NoUrl);
}

#[test]
fn restricted_to_one_url_a_round_is_that_one() {
    let policy = Policy { retries: 1, ..Policy::default() };
    let mut rounds = Rounds::new(&[0, 1, 2]);
    rounds.restrict(Some(1));
    let outcome = Outcome { url: 1, verdict: Verdict::Retry, refilled: false, resume: false, shared: false };
    for _ in 0..2 {
        assert_eq!(rounds.next(Duration::MAX, &policy), Choice::Ask(1));
        rounds.settle(outcome, SECOND, 0., &policy);
    }
    assert_eq!(rounds.next(Duration::MAX, &policy), Choice::Spent);
    rounds.strike(1);
    assert!(rounds.has_other(1));
}
