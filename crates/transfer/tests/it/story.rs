//! Stories: what a person could tell of one transfer.

use std::time::Duration;

use towline_transfer::{Ask, Cause, Contradiction, Fault, Held, Misfit, Policy, Validator, Want};

use crate::driver::{Answer, Body, Run, Setup};
use crate::model::{File, Random, content};

const SIZE: usize = 2000;

fn bytes() -> Vec<u8> {
    content(1, SIZE)
}

fn file() -> File {
    File::new(&bytes())
}

fn tagged() -> File {
    file().etag("\"1\"")
}

fn other() -> File {
    File::new(&content(2, SIZE)).etag("\"2\"")
}

/// A login page: shorter, without a validator.
fn junk() -> Answer {
    File::new(&content(3, 300)).whole().field("content-type", "text/html")
}

/// A server told by the number of the request, from 1.
fn script(mut answers: impl FnMut(usize, &Ask) -> Answer) -> impl FnMut(&Ask, Duration) -> Answer {
    let mut number = 0;
    move |ask, _| {
        number += 1;
        answers(number, ask)
    }
}

fn etag(text: &str) -> Validator {
    Validator::ETag(text.to_owned())
}

fn faults(run: &Run) -> Vec<Option<Fault>> {
    run.log.iter().map(|attempt| attempt.fault.clone()).collect()
}

// ---- faults for ever ----

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

// ---- links and outages ----

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

// ---- ranges that are not what was asked for ----

/// The second answer is this, all others are right; what is asked then, and the faults.
fn second(answer: Answer) -> Run {
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        2 => answer.clone(),
        _ => tagged().answer(ask),
    }));
    run.ok(&bytes());
    assert!(run.cuts.is_empty());
    run
}

#[test]
fn a_range_ignored_is_read_again_and_compared() {
    let run = second(tagged().whole());
    assert_eq!(run.requests(), 2);
    assert_eq!((run.received, run.log[1].reread), (3000, 1000));
}

#[test]
fn a_hole_a_missing_label_and_a_multipart_are_asked_again_without_range() {
    let table = [
        (tagged().part(1001, 2000), Misfit::Hole { first: 1001, held: 1000 }),
        (tagged().part(1000, 2000).without("content-range"), Misfit::Unlabelled),
        (tagged().part(1000, 2000).replace("content-range", "bytes=1000-1999/2000"), Misfit::Unlabelled),
        (tagged().part(1000, 2000).field("content-type", "multipart/byteranges"), Misfit::Multipart),
    ];
    for (answer, misfit) in table {
        let run = second(answer);
        assert_eq!(run.offsets(), [None, Some(1000), None], "{misfit:?}");
        assert_eq!(faults(&run), [Some(Fault::Reset), Some(Fault::Misfit(misfit)), None]);
        // The URL is asked with a range again after that one time.
        let setup = Setup::new(Want::one());
        let run = setup.run(script(|number, ask| match number {
            1 => tagged().answer(ask).reset(1000),
            2 => tagged().part(1001, 2000),
            3 => tagged().answer(ask).reset(1500),
            _ => tagged().answer(ask),
        }));
        assert_eq!(run.ok(&bytes()).offsets(), [None, Some(1000), None, Some(1500)]);
    }
}

#[test]
fn a_coded_range_is_asked_again_without_range() {
    let run = second(tagged().part(1000, 2000).field("content-encoding", "gzip"));
    assert_eq!(run.offsets(), [None, Some(1000), None]);
}

#[test]
fn an_early_range_is_compared_where_it_overlaps() {
    let run = second(tagged().part(900, 2000));
    assert_eq!((run.requests(), run.received, run.log[1].reread), (2, 2100, 100));
    // Where the overlap differs, nothing of it is kept.
    let run = second(other().part(900, 2000).replace("etag", "\"1\""));
    assert_eq!(run.log[1].fault, Some(Fault::Contradiction(Contradiction::Bytes { at: 900 })));
    assert_eq!(run.log[1].to, 1000);
    assert_eq!(run.offsets(), [None, Some(1000), None]);
}

#[test]
fn a_short_range_is_kept_and_gone_on_from() {
    let run = second(tagged().part(1000, 1500));
    assert_eq!(run.offsets(), [None, Some(1000), Some(1500)]);
    assert_eq!(run.log[1].fault, Some(Fault::Part { end: 1500 }));
    assert_eq!(run.received, 2000);
}

