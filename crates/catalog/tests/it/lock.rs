//! Locks against an oracle, and against verdicts.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use towline_catalog::{
    Kind, Place, Target,
    lock::{Lock, Selection},
};
use uv_pep508::MarkerEnvironment;

/// A folder of the fixtures; none on a machine without them, which fails where they have to be there.
pub(crate) fn fixtures(folder: &str) -> Option<PathBuf> {
    let fixtures = env::var_os("TOWLINE_FIXTURES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")), PathBuf::from);
    let folder = fixtures.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    let why = format!("no {}: set TOWLINE_FIXTURES to the folder of the fixtures", folder.display());
    let must = ["CI", "TOWLINE_CI"].iter().any(|name| env::var_os(name).is_some());
    assert!(!must, "{why}");
    println!("{why}");
    None
}

#[derive(Deserialize)]
struct Env {
    markers: Value,
    tags: Vec<String>,
}

pub(crate) fn target(name: &str) -> Target {
    let text = fs::read(fixtures("envs").unwrap().join(format!("{name}.json"))).unwrap();
    let env: Env = serde_json::from_slice(&text).unwrap();
    let markers: MarkerEnvironment = serde_json::from_value(env.markers).unwrap();
    Target::new(markers, env.tags)
}

/// What the oracle writes for a file: its name, or for an archive where it is.
fn shown(kind: &str, file: &towline_catalog::File, folder: &Path) -> String {
    match (kind, file.places.first()) {
        ("archive", Some(Place::Url(url))) => url.to_string(),
        ("archive", Some(Place::Path(path))) => path.strip_prefix(folder).unwrap_or(path).display().to_string(),
        _ => file.name.to_string(),
    }
}

#[test]
fn every_lock_gives_every_environment_the_files_of_the_oracle() {
    let Some(expected) = fixtures("locks/expected") else { return };
    let locks = expected.parent().unwrap();
    let (mut pairs, mut files, mut refused) = (0, 0, 0);
    for entry in fs::read_dir(&expected).unwrap() {
        let oracle: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let path = locks.join(oracle["lock"].as_str().unwrap());
        let lock = Lock::read(&path).unwrap();
        for (env, wanted) in oracle["selected"].as_object().unwrap() {
            pairs += 1;
            let bare = env.strip_suffix(" no-groups");
            let selection = Selection { no_default_groups: bare.is_some(), ..Selection::default() };
            let got = lock.choose(&target(bare.unwrap_or(env)), &selection);
            let what = format!("{} for {env}", path.display());
            let Some(wanted) = wanted.as_object().filter(|wanted| !wanted.contains_key("error")) else {
                assert!(got.is_err(), "{what}: the oracle refuses it: {wanted}");
                refused += 1;
                continue;
            };
            let got = got.unwrap_or_else(|error| panic!("{what}: {error}"));
            let mut seen = BTreeMap::new();
            for choice in &got.files {
                let kind = wanted.get(choice.package.as_ref()).and_then(|row| row[1].as_str()).unwrap_or_default();
                let by_kind = if choice.kind == Kind::Wheel { "wheel" } else { "sdist" };
                assert!(
                    kind == by_kind || kind == "archive",
                    "{what}: {} is a {by_kind}, not a {kind}",
                    choice.package
                );
                let version = choice.version.as_ref().map(ToString::to_string);
                seen.insert(choice.package.to_string(), (version, shown(kind, &choice.file, path.parent().unwrap())));
                files += 1;
            }
            let rows = wanted.iter().filter(|(_, row)| !matches!(row[1].as_str(), Some("vcs" | "directory")));
            let rows: BTreeMap<_, _> = rows
                .map(|(name, row)| {
                    (name.clone(), (row[0].as_str().map(str::to_owned), row[2].as_str().unwrap_or_default().to_owned()))
                })
                .collect();
            assert_eq!(seen, rows, "{what}");
            let left: BTreeSet<_> = got.left_out.iter().map(|left| left.package.to_string()).collect();
            let built = wanted.iter().filter(|(_, row)| matches!(row[1].as_str(), Some("vcs" | "directory")));
            assert_eq!(left, built.map(|(name, _)| name.clone()).collect(), "{what}");
        }
    }
    println!(
        "figure  locks: {pairs} pairs of lock and environment, {refused} refused, {files} files as the oracle has them"
    );
    assert!(pairs == 19 * 7 && files > 500, "{pairs} {files}");
}

