//! Answers to a range that fit, and those that do not (sections 4.8 to 4.11).

use towline_client::transfer::{Cause, Contradiction, Fault, Misfit};
use towline_client::{Client, Wanted};
use towline_faults::{Action, At, ChangedEtag, Etag, File, Rule, Script, Server, Total};

use crate::support::{
    Memory, PATH, Run, assert_journal_equals_log, content, fetch, options, quick, requests, retries, run, script, sent,
    url, wanted,
};

const SIZE: u64 = 100_000;
const HALF: u64 = SIZE / 2;

/// The first answer is cut at half; to the second these actions are done.
fn then(actions: &[Action]) -> Script {
    let second = actions.iter().cloned().fold(Rule::any().nth(2), Rule::act);
    script(SIZE).rule(Rule::any().nth(1).act(Action::FinAt(At::Fraction(0.5)))).rule(second)
}

#[tokio::test]
async fn each_answer_to_a_range_ends_in_the_right_bytes() {
    let misfit = |fault: &Fault| matches!(fault, Fault::Misfit(_));
    let contradiction = |fault: &Fault| matches!(fault, Fault::Contradiction(_));
    type Expect = Option<fn(&Fault) -> bool>;
    // What is done, the fault of the second attempt, requests in all.
    let table: Vec<(Vec<Action>, Expect, usize)> = vec![
        (vec![], None, 2),
        (vec![Action::IgnoreRange], None, 2),
        (vec![Action::NoRanges], None, 2),
        (vec![Action::UnknownTotal], None, 2),
        (vec![Action::Superset { before: 10, after: 0 }], None, 2),
        (vec![Action::OverLong(1000)], None, 2),
        (vec![Action::ShortRange(At::Fraction(0.5))], Some(|fault| matches!(fault, Fault::Part { .. })), 3),
        (vec![Action::ShiftRange(-1000)], Some(|fault| *fault == Fault::Part { end: SIZE - 1000 }), 3),
        (vec![Action::ShiftRange(1000)], Some(misfit), 3),
        (vec![Action::Hole(1000)], Some(misfit), 3),
        (vec![Action::NoContentRange], Some(|fault| *fault == Fault::Misfit(Misfit::Unlabelled)), 3),
        (vec![Action::Multipart], Some(|fault| *fault == Fault::Misfit(Misfit::Multipart)), 3),
        (vec![Action::Gzip], Some(|fault| *fault == Fault::Coded("gzip".to_owned())), 3),
        (vec![Action::IgnoreRange, Action::Gzip], Some(|fault| *fault == Fault::Coded("gzip".to_owned())), 3),
        (vec![Action::WrongTotal(5)], Some(contradiction), 3),
        (vec![Action::NotSatisfiable(Total::None)], Some(contradiction), 3),
        (vec![Action::NotSatisfiable(Total::Other(HALF - 1))], Some(contradiction), 3),
        (vec![Action::Status(416)], Some(contradiction), 3),
        (vec![Action::FinAt(At::Fraction(0.5))], Some(|fault| matches!(fault, Fault::Short { .. })), 3),
        (vec![Action::LoginPage], Some(contradiction), 3),
        (vec![Action::Chunked], None, 2),
    ];
    for (actions, fault, count) in table {
        for sink in [Memory::of(&content(SIZE)), Memory::default()] {
            let what = format!("{actions:?}, digest: {}", sink.digest.is_some());
            let server = Server::start(then(&actions)).unwrap();
            let run = run(&server, options(quick()), sink).await;
            assert_eq!(run.fault(0), Some(&Fault::Short { at: HALF, end: SIZE }), "{what}");
            match fault {
                Some(expected) => assert!(run.fault(1).is_some_and(expected), "{what}: {:?}", run.fault(1)),
                None => assert_eq!(run.fault(1), None, "{what}"),
            }
            assert_eq!(requests(&server).len(), count, "{what}");
            assert_eq!(run.sink.cuts, 0, "{what}: one answer empties nothing");
            run.assert_brought(&content(SIZE));
        }
    }
}

#[tokio::test]
async fn a_range_that_is_ignored_is_read_again_and_compared() {
    let server = Server::start(then(&[Action::IgnoreRange])).unwrap();
    let run = run(&server, options(quick()), Memory::of(&content(SIZE))).await;
    assert_eq!((run.log[1].reread, run.log[1].from, run.log[1].to), (HALF, HALF, SIZE));
}