#[test]
fn what_follows_the_announced_end_of_a_range_is_not_kept() {
    // The label ends at 1499, the body does not.
    let mut answer = tagged().part(1000, 1500);
    answer.body = Body::Bytes([&bytes()[1000..1500], &[0xff; 700]].concat());
    let run = second(answer.without("content-length"));
    assert_eq!(run.offsets(), [None, Some(1000), Some(1500)]);
    // The same with the body of a last range.
    let mut answer = tagged().part(1000, 2000);
    answer.body = Body::Bytes([&bytes()[1000..], &[0xff; 700]].concat());
    assert_eq!(second(answer).requests(), 2);
}

#[test]
fn a_clean_end_before_the_announced_one_is_short() {
    let run = second(tagged().part(1000, 2000).short(300));
    assert_eq!(run.log[1].fault, Some(Fault::Short { at: 1300, end: 2000 }));
    assert_eq!(run.offsets(), [None, Some(1000), Some(1300)]);
    let run = Setup::new(Want::one()).run(script(|number, ask| {
        if number == 1 {
            tagged().answer(ask).chunked().field("content-length", "2000").short(5)
        } else {
            tagged().answer(ask)
        }
    }));
    assert_eq!(run.ok(&bytes()).log[0].fault, Some(Fault::Short { at: 5, end: 2000 }));
}

#[test]
fn no_request_follows_the_last_byte_even_if_the_connection_breaks_then() {
    for chunk in [1, 7, u64::MAX] {
        for answer in [tagged().whole().reset(2000), tagged().whole().cut(9999, Fault::Stalled(Duration::ZERO))] {
            let run = Setup::new(Want::one()).chunk(chunk).run(|_, _| answer.clone());
            assert_eq!(run.ok(&bytes()).requests(), 1);
            assert_eq!(run.log[0].fault, None);
        }
    }
}

#[test]
fn a_416_that_denies_missing_bytes_is_asked_again_without_range() {
    for answer in [Answer::status(416), tagged().nothing(), tagged().nothing().replace("content-range", "bytes */1000")]
    {
        let run = second(answer);
        assert_eq!(run.offsets(), [None, Some(1000), None]);
        assert!(matches!(run.log[1].fault, Some(Fault::Contradiction(_))));
    }
}

#[test]
fn a_wrong_total_once_costs_an_attempt() {
    for answer in [
        tagged().part(1000, 2000).replace("content-range", "bytes 1000-1999/2001"),
        tagged().part(1000, 2000).replace("content-range", "bytes 1000-2000/*"),
    ] {
        let run = second(answer);
        assert_eq!(run.log[1].fault, Some(Fault::Contradiction(Contradiction::Size { was: 2000, is: 2001 })));
        assert_eq!(run.log[1].to, 1000);
    }
}

// ---- validators ----

#[test]
fn if_range_is_sent_with_a_strong_validator_only_and_never_with_a_digest() {
    let old = "Fri, 01 Jan 2016 00:00:00 GMT";
    let modified = |date: &str| File { modified: Some(date.to_owned()), ..file() };
    let table = [
        (tagged(), Some(etag("\"1\""))),
        (modified(old), Some(Validator::Modified(old.to_owned()))),
        (modified("Tue, 24 Nov 2026 11:59:59 GMT"), None),
        (file().etag("W/\"1\""), None),
        (file(), None),
    ];
    for (file, expected) in table {
        let ask = |setup: Setup| {
            let run = setup.run(script(
                |number, ask| {
                    if number == 1 { file.answer(ask).reset(1000) } else { file.answer(ask) }
                },
            ));
            run.ok(&bytes()).asks[1].clone()
        };
        let without = ask(Setup::new(Want::one()));
        assert_eq!(without.if_range, expected, "{file:?}");
        // Without a validator a resume is not trusted: it is read again.
        assert_eq!(without.from, expected.is_some().then_some(1000));
        let with = ask(Setup::digest(&bytes()));
        assert_eq!((with.from, with.if_range), (Some(1000), None));
    }
}

