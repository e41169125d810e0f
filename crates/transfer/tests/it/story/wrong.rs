//! Whole files with the wrong digest.

use towline_transfer::{Cause, Fault};

use super::{SIZE, bytes, file, script};
use crate::driver::{Answer, Setup};
use crate::model::{File, content};

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
