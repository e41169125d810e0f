//! Archives that are made to fill disk, memory or time: each is refused early.

use std::io::{self, Read, Write};
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};

use super::archives::{Archive, gzip};
use super::memory::MOST;
use super::trees::Nodes;
use super::zips::{How, Zip};
use super::{Vouch, case, listed, staged};
use crate::interruptions::process::{Process, command, pause};
use crate::support::{Case, figure, files_under, full};

/// What may be on the disk before a bomb is known for one: the bytes up to which the ratio does not matter, and a buffer.
const FREE: u64 = (64 << 20) + (8 << 20);

/// What was seen of a bomb.
struct Seen {
    /// Most bytes of the tree on the disk, in KiB of memory, and in seconds.
    disk: u64,
    peak: u64,
    took: Duration,
}

/// Brings a bomb, looks at disk and memory meanwhile, and expects that it is refused for a reason.
#[track_caller]
fn refused(name: &str, bytes: Vec<u8>, why: &[&str], what: &str) -> Seen {
    let archive = Archive::of(name, bytes, Nodes::new());
    let (case, more) = case(&archive, Vouch::Digest, |script| script);
    let mut get = command(&case, "process");
    get.arg(case.server.url(&archive.path())).arg("-d").arg(case.out()).args(&more);
    let mut process = Process::start(&case, "process", get);
    let (status, mut disk, mut peak) = (format!("/proc/{}/status", process.child.id()), 0, 0);
    while process.is_running() {
        disk = disk.max(on_disk(&case));
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        peak = peak.max(kib.unwrap_or_default());
        pause();
    }
    let (run, _) = process.end();
    assert_eq!(run.code, Some(5), "{what}\n{}", run.stderr);
    assert!(why.iter().any(|why| run.stderr.contains(why)), "{what}: none of {why:?}\n{}", run.stderr);
    assert_eq!((listed(&case), staged(&case)), (vec![], 0), "{what}: left");
    let told = run.events.iter().filter_map(|event| event["bytes"].as_u64()).max().unwrap_or_default();
    disk = disk.max(told);
    let (size, took) = (archive.size(), run.took);
    figure(
        "bomb",
        &format!(
            "{what}, {size} bytes: exit code 5 after {:.2} s, {disk} bytes on the disk, {:.1} MiB of memory",
            took.as_secs_f64(),
            peak as f64 / 1024.0
        ),
    );
    assert!(disk <= FREE, "{what}: {disk} bytes on the disk");
    assert!(peak < MOST, "{what}: {peak} KiB");
    Seen { disk, peak, took }
}

/// Bytes of the tree that is being made.
fn on_disk(case: &Case) -> u64 {
    let staging = case.dir.path().join("cache/staging");
    files_under(&staging).iter().filter_map(|path| path.metadata().ok()).map(|found| found.len()).sum()
}

/// A zip that is compressed as hard as can be.
fn dense() -> Zip<io::Cursor<Vec<u8>>> {
    let mut zip = Zip::new();
    zip.level = Compression::best();
    zip
}

/// Zeros.
fn zeros(size: u64) -> io::Take<io::Repeat> {
    io::repeat(0).take(size)
}

/// A gzip of what is read.
fn gzipped(content: &mut dyn Read) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(content, &mut encoder).and_then(|_| encoder.finish()).expect("it can be compressed")
}

/// A tar of one file of zeros.
fn tar_of_zeros(size: u64) -> impl Read {
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros-1.0/zeros").expect("a name");
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    io::Cursor::new(header.as_bytes().to_vec()).chain(zeros(size.next_multiple_of(512) + 1024))
}

const WHEEL: &str = "bomb-1.0-py3-none-any.whl";
/// Four times what is free of the ratio.
const MUCH: u64 = 1 << 28;

