//! Sizes that are known, unknown, wrong, and ends that prove nothing.

use towline_transfer::{Cause, Contradiction, Fault, Misfit, Want};

use super::{SIZE, bytes, file, script, tagged};
use crate::driver::{Body, Setup};
use crate::model::{File, content};

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
fn a_size_learned_before_does_not_cut_a_whole_answer_that_is_longer() {
    let longer = File::new(&content(1, 3000));
    for (framed, requests) in [(longer.whole().chunked(), 2), (longer.whole().close(), 3)] {
        let run = Setup::new(Want::one()).run(script(|number, ask| match number {
            1 => file().answer(ask).reset(1000),
            2 => framed.clone(),
            _ => longer.answer(ask),
        }));
        assert_eq!(run.ok(&content(1, 3000)).requests(), requests, "{}", run.told());
    }
    // Ending below it, such an answer is short.
    let run = Setup::new(Want::one()).run(script(|number, ask| match number {
        1 => file().answer(ask).reset(1000),
        2 => file().whole().chunked().short(1500),
        _ => file().answer(ask),
    }));
    assert_eq!(run.ok(&bytes()).log[1].fault, Some(Fault::Short { at: 1500, end: 2000 }));
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
