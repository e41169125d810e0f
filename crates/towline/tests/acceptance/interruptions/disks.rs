//! Disks that are full, read-only or not there.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::process::Process;
use super::{VOUCHES, Vouch, case, partial, range_at};
use crate::support::{Case, FAST, figure, is_content, program};

const SIZE: u64 = 3_000_000;

/// Whether a file system can be mounted, in a namespace of its own.
fn can_mount(claim: &str) -> bool {
    let tried = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
    let able = tried.is_ok_and(|tried| tried.status.success());
    if !able {
        super::skip(claim, "no right to mount a file system");
    }
    able
}

/// Runs a script of the shell where `$SCENE` is the case's folder, and `towline DEST …` gets the file.
fn scene(case: &Case, namespace: bool, more: &[String], script: &str) -> Output {
    let mut command = Command::new(if namespace { "unshare" } else { "sh" });
    if namespace {
        command.args(["-rm", "sh"]);
    }
    let get = format!(
        "towline() {{ dest=\"$1\"; shift; \"$PROGRAM\" get {} --cache-dir \"$SCENE/cache\" \"$URL\" -o \"$dest\" \"$@\"; }}",
        FAST.join(" ")
    );
    command.args(["-c", &format!("{get}\n{script}"), "sh"]).args(more);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOWLINE_")) {
        command.env_remove(name);
    }
    command.env("SCENE", case.dir.path()).env("URL", case.server.url("/a.whl"));
    command.env("PROGRAM", program().get_program()).stdin(Stdio::null());
    command.output().expect("the shell runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_full_disk_ends_with_exit_code_6_path_and_need_and_the_next_run_goes_on() {
    if !can_mount("a full disk") {
        return;
    }
    for vouch in VOUCHES {
        let (case, content, more) = case(SIZE, vouch, |script| script);
        let script = r#"
            mkdir "$SCENE/cache" && mount -t tmpfs -o size=1m tmpfs "$SCENE/cache" || exit 99
            towline "$SCENE/a.whl" "$@"; test $? = 6 || exit 98
            test ! -e "$SCENE/a.whl" || exit 97
            stat -c %s "$SCENE"/cache/partial/*/*.part
            mount -o remount,size=20m "$SCENE/cache" || exit 96
            towline "$SCENE/a.whl" "$@""#;
        let output = scene(&case, true, &more, script);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{vouch:?}\n{said}");
        let held: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a length");
        let need = format!("({} more bytes are needed)", SIZE - held);
        let path = case.dir.path().join("cache/partial").display().to_string();
        for text in ["no space left for", &path, &need, "the same command continues from there"] {
            assert!(said.contains(text), "{vouch:?}: {text}\n{said}");
        }
        let asked = case.requests();
        assert_eq!((asked.len(), &asked[1].range), (2, &range_at(held)), "{vouch:?}");
        assert!(is_content(&case.dir.path().join("a.whl"), &content), "{vouch:?}: other bytes");
        figure("full disk", &format!("{vouch:?}: exit code 6 at byte {held}, continued there"));
    }
}

#[test]
fn a_file_that_may_not_grow_ends_with_exit_code_6_and_the_next_run_goes_on() {
    for vouch in VOUCHES {
        let (case, content, more) = case(SIZE, vouch, |script| script);
        // 2,048 blocks of 512 bytes.
        let script = r#"trap '' XFSZ; ulimit -f 2048; towline "$SCENE/a.whl" "$@""#;
        let output = scene(&case, false, &more, script);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(6), "{vouch:?}\n{said}");
        assert!(said.contains(".part") && said.contains("File too large"), "{vouch:?}\n{said}");
        let held = partial(&case);
        assert!(held > 500_000 && held <= 2048 * 1024, "{vouch:?}: {held}");
        let (run, _) = Process::get(&case, "next", "a.whl", &more).end();
        run.expect(0);
        let asked = case.requests();
        assert_eq!((asked.len(), &asked[1].range), (2, &range_at(held)), "{vouch:?}");
        assert!(is_content(&case.dir.path().join("a.whl"), &content), "{vouch:?}: other bytes");
        figure("file may not grow", &format!("{vouch:?}: exit code 6 at byte {held}, continued there"));
    }
}

#[test]
fn a_cache_directory_that_cannot_be_made_ends_with_exit_code_6_before_any_request() {
    let (case, _, more) = case(SIZE, Vouch::Digest, |script| script);
    let file = case.dir.path().join("file");
    std::fs::write(&file, "no directory").expect("a file");
    let mut command = program();
    command.arg("get").arg(case.server.url("/a.whl")).arg("-o").arg(case.dir.path().join("a.whl")).args(&more);
    command.arg("--cache-dir").arg(file.join("cache"));
    let run = case.finish(command);
    run.expect(6);
    let path = file.join("cache").display().to_string();
    assert!(run.stderr.contains("could not create") && run.stderr.contains(&path), "{}", run.stderr);
    assert!(case.requests().is_empty(), "asked for what cannot be kept");
    figure("cache directory cannot be made", "exit code 6, names it, 0 requests");
}

#[test]
fn a_read_only_cache_directory_ends_with_exit_code_6_before_any_request() {
    if !can_mount("a read-only cache directory") {
        return;
    }
    let (case, _, more) = case(SIZE, Vouch::Digest, |script| script);
    let script = r#"
        mkdir "$SCENE/cache" && mount -t tmpfs -o ro tmpfs "$SCENE/cache" || exit 99
        towline "$SCENE/a.whl" "$@""#;
    let output = scene(&case, true, &more, script);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(6), "{said}");
    let path = case.dir.path().join("cache").display().to_string();
    assert!(said.contains("the file system is read-only") && said.contains(&path), "{said}");
    assert!(case.requests().is_empty(), "asked for what cannot be kept");
    figure("read-only cache directory", "exit code 6, names it, 0 requests");
}

/// The bytes are kept, and the same command with another destination brings none of them again.
fn kept(case: &Case, more: &[String], dest: &Path, content: &towline_faults::Content, what: &str) {
    assert_eq!(partial(case), SIZE, "{what}: bytes were lost");
    let (run, _) = Process::get(case, "next", "next.whl", more).end();
    run.expect(0);
    assert!(is_content(dest, content), "{what}: other bytes");
    // Without a digest the origin is asked whether that is still the file: a 416 and its words.
    assert!((SIZE..SIZE + 200).contains(&case.sent()), "{what}: brought twice");
}

#[test]
fn a_destination_that_cannot_be_written_ends_with_exit_code_6_and_keeps_the_bytes() {
    if !can_mount("a destination that cannot be written") {
        return;
    }
    for vouch in VOUCHES {
        let (case, content, more) = case(SIZE, vouch, |script| script);
        let script = r#"
            mkdir "$SCENE/out" && mount -t tmpfs -o ro tmpfs "$SCENE/out" || exit 99
            towline "$SCENE/out/a.whl" "$@""#;
        let output = scene(&case, true, &more, script);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(6), "{vouch:?}\n{said}");
        let path = case.out().display().to_string();
        assert!(said.contains("read-only") && said.contains(&path), "{vouch:?}\n{said}");
        assert!(said.contains("3.0 of 3.0 MB are kept"), "{vouch:?}\n{said}");
        kept(&case, &more, &case.dir.path().join("next.whl"), &content, &format!("{vouch:?}"));
        figure("destination cannot be written", &format!("{vouch:?}: exit code 6, all bytes kept"));
    }
}

#[test]
fn a_destination_that_is_a_directory_is_refused_before_any_request() {
    let (case, _, more) = case(SIZE, Vouch::Digest, |script| script);
    std::fs::create_dir(case.out()).expect("a directory");
    let (run, _) = Process::get(&case, "process", "out", &more).end();
    run.expect(6);
    let path = case.out().display().to_string();
    assert!(run.stderr.contains(&path) && run.stderr.contains("is a directory"), "{}", run.stderr);
    assert!(case.requests().is_empty(), "brought what cannot be put there");
    figure("destination is a directory", "exit code 6, names it, 0 requests");
}
