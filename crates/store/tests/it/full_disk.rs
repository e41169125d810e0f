//! A disk that is full, and a file that may not grow.

use std::process::Command;

use crate::{
    place::Place,
    player::{Player, byte},
    tree_player,
};

/// The player again, behind a shell that sets the scene.
fn behind(script: &str, place: &Place, root: &std::path::Path) -> Command {
    playing("player::plays_what_it_is_told", script, place, root)
}

fn playing(test: &str, script: &str, place: &Place, root: &std::path::Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", &format!("{script}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("TOWLINE_STORE_TEST_ROOT", root)
        .env("SCENE", place.dir.path());
    command
}

fn can_mount() -> bool {
    let found = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    let able = found.is_ok_and(|found| found.status.success());
    if !able {
        println!("skipped: no right to mount");
    }
    able
}

#[test]
fn a_full_disk_names_path_and_need_and_keeps_a_prefix() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    let scene = r#"mount -t tmpfs -o size=1m tmpfs "$SCENE""#;
    let mut player = Player::spawn(&mut behind(scene, &place, &place.path("cache")));
    assert_eq!(player.ask("claim x"), "lead 0");
    assert_eq!(player.ask("append 500000"), "500000");
    let answer = player.ask("append 2000000");
    let (held, error) = answer.split_once(' ').unwrap();
    let held: u64 = held.parse().unwrap();
    assert!(held > 500_000 && held < 1_048_576, "{answer}");
    assert!(error.contains("no space left") && error.contains(".part"), "{error}");
    assert!(error.contains(&format!("{} more bytes", 2_500_000 - held)), "{error}");
    // Letting go of it works on a full disk too, and the bytes are there.
    assert_eq!(player.ask("drop"), "dropped");
    let answer = player.ask("claim x");
    assert!(answer.contains("no space left"), "a claim needs a block for its sidecar: {answer}");
}

#[test]
fn a_destination_without_room_is_left_alone_and_the_bytes_are_kept() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    std::fs::create_dir(place.path("small")).unwrap();
    let scene = r#"mount -t tmpfs -o size=64k tmpfs "$SCENE/small"; echo old > "$SCENE/small/dest""#;
    let mut player = Player::spawn(&mut behind(scene, &place, place.store.root()));
    assert_eq!(player.ask("claim x"), "lead 0");
    assert_eq!(player.ask("append 200000"), "200000");
    let dest = place.path("small/dest");
    let answer = player.ask(&format!("persist {}", dest.display()));
    assert!(answer.contains("no space left") && answer.contains("200000 more bytes"), "{answer}");
    assert_eq!(player.ask(&format!("show {}", dest.display())), "old");
    assert_eq!(player.ask("claim x"), "lead 200000");
}

#[test]
fn a_file_that_may_not_grow_keeps_a_prefix() {
    let place = Place::new();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "player::plays_what_it_is_told", "--nocapture", "--test-threads=1"])
        .env("TOWLINE_STORE_TEST_ROOT", place.store.root());
    let mut player = Player::spawn(&mut command);
    assert_eq!(player.ask("claim x"), "lead 0");
    let answer = player.ask("append 100000");
    let held: u64 = answer.split_once(' ').unwrap().0.parse().unwrap();
    assert!(held > 0 && held < 100_000 && held.is_multiple_of(512), "{answer}");
    assert!(answer.contains(".part"), "{answer}");
    drop(player);
    let mut next = Player::start(place.store.root());
    assert_eq!(next.ask("claim x"), format!("lead {held}"));
    assert_eq!(next.ask("append 1"), (held + 1).to_string());
    let dest = place.path("dest");
    assert_eq!(next.ask(&format!("persist {}", dest.display())), "done");
    assert!(std::fs::read(dest).unwrap().iter().zip(0..).all(|(found, at)| *found == byte(at)));
}

/// The tree of a player has 200 kB.
#[test]
fn a_copy_without_room_names_path_and_need_and_leaves_nothing() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    std::fs::create_dir(place.path("small")).unwrap();
    let scene = r#"mount -t tmpfs -o size=64k tmpfs "$SCENE/small""#;
    let mut player = Player::spawn(&mut playing(tree_player::TEST, scene, &place, place.store.root()));
    assert_eq!(player.ask("publish 7"), "done");
    for word in ["copy 7", "move 7"] {
        let answer = player.ask(&format!("{word} {}", place.path("small/dest").display()));
        assert!(answer.contains("no space left") && answer.contains("small/.towline-"), "{word}: {answer}");
        if word == "copy 7" {
            assert!(answer.contains("more bytes are needed"), "{answer}");
        }
        assert_eq!(player.ask(&format!("list {}", place.path("small").display())), "[]", "{word}");
    }
    assert_eq!(player.ask("entry 7"), "whole");
}

#[test]
fn a_full_store_can_be_pruned_and_then_used() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    let scene = r#"mount -t tmpfs -o size=900k,nr_inodes=400 tmpfs "$SCENE""#;
    let mut player = Player::spawn(&mut playing(tree_player::TEST, scene, &place, &place.path("cache")));
    assert_eq!(player.ask("publish 1"), "done");
    assert_eq!(player.ask("publish 2"), "done");
    let answer = player.ask("publish 3");
    assert!(answer.contains("os error 28"), "{answer}");
    assert_eq!(player.ask("entry 3"), "none");
    // The last block: not even a mark of a stage has room.
    player.ask(&format!("stuff {}", place.path("stuffing").display()));
    assert_eq!(player.ask("entry 2"), "whole");
    for number in [1, 2] {
        assert_eq!(player.ask(&format!("remove {number}")), "done");
        assert_eq!(player.ask(&format!("entry {number}")), "none");
    }
    assert_eq!(player.ask("publish 3"), "done");
}

#[test]
fn a_store_that_may_only_be_read_still_gives_its_entries() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    assert_eq!(Player::playing(tree_player::TEST, place.store.root()).ask("publish 7"), "done");
    let scene = r#"mount --bind "$SCENE/cache" "$SCENE/cache" && mount -o remount,ro,bind "$SCENE/cache""#;
    let mut player = Player::spawn(&mut playing(tree_player::TEST, scene, &place, place.store.root()));
    assert_eq!(player.ask("entry 7"), "whole");
    // One device mounted twice: the copy is made beside its destination.
    let dest = place.path("dest");
    assert_eq!(player.ask(&format!("copy 7 {}", dest.display())), "done Moved");
    assert_eq!(crate::trees::names(place.dir.path()), ["cache", "dest"]);
    for word in ["publish 8", "remove 7"] {
        let answer = player.ask(word);
        assert!(answer.contains("the file system is read-only") && answer.contains("cache/"), "{word}: {answer}");
    }
}
