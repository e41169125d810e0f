//! Zips: big members and small ones, what follows a stream, and who is named when several are wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use towline_unpack::{ArchiveError, Limits, Order, Problem, UnpackError, Unpacked, Unpacker};

use crate::{
    pack::{How, zip},
    room::{Room, hex, order, unpack},
    sources::{Growing, Pace, random},
};

const NAME: &str = "a.zip";
/// Above this a member is streamed.
const BIG: usize = 8 << 20;

fn refused(result: Result<Unpacked, UnpackError>) -> ArchiveError {
    match result {
        Err(UnpackError::Archive(error)) => error,
        other => panic!("it should have been refused: {other:?}"),
    }
}

/// Content that compresses about by half, and differs from place to place.
fn content(len: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 16);
    while bytes.len() < len {
        let word = random(&mut seed).to_le_bytes();
        bytes.extend_from_slice(&word);
        bytes.extend_from_slice(&word);
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn members_of_any_size_come_back_whatever_comes_first() {
    let sizes = [0, 1, 255 << 10, 256 << 10, 300 << 10, BIG - 1, BIG, BIG + 1, 3 << 10, BIG + (5 << 20), 0, 77];
    let members: Vec<_> =
        sizes.iter().enumerate().map(|(at, size)| (format!("d/{at}"), content(*size, at as u64))).collect();
    let expected: BTreeMap<_, _> =
        members.iter().map(|(name, content)| (name.clone(), hex(&Sha256::digest(content)))).collect();
    let unpacker = Unpacker::new(2).unwrap();
    let room = Room::new();
    for how in [How::Stored, How::Deflated, How::Described] {
        // What has a descriptor is done at the end; before it, and after it.
        for first in [0, 5] {
            let bytes = zip(&members, |at| if at < first { How::Stored } else { how });
            room.clear();
            let done = unpack(&unpacker, Growing::whole(bytes, Pace::Random(7)), NAME, &room).unwrap();
            assert_eq!((done.files, done.bytes), (sizes.len() as u64, sizes.iter().sum::<usize>() as u64));
            assert_eq!(room.contents(), expected, "{how:?} from {first}");
        }
    }
}

/// The last bytes of a stream may be read while there is no room for what comes of them.
#[test]
fn big_members_end_well_wherever_their_pieces_end() {
    let unpacker = Unpacker::new(2).unwrap();
    let room = Room::new();
    for more in (0..1100).step_by(if cfg!(debug_assertions) { 55 } else { 5 }).chain([5, 100, 200]) {
        let zeros = vec![0; (9 << 20) + more];
        room.clear();
        let done = unpack(&unpacker, zip(&[("f", &zeros)], |_| How::Deflated), NAME, &room);
        assert_eq!(done.unwrap().bytes, zeros.len() as u64, "{more}");
    }
}

/// Changes the deflate data of the only member, with headers that say what is there.
fn with_data(content: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let bytes = zip(&[("f", content)], |_| How::Deflated);
    let (head, rest) = bytes.split_at(31);
    let packed = u32::from_le_bytes(head[18..22].try_into().unwrap()) as usize;
    let (data, rest) = rest.split_at(packed);
    let mut data = data.to_vec();
    change(&mut data);
    let grown = u32::try_from(data.len()).unwrap();
    let (mut head, mut rest) = (head.to_vec(), rest.to_vec());
    head[18..22].copy_from_slice(&grown.to_le_bytes());
    rest[20..24].copy_from_slice(&grown.to_le_bytes());
    let end = rest.len() - 22;
    rest[end + 16..end + 20].copy_from_slice(&(31 + grown).to_le_bytes());
    [head, data, rest].concat()
}

#[test]
fn a_stream_ends_where_its_data_do_and_is_what_was_announced() {
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    for len in [1000, BIG + 1000] {
        let text = content(len, 3);
        let mut crc = flate2::Crc::new();
        crc.update(&text);
        let trailer = [crc.sum(), u32::try_from(len).unwrap()].map(u32::to_le_bytes).concat();
        let try_it = |bytes: Vec<u8>| {
            room.clear();
            unpack(&unpacker, bytes, NAME, &room)
        };
        assert!(try_it(with_data(&text, |_| {})).is_ok());
        let more = refused(try_it(with_data(&text, |data| data.push(0))));
        assert!(matches!(more.problem, Problem::Codec { .. }), "{more}");
        // The very bytes that a gzip decoder would look for.
        let more = refused(try_it(with_data(&text, |data| data.extend(&trailer))));
        assert!(matches!(more.problem, Problem::Codec { .. }), "{more}");
        let less = refused(try_it(with_data(&text, |data| data.truncate(data.len() - 1))));
        assert!(matches!(less.problem, Problem::Short { .. }), "{less}");
        let none = refused(try_it(with_data(&text, Vec::clear)));
        assert!(matches!(none.problem, Problem::Short { .. }), "{none}");
        for (at, by) in [(14, 1), (22, 1), (22, 255)] {
            let mut bytes = with_data(&text, |_| {});
            let central = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
            bytes[at] = bytes[at].wrapping_add(by);
            bytes[central + at + 2] = bytes[central + at + 2].wrapping_add(by);
            let problem = refused(try_it(bytes)).problem;
            let right = if at == 14 {
                matches!(problem, Problem::Checksum { .. })
            } else {
                matches!(problem, Problem::Size { .. })
            };
            assert!(right, "{len} {at}: {problem}");
        }
    }
}

/// Content of a length that is its checksum too.
fn its_own_checksum(len: u32) -> Vec<u8> {
    let step = |byte: u32| (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 });
    let table: Vec<u32> = (0..256).map(step).collect();
    let mut bytes = content(len as usize - 4, 5);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    let mut state = !len;
    for _ in 0..4 {
        let index = table.iter().position(|entry| entry >> 24 == state >> 24).unwrap();
        state = (state ^ table[index]) << 8 | index as u32;
    }
    bytes.extend((state ^ !crc.sum()).to_le_bytes());
    bytes
}

