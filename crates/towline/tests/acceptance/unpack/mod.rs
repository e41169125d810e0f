//! Archives that are unpacked while they arrive, over links that break.

mod archives;
mod bombs;
mod corpus;
mod disks;
mod failures;
mod kills;
mod memory;
mod rows;
mod signals;
mod trees;
mod usage;
mod wheels;
mod zips;

use serde_json::Value;
use towline_faults::{Etag, File, Script};

use crate::support::{Case, Run, full, journal_equals_log};
use archives::{ALL, Archive};

/// What vouches for an archive.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vouch {
    Digest,
    StrongETag,
}

const VOUCHES: [Vouch; 2] = [Vouch::Digest, Vouch::StrongETag];

/// Every archive; by default half of them, in turns.
fn some(turn: usize) -> Vec<&'static Archive> {
    let chosen = ALL.iter().enumerate().filter(|(at, _)| full() || (at + turn).is_multiple_of(2));
    chosen.map(|(_, archive)| archive()).collect()
}

/// Every archive with every vouch; by default half of the archives with one each, in turns.
fn each(turn: usize, mut row: impl FnMut(&'static Archive, Vouch)) {
    for (at, archive) in some(turn).into_iter().enumerate() {
        for (number, vouch) in VOUCHES.into_iter().enumerate() {
            if full() || (at + turn / 2) % 2 == number {
                row(archive, vouch);
            }
        }
    }
}

/// A case with one archive, and the arguments that its digest asks for. Nothing else vouches for it.
fn case(archive: &Archive, vouch: Vouch, rules: impl FnOnce(Script) -> Script) -> (Case, Vec<String>) {
    let (etag, mut more) = match vouch {
        Vouch::Digest => (Etag::None, vec!["--sha256".to_owned(), archive.content.sha256()]),
        Vouch::StrongETag => (Etag::Strong("v1".to_owned()), Vec::new()),
    };
    more.push("--unpack".to_owned());
    let file = File::new(archive.path(), archive.content.clone()).etag(etag).last_modified(None);
    (Case::new(rules(Script::new().file(file))), more)
}

/// `towline get URL -d out --unpack`.
fn run(case: &Case, archive: &Archive, more: &[String]) -> Run {
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    case.run(&[&archive.path()], &more)
}

/// The one event of this kind.
#[track_caller]
fn told<'a>(run: &'a Run, event: &str) -> &'a Value {
    let mut found = run.events.iter().filter(|told| told["event"] == event);
    let first = found.next().unwrap_or_else(|| panic!("no event {event}\n{}", run.stderr));
    assert!(found.next().is_none(), "{event} twice");
    first
}

/// The run ended well: the tree is exactly what the archive holds, nothing is beside it, nothing was left in the cache,
/// and what the program says it asked is what the server saw. Gives the number of passes over the archive.
#[track_caller]
fn is_unpacked(case: &Case, archive: &Archive, run: &Run, what: &str) -> u64 {
    assert_eq!(run.code, Some(0), "{what}\n{}", run.stderr);
    is_tree(case, archive, what);
    assert_eq!(left(case), Vec::<String>::new(), "{what}: left in the cache");
    let unpacked = told(run, "unpacked");
    let counts = ["files", "links", "bytes"].map(|name| unpacked[name].as_u64().unwrap_or(u64::MAX));
    assert_eq!(counts, [archive.files, archive.links, archive.bytes], "{what}: {unpacked}");
    assert_eq!(unpacked["path"], case.out().join(archive.stem()).to_string_lossy().as_ref(), "{what}");
    unpacked["passes"].as_u64().unwrap_or_default()
}

/// Besides: the archive was gone through once, and each member written once.
#[track_caller]
fn is_unpacked_once(case: &Case, archive: &Archive, run: &Run, what: &str) {
    let passes = is_unpacked(case, archive, run, what);
    let written = told(run, "unpacked")["written"].as_u64();
    assert_eq!((passes, written), (1, Some(archive.files + archive.links)), "{what}: a member was written twice");
}

/// The folder is exactly what the archive holds, and alone at its place.
#[track_caller]
fn is_tree(case: &Case, archive: &Archive, what: &str) {
    assert_eq!(listed(case), [archive.stem()], "{what}: in the destination");
    let difference = trees::difference(&case.out().join(archive.stem()), &archive.nodes);
    assert_eq!(difference, None, "{what}: another tree");
}

/// Names in the destination; hidden ones too.
fn listed(case: &Case) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(case.out()) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What is staged or partial in the cache.
fn left(case: &Case) -> Vec<String> {
    let staging = std::fs::read_dir(case.dir.path().join("cache/staging"));
    let staging = staging.into_iter().flatten().flatten().map(|entry| entry.path());
    staging.chain(case.partials()).map(|path| path.display().to_string()).collect()
}

/// What is staged in the cache.
fn staged(case: &Case) -> usize {
    std::fs::read_dir(case.dir.path().join("cache/staging")).map_or(0, Iterator::count)
}

/// Requests and the bytes sent, in archives.
fn cost(case: &Case, archive: &Archive) -> (usize, f64) {
    (case.requests().len(), case.sent() as f64 / archive.size() as f64)
}

/// journal == log, for one server.
#[track_caller]
fn logged(case: &Case, run: &Run) {
    journal_equals_log(&case.requests(), &[run]);
}
