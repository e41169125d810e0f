//! Rules that no fixture has, uv.lock.

use std::path::Path;

use towline_catalog::lock::{Groups, Lock, LockError, Selection};

use super::{choose, linux, names};

const TOP: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n";

/// A package of an index with one sdist; `rest` is what else it has.
fn package(name: &str, version: &str, rest: &str) -> String {
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://index.example/simple\" }}\n\
         sdist = {{ url = \"https://files.example/{name}-{version}.tar.gz\", hash = \"sha256:{}\" }}\n{rest}\n",
        "a".repeat(64)
    )
}

fn project(name: &str, path: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"0.1\"\nsource = {{ virtual = \"{path}\" }}\n{rest}\n")
}

fn shown(text: &str, selection: &Selection) -> Result<String, String> {
    match choose("uv.lock", text, selection) {
        Ok(chosen) => Ok(chosen
            .iter()
            .map(|choice| format!("{}-{}", choice.package, choice.version.as_ref().unwrap()))
            .collect::<Vec<_>>()
            .join(" ")),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn walk() {
    let none = Selection::default();
    for (edges, packages, wanted) in [
        ("{ name = \"a\" }", "", "a-1"),
        ("{ name = \"a\", marker = \"sys_platform == 'win32'\" }", "", ""),
        ("{ name = \"a\", extra = [\"x\"] }", "", "a-1 c-1"),
        ("{ name = \"b\" }", "", "a-1 b-1 c-1"),
        ("{ name = \"d\", version = \"2\" }", "", "d-2"),
        ("{ name = \"loop\" }", "", "loop-1"),
        // The lock says by its forks which one is meant.
        ("{ name = \"d\" }", "resolution-markers = [\"sys_platform == 'win32'\"]", "d-2"),
    ] {
        let text = [
            TOP.to_owned(),
            project("root", ".", &format!("dependencies = [{edges}]")),
            package("a", "1", "[package.optional-dependencies]\nx = [{ name = \"c\" }]"),
            package("b", "1", "dependencies = [{ name = \"a\", extra = [\"x\", \"unknown\"] }]"),
            package("c", "1", ""),
            package("d", "1", packages),
            package("d", "2", ""),
            package("loop", "1", "dependencies = [{ name = \"loop\", extra = [\"y\"] }]\n[package.optional-dependencies]\ny = [{ name = \"loop\" }]"),
        ]
        .concat();
        assert_eq!(shown(&text, &none).unwrap(), wanted, "{edges}");
    }
}

#[test]
fn what_is_wrong() {
    let text = |rest: &str| format!("{TOP}{}{rest}", project("root", ".", "dependencies = [\n  { name = \"a\" },\n]"));
    let two = [package("a", "1", ""), package("a", "2", "")].concat();
    let twice = format!(
        "{TOP}{}{two}",
        project("root", ".", "dependencies = [{ name = \"a\", version = \"1\" }, { name = \"a\", version = \"2\" }]")
    );
    for (text, said) in [
        (text(""), "uv.lock:9: `package[0]`: no package is the dependency `a`"),
        (text(&two), "uv.lock:9: `package[0]`: 2 packages can be the dependency `a`"),
        (twice, "`a` is wanted twice for CPython 3.12.0"),
        (text(&package("a", "1", "").replace("sha256:aa", "sha256:a")), "`package[1].sdist.hash`"),
        (text(&package("a", "1", "").replace("sha256:", "md5:")), "(md5) is known"),
        (text(&package("a", "1", "").replace("sha256:", "")), "expected `<algorithm>:<hex digits>`"),
        (text(&package("a", "1", "").replace("registry", "other")), "`package[1].source`: expected one of registry"),
        (text(&package("a", "1", "").replace(">=3.9", ">=4")), ""),
        (TOP.replace("version = 1", "version = 2"), "uv.lock of version 2 is not known"),
        (TOP.replace("3.9", "4"), "uv.lock:3: `requires-python`: the lock requires Python >=4"),
        (
            format!("{TOP}supported-markers = [\"sys_platform == 'win32'\"]\n"),
            "uv.lock:4: `supported-markers`: the lock is for other",
        ),
        ("revision = 1\n".to_owned(), "uv.lock:1: `version`: it is missing"),
    ] {
        match shown(&text, &Selection::default()) {
            Ok(chosen) => assert!(said.is_empty(), "{chosen}, not {said}"),
            Err(error) => assert!(!said.is_empty() && error.contains(said), "{error}, not {said}"),
        }
    }
}

#[test]
fn workspaces() {
    let members = "[manifest]\nmembers = [\"one\", \"two\"]\n";
    let one = |path: &str| project("one", path, "dependencies = [{ name = \"a\" }, { name = \"two\" }]");
    let two = project("two", "two", "dependencies = [{ name = \"b\" }]\n[package.dev-dependencies]\ndev = [{ name = \"c\" }]\nlint = [{ name = \"d\" }]")
        .replace("virtual", "editable");
    let index: String = ["a", "b", "c", "d", "e"].iter().map(|name| package(name, "1", "")).collect();
    let none = Selection::default();
    let only = |name: &str| Selection { packages: [name.parse().unwrap()].into(), ..none.clone() };
    let of = |top: &str, one: String, selection: &Selection| shown(&format!("{TOP}{top}{index}{one}{two}"), selection);

    // A project at the root is all there is to it; groups of a member that is only depended upon are not.
    assert_eq!(of(members, one("."), &none).unwrap(), "a-1 b-1");
    // Without one: all members.
    assert_eq!(of(members, one("one"), &none).unwrap(), "a-1 b-1 c-1");
    assert_eq!(of(members, one("one"), &Selection { groups: Groups::None, ..none.clone() }).unwrap(), "a-1 b-1");
    assert_eq!(of(members, one("one"), &Selection { groups: Groups::All, ..none.clone() }).unwrap(), "a-1 b-1 c-1 d-1");
    assert_eq!(of(members, one("."), &only("two")).unwrap(), "b-1 c-1");
    let error = of(members, one("."), &only("a")).unwrap_err();
    assert!(error.contains("no workspace member `a`; it has `one`, `two`"), "{error}");
    // A project beside it, which is no member, is not one of ours.
    let locked = Lock::parse(Path::new("uv.lock"), format!("{TOP}{index}{}{two}", one(".")).as_bytes()).unwrap();
    let left = locked.choose(&linux(), &none).unwrap().left_out;
    assert!(matches!(&*left, [left] if left.package.as_ref() == "two" && left.what == "a directory"), "{left:?}");

    // Scripts, and roots without a project.
    let script = "[manifest]\nrequirements = [{ name = \"e\", specifier = \">=1\" }]\n[manifest.dependency-groups]\ndev = [{ name = \"d\" }]\ndoc = [{ name = \"c\" }]\n";
    assert_eq!(shown(&format!("{TOP}{script}{index}"), &none).unwrap(), "d-1 e-1");
}

#[test]
fn conflicts_name_extras_groups_and_projects() {
    let text = |marker: &str| {
        format!(
            "{TOP}conflicts = [[{{ package = \"my-app\", extra = \"x\" }}, {{ package = \"my-app\", group = \"g\" }}], [{{ package = \"my-app\" }}, {{ package = \"o\" }}], [{{ package = \"a\", extra = \"deep\" }}, {{ package = \"o\", extra = \"y\" }}]]\n{}{}{}",
            project(
                "my-app",
                ".",
                &format!(
                    "dependencies = [{{ name = \"b\", marker = \"{marker}\" }}, {{ name = \"a\", extra = [\"deep\"] }}]\n[package.optional-dependencies]\nx = []\n[package.dev-dependencies]\ng = []"
                )
            ),
            package("a", "1", "[package.optional-dependencies]\ndeep = []"),
            package("b", "1", ""),
        )
    };
    let none = Selection::default();
    let extra = Selection { extras: ["x".parse().unwrap()].into(), ..none.clone() };
    let group = Selection { with_groups: ["g".parse().unwrap()].into(), ..none.clone() };
    for (marker, selection, wanted) in [
        ("extra == 'extra-6-my-app-x'", &none, "a-1"),
        ("extra == 'extra-6-my-app-x'", &extra, "a-1 b-1"),
        ("extra == 'extra-6-my-app-x'", &group, "a-1"),
        ("extra == 'group-6-my-app-g'", &group, "a-1 b-1"),
        ("extra != 'group-6-my-app-g'", &group, "a-1"),
        ("extra == 'project-6-my-app'", &none, "a-1 b-1"),
        // Switched on by an edge that comes later.
        ("extra == 'extra-1-a-deep'", &none, "a-1 b-1"),
        ("extra != 'extra-1-a-deep'", &none, "a-1"),
    ] {
        assert_eq!(shown(&text(marker), selection).unwrap(), wanted, "{marker}");
    }
    let both = Selection { extras: extra.extras, ..group };
    let error = shown(&text("os_name == 'x'"), &both).unwrap_err();
    assert!(error.contains("the extra `x` of `my-app` and the group `g` of `my-app` exclude each other"), "{error}");
}

#[test]
fn archives_of_their_own() {
    let hash = format!("hash = \"sha256:{}\"", "a".repeat(64));
    let one = |source: &str, entry: &str| {
        format!(
            "{TOP}{}[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {{ {source} }}\n{entry}\n",
            project("root", ".", "dependencies = [{ name = \"a\" }]")
        )
    };
    let url = |name: &str| format!("url = \"https://files.example/{name}\"");
    for (source, entry, wanted) in [
        (
            url("a-1-py3-none-any.whl"),
            format!("wheels = [{{ {}, {hash} }}]", url("a-1-py3-none-any.whl")),
            Ok("a-1-py3-none-any.whl"),
        ),
        (url("mono.zip") + ", subdirectory = \"a\"", format!("sdist = {{ {hash} }}"), Ok("mono.zip")),
        (
            "path = \"v/a-1-py3-none-any.whl\"".to_owned(),
            format!("wheels = [{{ filename = \"a-1-py3-none-any.whl\", {hash} }}]"),
            Ok("a-1-py3-none-any.whl"),
        ),
        (
            url("a-1-py3-none-win_amd64.whl"),
            format!("wheels = [{{ {hash} }}]"),
            Err("none of the 1 wheels of `a` is for"),
        ),
        (url("b-1-py3-none-any.whl"), format!("wheels = [{{ {hash} }}]"), Err("is a file of `b`, not of `a`")),
        (url("a-1.tar.gz"), String::new(), Err("neither a wheel nor an sdist")),
    ] {
        let got = choose("uv.lock", &one(&source, &entry), &Selection::default());
        match (got, wanted) {
            (Ok(chosen), Ok(wanted)) => assert_eq!(chosen[0].file.name.as_str(), wanted),
            (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{error}"),
            (got, wanted) => panic!("{source}: {got:?}, not {wanted:?}"),
        }
    }
    let git = one("git = \"https://git.example/a#0123\"", "");
    let left = Lock::parse(Path::new("uv.lock"), git.as_bytes()).unwrap();
    let left = left.choose(&linux(), &Selection::default()).unwrap().left_out;
    assert!(matches!(&*left, [left] if left.what == "a checkout of a git repository"), "{left:?}");
}

#[test]
fn newer_revision_warns() {
    let text = format!("{}{}", TOP.replace("revision = 3", "revision = 6"), project("root", ".", ""));
    let lock = Lock::parse(Path::new("uv.lock"), text.as_bytes()).unwrap();
    assert!(lock.warnings()[0].starts_with("uv.lock:2: `revision`"), "{:?}", lock.warnings());
    assert!(names(&lock.choose(&linux(), &Selection::default()).unwrap().files).is_empty());
    let error = lock.choose(&linux(), &Selection { extras: ["x".parse().unwrap()].into(), ..Selection::default() });
    assert!(matches!(error, Err(LockError::Missing { .. })));
}

#[test]
fn same_version_of_two_sources() {
    let other = package("a", "1", "").replace("index.example", "other.example").replace("a-1.tar.gz", "a-1.zip");
    for (host, file) in [("index", "a-1.tar.gz"), ("other", "a-1.zip")] {
        let edge =
            format!("{{ name = \"a\", version = \"1\", source = {{ registry = \"https://{host}.example/simple\" }} }}");
        let root = project("root", ".", &format!("dependencies = [{{ name = \"b\" }}, {edge}]"));
        // And the result is sorted, whatever the order of the lock.
        let text = [TOP.to_owned(), root, package("b", "1", ""), package("a", "1", ""), other.clone()].concat();
        let chosen = choose("uv.lock", &text, &Selection::default()).unwrap();
        assert_eq!(chosen.iter().map(|choice| choice.file.name.as_str()).collect::<Vec<_>>(), [file, "b-1.tar.gz"]);
    }
}

#[test]
fn extras_and_groups_that_add_nothing() {
    for key in ["provides-extra", "provides-extras"] {
        let text = format!(
            "{TOP}{}",
            project(
                "root",
                ".",
                &format!("[package.metadata]\n{key} = [\"x\"]\n[package.metadata.requires-dev]\ng = []")
            )
        );
        let extras = ["x".parse().unwrap()].into();
        let with_groups = ["g".parse().unwrap()].into();
        assert_eq!(shown(&text, &Selection { extras, with_groups, ..Selection::default() }).unwrap(), "");
    }
}

#[test]
fn a_project_that_is_no_member() {
    let text = format!("{TOP}{}{}", project("root", ".", ""), project("beside", "../beside", ""));
    let packages = ["beside".parse().unwrap()].into();
    let error = shown(&text, &Selection { packages, ..Selection::default() }).unwrap_err();
    assert!(error.contains("no workspace member `beside`; it has `root`"), "{error}");
}

#[test]
fn an_edge_may_switch_on_the_extra_that_its_marker_asks_for() {
    let conflicts = "conflicts = [[{ package = \"m\", extra = \"cpu\" }, { package = \"m\", extra = \"gpu\" }]]\n";
    let edge = "dependencies = [{ name = \"m\", extra = [\"cpu\"], marker = \"extra == 'extra-1-m-cpu'\" }]";
    let extras = "dependencies = [{ name = \"b\" }]\n[package.optional-dependencies]\n\
        cpu = [{ name = \"a\", version = \"1\", marker = \"extra == 'extra-1-m-cpu'\" }]\n\
        gpu = [{ name = \"a\", version = \"2\", marker = \"extra == 'extra-1-m-gpu'\" }]\n";
    let text = [
        format!("{TOP}{conflicts}[manifest]\nmembers = [\"app\", \"m\"]\n"),
        project("app", ".", edge),
        project("m", "m", extras),
        package("a", "1", ""),
        package("a", "2", ""),
        package("b", "1", ""),
    ]
    .concat();
    assert_eq!(shown(&text, &Selection::default()).unwrap(), "a-1 b-1");
}

#[test]
fn what_a_root_without_a_project_asks_for_is_no_members() {
    let text = format!(
        "{TOP}[manifest]\nmembers = [\"m\"]\n[manifest.dependency-groups]\ndev = [{{ name = \"a\" }}]\n{}{}{}",
        project("m", "m", "dependencies = [{ name = \"b\" }]"),
        package("a", "1", ""),
        package("b", "1", "")
    );
    assert_eq!(shown(&text, &Selection::default()).unwrap(), "a-1 b-1");
    let only = Selection { packages: ["m".parse().unwrap()].into(), ..Selection::default() };
    assert_eq!(shown(&text, &only).unwrap(), "b-1");
}

#[test]
fn a_lock_without_packages_is_one() {
    let lock = Lock::parse(Path::new("x.py.lock"), TOP.as_bytes()).unwrap();
    assert!(lock.choose(&linux(), &Selection::default()).unwrap().files.is_empty());
    let error = Lock::parse(Path::new("requirements.lock"), b"a==1.0\n").unwrap_err();
    assert!(matches!(error, LockError::Unknown { .. }), "{error}");
}

#[test]
fn too_many_packages_of_one_name_are_refused() {
    let many: String = (0..1100).map(|at| package("a", &format!("1.{at}"), "")).collect();
    let error = shown(&format!("{TOP}{many}"), &Selection::default()).unwrap_err();
    assert!(error.contains("more than 1000 packages of its name"), "{error}");
}
