//! What must not be in the source.

use std::{fs, path::Path};

/// A lock that always says yes must change nothing, so none is asked.
#[test]
fn no_file_lock_is_used() {
    let mut files = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        files += 1;
        let words = [
            "flock",
            "fcntl",
            "lockf",
            "F_SETLK",
            "FlockOperation",
            "lock_shared",
            "try_lock",
            "lock_exclusive",
            "fs4",
            "fd_lock",
        ];
        for word in words {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
    assert!(files > 10, "the source was not found");
}