#[test]
fn a_trailer_that_repeats_itself_hides_nothing() {
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    let twice = its_own_checksum(1000);
    // Checksum and size of no content are zeros, those of the other are the same four bytes twice.
    for (content, more) in [(&[][..], &[0][..]), (&[], &[0; 7]), (&[], &[0; 9]), (&twice, &1000_u32.to_le_bytes())] {
        let try_it = |change: &dyn Fn(&mut Vec<u8>)| {
            room.clear();
            unpack(&unpacker, with_data(content, change), NAME, &room)
        };
        assert!(try_it(&|_| {}).is_ok());
        let error = refused(try_it(&|data| data.extend(more)));
        assert!(matches!(error.problem, Problem::Codec { .. }), "{error}");
    }
}

#[test]
fn of_several_wrong_members_the_first_is_named_whoever_is_faster() {
    let members: Vec<_> =
        (0..60_u64).map(|at| (format!("{at}"), content(if at % 9 == 4 { BIG + 1 } else { 9000 }, at))).collect();
    let good = zip(&members, |_| How::Stored);
    let place = |at: usize| good.windows(300).position(|part| part == &members[at].1[..300]).unwrap();
    let unpacker = Unpacker::new(3).unwrap();
    let room = Room::new();
    for wrong in [[13, 50], [20, 31], [4, 5], [22, 23]] {
        for pace in [None, Some(Pace::Random(wrong[0] as u64))] {
            let mut bytes = good.clone();
            for at in wrong {
                bytes[place(at) + 5] ^= 1;
            }
            // And no end at all.
            bytes.truncate(bytes.len() - 30);
            room.clear();
            let result = match pace {
                None => unpack(&unpacker, bytes, NAME, &room),
                Some(pace) => unpack(&unpacker, Growing::whole(bytes, pace), NAME, &room),
            };
            let error = refused(result);
            assert_eq!(error.member, Some(wrong[0].to_string()), "{error}");
        }
    }
}

#[test]
fn a_source_that_fails_anywhere_is_the_sources_failure() {
    let big = content(BIG + 100, 1);
    let small = [("a", &b"alpha"[..]), ("d/", b""), ("d/b", &[7; 900]), ("c", b"")];
    let unpacker = Unpacker::new(2).unwrap();
    let room = Room::new();
    for described in [false, true] {
        let how = |at: usize| if described && at > 1 { How::Described } else { How::Deflated };
        let little = zip(&small, how);
        let large = zip(&[("big", &big[..]), ("d/b", &[7; 900])], how);
        let every = (0..=little.len()).map(|at| (&little, at));
        let some = (0..=64).map(|at| (&large, large.len() * at / 64));
        for (bytes, at) in every.chain(some) {
            room.clear();
            match unpack(&unpacker, Growing::until(bytes.clone(), Pace::Random(at as u64), at as u64), NAME, &room) {
                Err(UnpackError::Source(error)) => assert_eq!(error.to_string(), "the connection broke"),
                other => panic!("broken at {at}: {other:?}"),
            }
        }
    }
}

#[test]
fn bombs_end_before_they_are_written() {
    let zeros = vec![0; 80 << 20];
    let bomb = zip(&[("zeros", &zeros[..])], |_| How::Deflated);
    let unpacker = Unpacker::new(1).unwrap();
    let room = Room::new();
    let error = refused(unpack(&unpacker, bomb, NAME, &room));
    assert!(matches!(error.problem, Problem::Ratio { .. }), "{error}");
    assert!(room.contents().is_empty(), "what is announced is refused before it comes out");

    let members: Vec<_> = (0..50).map(|at| (format!("{at}"), [0; 100])).collect();
    let bytes = zip(&members, |_| How::Stored);
    for (limits, right) in [
        (Limits { members: 49, ..Limits::default() }, "more than 49 members"),
        (Limits { bytes: 4999, ..Limits::default() }, "more than 4999 bytes come out"),
    ] {
        room.clear();
        let source: std::sync::Arc<dyn towline_unpack::Source> = std::sync::Arc::new(bytes.clone());
        let error = refused(unpacker.unpack(&source, &room.target(), &Order { limits, ..order(NAME) }));
        assert_eq!((error.problem.to_string(), error.member), (right.to_owned(), Some("49".to_owned())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_packed_comes_back(
        files in proptest::collection::btree_map("[a-c]{1,2}(/[d-f]{1,2}){0,3}/[x-z]{1,4}", (0..70_000_usize, any::<u64>(), 0..3_u8), 0..40),
        seed in any::<u64>(),
    ) {
        let members: Vec<_> = files.iter().map(|(name, (len, seed, _))| (name.clone(), content(*len, *seed))).collect();
        let hows: Vec<_> = files.values().map(|(.., how)| [How::Stored, How::Deflated, How::Described][usize::from(*how)]).collect();
        let bytes = zip(&members, |at| hows[at]);
        let room = Room::new();
        let done = unpack(&Unpacker::new(2).unwrap(), Growing::whole(bytes, Pace::Random(seed)), NAME, &room).unwrap();
        prop_assert_eq!(done.files, members.len() as u64);
        let expected: BTreeMap<_, _> = members.iter().map(|(name, content)| (name.clone(), hex(&Sha256::digest(content)))).collect();
        prop_assert_eq!(room.contents(), expected);
    }
}
