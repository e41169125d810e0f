//! Real locks, against the choice of `packaging` and against each other.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use towline_catalog::{
    Choice, Place, Target,
    lock::{Groups, Lock, LockError, Locked, Selection},
};

use super::{fixtures, shown, targets};

/// Packages of `sources` that are no files.
const NO_FILES: [&str; 3] = ["gitpkg", "lib-dir", "member"];

fn without(names: &[&str]) -> Selection {
    Selection { without: names.iter().map(|name| name.parse().unwrap()).collect(), ..Selection::default() }
}

fn left_out(locked: &Locked) -> Vec<String> {
    locked.left_out.iter().map(|left| left.package.to_string()).collect()
}

/// What the oracle has for a package, as [`shown`] has it.
fn oracle(name: &str, value: &Value) -> Option<String> {
    let text = |at: usize| value[at].as_str().unwrap_or("-").to_owned();
    let file = text(2).rsplit('/').next().unwrap().to_owned();
    let kind = match text(1).as_str() {
        "vcs" | "directory" => return None,
        "archive" if file.ends_with(".whl") => "wheel".to_owned(),
        "archive" => "sdist".to_owned(),
        other => other.to_owned(),
    };
    Some(format!("{name} {} {kind} {file}", text(0)))
}

#[test]
fn as_packaging_chooses() {
    let Some(fixtures) = fixtures() else { return };
    let targets = targets(&fixtures);
    let (mut same, mut refused, mut files) = (0, 0, 0);
    for entry in fs::read_dir(fixtures.join("locks/expected")).unwrap() {
        let expected: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let path = expected["lock"].as_str().unwrap();
        let lock = Lock::read(&fixtures.join("locks").join(path)).unwrap();
        assert_eq!(lock.warnings(), [] as [String; 0], "{path}");
        for (case, wanted) in expected["selected"].as_object().unwrap() {
            let (env, groups) = match case.strip_suffix(" no-groups") {
                Some(env) => (env, Groups::None),
                None => (case.as_str(), Groups::Default),
            };
            let selection = Selection { groups, ..Selection::default() };
            let got = lock.choose(&targets[env], &selection);
            if let Some(error) = wanted["error"].as_str() {
                let got = got.unwrap_err();
                assert!(matches!(got, LockError::Unfit { .. }), "{path} {case}: {got}, where packaging says {error}");
                refused += 1;
                continue;
            }
            let (got, wanted) = (got.unwrap(), wanted.as_object().unwrap());
            let no_files: Vec<_> = wanted.iter().filter(|(name, value)| oracle(name, value).is_none()).collect();
            assert_eq!(left_out(&got), no_files.iter().map(|(name, _)| (*name).clone()).collect::<Vec<_>>());
            let wanted: Vec<_> = wanted.iter().filter_map(|(name, value)| oracle(name, value)).collect();
            assert_eq!(shown(&got.files), wanted, "{path} {case}");
            same += 1;
            files += wanted.len();
        }
    }
    println!("figure  locks: {same} choices with {files} files are the oracle's, {refused} are refused by both");
    assert!(same >= 60 && refused >= 20 && same + refused == 19 * 7, "{same} {refused}");
}

/// Both choose the same files with the same places, sizes and digests, or both refuse.
fn same(one: &Lock, other: &Lock, selection: &Selection, targets: &BTreeMap<String, Target>) -> usize {
    let mut chosen = 0;
    for (env, target) in targets {
        match (one.choose(target, selection), other.choose(target, selection)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one, other, "{env}");
                chosen += 1;
            }
            (Err(LockError::Unfit { .. }), Err(LockError::Unfit { .. })) => {}
            (one, other) => panic!("{env}: {:?}\n{:?}", one.map(|c| shown(&c.files)), other.map(|c| shown(&c.files))),
        }
    }
    chosen
}

#[test]
fn uv_lock_as_its_export() {
    let Some(fixtures) = fixtures() else { return };
    let read = |path: &str| Lock::read(&fixtures.join("locks").join(path)).unwrap();
    let chosen =
        same(&read("big/uv.lock"), &read("big/pylock.uv-export.toml"), &Selection::default(), &targets(&fixtures));
    assert!(chosen >= 15, "{chosen}");
}

