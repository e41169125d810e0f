//! Another process that stages, publishes and places trees. Each number has a tree of its own.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Mutex,
    time::SystemTime,
};

use towline_store::{Description, Digest, Entry, Keep, Stage, Store, StoreError};

use crate::{
    player::{ROOT, say},
    trees::{Look, look, names},
};

/// The test that plays.
pub(crate) const TEST: &str = "tree_player::plays_what_it_is_told";
/// Small files of the tree of a number.
const SMALL: u64 = 40;

pub(crate) fn digest(number: u64) -> Digest {
    Digest::sha256(&format!("{number:064x}")).unwrap()
}

/// About 200 kB.
fn write(dir: &Path, number: u64) -> io::Result<()> {
    fs::create_dir_all(dir.join("pkg/sub"))?;
    for file in 0..SMALL {
        fs::write(dir.join(format!("pkg/sub/f{file}")), format!("{number} {file}\n").repeat(file as usize))?;
    }
    fs::write(dir.join("pkg/large"), vec![(number % 251) as u8; 180_000])?;
    std::os::unix::fs::symlink("large", dir.join("pkg/link"))
}

pub(crate) fn description(number: u64) -> Description {
    let small: u64 = (0..SMALL).map(|file| format!("{number} {file}\n").len() as u64 * file).sum();
    Description {
        name: format!("{number}.whl"),
        kind: "wheel".into(),
        size: number,
        files: SMALL + 2,
        bytes: small + 180_000,
    }
}

/// What is wrong with a tree, if anything is.
pub(crate) fn flaw(dir: &Path, number: u64) -> Option<String> {
    static WHOLE: Mutex<BTreeMap<u64, Look>> = Mutex::new(BTreeMap::new());
    let found = look(dir);
    let mut whole = WHOLE.lock().unwrap();
    let expected = whole.entry(number).or_insert_with(|| {
        let expected = tempfile::tempdir().unwrap();
        write(expected.path(), number).unwrap();
        look(expected.path())
    });
    (found != *expected).then(|| format!("{}: {:?}", dir.display(), found.keys().collect::<Vec<_>>()))
}

fn staged(store: &Store, near: Option<&Path>, number: u64) -> Result<Stage, StoreError> {
    let stage = store.stage(near)?;
    // What an unpack would say.
    write(stage.tree(), number).map_err(|source| StoreError::Io { path: stage.tree().into(), need: "fill", source })?;
    Ok(stage)
}

pub(crate) fn publish(store: &Store, number: u64) -> Result<Entry, StoreError> {
    staged(store, None, number)?.publish(&digest(number), description(number))
}

fn place(store: &Store, number: u64, dest: &Path) -> Result<String, StoreError> {
    staged(store, None, number)?.place(dest).map(|placed| format!("done {placed:?}"))
}

fn tell(outcome: Result<String, StoreError>) {
    say(outcome.unwrap_or_else(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }));
}

/// Publishes, places, copies, removes and prunes, until killed.
fn storm(store: &Store, dest: &Path) -> ! {
    for round in 0.. {
        say(round);
        let number = round % 3;
        let entry = publish(store, number).unwrap();
        let _ = place(store, 100 + round, &dest.join(format!("moved-{}", 100 + round))).unwrap();
        // Another process may have removed it meanwhile.
        let _ = entry.place(&dest.join(format!("copied-{number}")));
        match round % 4 {
            2 => entry.remove().unwrap(),
            3 => drop(
                store
                    .prune(
                        SystemTime::now(),
                        Keep { unused_for: std::time::Duration::ZERO, partials_for: Keep::PARTIALS },
                    )
                    .unwrap(),
            ),
            _ => {}
        }
    }
    unreachable!("rounds do not end")
}

#[test]
fn plays_what_it_is_told() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let store = Store::open(root).unwrap();
    say("ready");
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let number = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let last = Path::new(words.last().unwrap());
        let done = || "done".to_owned();
        match words[0] {
            "publish" => tell(publish(&store, number).map(|_| done())),
            "move" => tell(place(&store, number, last)),
            "copy" => tell(store.entry(&digest(number)).and_then(|entry| {
                entry.map_or_else(|| Ok("none".to_owned()), |entry| Ok(format!("done {:?}", entry.place(last)?)))
            })),
            "remove" => tell(store.entry(&digest(number)).and_then(|entry| entry.unwrap().remove()).map(|()| done())),
            "entry" => tell(store.entry(&digest(number)).map(|entry| match entry {
                Some(entry) => flaw(entry.path(), number).unwrap_or_else(|| "whole".to_owned()),
                None => "none".to_owned(),
            })),
            // Clears a tree with closed directories, and drops another.
            "close" => {
                let closed = || {
                    let stage = staged(&store, None, 7).unwrap();
                    for dir in ["pkg/sub", "pkg"] {
                        fs::set_permissions(stage.tree().join(dir), Permissions::from_mode(0o000)).unwrap();
                    }
                    stage
                };
                drop(closed());
                let stage = closed();
                stage.clear().unwrap();
                let left = names(stage.tree());
                drop(stage);
                say(format_args!("cleared: {left:?}"));
            }
            "list" => say(format_args!("{:?}", names(last))),
            // Fills the disk to its last block.
            "stuff" => {
                let _ = io::copy(&mut io::repeat(1), &mut fs::File::create(last).unwrap());
                say("done");
            }
            "storm" => storm(&store, last),
            other => panic!("cannot play {other:?}"),
        }
    }
}
