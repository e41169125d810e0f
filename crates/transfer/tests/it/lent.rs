//! A strong entity tag is good for another URL of the same bytes, if that one has it, too.

use towline_transfer::{Ask, Fault, Validator, Want};

use crate::driver::{Answer, Setup};
use crate::model::{File, content};

const SIZE: usize = 2000;

/// The first URL dies at half; the second one has this file.
fn run(mirror: File) -> crate::driver::Run {
    let first = File::new(&content(1, SIZE)).etag("\"1\"");
    let mut number = 0;
    Setup::new(Want { origins: vec![0, 1], ..Want::one() }).run(move |ask, _| {
        number += 1;
        match (number, ask.url) {
            (1, _) => first.answer(ask).reset(1000),
            (_, 0) => Answer::dead(Fault::Refused),
            _ => mirror.answer(ask),
        }
    })
}

#[test]
fn a_mirror_with_the_same_tag_goes_on_at_the_same_offset() {
    let run = run(File::new(&content(1, SIZE)).etag("\"1\""));
    run.ok(&content(1, SIZE));
    let last = run.asks.last().unwrap();
    assert_eq!((last.url, last.from), (1, Some(1000)));
    assert_eq!(last.if_range, Some(Validator::ETag("\"1\"".to_owned())));
    assert_eq!(run.received, 2000);
}

#[test]
fn a_mirror_with_another_tag_is_read_again_and_compared() {
    let run = run(File::new(&content(1, SIZE)).etag("\"2\""));
    run.ok(&content(1, SIZE));
    assert_eq!(run.log.last().unwrap().reread, 1000);
}

#[test]
fn a_mirror_with_another_file_under_another_tag_is_never_joined() {
    let other = content(2, SIZE);
    let run = run(File::new(&other).etag("\"2\""));
    assert!(run.failure.is_some() || run.spool.bytes() == other, "a mixture: {}", run.told());
}

#[test]
fn a_mirror_without_a_tag_is_read_again_and_compared() {
    let run = run(File::new(&content(1, SIZE)));
    assert_eq!(run.ok(&content(1, SIZE)).received, 3000);
}

/// The first URL dies at half, and the second one does not look at `If-Range`.
fn deaf(mirror: File) -> crate::driver::Run {
    let first = File::new(&content(1, SIZE)).etag("\"1\"");
    let mut number = 0;
    Setup::new(Want { origins: vec![0, 1], ..Want::one() }).run(move |ask, _| {
        number += 1;
        match (number, ask.url) {
            (1, _) => first.answer(ask).reset(1000),
            (_, 0) => Answer::dead(Fault::Refused),
            _ => mirror.answer(&Ask { if_range: None, ..ask.clone() }),
        }
    })
}

#[test]
fn a_range_whose_answer_does_not_repeat_the_tag_joins_nothing() {
    let bytes = content(1, SIZE);
    for mirror in [File::new(&bytes), File::new(&bytes).etag("W/\"1\""), File::new(&bytes).etag("\"2\"")] {
        let run = deaf(mirror);
        assert!(run.ok(&bytes).log[2].fault.is_some(), "{}", run.told());
        assert_eq!((run.log[2].to, run.cuts.len()), (1000, 0));
    }
}

#[test]
fn a_date_is_not_lent() {
    let old = "Fri, 01 Jan 2016 00:00:00 GMT";
    let file = File { modified: Some(old.to_owned()), ..File::new(&content(1, SIZE)) };
    let mut number = 0;
    let run = Setup::new(Want { origins: vec![0, 1], ..Want::one() }).run(|ask, _| {
        number += 1;
        match (number, ask.url) {
            (1, _) => file.answer(ask).reset(1000),
            (_, 0) => Answer::dead(Fault::Refused),
            _ => file.answer(ask),
        }
    });
    let asked = run.ok(&content(1, SIZE)).asks.iter().find(|ask| ask.url == 1);
    assert_eq!(asked.map(|ask| (ask.from, ask.if_range.clone())), Some((None, None)));
}

#[test]
fn a_416_under_a_lent_tag_proves_no_end() {
    let bytes = content(1, SIZE);
    let whole = File::new(&bytes).etag("\"1\"");
    let half = File::new(&bytes[..1000]).etag("\"1\"");
    let mut number = 0;
    // No size was told; the mirror has only what is held.
    let run = Setup::new(Want { origins: vec![0, 1], ..Want::one() }).run(|ask, _| {
        number += 1;
        match (number, ask.url) {
            (1, _) => whole.answer(ask).chunked().reset(1000),
            (_, 1) if ask.from.is_some() => half.answer(ask),
            _ if number < 4 => Answer::dead(Fault::Refused),
            _ => whole.answer(ask),
        }
    });
    assert!(run.ok(&bytes).log.iter().any(|attempt| attempt.status() == Some(416)), "{}", run.told());
}