#[test]
fn a_file_that_changed_is_fetched_anew_after_the_second_answer_that_says_so() {
    for with_etag in [true, false] {
        let strip = |file: File| if with_etag { file } else { File { etag: None, ..file } };
        let (old, new) = (strip(tagged()), strip(other()));
        let run = Setup::new(Want::one())
            .run(script(|number, ask| if number == 1 { old.answer(ask).reset(1000) } else { new.answer(ask) }));
        run.ok(&content(2, SIZE));
        assert_eq!((run.requests(), run.cuts.as_slice()), (3, &[0][..]));
        assert_eq!(run.log[1].to, 1000, "the first denial takes nothing");
        assert_eq!(run.received, 1000 + 2000);
    }
}

#[test]
fn a_file_that_changed_is_cut_back_to_the_first_difference_only() {
    let mut new = bytes();
    new[700] ^= 0xff;
    let new = File::new(&new).etag("\"2\"");
    for chunk in [1, 64, u64::MAX] {
        let run = Setup::new(Want::one())
            .chunk(chunk)
            .run(script(|number, ask| if number == 1 { tagged().answer(ask).reset(1000) } else { new.answer(ask) }));
        assert_eq!(run.ok(new.body.bytes()).cuts, [700]);
        assert_eq!(run.requests(), 3);
        assert_eq!(run.vouched.as_deref(), Some("\"2\""));
    }
}

#[test]
fn a_file_that_became_shorter_or_longer_is_fetched_anew() {
    for (len, framed) in [(500, true), (1000, true), (1500, true), (3000, true), (500, false)] {
        let new = File::new(&content(1, len)).etag("\"2\"");
        let run = Setup::new(Want::one()).run(script(|number, ask| match number {
            1 if framed => tagged().answer(ask).reset(1000),
            1 => tagged().answer(ask).chunked().reset(1000),
            _ if framed => new.answer(ask),
            _ => new.answer(ask).chunked(),
        }));
        assert_eq!(run.ok(&content(1, len)).requests(), 3, "{len}");
        assert_eq!(run.cuts, if len < 1000 { vec![len as u64] } else { vec![] }, "{len}");
    }
}

#[test]
fn the_second_denial_is_by_the_same_url() {
    // URL 0 and URL 1 deny once each: nothing is lost.
    let run = Setup::new(Want::one()).urls(&[0, 1]).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(100),
        2 => tagged().answer(ask).reset(110),
        3 | 4 => other().answer(ask),
        _ => tagged().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).urls(), [0, 1, 0, 1, 0]);
    assert!(run.cuts.is_empty());
}

#[test]
fn a_file_that_changes_twice_is_given_up() {
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        2 | 3 => other().answer(ask).reset(1000),
        _ => File::new(&content(4, SIZE)).etag("\"3\"").answer(ask),
    }));
    assert_eq!(run.cuts, [0], "one restart a transfer");
    assert!(matches!(run.failed().cause, Cause::Spent { .. }));
    assert_eq!(run.spool.bytes(), &content(2, SIZE)[..1000]);
}

#[test]
fn a_fickle_entity_tag_is_found_out_and_ignored() {
    let mut fresh = 0;
    let run = Setup::new(Want::one()).run(script(|number, ask| {
        fresh += 1;
        let file = file().etag(&format!("\"{fresh}\""));
        if number < 8 { file.answer(ask).reset(number as u64 * 200) } else { file.answer(ask) }
    }));
    assert_eq!(run.ok(&bytes()).offsets()[..3], [None, Some(200), Some(200)]);
    // From then on it is read again and compared.
    assert!(run.offsets()[3..].iter().all(Option::is_none));
    assert!(run.cuts.is_empty());
    assert_eq!(run.vouched, None, "nothing vouches for what such a URL brought");
}

#[test]
fn bytes_read_under_a_fickle_tag_are_never_joined_under_an_old_one() {
    // Content 1 is cut at 1000; then content 2, equal so far, answers twice and is cut at 1500; then content 1 is back.
    let mut second = bytes();
    second[1200..].iter_mut().for_each(|byte| *byte ^= 0xff);
    let second = File::new(&second).etag("\"2\"");
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        2 | 3 => second.answer(ask).reset(1500),
        _ => tagged().answer(ask),
    }));
    assert_ne!(run.asks[3].if_range, Some(etag("\"1\"")));
    run.ok(&bytes());
}

