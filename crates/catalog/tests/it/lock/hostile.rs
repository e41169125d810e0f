//! Damaged locks: an error, or a choice, and never a panic.

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*, sample::Index};
use towline_catalog::lock::{Groups, Lock, Selection};

use super::{fixtures, linux};

/// What a mutation puts in.
const PARTS: [&str; 24] = [
    "\"",
    "'",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\\u0000",
    "-1",
    "1e400",
    "99999999999999999999",
    "../",
    "\u{feff}",
    "é",
    "[[package]]\n",
    "marker = \"python_version > '3.18446744073709551615'\"\n",
    "name = \"\"\n",
    " and ",
    "(",
    "true",
];

fn sources() -> Vec<(&'static str, String)> {
    let Some(fixtures) = fixtures() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, path) in [
        ("uv.lock", "sources/uv.lock"),
        ("pylock.toml", "sources/pylock.toml"),
        ("pylock.toml", "handmade/pylock/pylock.ok_extras_groups.toml"),
        ("pylock.toml", "handmade/pylock/pylock.ok_best_wheel.toml"),
        ("pylock.toml", "handmade/pylock/pylock.ok_vcs.toml"),
    ] {
        found.push((name, fs::read_to_string(fixtures.join("locks").join(path)).unwrap()));
    }
    found
}

/// One change: where, how much goes, what comes.
type Change = (Index, usize, usize);

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, gone, part) in changes {
        let at = at.index(bytes.len() + 1);
        let end = (at + gone).min(bytes.len());
        let part = PARTS.get(*part).copied().unwrap_or_default();
        bytes.splice(at..end, part.bytes());
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn never_panics(which: Index, changes in vec((any::<Index>(), 0_usize..12, 0_usize..PARTS.len() + 3), 1..4)) {
        let sources = sources();
        if sources.is_empty() {
            return Ok(());
        }
        let (name, text) = &sources[which.index(sources.len())];
        if let Ok(lock) = Lock::parse(Path::new(name), &changed(text, &changes)) {
            for groups in [Groups::Default, Groups::None, Groups::All] {
                let selection = Selection { groups, all_extras: groups == Groups::All, ..Selection::default() };
                if let Err(error) = lock.choose(&linux(), &selection) {
                    prop_assert!(error.to_string().contains("lock"), "{}", error);
                }
            }
        }
    }
}

/// Values of any type at any key: each is an error with its line, or is not looked at.
#[test]
fn values_of_other_types() {
    for (name, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            let Some((key, _)) = line.split_once(" = ") else { continue };
            for value in ["1", "\"x\"", "true", "1.5", "2026-01-01", "[]", "{}", "[1]", "[{}]", "[[]]"] {
                let damaged: Vec<_> = text
                    .lines()
                    .enumerate()
                    .map(|(index, line)| if index == at { format!("{key} = {value}") } else { line.to_owned() })
                    .collect();
                if let Err(error) = Lock::parse(Path::new(name), damaged.join("\n").as_bytes()) {
                    assert!(error.to_string().starts_with(&format!("{name}:")), "{error}");
                }
            }
        }
    }
}

#[test]
fn great_depth_and_length() {
    let brackets = format!("lock-version = \"1.0\"\nx = {}", "[".repeat(200_000));
    let dots = format!("{}x = 1", "a.".repeat(200_000));
    let marker = |marker: &str| {
        format!("lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = []\nenvironments = [\"{marker}\"]\n")
    };
    let deep = marker(&format!("{}os_name == 'x'{}", "(".repeat(10_000), ")".repeat(10_000)));
    let bent = marker(&format!("{}os_name == 'x'{}", "(".repeat(60), ")".repeat(60)));
    let number = marker("python_version > '3.18446744073709551615'");
    let long = marker(&vec!["os_name == 'x'"; 10_000].join(" or "));
    for text in [brackets, dots, deep, bent, number, long] {
        assert!(Lock::parse(Path::new("pylock.toml"), text.as_bytes()).is_err(), "{}", &text[..60]);
    }
}
