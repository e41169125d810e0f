//! Zips that one reader takes for something else than another: each is refused, whatever its bytes come by.

use towline_unpack::{UnpackError, Unpacker};

use crate::{
    pack::{How, zip},
    room::{Room, unpack},
    sources::{Growing, Pace},
};

const FILES: [(&str, &str); 2] = [("a.txt", "first, first, first"), ("b.txt", "second, second, second")];
const HOWS: [How; 4] = [How::Stored, How::Deflated, How::Described, How::Repeated];

/// A zip and the places of its records.
struct Zip {
    bytes: Vec<u8>,
    /// Of the local header of `b.txt`.
    second: usize,
    directory: usize,
    end: usize,
}

impl Zip {
    fn new(how: How) -> Self {
        let bytes = zip(&FILES, |_| how);
        let end = bytes.len() - 22;
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let directory = word(end + 16);
        let second = word(directory + 46 + FILES[0].0.len() + 42);
        Self { second, directory, end, bytes }
    }

    /// The place of the second header of the directory.
    fn second_central(&self) -> usize {
        self.directory + 46 + FILES[0].0.len()
    }

    /// Puts bytes in, and moves every offset that is said to be behind them.
    fn insert(&self, at: usize, piece: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for place in [self.directory + 42, self.second_central() + 42, self.end + 16] {
            let offset = u32::from_le_bytes(bytes[place..place + 4].try_into().unwrap());
            let moved = if offset as usize >= at { offset + piece.len() as u32 } else { offset };
            bytes[place..place + 4].copy_from_slice(&moved.to_le_bytes());
        }
        bytes.splice(at..at, piece.iter().copied());
        bytes
    }
}

fn refused(bytes: &[u8], what: &str) {
    let unpacker = Unpacker::new(1).unwrap();
    let whole = unpack(&unpacker, bytes.to_vec(), "x.zip", &Room::new());
    assert!(matches!(whole, Err(UnpackError::Archive(_))), "{what}: {whole:?}");
    let grown = unpack(&unpacker, Growing::whole(bytes.to_vec(), Pace::Byte), "x.zip", &Room::new());
    assert!(matches!(grown, Err(UnpackError::Archive(_))), "{what}, growing: {grown:?}");
}

#[test]
fn the_zips_are_fine_before_they_are_changed() {
    let unpacker = Unpacker::new(1).unwrap();
    for how in HOWS {
        let unpacked = unpack(&unpacker, Zip::new(how).insert(0, b""), "x.zip", &Room::new()).unwrap();
        assert_eq!(unpacked.files, 2, "{how:?}");
    }
}

#[test]
fn local_headers_and_the_directory_say_the_same() {
    // The offset in the local header, and in the directory's.
    let fields = [
        ("flags", 7, 9),
        ("method", 8, 10),
        ("checksum", 14, 16),
        ("compressed size", 18, 20),
        ("size", 22, 24),
        ("length of the name", 26, 28),
        ("name", 30, 46),
    ];
    for how in HOWS {
        let zip = Zip::new(how);
        for (what, local, central) in fields {
            for (where_, at) in [
                ("first local header", local),
                ("second local header", zip.second + local),
                ("first of the directory", zip.directory + central),
                ("second of the directory", zip.second_central() + central),
            ] {
                for change in [1, 8] {
                    let mut bytes = zip.bytes.clone();
                    bytes[at] ^= change;
                    refused(&bytes, &format!("{how:?}: another {what} in the {where_} ({change})"));
                }
            }
        }
    }
}

#[test]
fn nothing_stands_between_records() {
    for how in HOWS {
        let zip = Zip::new(how);
        let directory = &zip.bytes[zip.directory..zip.end];
        let end = &zip.bytes[zip.end..];
        let first = &zip.bytes[..zip.second];
        let described = [&b"PK\x07\x08"[..], &[0; 12]].concat();
        for (what, piece) in [
            ("a byte", &b"x"[..]),
            ("zeros", &[0; 30]),
            ("a directory", directory),
            ("an end record", end),
            ("a directory and an end record", &zip.bytes[zip.directory..]),
            ("a member", first),
            ("a whole zip", &zip.bytes),
            ("a data descriptor", &described),
        ] {
            for (place, at) in [("first", 0), ("between members", zip.second), ("before the directory", zip.directory)]
            {
                refused(&zip.insert(at, piece), &format!("{how:?}: {what}, {place}"));
            }
            // The directory keeps its place, and the end record says so.
            let mut bytes = zip.bytes.clone();
            bytes.splice(zip.end..zip.end, piece.iter().copied());
            refused(&bytes, &format!("{how:?}: {what}, behind the directory"));
            refused(&[&zip.bytes, piece].concat(), &format!("{how:?}: {what}, last"));
            refused(&[piece, &zip.bytes].concat(), &format!("{how:?}: {what}, first, with offsets as they were"));
        }
    }
}

#[test]
fn a_comment_holds_no_record() {
    let unpacker = Unpacker::new(1).unwrap();
    let zip = Zip::new(How::Deflated);
    let with = |comment: &[u8]| {
        let mut bytes = zip.bytes.clone();
        bytes[zip.end + 20..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
        bytes.extend(comment);
        bytes
    };
    for comment in [&b"of no meaning"[..], b"PK", b"PKZIP", b"PK\x09", &[b'x'; 65_535]] {
        let result = unpack(&unpacker, with(comment), "x.zip", &Room::new());
        assert!(result.is_ok(), "{:?}: {result:?}", comment.escape_ascii().to_string());
    }
    let end = zip.bytes[zip.end..].to_vec();
    for comment in [
        &b"PK\x05\x06"[..],
        b"x PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x06\x07 x",
        b"PK\x07\x08",
        &end,
        &[b"x", &end[..], b"x"].concat(),
    ] {
        refused(&with(comment), &format!("the comment {}", comment.escape_ascii()));
    }
    let mut longer = with(b"four");
    longer[zip.end + 20] += 1;
    refused(&longer, "a comment that is longer than what follows");
    longer[zip.end + 20] -= 2;
    refused(&longer, "a comment that is shorter than what follows");
}
