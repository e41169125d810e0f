//! No set of links that is taken leads out of the target.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use proptest::{collection::vec, prelude::*, sample::select};
use tempfile::TempDir;
use towline_unpack::{Format, Order, UnpackError, Unpacker};

use crate::{blocks::Tar, room::scratch};

/// What members are called, so that links meet them.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A target deep in folders in which every name leads on, so that a link that gets out arrives somewhere.
struct Trap {
    outer: TempDir,
    target: PathBuf,
}

impl Trap {
    fn new() -> Self {
        let outer = scratch();
        let target = (0..6).fold(fs::canonicalize(outer.path()).unwrap(), |at, _| at.join("deep")).join("target");
        fs::create_dir_all(&target).unwrap();
        let mut at = target.clone();
        while at.pop() && at.starts_with(fs::canonicalize(outer.path()).unwrap()) {
            for name in NAMES {
                symlink(".", at.join(name)).unwrap();
            }
        }
        Self { outer, target }
    }

    fn empty(&self) {
        fs::remove_dir_all(&self.target).unwrap();
        fs::create_dir(&self.target).unwrap();
    }

    /// The names in the target that lead out of it.
    fn escapes(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut left = vec![self.target.clone()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.symlink_metadata().unwrap().is_dir() {
                    left.push(path.clone());
                }
                // And what is behind a link is looked for by every name it could have.
                for beyond in NAMES.iter().map(|name| path.join(name)).chain([path.clone()]) {
                    match fs::canonicalize(&beyond) {
                        Ok(real) if !real.starts_with(&self.target) => found.push(beyond),
                        Ok(_) => {}
                        Err(error) => assert!(is_dangling(&error), "{}: {error}", beyond.display()),
                    }
                }
            }
        }
        found
    }
}

/// A link to nothing, in a circle, or through a file.
fn is_dangling(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

#[derive(Debug, Clone)]
enum Member {
    Directory(String),
    File(String),
    Link(String, String),
    Hard(String, String),
}

fn name() -> impl Strategy<Value = String> {
    let depth = prop_oneof![4 => Just(1_usize), 2 => Just(2), 1 => Just(3)];
    depth.prop_flat_map(|depth| vec(select(&NAMES[..]), depth)).prop_map(|parts| parts.join("/"))
}

fn target() -> impl Strategy<Value = String> {
    let climb = prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2)];
    let part = prop_oneof![4 => select(&NAMES[..]), 1 => Just("."), 2 => Just("..")];
    (climb, vec(part, 0..4)).prop_map(|(climb, parts)| [vec![".."; climb], parts].concat().join("/"))
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    let member = prop_oneof![
        2 => name().prop_map(Member::Directory),
        1 => name().prop_map(Member::File),
        5 => (name(), target()).prop_map(|(name, target)| Member::Link(name, target)),
        1 => (name(), name()).prop_map(|(name, target)| Member::Hard(name, target)),
    ];
    vec(member, 1..14)
}

fn tar(members: &[Member]) -> Vec<u8> {
    let add = |tar: Tar, member: &Member| match member {
        Member::Directory(name) => tar.directory(name),
        Member::File(name) => tar.file(name, "x"),
        Member::Link(name, target) => tar.symlink(name, target),
        Member::Hard(name, target) => tar.hard_link(name, target),
    };
    members.iter().fold(Tar::default(), add).end()
}

/// Unpacks what is left of the members when those that are refused are taken away.
fn unpack(unpacker: &Unpacker, trap: &Trap, mut members: Vec<Member>) -> Vec<Member> {
    let order = Order::new(Format::Tar(towline_unpack::Codec::Stored));
    loop {
        trap.empty();
        let source: std::sync::Arc<dyn towline_unpack::Source> = std::sync::Arc::new(tar(&members));
        match unpacker.unpack(&source, &trap.target, &order) {
            Ok(_) => return members,
            Err(UnpackError::Archive(error)) if error.member.is_some() => {
                // Files are two blocks, everything else is one.
                let mut at = 0;
                let refused = members.iter().position(|member| {
                    let here = at == error.at;
                    at += if matches!(member, Member::File(_)) { 1024 } else { 512 };
                    here
                });
                members.remove(refused.unwrap());
            }
            // Nothing is left.
            Err(UnpackError::Archive(_)) => return Vec::new(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The trap does notice.
#[test]
fn a_link_that_gets_out_is_found() {
    let trap = Trap::new();
    fs::create_dir_all(trap.target.join("a/b")).unwrap();
    symlink("a/b", trap.target.join("c")).unwrap();
    assert_eq!(trap.escapes(), Vec::<PathBuf>::new());
    // Two that are harmless by themselves: c leads to a/b, and what is above it is not the target's parent.
    symlink("c/../../..", trap.target.join("b")).unwrap();
    assert!(trap.escapes().contains(&trap.target.join("b")));
    assert!(trap.outer.path().exists());
}

#[test]
fn classic_ways_out() {
    let unpacker = Unpacker::new(1).unwrap();
    let trap = Trap::new();
    for (what, members, stays) in [
        ("a link up", vec![Member::Link("a".into(), "..".into())], 0),
        // CVE-2025-59825: each is inside, and together they are not.
        (
            "two links",
            vec![Member::Link("a/b/c".into(), "../..".into()), Member::Link("b".into(), "a/b/c/..".into())],
            1,
        ),
        (
            "a chain",
            vec![
                Member::Link("a/a/a".into(), "../../b".into()),
                Member::Link("b".into(), "c".into()),
                Member::Link("c".into(), "a/a/a/../..".into()),
                Member::File("b/x".into()),
            ],
            2,
        ),
        (
            "a directory that becomes a link",
            vec![Member::Directory("a".into()), Member::Link("a".into(), ".".into()), Member::File("a/x".into())],
            2,
        ),
        (
            "a link that becomes a directory",
            vec![Member::Link("a".into(), "b".into()), Member::Directory("a".into()), Member::File("a/x".into())],
            1,
        ),
    ] {
        let left = unpack(&unpacker, &trap, members);
        assert_eq!(left.len(), stays, "{what}: {left:?}");
        assert_eq!(trap.escapes(), Vec::<PathBuf>::new(), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_set_of_links_leads_out(members in members()) {
        thread_local! {
            static TRAP: (Trap, Unpacker) = (Trap::new(), Unpacker::new(1).unwrap());
        }
        TRAP.with(|(trap, unpacker)| {
            let left = unpack(unpacker, trap, members);
            let escapes = trap.escapes();
            prop_assert!(escapes.is_empty(), "{escapes:?} of {left:?}");
            // And nothing was made outside.
            let outside = trap.target.parent().unwrap().read_dir().unwrap();
            let found = outside.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>();
            prop_assert_eq!(found, ["a", "b", "c", "target"].map(str::to_owned).into());
            prop_assert!(!Path::new("x").exists());
            Ok(())
        })?;
    }
}
