//! The growing file: written, read behind the writer, compared, hashed. Bytes a second.
//!
//! Set `TMPDIR` to measure another file system. Memory that the host has to hand out first is seven times as slow: the
//! fastest sample says more than the mean.

use std::hint::black_box;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use divan::Bencher;
use divan::counter::BytesCount;
use tempfile::TempDir;
use towline_store::{Algorithm, Claim, Hasher, Key, Spool, Store};

fn main() {
    divan::main();
}

const SIZE: usize = 64 * 1024 * 1024;
/// Sizes of one append: a slow network's, ours (see `docs/performance.md`), a fast one's.
const PIECES: [usize; 3] = [16 * 1024, 128 * 1024, 512 * 1024];

fn spool(dir: &TempDir) -> Spool {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let store = Store::open(dir.path()).expect("the folder is ours");
    let key = Key::of_url(&format!("https://example.org/{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    match store.claim(&key).expect("the folder is ours") {
        Claim::Lead(spool) => spool,
        Claim::Follow(_) => panic!("nobody else is at a fresh key"),
    }
}

fn fill(spool: &mut Spool, bytes: &[u8], piece: usize) {
    for part in bytes.chunks(piece) {
        spool.append(part).expect("the disk has room");
    }
}

/// Appends alone.
#[divan::bench(args = PIECES, sample_count = 10, sample_size = 1)]
fn append(bencher: Bencher<'_, '_>, piece: usize) {
    let dir = TempDir::new().expect("a folder");
    let bytes = vec![7; SIZE];
    bencher.counter(BytesCount::new(SIZE)).with_inputs(|| spool(&dir)).bench_local_values(|mut spool| {
        fill(&mut spool, &bytes, piece);
        spool
    });
}

/// Appends with a hasher right behind, to the digest.
#[divan::bench(args = PIECES, sample_count = 10, sample_size = 1)]
fn append_and_hash(bencher: Bencher<'_, '_>, piece: usize) {
    let dir = TempDir::new().expect("a folder");
    let bytes = vec![7; SIZE];
    bencher.counter(BytesCount::new(SIZE)).with_inputs(|| spool(&dir)).bench_local_values(|mut spool| {
        let hasher = Hasher::follow(&spool, Algorithm::Sha256).expect("a thread");
        fill(&mut spool, &bytes, piece);
        black_box(hasher.finish(spool.len()).expect("the bytes are there"));
        spool
    });
}

/// Hashes what an earlier run left.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn hash(bencher: Bencher<'_, '_>) {
    let dir = TempDir::new().expect("a folder");
    let mut spool = spool(&dir);
    fill(&mut spool, &vec![7; SIZE], 512 * 1024);
    bencher.counter(BytesCount::new(SIZE)).bench_local(|| {
        Hasher::follow(&spool, Algorithm::Sha256).expect("a thread").finish(spool.len()).expect("the bytes are there")
    });
}

/// Reads what is there.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>) {
    let dir = TempDir::new().expect("a folder");
    let mut spool = spool(&dir);
    fill(&mut spool, &vec![7; SIZE], 512 * 1024);
    let mut buffer = vec![0; 256 * 1024];
    bencher.counter(BytesCount::new(SIZE)).bench_local(|| {
        let mut reader = spool.reader();
        let mut left = SIZE;
        while left > 0 {
            left -= reader.read(&mut buffer).expect("the bytes are there");
        }
    });
}

/// Reads on another thread, right behind the writer.
#[divan::bench(args = [1, 4], sample_count = 10, sample_size = 1)]
fn append_and_follow(bencher: Bencher<'_, '_>, readers: usize) {
    let dir = TempDir::new().expect("a folder");
    let bytes = vec![7; SIZE];
    bencher.counter(BytesCount::new(SIZE)).with_inputs(|| spool(&dir)).bench_local_values(|mut spool| {
        thread::scope(|scope| {
            for _ in 0..readers {
                let mut reader = spool.reader();
                scope.spawn(move || std::io::copy(&mut reader, &mut std::io::sink()).expect("the bytes come"));
            }
            fill(&mut spool, &bytes, 128 * 1024);
            spool.complete().expect("the disk has room");
        });
        spool
    });
}

/// Compares bytes that come again with those that are held.
#[divan::bench(args = PIECES, sample_count = 10, sample_size = 1)]
fn matches(bencher: Bencher<'_, '_>, piece: usize) {
    let dir = TempDir::new().expect("a folder");
    let bytes = vec![7; SIZE];
    let mut spool = spool(&dir);
    fill(&mut spool, &bytes, 512 * 1024);
    bencher.counter(BytesCount::new(SIZE)).bench_local(|| {
        for at in (0..SIZE).step_by(piece) {
            let differs = spool.matches(at as u64, &bytes[at..at + piece]).expect("the bytes are there");
            assert_eq!(differs, None);
        }
    });
}