#[test]
fn an_answer_without_a_validator_takes_the_older_one_away() {
    // As before, but content 2 has no tag.
    let mut second = bytes();
    second[1200..].iter_mut().for_each(|byte| *byte ^= 0xff);
    let second = File::new(&second);
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        2 => second.answer(ask).reset(1500),
        _ => tagged().answer(ask),
    }));
    assert_eq!(run.asks[2].if_range, None);
    run.ok(&bytes());
}

#[test]
fn a_tag_that_changes_after_the_restart_is_fickle_all_the_same() {
    let mut fresh = 1;
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        _ => {
            fresh += 1;
            let answer = File::new(&content(2, SIZE)).etag(&format!("\"{fresh}\"")).answer(ask);
            if number < 5 { answer.reset(1200) } else { answer }
        }
    }));
    run.ok(&content(2, SIZE));
    assert_eq!(run.cuts, [0]);
}

#[test]
fn with_a_digest_validators_are_ignored_altogether() {
    let mut fresh = 0;
    let run = Setup::digest(&bytes()).run(script(|number, ask| {
        fresh += 1;
        let answer = file().etag(&format!("\"{fresh}\"")).answer(ask);
        if number < 4 { answer.reset(500) } else { answer }
    }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(500), Some(1000), Some(1500)]);
    assert_eq!(run.received, 2000);
}

// ---- junk ----

#[test]
fn one_junk_page_in_the_middle_costs_one_attempt_and_no_byte() {
    for digest in [true, false] {
        for (page, size) in [(junk(), 300), (junk().chunked(), 300), (File::new(&content(3, SIZE)).whole(), 2000)] {
            let setup = if digest { Setup::digest(&bytes()) } else { Setup::new(Want::one()) };
            let run = setup.run(script(|number, ask| match number {
                1 => tagged().answer(ask).reset(1000),
                2 => page.clone(),
                _ => tagged().answer(ask),
            }));
            assert_eq!(run.ok(&bytes()).requests(), 3, "{size}");
            assert_eq!((run.received, run.cuts.len()), (2000, 0));
            assert_eq!(run.log[1].to, 1000);
        }
    }
}

#[test]
fn two_junk_pages_with_good_bytes_between_them_cost_two_attempts_and_no_byte() {
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 | 3 => tagged().answer(ask).reset(500),
        2 | 4 => junk(),
        _ => tagged().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).requests(), 5);
    assert_eq!((run.received, run.cuts.len()), (2000, 0));
}

#[test]
fn two_junk_pages_in_a_row_replace_the_bytes_and_the_digest_finds_out() {
    let run = Setup::digest(&bytes()).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        2 | 3 => junk(),
        _ => tagged().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).requests(), 4);
    assert_eq!(run.cuts, [0, 0]);
    assert!(matches!(run.log[2].fault, Some(Fault::Mismatch { .. })));
    // Where a lock knows the size, they do not even do that: the URL serves another file.
    let run = Setup::digest(&bytes()).size(SIZE).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(1000),
        _ => junk().takes(Duration::from_millis(ask.from.unwrap_or(0))),
    }));
    assert_eq!((run.requests(), run.failed().held, run.cuts.len()), (3, 1000, 0));
}

#[test]
fn junk_first_is_replaced_too() {
    // The page is cut, then the file comes: it is not fooled into keeping the page's bytes.
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => junk().reset(100),
        _ => tagged().answer(ask),
    }));
    run.ok(&bytes());
    assert_eq!(run.cuts, [0]);
}

// ---- sizes ----

