//! Section 4.2: what refills the budget.

use towline_transfer::{Cause, Fault, Policy};

use crate::driver::{Answer, Body, Setup};
use crate::model::{File, content};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[test]
fn the_threshold_is_an_eighth_of_what_is_missing_within_64_bytes_and_64_kib() {
    let table = [
        (None, 0, 64 * KIB),
        (None, u64::MAX, 64 * KIB),
        (Some(0), 0, 64),
        (Some(1), 0, 64),
        (Some(511), 0, 64),
        (Some(512), 0, 64),
        (Some(519), 0, 64),
        (Some(520), 0, 65),
        (Some(2000), 0, 250),
        (Some(2000), 1000, 125),
        (Some(2000), 1999, 64),
        (Some(2000), 3000, 64),
        (Some(512 * KIB - 8), 0, 64 * KIB - 1),
        (Some(512 * KIB), 0, 64 * KIB),
        (Some(5 * GIB), 0, 64 * KIB),
        (Some(5 * GIB), 5 * GIB - 1024, 128),
        (Some(u64::MAX), 0, 64 * KIB),
        (Some(u64::MAX), u64::MAX, 64),
    ];
    for (size, furthest, expected) in table {
        assert_eq!(Policy::refill(size, furthest), expected, "{furthest} of {size:?}");
    }
}

/// A link that brings `each` bytes a connection.
fn lossy(size: u64, each: u64) -> crate::driver::Run {
    let file = File::blank(size).etag("\"1\"");
    let mut setup = Setup::new(towline_transfer::Want::one());
    setup.spool = Body::Blank(0);
    setup.run(|ask, _| file.answer(ask).reset(each))
}

#[test]
fn a_link_cut_every_n_percent_finishes() {
    let sizes = [2 * KIB, 40 * KIB, 600 * KIB, 17 * MIB, GIB, 5 * GIB];
    for size in sizes {
        for (per_mille, least, most) in [(10, 100, 103), (20, 50, 52), (50, 20, 21), (100, 10, 11), (500, 2, 2)] {
            let each = size * per_mille / 1000;
            if each * 9 < Policy::refill(Some(size), 0) {
                // 1 % of a file below 729 KiB: nine attempts bring less than an eighth, and than 64 KiB.
                assert!(per_mille == 10 && size < 729 * KIB);
                continue;
            }
            let run = lossy(size, each);
            assert_eq!(run.failure, None, "{size} B cut every {per_mille} per mille");
            assert!((least..=most).contains(&run.requests()), "{size} B, {per_mille}: {}", run.requests());
            assert_eq!(run.received, size);
            assert_eq!(run.log.iter().map(|attempt| attempt.reread).sum::<u64>(), 0);
        }
    }
}

#[test]
fn cuts_of_every_size_either_finish_or_stop_after_the_budget() {
    for size in [0, 1, 2, 63, 64, 65, 100, 511, 512, 513, 2000, 40_000, 600_000, 17_000_000, 5_000_000_000_u64] {
        for each in [1, 7, 8, 63, 64, 65, 100, 1000, 8191, 8192, 8193, 100_000, 1_000_000] {
            if size / each > 20_000 {
                continue;
            }
            let run = lossy(size, each);
            // Nine attempts in a row have to bring the threshold together, as long as it is more than what is missing.
            let sustained = each * 9 >= Policy::refill(Some(size), 0);
            let needed = size.div_ceil(each).max(1);
            match &run.failure {
                None => assert_eq!(run.requests() as u64, needed, "{size} B, {each} each"),
                Some(failure) => {
                    assert!(!sustained && needed > 9, "{size} B, {each} each: {failure:?}");
                    assert!(matches!(failure.cause, Cause::Spent { attempts: 9, .. }), "{failure:?}");
                }
            }
        }
    }
}

#[test]
fn one_byte_a_connection_fails_after_the_budget() {
    for size in [KIB, 2 * KIB, 40 * KIB, 17 * MIB, 5 * GIB] {
        let run = lossy(size, 1);
        assert_eq!(run.requests(), 9, "{size}");
        assert_eq!(run.failed().cause, Cause::Spent { attempts: 9, brought: 9 });
    }
}

