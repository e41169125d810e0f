//! The interpreters of this machine, against what is known of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;
use towline_python::{Finder, Interpreter, Surroundings};
use uv_platform_tags::Os;

use crate::fake::prober;

/// A file of `envs/`.
#[derive(Deserialize)]
struct Env {
    name: String,
    how: String,
    /// Those that were made up have none.
    #[serde(default)]
    interpreter: BTreeMap<String, Value>,
    markers: BTreeMap<String, String>,
    tags: Vec<String>,
}

/// Every interpreter of the search path, of pyenv, and of the folders in `TOWLINE_PYTHONS` (separated as `PATH` is).
pub(crate) fn interpreters() -> Vec<Interpreter> {
    let here = env::current_dir().unwrap();
    let mut surroundings = Surroundings::from_variables(here, |name| env::var_os(name).filter(|_| name == "PATH"));
    let more = env::var_os("TOWLINE_PYTHONS").unwrap_or_default();
    surroundings.search_path.extend(env::split_paths(&more));
    let home = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".pyenv")));
    let versions = home.and_then(|home| fs::read_dir(home.join("versions")).ok()).into_iter().flatten();
    surroundings.search_path.extend(versions.map(|version| version.unwrap().path().join("bin")));
    let all = Finder::new(&surroundings, &prober()).all();
    let all: Vec<_> = all.into_iter().filter_map(|(_, answer)| answer.ok()).collect();
    if all.is_empty() {
        let must = ["CI", "TOWLINE_CI"].iter().any(|name| env::var_os(name).is_some());
        assert!(!must, "no interpreter is installed");
        println!("no interpreter is installed: put one on the search path");
    }
    all
}

fn envs() -> Vec<Env> {
    let fixtures = env::var_os("TOWLINE_FIXTURES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")), PathBuf::from);
    let folder = fixtures.join("envs");
    if !folder.is_dir() {
        let why = format!("no environments at {}: set TOWLINE_FIXTURES to their parent", folder.display());
        let must = ["CI", "TOWLINE_CI"].iter().any(|name| env::var_os(name).is_some());
        assert!(!must, "{why}");
        println!("{why}");
        return Vec::new();
    }
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap()).collect()
}

#[test]
fn they_are_what_others_found_them_to_be() {
    let envs = envs();
    let mut compared = 0;
    for found in interpreters() {
        let (name, version) = (&found.implementation.name, found.version.to_string());
        let same = |env: &&Env| {
            env.how.starts_with("real")
                && env.interpreter["implementation"] == **name
                && env.interpreter["version"] == *version
        };
        let Some(env) = envs.iter().find(same) else { continue };
        let glibc = env.how.rsplit("glibc ").next().unwrap();
        if !matches!(found.platform.os(), Os::Manylinux { major, minor } if format!("{major}.{minor}") == glibc) {
            println!("{found}: {} was made with another C library", env.name);
            continue;
        }
        compared += 1;
        println!("{found} is {}", env.name);

        let markers = serde_json::to_value(&found.markers).unwrap();
        assert_eq!(markers.as_object().unwrap().len(), env.markers.len());
        // The fixtures have another kernel.
        for (key, value) in
            env.markers.iter().filter(|(key, _)| !["platform_release", "platform_version"].contains(&key.as_str()))
        {
            assert_eq!(markers[key], **value, "{found}: {key}");
        }
        assert_eq!(env.interpreter["ext_suffix"].as_str(), found.build.ext_suffix.as_deref());
        assert_eq!(env.interpreter["soabi"].as_str(), found.build.soabi.as_deref());
        assert_eq!(env.interpreter["gil_disabled"], found.build.gil_disabled);
        assert_eq!(env.interpreter["platform"], *found.build.platform);
        assert_eq!(env.interpreter["pointer_bits"], found.build.pointer_bits);

        let tags = found.tags.to_string();
        let tags: Vec<_> = tags.lines().collect();
        // Tags that `uv-platform-tags` has for CPython alone, and hardly a wheel has.
        let left_out = |tag: &&str| tag.starts_with("pp39-none-") || *tag == "pp3-none-any";
        let wanted: Vec<_> = env.tags.iter().map(String::as_str).filter(|tag| !left_out(tag)).collect();
        let set = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(set(&tags), set(&wanted), "{found}");
        // The two disagree about where `linux_x86_64` belongs, which no index has.
        let ordered = |tags: &[&str]| {
            tags.iter().filter(|tag| !tag.contains("-linux_")).map(|t| (*t).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ordered(&tags), ordered(&wanted), "{found}");
    }
    println!("{compared} interpreters compared");
}

#[test]
fn they_say_the_same_without_isolation() {
    let script = "import json, os, platform, sys, sysconfig\n\
                  paths = sysconfig.get_paths()\n\
                  print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, platform.release(), platform.version(), \
                  platform.machine(), platform.system(), paths['purelib'], paths['platlib'], paths['scripts'], paths['data'], \
                  paths['include']]))";
    for found in interpreters() {
        let said = Command::new(&found.executable).args(["-c", script]).output().unwrap();
        let said: Vec<String> = serde_json::from_slice(&said.stdout).unwrap();
        let scheme = &found.scheme;
        let folders = [&scheme.purelib, &scheme.platlib, &scheme.scripts, &scheme.data, &scheme.include];
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let markers = serde_json::to_value(&found.markers).unwrap();
        let marker = |name: &str| markers[name].as_str().unwrap().to_owned();
        let mut own = vec![text(&found.executable), text(&found.prefix), text(&found.base_prefix)];
        own.extend(["platform_release", "platform_version", "platform_machine", "platform_system"].map(marker));
        own.extend(folders.map(text));
        assert_eq!(own, said, "{found}");
        assert!(!found.in_venv(), "{found}");
        for folder in [&found.venv_scheme.purelib, &found.venv_scheme.scripts, &found.venv_scheme.include] {
            assert!(folder.is_relative() && folder.components().count() > 0, "{found}: {}", folder.display());
        }
    }
}