#[test]
fn a_size_that_a_lock_knows_is_never_given_up() {
    let longer = File::new(&content(1, 2001));
    let run = Setup::digest(&bytes()).size(SIZE).run(|ask, _| longer.answer(ask));
    assert_eq!((run.requests(), run.cuts.len(), run.failed().held), (2, 0, 0));
    let cause = Fault::Contradiction(Contradiction::Size { was: 2000, is: 2001 });
    assert_eq!(run.failed().cause, Cause::NoUrl(cause));
    // A mirror with the right file goes on.
    let run = Setup::digest(&bytes()).size(SIZE).urls(&[0, 1]).run(script(|number, ask| match ask.url {
        0 if number == 1 => file().answer(ask).reset(1000),
        0 => longer.answer(ask),
        _ => file().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).cuts, [0; 0]);
}

#[test]
fn a_size_that_a_lock_knows_bounds_a_body_without_length() {
    let mut answer = file().whole().chunked();
    answer.body = Body::Bytes([bytes(), vec![0; 500]].concat());
    assert_eq!(Setup::new(Want::one()).size(SIZE).run(|_, _| answer.clone()).ok(&bytes()).requests(), 1);
    // Close-delimited, cut, and of the right size: nothing to ask.
    assert_eq!(Setup::new(Want::one()).size(SIZE).run(|_, _| file().whole().close()).ok(&bytes()).requests(), 1);
    let run = Setup::new(Want::one()).size(SIZE).run(|_, _| file().whole().close().short(500));
    assert_eq!(run.requests(), 1 + 9);
    assert_eq!(run.log[0].fault, Some(Fault::Short { at: 500, end: 2000 }));
}

#[test]
fn empty_and_tiny_files() {
    for len in [0, 1, 2] {
        let bytes = content(1, len);
        let file = File::new(&bytes);
        for setup in [Setup::new(Want::one()), Setup::digest(&bytes), Setup::digest(&bytes).size(len)] {
            let run = setup.run(|ask, _| file.answer(ask));
            assert_eq!(run.ok(&bytes).requests(), 1);
        }
        let run = Setup::digest(&bytes).size(len).run(|_, _| file.whole().close());
        assert_eq!(run.ok(&bytes).requests(), 1);
        let run = Setup::new(Want::one()).run(|_, _| file.whole().chunked());
        assert_eq!(run.ok(&bytes).requests(), 1);
    }
    // An empty end of a connection is more likely an origin that died.
    let run = Setup::new(Want::one()).run(|_, _| File::new(&[]).whole().close());
    assert_eq!(run.requests(), 9);
}

#[test]
fn an_end_of_connection_without_digest_is_asked_once_more() {
    // 416 tells the size.
    let run = Setup::new(Want::one()).run(|ask, _| tagged().answer(ask).close());
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(2000)]);
    assert_eq!(run.size, Some(2000));
    // No ranges: a second answer ends at the same byte.
    let run = Setup::new(Want::one()).run(|_, _| file().whole().close());
    assert_eq!(run.ok(&bytes()).requests(), 2);
    // It was a cut, as the second answer shows.
    let run = Setup::new(Want::one()).run(script(|number, ask| {
        if number == 1 { tagged().answer(ask).close().short(700) } else { tagged().answer(ask) }
    }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(700)]);
    assert_eq!(run.received, 2000);
}

#[test]
fn an_end_of_connection_earlier_than_the_last_one_denies_nothing() {
    let run = Setup::new(Want::one()).run(script(|number, _| {
        let answer = file().whole().close();
        match number {
            1 => answer.short(1500),
            2 => answer.short(300),
            3 => answer.short(400),
            _ => answer,
        }
    }));
    assert_eq!(run.ok(&bytes()).cuts, [0; 0]);
    assert_eq!(run.log[1].fault, Some(Fault::Short { at: 300, end: 1500 }));
    assert_eq!(run.requests(), 5);
}

#[test]
fn a_range_behind_a_probed_end_is_joined_only_where_something_vouches() {
    // No validator: the range shows that the end was a cut, but may be of another file.
    let new = File::new(&content(2, SIZE));
    let run = Setup::new(Want::one())
        .run(script(|number, ask| if number == 1 { file().answer(ask).close().short(700) } else { new.answer(ask) }));
    run.ok(&content(2, SIZE));
    assert_eq!(run.log[1].fault, Some(Fault::Misfit(Misfit::Unvouched { first: 700, total: Some(2000) })));
    // And the size that it told is not forgotten: two ends at the same byte below it prove nothing.
    let run = Setup::new(Want::one()).run(|ask, _| match ask.from {
        None => file().answer(ask).close().short(700),
        Some(_) => file().answer(ask),
    });
    assert!(matches!(run.failed().cause, Cause::Spent { .. }));
    let run = Setup::new(Want::one()).run(|ask, _| match ask.from {
        None => file().answer(ask).close().short(700),
        Some(from) => file().answer(ask).replace("content-range", format!("bytes {from}-1999/*")),
    });
    assert!(matches!(run.failed().cause, Cause::Spent { .. }));
}

