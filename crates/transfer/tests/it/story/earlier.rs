//! Bytes of an earlier run.

use towline_transfer::{Cause, Fault, Held, Want};

use super::{SIZE, bytes, etag, file, tagged};
use crate::driver::{Answer, Setup};
use crate::model::content;

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
