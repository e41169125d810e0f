//! Ranges that are not what was asked for.

use std::time::Duration;

use towline_transfer::{Contradiction, Fault, Misfit, Want};

use super::{bytes, faults, other, script, tagged};
use crate::driver::{Answer, Body, Run, Setup};

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
