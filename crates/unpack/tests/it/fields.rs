//! Zips whose every field is set on purpose.

use towline_unpack::{ArchiveError, Problem, UnpackError, Unpacker};

use crate::{
    room::{Room, unpack},
    sources::{Growing, Pace},
};

const CONTENT: &[u8] = b"content";
const ONES: u32 = u32::MAX;

/// What a local header and one of the directory say alike.
#[derive(Clone)]
struct Head {
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    name: Vec<u8>,
    extra: Vec<u8>,
}

impl Head {
    fn bytes(&self) -> Vec<u8> {
        let first = [self.version, self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat();
        let sums = [self.crc, self.packed, self.size].map(u32::to_le_bytes).concat();
        let lens = [self.name.len() as u16, self.extra.len() as u16].map(u16::to_le_bytes).concat();
        [first, sums, lens].concat()
    }
}

/// A zip of one stored file.
struct Zip {
    local: Head,
    /// Between the data and the directory.
    behind: Vec<u8>,
    central: Head,
    made_by: u16,
    comment: Vec<u8>,
    disk: u16,
    attributes: u32,
    offset: u32,
    /// A zip64 end record and its locator, changed.
    wide: Option<fn(&mut Vec<u8>)>,
    /// The end record, changed.
    end: fn(&mut [u8]),
}

impl Zip {
    fn bytes(&self) -> Vec<u8> {
        let Self { local, central, .. } = self;
        let mut bytes = [b"PK\x03\x04", &local.bytes()[..], &local.name, &local.extra, CONTENT, &self.behind].concat();
        let start = bytes.len() as u64;
        bytes.extend([b"PK\x01\x02", &self.made_by.to_le_bytes()[..], &central.bytes()].concat());
        bytes.extend([self.comment.len() as u16, self.disk, 0].map(u16::to_le_bytes).concat());
        bytes.extend([self.attributes, self.offset].map(u32::to_le_bytes).concat());
        bytes.extend([&central.name[..], &central.extra, &self.comment].concat());
        let end = bytes.len() as u64;
        if let Some(change) = self.wide {
            let mut records =
                [b"PK\x06\x06", &44_u64.to_le_bytes()[..], &[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
            records.extend([1, 1, end - start, start].map(u64::to_le_bytes).concat());
            records.extend([b"PK\x06\x07", &[0; 4][..], &end.to_le_bytes(), &[1, 0, 0, 0]].concat());
            change(&mut records);
            bytes.extend(records);
        }
        let mut record = [b"PK\x05\x06", &[0, 0, 0, 0, 1, 0, 1, 0][..]].concat();
        record.extend([(end - start) as u32, start as u32].map(u32::to_le_bytes).concat());
        record.extend([0, 0]);
        (self.end)(&mut record);
        bytes.extend(record);
        bytes
    }
}

impl Default for Zip {
    fn default() -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(CONTENT);
        let size = CONTENT.len() as u32;
        let (name, extra) = (b"name".to_vec(), Vec::new());
        let head = Head { version: 20, flags: 0, method: 0, crc: crc.sum(), packed: size, size, name, extra };
        Self {
            local: head.clone(),
            behind: Vec::new(),
            central: head,
            made_by: 0x0314,
            comment: Vec::new(),
            disk: 0,
            attributes: 0o100_644 << 16,
            offset: 0,
            wide: None,
            end: |_| {},
        }
    }
}

fn unpacked(change: impl FnOnce(&mut Zip)) -> Result<String, ArchiveError> {
    let mut zip = Zip::default();
    change(&mut zip);
    let room = Room::new();
    let source = Growing::whole(zip.bytes(), Pace::Random(3));
    match unpack(&Unpacker::new(1).unwrap(), source, "a.zip", &room) {
        Ok(done) => {
            assert_eq!((done.files, done.bytes), (1, CONTENT.len() as u64));
            Ok(room.contents().into_keys().collect())
        }
        Err(UnpackError::Archive(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// An extra field.
fn extra(id: u16, value: &[u8]) -> Vec<u8> {
    [&[id, value.len() as u16].map(u16::to_le_bytes).concat(), value].concat()
}

fn wide(values: &[u64]) -> Vec<u8> {
    extra(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

fn both(zip: &mut Zip, change: impl Fn(&mut Head)) {
    change(&mut zip.local);
    change(&mut zip.central);
}

type Change = (&'static str, fn(&mut Zip));

#[test]
fn what_ordinary_writers_make_is_taken() {
    let cases: [Change; 18] = [
        ("nothing odd", |_| {}),
        ("sizes of 64 bits in the local header", |zip| {
            (zip.local.size, zip.local.packed, zip.local.extra) = (ONES, ONES, wide(&[7, 7]));
        }),
        ("one size of 64 bits", |zip| (zip.local.packed, zip.local.extra) = (ONES, wide(&[7]))),
        ("everything of 64 bits in the directory", |zip| {
            (zip.central.size, zip.central.packed, zip.offset) = (ONES, ONES, ONES);
            zip.central.extra = wide(&[7, 7, 0]);
        }),
        ("the disk too", |zip| {
            (zip.offset, zip.disk) = (ONES, u16::MAX);
            zip.central.extra = extra(1, &[0; 12]);
        }),
        ("times and owners, not the same in both", |zip| {
            zip.local.extra = [extra(0x5455, &[3; 9]), extra(0x7875, &[1; 11])].concat();
            zip.central.extra = [extra(0x5455, &[3; 5]), extra(0x7875, &[1; 11])].concat();
        }),
        ("a host in the version that is needed", |zip| both(zip, |head| head.version = 0x0314)),
        ("a comment for the member", |zip| zip.comment = b"PK, it says".to_vec()),
        ("a compressor's effort", |zip| zip.local.flags = 0b110),
        ("zip64 end records", |zip| zip.wide = Some(|_| {})),
        ("zip64 end records alone", |zip| {
            zip.wide = Some(|_| {});
            zip.end = |end| end[4..20].fill(0xff);
        }),
        ("a locator that counts no parts", |zip| zip.wide = Some(|records| records[72] = 0)),
        ("a descriptor of 32 bits", |zip| {
            zip.local.flags = 8;
            zip.behind = zip.local.crc.to_le_bytes().iter().chain(&[7, 0, 0, 0, 7, 0, 0, 0]).copied().collect();
        }),
        ("a descriptor of 32 bits with a signature, the header empty", |zip| {
            zip.behind = [&b"PK\x07\x08"[..], &zip.local.crc.to_le_bytes(), &[7, 0, 0, 0, 7, 0, 0, 0]].concat();
            both(zip, |head| head.flags = 8);
            (zip.local.crc, zip.local.packed, zip.local.size) = (0, 0, 0);
        }),
        ("a descriptor of 64 bits", |zip| {
            (zip.local.flags, zip.local.packed, zip.local.size) = (8, ONES, ONES);
            zip.local.extra = wide(&[0, 0]);
            let sizes = [7_u64; 2].map(u64::to_le_bytes).concat();
            zip.behind = [&b"PK\x07\x08"[..], &zip.local.crc.to_le_bytes(), &sizes].concat();
        }),
        ("the name once more in UTF-8", |zip| {
            let value = [&[1][..], &crc32fast::hash(b"name").to_le_bytes(), b"name"].concat();
            both(zip, |head| head.extra = extra(0x7075, &value));
        }),
        ("what came through a pipe", |zip| zip.attributes = 0o010_600 << 16),
        ("a mode without a kind", |zip| zip.attributes = 0o644 << 16),
    ];
    for (what, change) in cases {
        assert_eq!(unpacked(change).as_deref(), Ok("name"), "{what}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let cases: [Change; 32] = [
        ("a zip64 field without need", |zip| zip.central.extra = wide(&[7, 7])),
        ("other sizes in a needless one", |zip| zip.local.extra = wide(&[7, 8])),
        ("a zip64 field that is missing", |zip| zip.local.size = ONES),
        ("a short one", |zip| (zip.local.size, zip.local.packed, zip.local.extra) = (ONES, ONES, wide(&[7]))),
        ("a long one", |zip| (zip.local.size, zip.local.extra) = (ONES, wide(&[7, 7]))),
        ("two of them", |zip| {
            (zip.local.size, zip.local.extra) = (ONES, [wide(&[7]), wide(&[7])].concat());
        }),
        ("a size that all of memory could not hold", |zip| {
            both(zip, |head| (head.size, head.packed, head.extra) = (ONES, ONES, wide(&[u64::MAX; 2])));
        }),
        ("data to the end of all numbers", |zip| {
            zip.local.method = 8;
            (zip.local.packed, zip.local.extra) = (ONES, wide(&[u64::MAX - 46]));
        }),
        ("extra bytes that are no field", |zip| zip.local.extra = vec![0; 3]),
        ("an extra field beyond its header", |zip| zip.local.extra = vec![0x55, 0x54, 9, 0, 1]),
        ("another disk", |zip| zip.disk = 1),
        ("another disk of 32 bits", |zip| (zip.disk, zip.central.extra) = (u16::MAX, extra(1, &[1, 0, 0, 0]))),
        ("encryption that only the directory has", |zip| zip.central.flags = 1),
        ("patched data", |zip| both(zip, |head| head.flags = 1 << 5)),
        ("a masked header", |zip| both(zip, |head| head.flags = 1 << 13)),
        ("a newer format", |zip| zip.central.version = 64),
        ("another method", |zip| both(zip, |head| head.method = 12)),
        ("UTF-8 here, not there", |zip| zip.central.flags = 1 << 11),
        ("a name twice as long", |zip| zip.central.name = b"namename".to_vec()),
        ("another name in UTF-8", |zip| {
            let value = [&[1][..], &crc32fast::hash(b"name").to_le_bytes(), b"nome"].concat();
            both(zip, |head| head.extra = extra(0x7075, &value));
        }),
        ("a name in UTF-8 for what the name was", |zip| {
            both(zip, |head| head.extra = extra(0x7075, &[1, 0, 0, 0, 0, b'n', b'a', b'm', b'e']));
        }),
        ("a name in UTF-8 in one place", |zip| {
            let value = [&[1][..], &crc32fast::hash(b"name").to_le_bytes(), b"name"].concat();
            zip.central.extra = extra(0x7075, &value);
        }),
        ("a descriptor without announcement", |zip| zip.behind = vec![0; 12]),
        ("an announcement without descriptor", |zip| zip.local.flags = 8),
        ("a descriptor of 64 bits for 32", |zip| {
            zip.local.flags = 8;
            zip.behind = [&zip.local.crc.to_le_bytes()[..], &[7_u64; 2].map(u64::to_le_bytes).concat()].concat();
        }),
        ("a descriptor with another size", |zip| {
            zip.local.flags = 8;
            zip.behind = [&zip.local.crc.to_le_bytes()[..], &[7, 0, 0, 0, 8, 0, 0, 0]].concat();
        }),
        ("a device", |zip| zip.attributes = 0o020_644 << 16),
        ("a directory by its mode", |zip| zip.attributes = 0o040_755 << 16),
        ("a longer zip64 end record", |zip| {
            zip.wide = Some(|records| {
                records[4] = 48;
                records.splice(56..56, [0; 4]);
            });
        }),
        ("a locator of another place", |zip| zip.wide = Some(|records| records[64] ^= 1)),
        ("two counts", |zip| {
            zip.wide = Some(|_| {});
            zip.end = |end| end[10] = 2;
        }),
        ("a part of an archive", |zip| zip.end = |end| end[4] = 1),
    ];
    for (what, change) in cases {
        assert!(unpacked(change).is_err(), "{what}");
    }
}

#[test]
fn names_are_utf8_where_it_is_said_and_else_of_code_page_437() {
    for (flags, raw, name) in [
        (0, &b"plain"[..], Ok("plain")),
        (1 << 11, "日本".as_bytes(), Ok("日本")),
        (0, "ä".as_bytes(), Ok("├ñ")),
        (0, b"\x80\x9b\xe1\xff", Ok("Ç¢ß\u{a0}")),
        (1 << 11, b"\xff", Err("it is said to be UTF-8 but is not")),
    ] {
        let found = unpacked(|zip| both(zip, |head| (head.flags, head.name) = (flags, raw.to_vec())));
        match (&found, name) {
            (Ok(found), Ok(name)) => assert_eq!(found, name),
            (Err(ArchiveError { problem: Problem::Name { why }, .. }), Err(expected)) => assert_eq!(*why, expected),
            _ => panic!("{raw:?}: {found:?}"),
        }
    }
    // The other half of code page 437 has no character twice, and none of ASCII.
    // Longer than a component may be, so in two.
    let high: Vec<u8> = (0x80..0xc0).chain([b'/']).chain(0xc0..=0xff).collect();
    let name = unpacked(|zip| both(zip, |head| head.name.clone_from(&high))).unwrap();
    let characters: std::collections::BTreeSet<char> = name.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!((name.chars().count(), characters.len()), (129, 128));
    assert!(name.starts_with("Çüé") && name.ends_with("ⁿ²■\u{a0}"));
}
