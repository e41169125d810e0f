//! Answers that are not the file at all.

use std::time::Duration;

use towline_transfer::{Fault, Want};

use super::{SIZE, bytes, file, junk, script, tagged};
use crate::driver::Setup;
use crate::model::{File, content};

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
fn with_a_digest_a_captive_portal_takes_no_byte_in_the_first_half_of_the_budget() {
    let portal = |until: usize| {
        Setup::digest(&bytes()).run(script(move |number, ask| match number {
            1 => tagged().answer(ask).reset(1000),
            _ if number <= until => junk(),
            _ => tagged().answer(ask),
        }))
    };
    for until in 2..=6 {
        let run = portal(until);
        assert_eq!((run.ok(&bytes()).requests(), run.cuts.len()), (until + 1, 0));
        assert_eq!(run.received as usize, SIZE, "no byte of the file twice, and none of the page's");
    }
    // One that stays longer may be another file, after all; the digest finds out.
    let run = portal(7);
    assert_eq!((run.ok(&bytes()).requests(), run.cuts.as_slice()), (8, &[0, 0][..]));
    assert!(matches!(run.log[6].fault, Some(Fault::Mismatch { .. })));
    // Where a lock knows the size, it never is: the URL serves another file.
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

#[test]
fn junk_that_has_used_the_restart_up_is_replaced_once_more_after_the_digest_has_found_out() {
    // No ranges, no sizes. Four answers end early, and cleanly; then, with half of the budget gone, the page may replace the bytes.
    let run = Setup::digest(&bytes()).run(script(|number, _| match number {
        1 => file().whole().chunked().reset(1000),
        2..=5 => file().whole().chunked().short(400),
        6 => junk().chunked(),
        _ => file().whole().chunked(),
    }));
    assert_eq!((run.ok(&bytes()).requests(), run.cuts.as_slice()), (8, &[0, 0][..]), "{}", run.told());
    assert_eq!(run.log[6].to, 300, "the first denial takes nothing");
}
