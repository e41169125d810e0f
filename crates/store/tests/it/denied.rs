//! What permissions forbid.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};

use crate::{place::Place, player::Player, tree_player::TEST, trees::names};

/// A player whom permissions bind, though root runs the tests; `None` is said aloud.
fn nobody(root: &Path) -> Option<Player> {
    let exe = env::current_exe().unwrap();
    let behind = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&exe).args(args);
        command
    };
    if !behind(&["--list"]).output().is_ok_and(|able| able.status.success()) {
        println!("SKIPPED: cannot become somebody else");
        return None;
    }
    let mut command = behind(&["--exact", TEST, "--nocapture", "--test-threads=1"]);
    Some(Player::spawn(command.env("TOWLINE_STORE_TEST_ROOT", root)))
}

fn open_to_all(place: &Place, mode: u32) {
    fs::set_permissions(place.dir.path(), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_store_of_somebody_else_names_what_may_not_be_done() {
    let place = Place::new();
    let root = place.store.root();
    fs::create_dir(root).unwrap();
    open_to_all(&place, 0o755);
    let Some(mut player) = nobody(root) else { return };
    let answer = player.ask("publish 7");
    assert!(answer.contains("not allowed to create") && answer.contains("cache/"), "{answer}");
    let answer = player.ask(&format!("move 7 {}", place.path("dest").display()));
    assert!(answer.contains("not allowed to") && answer.contains("cache/"), "{answer}");
    assert!(names(root).is_empty() && !place.path("dest").exists());
}

#[test]
fn a_destination_of_somebody_else_is_named() {
    let place = Place::new();
    open_to_all(&place, 0o777);
    fs::create_dir(place.path("theirs")).unwrap();
    let Some(mut player) = nobody(place.store.root()) else { return };
    let answer = player.ask(&format!("move 7 {}", place.path("theirs/dest").display()));
    assert!(answer.contains("not allowed to") && answer.contains("theirs/dest"), "{answer}");
    assert!(names(&place.store.root().join("staging")).is_empty());
}

#[test]
fn closed_directories_are_removed_by_those_whom_they_bind() {
    let place = Place::new();
    open_to_all(&place, 0o777);
    let Some(mut player) = nobody(place.store.root()) else { return };
    assert_eq!(player.ask("close"), "cleared: []");
    assert!(names(&place.store.root().join("staging")).is_empty());
}
