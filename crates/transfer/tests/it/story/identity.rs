//! Files that change, and validators that do.

use towline_transfer::{Ask, Cause, Fault, Validator, Want};

use super::{SIZE, bytes, etag, file, other, script, tagged};
use crate::driver::{Answer, Setup};
use crate::model::{File, content};

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
fn a_fickle_entity_tag_of_ranges_costs_no_byte_either() {
    // The origin does not look at If-Range.
    let mut fresh = 0;
    let run = Setup::new(Want::one()).run(script(|number, ask| {
        fresh += 1;
        let answer = file().etag(&format!("\"{fresh}\"")).answer(&Ask { if_range: None, ..ask.clone() });
        match number {
            1 => answer.reset(1000),
            3 => Answer::dead(Fault::Refused),
            _ => answer,
        }
    }));
    assert_eq!(run.ok(&bytes()).offsets(), [None, Some(1000), None, Some(1000), None], "{}", run.told());
    assert_eq!(run.cuts, [0; 0]);
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

#[test]
fn a_cut_takes_the_validators_of_all_urls_away() {
    // Both mirrors had content 1. URL 0 changes and restarts the transfer; URL 1 still has content 1, and answers it.
    let run = Setup::new(Want::one()).urls(&[0, 1]).run(script(|number, ask| match number {
        1 => tagged().answer(ask).reset(100),
        2 => tagged().answer(ask).reset(10),
        3 => other().answer(ask),
        5 => other().answer(ask).reset(500),
        4 | 6 => Answer::dead(Fault::Refused),
        _ if ask.url == 1 => tagged().answer(ask),
        _ => other().answer(ask),
    }));
    assert_eq!(run.urls()[..7], [0, 1, 0, 1, 0, 0, 1], "{}", run.told());
    assert_ne!(run.asks[6].if_range, Some(etag("\"1\"")));
    run.ok(&content(2, SIZE));
}