#[test]
fn a_range_that_nobody_asked_for_is_not_joined_without_a_validator() {
    let new = File::new(&content(2, SIZE));
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => file().answer(ask).reset(1000),
        2 => new.part(1000, 2000),
        _ => new.answer(ask),
    }));
    run.ok(&content(2, SIZE));
}

#[test]
fn an_unknown_size_and_a_digest_that_does_not_fit_are_probed_once() {
    // 416 proves that the file is complete and wrong: again from zero.
    let mut wrong = bytes();
    wrong[5] ^= 1;
    let wrong = File::new(&wrong);
    let run = Setup::digest(&bytes()).run(script(|number, ask| {
        if number <= 2 { wrong.answer(ask).chunked() } else { file().answer(ask).chunked() }
    }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(2000), None]);
    assert_eq!((run.cuts.as_slice(), run.verified), (&[0][..], 3));
    // It was cut: the rest is appended.
    let run = Setup::digest(&bytes()).run(script(|number, ask| {
        if number == 1 { file().answer(ask).chunked().short(800) } else { file().answer(ask) }
    }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(800)]);
    assert_eq!((run.received, run.cuts.len()), (2000, 0));
}

#[test]
fn each_new_end_is_probed_and_no_cut_costs_bytes() {
    // A proxy that ends every body cleanly, and never tells the size.
    let run = Setup::digest(&bytes()).run(script(|number, ask| {
        let answer = file().answer(ask).chunked();
        let answer = match ask.from {
            Some(from) if from < 2000 => answer.replace("content-range", format!("bytes {from}-1999/*")),
            _ => answer,
        };
        if number < 5 { answer.short(400) } else { answer }
    }));
    assert_eq!((run.ok(&bytes()).received, run.cuts.len()), (2000, 0));
    let run = Setup::digest(&bytes()).run(script(|number, _| file().whole().close().short(400 * number as u64)));
    assert_eq!((run.ok(&bytes()).requests(), run.cuts.len()), (5, 0));
}

// ---- wrong bytes ----

fn wrong() -> File {
    let mut wrong = bytes();
    wrong[1500] ^= 1;
    File::new(&wrong)
}

#[test]
fn of_two_mirrors_one_lies() {
    for liar in [0, 1] {
        let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| {
            let file = if ask.url == liar { wrong() } else { file() };
            // The first pass comes from both.
            match number {
                1 => file.answer(ask).reset(200),
                2 => file.answer(ask).reset(1000),
                _ => file.answer(ask),
            }
        }));
        run.ok(&bytes());
        assert!(run.requests() <= 7, "{:#?}", run.log);
        assert!(run.verified <= 3);
    }
}

#[test]
fn the_same_wrong_bytes_twice_say_that_the_digest_is_of_another_file() {
    let run = Setup::digest(&bytes()).run(|ask, _| wrong().answer(ask));
    assert_eq!((run.requests(), run.verified), (2, 2));
    assert!(run.failed().cause.same_twice());
    assert!(matches!(&run.failed().cause, Cause::Mismatch { got } if got.len() == 2));
}

#[test]
fn different_wrong_bytes_say_that_they_are_changed_on_the_way() {
    let mut seed = 1;
    let run = Setup::digest(&bytes()).run(|ask, _| {
        seed += 1;
        File::new(&content(seed, SIZE)).answer(ask)
    });
    assert_eq!(run.requests(), 2);
    assert!(!run.failed().cause.same_twice());
    assert!(matches!(run.failed().cause, Cause::Mismatch { .. }));
}

#[test]
fn wrong_bytes_without_a_budget_are_told_as_such() {
    let run = Setup::digest(&content(1, 40)).retries(0).run(|ask, _| File::new(&content(2, 40)).answer(ask));
    assert!(matches!(run.failed().cause, Cause::Mismatch { .. }), "{:?}", run.failure);
}

#[test]
fn a_url_that_alone_brings_wrong_bytes_goes_at_once_where_another_is_left() {
    let run =
        Setup::digest(&bytes()).urls(&[0, 1]).run(|ask, _| if ask.url == 0 { wrong() } else { file() }.answer(ask));
    assert_eq!(run.ok(&bytes()).urls(), [0, 1]);
}

#[test]
fn each_later_pass_comes_from_one_url() {
    let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| match number {
        1 => wrong().answer(ask).reset(200),
        2 => wrong().answer(ask),
        // The second pass begins at URL 1 and is cut again and again.
        3..8 => file().answer(ask).reset(300),
        _ => file().answer(ask),
    }));
    run.ok(&bytes());
    let second = &run.urls()[2..];
    assert!(second.iter().all(|url| *url == second[0]), "{second:?}");
}

