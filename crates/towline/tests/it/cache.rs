//! `towline cache`, completions and manual pages, through the program.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use towline_store::{Algorithm, Claim, Digest, Key, Store};

fn towline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_towline"))
        .args(arguments)
        .env_remove("TOWLINE_CACHE_DIR")
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `towline cache COMMAND` on a cache; its code and both outputs.
fn cache(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let dir = dir.to_str().expect("a path of the test");
    let output = towline(&[&["--cache-dir", dir, "cache"], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// One archive of 7 bytes and one partial file of 5.
fn filled(dir: &Path) {
    let store = Store::open(dir).expect("a store");
    let lead = |name: &str| match store.claim(&Key::of_url(name)).expect("a claim") {
        Claim::Lead(spool) => spool,
        Claim::Follow(_) => panic!("nobody else is there"),
    };
    let mut spool = lead("https://files.example/a");
    spool.append(b"archive").expect("room");
    spool.keep(&store, &Digest::of(Algorithm::Sha256, &b"archive"[..]).expect("a digest")).expect("kept");
    lead("https://files.example/b").append(b"01234").expect("room");
}

fn rows(table: &str) -> Vec<(String, String, String)> {
    let row = |line: &str| {
        let (name, rest) = line.split_at(20);
        let mut words = rest.split_whitespace();
        let count = words.next().expect("a count").to_owned();
        (name.trim_end().to_owned(), count, words.collect::<Vec<_>>().join(" "))
    };
    table.lines().skip(1).map(row).collect()
}

#[test]
fn the_cache_is_shown_and_emptied() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("cache");
    let shown = root.display().to_string();
    assert_eq!(cache(&root, &["dir"]), (Some(0), format!("{shown}\n"), String::new()));
    assert!(cache(&root, &["info"]).1.lines().last().is_some_and(|line| line.ends_with("0 B")));
    assert!(!root.exists(), "looking creates nothing");

    filled(&root);
    let (code, table, _) = cache(&root, &["info"]);
    assert_eq!((code, table.lines().next()), (Some(0), Some(shown.as_str())));
    let row = |name: &str, count: &str, size: &str| (name.to_owned(), count.to_owned(), size.to_owned());
    assert_eq!(
        rows(&table),
        [
            row("partial files", "1", "5 B"),
            row("trees on their way", "0", "0 B"),
            row("entries", "0", "0 B"),
            row("archives", "1", "7 B"),
            row("in all", "2", "12 B"),
        ]
    );
    let (code, _, said) = cache(&root, &["prune"]);
    assert_eq!((code, said), (Some(0), format!("removed 0 things, 0 B, from {shown}\n")), "all of it is new");
    assert_eq!(rows(&cache(&root, &["info"]).1)[4], row("in all", "2", "12 B"));
    let (code, _, said) = cache(&root, &["prune", "--unused-for", "0"]);
    assert_eq!((code, said), (Some(0), format!("removed 1 thing, 7 B, from {shown}\n")));
    let (code, _, said) = cache(&root, &["clean"]);
    assert_eq!((code, said), (Some(0), format!("removed 1 thing, 5 B, from {shown}\n")));
    assert_eq!(cache(&root, &["clean", "-q"]), (Some(0), String::new(), String::new()));
}

#[test]
fn a_damaged_archive_is_found_and_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("cache");
    filled(&root);
    let (code, _, said) = cache(&root, &["verify"]);
    assert_eq!((code, said.as_str()), (Some(0), "1 archive or entry looked at, 0 damaged\n"));
    let digest = Digest::of(Algorithm::Sha256, &b"archive"[..]).expect("a digest");
    let path = root.join("archives/sha256").join(&digest.hex()[..2]).join(digest.hex());
    fs::write(&path, "brchive").expect("it is there");
    let (code, _, said) = cache(&root, &["verify"]);
    assert_eq!(code, Some(4));
    assert!(said.contains(&path.display().to_string()) && said.contains("its digest is sha256:"), "{said}");
    assert!(!path.exists());
    assert_eq!(cache(&root, &["verify"]).0, Some(0));
}

#[test]
fn a_cache_that_is_no_directory_is_an_error_of_the_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    fs::write(&file, "").expect("room");
    let (code, _, said) = cache(&file, &["prune", "--unused-for", "many"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("not a time"), "{said}");
}

#[test]
fn every_shell_has_a_script_and_every_command_a_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = towline(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("max-wait"), "{shell}");
    }
    assert_eq!(towline(&["completions", "cmd"]).status.code(), Some(2));
    assert!(text(&towline(&["man"]).stdout).starts_with(".ie"));
    let dir = tempfile::tempdir().expect("a folder");
    let pages = dir.path().join("man1");
    assert!(towline(&["man", "--dir", pages.to_str().expect("a path")]).status.success());
    let found = |page: &str| fs::read_to_string(pages.join(page)).is_ok_and(|text| text.contains(".SH OPTIONS"));
    assert!(found("towline.1") && found("towline-get.1") && found("towline-cache-prune.1"));
    let names = fs::read_dir(&pages).expect("a folder").map(|entry| entry.expect("a page").file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("-help")));
}
