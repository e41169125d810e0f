//! Pages (sections 4.8 and 4.10): resumed under a strong entity tag, else from zero, as often as the budget allows.

use towline_transfer::{Fault, Want};

use crate::driver::{Answer, Setup};
use crate::model::{File, content};

const SIZE: usize = 2000;
const HALF: u64 = 1000;

/// What a first answer of another version is like, and what the server has then: the offsets asked for, and the cuts.
#[test]
fn what_is_asked_for_after_a_cut_depends_on_what_vouches_for_the_bytes() {
    let old = "Fri, 01 Jan 2016 00:00:00 GMT".to_owned();
    let (one, two) = (content(1, SIZE), content(2, SIZE));
    let tagged = |bytes: &[u8], tag: &str| File::new(bytes).etag(tag);
    let dated = |bytes: &[u8]| File { modified: Some(old.clone()), ..File::new(bytes) };
    let table = [
        ("strong tag", tagged(&one, "\"1\""), tagged(&one, "\"1\""), vec![None, Some(HALF)], vec![]),
        ("another strong tag", tagged(&one, "\"1\""), tagged(&two, "\"2\""), vec![None, Some(HALF)], vec![0]),
        ("tag gone", tagged(&one, "\"1\""), File::new(&two), vec![None, Some(HALF)], vec![0]),
        ("weak tag", tagged(&one, "W/\"1\""), tagged(&one, "W/\"1\""), vec![None, None], vec![0]),
        ("date", dated(&one), dated(&one), vec![None, None], vec![0]),
        ("nothing", File::new(&one), File::new(&one), vec![None, None], vec![0]),
        ("nothing, and another page", File::new(&one), File::new(&two), vec![None, None], vec![0]),
    ];
    for (what, first, then, offsets, cuts) in table {
        let mut number = 0;
        let run = Setup::new(Want::page()).run(|ask, _| {
            number += 1;
            if number == 1 { first.answer(ask).reset(HALF) } else { then.answer(ask) }
        });
        let right = then.body.bytes();
        assert!(run.failure.is_none() && run.spool.bytes() == right, "{what}: {}", run.told());
        assert_eq!(run.offsets(), offsets, "{what}");
        assert_eq!(run.cuts, cuts, "{what}: {}", run.told());
    }
}

/// A file may restart once in a transfer; a page that changes with every attempt may do so with each.
#[test]
fn a_page_restarts_freely_within_the_budget() {
    for tagged in [false, true] {
        for changes in 1..=8 {
            let mut number = 0;
            let run = Setup::new(Want::page()).run(|ask, _| {
                number += 1;
                let file = File::new(&content(number, SIZE));
                let file = if tagged { file.etag(&format!("\"{number}\"")) } else { file };
                if number <= changes { file.answer(ask).reset(HALF) } else { file.answer(ask) }
            });
            run.ok(&content(changes + 1, SIZE));
            assert_eq!(run.requests(), usize::from(changes) + 1, "{tagged} {changes}: {}", run.told());
        }
    }
}

/// Bytes that come again are not new: a page cut at the same place for ever costs the budget and no more.
#[test]
fn a_page_that_never_comes_whole_costs_the_budget() {
    for tag in [None, Some("W/\"1\"")] {
        for retries in [0, 1, 3, 8] {
            let file = File { etag: tag.map(str::to_owned), ..File::new(&content(1, SIZE)) };
            let run = Setup::new(Want::page()).retries(retries).run(|ask, _| file.answer(ask).reset(HALF));
            assert!(run.failure.is_some());
            assert_eq!(run.requests(), retries as usize + 1, "{}", run.told());
        }
    }
}

#[test]
fn a_coding_is_taken_from_a_page_if_it_is_gzip() {
    let bytes = content(1, SIZE);
    let table = [
        ("gzip", true, None),
        ("GZip", true, None),
        ("x-gzip", true, None),
        ("br", true, Some("br")),
        ("gzip, br", true, Some("gzip,br")),
        ("gzip", false, Some("gzip")),
    ];
    for (coding, page, fault) in table {
        for part in [false, true] {
            let file = File::new(&bytes).etag("\"1\"");
            let want = if page { Want::page() } else { Want::one() };
            let mut number = 0;
            let run = Setup::new(want).retries(2).run(|ask, _| {
                number += 1;
                let plain = part && number == 1;
                let answer = file.answer(ask);
                let answer = if plain { answer.reset(HALF) } else { answer.field("content-encoding", coding) };
                if number < 4 { answer } else { answer.without("content-encoding") }
            });
            let judged = &run.log[usize::from(part)].fault;
            let expected = fault.map(|coding| Fault::Coded(coding.to_owned()));
            assert_eq!(*judged, expected, "{coding} {page} {part}: {}", run.told());
        }
    }
}

#[test]
fn an_end_that_nothing_proves_is_asked_about_and_not_begun_anew() {
    let file = File::new(&content(1, SIZE));
    let run = Setup::new(Want::page()).run(|ask, _| match ask.from {
        None => file.whole().close(),
        Some(_) => file.answer(ask),
    });
    assert_eq!(run.ok(&content(1, SIZE)).offsets(), [None, Some(SIZE as u64)]);
    assert!(run.cuts.is_empty());
    // A server without ranges says it twice.
    let run = Setup::new(Want::page()).run(|_, _| file.whole().without("accept-ranges").close());
    assert_eq!(run.ok(&content(1, SIZE)).requests(), 2);
    let dead = Setup::new(Want::page()).retries(1).run(|_, _| Answer::dead(Fault::Reset));
    assert_eq!(dead.requests(), 2);
}