#[test]
fn a_bomb_by_its_ratio_is_refused_before_it_fills_the_disk() {
    let mut zip = dense();
    zip.from("zeros", &mut zeros(MUCH), false, How::Deflated).expect("a member");
    refused(WHEEL, zip.bytes(), &["more than 250 for one"], "wheel with 256 MiB of zeros");
    let mut zip = dense();
    zip.from("zeros", &mut zeros(MUCH), false, How::Described).expect("a member");
    refused("bomb-1.0.zip", zip.bytes(), &["more than 250 for one"], "zip with 256 MiB of zeros, sizes behind it");
    let mut zip = dense();
    for at in 0..64 {
        zip.from(&format!("zeros{at}"), &mut zeros(MUCH / 64), false, How::Deflated).expect("a member");
    }
    refused(WHEEL, zip.bytes(), &["more than 250 for one"], "wheel with 64 times 4 MiB of zeros");
    let bomb = gzipped(&mut tar_of_zeros(MUCH));
    refused("zeros-1.0.tar.gz", bomb, &["more than 250 for one"], "tar.gz with 256 MiB of zeros");
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    io::copy(&mut tar_of_zeros(MUCH), &mut encoder).expect("it can be compressed");
    let bomb = encoder.finish().expect("it can be compressed");
    refused("zeros-1.0.tar.zst", bomb, &["more than 250 for one"], "tar.zst with 256 MiB of zeros");
}

/// Where the sizes say that all is well.
#[test]
fn a_member_that_becomes_more_than_it_says_is_refused_at_that_size() {
    let mut zip = dense();
    zip.from("zeros", &mut zeros(MUCH), false, How::Deflated).expect("a member");
    let mut bytes = zip.bytes();
    // The size in the local header, and in the directory.
    bytes[22..26].copy_from_slice(&1000_u32.to_le_bytes());
    let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").expect("the directory");
    bytes[at + 24..at + 28].copy_from_slice(&1000_u32.to_le_bytes());
    let seen = refused(WHEEL, bytes, &["bytes come out", "damaged", "checksum"], "256 MiB in a member of 1,000 bytes");
    assert!(seen.disk <= 1 << 20, "{} bytes on the disk", seen.disk);
}

#[test]
fn a_bomb_by_its_count_is_refused() {
    // Claimed, but not there.
    let mut zip = Zip::new();
    (0..10).for_each(|at| zip.file(&format!("{at}"), b"x", false, How::Stored));
    zip.claimed = Some(2_000_000);
    let seen = refused(
        WHEEL,
        zip.bytes(),
        &["members", "not a valid zip", "elsewhere"],
        "2,000,000 members claimed, 10 there",
    );
    assert!(seen.took < Duration::from_secs(5), "{:?}", seen.took);
    // There, in a tar: one folder again and again takes no room on the disk.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_path("bomb-1.0/").expect("a name");
    header.set_mode(0o755);
    header.set_size(0);
    header.set_cksum();
    let block = header.as_bytes().to_vec();
    let count = 500_001 * 512;
    let mut blocks = Repeated { block, at: 0 }.take(count).chain(zeros(1024));
    let why = ["more than 500000 members", "more than 250 for one"];
    refused("bomb-1.0.tar.gz", gzipped(&mut blocks), &why, "500,001 members of a tar.gz");
    // Not compressed, so that nothing but the count is against it.
    if full() {
        let mut tar = Vec::new();
        let block = header.as_bytes().to_vec();
        Repeated { block, at: 0 }.take(count).chain(zeros(1024)).read_to_end(&mut tar).expect("a tar");
        refused("bomb-1.0.tar", tar, &why[..1], "500,001 members of a tar");
        let mut zip = Zip::new();
        (0..500_001).for_each(|at| zip.file(&format!("d{}/", at % 100), b"", false, How::Stored));
        refused("bomb-1.0.zip", zip.bytes(), &why[..1], "500,001 members of a zip");
    }
}

/// Bytes again and again.
struct Repeated {
    block: Vec<u8>,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = &self.block[self.at..];
        let read = piece.len().min(into.len());
        into[..read].copy_from_slice(&piece[..read]);
        self.at = (self.at + read) % self.block.len();
        Ok(read)
    }
}

#[test]
fn a_bomb_by_its_depth_is_refused() {
    let deep = "d/".repeat(129) + "file";
    let mut zip = Zip::new();
    zip.file(&deep, b"x", false, How::Stored);
    refused(WHEEL, zip.bytes(), &["too deep"], "130 folders in a wheel");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(1);
    header.set_mode(0o644);
    tar.append_data(&mut header, &deep, &b"x"[..]).expect("a member");
    let bytes = tar.into_inner().expect("a tar");
    refused("bomb-1.0.tar.gz", gzip(&bytes), &["too deep"], "130 folders in a tar.gz");
}

