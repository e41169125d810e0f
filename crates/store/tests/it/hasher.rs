use std::thread;

use sha2::{Digest as _, Sha256};
use towline_store::{Algorithm, Digest, HashError, Hasher};

use crate::place::Place;

fn digest(bytes: &[u8]) -> Digest {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Digest::sha256(&hex).unwrap()
}

fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|index| ((index * 31 + seed * 7) % 251) as u8).collect()
}

#[test]
fn the_digest_is_right_for_any_size_and_piece() {
    for len in [0, 1, 55, 64, 4096, 256 * 1024, 256 * 1024 + 1, 1_000_003] {
        for piece in [1 + len / 7, 16 * 1024, 300 * 1024] {
            let place = Place::new();
            let mut spool = place.lead();
            let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
            let all = bytes(len, 1);
            all.chunks(piece).for_each(|piece| spool.append(piece).unwrap());
            assert_eq!(hasher.finish(len as u64).unwrap(), digest(&all), "{len} by {piece}");
            spool.complete().unwrap();
            assert_eq!(hasher.finish(len as u64).unwrap(), digest(&all), "again, after the end");
        }
    }
}

#[test]
fn every_algorithm_is_hashed_along() {
    let all = bytes(700_001, 3);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let place = Place::new();
        let mut spool = place.lead();
        let hasher = Hasher::follow(&spool, algorithm).unwrap();
        spool.append(&bytes(300_000, 1)).unwrap();
        spool.cut(0).unwrap();
        all.chunks(100_000).for_each(|piece| spool.append(piece).unwrap());
        assert_eq!(hasher.finish(700_001).unwrap(), Digest::of(algorithm, &all[..]).unwrap(), "{algorithm}");
    }
}

#[test]
fn bytes_of_an_earlier_run_are_hashed_too() {
    let place = Place::new();
    let all = bytes(700_000, 3);
    place.lead().append(&all[..500_000]).unwrap();
    let mut spool = place.lead();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    spool.append(&all[500_000..]).unwrap();
    assert_eq!(hasher.finish(700_000).unwrap(), digest(&all));
}

/// A digest that a cut made stale must never come back, wherever the thread was.
#[test]
fn a_cut_starts_the_hash_over() {
    let place = Place::new();
    let mut spool = place.lead();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    let mut model = Vec::new();
    for round in 0..200 {
        let piece = bytes(1000 + 1511 * (round % 97), round);
        spool.append(&piece).unwrap();
        model.extend(&piece);
        if round % 3 == 0 {
            assert_eq!(hasher.finish(model.len() as u64).unwrap(), digest(&model), "round {round}");
        }
        if round % 5 == 0 {
            let at = model.len() * (round % 7) / 7;
            spool.cut(at as u64).unwrap();
            model.truncate(at);
            // The same length again, with other bytes.
            let piece = bytes(4000, round + 1);
            spool.append(&piece).unwrap();
            model.extend(&piece);
            assert_eq!(hasher.finish(model.len() as u64).unwrap(), digest(&model), "after the cut of round {round}");
        }
    }
}

#[test]
fn the_same_length_with_other_bytes_has_another_digest() {
    let place = Place::new();
    let mut spool = place.lead();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    for round in 0..500 {
        let piece = bytes(64, round);
        spool.cut(0).unwrap();
        spool.append(&piece).unwrap();
        assert_eq!(hasher.finish(64).unwrap(), digest(&piece), "round {round}");
    }
}

#[test]
fn a_wrong_length_is_refused_at_once() {
    let place = Place::new();
    let mut spool = place.lead();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    spool.append(b"abc").unwrap();
    for asked in [0, 2, 4] {
        assert!(matches!(hasher.finish(asked), Err(HashError::Length { len: 3, .. })), "{asked}");
    }
    drop(spool);
    assert_eq!(hasher.finish(3).unwrap(), digest(b"abc"));
}

#[test]
fn two_may_wait_for_one_digest() {
    let place = Place::new();
    let mut spool = place.lead();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    let all = bytes(900_001, 5);
    spool.append(&all).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(hasher.finish(900_001).unwrap(), digest(&all)));
        }
    });
}

#[test]
fn a_dropped_hasher_lets_its_thread_go() {
    let place = Place::new();
    let spool = place.lead();
    let named = || {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.trim() == "towline-hash").count()
    };
    let hashers: Vec<_> = (0..50).map(|_| Hasher::follow(&spool, Algorithm::Sha256).unwrap()).collect();
    drop(hashers);
    // Other tests of this binary hash too, but not with fifty threads.
    let started = std::time::Instant::now();
    while named() > 25 {
        assert!(started.elapsed().as_secs() < 10, "the threads are still there");
        thread::yield_now();
    }
}

#[test]
fn a_file_cut_from_outside_is_an_error() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(&bytes(1000, 1)).unwrap();
    std::fs::File::options().write(true).open(spool.path()).unwrap().set_len(10).unwrap();
    let hasher = Hasher::follow(&spool, Algorithm::Sha256).unwrap();
    for _ in 0..2 {
        assert!(matches!(hasher.finish(1000), Err(HashError::Read(_))));
    }
}