#[test]
fn all_revisions_alike() {
    let Some(fixtures) = fixtures() else { return };
    let targets = targets(&fixtures);
    let mut locks = Vec::new();
    for entry in fs::read_dir(fixtures.join("locks/small")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("uv.lock") {
            // The name tells nothing here: the content does.
            locks.push((name, Lock::read(&path).unwrap()));
        }
    }
    assert!(locks.len() >= 6, "{}", locks.len());
    locks.sort_by(|a, b| a.0.cmp(&b.0));
    // uv 0.4 did not fork by version of Python: its lock is of older versions, and has the same files for Python 3.9 alone.
    let (oldest, others) = locks.split_first().unwrap();
    assert!(oldest.0.contains("0.4.30"), "{}", oldest.0);
    let (first, rest) = others.split_first().unwrap();
    let mut chosen = 0;
    for (env, target) in &targets {
        for groups in [Groups::Default, Groups::None] {
            let selection = Selection { groups, ..Selection::default() };
            let wanted = first.1.choose(target, &selection).map_err(|error| panic!("{env}: {error}")).unwrap();
            for (name, lock) in rest {
                // Sizes and digests too.
                assert_eq!(lock.choose(target, &selection).unwrap(), wanted, "{env} {name}");
            }
            let old = oldest.1.choose(target, &selection);
            if env.contains("-3.9") {
                assert_eq!(old.unwrap(), wanted, "{env}");
            } else if let Ok(old) = old {
                let core = |choices: &[Choice]| {
                    let names = choices.iter().map(|choice| choice.package.to_string());
                    // What pytest brings differs between its versions.
                    names
                        .filter(|name| !matches!(name.as_str(), "exceptiongroup" | "tomli" | "pygments"))
                        .collect::<Vec<_>>()
                };
                assert_eq!(core(&old.files), core(&wanted.files), "{env}");
            }
            let pytest = wanted.files.iter().any(|choice| choice.package.as_ref() == "pytest");
            assert_eq!(pytest, groups == Groups::Default, "{env}");
            chosen += 1;
        }
    }
    assert_eq!(chosen, 2 * targets.len());
}

#[test]
fn sources_as_their_export() {
    let Some(fixtures) = fixtures() else { return };
    let folder = fixtures.join("locks/sources");
    let [uv, export] = ["uv.lock", "pylock.toml"].map(|name| Lock::read(&folder.join(name)).unwrap());
    let target = &targets(&fixtures)["cpython-3.12.1-linux-x86_64-glibc"];
    let new = Selection { extras: ["new".parse().unwrap()].into(), ..without(&NO_FILES) };

    let from_uv = uv.choose(target, &new).unwrap().files;
    let from_export = export.choose(target, &without(&NO_FILES)).unwrap().files;
    assert_eq!(shown(&from_uv), shown(&from_export));
    for (uv, export) in from_uv.iter().zip(&from_export) {
        if uv.package.as_ref() == "certifi" {
            // A find-links directory, which uv.lock has by its path and without a digest.
            let path = Path::new(&folder).join("../fl/certifi-2024.8.30-py3-none-any.whl");
            assert_eq!(uv.file.places, [Place::Path(std::path::absolute(path).unwrap())]);
            assert!(uv.file.hashes.is_empty());
            continue;
        }
        assert_eq!((&uv.file.places, &uv.file.hashes), (&export.file.places, &export.file.hashes));
    }

    // Each of them is named, until it is left out.
    for lock in [&uv, &export] {
        assert_eq!(left_out(&lock.choose(target, &Selection::default()).unwrap()), NO_FILES);
        assert_eq!(left_out(&lock.choose(target, &without(&NO_FILES[1..])).unwrap()), [NO_FILES[0]]);
    }
}

#[test]
fn conflicting_extras() {
    let Some(fixtures) = fixtures() else { return };
    let lock = Lock::read(&fixtures.join("locks/sources/uv.lock")).unwrap();
    let target = &targets(&fixtures)["cpython-3.12.1-linux-x86_64-glibc"];
    let packaging = |extras: &[&str]| {
        let extras = extras.iter().map(|extra| extra.parse().unwrap()).collect();
        let chosen = lock.choose(target, &Selection { extras, ..Selection::default() })?.files;
        let of = |choice: &&Choice| choice.package.as_ref() == "packaging";
        Ok::<_, LockError>(chosen.iter().find(of).unwrap().version.as_ref().unwrap().to_string())
    };
    assert_eq!(packaging(&[]).unwrap(), "24.2");
    assert_eq!(packaging(&["new"]).unwrap(), "24.2");
    assert_eq!(packaging(&["old"]).unwrap(), "23.2");
    let error = packaging(&["new", "old"]).unwrap_err();
    assert!(matches!(error, LockError::Ambiguous { .. }), "{error}");
    assert!(error.to_string().contains("the extra `new` of `sources-app` and the extra `old`"), "{error}");
    let error = packaging(&["other"]).unwrap_err().to_string();
    assert!(error.ends_with("has no extra `other`; it has `new`, `old`"), "{error}");
}
