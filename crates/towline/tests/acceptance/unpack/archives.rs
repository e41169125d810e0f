//! Six archives as they are brought: wheels, source distributions, interpreters, each 17 to 40 MB. Made once a process,
//! the same on every machine.

use std::io::Write;
use std::sync::OnceLock;

use flate2::{Compression, write::GzEncoder};
use towline_faults::Content;

use super::trees::{Node, Nodes, put};
use super::wheels::Wheel;
use super::zips::{How, Zip};

/// An archive, and what it has to become.
pub(super) struct Archive {
    /// Its file name.
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) nodes: Nodes,
    /// Files, hard links included.
    pub(super) files: u64,
    /// Symbolic links.
    pub(super) links: u64,
    /// Bytes in the files.
    pub(super) bytes: u64,
}

/// A member to be.
enum Member {
    File { name: String, size: u64, runs: bool },
    Link { name: &'static str, to: &'static str },
    Hard { name: &'static str, to: &'static str },
}

/// The six, by what is special about them.
pub(super) const ALL: [fn() -> &'static Archive; 6] =
    [many, big, sdist_tar, sdist_zip, interpreter_gzip, interpreter_zstd];

macro_rules! once {
    ($(#[$text:meta] $name:ident = $make:expr;)*) => {
        $(#[$text]
        pub(super) fn $name() -> &'static Archive {
            static MADE: OnceLock<Archive> = OnceLock::new();
            MADE.get_or_init(|| $make)
        })*
    };
}

once! {
    /// A wheel for claims that no size matters to.
    small = wheel("small", crowd(60, 100, 20_000));
    /// A source distribution for such.
    small_tar = tarred("sdist-1.0.tar.gz", source().into_iter().step_by(20).collect(), gzip);
    /// A wheel of some members and two megabytes, which a paced link brings in a second.
    medium = wheel("medium", crowd(300, 500, 18_000));
    /// A source distribution like that.
    medium_tar = tarred("sdist-1.0.tar.gz", source().into_iter().step_by(10).collect(), gzip);
    /// The older form.
    medium_zip = zipped("sdist-1.0.zip", source().into_iter().step_by(10).collect());
    /// A wheel that becomes many times its size: the unpack takes longer than the download.
    dense = wheel("dense", dense_members());
    /// A source distribution like that.
    dense_tar = tarred("dense-1.0.tar.gz", dense_members(), gzip);
    /// A wheel of 3,000 members.
    many = wheel("many", crowd(3_000 - 3, 500, 20_000));
    /// A wheel with one member that is nearly all of it.
    big = wheel("big", big_members());
    /// A source distribution as they are today.
    sdist_tar = tarred("sdist-1.0.tar.gz", source(), gzip);
    /// One as they were.
    sdist_zip = zipped("sdist-1.0.zip", source());
    /// An interpreter with links and programs.
    interpreter_gzip = tarred("cpython-3.12.99-x86_64-unknown-linux-gnu-install_only.tar.gz", python(), gzip);
    /// The same, compressed otherwise.
    interpreter_zstd = tarred("cpython-3.12.99-x86_64-unknown-linux-gnu-install_only.tar.zst", python(), zstd);
}

impl Archive {
    /// Of any bytes.
    pub(super) fn of(name: impl Into<String>, bytes: Vec<u8>, nodes: Nodes) -> Self {
        let name = name.into();
        let count = |which: fn(&Node) -> bool| nodes.values().filter(|node| which(node)).count() as u64;
        let files = count(|node| matches!(node, Node::File { .. }));
        let links = count(|node| matches!(node, Node::Link(_)));
        Self { name, content: Content::bytes(bytes), nodes, files, links, bytes: 0 }
    }

    /// The path of its URL.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// The folder it becomes.
    pub(super) fn stem(&self) -> &str {
        let endings = [".whl", ".zip", ".tar.gz", ".tar.zst", ".tar"];
        endings.iter().find_map(|ending| self.name.strip_suffix(ending)).unwrap_or(&self.name)
    }

    pub(super) fn size(&self) -> u64 {
        self.content.size()
    }

    pub(super) fn is_zip(&self) -> bool {
        self.name.ends_with(".whl") || self.name.ends_with(".zip")
    }
}

/// `count` files in some folders, their sizes spread between two numbers.
fn crowd(count: u64, least: u64, most: u64) -> Vec<Member> {
    let size = |at: u64| {
        least
            + Content::generated(8, at).to_vec().iter().map(|&byte| u64::from(byte)).sum::<u64>() * (most - least)
                / (8 * 255)
    };
    let file =
        |at: u64| Member::File { name: format!("pkg/part{}/module{at}.py", at % 40), size: size(at), runs: false };
    (0..count).map(file).collect()
}

fn big_members() -> Vec<Member> {
    let mut members = crowd(60, 100, 30_000);
    members.insert(30, Member::File { name: "pkg/big.so".to_owned(), size: 24_000_000, runs: true });
    members
}

fn source() -> Vec<Member> {
    let under = |name: String| format!("sdist-1.0/{name}");
    let mut members = crowd(1_000, 100, 60_000);
    for member in &mut members {
        if let Member::File { name, .. } = member {
            *name = under(std::mem::take(name));
        }
    }
    let file = |name: &str, size, runs| Member::File { name: under(name.to_owned()), size, runs };
    members.extend([file("PKG-INFO", 900, false), file("configure", 20_000, true), file("empty.py", 0, false)]);
    members
}

fn python() -> Vec<Member> {
    let file = |name: &str, size, runs| Member::File { name: name.to_owned(), size, runs };
    let mut members = vec![
        Member::Link { name: "python/bin/python", to: "python3.12" },
        Member::Link { name: "python/bin/python3", to: "python3.12" },
        file("python/bin/python3.12", 9_000_000, true),
        file("python/lib/libpython3.12.so.1.0", 9_000_000, true),
        Member::Link { name: "python/lib/libpython3.12.so", to: "libpython3.12.so.1.0" },
        Member::Hard { name: "python/bin/python3.12-again", to: "python/bin/python3.12" },
        Member::Link { name: "python/share/lib", to: "../lib" },
    ];
    let library = crowd(1_200, 200, 16_000).into_iter().map(|member| match member {
        Member::File { name, size, runs } => {
            Member::File { name: name.replacen("pkg/", "python/lib/python3.12/", 1), size, runs }
        }
        link => link,
    });
    members.extend(library);
    members
}

fn dense_members() -> Vec<Member> {
    let file = |at| Member::File { name: format!("dense-1.0/part{at}.txt"), size: 3_000_000, runs: false };
    (0..60).map(file).collect()
}

/// Content that neither compresses to nothing nor not at all: random blocks and text.
pub(super) fn content(name: &str, size: u64) -> Vec<u8> {
    if name.starts_with("dense") {
        let block = mixed(3 * 4096, seed(name));
        let mut content = [&block[..], &[0; 500_000]].concat().repeat(size as usize / 500_000);
        content.truncate(size as usize);
        return content;
    }
    mixed(size, seed(name))
}

fn mixed(size: u64, seed: u64) -> Vec<u8> {
    let mut bytes = Content::generated(size, seed).to_vec();
    for (at, block) in bytes.chunks_mut(4096).enumerate().filter(|(at, _)| at % 3 == 2) {
        let line = format!("def function_{seed}_{at}(argument): return argument + {at}\n");
        let text = line.repeat(block.len() / line.len() + 1);
        block.copy_from_slice(&text.as_bytes()[..block.len()]);
    }
    bytes
}

/// A seed from a name (FNV-1a).
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A wheel that keeps all rules. Some members are not compressed.
fn wheel(name: &str, members: Vec<Member>) -> Archive {
    let mut wheel = Wheel::new(name, Zip::new());
    for (at, member) in members.iter().enumerate() {
        let Member::File { name, size, runs } = member else { continue };
        let how = if at % 50 == 7 { How::Stored } else { How::Deflated };
        wheel.add(name, &mut &*content(name, *size), *runs, how);
    }
    let (zip, nodes, bytes) = wheel.finish();
    Archive { bytes, ..Archive::of(file_name(name), zip.into_inner(), nodes) }
}

/// Of a wheel.
pub(super) fn file_name(name: &str) -> String {
    format!("{name}-1.0-py3-none-any.whl")
}

/// A zip where every third member of the second half has its sizes behind it.
fn zipped(name: &str, members: Vec<Member>) -> Archive {
    let (mut zip, mut nodes, mut bytes) = (Zip::new(), Nodes::new(), 0);
    for (at, member) in members.iter().enumerate() {
        let Member::File { name, size, runs } = member else { continue };
        let content = content(name, *size);
        zip.file(name, &content, *runs, if at > 500 && at % 3 == 0 { How::Described } else { How::Deflated });
        put(&mut nodes, name, Node::file(&content, *runs));
        bytes += size;
    }
    Archive { bytes, ..Archive::of(name, zip.bytes(), nodes) }
}

type Compress = fn(&[u8]) -> Vec<u8>;

fn tarred(name: &str, members: Vec<Member>, compress: Compress) -> Archive {
    let (mut tar, mut nodes, mut bytes) = (tar::Builder::new(Vec::new()), Nodes::new(), 0);
    for member in &members {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(1_700_000_000);
        match member {
            Member::File { name, size, runs } => {
                let content = content(name, *size);
                header.set_entry_type(tar::EntryType::Regular);
                header.set_mode(if *runs { 0o755 } else { 0o644 });
                header.set_size(*size);
                tar.append_data(&mut header, name, &*content).expect("a member");
                put(&mut nodes, name, Node::file(&content, *runs));
                bytes += size;
            }
            Member::Link { name, to } => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                tar.append_link(&mut header, name, to).expect("a link");
                put(&mut nodes, name, Node::Link((*to).to_owned()));
            }
            Member::Hard { name, to } => {
                header.set_entry_type(tar::EntryType::Link);
                header.set_mode(0o755);
                header.set_size(0);
                tar.append_link(&mut header, name, to).expect("a link");
                let same = nodes.get(*to).cloned().expect("what it is the same as");
                put(&mut nodes, name, same);
                bytes += size_of(&members, to);
            }
        }
    }
    let tar = tar.into_inner().expect("the end of the tar");
    Archive { bytes, ..Archive::of(name, compress(&tar), nodes) }
}

/// Of the file that a hard link is.
fn size_of(members: &[Member], wanted: &str) -> u64 {
    let size = |member: &Member| match member {
        Member::File { name, size, .. } if name == wanted => Some(*size),
        _ => None,
    };
    members.iter().find_map(size).unwrap_or_default()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("it can be compressed")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.include_checksum(true).expect("with a checksum");
    encoder.write_all(bytes).expect("it can be compressed");
    encoder.finish().expect("it can be compressed")
}

#[test]
fn the_archives_are_as_large_as_the_claims_are_about() {
    for archive in ALL {
        let archive = archive();
        let (mb, members) = (archive.size() / 1_000_000, archive.files + archive.links);
        crate::support::figure("archive", &format!("{}: {mb} MB, {members} members", archive.name));
        assert!((17..=40).contains(&mb), "{}: {mb} MB", archive.name);
    }
}
