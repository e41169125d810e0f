//! Which interpreter is taken.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::{TempDir, tempdir};
use towline_python::{FindError, Finder, Source, Surroundings};

use crate::fake::{cpython, prober, pypy, python, script};

/// A machine with some interpreters.
struct Machine {
    folder: TempDir,
    surroundings: Surroundings,
}

impl Machine {
    /// With `one` and `two` on the search path; paths and versions of its interpreters.
    fn with(interpreters: &[(&str, &str)]) -> Self {
        let folder = tempdir().unwrap();
        let root = folder.path();
        let surroundings = Surroundings {
            working_directory: root.join("home/project/deep"),
            search_path: vec![root.join("one"), root.join("two")],
            ..Surroundings::default()
        };
        fs::create_dir_all(&surroundings.working_directory).unwrap();
        let machine = Self { folder, surroundings };
        for (name, version) in interpreters {
            machine.add(name, version);
        }
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn add(&self, name: &str, version: &str) {
        let path = self.at(name);
        let number = version.trim_end_matches(['t', 'd']);
        let mut answer = if name.contains("pypy") { pypy(&path, number) } else { cpython(&path, number) };
        answer["full"]["gil_disabled"] = json!(version.ends_with('t'));
        python(&path, &answer);
        if let Some(environment) = name.strip_suffix("/bin/python") {
            fs::write(self.at(environment).join("pyvenv.cfg"), "home = /nowhere\n").unwrap();
        }
    }

    /// The path of the interpreter that is taken, from the root of the machine, and where it was found.
    fn take(&self, request: &str) -> Result<(String, Source), FindError> {
        let found = Finder::new(&self.surroundings, &prober()).find(&request.parse().unwrap())?;
        let path = found.interpreter.executable.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
        Ok((path, found.source))
    }

    fn takes(&self, request: &str) -> String {
        self.take(request).unwrap_or_else(|error| panic!("{request}: {error}")).0
    }

    fn refuses(&self, request: &str) -> String {
        self.take(request).unwrap_err().to_string()
    }
}

#[test]
fn the_order_of_places() {
    let mut machine = Machine::with(&[
        ("active/bin/python", "3.12.1"),
        ("conda/bin/python3", "3.12.2"),
        ("home/.venv/bin/python", "3.12.3"),
        ("one/python3", "3.12.4"),
        ("two/python3", "3.12.5"),
    ]);
    machine.surroundings.virtual_env = Some(machine.at("active"));
    machine.surroundings.conda_prefix = Some(machine.at("conda"));
    for request in ["any", "3.12"] {
        assert_eq!(machine.take(request).unwrap(), ("active/bin/python".to_owned(), Source::VirtualEnv));
    }
    for (version, path, source) in [
        ("3.12.2", "conda/bin/python3", Source::Conda),
        ("3.12.3", "home/.venv/bin/python", Source::Near),
        ("3.12.4", "one/python3", Source::SearchPath),
        ("3.12.5", "two/python3", Source::SearchPath),
    ] {
        assert_eq!(machine.take(version).unwrap(), (path.to_owned(), source));
    }
    machine.surroundings.virtual_env = Some(machine.at("gone"));
    assert_eq!(machine.take("any").unwrap().1, Source::Conda);
    machine.surroundings.conda_is_base = true;
    assert_eq!(machine.take("any").unwrap().1, Source::Near);
    assert_eq!(machine.take("3.12.2").unwrap().1, Source::CondaBase);
    fs::remove_dir_all(machine.at("home/.venv")).unwrap();
    assert_eq!(machine.take("any").unwrap().1, Source::CondaBase);
    machine.surroundings.conda_prefix = None;
    assert_eq!(machine.takes("any"), "one/python3");
}

#[test]
fn the_nearest_environment() {
    let machine = Machine::with(&[("home/.venv/bin/python", "3.9.1"), ("home/project/.venv/bin/python", "3.9.2")]);
    assert_eq!(machine.takes("any"), "home/project/.venv/bin/python");
    machine.add("home/project/deep/bin/python", "3.9.3");
    assert_eq!(machine.takes("any"), "home/project/deep/bin/python", "a folder that is an environment");
    fs::remove_file(machine.at("home/project/deep/pyvenv.cfg")).unwrap();
    fs::remove_file(machine.at("home/project/.venv/pyvenv.cfg")).unwrap();
    assert_eq!(machine.takes("any"), "home/.venv/bin/python", "no environment without a pyvenv.cfg");
}

#[test]
fn the_names_of_the_search_path() {
    let machine = Machine::with(&[
        ("one/python", "3.8.1"),
        ("one/python3", "3.9.1"),
        ("one/python3.9", "3.9.2"),
        ("one/python3.10", "3.10.1"),
        ("one/python3.12", "3.12.1"),
        ("one/python3.13t", "3.13.0t"),
        ("one/python3.12-config", "3.7.1"),
        ("one/python2.7", "3.7.2"),
        ("one/pypy3", "3.10.9"),
        ("two/python3.9", "3.9.9"),
        ("two/python3.14", "3.14.0"),
        ("two/pypy3.9", "3.9.16"),
    ]);
    for (request, path) in [
        ("any", "one/python3"),
        ("3.9", "one/python3.9"),
        ("3.9.1", "one/python3"),
        ("3.9.9", "two/python3.9"),
        ("3.8", "one/python"),
        (">=3.9", "one/python3"),
        (">=3.10", "one/python3.12"),
        (">=3.10,<3.12", "one/python3.10"),
        (">=3.13", "two/python3.14"),
        ("3.13t", "one/python3.13t"),
        ("pypy", "one/pypy3"),
        ("pypy3.9", "two/pypy3.9"),
        ("3.9.16", "two/pypy3.9"),
        ("3.10.9", "one/pypy3"),
        ("cpython3.10", "one/python3.10"),
    ] {
        assert_eq!(machine.takes(request), path, "{request}");
    }
    for request in ["3.7", "3.13", "pypy3.11", "cpython3.9.16", "graalpy", "3.13.0d"] {
        let error = machine.refuses(request);
        assert!(error.contains(&format!("`{}`", request.parse::<towline_python::Request>().unwrap())), "{error}");
        assert!(error.contains("install one"), "{error}");
    }
    let error = machine.refuses(">=3.13,<3.14");
    assert!(error.contains("is CPython 3.13.0 free-threaded: free-threaded, which has to be asked for"), "{error}");
}

#[test]
fn prereleases_come_last() {
    let mut machine = Machine::with(&[("one/python3", "3.14.0rc1"), ("two/python3", "3.14.0")]);
    assert_eq!(machine.takes("any"), "two/python3");
    assert_eq!(machine.takes("3.14"), "two/python3");
    assert_eq!(machine.takes(">=3.14.0rc1"), "one/python3");
    assert_eq!(machine.takes("3.14.0rc1"), "one/python3");
    fs::remove_file(machine.at("two/python3")).unwrap();
    assert_eq!(machine.takes("3.14"), "one/python3");
    machine.add("env/bin/python", "3.14.0b1");
    machine.add("two/python3", "3.14.0");
    machine.surroundings.virtual_env = Some(machine.at("env"));
    assert_eq!(machine.takes("3.14"), "env/bin/python", "an environment is what its user wants");
}

#[test]
fn paths_and_names() {
    let mut machine = Machine::with(&[
        ("home/project/deep/env/bin/python", "3.9.1"),
        ("home/project/python3", "3.9.2"),
        ("conda/bin/python", "3.9.3"),
        ("two/nightly", "3.9.4"),
    ]);
    fs::remove_file(machine.at("conda/pyvenv.cfg")).unwrap();
    for (request, path) in [
        ("./env", "home/project/deep/env/bin/python"),
        ("env/bin/python", "home/project/deep/env/bin/python"),
        ("env", "home/project/deep/env/bin/python"),
        ("nightly", "two/nightly"),
    ] {
        assert_eq!(machine.takes(request), path, "{request}");
    }
    let absolute = machine.at("conda");
    assert_eq!(machine.take(absolute.to_str().unwrap()).unwrap(), ("conda/bin/python".to_owned(), Source::Given));
    assert!(machine.refuses("./gone").contains("there is nothing at"));
    assert!(machine.refuses("..").contains("no Python environment: it has no bin/python"));
    assert!(machine.refuses("nightlies").contains("no program of the search path has that name"));
    script(&machine.at("two/broken"), "echo sorry; exit 9");
    assert!(machine.refuses("broken").contains("exit status: 9: sorry"));
    assert!(machine.refuses("../../../two/broken").contains("exit status: 9: sorry"));
    machine.surroundings.search_path.clear();
    assert!(machine.refuses("any").contains("there is none in an active environment"));
}

#[test]
fn what_does_not_work() {
    let mut machine = Machine::with(&[("two/python3", "3.12.1"), ("env/bin/python", "3.9.1")]);
    script(&machine.at("one/python3"), "exit 5");
    fs::create_dir_all(machine.at("one/python")).unwrap();
    fs::write(machine.at("one/python3.12"), "not executable").unwrap();
    symlink("nowhere", machine.at("one/python3.11")).unwrap();
    assert_eq!(machine.takes("any"), "two/python3");
    let error = machine.refuses(">=3.14");
    assert!(error.contains("exit status: 5") && error.contains("is CPython 3.12.1: another version"), "{error}");
    assert!(!error.contains("python3.11") && !error.contains("python3.12"), "{error}");

    // An active environment that does not fit is passed over; one that is broken is not.
    machine.surroundings.virtual_env = Some(machine.at("env"));
    assert_eq!(machine.takes("3.12"), "two/python3");
    fs::remove_file(machine.at("env/bin/python")).unwrap();
    symlink("/nowhere/python3", machine.at("env/bin/python")).unwrap();
    let error = machine.refuses("3.12");
    assert!(error.contains("VIRTUAL_ENV") && error.contains("deactivate it"), "{error}");
    machine.surroundings.virtual_env = None;
    machine.surroundings.conda_prefix = Some(machine.at("env"));
    assert!(machine.refuses("any").contains("CONDA_PREFIX"));
    machine.surroundings.conda_is_base = true;
    assert_eq!(machine.takes("any"), "two/python3");
}

#[test]
fn each_one_once() {
    let machine = Machine::with(&[("real/python3.12", "3.12.1"), ("shims/manager", "3.11.1")]);
    let mut surroundings = machine.surroundings.clone();
    for name in ["one/python3", "one/python", "two/python3.12"] {
        fs::create_dir_all(machine.at(name).parent().unwrap()).unwrap();
        symlink(machine.at("real/python3.12"), machine.at(name)).unwrap();
    }
    // The link of an environment leads to the same file, and is another interpreter.
    fs::create_dir_all(machine.at("env/bin")).unwrap();
    symlink(machine.at("real/python3.12"), machine.at("env/bin/python3")).unwrap();
    fs::write(machine.at("env/pyvenv.cfg"), "").unwrap();
    surroundings.search_path.push(machine.at("env/bin"));
    let wanted: Vec<_> = ["one/python3", "env/bin/python3"].map(|name| machine.at(name)).into();
    let seen = |surroundings: &Surroundings| {
        let error = Finder::new(surroundings, &prober()).find(&"3.4".parse().unwrap()).unwrap_err();
        let FindError::Nothing { tried, .. } = error else { panic!("{error}") };
        tried.into_iter().map(|tried| tried.candidate.path).collect::<Vec<_>>()
    };
    assert_eq!(seen(&surroundings), wanted);
    // Names of a program that looks at its name are all asked.
    for name in ["shims/python3", "shims/python"] {
        symlink("manager", machine.at(name)).unwrap();
    }
    surroundings.search_path = vec![machine.at("shims")];
    assert_eq!(seen(&surroundings).len(), 2);
    // Both of them start the same interpreter.
    let all = Finder::new(&surroundings, &prober()).all();
    assert_eq!(all.len(), 1, "{all:?}");
}

#[test]
fn the_environment_as_values() {
    let of = |variables: &[(&str, &str)]| {
        let value = |name: &str| Some(OsString::from(variables.iter().find(|(key, _)| *key == name)?.1));
        Surroundings::from_variables("/here", value)
    };
    let here = Path::new("/here");
    let nothing = Surroundings { working_directory: here.to_owned(), ..Surroundings::default() };
    assert_eq!(of(&[]), nothing);
    assert_eq!(of(&[("PATH", ""), ("VIRTUAL_ENV", ""), ("CONDA_PREFIX", ""), ("CONDA_DEFAULT_ENV", "")]), nothing);
    let all =
        of(&[("PATH", "/a::b:/c/"), ("VIRTUAL_ENV", "v"), ("CONDA_PREFIX", "/conda"), ("CONDA_DEFAULT_ENV", "base")]);
    assert_eq!(all.search_path, [Path::new("/a"), &here.join("b"), Path::new("/c")]);
    assert_eq!(all.virtual_env, Some(here.join("v")));
    assert_eq!((all.conda_prefix, all.conda_is_base), (Some("/conda".into()), true));
    assert!(of(&[("CONDA_DEFAULT_ENV", "root")]).conda_is_base);
    assert!(!of(&[("CONDA_DEFAULT_ENV", "science")]).conda_is_base);
}
