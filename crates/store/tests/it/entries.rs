//! Entries: published once, looked at once a boot, removed at once.

use std::{
    fs::{self, File, Permissions},
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde_json::json;
use towline_store::{Amount, Entry, Keep, Placed, Store, StoreError};

use crate::{
    place::{Place, forge, now},
    tree_player::{description, digest, flaw, publish},
    trees::{elsewhere, look, names, sow},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn record(entry: &Entry) -> PathBuf {
    entry.path().with_file_name("entry.json")
}

fn another_boot(entry: &Entry) {
    forge(&record(entry), |record| record["boot"] = json!("another"));
}

#[test]
fn a_published_tree_is_found_by_its_digest() {
    let place = Place::new();
    assert!(place.store.entry(&digest(7)).unwrap().is_none());
    assert!(!place.store.root().exists(), "looking creates nothing");
    let entry = publish(&place.store, 7).unwrap();
    let hex = digest(7).hex().to_owned();
    let dir = place.store.root().join("trees/sha256/00").join(hex);
    assert_eq!(entry.path(), dir.join("tree"));
    assert_eq!(names(&dir), ["entry.json", "tree"]);
    assert_eq!(fs::metadata(place.store.root().join("trees")).unwrap().mode() & 0o777, 0o700);
    let found = Store::open(place.store.root()).unwrap().entry(&digest(7)).unwrap().unwrap();
    assert_eq!((found.path(), found.description()), (entry.path(), &description(7)));
    assert_eq!(flaw(found.path(), 7), None);
    assert!(place.store.entry(&digest(8)).unwrap().is_none());
    assert!(names(&place.store.root().join("staging")).is_empty());
}

#[test]
fn whoever_publishes_later_gets_the_entry_that_is_there() {
    let place = Place::new();
    let first = publish(&place.store, 7).unwrap();
    let inode = fs::metadata(first.path()).unwrap().ino();
    let stage = place.store.stage(None).unwrap();
    sow(stage.tree());
    let other = towline_store::Description { files: 8, bytes: 70_014, ..description(7) };
    let second = stage.publish(&digest(7), other).unwrap();
    assert_eq!(second.description(), &description(7));
    assert_eq!(fs::metadata(second.path()).unwrap().ino(), inode);
    assert!(names(&place.store.root().join("staging")).is_empty());
}

/// Debug builds only: it would not survive its first boot.
#[test]
fn a_description_that_does_not_fit_is_refused() {
    for (files, bytes) in [(7, 70_014), (8, 70_013), (9, 70_014), (0, 0)] {
        let place = Place::new();
        let stage = place.store.stage(None).unwrap();
        sow(stage.tree());
        let outcome = stage.publish(&digest(7), towline_store::Description { files, bytes, ..description(7) });
        assert_eq!(outcome.is_err(), cfg!(debug_assertions), "{files} {bytes}");
    }
}

#[test]
fn of_threads_that_publish_one_digest_all_have_one_entry() {
    for round in 0..10 {
        let place = Place::fast();
        let inodes: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| fs::metadata(publish(&place.store, round).unwrap().path()).unwrap().ino()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(inodes.iter().all(|inode| *inode == inodes[0]), "{inodes:?}");
    }
}

type Harm = fn(&Entry);

/// What a power failure or a hand may do to an entry of an earlier boot.
const HARM: [(&str, Harm); 10] = [
    ("a file less", |entry| fs::remove_file(entry.path().join("pkg/sub/f0")).unwrap()),
    ("a link less", |entry| fs::remove_file(entry.path().join("pkg/link")).unwrap()),
    ("a file more", |entry| fs::write(entry.path().join("more"), "").unwrap()),
    ("a short file", |entry| {
        File::options().write(true).open(entry.path().join("pkg/large")).unwrap().set_len(179_999).unwrap();
    }),
    ("an empty file", |entry| drop(File::create(entry.path().join("pkg/sub/f9")).unwrap())),
    ("a file changed places with bytes of another", |entry| {
        // One less, one more: the sum of sizes notices what the count does not.
        fs::remove_file(entry.path().join("pkg/sub/f3")).unwrap();
        fs::write(entry.path().join("pkg/sub/new"), "").unwrap();
    }),
    ("no tree", |entry| fs::remove_dir_all(entry.path()).unwrap()),
    ("a torn record", |entry| {
        let text = fs::read(record(entry)).unwrap();
        fs::write(record(entry), &text[..text.len() / 2]).unwrap();
    }),
    ("the record of another entry", |entry| {
        forge(&record(entry), |record| record["digest"] = json!(digest(8).to_string()));
    }),
    ("an empty record", |entry| fs::write(record(entry), "").unwrap()),
];

#[test]
fn an_entry_of_another_boot_that_lost_something_is_removed() {
    for (case, harm) in HARM {
        let place = Place::new();
        let entry = publish(&place.store, 7).unwrap();
        another_boot(&entry);
        harm(&entry);
        assert!(place.store.entry(&digest(7)).unwrap().is_none(), "{case}");
        assert!(!entry.path().parent().unwrap().exists(), "{case}");
        assert!(names(&place.store.root().join("staging")).is_empty(), "{case}");
        let entry = publish(&place.store, 7).unwrap();
        assert_eq!(flaw(entry.path(), 7), None, "{case}");
    }
}

#[test]
fn publishing_mends_a_damaged_entry() {
    let harms: [Harm; 5] = [
        |entry| fs::remove_file(record(entry)).unwrap(),
        |entry| fs::write(record(entry), "{}").unwrap(),
        |entry| forge(&record(entry), |record| record["digest"] = json!(digest(8).to_string())),
        |entry| {
            let dir = entry.path().parent().unwrap();
            fs::remove_dir_all(dir).unwrap();
            fs::write(dir, "a file").unwrap();
        },
        |entry| {
            another_boot(entry);
            fs::remove_file(entry.path().join("pkg/link")).unwrap();
        },
    ];
    for (case, harm) in harms.into_iter().enumerate() {
        let place = Place::new();
        harm(&publish(&place.store, 7).unwrap());
        let entry = publish(&place.store, 7).unwrap();
        assert_eq!(flaw(entry.path(), 7), None, "{case}");
        assert!(place.store.entry(&digest(7)).unwrap().is_some(), "{case}");
    }
}

/// An entry that is whole is looked at once: then damage that a stat can see goes unseen, as in the boot it came from.
#[test]
fn a_whole_entry_of_another_boot_is_looked_at_once() {
    for (age, durable) in [(0, false), (50 * 60, false), (70 * 60, true)] {
        let place = Place::new();
        let entry = publish(&place.store, 7).unwrap();
        forge(&record(&entry), |record| {
            record["boot"] = json!("another");
            record["published"] = json!(now() - age);
        });
        assert_eq!(place.store.entry(&digest(7)).unwrap().unwrap().description(), &description(7));
        fs::remove_file(entry.path().join("pkg/link")).unwrap();
        assert!(place.store.entry(&digest(7)).unwrap().is_some(), "looked at twice");
        another_boot(&entry);
        assert_eq!(place.store.entry(&digest(7)).unwrap().is_some(), durable, "published {age} s ago");
        assert_eq!(names(entry.path().parent().unwrap_or(Path::new(""))).len(), if durable { 2 } else { 0 });
    }
}

/// Where boots have no name each use looks, until the disk must have had it for long.
#[test]
fn an_entry_of_no_boot_is_looked_at() {
    let place = Place::new();
    let entry = publish(&place.store, 7).unwrap();
    forge(&record(&entry), |record| record["boot"] = json!(null));
    fs::remove_file(entry.path().join("pkg/link")).unwrap();
    assert!(place.store.entry(&digest(7)).unwrap().is_none());
}

#[test]
fn a_copy_is_the_same_tree_with_the_modes_of_new_files() {
    let place = Place::new();
    let stage = place.store.stage(None).unwrap();
    sow(stage.tree());
    let entry =
        stage.publish(&digest(1), towline_store::Description { files: 8, bytes: 70_014, ..description(1) }).unwrap();
    let whole = look(entry.path());
    // As if it had been published under another umask.
    fs::set_permissions(entry.path().join("top"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(entry.path().join("pkg/run"), Permissions::from_mode(0o700)).unwrap();
    let mut dests = vec![place.path("a/dest")];
    let other = elsewhere(place.dir.path());
    dests.extend(other.iter().map(|other| other.path().join("a/dest")));
    for dest in dests {
        assert_eq!(entry.place(&dest).unwrap(), Placed::Moved);
        assert_eq!(look(&dest), whole);
        assert_ne!(
            fs::metadata(dest.join("top")).unwrap().ino(),
            fs::metadata(entry.path().join("top")).unwrap().ino()
        );
        assert_eq!(entry.place(&dest).unwrap(), Placed::Was);
        fs::write(dest.join("top"), "z").unwrap();
        assert!(matches!(entry.place(&dest), Err(StoreError::Exists { .. })));
        assert_eq!(names(dest.parent().unwrap()), ["dest"]);
        assert_eq!(fs::read(entry.path().join("top")).unwrap(), b"y", "the entry was changed through its copy");
    }
    fs::create_dir(place.path("empty")).unwrap();
    symlink("empty", place.path("link")).unwrap();
    assert_eq!(entry.place(&place.path("link")).unwrap(), Placed::Moved);
    assert_eq!(look(&place.path("empty")), whole);
    assert!(names(&place.store.root().join("staging")).is_empty());
}

#[test]
fn a_removed_entry_is_gone_and_removing_it_again_is_fine() {
    let place = Place::new();
    let entry = publish(&place.store, 7).unwrap();
    let other = publish(&place.store, 8).unwrap();
    entry.clone().remove().unwrap();
    assert!(place.store.entry(&digest(7)).unwrap().is_none());
    assert!(names(&place.store.root().join("staging")).is_empty());
    let error = entry.place(&place.path("dest")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!place.path("dest").exists());
    entry.remove().unwrap();
    assert_eq!(flaw(other.path(), 8), None);
}

#[test]
fn entries_are_pruned_by_their_last_use() {
    let place = Place::new();
    let (old, used) = (publish(&place.store, 1).unwrap(), publish(&place.store, 2).unwrap());
    let now = SystemTime::now();
    for entry in [&old, &used] {
        File::open(record(entry)).unwrap().set_modified(now - 10 * DAY).unwrap();
    }
    assert!(place.store.entry(&digest(2)).unwrap().is_some());
    let keep = |days| Keep { unused_for: days * DAY, partials_for: Keep::PARTIALS };
    assert_eq!(place.store.prune(now, keep(11)).unwrap().total(), Amount::default());
    assert_eq!(
        place.store.prune(now, Keep { unused_for: Duration::MAX, partials_for: Keep::PARTIALS }).unwrap().total(),
        Amount::default()
    );
    let pruned = place.store.prune(now, keep(9)).unwrap();
    assert_eq!((pruned.trees.count, pruned.total()), (1, pruned.trees));
    assert!(pruned.trees.bytes >= description(1).bytes && pruned.trees.bytes < description(1).bytes + 2000);
    assert!(!old.path().exists() && used.path().exists());
    // Damaged ones have no last use but their own.
    fs::remove_file(record(&used)).unwrap();
    assert_eq!(place.store.prune(now + 10 * DAY, keep(9)).unwrap().trees.count, 1);
    assert!(names(&place.store.root().join("staging")).is_empty());
}

#[test]
fn pruning_takes_dead_stages_and_leaves_living_ones() {
    let place = Place::new();
    let living = place.store.stage(None).unwrap();
    let token = "d".repeat(32);
    let dead = place.store.root().join("staging").join(&token);
    fs::create_dir_all(dead.join("entry/tree")).unwrap();
    fs::write(dead.join("entry/tree/a"), "0123456789").unwrap();
    let now = SystemTime::now();
    assert_eq!(
        place.store.prune(now, Keep { unused_for: DAY, partials_for: Keep::PARTIALS }).unwrap().total(),
        Amount::default()
    );
    let pruned = place.store.prune(now + 2 * DAY, Keep { unused_for: DAY, partials_for: Keep::PARTIALS }).unwrap();
    assert_eq!(pruned.stages, Amount { count: 1, bytes: 10 });
    assert!(living.tree().exists() && !dead.exists());
}