#[test]
fn every_handmade_lock_gets_its_verdict() {
    let Some(folder) = fixtures("locks/handmade/pylock") else { return };
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let rows = index["files"].as_array().unwrap();
    for row in rows {
        let (file, expect) = (row["file"].as_str().unwrap(), row["expect"].as_str().unwrap());
        let path = folder.join(file);
        let got = Lock::read(&path)
            .and_then(|lock| lock.choose(&target(row["env"].as_str().unwrap()), &Selection::default()));
        match &got {
            Ok(locked) => {
                println!("{file:36} {expect:7} taken: {} files, {} left out", locked.files.len(), locked.left_out.len())
            }
            Err(error) => println!("{file:36} {expect:7} {error}"),
        }
        assert!(expect == "either" || got.is_ok() == (expect == "accept"), "{file}: {}\n{got:?}", row["why"]);
        if let Err(error) = got {
            assert!(error.to_string().contains(file) && !error.why.is_empty() && !error.why.contains('\n'), "{error}");
            assert!(!error.key.is_empty() || error.line.is_some(), "{file}: nothing says where: {error}");
        } else if let Some(oracle) = row["packaging"].as_str().and_then(|text| text.strip_prefix("ok ")) {
            let oracle: Vec<(String, String, Option<String>)> = serde_json::from_str(oracle).unwrap();
            let names: BTreeSet<_> = oracle.iter().filter_map(|(_, _, name)| name.clone()).collect();
            let got: BTreeSet<_> = got.unwrap().files.iter().map(|choice| choice.file.name.to_string()).collect();
            // The oracle does not look at build numbers.
            let best = file == "pylock.ok_best_wheel.toml";
            let numbered = got.iter().any(|name| name.starts_with("alpha-1.0-2-cp312-"));
            assert!(names.is_subset(&got) || best && numbered, "{file}: {got:?} instead of {names:?}");
        }
    }
    assert_eq!(rows.len(), 53);
}

#[test]
fn extras_and_groups_are_those_that_are_asked_for() {
    let Some(folder) = fixtures("locks/handmade/pylock") else { return };
    let lock = Lock::read(&folder.join("pylock.ok_extras_groups.toml")).unwrap();
    let target = target("cpython-3.12.1-linux-x86_64-glibc");
    let names = |selection: &Selection| -> Vec<String> {
        lock.choose(&target, selection).unwrap().files.iter().map(|choice| choice.package.to_string()).collect()
    };
    let default = names(&Selection::default());
    let all = names(&Selection { all_extras: true, all_groups: true, ..Selection::default() });
    let none = names(&Selection { no_default_groups: true, ..Selection::default() });
    assert_eq!(default, ["alpha", "gamma"]);
    assert!(all.len() > default.len() && none.len() < default.len(), "{all:?} {none:?}");
    let unknown = Selection { extras: BTreeSet::from(["nothing".parse().unwrap()]), ..Selection::default() };
    let error = lock.choose(&target, &unknown).unwrap_err().to_string();
    assert!(error.contains("no `nothing`; it has "), "{error}");
}

#[test]
fn names_of_locks() {
    for (name, is) in [
        ("pylock.toml", true),
        ("pylock.dev.toml", true),
        ("pylock.a.b.toml", false),
        ("pylock..toml", true),
        ("pylock", false),
        ("my.pylock.toml", false),
    ] {
        assert_eq!(Lock::is_name(name), is, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A lock with something else in one place is taken or refused, and never more than that.
    #[test]
    fn no_lock_is_too_odd(at in any::<prop::sample::Index>(), len in 0_usize..20, put in ".{0,12}") {
        let Some(folder) = fixtures("locks/handmade/pylock") else { return Ok(()) };
        let path = folder.join("pylock.ok_extras_groups.toml");
        let mut text: Vec<char> = fs::read_to_string(&path).unwrap().chars().collect();
        let at = at.index(text.len());
        text.splice(at..(at + len).min(text.len()), put.chars());
        let text: String = text.into_iter().collect();
        if let Ok(lock) = Lock::parse(&path, &text) {
            let _ = lock.choose(&target("cpython-3.12.1-linux-x86_64-glibc"), &Selection::default());
        }
    }
}
