//! Trees that go into a tar and come back.

use std::collections::BTreeMap;

use proptest::{collection::btree_map, prelude::*};
use sha2::{Digest as _, Sha256};
use towline_unpack::Unpacker;

use crate::{
    blocks::{CODECS, Header, Tar, compressed},
    room::{Room, hex, unpack},
    sources::{Growing, Pace},
};

/// How the members' headers are written.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Ustar,
    Gnu,
    Pax,
}

fn member(tar: Tar, dialect: Dialect, name: &str, content: &[u8]) -> Tar {
    let fits = name.len() <= 100;
    match dialect {
        Dialect::Ustar if fits => tar.file(name, content),
        Dialect::Ustar => {
            let least = name.len() - 101;
            let cut = least + name.as_bytes()[least..].iter().position(|byte| *byte == b'/').unwrap();
            let header = Header::ustar(&name[cut + 1..], b'0', content.len());
            tar.with(header.put(345, &name.as_bytes()[..cut]), content)
        }
        Dialect::Gnu if fits => tar.with(Header::gnu(name, b'0', content.len()), content),
        Dialect::Gnu => tar.long(b'L', name).with(Header::gnu("", b'0', content.len()), content),
        Dialect::Pax => {
            let size = content.len().to_string();
            tar.pax(b'x', &[("path", name), ("mtime", "1.5"), ("size", &size)]).file("x", content)
        }
    }
}

fn tree() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    // Directories begin with a d and files with an f, so that none is both.
    let name = "(d[a-cé]{1,12}/){0,5}f[a-z ]{0,9}";
    let size = prop_oneof![0..3_usize, 510..514_usize, 0..5000_usize, Just((1 << 20) - 512)];
    let content = (size, any::<u8>()).prop_map(|(size, byte)| (0..size).map(|at| (at as u8) ^ byte).collect());
    btree_map(name, content, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever way it is written and packed, it is the tree it was.
    #[test]
    fn come_back(
        tree in tree(),
        dialect in prop_oneof![Just(Dialect::Ustar), Just(Dialect::Gnu), Just(Dialect::Pax)],
        seed in any::<u64>(),
    ) {
        let tar = tree.iter().fold(Tar::default(), |tar, (name, content)| member(tar, dialect, name, content)).end();
        let wanted = tree.iter().map(|(name, content)| (name.clone(), hex(&Sha256::digest(content)))).collect();
        let (codec, name) = CODECS[(seed % 5) as usize];
        let room = Room::new();
        let unpacked = unpack(
            &Unpacker::new(1).unwrap(), Growing::whole(compressed(codec, &tar), Pace::Random(seed)), name, &room,
        );
        let bytes = tree.values().map(|content| content.len() as u64).sum::<u64>();
        prop_assert_eq!(unpacked.map(|unpacked| (unpacked.files, unpacked.bytes)).ok(), Some((tree.len() as u64, bytes)));
        prop_assert_eq!(room.contents(), wanted);
    }
}
