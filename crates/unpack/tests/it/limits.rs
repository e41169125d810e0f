//! Limits end an unpack, and members that cannot both be there.

use std::sync::{Arc, Mutex};

use towline_unpack::{Codec, Format, Limits, Order, Problem, Source, UnpackError, Unpacked, Unpacker};

use crate::{
    pack::{How, tar, zip},
    room::Room,
};

/// As a tar and as a zip, which have to agree.
fn unpack(members: &[(&str, &str)], limits: Limits) -> Result<Unpacked, (Option<String>, Problem)> {
    let unpacker = Unpacker::new(1).unwrap();
    let as_tar = (tar(members), Format::Tar(Codec::Stored));
    let as_zip = (zip(members, |_| How::Stored), Format::Zip);
    let [tar, zip] = [as_tar, as_zip].map(|(bytes, format)| {
        let room = Room::new();
        let source: Arc<dyn Source> = Arc::new(bytes);
        match unpacker.unpack(&source, &room.target(), &Order { limits, ..Order::new(format) }) {
            Ok(unpacked) => Ok(unpacked),
            Err(UnpackError::Archive(error)) => Err((error.member, error.problem)),
            Err(other) => panic!("{other:?}"),
        }
    });
    assert_eq!(tar, zip, "{members:?}");
    tar
}

fn problem(members: &[(&str, &str)], limits: Limits) -> Problem {
    unpack(members, limits).unwrap_err().1
}

#[test]
fn what_is_there_is_counted() {
    let unpacked = unpack(&[("a/b/c", "123"), ("a/d/", ""), ("a/", ""), ("a/d/e", "45")], Limits::default());
    assert!(matches!(unpacked, Ok(Unpacked { files: 2, directories: 3, links: 0, bytes: 5, .. })), "{unpacked:?}");
}

#[test]
fn members_are_limited_with_the_directories_they_imply() {
    let limits = Limits { members: 3, ..Limits::default() };
    let too_many = Problem::TooManyMembers { limit: 3 };
    assert!(unpack(&[("a", ""), ("b", ""), ("c", "")], limits).is_ok());
    assert_eq!(problem(&[("a", ""), ("b", ""), ("c", ""), ("d", "")], limits), too_many);
    assert!(unpack(&[("x/a", ""), ("x/b", "")], limits).is_ok());
    assert_eq!(problem(&[("x/a", ""), ("y/b", "")], limits), too_many);
    assert_eq!(problem(&[("w/x/y/z", "")], limits), too_many);
    // A member that says the same again is one, too.
    assert_eq!(problem(&[("x/", ""), ("x/", ""), ("x/", ""), ("x/", "")], limits), too_many);
}

#[test]
fn names_are_limited_in_sum() {
    let limits = Limits { names: 20, ..Limits::default() };
    let too_long = Problem::NamesTooLong { limit: 20 };
    assert!(unpack(&[("0123456789", ""), ("1234567890", "")], limits).is_ok());
    assert_eq!(problem(&[("0123456789", ""), ("12345678901", "")], limits), too_long);
    // 9 bytes, and 7, 5, 3 and 1 of the directories.
    assert_eq!(problem(&[("a/b/c/d/e", "")], limits), too_long);
}

#[test]
fn bytes_are_limited() {
    let limits = Limits { bytes: 5, ..Limits::default() };
    assert!(unpack(&[("a", "123"), ("b", "45")], limits).is_ok());
    assert_eq!(problem(&[("a", "123"), ("b", "456")], limits), Problem::TooManyBytes { limit: 5 });
}

#[test]
fn a_name_stands_for_one_thing() {
    let limits = Limits::default();
    let not_directory = |parent: &str| Problem::NotDirectory { parent: parent.to_owned() };
    for (members, member, expected) in [
        (&[("a", "1"), ("a", "1")][..], "a", Problem::Twice),
        (&[("a", "1"), ("./a", "2")], "a", Problem::Twice),
        (&[("a/", ""), ("a", "1")], "a", Problem::Twice),
        (&[("a", "1"), ("a/", "")], "a", Problem::Twice),
        (&[("a/b", "1"), ("a", "1")], "a", Problem::Twice),
        (&[("a", "1"), ("a/b", "1")], "a/b", not_directory("a")),
        (&[("a", "1"), ("a/b/c/", "")], "a/b/c", not_directory("a")),
    ] {
        assert_eq!(unpack(members, limits), Err((Some(member.to_owned()), expected)), "{members:?}");
    }
    assert!(unpack(&[("a", "1"), ("A", "2"), ("b/", ""), ("b/", ""), ("b/c", "3")], limits).is_ok());
}

#[test]
fn whoever_watches_is_told_once_of_each_file() {
    let unpacker = Unpacker::new(2).unwrap();
    let members = [("a/b", "123"), ("c/", ""), ("d", "")];
    for (bytes, format) in [
        (tar(&members), Format::Tar(Codec::Stored)),
        (zip(&members, |_| How::Deflated), Format::Zip),
        (zip(&members, |_| How::Described), Format::Zip),
        (zip(&members, |_| How::Repeated), Format::Zip),
    ] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        let order = Order {
            observe: Arc::new(move |written| hears.lock().unwrap().push((written.name.to_owned(), written.size))),
            ..Order::new(format)
        };
        let source: Arc<dyn Source> = Arc::new(bytes);
        unpacker.unpack(&source, &Room::new().target(), &order).unwrap();
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        told.sort();
        assert_eq!(told, [("a/b".to_owned(), 3), ("d".to_owned(), 0)], "{format:?}");
    }
}
