use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
};

use towline_store::StoreError;

use crate::place::Place;

fn mode_here(dir: &Path) -> u32 {
    let path = dir.join("mode");
    fs::write(&path, "").unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    fs::remove_file(path).unwrap();
    mode
}

#[test]
fn on_one_file_system_the_file_is_moved() {
    let place = Place::new();
    let mut spool = place.lead();
    spool.append(b"abc").unwrap();
    let inode = fs::metadata(spool.path()).unwrap().ino();
    let dest = place.path("dest");
    fs::write(&dest, "old").unwrap();
    spool.persist(&dest).unwrap();
    let found = fs::metadata(&dest).unwrap();
    assert_eq!((found.ino(), found.permissions().mode() & 0o777), (inode, mode_here(place.dir.path())));
    assert_eq!(fs::read(&dest).unwrap(), b"abc");
    assert!(place.files("part").is_empty());
}

#[test]
fn across_file_systems_the_file_is_copied_and_the_partial_removed() {
    let place = Place::new();
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        println!("skipped: no /dev/shm");
        return;
    };
    if fs::metadata(other.path()).unwrap().dev() == fs::metadata(place.dir.path()).unwrap().dev() {
        println!("skipped: one file system");
        return;
    }
    let mut spool = place.lead();
    let bytes: Vec<u8> = (0..1_000_001u32).map(|index| (index % 251) as u8).collect();
    spool.append(&bytes).unwrap();
    let mut reader = spool.reader();
    let dest = other.path().join("dest");
    spool.persist(&dest).unwrap();
    assert!(fs::read(&dest).unwrap() == bytes);
    assert_eq!(fs::metadata(&dest).unwrap().permissions().mode() & 0o777, mode_here(other.path()));
    assert!(place.files("part").is_empty());
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1, "passing files stayed");
    let mut again = Vec::new();
    std::io::Read::read_to_end(&mut reader, &mut again).unwrap();
    assert!(again == bytes, "readers go on");
}

#[test]
fn an_empty_file_is_a_file() {
    let place = Place::new();
    place.lead().persist(place.path("dest")).unwrap();
    assert_eq!(fs::read(place.path("dest")).unwrap(), b"");
}

#[test]
fn what_is_no_file_is_not_replaced_and_the_bytes_are_kept() {
    let place = Place::new();
    fs::create_dir(place.path("directory")).unwrap();
    // A socket stands for what must not be replaced: never a device of the machine, which a broken guard would take.
    let _socket = UnixListener::bind(place.path("socket")).unwrap();
    symlink("socket", place.path("link")).unwrap();
    for dest in [place.path("directory"), place.path("socket"), place.path("link")] {
        let mut spool = place.lead();
        if spool.is_empty() {
            spool.append(b"abc").unwrap();
        }
        let error = spool.persist(&dest).unwrap_err();
        assert!(matches!(error, StoreError::NotRegular { .. }), "{error}");
        assert!(!fs::metadata(&dest).unwrap().is_file());
    }
    let spool = place.lead();
    assert_eq!(spool.len(), 3);
    let error = spool.persist(place.path("missing/dest")).unwrap_err();
    assert!(error.to_string().contains("missing/dest"), "{error}");
    assert_eq!(place.lead().len(), 3, "kept for the next claim");
}

#[test]
fn a_symbolic_link_stays_and_its_target_is_replaced() {
    let place = Place::new();
    fs::write(place.path("target"), "old").unwrap();
    symlink("target", place.path("link")).unwrap();
    let mut spool = place.lead();
    spool.append(b"new").unwrap();
    spool.persist(place.path("link")).unwrap();
    assert!(fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    assert_eq!(fs::read(place.path("target")).unwrap(), b"new");
}

/// Whoever looks sees one whole version or the other.
#[test]
fn no_half_file_is_ever_seen_at_the_destination() {
    let place = Place::new();
    let homes = [place.dir.path().to_path_buf(), "/dev/shm".into()];
    for home in homes {
        let Ok(home) = tempfile::tempdir_in(home) else { continue };
        let dest = home.path().join("dest");
        fs::write(&dest, vec![0; 300_000]).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    let seen = fs::read(&dest).unwrap();
                    assert_eq!(seen.len(), 300_000);
                    assert!(seen.iter().all(|byte| *byte == seen[0]), "a mixture");
                }
            });
            for round in 1..40 {
                let mut spool = place.lead();
                spool.append(&vec![round; 300_000]).unwrap();
                spool.persist(&dest).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
    }
}
