use std::{fs, os::unix::fs::MetadataExt as _};

use serde_json::json;
use towline_store::{Claim, Digest, Key, Note, Outcome, State, Store, StoreError};

use crate::place::{Place, forge, now};

fn note() -> Note {
    Note {
        size: Some(10),
        digest: Some(Digest::sha256(&"a".repeat(64)).unwrap()),
        validator: Some("\"etag\"".into()),
        validator_source: Some("hash".into()),
        name: Some("a.whl".into()),
    }
}

/// Leaves a partial file of five bytes, and its sidecar changed.
fn leave(place: &Place, change: impl FnOnce(&mut serde_json::Value)) -> u64 {
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    spool.set_note(note()).unwrap();
    let inode = fs::metadata(spool.path()).unwrap().ino();
    let sidecar = spool.path().with_extension("json");
    drop(spool);
    forge(&sidecar, change);
    inode
}

#[test]
fn nothing_is_created_before_the_first_claim() {
    let place = Place::new();
    assert!(!place.store.root().exists());
    let spool = place.lead();
    assert!(spool.is_empty());
    assert!(place.store.root().join("CACHEDIR.TAG").exists());
    assert_eq!(fs::metadata(spool.path()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.partial()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn the_next_run_goes_on_where_the_last_one_was() {
    for how in 0..4 {
        let place = Place::new();
        let mut spool = place.lead();
        spool.append(b"01234").unwrap();
        spool.set_note(note()).unwrap();
        match how {
            0 => drop(spool),
            1 => spool.release(Outcome::Stopped),
            2 => spool.release(Outcome::Failed),
            _ => {
                spool.complete().unwrap();
                drop(spool);
            }
        }
        let mut spool = place.lead();
        assert_eq!((spool.len(), spool.note()), (5, &note()), "{how}");
        spool.append(b"56789").unwrap();
        assert_eq!(fs::read(spool.path()).unwrap(), b"0123456789");
        assert_eq!(place.files("part").len(), 1);
        assert_eq!(place.files("json").len(), 1);
    }
}

#[test]
fn discarded_bytes_do_not_come_back() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let mut follower = place.follow();
    spool.discard().unwrap();
    assert_eq!(follower.poll().unwrap(), State::Failed);
    let spool = place.lead();
    assert_eq!((spool.len(), spool.note()), (0, &Note::default()));
}

#[test]
fn two_transfers_of_one_process_are_leader_and_follower() {
    let place = Place::new();
    let mut spool = place.lead();
    let mut follower = place.follow();
    assert_eq!(follower.poll().unwrap(), State::Growing { len: 0 });
    // Another store object for the same directory sees the same.
    let other = Store::open(place.store.root()).unwrap();
    assert!(matches!(other.claim(&place.key).unwrap(), Claim::Follow(_)));
    assert!(matches!(other.claim(&Key::of_url("x")).unwrap(), Claim::Lead(_)), "another artifact");
    spool.append(b"0123456789").unwrap();
    spool.set_note(note()).unwrap();
    assert_eq!(follower.poll().unwrap(), State::Growing { len: 10 });
    assert_eq!(follower.note(), &note());
    spool.cut(6).unwrap();
    spool.cut(4).unwrap();
    spool.append(b"x").unwrap();
    assert_eq!(follower.poll().unwrap(), State::Cut { at: 4 });
    assert_eq!(follower.poll().unwrap(), State::Growing { len: 5 });
    assert!(follower.copy_to(place.path("early")).is_err());
    drop(spool);
    assert_eq!(follower.poll().unwrap(), State::OwnerGone);
    assert_eq!(place.lead().len(), 5);
}

#[test]
fn a_follower_that_missed_many_cuts_starts_over() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(&[0; 1000]).unwrap();
    let mut follower = place.follow();
    for at in (900..950).rev() {
        spool.cut(at).unwrap();
    }
    assert_eq!(follower.poll().unwrap(), State::Cut { at: 0 });
    spool.cut(800).unwrap();
    assert_eq!(follower.poll().unwrap(), State::Cut { at: 800 });
}

#[test]
fn a_follower_copies_after_the_leader_moved_the_file_away() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let mut follower = place.follow();
    spool.append(b"56789").unwrap();
    spool.persist(place.path("dest")).unwrap();
    assert_eq!(follower.poll().unwrap(), State::Complete);
    follower.copy_to(place.path("copy")).unwrap();
    assert_eq!(fs::read(place.path("copy")).unwrap(), b"0123456789");
    assert_ne!(
        fs::metadata(place.path("copy")).unwrap().ino(),
        fs::metadata(place.path("dest")).unwrap().ino(),
        "a change to one must not change the other"
    );
    let wrong = Digest::sha256(&"0".repeat(64)).unwrap();
    let error = follower.copy_verified(place.path("wrong"), &wrong).unwrap_err();
    assert!(matches!(error, StoreError::Digest { .. }), "{error}");
    assert!(!place.path("wrong").exists());
    // Who comes now finds nobody at it, and nothing to go on with.
    assert_eq!(place.lead().len(), 0);
    assert_eq!(follower.poll().unwrap(), State::Complete, "a new leader does not take the old end away");
}

