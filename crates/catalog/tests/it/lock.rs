//! Locks: what they choose, and what is wrong with them.

mod expected;
mod handmade;
mod hostile;
mod rules;
mod uv;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use towline_catalog::{
    Choice, Kind, Target,
    lock::{Lock, LockError, Selection},
};

/// The folder of the fixtures, or loudly nothing.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let fixtures = env::var_os("TOWLINE_FIXTURES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")), PathBuf::from);
    if fixtures.join("locks").is_dir() {
        return Some(fixtures);
    }
    let why = format!("no locks at {}: set TOWLINE_FIXTURES to their parent", fixtures.display());
    let must = ["CI", "TOWLINE_CI"].iter().any(|name| env::var_os(name).is_some());
    assert!(!must, "{why}");
    println!("{why}");
    None
}

/// A file of `envs/`.
#[derive(Deserialize)]
struct Env {
    name: String,
    markers: serde_json::Value,
    tags: Vec<String>,
}

/// The targets of `envs/` by name.
pub(crate) fn targets(fixtures: &Path) -> BTreeMap<String, Target> {
    fs::read_dir(fixtures.join("envs"))
        .unwrap()
        .map(|entry| {
            let env: Env = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
            let markers = serde_json::from_value(env.markers).unwrap();
            (env.name, Target::new(markers, env.tags))
        })
        .collect()
}

fn linux() -> Target {
    Target::of(&"3.12".parse().unwrap(), &"manylinux_2_28_x86_64".parse().unwrap()).unwrap()
}

/// `name version kind file` for each.
fn shown(choices: &[Choice]) -> Vec<String> {
    choices
        .iter()
        .map(|choice| {
            let version = choice.version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            let kind = if choice.kind == Kind::Wheel { "wheel" } else { "sdist" };
            format!("{} {version} {kind} {}", choice.package, choice.file.name)
        })
        .collect()
}

fn names(choices: &[Choice]) -> Vec<&str> {
    choices.iter().map(|choice| choice.package.as_ref()).collect()
}

fn choose(path: &str, text: &str, selection: &Selection) -> Result<Vec<Choice>, LockError> {
    Lock::parse(Path::new(path), text.as_bytes())?.choose(&linux(), selection).map(|locked| locked.files)
}