#[test]
fn a_pass_whose_url_dies_is_given_up_for_another() {
    for dead in [Answer::dead(Fault::Refused), Answer::status(404)] {
        let mut first = None;
        let run = Setup::digest(&bytes()).urls(&[0, 1]).run(script(|number, ask| match number {
            1 => wrong().answer(ask).reset(200),
            2 => wrong().answer(ask),
            _ if *first.get_or_insert(ask.url) == ask.url => {
                if ask.from.is_none() {
                    file().answer(ask).reset(1000)
                } else {
                    dead.clone()
                }
            }
            _ => file().answer(ask),
        }));
        run.ok(&bytes());
    }
}

// ---- earlier runs ----

#[test]
fn a_partial_file_of_an_earlier_run_is_continued_where_something_vouches_for_it() {
    let held = Held { len: 0, size: Some(2000), validator: Some((0, etag("\"1\""))) };
    let run = Setup::new(Want::one()).adopt(&bytes()[..1000], held.clone()).run(|ask, _| tagged().answer(ask));
    assert_eq!(run.ok(&bytes()).asks[0].if_range, Some(etag("\"1\"")));
    assert_eq!((run.requests(), run.received), (1, 1000));
    let run = Setup::digest(&bytes()).adopt(&bytes()[..1000], Held::nothing()).run(|ask, _| file().answer(ask));
    assert_eq!(run.ok(&bytes()).offsets(), [Some(1000)]);
    // Nothing vouches: read again and compare.
    let run = Setup::new(Want::one()).adopt(&bytes()[..1000], Held::nothing()).run(|ask, _| file().answer(ask));
    assert_eq!(run.ok(&bytes()).offsets(), [None]);
    assert_eq!(run.received, 2000);
    // A validator of a URL that is not among them is nobody's.
    let stranger = Held { validator: Some((7, etag("\"1\""))), ..held };
    let run = Setup::new(Want::one()).adopt(&bytes()[..1000], stranger).run(|ask, _| tagged().answer(ask));
    assert_eq!(run.ok(&bytes()).offsets(), [None]);
}

#[test]
fn a_complete_file_of_an_earlier_run_is_verified_without_a_request() {
    let held = Held { size: Some(2000), ..Held::nothing() };
    let run = Setup::digest(&bytes()).adopt(&bytes(), held.clone()).run(|_, _| unreachable!());
    assert_eq!((run.ok(&bytes()).requests(), run.verified), (0, 1));
    // Wrong: again from zero, and the URL is not to blame.
    let run = Setup::digest(&bytes()).adopt(&content(2, SIZE), held.clone()).run(|ask, _| file().answer(ask));
    assert_eq!(run.ok(&bytes()).offsets(), [None]);
    assert_eq!(run.cuts, [0]);
    // The size is not known: 416 tells.
    let run = Setup::digest(&bytes()).adopt(&bytes(), Held::nothing()).run(|ask, _| file().answer(ask));
    assert_eq!(run.ok(&bytes()).offsets(), [Some(2000)]);
    // Without digest and validator its size alone says nothing.
    let run = Setup::new(Want::one()).adopt(&content(2, SIZE), held).run(|ask, _| file().answer(ask));
    run.ok(&bytes());
}

#[test]
fn a_file_of_an_earlier_run_that_is_too_long_begins_anew() {
    for setup in [Setup::digest(&bytes()).size(SIZE), Setup::new(Want::one()).size(SIZE)] {
        let run = setup.adopt(&content(1, 2001), Held::nothing()).run(|ask, _| file().answer(ask));
        assert_eq!(run.ok(&bytes()).cuts, [0]);
        assert_eq!(run.offsets(), [None]);
    }
}

#[test]
fn bytes_of_an_earlier_run_are_not_growth() {
    let run = Setup::digest(&bytes()).adopt(&bytes()[..1000], Held::nothing()).run(|_, _| Answer::dead(Fault::Reset));
    assert_eq!(run.failed().cause, Cause::Spent { attempts: 9, brought: 0 });
    assert_eq!(run.failed().held, 1000);
}

// ---- the log ----

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
