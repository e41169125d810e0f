//! What is counted, and what is found to be damaged.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use towline_store::{Algorithm, Amount, Digest, Keep, Usage};

use crate::{
    place::Place,
    tree_player::{description, publish},
};

const NOTHING: Keep = Keep { unused_for: Duration::ZERO, partials_for: Duration::ZERO };

fn full() -> (Place, Usage) {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"archive").unwrap();
    spool.keep(&place.store, &Digest::of(Algorithm::Sha256, &b"archive"[..]).unwrap()).unwrap();
    let mut bytes = 0;
    for number in 0..3 {
        let entry = publish(&place.store, number).unwrap();
        let record = fs::metadata(entry.path().with_file_name("entry.json")).unwrap().len();
        bytes += description(number).bytes + record;
    }
    place.lead().append(b"01234").unwrap();
    let usage = Usage {
        partials: Amount { count: 1, bytes: 5 },
        stages: Amount::default(),
        trees: Amount { count: 3, bytes },
        archives: Amount { count: 1, bytes: 7 },
    };
    (place, usage)
}

#[test]
fn each_sort_is_counted() {
    assert_eq!(Place::new().store.usage().unwrap(), Usage::default());
    let (place, usage) = full();
    assert_eq!(place.store.usage().unwrap(), usage);
    let stage = place.store.stage(None).unwrap();
    fs::write(stage.tree().join("a"), "123").unwrap();
    let stages = place.store.usage().unwrap().stages;
    assert!(stages.count == 1 && stages.bytes >= 3, "{stages:?}");
}

#[test]
fn a_store_is_emptied_of_all_but_what_lives() {
    let (place, usage) = full();
    let later = SystemTime::now() + Duration::from_secs(1);
    assert_eq!(place.store.prune(later, NOTHING).unwrap(), usage);
    assert_eq!(place.store.usage().unwrap(), Usage::default());
    let mut spool = place.lead();
    spool.append(b"0").unwrap();
    let stage = place.store.stage(None).unwrap();
    assert_eq!(place.store.prune(later, NOTHING).unwrap(), Usage::default(), "they are in use");
    assert!(stage.tree().exists());
}

#[test]
fn a_whole_store_has_no_damage_and_everything_is_looked_at() {
    let (place, usage) = full();
    let mut seen = Vec::new();
    assert_eq!(place.store.verify(|path| seen.push(path.to_path_buf())).unwrap(), []);
    assert_eq!(seen.len(), 4);
    assert_eq!(place.store.usage().unwrap(), usage);
}

#[test]
fn what_is_damaged_is_named_and_removed() {
    let (place, _) = full();
    let mut paths = Vec::new();
    place.store.verify(|path| paths.push(path.to_path_buf())).unwrap();
    for path in &paths {
        if path.is_dir() {
            fs::write(path.join("tree/another"), "x").unwrap();
        } else {
            fs::write(path, "brchive").unwrap();
        }
    }
    let foreign = place.store.root().join("trees/sha256/zz/no-digest");
    fs::create_dir_all(&foreign).unwrap();
    paths.push(foreign);
    let mut damages = place.store.verify(|_| {}).unwrap();
    damages.sort_by(|left, right| left.path.cmp(&right.path));
    paths.sort();
    assert_eq!(damages.iter().map(|damage| &damage.path).collect::<Vec<_>>(), paths.iter().collect::<Vec<_>>());
    for damage in &damages {
        assert!(damage.removed && !damage.path.exists(), "{damage:?}");
    }
    assert!(damages.iter().any(|damage| damage.what.starts_with("its digest is sha256:")), "{damages:?}");
    assert_eq!(place.store.verify(|_| {}).unwrap(), []);
}

#[test]
fn an_entry_that_lost_its_record_is_damaged() {
    let place = Place::new();
    let entry = publish(&place.store, 1).unwrap();
    let dir = entry.path().parent().unwrap().to_path_buf();
    fs::remove_file(dir.join("entry.json")).unwrap();
    assert_eq!(place.store.verify(|_| {}).unwrap().len(), 1);
    assert!(!dir.exists());
}
