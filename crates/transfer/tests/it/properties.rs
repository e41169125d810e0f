//! Random origins, four kinds of property: safety, economy, liveness, bounds. A test of one kind alone passes a machine that
//! gives up at once, or one that never stops.

use proptest::prelude::*;
use towline_transfer::{Cause, Policy};

use crate::driver::Run;
use crate::model::Random;
use crate::world::{Dice, Framed, Trouble, World};

/// How many seeds a loop tries: more with `TOWLINE_FULL=1`.
fn seeds(normal: u64) -> u64 {
    if std::env::var_os("TOWLINE_FULL").is_some_and(|full| full == "1") { normal * 50 } else { normal }
}

#[expect(clippy::print_stdout, reason = "the seed is what repeats a failure")]
fn each_seed(normal: u64, check: impl Fn(Dice) + std::panic::RefUnwindSafe) {
    for seed in 0..seeds(normal) {
        let outcome = std::panic::catch_unwind(|| check(Dice::Seed(Random(seed))));
        if let Err(panic) = outcome {
            println!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

/// Bytes right or no success.
fn safe(world: &World, run: &Run) {
    if run.failure.is_some() {
        return;
    }
    let got = run.spool.bytes();
    if world.digest {
        assert!(got == world.right(), "done with other bytes than the digest's: {world:?}\n{}", run.told());
        return;
    }
    assert!(world.wholes().iter().any(|whole| whole == got), "a mixture or a part: {world:?}\n{}", run.told());
    if world.want_size {
        assert_eq!(got.len(), world.right().len(), "{world:?}");
    }
}

/// Not a request beyond the law.
fn economical(world: &World, run: &Run) {
    let rounds = world.retries as usize + 1;
    let mut asked = vec![0; world.urls];
    for attempt in &run.log {
        asked[attempt.url] += 1;
        assert!(asked[attempt.url] <= rounds, "more than {rounds} rounds: {world:?}\n{}", run.told());
        if attempt.refilled {
            asked.fill(0);
        }
    }
    if let Some(Cause::Spent { attempts, .. }) = run.failure.as_ref().map(|failure| &failure.cause) {
        assert_eq!(*attempts, asked.iter().sum::<usize>());
        // With several URLs a round may be of fewer: some cool, and a later pass is of one.
        let fewer = world.urls > 1 && (world.menu.contains(&Trouble::RetryAfter) || run.verified > 0);
        assert!(*attempts >= rounds, "gave up early: {world:?}\n{}", run.told());
        assert!(fewer || asked.contains(&rounds), "gave up early: {world:?}\n{}", run.told());
    }
    let told = world.framed == Framed::Length && !world.menu.contains(&Trouble::Junk);
    if told && world.change.is_none() {
        // The size is known with the first byte, so nothing is asked once all are there.
        let after = run.log.iter().find(|attempt| attempt.from as usize >= world.size.max(1));
        assert!(after.is_none(), "asked after the last byte: {world:?}\n{}", run.told());
    }
}

/// Nothing without a bound.
fn bounded(world: &World, run: &Run) {
    let passes = run.verified;
    let given_up = if passes > 0 && world.urls > 1 { run.log.len() } else { 0 };
    assert!(run.cuts.len() <= 1 + passes + given_up, "{world:?}\n{}", run.told());
    let longest = world.versions.iter().map(Vec::len).fold(120, usize::max);
    let refills = run.log.iter().filter(|attempt| attempt.refilled).count();
    assert!(refills <= longest / 64, "{refills} refills");
    let rounds = (refills + 1) * (world.retries as usize + 1);
    assert!(run.requests() <= rounds * world.urls);
    assert!(run.waits.len() <= 2 * run.requests());
    for attempt in &run.log {
        assert!(attempt.reread as usize <= longest);
    }
    let mut mark = 0;
    for (attempt, &furthest) in run.log.iter().zip(&run.furthest) {
        let grown = furthest - mark;
        let least = 64.max((world.size.saturating_sub(mark as usize) / 8) as u64);
        let plain = world.framed == Framed::Length && world.change.is_none() && world.lies_not();
        assert!(!attempt.refilled || grown >= 64, "refilled by {grown} bytes");
        assert!(!plain || !attempt.refilled || grown >= least, "refilled by {grown}, not by {least}");
        // The size is known as soon as a byte has come, and kept unless the file proves wrong.
        let done = attempt.fault.is_none() || run.verified > 0;
        assert!(
            !plain || done || attempt.refilled || grown < least,
            "not refilled by {grown} of {least}: {}",
            run.told()
        );
        if attempt.refilled {
            mark = furthest;
        }
    }
    assert!(Policy::refill(Some(0), 0) == 64);
}

fn law(dice: Dice) {
    let world = World::any(dice);
    let run = world.clone().run();
    safe(&world, &run);
    economical(&world, &run);
    bounded(&world, &run);
}

fn adopted(mut dice: Dice) {
    let part = dice.below(1001) as usize;
    let world = World::any(dice).adopting(part);
    let run = world.clone().run();
    safe(&world, &run);
    economical_but_for_the_start(&world, &run);
}

/// Bytes of an earlier run may be complete without anybody knowing the size.
fn economical_but_for_the_start(world: &World, run: &Run) {
    let world = World { framed: Framed::Chunked, ..world.clone() };
    economical(&world, run);
}

fn healed(dice: Dice) {
    let world = World::healing(dice);
    if world.size == 0 || world.right().is_empty() {
        // The empty end of a connection is never taken for a file.
        return;
    }
    let run = world.clone().run();
    assert!(run.failure.is_none(), "gave up although the origin healed: {world:?}\n{}", run.told());
    safe(&world, &run);
}

#[test]
fn safety_economy_and_bounds_in_a_hundred_thousand_worlds() {
    each_seed(100_000, law);
}

#[test]
fn the_same_beginning_with_bytes_of_an_earlier_run() {
    each_seed(20_000, adopted);
}

#[test]
fn liveness_an_origin_that_heals_is_enough() {
    each_seed(30_000, healed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn safety_economy_and_bounds(tape in proptest::collection::vec(any::<u8>(), 0..200)) {
        law(Dice::Tape(tape, 0));
    }

    #[test]
    fn safety_with_bytes_of_an_earlier_run(tape in proptest::collection::vec(any::<u8>(), 0..200)) {
        adopted(Dice::Tape(tape, 0));
    }

    #[test]
    fn liveness(tape in proptest::collection::vec(any::<u8>(), 0..200)) {
        healed(Dice::Tape(tape, 0));
    }
}

/// The random worlds are worth something only if they succeed and fail often, and in every way.
#[test]
fn the_worlds_are_of_all_kinds() {
    let (mut done, mut spent, mut struck, mut mismatch, mut cut, mut reread) = (0, 0, 0, 0, 0, 0);
    for seed in 0..5000 {
        let run = World::any(Dice::Seed(Random(seed))).run();
        match run.failure.as_ref().map(|failure| &failure.cause) {
            None => done += 1,
            Some(Cause::Spent { .. }) => spent += 1,
            Some(Cause::NoUrl(_)) => struck += 1,
            Some(Cause::Mismatch { .. }) => mismatch += 1,
            Some(other) => panic!("{other:?}"),
        }
        cut += usize::from(!run.cuts.is_empty());
        reread += usize::from(run.log.iter().any(|attempt| attempt.reread > 0));
    }
    println!(
        "done {done}, spent {spent}, struck off {struck}, mismatch {mismatch}, with a cut {cut}, read again {reread}"
    );
    assert!(done > 2000 && spent > 300 && struck > 200 && mismatch > 10 && cut > 200 && reread > 500);
}