/// A leader may be done before a follower has opened anything.
#[test]
fn a_follower_that_was_too_late_for_the_partial_file_finds_the_published_one() {
    let homes = [tempfile::tempdir(), tempfile::tempdir_in("/dev/shm")];
    for home in homes.into_iter().flatten() {
        for tampered in [false, true] {
            let place = Place::new();
            let mut spool = place.lead();
            spool.append(b"01234").unwrap();
            let (part, hidden) = (spool.path().to_path_buf(), place.path("hidden"));
            fs::rename(&part, &hidden).unwrap();
            let mut follower = place.follow();
            fs::rename(&hidden, &part).unwrap();
            let dest = home.path().join("dest");
            spool.persist(&dest).unwrap();
            if tampered {
                fs::rename(&dest, home.path().join("kept")).unwrap();
                fs::write(&dest, "43210").unwrap();
                assert_eq!(follower.poll().unwrap(), State::OwnerGone);
            } else {
                assert_eq!(follower.poll().unwrap(), State::Complete);
                follower.copy_to(place.path("copy")).unwrap();
                assert_eq!(fs::read(place.path("copy")).unwrap(), b"01234");
            }
        }
    }
}

#[test]
fn a_destination_changed_by_its_user_is_not_copied() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let mut follower = place.follow();
    spool.persist(place.path("dest")).unwrap();
    fs::File::options()
        .append(true)
        .open(place.path("dest"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
        .unwrap();
    assert_eq!(follower.poll().unwrap(), State::OwnerGone);
}

#[test]
fn a_complete_file_taken_over_is_not_copied() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    let mut follower = place.follow();
    spool.complete().unwrap();
    assert_eq!(follower.poll().unwrap(), State::Complete);
    drop(spool);
    let mut adopter = place.lead();
    adopter.cut(0).unwrap();
    adopter.append(b"xxxxx").unwrap();
    let error = follower.copy_to(place.path("copy")).unwrap_err();
    assert!(matches!(error, StoreError::Changed { .. }), "{error}");
    assert!(!place.path("copy").exists());
}

#[test]
fn the_bytes_of_a_dead_process_are_adopted_in_place() {
    type Case = (&'static str, fn(&mut serde_json::Value));
    let dead: [Case; 4] = [
        ("another start time", |sidecar| sidecar["owner"]["start"] = json!(1)),
        ("no such process", |sidecar| sidecar["owner"]["pid"] = json!(i32::MAX)),
        ("no process at all", |sidecar| sidecar["owner"]["pid"] = json!(0)),
        ("this process, which holds it no more", |_| {}),
    ];
    for phase in ["growing", "complete"] {
        for (case, change) in dead {
            let place = Place::new();
            let inode = leave(&place, |sidecar| {
                sidecar["state"] = json!(phase);
                change(sidecar);
            });
            let spool = place.lead();
            assert_eq!((spool.len(), spool.note()), (5, &note()), "{phase} {case}");
            assert_eq!(fs::metadata(spool.path()).unwrap().ino(), inode, "{case}");
        }
    }
}

#[test]
fn the_bytes_of_a_living_process_are_followed() {
    let place = Place::new();
    let parent = std::os::unix::process::parent_id();
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).unwrap();
    let start: u64 = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
    leave(&place, |sidecar| {
        sidecar["state"] = json!("growing");
        sidecar["owner"]["pid"] = json!(parent);
        sidecar["owner"]["start"] = json!(start);
        // A heartbeat counts only where nobody can be asked.
        sidecar["heartbeat"] = json!(0);
    });
    assert_eq!(place.follow().poll().unwrap(), State::Growing { len: 5 });
}

#[test]
fn another_place_is_followed_while_it_beats_and_copied_after() {
    for field in ["host", "boot", "pid_namespace"] {
        for (phase, age, live) in [
            ("growing", 0, true),
            ("growing", 100, true),
            ("growing", 130, false),
            ("complete", 10, true),
            ("complete", 130, false),
            ("stopped", 0, false),
            ("failed", 0, false),
        ] {
            let place = Place::new();
            let inode = leave(&place, |sidecar| {
                sidecar["owner"][field] = json!("elsewhere");
                sidecar["state"] = json!(phase);
                sidecar["len"] = json!(5);
                sidecar["heartbeat"] = json!(now() - age);
            });
            match place.store.claim(&place.key).unwrap() {
                Claim::Follow(mut follower) => {
                    assert!(live, "{field} {phase} {age}");
                    let expected = if phase == "complete" { State::Complete } else { State::Growing { len: 5 } };
                    assert_eq!(follower.poll().unwrap(), expected);
                    if phase == "growing" {
                        forge(&follower.path().with_extension("json"), |sidecar| {
                            sidecar["heartbeat"] = json!(now() - 121);
                        });
                        assert_eq!(follower.poll().unwrap(), State::OwnerGone);
                    }
                }
                Claim::Lead(mut spool) => {
                    assert!(!live, "{field} {phase} {age}");
                    assert_eq!(spool.len(), 5);
                    assert_eq!(spool.note(), &Note { validator: None, ..note() }, "a validator vouches for bytes");
                    assert_ne!(fs::metadata(spool.path()).unwrap().ino(), inode, "appended to a foreign file");
                    spool.append(b"5").unwrap();
                    let parts = place.files("part");
                    // Who has let go of its file does not come back to it.
                    let gone = matches!(phase, "stopped" | "failed");
                    assert_eq!(parts.len(), if gone { 1 } else { 2 });
                    assert!(
                        gone || parts.iter().any(|part| fs::read(part).unwrap() == b"01234"),
                        "the foreign file changed"
                    );
                }
            }
        }
    }
}

