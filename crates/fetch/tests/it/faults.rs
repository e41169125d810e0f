//! What a fault of the network, of the bytes or of the disk makes of a tree that is being unpacked.

use std::cell::Cell;
use std::time::Duration;

use towline_faults::{Action, At, ChangedEtag, Script};
use towline_fetch::{Done, Event, FetchError, Goal};
use towline_store::{Placed, StoreError};
use towline_transfer::{Cause, Failure};

use crate::support::{Case, always, archive, at, block_on, listing, members, tar};

#[test]
fn a_fault_in_mid_body_is_resumed_beneath_the_unpacking() {
    let half = At::Fraction(0.5);
    for fault in [Action::RstAt(half), Action::FinAt(half), Action::Every(At::Fraction(0.05))] {
        for digest in [true, false] {
            let rule = if matches!(fault, Action::Every(_)) { always(fault.clone()) } else { at(1, fault.clone()) };
            let case = Case::new([rule]);
            let bytes = archive();
            let run = case.run(&case.artifact(digest.then_some(&bytes[..])), &case.tree());
            assert_eq!((run.passes, run.written), (1, members().len() as u64), "{fault:?}: written once");
            let Done::Tree { unpacked, placed: Placed::Moved } = run.done() else { panic!("{fault:?}") };
            assert_eq!(unpacked.files, members().len() as u64);
            case.assert_tree();
            assert_eq!(case.sent(), bytes.len() as u64, "{fault:?}: no byte twice");
            assert_eq!((case.kept(), listing(&case.root().join("staging")).len()), (0, 0));
        }
    }
}

/// A mirror serves another version: a valid archive, whose digest is wrong.
#[test]
fn bytes_that_are_denied_after_they_were_unpacked_are_unpacked_anew() {
    let right = archive();
    let mut wrong = right.clone();
    wrong[700] ^= 1;
    let mirror = Case::serving(wrong, []);
    let case = Case::new([]);
    let mut artifact = case.artifact(Some(&right));
    artifact.urls.insert(0, mirror.artifact(None).urls[0].clone());
    let passes = Cell::new((0, 0));
    let observe = |event: Event<'_>| {
        if let Event::Unpacking { passes: count, written, .. } = event {
            passes.set((count, written));
        }
    };
    let outcome = block_on(case.fetcher().fetch(&artifact, &case.tree(), observe));
    assert!(matches!(outcome.result, Ok(Done::Tree { .. })), "{:?}", outcome.result);
    assert_eq!(outcome.log.len(), 2);
    let members = members().len() as u64;
    let (passes, written) = passes.get();
    assert_eq!(passes, 2, "one for each version of the bytes");
    assert!((members..=2 * members).contains(&written), "{written}");
    case.assert_tree();
}

#[test]
fn a_permanent_fault_is_the_networks_wherever_it_cuts() {
    let bytes = archive();
    for sixteenth in 0..16_u16 {
        let share = f64::from(u32::from(sixteenth)) / 16.0;
        let case = Case::new([at(1, Action::RstAt(At::Fraction(share))), always(Action::Status(503))]);
        let run = case.run(&case.artifact(Some(&bytes)), &case.tree());
        assert_eq!(run.outcome.log.len(), if sixteenth < 2 { 4 } else { 5 }, "what brought an eighth, and retries + 1");
        let error = run.error();
        assert!(
            matches!(&error, FetchError::Transfer(failure) if matches!(failure.cause, Cause::Spent { .. })),
            "{error:?}"
        );
        case.assert_nothing();
        assert_eq!(case.kept(), bytes.len() as u64 * u64::from(sixteenth) / 16);
        case.server.set_script(Script::new());
        case.run(&case.artifact(Some(&bytes)), &case.tree()).done();
        case.assert_tree();
    }
}

/// An archive that is damaged before the place where the network fails for ever: the network is the cause.
#[test]
fn the_first_cause_wins_over_what_the_decoder_says() {
    let mut bytes = archive();
    bytes[150] ^= 0xff;
    let case = Case::serving(bytes.clone(), [at(1, Action::RstAt(At::Fraction(0.5))), always(Action::Status(503))]);
    for digest in [None, Some(&bytes[..])] {
        let error = case.run(&case.artifact(digest), &case.tree()).error();
        assert!(matches!(error, FetchError::Transfer(_)), "{error:?}");
        case.assert_nothing();
    }
}

