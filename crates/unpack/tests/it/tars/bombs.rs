//! Much out of little.

use std::sync::Arc;

use towline_unpack::{Codec, Limits, Order, Problem, Source, Unpacker};

use super::refused;
use crate::{
    blocks::{CODECS, Header, Tar, compressed},
    room::{Room, order},
};

/// Unpacks with limits, and says how many bytes are on the disk after the refusal.
fn limited(bytes: Vec<u8>, name: &str, limits: Limits) -> (Problem, u64) {
    let room = Room::new();
    let order = Order { limits, ..order(name) };
    let source: Arc<dyn Source> = Arc::new(bytes);
    let error = refused(name, Unpacker::new(1).unwrap().unpack(&source, &room.target(), &order));
    let files = room.contents().into_keys();
    (error.problem, files.map(|name| room.target().join(name).metadata().unwrap().len()).sum())
}

#[test]
fn bombs_end_early() {
    let limits = Limits::default();
    let zeros = vec![0; 96 << 20];
    // Before the ratio counts, and a buffer more.
    let most = Limits::FREE + (2 << 20);
    for codec in [Codec::Gzip, Codec::Zstd] {
        let name = CODECS.iter().find(|(known, _)| *known == codec).unwrap().1;
        let one = compressed(codec, &Tar::default().file("f", &zeros).end());
        let (problem, written) = limited(one, name, limits);
        assert!(matches!(problem, Problem::Ratio { .. }) && written <= most, "{name}: {problem}, {written} bytes");
        let behind = compressed(codec, &[Tar::default().file("f", "x").end(), zeros.clone()].concat());
        let (problem, written) = limited(behind, name, limits);
        assert!(matches!(problem, Problem::Ratio { .. }) && written == 1, "{name}, behind the end: {problem}");
    }
    let many = (0..200).fold(Tar::default(), |tar, at| tar.file(&at.to_string(), "x")).end();
    let few = Limits { members: 100, ..limits };
    assert_eq!(limited(many.clone(), "t.tar", few), (Problem::TooManyMembers { limit: 100 }, 100));
    let (problem, written) = limited(many, "t.tar", Limits { bytes: 50, ..limits });
    assert!(problem == Problem::TooManyBytes { limit: 50 } && written <= 51, "{problem}, {written} bytes");
    let claims = Tar::default().with(Header::ustar("f", b'0', 0o77_777_777_777), "x").end();
    let (problem, written) = limited(claims.clone(), "t.tar", Limits { bytes: 1 << 30, ..limits });
    assert_eq!((problem, written), (Problem::TooManyBytes { limit: 1 << 30 }, 0));
    let (problem, _) = limited(claims, "t.tar", limits);
    assert!(matches!(problem, Problem::Short { .. }), "{problem}");
    let targets = (0..100)
        .fold(Tar::default(), |tar, at| tar.pax(b'x', &[("linkpath", &"x".repeat(4000))]).symlink(&at.to_string(), ""));
    let (problem, _) = limited(targets.end(), "t.tar", Limits { names: 100_000, ..limits });
    assert_eq!(problem, Problem::NamesTooLong { limit: 100_000 });
}
