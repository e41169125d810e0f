//! Killed at any moment, and many at once.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, Instant},
};

use towline_store::{Key, Store};

use crate::{
    place::Place,
    player::Player,
    tree_player::{TEST, digest, flaw, publish},
    trees::names,
};

/// Everything at a final place, against what it must be.
fn check(place: &Place, dest: &Path) -> usize {
    let mut found = 0;
    for number in 0..3 {
        let hex = digest(number).hex().to_owned();
        let dir = place.store.root().join("trees/sha256").join(&hex[..2]).join(&hex);
        if dir.exists() {
            assert_eq!(flaw(&dir.join("tree"), number), None, "half an entry");
            assert!(place.store.entry(&digest(number)).unwrap().is_some(), "an entry without a record");
            found += 1;
        }
    }
    for name in names(dest) {
        let number: u64 = name.split_once('-').unwrap().1.parse().unwrap();
        assert_eq!(flaw(&dest.join(&name), number), None, "half a tree");
        found += 1;
    }
    found
}

/// But for those killed before their mark stood: they are empty, and their owners cannot be asked.
fn full_stages(place: &Place) -> Vec<String> {
    let staging = place.store.root().join("staging");
    let empty = |name: &String| names(&staging.join(name)).iter().all(|name| name == "owner.json");
    names(&staging).into_iter().filter(|name| !empty(name)).collect()
}

fn sweep(place: &Place) {
    drop(Store::open(place.store.root()).unwrap().claim(&Key::of_url("x")).unwrap());
    assert_eq!(full_stages(place), Vec::<String>::new(), "stages of the dead stay");
}

/// A copy across file systems, killed in the middle: what was asked for or nothing, and nothing beside it.
#[test]
fn a_copy_that_is_killed_leaves_nothing_beside_the_destination() {
    let place = Place::fast();
    let other = tempfile::tempdir().unwrap();
    if fs::metadata(other.path()).unwrap().dev() == fs::metadata(place.dir.path()).unwrap().dev() {
        println!("skipped: one file system");
        return;
    }
    let (size, dest) = (8_000_000_u64, other.path().join("dest"));
    let mut whole = 0;
    for round in 0..20 {
        let mut player = Player::start(place.store.root());
        player.ask(&format!("claim {round}"));
        assert_eq!(player.ask(&format!("append {size}")), size.to_string());
        player.tell(&format!("persist {}", dest.display()));
        let (started, moment) = (Instant::now(), Duration::from_micros(round * 400));
        while started.elapsed() < moment {
            std::hint::spin_loop();
        }
        player.child.kill().unwrap();
        player.child.wait().unwrap();
        let found = names(other.path());
        assert!(found.is_empty() || found == ["dest"], "round {round}: {found:?}");
        if let Ok(metadata) = fs::metadata(&dest) {
            assert_eq!(metadata.len(), size, "round {round}: a part");
            whole += 1;
            fs::remove_file(&dest).unwrap();
        }
    }
    println!("figure  copies killed: {whole} of 20 were done before");
}

/// Sixty moments, spread over the first rounds of a storm; more where too few of them were inside of a stage.
#[test]
fn killed_at_any_moment_nothing_half_is_at_a_final_place() {
    let place = Place::fast();
    let dest = place.path("dest");
    let mut dice = 42u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let (mut found, mut leftovers) = (0, 0);
    let mut round = Duration::from_millis(10);
    for kill in 0..240 {
        if kill >= 60 && leftovers > 8 {
            break;
        }
        let mut player = Player::playing(TEST, place.store.root());
        player.tell(&format!("storm {}", dest.display()));
        assert_eq!(player.hear().unwrap(), "0");
        for _ in 0..roll(4) {
            let started = Instant::now();
            player.hear().unwrap();
            round = started.elapsed();
        }
        let (started, moment) = (Instant::now(), round * u32::try_from(roll(1000)).unwrap() / 1000);
        while started.elapsed() < moment {
            std::hint::spin_loop();
        }
        player.child.kill().unwrap();
        player.child.wait().unwrap();
        found += check(&place, &dest);
        leftovers += full_stages(&place).len();
        sweep(&place);
        for name in names(&dest) {
            fs::remove_dir_all(dest.join(name)).unwrap();
        }
        for number in 0..3 {
            assert_eq!(flaw(publish(&place.store, number).unwrap().path(), number), None);
            place.store.entry(&digest(number)).unwrap().unwrap().remove().unwrap();
        }
    }
    println!("{found} trees seen, {leftovers} stages left behind and swept");
    assert!(found > 90 && leftovers > 8, "the kills came too early or too late: {found} {leftovers}");
}

/// Several processes publish, use, remove and prune the same three entries.
#[test]
fn many_processes_at_the_same_entries_never_show_a_half() {
    let place = Place::fast();
    let mut players: Vec<Player> = (0..4).map(|_| Player::playing(TEST, place.store.root())).collect();
    for (index, player) in players.iter_mut().enumerate() {
        player.tell(&format!("storm {}", place.path(&format!("dest-{index}")).display()));
    }
    for round in 0..6 {
        for player in &mut players {
            assert_eq!(player.hear().unwrap(), round.to_string());
        }
    }
    drop(players);
    for index in 0..4 {
        assert!(check(&place, &place.path(&format!("dest-{index}"))) > 3);
    }
    sweep(&place);
}

/// One wins; all have an entry; nothing is left.
#[test]
fn of_eight_processes_that_publish_one_digest_all_have_it() {
    let place = Place::fast();
    let mut players: Vec<Player> = (0..8).map(|_| Player::playing(TEST, place.store.root())).collect();
    for round in 0..10 {
        players.iter_mut().for_each(|player| player.tell(&format!("publish {round}")));
        for player in &mut players {
            assert_eq!(player.hear().unwrap(), "done");
        }
        let entry = place.store.entry(&digest(round)).unwrap().unwrap();
        assert_eq!(flaw(entry.path(), round), None);
    }
    assert!(names(&place.store.root().join("staging")).is_empty());
}
