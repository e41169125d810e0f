//! When an answer is kept, and when it is asked for again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use towline_python::{Cache, Interpreter};

use crate::fake::{cpython, prober, says, script};

/// An interpreter that counts how often it is asked.
struct Counted {
    folder: TempDir,
    answer: Value,
}

impl Counted {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let answer = cpython(&folder.path().join("env/bin/python"), "3.12.1");
        let counted = Self { folder, answer };
        counted.write();
        counted
    }

    fn write(&self) {
        let count = format!("echo >> '{}'\n", self.at("count").display());
        // Another size each time: some file systems keep no fine times.
        let asked = "#".repeat(self.asked());
        script(&self.python(), &format!("{count}{}\n{asked}", says(&self.answer)));
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn python(&self) -> PathBuf {
        self.at("env/bin/python")
    }

    fn asked(&self) -> usize {
        fs::read(self.at("count")).map_or(0, |count| count.len())
    }

    fn probe(&self, path: &Path) -> Interpreter {
        prober().with_cache(Cache::at(self.at("cache/deep"))).probe(path).unwrap()
    }

    /// Probes, and says whether the interpreter was asked.
    fn asks(&self) -> bool {
        let before = self.asked();
        let found = self.probe(&self.python());
        assert_eq!(found.version.to_string(), self.answer["full"]["markers"]["python_full_version"]);
        self.asked() > before
    }

    /// What is in the cache.
    fn kept(&self) -> Vec<PathBuf> {
        fs::read_dir(self.at("cache/deep")).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn an_answer_is_kept_until_something_changes() {
    let mut counted = Counted::new();
    counted.answer["full"]["elf"] = json!({"bits": 64, "machine": 62, "flags": 0, "loader": counted.at("loader.so")});
    counted.write();
    let (folder, env) = (counted.at("env/bin/pyvenv.cfg"), counted.at("env/pyvenv.cfg"));
    let loader = counted.at("loader.so");
    assert!(counted.asks());
    assert!(!counted.asks());
    for (what, path, text) in [
        ("a cfg beside it appears", &folder, Some("a")),
        ("a cfg beside it changes", &folder, Some("ab")),
        ("a cfg beside it goes", &folder, None),
        ("a cfg above it appears", &env, Some("a")),
        ("a cfg above it changes", &env, Some("ab")),
        ("a cfg above it goes", &env, None),
        ("the loader appears", &loader, Some("a")),
        ("the loader changes", &loader, Some("ab")),
        ("the loader goes", &loader, None),
    ] {
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        assert!(counted.asks(), "{what}");
        assert!(!counted.asks(), "{what}, and then nothing");
    }
    counted.answer = cpython(&counted.python(), "3.12.2");
    counted.write();
    assert!(counted.asks(), "the executable changes");
    assert!(!counted.asks());
    assert_eq!(counted.kept().len(), 1);
}

#[test]
fn times_and_inodes_count_as_well() {
    let counted = Counted::new();
    assert!(counted.asks() && !counted.asks());
    let file = fs::File::open(counted.python()).unwrap();
    let before = file.metadata().unwrap().modified().unwrap();
    file.set_modified(before - std::time::Duration::from_secs(5)).unwrap();
    assert!(counted.asks() && !counted.asks(), "another time");
    // The same bytes and time in another file.
    let before = counted.python().metadata().unwrap().modified().unwrap();
    let copy = counted.at("copy");
    let done = std::process::Command::new("cp").arg(counted.python()).arg(&copy).status().unwrap();
    assert!(done.success());
    fs::File::open(&copy).unwrap().set_modified(before).unwrap();
    fs::rename(&copy, counted.python()).unwrap();
    assert!(counted.asks() && !counted.asks(), "another inode");
}

#[test]
fn a_link_that_leads_elsewhere_is_asked_again() {
    let counted = Counted::new();
    let other = Counted::new();
    let link = counted.at("link");
    std::os::unix::fs::symlink(counted.python(), &link).unwrap();
    counted.probe(&link);
    counted.probe(&link);
    assert_eq!(counted.asked(), 1);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(other.python(), &link).unwrap();
    counted.probe(&link);
    assert_eq!((counted.asked(), other.asked()), (1, 1));
}

#[test]
fn names_do_not_share_answers() {
    let counted = Counted::new();
    let link = counted.at("link");
    std::os::unix::fs::symlink(counted.python(), &link).unwrap();
    assert!(counted.asks());
    counted.probe(&link);
    assert_eq!(counted.asked(), 2, "a link may belong to an environment");
    assert_eq!(counted.kept().len(), 2);
    // The file of one under the name of the other.
    let [one, two] = counted.kept().try_into().unwrap();
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    fs::write(&one, second).unwrap();
    fs::write(&two, first).unwrap();
    assert!(counted.asks());
}

#[test]
fn a_script_that_chooses_an_interpreter_is_always_asked() {
    let mut counted = Counted::new();
    let real = script(&counted.at("real/python3.12"), "");
    counted.answer["full"]["executable"] = json!(real);
    counted.write();
    assert!(counted.asks());
    assert!(counted.asks());
    assert!(counted.kept().is_empty());
    counted.answer["full"]["executable"] = json!(counted.at("gone"));
    counted.write();
    assert!(counted.asks() && counted.asks());
}

#[test]
fn a_damaged_cache_costs_a_question() {
    let counted = Counted::new();
    assert!(counted.asks());
    let [file] = counted.kept().try_into().unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    let json: Value = serde_json::from_str(&whole).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut changed = json.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let mut texts = vec![
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        format!("{whole}{}", " ".repeat(70_000)) + "x",
        with("/made", json!("another script or kernel")),
        with("/path", json!("/elsewhere")),
        with("/rests_on", json!([])),
        with("/answer", json!({"too_old": "3.5.0"})),
        with("/answer/full/version", json!("3")),
        with("/answer/full/platform", json!("win32")),
    ];
    texts.extend((1..whole.len()).step_by(97).map(|end| whole[..end].to_owned()));
    for text in texts {
        fs::write(&file, &text).unwrap();
        assert!(counted.asks(), "{}", &text[..text.len().min(200)]);
        assert!(!counted.asks(), "and the cache is whole again");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir_all(file.join("in the way")).unwrap();
    assert!(counted.asks() && counted.asks(), "a folder in its place");
    assert_eq!(counted.kept(), [file], "nothing is left of what could not be put there");
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let counted = Counted::new();
    fs::write(counted.at("file"), "").unwrap();
    for folder in ["file", "file/below", "nul\0"] {
        let prober = prober().with_cache(Cache::at(counted.at(folder)));
        let before = counted.asked();
        prober.probe(&counted.python()).unwrap();
        prober.probe(&counted.python()).unwrap();
        assert_eq!(counted.asked(), before + 2);
    }
}

#[test]
fn failures_are_not_kept() {
    let mut counted = Counted::new();
    counted.answer["full"]["platform"] = json!("vms");
    counted.write();
    let prober = prober().with_cache(Cache::at(counted.at("cache/deep")));
    prober.probe(&counted.python()).unwrap_err();
    prober.probe(&counted.python()).unwrap_err();
    assert_eq!((counted.asked(), counted.kept().len()), (2, 0));
}
