//! Kills, interrupts, several processes at once, and disks that do not take what comes.

mod crowds;
mod disks;
mod kills;
mod loads;
mod preload;
pub(crate) mod process;
mod signals;

use towline_faults::{Content, Etag, File, Script};

use crate::support::Case;

/// What vouches for a file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vouch {
    Digest,
    StrongETag,
}

const VOUCHES: [Vouch; 2] = [Vouch::Digest, Vouch::StrongETag];

/// A case with one file of `size`, and the arguments that its digest asks for.
fn case(size: u64, vouch: Vouch, rules: impl FnOnce(Script) -> Script) -> (Case, Content, Vec<String>) {
    let content = Content::generated(size, size);
    let (etag, more) = match vouch {
        Vouch::Digest => (Etag::None, vec!["--sha256".to_owned(), content.sha256()]),
        Vouch::StrongETag => (Etag::Strong("v1".to_owned()), Vec::new()),
    };
    let case = Case::new(rules(Script::new().file(File::generated("/a.whl", size, size).etag(etag))));
    (case, content, more)
}

/// Length of the one partial file; 0 where there is none.
#[track_caller]
fn partial(case: &Case) -> u64 {
    let found = case.partials();
    assert!(found.len() <= 1, "one partial file at most: {found:?}");
    found.first().and_then(|path| path.metadata().ok()).map_or(0, |metadata| metadata.len())
}

/// The Range header of a request that goes on at a byte.
fn range_at(held: u64) -> Option<String> {
    (held > 0).then(|| format!("bytes={held}-"))
}

/// Says that a claim could not be tested here; on CI that is a failure.
#[track_caller]
pub(crate) fn skip(claim: &str, why: &str) {
    assert!(std::env::var_os("TOWLINE_CI").is_none(), "{claim}: cannot be tested here: {why}");
    println!("SKIPPED {claim}: {why}");
}
