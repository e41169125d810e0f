//! Placing trees: what may be there already, and where stages are.

use std::{
    fs::{self, Permissions},
    io::ErrorKind,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
};

use towline_store::{Placed, Stage, StoreError};

use crate::{
    place::Place,
    trees::{elsewhere, look, names, sow, sown},
};

fn staged(place: &Place) -> Stage {
    let stage = place.store.stage(None).unwrap();
    sow(stage.tree());
    stage
}

fn staging(place: &Place) -> Vec<String> {
    names(&place.store.root().join("staging"))
}

#[test]
fn a_tree_is_moved_to_where_nothing_or_an_empty_directory_is() {
    type Prepare = fn(&Place);
    let table: [(&str, &str, Prepare); 6] = [
        ("nothing", "dest", |_| {}),
        ("no parents", "a/b/c/dest", |_| {}),
        ("an empty directory", "dest", |place| fs::create_dir(place.path("dest")).unwrap()),
        ("a slash at the end", "dest/", |_| {}),
        ("a dot", "./a/./dest", |_| {}),
        ("a link to an empty directory", "link", |place| {
            fs::create_dir(place.path("target")).unwrap();
            symlink("target", place.path("link")).unwrap();
        }),
    ];
    for (case, dest, prepare) in table {
        let place = Place::new();
        prepare(&place);
        let stage = staged(&place);
        let inode = fs::metadata(stage.tree()).unwrap().ino();
        assert_eq!(stage.place(&place.path(dest)).unwrap(), Placed::Moved, "{case}");
        assert_eq!(look(&place.path(dest)), sown(), "{case}");
        assert_eq!(fs::metadata(place.path(dest)).unwrap().ino(), inode, "{case}: not moved");
        assert!(staging(&place).is_empty(), "{case}");
        assert!(!place.path("link").exists() || fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    }
}

#[test]
fn the_top_has_the_mode_of_a_new_directory() {
    let place = Place::new();
    staged(&place).place(&place.path("dest")).unwrap();
    fs::create_dir(place.path("other")).unwrap();
    let mode = |name| fs::metadata(place.path(name)).unwrap().mode();
    assert_eq!(mode("dest"), mode("other"));
}

#[test]
fn the_same_tree_was_there() {
    let place = Place::new();
    fs::create_dir(place.path("dest")).unwrap();
    sow(&place.path("dest"));
    symlink("dest", place.path("link")).unwrap();
    let inode = fs::metadata(place.path("dest")).unwrap().ino();
    // Bits that an umask decides do not count.
    fs::set_permissions(place.path("dest/top"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.path("dest/pkg/run"), Permissions::from_mode(0o700)).unwrap();
    let before = look(&place.path("dest"));
    for dest in ["dest", "link"] {
        assert_eq!(staged(&place).place(&place.path(dest)).unwrap(), Placed::Was);
        assert_eq!(
            (look(&place.path("dest")), fs::metadata(place.path("dest")).unwrap().ino()),
            (before.clone(), inode)
        );
    }
    assert!(staging(&place).is_empty());
}

#[test]
fn whatever_differs_is_not_replaced() {
    type Change = fn(&Path);
    let table: [(&str, Change); 14] = [
        ("another byte", |dest| fs::write(dest.join("top"), "z").unwrap()),
        ("a byte behind the first block", |dest| {
            let mut bytes = fs::read(dest.join("pkg/sub/large")).unwrap();
            bytes[69_999] ^= 1;
            fs::write(dest.join("pkg/sub/large"), bytes).unwrap();
        }),
        ("longer", |dest| fs::write(dest.join("top"), "yy").unwrap()),
        ("shorter", |dest| fs::write(dest.join("top"), "").unwrap()),
        ("a file less", |dest| fs::remove_file(dest.join("pkg/none")).unwrap()),
        ("a file more", |dest| fs::write(dest.join("pkg/more"), "").unwrap()),
        ("an empty directory less", |dest| fs::remove_dir(dest.join("empty")).unwrap()),
        ("an empty directory more", |dest| fs::create_dir(dest.join("pkg/more")).unwrap()),
        ("not executable", |dest| fs::set_permissions(dest.join("pkg/run"), Permissions::from_mode(0o644)).unwrap()),
        ("executable", |dest| fs::set_permissions(dest.join("top"), Permissions::from_mode(0o755)).unwrap()),
        ("another target", |dest| {
            fs::remove_file(dest.join("dangling")).unwrap();
            symlink("elsewhere", dest.join("dangling")).unwrap();
        }),
        ("a file for a link to it", |dest| {
            fs::remove_file(dest.join("pkg/link")).unwrap();
            fs::copy(dest.join("pkg/sub/large"), dest.join("pkg/link")).unwrap();
        }),
        ("a directory for a file", |dest| {
            fs::remove_file(dest.join("pkg/none")).unwrap();
            fs::create_dir(dest.join("pkg/none")).unwrap();
        }),
        ("a socket more", |dest| drop(UnixListener::bind(dest.join("socket")).unwrap())),
    ];
    for (case, change) in table {
        let place = Place::new();
        let dest = place.path("dest");
        fs::create_dir(&dest).unwrap();
        sow(&dest);
        change(&dest);
        let before: Vec<_> = names(&dest);
        let error = staged(&place).place(&dest).unwrap_err();
        assert!(matches!(&error, StoreError::Exists { path } if *path == dest), "{case}: {error}");
        assert!(error.to_string().contains("dest is there already"), "{error}");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(names(&dest), before, "{case}");
        assert!(staging(&place).is_empty(), "{case}");
    }
}

#[test]
fn what_is_no_directory_is_not_replaced() {
    let place = Place::new();
    fs::write(place.path("file"), "old").unwrap();
    symlink("file", place.path("link")).unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    for dest in ["file", "link", "dangling", "socket"] {
        let error = staged(&place).place(&place.path(dest)).unwrap_err();
        assert!(matches!(error, StoreError::Exists { .. }), "{dest}: {error}");
    }
    assert_eq!(fs::read(place.path("link")).unwrap(), b"old");
    assert_eq!(fs::read_link(place.path("dangling")).unwrap(), Path::new("nowhere"));
    assert!(staging(&place).is_empty());
    for (dest, named) in [("file/below", "file"), ("..", ".."), ("/", "/")] {
        let error = staged(&place).place(&place.path(dest)).unwrap_err();
        assert!(!matches!(error, StoreError::Exists { .. }) && error.to_string().contains(named), "{dest}: {error}");
    }
    let error = place.store.stage(Some(&place.path(".."))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(place.store.stage(Some(&place.path("dangling"))).is_err());
}

#[test]
fn an_empty_tree_is_a_tree() {
    let place = Place::new();
    for _ in 0..2 {
        assert_eq!(place.store.stage(None).unwrap().place(&place.path("dest")).unwrap(), Placed::Moved);
    }
    assert!(names(&place.path("dest")).is_empty() && place.path("dest").is_dir());
}

#[test]
fn a_stage_can_start_over_and_leaves_nothing() {
    let place = Place::new();
    let stage = staged(&place);
    let other = staged(&place);
    stage.clear().unwrap();
    assert!(names(stage.tree()).is_empty());
    assert_eq!(look(other.tree()), sown());
    sow(stage.tree());
    drop(other);
    assert_eq!(staging(&place).len(), 1);
    drop(stage);
    assert!(staging(&place).is_empty());
}

/// Archives may hold directories that nobody may write to or enter. Root may: see `denied` for others.
#[test]
fn closed_directories_are_removed_too() {
    let place = Place::new();
    for how in ["clear", "drop"] {
        let stage = staged(&place);
        for (dir, mode) in [("pkg/sub/deep", 0o000), ("pkg/sub", 0o500), ("pkg", 0o000)] {
            fs::set_permissions(stage.tree().join(dir), Permissions::from_mode(mode)).unwrap();
        }
        if how == "clear" {
            stage.clear().unwrap();
            assert!(names(stage.tree()).is_empty());
        }
        drop(stage);
        assert!(staging(&place).is_empty(), "{how}");
    }
}

#[test]
fn near_a_destination_of_the_same_file_system_is_in_the_store() {
    let place = Place::new();
    let stage = place.store.stage(Some(&place.path("a/b/dest"))).unwrap();
    assert!(stage.tree().starts_with(place.store.root().join("staging")));
    assert!(!place.path("a").exists(), "parents come with the tree");
    sow(stage.tree());
    assert_eq!(stage.place(&place.path("a/b/dest")).unwrap(), Placed::Moved);
    assert_eq!(look(&place.path("a/b/dest")), sown());
}

#[test]
fn near_a_destination_of_another_file_system_is_beside_it() {
    let place = Place::new();
    let Some(other) = elsewhere(place.dir.path()) else { return };
    let dest = other.path().join("a/dest");
    let stage = place.store.stage(Some(&dest)).unwrap();
    let beside = names(dest.parent().unwrap());
    assert!(beside.len() == 1 && beside[0].starts_with(".towline-"), "{beside:?}");
    assert!(stage.tree().starts_with(dest.parent().unwrap().join(&beside[0])));
    assert_eq!(fs::metadata(dest.parent().unwrap().join(&beside[0])).unwrap().mode() & 0o777, 0o700);
    sow(stage.tree());
    let inode = fs::metadata(stage.tree()).unwrap().ino();
    assert_eq!(stage.place(&dest).unwrap(), Placed::Moved);
    assert_eq!(fs::metadata(&dest).unwrap().ino(), inode, "copied");
    assert_eq!(look(&dest), sown());
    assert_eq!(names(dest.parent().unwrap()), ["dest"]);
}

#[test]
fn a_stage_of_another_file_system_is_copied() {
    let place = Place::new();
    let Some(other) = elsewhere(place.dir.path()) else { return };
    let dest = other.path().join("a/dest");
    assert_eq!(staged(&place).place(&dest).unwrap(), Placed::Moved);
    assert_eq!(look(&dest), sown());
    assert_eq!(staged(&place).place(&dest).unwrap(), Placed::Was);
    fs::write(dest.join("top"), "z").unwrap();
    assert!(matches!(staged(&place).place(&dest).unwrap_err(), StoreError::Exists { .. }));
    assert_eq!(names(dest.parent().unwrap()), ["dest"]);
    assert!(staging(&place).is_empty());
}

/// Whoever looks sees nothing or everything; of many that place the same, one moves.
#[test]
fn of_eight_that_place_one_tree_one_moves_it() {
    for _ in 0..20 {
        let place = Place::fast();
        let dest = place.path("dest");
        let whole = sown();
        let placed: Vec<Placed> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let stage = staged(&place);
                        if dest.exists() {
                            assert_eq!(look(&dest), whole);
                        }
                        stage.place(&dest).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(placed.iter().filter(|placed| **placed == Placed::Moved).count(), 1, "{placed:?}");
        assert_eq!(look(&dest), whole);
    }
}