#[test]
fn small_gains_refill_in_sum() {
    // 250 of 2,000 bytes refill: with 100 a connection, each third attempt.
    let run = lossy(2000, 100);
    let refills: Vec<usize> = (0..run.log.len()).filter(|&at| run.log[at].refilled).collect();
    assert_eq!(&refills[..3], [2, 5, 7]);
}

#[test]
fn the_gain_counts_from_the_last_refill_not_from_the_last_attempt() {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut number = 0;
    // 249 bytes, nothing, 1 byte: refilled at the third.
    let run = Setup::digest(&bytes).run(|ask, _| {
        number += 1;
        match number {
            1 => file.answer(ask).reset(249),
            3 => file.answer(ask).reset(1),
            _ => Answer::dead(Fault::Reset),
        }
    });
    let refilled: Vec<bool> = run.log.iter().map(|attempt| attempt.refilled).collect();
    assert_eq!(refilled[..3], [false, false, true]);
    assert_eq!(run.requests(), 3 + 9);
}

#[test]
fn bytes_that_come_again_after_a_restart_refill_nothing() {
    let (old, new) = (content(1, 2000), content(2, 2000));
    let (old, new) = (File::new(&old).etag("\"1\""), File::new(&new).etag("\"2\""));
    let mut number = 0;
    let run = Setup::new(towline_transfer::Want::one()).run(|ask, _| {
        number += 1;
        match number {
            1 => old.answer(ask).reset(1000),
            // The second answer that denies what is held replaces it, and everything after that is cut every 100 bytes.
            2 | 3 => new.answer(ask).reset(100),
            _ => new.answer(ask).reset(100),
        }
    });
    assert_eq!(run.cuts, [0]);
    assert_eq!(run.requests(), 1 + 9, "{:#?}", run.log);
    assert_eq!(run.failed().held, 800);
    assert_eq!(run.failed().cause, Cause::Spent { attempts: 9, brought: 0 });
}

#[test]
fn compared_bytes_refill_nothing() {
    let bytes = content(1, 2000);
    let file = File::new(&bytes);
    let mut number = 0;
    // No validator and no digest: every answer is whole and begins again.
    let run = Setup::new(towline_transfer::Want::one()).run(|ask, _| {
        assert_eq!(ask.from, None);
        number += 1;
        file.answer(ask).reset(if number == 1 { 1000 } else { 999 })
    });
    assert_eq!(run.requests(), 1 + 9);
    assert_eq!(run.log[1].reread, 999);
    assert_eq!(run.failed().cause, Cause::Spent { attempts: 9, brought: 0 });
}

#[test]
fn while_the_size_is_unknown_64_kib_refill() {
    let blank = |each: u64| {
        let file = File::blank(MIB).etag("\"1\"");
        let mut setup = Setup::new(towline_transfer::Want::one());
        setup.spool = Body::Blank(0);
        setup.run(move |ask, _| {
            let answer = file.answer(ask).chunked().reset(each);
            match ask.from {
                None => answer,
                Some(MIB) => file.answer(ask),
                Some(from) => answer.replace("content-range", format!("bytes {from}-{}/*", MIB - 1)),
            }
        })
    };
    assert_eq!(blank(64 * KIB).requests(), 16 + 1);
    // Eight attempts are enough for it, and what is left at the end is brought by the ninth.
    assert_eq!(blank(64 * KIB / 8).failure, None);
    let run = blank(64 * KIB / 9);
    assert_eq!(run.failed().cause, Cause::Spent { attempts: 9, brought: 64 * KIB / 9 * 9 });
}

#[test]
fn while_the_size_is_unknown_a_thousand_attempts_are_the_end() {
    let file = File::blank(GIB).etag("\"1\"");
    let mut setup = Setup::new(towline_transfer::Want::one());
    setup.spool = Body::Blank(0);
    let run = setup.run(|ask, _| {
        let answer = file.answer(ask).chunked().reset(64 * KIB);
        match ask.from {
            None => answer,
            Some(from) => answer.replace("content-range", format!("bytes {from}-{}/*", GIB - 1)),
        }
    });
    assert_eq!(run.requests(), 1000);
    assert_eq!(run.failed().cause, Cause::Blind(1000));
    // With the size known there is no such cap.
    assert_eq!(lossy(GIB, 64 * KIB).requests(), 16_384);
}
