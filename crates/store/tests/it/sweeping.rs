//! Stages whose owners died, and those whose owners did not.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde_json::json;
use towline_store::{Key, Store};

use crate::{
    place::{Place, forge},
    trees::{date, elsewhere, names, sow},
};

/// A stage of this process that nobody holds any more: the mark is right, the token is not in use.
fn orphan(home: &Path, prefix: &str, like: &Path, number: u32) -> PathBuf {
    let token = format!("{number:032x}");
    let path = home.join(format!("{prefix}{token}"));
    fs::create_dir_all(path.join("entry/tree")).unwrap();
    sow(&path.join("entry/tree"));
    fs::copy(like.join("owner.json"), path.join("owner.json")).unwrap();
    forge(&path.join("owner.json"), |mark| mark["token"] = json!(token));
    path
}

type Change = fn(&Path);

/// What is done to an orphan, and whether it goes.
const TABLE: [(&str, Change, bool); 16] = [
    ("this process let go of it", |_| {}, true),
    (
        "the number is another process's now",
        |path| forge(&path.join("owner.json"), |mark| mark["owner"]["start"] = json!(1)),
        true,
    ),
    ("no such process", |path| forge(&path.join("owner.json"), |mark| mark["owner"]["pid"] = json!(0x3fff_ffff)), true),
    ("a process that lives", |path| forge(&path.join("owner.json"), parent), false),
    ("another boot", |path| forge(&path.join("owner.json"), |mark| mark["owner"]["boot"] = json!("x")), false),
    (
        "another boot, silent",
        |path| {
            forge(&path.join("owner.json"), |mark| mark["owner"]["boot"] = json!("x"));
            date(path, ago(25));
        },
        true,
    ),
    (
        "another host, silent but for one file",
        |path| {
            forge(&path.join("owner.json"), |mark| mark["owner"]["host"] = json!("x"));
            date(path, ago(25));
            date(&path.join("entry/tree/pkg/sub/deep"), ago(23));
        },
        false,
    ),
    (
        "a process that lives, silent",
        |path| {
            forge(&path.join("owner.json"), parent);
            date(path, ago(1000));
        },
        false,
    ),
    ("no mark", |path| fs::remove_file(path.join("owner.json")).unwrap(), false),
    (
        "no mark, silent",
        |path| {
            fs::remove_file(path.join("owner.json")).unwrap();
            date(path, ago(25));
        },
        true,
    ),
    ("a torn mark", |path| fs::write(path.join("owner.json"), "{\"tok").unwrap(), false),
    (
        "the mark of another stage",
        |path| forge(&path.join("owner.json"), |mark| mark["token"] = json!("0".repeat(32))),
        false,
    ),
    (
        "being removed",
        |path| {
            forge(&path.join("owner.json"), parent);
            fs::rename(path, path.with_extension("gone")).unwrap();
        },
        true,
    ),
    ("an entry on its way out", |path| fs::rename(path, path.with_extension("taken")).unwrap(), true),
    (
        "another user's",
        |path| {
            // Only root can give a stage away; for everybody else it must stay for another reason.
            let given = std::os::unix::fs::chown(path, Some(1), None);
            given.unwrap_or_else(|_| forge(&path.join("owner.json"), parent));
        },
        false,
    ),
    ("not a stage", |path| fs::rename(path, path.with_extension("mine")).unwrap(), false),
];

fn ago(hours: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(hours * 3600)
}

/// The process that started this one, or one that never ends.
fn parent(mark: &mut serde_json::Value) {
    let pid = std::os::unix::process::parent_id();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let start: u64 = stat[stat.rfind(')').unwrap() + 1..].split_ascii_whitespace().nth(19).unwrap().parse().unwrap();
    mark["owner"]["pid"] = json!(pid);
    mark["owner"]["start"] = json!(start);
}

fn check(home: &Path, prefix: &str, like: &Path, sweep: impl Fn()) {
    for (number, (case, change, goes)) in (100..).zip(TABLE) {
        let before = names(home);
        let path = orphan(home, prefix, like, number);
        change(&path);
        sweep();
        let left: Vec<_> = names(home).into_iter().filter(|name| !before.contains(name)).collect();
        assert_eq!(left.is_empty(), goes, "{case}: {left:?}");
        if let [left] = &left[..] {
            assert!(home.join(left).join("entry/tree/pkg/sub/deep/leaf").exists(), "{case}: touched");
        }
    }
}

#[test]
fn stages_in_the_store_are_swept_by_the_next_run() {
    let place = Place::new();
    let living = place.store.stage(None).unwrap();
    sow(living.tree());
    let like = living.tree().ancestors().nth(2).unwrap();
    check(&place.store.root().join("staging"), "", like, || {
        drop(Store::open(place.store.root()).unwrap().claim(&Key::of_url("x")).unwrap());
        assert!(living.tree().join("pkg/sub/deep/leaf").exists(), "a living stage was touched");
    });
}

#[test]
fn stages_beside_a_destination_are_swept_by_the_next_one_there() {
    let place = Place::new();
    let Some(other) = elsewhere(place.dir.path()) else { return };
    let dest = other.path().join("dest");
    // Of other names, and a file as `Spool::persist` leaves one.
    fs::create_dir(other.path().join(".towline-mine")).unwrap();
    fs::write(other.path().join(format!(".towline-{}", "a".repeat(32))), "").unwrap();
    let living = place.store.stage(Some(&dest)).unwrap();
    sow(living.tree());
    let like = living.tree().ancestors().nth(2).unwrap();
    check(other.path(), ".towline-", like, || {
        drop(place.store.stage(Some(&dest)).unwrap());
        assert!(living.tree().join("pkg/sub/deep/leaf").exists(), "a living stage was touched");
    });
    assert!(other.path().join(".towline-mine").exists());
    assert!(other.path().join(format!(".towline-{}", "a".repeat(32))).exists());
}
