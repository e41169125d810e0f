//! What is refused, because it is broken, hostile, or read by some in one way and by others in another.

use towline_unpack::{Problem, Unpacker};

use super::{refused, untar};
use crate::{
    blocks::{CODECS, Header, Tar, compressed, record},
    room::{Room, unpack},
};

/// What is refused, the member it is about, and a part of what is said.
type Refusal = (&'static str, Tar, &'static str);

#[expect(clippy::too_many_lines, reason = "a table")]
fn refusals() -> Vec<Refusal> {
    let field = |at: usize, bytes: &[u8]| Tar::default().with(Header::ustar("f", b'0', 0).put(at, bytes), "");
    let flag = |flag: u8, size: usize| Tar::default().with(Header::gnu("f", flag, size), vec![b'x'; size]);
    let records =
        |records: &str| Tar::default().with(Header::ustar("PaxHeaders/x", b'x', records.len()), records).file("f", "x");
    let pax = |key: &str, value: &str| Tar::default().pax(b'x', &[(key, value)]).file("f", "x");
    let all = |key: &str, value: &str| Tar::default().pax(b'g', &[(key, value)]).file("f", "x");
    let named = |name: &str| Tar::default().pax(b'x', &[("path", name)]).file("f", "x");
    vec![
        ("nothing in it", Tar::default(), "there is nothing in it"),
        ("only the target", Tar::default().directory("./"), "there is nothing in it"),
        // Headers.
        ("no header", Tar::default().raw([b'x'; 512]), "the checksum is"),
        (
            "a wrong checksum",
            Tar::default().raw(Header::ustar("f", b'0', 0).sealed().map(|byte| byte.max(1))),
            "checksum",
        ),
        ("another magic", field(257, b"utsar\x0000"), "the header's magic"),
        ("a size of letters", field(124, b"0000000000z\0"), "the size is"),
        ("a size with an eight", field(124, b"00000000008\0"), "the size is"),
        ("a size that goes on behind its end", field(124, b"0000000001\x002"), "the size is"),
        ("a size with a sign", field(124, b"-0000000001\0"), "the size is"),
        ("a size in hexadecimal", field(124, b"0x000000001\0"), "the size is"),
        ("no size", field(124, &[0; 12]), "the size is"),
        ("a size below zero", field(124, &[0xff; 12]), "the size is"),
        ("a size beyond all", field(124, b"\x80\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "the size is"),
        ("a size in base 256 with other bits", field(124, b"\xc0\0\0\0\0\0\0\0\0\0\0\x01"), "the size is"),
        ("a mode of letters", field(100, b"rw-r--r-"), "the mode is"),
        ("an owner of letters", field(108, b"root\0\0\0\0"), "the owner is"),
        ("a time of letters", field(136, b"yesterday\0\0\0"), "the time is"),
        ("a device of letters", field(329, b"x"), "the major device number"),
        (
            "a prefix in a v7 header",
            Tar::default().with(Header::v7("f", b'0', 0).put(345, b"d"), ""),
            "there is a prefix",
        ),
        (
            "times where others have a prefix",
            Tar::default().with(Header::gnu("f", b'0', 0).put(345, b"14717276000\x0014717276000\0"), ""),
            "there is a prefix",
        ),
        ("a needless prefix", field(345, b"./."), "the prefix names nothing"),
        (
            "a prefix longer than star's",
            Tar::default().with(Header::ustar("f", b'0', 0).put(345, &[b'd'; 131]).put(508, b"tar\0"), ""),
            "the prefix is longer",
        ),
        // Kinds.
        ("a character device", flag(b'3', 0), "a device"),
        ("a block device", flag(b'4', 0), "a device"),
        ("a FIFO", flag(b'6', 0), "a FIFO"),
        ("a sparse file", flag(b'S', 0), "a sparse file"),
        (
            "a sparse file with a map",
            Tar::default().with(Header::gnu("f", b'S', 1).put(386, b"00000000000\x0077777777777\0"), "x"),
            "a sparse file",
        ),
        ("a volume's name", flag(b'V', 0), "a volume's name"),
        ("a continued file", flag(b'M', 1), "another volume"),
        ("a backup's listing", flag(b'D', 1), "a listing"),
        ("an old Solaris header", flag(b'X', 1), "the type \"X\""),
        ("what nobody knows", flag(b'?', 0), "the type \"?\""),
        ("a directory with data", flag(b'5', 1), "1 bytes in what is no file"),
        ("a link with data", Tar::default().with(Header::ustar("f", b'2', 1).link("g"), "x"), "1 bytes in what"),
        (
            "another name with data",
            Tar::default().file("g", "y").with(Header::ustar("f", b'1', 1).link("g"), "x"),
            "1 bytes in what",
        ),
        ("a v7 directory with data", Tar::default().with(Header::v7("d/", 0, 1), "x"), "1 bytes in what"),
        // Names.
        ("no name", Tar::default().file("", "x"), "the name of a directory, but is none"),
        ("no name for a directory", Tar::default().directory(""), "the name is refused: it is empty"),
        ("the target's name", Tar::default().file(".", "x"), "the name of a directory, but is none"),
        ("a file called a directory", Tar::default().file("d/", "x"), "the name of a directory, but is none"),
        ("a file called a directory, with a dot", Tar::default().file("d/.", "x"), "the name of a directory"),
        ("a link called a directory", Tar::default().symlink("d/", "x"), "the name of a directory"),
        ("a pax path that makes it one", named("d/"), "the name of a directory"),
        (
            "a pax path that makes it none",
            Tar::default().pax(b'x', &[("path", "f")]).with(Header::v7("d/", 0, 0), ""),
            "the name of a directory",
        ),
        ("a climbing name", Tar::default().file("../f", "x"), "it climbs"),
        ("a climbing prefix", field(345, b"../.."), "it climbs"),
        ("a climbing pax path", named("d/../../f"), "it climbs"),
        ("a climbing long name", Tar::default().long(b'L', "../f").file("f", "x"), "it climbs"),
        ("an absolute name", Tar::default().file("/f", "x"), "it is absolute"),
        ("an absolute pax path", named("/f"), "it is absolute"),
        ("not UTF-8", Tar::default().with(Header::ustar("f", b'0', 0).put(0, b"caf\xe9"), ""), "it is not UTF-8"),
        ("a newline", named("a\nb"), "a control or invisible character"),
        ("a carriage return", named("a\rb"), "a control or invisible character"),
        ("a name of too many bytes", named(&"d/f".repeat(2000)), "it is too long"),
        ("a name of too many parts", named(&format!("{}f", "d/".repeat(1000))), "it is too deep"),
        // What is said ahead of a header.
        ("two paths", records(&(record("path", "a") + &record("path", "b"))), "two extended records of \"path\""),
        ("two comments", records(&(record("comment", "a") + &record("comment", "a"))), "two extended records"),
        ("no path", pax("path", ""), "takes the path away"),
        ("no target", Tar::default().pax(b'x', &[("linkpath", "")]).symlink("f", "x"), "takes the linkpath away"),
        ("no size by pax", pax("size", ""), "an extended record has the size"),
        ("a size below zero by pax", pax("size", "-1"), "an extended record has the size"),
        ("a size with a sign by pax", pax("size", "+1"), "an extended record has the size"),
        ("a size beyond all by pax", pax("size", "9223372036854775808"), "an extended record has the size"),
        ("another size", pax("size", "2"), "the size is 1 here and 2 in the extended header"),
        ("a NUL in a path", pax("path", "a\0b"), "a NUL in the path"),
        ("a NUL in a key", pax("path\0", "a"), "no valid key"),
        ("another charset", pax("hdrcharset", "ISO-8859-1"), "the character set \"ISO-8859-1\""),
        ("a sparse file by pax", pax("GNU.sparse.major", "1"), "a sparse file"),
        ("a sparse file by star", pax("SCHILY.realsize", "9"), "a sparse file"),
        ("a sparse file by Solaris", pax("SUN.holesdata", " 0 1"), "a sparse file"),
        ("a target for a file", pax("linkpath", "g"), "for what is no link"),
        ("a long target for a file", Tar::default().long(b'K', "g").file("f", "x"), "for what is no link"),
        ("a path for all", all("path", "a"), "sets the path of all members"),
        ("a target for all", all("linkpath", "a"), "sets the linkpath of all members"),
        ("a size for all", all("size", "1"), "sets the size of all members"),
        ("a charset for all", all("hdrcharset", "UTF-16"), "the character set"),
        ("a record without a length", records(" path=a\n"), "has no length"),
        ("a record of no length", records("0 path=a\n"), "has no blank"),
        ("a record with a sign", records("+9 path=a\n"), "has no length"),
        ("a record longer than all", records("11 path=a\n"), "is longer than its header"),
        ("a record of an endless length", records("99999999999999999999999 path=a\n"), "has no length"),
        ("a record without a blank", records("9path=ab\n"), "has no blank"),
        ("a record without an equals sign", records("9 path a\n"), "has no `=`"),
        ("a record without a key", records("5 =a\n"), "has no valid key"),
        ("a record without its newline", records("9 path=ab"), "does not end with a newline"),
        ("zeros behind the records", records("9 path=a\n\0\0"), "has no length"),
        (
            "two extended headers",
            Tar::default().pax(b'x', &[]).pax(b'x', &[("path", "a")]).file("f", "x"),
            "follows another",
        ),
        ("two long names", Tar::default().long(b'L', "a").long(b'L', "b").file("f", "x"), "follows another"),
        (
            "a long name and a path",
            Tar::default().long(b'L', "a").pax(b'x', &[("path", "b")]).file("f", "x"),
            "follows another",
        ),
        (
            "a path and a long name",
            Tar::default().pax(b'x', &[("path", "b")]).long(b'L', "a").file("f", "x"),
            "follows another",
        ),
        (
            "a path, and then what is for all",
            Tar::default().pax(b'x', &[("path", "b")]).pax(b'g', &[("comment", "c")]).file("f", "x"),
            "follows another",
        ),
        ("a path for nothing", Tar::default().file("f", "x").pax(b'x', &[("path", "b")]), "has no member"),
        ("a long name for nothing", Tar::default().file("f", "x").long(b'L', "b"), "has no member"),
        (
            "a long name with a NUL in it",
            Tar::default().with(Header::gnu("././@LongLink", b'L', 4), "a\0b\0").file("f", "x"),
            "a NUL in a long name",
        ),
        (
            "a long name of 4 GiB",
            Tar::default().with(Header::gnu("././@LongLink", b'L', 1 << 32), "a"),
            "an extended header of 4294967296 bytes",
        ),
        (
            "records of 8 GiB",
            Tar::default().with(Header::ustar("x", b'x', 0o77_777_777_777), "a"),
            "an extended header of 8589934591 bytes",
        ),
        // Members and one another.
        ("the same file twice", Tar::default().file("f", "x").file("f", "y"), "has this name already"),
        ("the same file, by another spelling", Tar::default().file("d/f", "x").file("./d//f", "y"), "has this name"),
        ("a file and a directory", Tar::default().file("d", "x").directory("d"), "has this name already"),
        ("a directory and a file", Tar::default().directory("d").file("d", "x"), "has this name already"),
        ("a file in a file", Tar::default().file("d", "x").file("d/f", "y"), "d is not a directory"),
        ("a link and a file", Tar::default().symlink("f", "g").file("f", "x"), "has this name already"),
        (
            "a file through a link",
            Tar::default().directory("e").symlink("d", "e").file("d/f", "x"),
            "d is not a directory",
        ),
        ("a link where a file is in", Tar::default().file("d/f", "x").symlink("d", "e"), "has this name already"),
        ("a directory through a link", Tar::default().symlink("d", ".").directory("d/e"), "d is not a directory"),
        ("a link through a link", Tar::default().symlink("d", ".").symlink("d/e", "../.."), "leads out"),
        ("an absolute link", Tar::default().symlink("f", "/etc/passwd"), "it is absolute"),
        ("a link that leads out", Tar::default().symlink("d/f", "../../x"), "leads out of the target"),
        ("a link that climbs behind a name", Tar::default().symlink("d/f", "e/../../x"), "climbs after a name"),
        ("a link to nothing", Tar::default().symlink("f", ""), "it is empty"),
        (
            "a link too long",
            Tar::default().pax(b'x', &[("linkpath", &"x".repeat(5000))]).symlink("f", ""),
            "longer than",
        ),
        ("another name for what is not there", Tar::default().hard_link("f", "g").file("g", "x"), "no file that came"),
        ("another name for itself", Tar::default().hard_link("f", "f"), "no file that came before"),
        ("another name for a directory", Tar::default().directory("d").hard_link("f", "d"), "no file that came before"),
        ("another name for a link", Tar::default().symlink("l", "x").hard_link("f", "l"), "no file that came before"),
        ("another name for what is outside", Tar::default().hard_link("f", "../witness"), "no place in the target"),
        ("another name for what is elsewhere", Tar::default().hard_link("f", "/etc/passwd"), "no place in the target"),
        (
            "another name through a link",
            Tar::default().file("d/f", "x").symlink("l", "d").hard_link("g", "l/f"),
            "no file that came before",
        ),
        // Sizes.
        ("a file that is cut", Tar::default().with(Header::ustar("f", b'0', 4096), "x"), "in the middle of a file"),
        (
            "a file of 8 EiB",
            Tar::default()
                .with(Header::ustar("f", b'0', 0).put(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), "x"),
            "bytes come out",
        ),
    ]
}

#[test]
fn what_is_refused() {
    for (what, tar, says) in refusals() {
        let room = Room::new();
        let error = refused(what, untar(tar.end(), &room));
        assert!(error.to_string().contains(says), "{what}: {error}");
        assert!(room.outside_is_untouched() && room.unseemly().is_none(), "{what}");
    }
}

/// The error says where in the tar it is, whatever the tar is packed in.
#[test]
fn errors_say_where() {
    for (codec, name) in CODECS {
        let tar = Tar::default().file("f", vec![b'x'; 600]).directory("d").file("d", "y").end();
        let room = Room::new();
        let error = refused(name, unpack(&Unpacker::new(1).unwrap(), compressed(codec, &tar), name, &room));
        assert_eq!((error.member.as_deref(), error.at, error.problem), (Some("d"), 2048, Problem::Twice), "{name}");
    }
}