#[test]
fn a_sparse_tar_that_claims_a_terabyte_is_refused() {
    // GNU sparse, old form: a real size far behind one piece of data.
    let mut header = tar::Header::new_gnu();
    header.set_path("bomb-1.0/sparse").expect("a name");
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_size(512);
    let gnu = header.as_gnu_mut().expect("a GNU header");
    gnu.sparse[0].offset.copy_from_slice(b"00000000000\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000001000\0");
    gnu.realsize.copy_from_slice(b"77777777777\0");
    header.set_cksum();
    let bytes = [header.as_bytes().to_vec(), vec![0; 512 + 1024]].concat();
    let seen = refused("bomb-1.0.tar.gz", gzip(&bytes), &["not unpacked", "not supported"], "sparse tar, old form");
    assert!(seen.disk <= 1 << 20, "{} bytes on the disk", seen.disk);
    // In pax records.
    let records = ["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=1000000000000"];
    let bytes = with_pax(&records, 512, &[b'0'; 512]);
    let seen = refused("bomb-1.0.tar.gz", gzip(&bytes), &["not unpacked", "not supported"], "sparse tar, pax form");
    assert!(seen.disk <= 1 << 20, "{} bytes on the disk", seen.disk);
}

/// A tar of one file with pax records before it.
fn with_pax(records: &[&str], size: u64, content: &[u8]) -> Vec<u8> {
    let record = |text: &&str| {
        // A record begins with its own length, digits included.
        let rest = text.len() + 2;
        let digits = (1..).find(|digits| (rest + digits).to_string().len() == *digits).expect("a length");
        format!("{} {text}\n", rest + digits)
    };
    let text: String = records.iter().map(record).collect();
    let mut header = tar::Header::new_ustar();
    header.set_path("pax").expect("a name");
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_size(text.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    let mut header = tar::Header::new_ustar();
    header.set_path("bomb-1.0/file").expect("a name");
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    bytes.extend(header.as_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes
}

#[test]
fn sizes_that_contradict_each_other_or_are_not_there_are_refused() {
    let rows: [(&str, &[&str], u64); 4] = [
        ("pax says a terabyte, the header 10", &["size=1000000000000"], 10),
        ("pax says 10, the header 8 GB", &["size=10"], (8 << 30) - 1),
        ("two sizes in pax", &["size=10", "size=1000000000000"], 10),
        ("a size that is no number", &["size=-10"], 10),
    ];
    for (what, records, size) in rows {
        let bytes = with_pax(records, size, b"0123456789");
        let why = ["the archive ends", "not a valid tar", "elsewhere", "more than"];
        let seen = refused("bomb-1.0.tar.gz", gzip(&bytes), &why, what);
        assert!(seen.disk <= 1 << 20 && seen.peak < MOST, "{what}: {} bytes on the disk", seen.disk);
    }
    // A zip whose member claims 4 GB and has ten bytes.
    let mut zip = Zip::new();
    zip.file("file", b"0123456789", false, How::Stored);
    let mut bytes = zip.bytes();
    let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").expect("the directory");
    for place in [18, 22, at + 20, at + 24] {
        bytes[place..place + 4].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    }
    let why = ["the archive ends", "not a valid zip", "elsewhere", "overlap"];
    refused("bomb-1.0.zip", bytes, &why, "a zip member that claims 4 GB and has 10 bytes");
}

/// Members that share one piece of data (David Fifield, "A better zip bomb", 2019).
#[test]
fn members_that_overlap_are_refused() {
    let mut zip = Zip::new();
    let content: Vec<u8> = super::archives::content("kernel", 1 << 20);
    zip.file("kernel", &content, false, How::Stored);
    let mut crc = flate2::Crc::new();
    crc.update(&content);
    for at in 0..5_000 {
        zip.list(&format!("copy{at}"), How::Stored, [crc.sum(), 1 << 20, 1 << 20], 0o100_644, 0);
    }
    let why = ["overlap", "elsewhere", "not a valid zip", "another member"];
    let seen = refused("bomb-1.0.zip", zip.bytes(), &why, "5,000 members that are one");
    assert!(seen.disk <= 2 << 20, "{} bytes on the disk", seen.disk);
}

#[test]
fn a_stream_that_goes_on_behind_the_tar_is_not_written() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let small = with_pax(&["comment=none"], 10, b"0123456789");
    encoder.write_all(&small).expect("it can be compressed");
    io::copy(&mut zeros(MUCH), &mut encoder).expect("it can be compressed");
    let bytes = encoder.finish().expect("it can be compressed");
    let seen =
        refused("bomb-1.0.tar.gz", bytes, &["more than 250 for one"], "256 MiB of zeros behind the end of a tar");
    assert!(seen.disk <= 1 << 20, "{} bytes on the disk", seen.disk);
}
