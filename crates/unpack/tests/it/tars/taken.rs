//! What every reader takes alike.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::{LONG, contents, refused, untar};
use crate::{
    blocks::{Header, Tar},
    room::Room,
};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_taken() {
    let (directory, file) = LONG.rsplit_once('/').unwrap();
    let octal = |size: &str| Header::ustar("f", b'0', 0).put(124, size.as_bytes());
    for (what, tar, found) in [
        ("ustar", Tar::default().file("f", "x"), "f = x"),
        ("GNU", Tar::default().with(Header::gnu("f", b'0', 1), "x"), "f = x"),
        ("v7", Tar::default().with(Header::v7("f", 0, 1), "x"), "f = x"),
        ("a v7 directory", Tar::default().with(Header::v7("d/", 0, 0), "").file("d/f", "x"), "d/f = x"),
        ("a version of NULs", Tar::default().with(Header::ustar("f", b'0', 1).put(263, b"\0\0"), "x"), "f = x"),
        ("a contiguous file", Tar::default().with(Header::ustar("f", b'7', 1), "x"), "f = x"),
        ("a size with blanks before it", Tar::default().with(octal("          1 "), "x"), "f = x"),
        ("a size without an end", Tar::default().with(octal("000000000001"), "x"), "f = x"),
        (
            "a size in base 256",
            Tar::default().with(octal("\0").put(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x01"), "x"),
            "f = x",
        ),
        (
            "an owner below zero, and no group",
            Tar::default().with(octal("00000000001\0").put(108, &[0xff; 8]).put(116, b"       \0"), "x"),
            "f = x",
        ),
        (
            "a prefix",
            Tar::default().with(Header::ustar(file, b'0', 1).put(345, directory.as_bytes()), "x"),
            &format!("{LONG} = x"),
        ),
        (
            "a prefix that is needed though it names nothing",
            Tar::default().with(Header::ustar(&"n".repeat(99), b'0', 1).put(345, b"."), "x"),
            &format!("{} = x", "n".repeat(99)),
        ),
        (
            "a prefix in a GNU header, from an old Go",
            Tar::default().with(Header::gnu(file, b'0', 1).put(345, directory.as_bytes()), "x"),
            &format!("{LONG} = x"),
        ),
        (
            "a GNU long name",
            Tar::default().long(b'L', LONG).with(Header::gnu(LONG, b'0', 1), "x"),
            &format!("{LONG} = x"),
        ),
        (
            "a GNU long name without its NUL",
            Tar::default().with(Header::ustar("././@LongLink", b'L', LONG.len()), LONG).file(LONG, "x"),
            &format!("{LONG} = x"),
        ),
        (
            "GNU long names of a link",
            Tar::default().long(b'K', LONG).long(b'L', "link").with(Header::gnu("link", b'2', 0), ""),
            &format!("link -> {LONG}"),
        ),
        ("a pax path", Tar::default().pax(b'x', &[("path", LONG)]).file("?", "x"), &format!("{LONG} = x")),
        ("a pax path for no name", Tar::default().pax(b'x', &[("path", "f")]).file("", "x"), "f = x"),
        ("a pax target", Tar::default().pax(b'x', &[("linkpath", "f")]).symlink("link", "../../evil"), "link -> f"),
        (
            "a pax size where the header has none",
            Tar::default().pax(b'x', &[("size", "1")]).with(Header::ustar("f", b'0', 0), "x"),
            "f = x",
        ),
        ("a pax size like the header's", Tar::default().pax(b'x', &[("size", "1")]).file("f", "x"), "f = x"),
        (
            "what pax says besides",
            Tar::default()
                .pax(
                    b'x',
                    &[
                        ("mtime", "-1.5"),
                        ("SCHILY.xattr.user\0x", "y"),
                        ("RHT.security.selinux", ""),
                        ("comment", "\n"),
                    ],
                )
                .file("f", "x"),
            "f = x",
        ),
        (
            "the charsets of pax",
            Tar::default().pax(b'x', &[("hdrcharset", "ISO-IR 10646 2000 UTF-8"), ("path", "é")]).file("?", "x"),
            "é = x",
        ),
        ("a comment for all, as of git", Tar::default().pax(b'g', &[("comment", "ab12")]).file("f", "x"), "f = x"),
        ("dots in names", Tar::default().directory("./").directory("././d/.").file(".//d//./f", "x"), "d/f = x"),
        ("a repeated directory", Tar::default().directory("d").directory("d/").file("d/f", "x"), "d/f = x"),
        ("a directory after what is in it", Tar::default().file("d/f", "x").directory("d"), "d/f = x"),
        ("a backslash", Tar::default().file("d\\f", "x"), "d\\f = x"),
    ] {
        let room = Room::new();
        let unpacked = untar(tar.end(), &room).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(contents(&room), [found], "{what}");
        assert_eq!(unpacked.files + unpacked.links, 1, "{what}");
        assert!(room.outside_is_untouched() && room.unseemly().is_none(), "{what}");
    }
}

#[test]
fn what_ends_a_tar() {
    let one = Tar::default().file("f", "x");
    for (what, bytes, fine) in [
        ("two blocks", one.clone().end(), true),
        ("two blocks and a tape's worth of zeros", one.clone().raw([0; 10_240]).cut(), true),
        ("one block", one.clone().raw([0; 512]).cut(), true),
        ("nothing", one.clone().cut(), false),
        ("half a block", [one.clone().cut(), vec![0; 100]].concat(), false),
        ("a block and a half", [one.clone().cut(), vec![0; 612]].concat(), false),
        ("another tar", [one.clone().end(), Tar::default().file("g", "y").end()].concat(), true),
        ("something else", [one.clone().end(), b"something else".to_vec()].concat(), true),
        ("a file behind one block", [one.raw([0; 512]).cut(), Tar::default().file("g", "y").end()].concat(), false),
    ] {
        let room = Room::new();
        let result = untar(bytes, &room);
        assert_eq!(result.is_ok(), fine, "{what}: {result:?}");
        if fine {
            assert_eq!(contents(&room), ["f = x"], "{what}");
        } else {
            refused(what, result);
        }
    }
}

#[test]
fn modes() {
    let tar = [0o644, 0o600, 0o444, 0o755, 0o100, 0o010, 0o001, 0o7777, 0o000, 0o106_755]
        .into_iter()
        .fold(Tar::default(), |tar, mode| tar.with(Header::ustar(&format!("{mode:o}"), b'0', 0).mode(mode), ""))
        .with(Header::ustar("d", b'5', 0).mode(0o1777), "")
        .with(Header::ustar("no", b'5', 0).mode(0), "")
        .file("no/f", "x");
    let room = Room::new();
    untar(tar.end(), &room).unwrap();
    assert_eq!(room.unseemly(), None);
    let plain = room.target().join("644").metadata().unwrap().mode() & 0o777;
    for (name, executable) in [("600", false), ("444", false), ("0", false), ("755", true), ("100", true), ("1", true)]
    {
        let wanted = if executable { plain | (plain & 0o444) >> 2 } else { plain };
        let path = room.target().join(name);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, wanted, "{name}");
    }
}

#[test]
fn another_name_is_the_same_file() {
    let room = Room::new();
    let tar = Tar::default().file("f", "x").hard_link("d/g", "./f").hard_link("h", "d/g");
    let unpacked = untar(tar.end(), &room).unwrap();
    assert_eq!((unpacked.files, unpacked.bytes), (3, 3));
    let nodes = ["f", "d/g", "h"].map(|name| room.target().join(name).metadata().unwrap().ino());
    assert_eq!(nodes, [nodes[0]; 3]);
}
