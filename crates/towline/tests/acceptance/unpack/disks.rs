//! Disks that have room for an archive but not for its tree, or lie elsewhere than the cache.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use towline_faults::Script;

use super::archives::{Archive, dense, dense_tar, many, sdist_tar};
use super::{VOUCHES, case, is_tree, is_unpacked_once, left, listed, trees};
use crate::interruptions::process::{Process, command};
use crate::interruptions::skip;
use crate::support::{Case, FAST, figure, program};

/// Whether a file system can be mounted, in a namespace of its own.
fn can_mount(claim: &str) -> bool {
    let tried = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    let able = tried.is_ok_and(|tried| tried.status.success());
    if !able {
        skip(claim, "no right to mount a file system");
    }
    able
}

/// Runs a script of the shell with mounts of its own, where `$SCENE` is the case's folder and `towline …` unpacks the
/// archive, with a cache and a destination in `$SCENE`.
fn scene(case: &Case, archive: &Archive, more: &[String], script: &str) -> Output {
    let get = format!(
        r#"towline() {{ "$PROGRAM" get {} --cache-dir "$SCENE/cache" "$URL" -d "$SCENE/out" "$@"; }}"#,
        FAST.join(" ")
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &format!("{get}\n{script}"), "sh"]).args(more);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOWLINE_")) {
        command.env_remove(name);
    }
    command.env("SCENE", case.dir.path()).env("URL", case.server.url(&archive.path()));
    command.env("STEM", archive.stem());
    command.env("PROGRAM", program().get_program()).stdin(Stdio::null());
    command.output().expect("the shell runs")
}

/// What a run has to say about a disk that is too small, with the place it names: what the tree needs, or, where the
/// archive still came and met the end of the disk first, what the archive does.
#[track_caller]
fn says_need(said: &str, archive: &Archive, place: &Path, shared: bool, what: &str) {
    let place = place.display().to_string();
    for text in ["no space left for", &place, "are kept; the same command continues from there"] {
        assert!(said.contains(text), "{what}: {text}\n{said}");
    }
    let need = format!("the archive takes {} bytes and its tree more than ", archive.size());
    let archive_first = shared && said.contains("more bytes are needed");
    assert!(said.contains(&need) || archive_first, "{what}: no need is named\n{said}");
}

