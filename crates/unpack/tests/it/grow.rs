//! The same bytes, arriving otherwise: the same tree, or the same error.

use std::{
    collections::BTreeMap,
    mem::{Discriminant, discriminant},
    sync::Arc,
};

use towline_unpack::{Problem, Source, UnpackError, Unpacker};

use crate::{
    corpus::is_stream,
    fixtures::{Case, Expect, cases},
    room::{Room, order, unpack},
    sources::{Growing, Pace, random},
};

/// What an archive became, as far as it must not depend on how its bytes came.
#[derive(Debug, PartialEq, Eq)]
enum Became {
    Tree(BTreeMap<String, String>),
    Refused(Option<String>, Discriminant<Problem>),
    Other(String),
}

fn became(unpacker: &Unpacker, case: &Case, source: impl Source + 'static, room: &Room) -> (Became, String) {
    match unpack(unpacker, source, case.name(), room) {
        Ok(_) => (Became::Tree(room.contents()), String::new()),
        Err(UnpackError::Archive(error)) => {
            (Became::Refused(error.member.clone(), discriminant(&error.problem)), error.to_string())
        }
        Err(other) => (Became::Other(other.to_string()), String::new()),
    }
}

fn archives() -> Vec<Case> {
    cases().into_iter().filter(|case| !is_stream(case)).collect()
}

/// Runs a check on every archive and gathers what it complains of.
fn each(check: impl Fn(&Unpacker, &Case) -> Result<(), String>) {
    let unpacker = Unpacker::new(2).unwrap();
    let wrong = archives()
        .iter()
        .filter_map(|case| check(&unpacker, case).err().map(|why| format!("{}: {why}", case.label())))
        .collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn same_at(pace: fn(&Case) -> Pace) {
    each(|unpacker, case| {
        let bytes = case.bytes();
        let (whole, whole_said) = became(unpacker, case, bytes.clone(), &Room::new());
        let (grown, grown_said) = became(unpacker, case, Growing::whole(bytes, pace(case)), &Room::new());
        if whole == grown { Ok(()) } else { Err(format!("{whole:?} {whole_said}, growing {grown:?} {grown_said}")) }
    });
}

#[test]
fn byte_by_byte() {
    same_at(|_| Pace::Byte);
}

#[test]
fn block_by_block() {
    same_at(|_| Pace::Block);
}

#[test]
fn in_random_pieces() {
    same_at(|case| Pace::Random(seed(case)));
}

#[test]
fn a_broken_connection_is_never_the_archives_fault() {
    each(|unpacker, case| {
        let bytes = case.bytes();
        let whole = became(unpacker, case, bytes.clone(), &Room::new()).0;
        let mut seed = seed(case);
        for nth in 0..6 {
            let at = match nth {
                0 => 0,
                1 => bytes.len() as u64,
                _ => random(&mut seed) % (bytes.len() as u64 + 1),
            };
            let source = Growing::until(bytes.clone(), Pace::Random(seed), at);
            breaks(unpacker, case, source, &whole)
                .map_err(|why| format!("broken at {at} of {}: {why}", bytes.len()))?;
        }
        Ok(())
    });
}

/// Also what was there before is gone, in the middle of whatever is going on.
#[test]
fn bytes_that_are_revoked_are_never_the_archives_fault() {
    each(|unpacker, case| {
        let bytes = case.bytes();
        let whole = became(unpacker, case, bytes.clone(), &Room::new()).0;
        for answers in [1, 2, 3, 5, 8, 13] {
            let source = Growing::revoked(bytes.clone(), Pace::Block, answers);
            breaks(unpacker, case, source, &whole).map_err(|why| format!("revoked after {answers} answers: {why}"))?;
        }
        Ok(())
    });
}

/// Unpacks from a source that breaks. Unless the archive was through by then, or refused, that is the error.
fn breaks(unpacker: &Unpacker, case: &Case, source: Growing, whole: &Became) -> Result<(), String> {
    let source = Arc::new(source);
    let room = Room::new();
    let dynamic: Arc<dyn Source> = Arc::<Growing>::clone(&source);
    match (unpacker.unpack(&dynamic, &room.target(), &order(case.name())), whole) {
        (Err(UnpackError::Source(error)), _) if error.to_string() == "the connection broke" => Ok(()),
        (Err(UnpackError::Archive(error)), Became::Refused(..)) if !matches!(error.problem, Problem::Short { .. }) => {
            Ok(())
        }
        // Its end shows that it is too short before the rest is asked for.
        (Err(UnpackError::Archive(_)), Became::Refused(..)) if !source.broke() => Ok(()),
        (Ok(_), Became::Tree(_)) if !source.broke() => Ok(()),
        (other, _) => Err(format!("{other:?}")),
    }
}

/// Somebody else's bytes come first, and then it is said that they were.
#[test]
fn a_restart_ends_the_unpack_and_the_next_is_as_ever() {
    let all = archives();
    each(|unpacker, case| {
        let ending = case.name().rsplit('.').next();
        let mut others = all.iter().filter(|other| other.expect == Expect::Accept && other.path != case.path);
        let Some(other) = others.find(|other| other.name().rsplit('.').next() == ending) else { return Ok(()) };
        let wrong = other.bytes();
        let half = wrong.len() as u64 / 2;
        let room = Room::new();
        let (began, _) = became(unpacker, case, Growing::until(wrong, Pace::Block, half), &room);
        if began != Became::Other("the archive's bytes could not be read".to_owned()) {
            return Err(format!("half of {} became {began:?}", other.label()));
        }
        room.clear();
        let again = became(unpacker, case, Growing::whole(case.bytes(), Pace::Block), &room);
        let whole = became(unpacker, case, case.bytes(), &Room::new());
        if again == whole { Ok(()) } else { Err(format!("{whole:?}, after a restart {again:?}")) }
    });
}

/// The same in every run, another for every file.
fn seed(case: &Case) -> u64 {
    case.label().bytes().fold(7, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}