#[tokio::test]
async fn a_resume_costs_no_byte_twice() {
    let server = Server::start(then(&[])).unwrap();
    let run = run(&server, options(quick()), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(sent(&server), SIZE);
}

#[tokio::test]
async fn if_range_has_strong_validators_only_and_none_beside_a_digest() {
    let cut = Rule::any().nth(1).act(Action::FinAt(At::Fraction(0.5)));
    let of = |etag: Etag| {
        Script::new().file(File::generated(PATH, SIZE, 1).etag(etag).last_modified(None)).rule(cut.clone())
    };
    for (etag, digest, range, if_range) in [
        (Etag::Strong("s".to_owned()), false, true, true),
        (Etag::Strong("s".to_owned()), true, true, false),
        (Etag::Weak("w".to_owned()), false, false, false),
        (Etag::Weak("w".to_owned()), true, true, false),
        (Etag::None, false, false, false),
        (Etag::None, true, true, false),
    ] {
        let server = Server::start(of(etag.clone())).unwrap();
        let sink = if digest { Memory::of(&content(SIZE)) } else { Memory::default() };
        let run = run(&server, options(quick()), sink).await;
        run.assert_brought(&content(SIZE));
        let second = &requests(&server)[1];
        let sent = (second.range.is_some(), second.if_range.is_some());
        assert_eq!(sent, (range, if_range), "{etag:?}, digest: {digest}");
    }
}

#[tokio::test]
async fn a_file_that_changed_comes_whole_in_its_new_form() {
    for etag in [ChangedEtag::New, ChangedEtag::Same, ChangedEtag::None] {
        for size in [None, Some(SIZE + 10), Some(SIZE - 10), Some(HALF - 10)] {
            let changed = Action::Changed { seed: 7, size, etag };
            let cut = Rule::any().nth(1).act(Action::FinAt(At::Fraction(0.5)));
            let server = Server::start(script(SIZE).rule(cut).rule(Rule::any().act(changed))).unwrap();
            let run = run(&server, options(quick()), Memory::default()).await;
            let new = towline_faults::Content::generated(size.unwrap_or(SIZE), 7);
            if etag == ChangedEtag::Same && size.is_none() {
                // The server vouches for a splice of two files: without a digest nobody can know.
                assert!(run.result.is_ok());
                continue;
            }
            run.assert_brought(&new);
            assert_eq!(run.size, Some(new.size()));
        }
    }
}

#[tokio::test]
async fn a_wrong_digest_is_told_apart() {
    for (action, same) in [(Action::Corrupt(At::Byte(5)), true), (Action::changed(), true)] {
        let server = Server::start(script(SIZE).rule(Rule::any().act(action))).unwrap();
        let run = run(&server, options(retries(8)), Memory::of(&content(SIZE))).await;
        assert!(matches!(run.cause(), Cause::Mismatch { got } if got.len() == 2), "{:?}", run.cause());
        assert_eq!(run.cause().same_twice(), same);
        assert_eq!(requests(&server).len(), 2);
    }
    let server = Server::start(script(SIZE).rule(Rule::any().nth(1).act(Action::Corrupt(At::Byte(5))))).unwrap();
    let run = run(&server, options(quick()), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    assert!(matches!(run.fault(0), Some(Fault::Mismatch { .. })));
}

/// A transfer that goes on from an earlier run.
async fn resumed(server: &Server, sink: Memory, learned: Option<u64>, validator: Option<&str>) -> Run {
    let wanted = Wanted {
        learned_size: learned,
        validator: validator.map(|text| (0, text.to_owned())),
        ..wanted(&[url(server, PATH)], &sink)
    };
    let run = fetch(&Client::new(options(quick())), wanted, sink).await;
    assert_journal_equals_log(&server.journal(), &run.log);
    run
}

#[tokio::test]
async fn an_earlier_runs_bytes_are_used() {
    let file = || Script::new().file(File::generated(PATH, SIZE, 1).etag(Etag::Strong("v1".to_owned())));
    let server = Server::start(file()).unwrap();
    let run = resumed(&server, Memory::of(&content(SIZE)).holding(&content(SIZE), 70_000), None, None).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(sent(&server), SIZE - 70_000);

    let server = Server::start(file()).unwrap();
    let run = resumed(&server, Memory::default().holding(&content(SIZE), 70_000), Some(SIZE), Some("\"v1\"")).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(sent(&server), SIZE - 70_000);
    assert!(requests(&server)[0].if_range.is_some());

    // Nothing vouches for these: they are read again and compared.
    let server = Server::start(file()).unwrap();
    let run = resumed(&server, Memory::default().holding(&content(SIZE), 70_000), Some(SIZE), None).await;
    run.assert_brought(&content(SIZE));
    assert_eq!((sent(&server), run.log[0].reread), (SIZE, 70_000));

    // Whole already, by a digest.
    let server = Server::start(file()).unwrap();
    let run = resumed(&server, Memory::of(&content(SIZE)).holding(&content(SIZE), SIZE), Some(SIZE), None).await;
    run.assert_brought(&content(SIZE));
    assert!(server.journal().is_empty(), "a complete file is verified and not asked for");
}

#[tokio::test]
async fn bytes_of_another_file_are_replaced() {
    let other = towline_faults::Content::generated(SIZE, 99);
    let server = Server::start(script(SIZE)).unwrap();
    let run = resumed(&server, Memory::default().holding(&other, 70_000), None, None).await;
    run.assert_brought(&content(SIZE));
    assert!(
        matches!(run.fault(0), Some(Fault::Contradiction(Contradiction::Bytes { at: 0..=8 }))),
        "{:?}",
        run.fault(0)
    );
}

#[tokio::test]
async fn a_validator_is_told_once_it_vouches_for_bytes() {
    let server =
        Server::start(Script::new().file(File::generated(PATH, SIZE, 1).etag(Etag::Strong("v1".to_owned())))).unwrap();
    let run = run(&server, options(quick()), Memory::default()).await;
    let vouched: Vec<_> = run.events.iter().filter(|event| event.starts_with("Vouched")).collect();
    assert_eq!(vouched, [r#"Vouched { url: 0, validator: "\"v1\"" }"#]);
}