/// Where mounts are made, run the first time; then there is room. Prints what was kept. Fails with a code of its own for
/// each thing that is not so.
const FULL: &str = r#"
    towline "$@"; test $? = 6 || exit 98
    test -z "$(ls -A "$SCENE/out")" || exit 97
    test -z "$(ls -A "$SCENE/cache/staging" 2> /dev/null)" || exit 96
    stat -c %s "$SCENE"/cache/partial/*/*.part
    mount -o remount,size=900m "$SMALL" || exit 95
    towline "$@" || exit 94
    test -z "$(ls -A "$SCENE/out" | grep -v -F "$STEM")" || exit 93
    test -z "$(ls -A "$SCENE/cache/staging" 2> /dev/null)" || exit 92
    cp -a "$SCENE/out/$STEM" "$SCENE/tree""#;

/// Archives of a megabyte or two that become 180 MB, on a disk of 40.
fn full_disk(name: &str, mounts: &str, place: fn(&Case) -> std::path::PathBuf) {
    for (at, archive) in [dense(), dense_tar()].into_iter().enumerate() {
        let vouch = VOUCHES[at % 2];
        let (case, more) = case(archive, vouch, |script| script);
        let what = format!("{name}, {}, {vouch:?}", archive.name);
        let output = scene(&case, archive, &more, &format!("{mounts}\n{FULL}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{what}\n{said}");
        says_need(&said, archive, &place(&case), false, &what);
        let held: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a length");
        assert_eq!(trees::difference(&case.dir.path().join("tree"), &archive.nodes), None, "{what}");
        goes_on_at(&case, archive, held, &what);
        figure(
            "full disk, no room for the tree",
            &format!("{what}: exit code 6 with {held} bytes kept, continued there"),
        );
    }
}

/// The second run asked for what was not held, if anything.
#[track_caller]
fn goes_on_at(case: &Case, archive: &Archive, held: u64, what: &str) {
    let asked = case.requests();
    let second: Vec<_> = asked.iter().skip(1).map(|entry| entry.range.clone()).collect();
    let from = Some(format!("bytes={held}-"));
    assert!(second == [from] || (second.is_empty() && held == archive.size()), "{what}: {held} held, asked {second:?}");
}

#[test]
fn a_disk_with_room_for_the_archive_only_ends_with_6_and_the_next_run_goes_on() {
    if !can_mount("a disk without room for a tree") {
        return;
    }
    let mounts = r#"
        SMALL="$SCENE"
        mount -t tmpfs -o size=40m tmpfs "$SCENE" && mkdir "$SCENE/cache" "$SCENE/out" || exit 99"#;
    // What is mounted over the case's folder is gone with the namespace, so the tree is looked at from within.
    let inside = [dense(), dense_tar()];
    for (at, archive) in inside.into_iter().enumerate() {
        let (case, more) = case(archive, VOUCHES[at % 2], |script| script);
        let script =
            format!("{mounts}\n{FULL}\ncd \"$SCENE/tree\" && find . -type f | sort | xargs sha256sum | sha256sum");
        let output = scene(&case, archive, &more, &script);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}\n{said}", archive.name);
        says_need(&said, archive, case.dir.path(), true, &archive.name);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.contains(&sums(archive)), "{}: another tree", archive.name);
        let held = printed.lines().next().and_then(|line| line.parse().ok()).expect("a length");
        goes_on_at(&case, archive, held, &archive.name);
        figure("full disk", &format!("{}: exit code 6 with {held} bytes kept, continued there", archive.name));
    }
}

/// What `find | sort | sha256sum | sha256sum` says of the tree.
fn sums(archive: &Archive) -> String {
    use sha2::Digest as _;
    use std::fmt::Write as _;
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut lines = String::new();
    for (name, node) in &archive.nodes {
        if let trees::Node::File { sha256, .. } = node {
            let _ = writeln!(lines, "{}  ./{name}", hex(sha256));
        }
    }
    hex(&sha2::Sha256::digest(lines.as_bytes()))
}

#[test]
fn a_destination_on_a_small_disk_of_its_own_ends_with_6_and_the_next_run_goes_on() {
    if !can_mount("a small disk as destination") {
        return;
    }
    let mounts = r#"
        SMALL="$SCENE/out"
        mkdir "$SCENE/out" && mount -t tmpfs -o size=40m tmpfs "$SCENE/out" || exit 99"#;
    full_disk("destination on a small disk", mounts, Case::out);
}

#[test]
fn a_cache_on_a_small_disk_of_its_own_is_no_hindrance_to_a_destination_elsewhere() {
    if !can_mount("a cache on a small disk") {
        return;
    }
    let archive = dense();
    let (case, more) = case(archive, VOUCHES[0], |script| script);
    let script = r#"
        mkdir "$SCENE/cache" && mount -t tmpfs -o size=20m tmpfs "$SCENE/cache" || exit 99
        towline "$@""#;
    let output = scene(&case, archive, &more, script);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    is_tree(&case, archive, "small cache");
    figure("small cache, destination elsewhere", "exit code 0, tree right");
}

#[test]
fn a_destination_that_is_read_only_ends_with_6_and_names_it() {
    if !can_mount("a read-only destination") {
        return;
    }
    let archive = super::archives::small();
    let (case, more) = case(archive, VOUCHES[0], |script| script);
    let script = r#"
        mkdir "$SCENE/out" && mount -t tmpfs -o ro tmpfs "$SCENE/out" || exit 99
        towline "$@""#;
    let output = scene(&case, archive, &more, script);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("read-only") && said.contains(&case.out().display().to_string()), "{said}");
    let sent = case.sent();
    // In another place it needs no byte more than has come.
    is_unpacked_once(&case, archive, &super::run(&case, archive, &more), "elsewhere");
    assert_eq!(case.sent(), archive.size(), "brought twice");
    figure("read-only destination", &format!("exit code 6, named, {sent} bytes brought before"));
}

#[test]
fn a_destination_on_another_file_system_has_no_half_tree_and_nothing_temporary_at_the_end() {
    let claim = "a destination on another file system";
    let Ok(shm) = tempfile::tempdir_in("/dev/shm") else { return skip(claim, "there is no /dev/shm") };
    for archive in [many(), sdist_tar()] {
        let (case, more) = case(archive, VOUCHES[0], |script: Script| script);
        let device = |path: &Path| fs::metadata(path).expect("a folder").dev();
        if device(shm.path()) == device(case.dir.path()) {
            return skip(claim, "temporary files are in /dev/shm, too");
        }
        let out = shm.path().join("out");
        let mut get = command(&case, "process");
        get.arg(case.server.url(&archive.path())).arg("-d").arg(&out).args(&more);
        let mut process = Process::start(&case, "process", get);
        let (place, mut looks) = (out.join(archive.stem()), 0);
        while process.is_running() {
            looks += 1;
            if place.exists() {
                assert_eq!(trees::difference(&place, &archive.nodes), None, "{}: a half tree", archive.name);
            }
        }
        process.end().0.expect(0);
        assert_eq!(trees::difference(&place, &archive.nodes), None, "{}", archive.name);
        assert_eq!((listed(&case), left(&case)), (vec![], vec![]), "{}", archive.name);
        let beside = fs::read_dir(&out).expect("the folder").count();
        assert_eq!(beside, 1, "{}: something temporary is beside the tree", archive.name);
        fs::remove_dir_all(&out).expect("it can be removed");
        figure(claim, &format!("{}: right, no half tree in {looks} looks", archive.name));
    }
}
