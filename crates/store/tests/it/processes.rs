//! Several processes at one store.

use std::{fs, path::PathBuf};

use serde_json::json;
use towline_store::Key;

use crate::{
    place::{Place, forge},
    player::{Player, byte},
};

fn players(place: &Place, count: usize) -> Vec<Player> {
    (0..count).map(|_| Player::start(place.store.root())).collect()
}

/// Tells all, then hears all.
fn ask_all(players: &mut [Player], line: &str) -> Vec<String> {
    players.iter_mut().for_each(|player| player.tell(line));
    players.iter_mut().map(|player| player.hear().unwrap()).collect()
}

fn parts(place: &Place, key: &str) -> Vec<PathBuf> {
    let dir = place.store.root().join("partial").join(Key::of_url(key).as_str());
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == "part")).collect()
}

fn leaders(answers: &[String]) -> Vec<usize> {
    (0..answers.len()).filter(|index| answers[*index].starts_with("lead")).collect()
}

#[test]
fn of_twenty_processes_one_leads() {
    let place = Place::new();
    let mut players = players(&place, 20);
    for round in 0..20 {
        let answers = ask_all(&mut players, &format!("claim round-{round}"));
        assert_eq!(leaders(&answers).len(), 1, "round {round}: {answers:?}");
        assert_eq!(parts(&place, &format!("round-{round}")).len(), 1);
    }
}

#[test]
fn nineteen_followers_get_the_file_of_the_one_that_led() {
    let place = Place::new();
    let mut players = players(&place, 20);
    let answers = ask_all(&mut players, "claim x");
    let leader = leaders(&answers)[0];
    assert_eq!(players[leader].ask("append 1000000"), "1000000");
    for (index, player) in players.iter_mut().enumerate().filter(|(index, _)| *index != leader) {
        player.tell(&format!("await {}", place.path(&format!("copy-{index}")).display()));
    }
    let dest = place.path(&format!("copy-{leader}"));
    assert_eq!(players[leader].ask(&format!("persist {}", dest.display())), "done");
    let expected: Vec<u8> = (0..1_000_000).map(byte).collect();
    for (index, player) in players.iter_mut().enumerate() {
        if index != leader {
            assert_eq!(player.hear().unwrap(), "copied", "player {index}");
        }
        assert!(fs::read(place.path(&format!("copy-{index}"))).unwrap() == expected, "player {index}");
    }
    // The process that led lives, but the file is out of its hands.
    assert_eq!(players[(leader + 1) % 20].ask("claim x"), "lead 0");
}

#[test]
fn a_killed_leader_is_followed_by_one_that_has_every_byte() {
    for round in 0..5 {
        let place = Place::new();
        let mut players = players(&place, 6);
        let answers = ask_all(&mut players, "claim x");
        let mut leader = players.remove(leaders(&answers)[0]);
        leader.tell("flood");
        players.iter_mut().for_each(|player| player.tell("await x"));
        let mut told = 0;
        for _ in 0..50 + round * 100 {
            told = leader.hear().unwrap().parse().unwrap();
        }
        leader.child.kill().unwrap();
        while let Some(line) = leader.hear() {
            told = line.parse().unwrap();
        }
        // Not waited for yet: the others must see through a zombie.
        let answers: Vec<String> = players.iter_mut().map(|player| player.hear().unwrap()).collect();
        let leading = leaders(&answers);
        assert_eq!(leading.len(), 1, "{answers:?}");
        let len: u64 = answers[leading[0]].trim_start_matches("lead ").parse().unwrap();
        assert!(len >= told, "{told} bytes were appended, {len} are left");
        let parts = parts(&place, "x");
        assert_eq!(parts.len(), 1);
        let bytes = fs::read(&parts[0]).unwrap();
        assert_eq!(bytes.len() as u64, len);
        assert!(bytes.iter().zip(0..).all(|(found, at)| *found == byte(at)), "bytes changed");
        assert_eq!(players[leading[0]].ask("append 10"), (len + 10).to_string());
    }
}

#[test]
fn of_two_adopters_one_wins_a_hundred_times() {
    let place = Place::new();
    let mut players = players(&place, 2);
    for round in 0..100 {
        let key = format!("claim round-{round}");
        assert_eq!(players[0].ask(&key), "lead 0");
        assert_eq!(players[0].ask("append 5000"), "5000");
        let part = parts(&place, &key["claim ".len()..]).remove(0);
        let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&part).unwrap());
        players[0].ask("drop");
        if round % 2 == 0 {
            // Half of them: not let go, but dead.
            forge(&part.with_extension("json"), |sidecar| {
                sidecar["state"] = json!("growing");
                sidecar["owner"]["start"] = json!(1);
            });
        }
        let mut answers = ask_all(&mut players, &key);
        answers.sort();
        assert_eq!(answers, ["follow", "lead 5000"], "round {round}");
        let parts = parts(&place, &key["claim ".len()..]);
        assert_eq!(parts.len(), 1);
        assert_eq!(std::os::unix::fs::MetadataExt::ino(&fs::metadata(&parts[0]).unwrap()), inode, "copied");
        ask_all(&mut players, "drop");
    }
}

#[test]
fn twenty_adopters_have_one_winner() {
    let place = Place::new();
    let mut players = players(&place, 20);
    for round in 0..10 {
        let key = format!("claim round-{round}");
        assert_eq!(players[0].ask(&key), "lead 0");
        players[0].ask("append 100");
        players[0].ask("drop");
        let answers = ask_all(&mut players, &key);
        let leading = leaders(&answers);
        assert_eq!((leading.len(), answers[leading[0]].as_str()), (1, "lead 100"), "round {round}: {answers:?}");
    }
}

/// Killed anywhere in a claim: the next claim has the bytes, whatever was half done.
#[test]
fn a_claim_killed_half_way_loses_nothing() {
    let place = Place::new();
    let mut first = Player::start(place.store.root());
    assert_eq!(first.ask("claim x"), "lead 0");
    assert_eq!(first.ask("append 3000"), "3000");
    drop(first);
    for round in 0..60u32 {
        let mut player = Player::start(place.store.root());
        player.tell("claim x");
        // A busy wait of some microseconds, another length each time.
        (0..round * 400).for_each(|step| drop(std::hint::black_box(step.to_string())));
        player.child.kill().unwrap();
        player.child.wait().unwrap();
    }
    assert_eq!(Player::start(place.store.root()).ask("claim x"), "lead 3000");
}
