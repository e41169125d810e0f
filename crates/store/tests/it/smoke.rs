use std::io::Read as _;

use towline_store::{Claim, Hasher, Key, State, Store};

#[test]
fn a_spool_is_filled_hashed_followed_and_published() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("cache")).unwrap();
    let key = Key::of_url("https://user:secret@example.org/a?b");
    let Claim::Lead(mut spool) = store.claim(&key).unwrap() else { panic!("not leading") };
    let Claim::Follow(mut follower) = store.claim(&key).unwrap() else { panic!("two leaders") };
    let hasher = Hasher::follow(&spool).unwrap();
    let mut reader = spool.reader();
    spool.append(b"abc").unwrap();
    assert_eq!(follower.poll().unwrap(), State::Growing { len: 3 });
    let digest = hasher.finish(3).unwrap();
    assert_eq!(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    spool.persist(dir.path().join("out")).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "abc");
    assert_eq!(follower.poll().unwrap(), State::Complete);
    follower.copy_verified(dir.path().join("copy"), &digest).unwrap();
    assert_eq!(std::fs::read(dir.path().join("copy")).unwrap(), b"abc");
    assert_eq!(std::fs::read(dir.path().join("out")).unwrap(), b"abc");
}
