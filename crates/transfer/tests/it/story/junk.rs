//! Answers that are not the file at all.

use std::time::Duration;

use towline_transfer::{Fault, Want};

use super::{SIZE, bytes, junk, script, tagged};
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
