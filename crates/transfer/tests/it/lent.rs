//! A strong entity tag is good for another URL of the same bytes, if that one has it, too.

use towline_transfer::{Fault, Validator};

use crate::driver::{Answer, Setup};
use crate::model::{File, content};

const SIZE: usize = 2000;

/// The first URL dies at half; the second one has this file.
fn run(mirror: File) -> crate::driver::Run {
    let first = File::new(&content(1, SIZE)).etag("\"1\"");
    let mut number = 0;
    Setup::new(towline_transfer::Want { origins: vec![0, 1], size: None, digest: false }).run(move |ask, _| {
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
