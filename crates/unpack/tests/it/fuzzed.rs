//! The bodies of the fuzz targets, on archives that were valid before somebody was at them.

#[path = "../../../../fuzz/bodies/arena.rs"]
mod arena;
#[path = "../../../../fuzz/bodies/path.rs"]
mod path;
#[path = "../../../../fuzz/bodies/tar.rs"]
mod tar;
#[path = "../../../../fuzz/bodies/zip.rs"]
mod zip;

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::pack::{self, How, wheel};

/// What may be done to bytes.
#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index),
    /// A piece of it, once more, at another place.
    Splice(Index, Index, usize),
    Drop(Index, usize),
    Insert(Index, Vec<u8>),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = any::<Index>;
    let change = prop_oneof![
        6 => (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        4 => (at(), prop_oneof![Just(0), Just(0xff), any::<u8>()]).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => at().prop_map(Change::Cut),
        2 => (at(), at(), 1..600_usize).prop_map(|(from, to, len)| Change::Splice(from, to, len)),
        1 => (at(), 1..600_usize).prop_map(|(at, len)| Change::Drop(at, len)),
        1 => (at(), vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
    ];
    vec(change, 0..5)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match change {
            Change::Flip(at, bit) => bytes[at.index(len)] ^= bit,
            Change::Set(at, byte) => bytes[at.index(len)] = *byte,
            Change::Cut(at) => bytes.truncate(at.index(len)),
            Change::Splice(from, to, most) => {
                let from = from.index(len);
                let piece = bytes[from..(from + most).min(len)].to_vec();
                let to = to.index(len);
                bytes.splice(to..to, piece);
            }
            Change::Drop(at, most) => {
                let at = at.index(len);
                bytes.drain(at..(at + most).min(len));
            }
            Change::Insert(at, piece) => {
                let at = at.index(len);
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

fn members() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let content = prop_oneof![vec(any::<u8>(), 0..50), (0..2000_usize).prop_map(|len| vec![b'x'; len])];
    vec(("[a-c]{1,2}(/[a-c]{1,2}){0,2}/?", content), 0..6).prop_map(|members| {
        let clear =
            |(name, content): (String, Vec<u8>)| if name.ends_with('/') { (name, Vec::new()) } else { (name, content) };
        members.into_iter().map(clear).collect()
    })
}

fn how() -> impl Strategy<Value = Vec<How>> {
    vec(prop_oneof![Just(How::Stored), Just(How::Deflated), Just(How::Described), Just(How::Repeated)], 8)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn zips((members, how, changes) in (members(), how(), changes())) {
        zip::body(&changed(pack::zip(&members, |index| how[index % how.len()]), &changes));
    }

    #[test]
    fn wheels((how, changes) in (how(), changes())) {
        let files = wheel("pkg", "1.0", &[("pkg/__init__.py", "x = 1\n"), ("pkg-1.0.data/scripts/tool", "#!python\n")]);
        zip::body(&changed(pack::zip(&files, |index| how[index % how.len()]), &changes));
    }

    #[test]
    fn tars((members, changes) in (members(), changes())) {
        tar::body(&[&[0], changed(pack::tar(&members), &changes).as_slice()].concat());
    }

    /// Changed before they are compressed, and after.
    #[test]
    fn compressed_tars((members, before, after) in (members(), changes(), changes())) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&changed(pack::tar(&members), &before)).unwrap();
        tar::body(&[&[1], changed(encoder.finish().unwrap(), &after).as_slice()].concat());
    }

    #[test]
    fn any_bytes((codec, bytes) in (0..5_u8, vec(any::<u8>(), 0..2000))) {
        tar::body(&[&[codec], bytes.as_slice()].concat());
        zip::body(&bytes);
    }

    #[test]
    fn names_and_links(lines in vec("(\\./)?(\\.\\.|[ab]{1,2}|[a-z\u{202e}:\\\\]{0,2})(/(\\.\\.|\\.|[ab]))*/?(\t\t?/?(\\.\\./){0,3}[ab]?(/\\.\\.|/[ab]){0,3})?", 0..10)) {
        path::body(lines.join("\n").as_bytes());
    }
}