#[test]
fn a_damaged_archive_of_verified_bytes_is_refused_again_without_a_request() {
    let mut bytes = archive();
    bytes[150] ^= 0xff;
    let case = Case::serving(bytes.clone(), []);
    for _ in 0..2 {
        let error = case.run(&case.artifact(Some(&bytes)), &case.tree()).error();
        assert!(matches!(error, FetchError::Archive(_)), "{error:?}");
        case.assert_nothing();
        assert_eq!((case.requests(), case.kept()), (1, bytes.len() as u64));
    }
}

/// Without a digest the bytes may be what is damaged, whatever tag they came with: they are not kept.
#[test]
fn a_damaged_archive_of_unverified_bytes_is_asked_for_anew() {
    for etag in [ChangedEtag::None, ChangedEtag::Same] {
        let changed = Action::Changed { seed: 7, size: None, etag };
        let case = Case::new([at(1, changed).act(Action::RemoveHeader("last-modified".to_owned()))]);
        let error = case.run(&case.artifact(None), &case.tree()).error();
        assert!(matches!(error, FetchError::Archive(_)), "{error:?}");
        case.assert_nothing();
        assert_eq!(case.kept(), 0, "{etag:?}");
        case.server.set_script(Script::new());
        case.run(&case.artifact(None), &case.tree()).done();
        case.assert_tree();
    }
}

#[test]
fn a_wrong_digest_is_a_wrong_digest_whether_the_archive_is_damaged_or_not() {
    for damaged in [false, true] {
        let mut bytes = archive();
        bytes[150] ^= u8::from(damaged);
        let case = Case::serving(bytes, []);
        let error = case.run(&case.artifact(Some(b"another file")), &case.tree()).error();
        let mismatch = |failure: &Failure| matches!(failure.cause, Cause::Mismatch { .. });
        assert!(matches!(&error, FetchError::Transfer(failure) if mismatch(failure)), "{error:?}");
        case.assert_nothing();
        assert_eq!(case.kept(), 0);
    }
}

#[test]
fn what_stands_at_the_place_is_left_alone() {
    let bytes = archive();
    let case = Case::new([]);
    let artifact = case.artifact(Some(&bytes));
    case.run(&artifact, &case.tree()).done();
    assert!(matches!(case.run(&artifact, &case.tree()).done(), Done::Tree { placed: Placed::Was, .. }));
    std::fs::write(case.place().join("mine.txt"), "mine").unwrap();
    let error = case.run(&artifact, &case.tree()).error();
    assert!(matches!(error, FetchError::Store(StoreError::Exists { .. })), "{error:?}");
    assert_eq!(std::fs::read(case.place().join("mine.txt")).unwrap(), b"mine");

    let file = case.dir.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let before = case.requests();
    let goal = Goal::Tree { at: file.clone(), tree: tar() };
    assert!(matches!(case.run(&artifact, &goal).error(), FetchError::Store(_)));
    assert_eq!(
        (std::fs::read(&file).unwrap(), case.requests()),
        (b"mine".to_vec(), before),
        "refused before it was asked"
    );
}

#[test]
fn a_fetch_that_is_dropped_keeps_the_bytes_and_leaves_nothing_else() {
    let bytes = archive();
    let case = Case::new([at(1, Action::stall_at(At::Fraction(0.5)))]);
    let (fetcher, artifact, tree) = (case.fetcher(), case.artifact(Some(&bytes)), case.tree());
    block_on(async {
        let half = Cell::new(false);
        let observe = |event: Event<'_>| {
            if let Event::Transfer(towline_client::Event::Grew { held }) = event {
                half.set(held >= bytes.len() as u64 / 2);
            }
        };
        let mut work = std::pin::pin!(fetcher.fetch(&artifact, &tree, observe));
        while !half.get() {
            let tick = towline_client::clock::within(Duration::from_millis(2), &mut work).await;
            assert!(tick.is_none(), "{:?}", tick.map(|outcome| outcome.result));
        }
    });
    case.assert_nothing();
    assert_eq!(case.kept(), bytes.len() as u64 / 2);
    case.run(&artifact, &case.tree()).done();
    case.assert_tree();
}
