//! Kept archives.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use serde_json::json;
use towline_store::{Algorithm, Amount, Digest, Keep, State, Store};

use crate::place::{Place, forge};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn kept(place: &Place) -> (Digest, std::path::PathBuf) {
    let mut spool = place.lead();
    spool.append(b"archive").unwrap();
    let digest = Digest::of(Algorithm::Sha256, &b"archive"[..]).unwrap();
    let path = spool.keep(&place.store, &digest).unwrap();
    (digest, path)
}

#[test]
fn a_kept_archive_is_found_by_its_digest() {
    let place = Place::new();
    let digest = Digest::of(Algorithm::Sha256, &b"archive"[..]).unwrap();
    assert_eq!(place.store.archive(&digest).unwrap(), None);
    assert!(!place.store.root().exists(), "looking creates nothing");
    for _ in 0..2 {
        let (digest, path) = kept(&place);
        assert_eq!(path, place.store.root().join("archives/sha256").join(&digest.hex()[..2]).join(digest.hex()));
        assert_eq!(Store::open(place.store.root()).unwrap().archive(&digest).unwrap(), Some(path.clone()));
        assert_eq!(fs::read(path).unwrap(), b"archive");
    }
    assert!(place.files("part").is_empty());
}

#[test]
fn readers_and_followers_go_on_when_it_is_kept() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"archive").unwrap();
    let (mut reader, mut follower) = (spool.reader(), place.follow());
    spool.keep(&place.store, &Digest::of(Algorithm::Sha256, &b"archive"[..]).unwrap()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    assert_eq!(text, "archive");
    assert_eq!(follower.poll().unwrap(), State::Complete);
    follower.copy_to(place.path("copy")).unwrap();
    assert_eq!(fs::read(place.path("copy")).unwrap(), b"archive");
}

#[test]
fn an_archive_of_another_boot_is_hashed_once() {
    for (bytes, whole) in [("archive", true), ("archiv", false), ("\0\0\0\0\0\0\0", false), ("", false)] {
        let place = Place::new();
        let (digest, path) = kept(&place);
        fs::write(&path, bytes).unwrap();
        assert!(place.store.archive(&digest).unwrap().is_some(), "in its own boot nothing is read");
        forge(&path.with_extension("json"), |proof| proof["boot"] = json!("another"));
        assert_eq!(place.store.archive(&digest).unwrap().is_some(), whole, "{bytes:?}");
        assert_eq!((path.exists(), path.with_extension("json").exists()), (whole, whole));
        if whole {
            fs::write(&path, "changed").unwrap();
            assert!(place.store.archive(&digest).unwrap().is_some(), "hashed twice");
        }
    }
}

#[test]
fn an_archive_without_its_proof_is_hashed() {
    for text in [None, Some(""), Some("{\"boot\":")] {
        for (bytes, whole) in [("archive", true), ("archivE", false)] {
            let place = Place::new();
            let (digest, path) = kept(&place);
            fs::write(&path, bytes).unwrap();
            match text {
                Some(text) => fs::write(path.with_extension("json"), text).unwrap(),
                None => fs::remove_file(path.with_extension("json")).unwrap(),
            }
            assert_eq!(place.store.archive(&digest).unwrap().is_some(), whole, "{text:?} {bytes}");
        }
    }
}

#[test]
fn archives_are_pruned_by_their_last_use() {
    let place = Place::new();
    let (digest, path) = kept(&place);
    let now = SystemTime::now();
    let old = || File::open(&path).unwrap().set_modified(now - 10 * DAY).unwrap();
    old();
    assert!(place.store.archive(&digest).unwrap().is_some(), "a use");
    assert_eq!(
        place.store.prune(now, Keep { unused_for: 9 * DAY, partials_for: Keep::PARTIALS }).unwrap().total(),
        Amount::default()
    );
    old();
    let pruned = place.store.prune(now, Keep { unused_for: 9 * DAY, partials_for: Keep::PARTIALS }).unwrap();
    assert_eq!((pruned.archives, pruned.total()), (Amount { count: 1, bytes: 7 }, Amount { count: 1, bytes: 7 }));
    assert_eq!(place.store.archive(&digest).unwrap(), None);
    assert!(fs::read_dir(path.parent().unwrap()).unwrap().next().is_none(), "the proof stays");
}

#[test]
fn what_is_no_file_is_no_archive() {
    let place = Place::new();
    let (digest, path) = kept(&place);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = place.store.archive(&digest).unwrap_err();
    assert!(error.to_string().contains("is not a regular file"), "{error}");
}