#[test]
fn the_longest_leftover_wins() {
    let place = Place::new();
    leave(&place, |sidecar| {
        sidecar["owner"]["host"] = json!("elsewhere");
        sidecar["heartbeat"] = json!(0);
    });
    let mut spool = place.lead();
    spool.append(b"567").unwrap();
    drop(spool);
    let spool = place.lead();
    assert_eq!(fs::read(spool.path()).unwrap(), b"01234567");
    assert_eq!(place.files("part").len(), 1, "the foreign one, silent for an hour and copied, goes");
}

#[test]
fn a_sidecar_that_cannot_be_read_costs_its_bytes_and_nothing_else() {
    let broken: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("torn", b"{\"format\":1,\"key\":\"sha256-ab\",\"tok"),
        ("not JSON", b"\xff\xfe\0\0"),
        ("another type", b"[1,2,3]"),
        ("a later format", b"{\"format\":2,\"news\":true}"),
        ("deep", &[b'['; 60_000]),
        ("large", &[b' '; 200_000]),
    ];
    for (case, text) in broken {
        let place = Place::new();
        let mut spool = place.lead();
        spool.append(b"01234").unwrap();
        let sidecar = spool.path().with_extension("json");
        drop(spool);
        fs::write(&sidecar, text).unwrap();
        // Somebody may just be at it.
        let mut follower = place.follow();
        assert_eq!(follower.poll().unwrap(), State::Growing { len: 5 }, "{case}");
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(121);
        fs::File::options().write(true).open(&sidecar).unwrap().set_modified(old).unwrap();
        assert_eq!(follower.poll().unwrap(), State::OwnerGone, "{case}");
        let spool = place.lead();
        assert_eq!(spool.len(), 0, "{case}");
        assert_eq!(place.files("part").len(), 2, "{case}: bytes of an unknown owner were touched");
    }
}

#[test]
fn a_missing_sidecar_and_damaged_links_are_survived() {
    let place = Place::new();
    leave(&place, |_| {});
    for json in place.files("json") {
        fs::remove_file(json).unwrap();
    }
    assert_eq!(place.lead().len(), 0);
    for damage in 0..4 {
        let place = Place::new();
        leave(&place, |_| {});
        let lead = place.partial().join("lead");
        fs::remove_file(&lead).unwrap();
        match damage {
            0 => {}
            1 => fs::write(&lead, "text").unwrap(),
            2 => std::os::unix::fs::symlink("../../../etc/passwd", &lead).unwrap(),
            _ => std::os::unix::fs::symlink("0".repeat(32), &lead).unwrap(),
        }
        assert_eq!(place.lead().len(), 5, "{damage}");
    }
}

#[test]
fn a_chain_of_many_runs_stays_short() {
    let place = Place::new();
    for run in 0..100 {
        let mut spool = place.lead();
        assert_eq!(spool.len(), run);
        spool.append(b"x").unwrap();
    }
    let left = fs::read_dir(place.partial()).unwrap().count();
    assert!(left <= 6, "{left} files after 100 runs");
}

#[test]
fn nothing_secret_is_written() {
    let place = Place::new();
    let key = Key::of_url("https://user:hunter2@example.org/a?X-Amz-Signature=deadbeef");
    let Claim::Lead(spool) = place.store.claim(&key).unwrap() else { panic!("follows") };
    let sidecar = fs::read_to_string(spool.path().with_extension("json")).unwrap();
    for secret in ["hunter2", "deadbeef", "example.org"] {
        assert!(!sidecar.contains(secret) && !spool.path().to_string_lossy().contains(secret), "{sidecar}");
    }
}

#[test]
fn a_store_that_cannot_be_made_names_path_and_need() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let store = Store::open(place.path("file").join("cache")).unwrap();
    let error = store.claim(&place.key).unwrap_err();
    assert!(error.to_string().contains("could not create") && error.to_string().contains("file/cache"), "{error}");
    assert!(Store::open("").is_err());
}

#[test]
fn a_cache_emptied_under_a_running_transfer_costs_no_byte() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"01234").unwrap();
    fs::remove_dir_all(place.store.root()).unwrap();
    spool.append(b"56789").unwrap();
    spool.persist(place.path("dest")).unwrap();
    assert_eq!(fs::read(place.path("dest")).unwrap(), b"0123456789");
    assert_eq!(place.lead().len(), 0);
}
