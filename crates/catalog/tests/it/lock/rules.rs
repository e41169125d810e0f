//! Rules that no fixture has, pylock.toml.

use std::path::Path;

use towline_catalog::{
    Place,
    lock::{Groups, Lock, LockError, Selection},
};

use super::{choose, linux, names, shown};

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

const SDIST: &str = "sdist = { url = \"https://files.example/a-1.0.tar.gz\", hashes = SHA }";

fn lock(rest: &str) -> String {
    format!("lock-version = \"1.0\"\ncreated-by = \"x\"\n{rest}").replace("SHA", &format!("{{ sha256 = \"{SHA}\" }}"))
}

fn package(name: &str, rest: &str) -> String {
    lock(&format!("[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\n{rest}\n"))
}

fn of(text: &str) -> Result<Vec<String>, String> {
    choose("/locks/pylock.toml", text, &Selection::default())
        .map(|chosen| shown(&chosen))
        .map_err(|error| error.to_string())
}

#[test]
fn errors_name_line_and_key() {
    let wheel = |rest: &str| {
        package("a", &format!("wheels = [\n  {{ url = \"https://files.example/a-1.0-py3-none-any.whl\", {rest} }},\n]"))
    };
    for (text, place, said) in [
        (wheel("hashes = {}"), "7: `packages[0].wheels[0].hashes`", "no hash is given"),
        (
            wheel("hashes = { sha256 = 1 }"),
            "7: `packages[0].wheels[0].hashes.sha256`",
            "expected a string, found integer",
        ),
        (wheel("hashes = { sha256 = \"ab\" }"), "7: `packages[0].wheels[0].hashes`", "64"),
        (
            wheel("hashes = { md5 = \"ab\" }"),
            "7: `packages[0].wheels[0].hashes`",
            "none of the hash algorithms (md5) is known",
        ),
        (wheel("size = 1"), "7: `packages[0].wheels[0].hashes`", "it is missing"),
        (
            wheel("hashes = SHA, size = -1").replace("SHA", &format!("{{ sha256 = \"{SHA}\" }}")),
            "7: `packages[0].wheels[0].size`",
            "-1 is no number",
        ),
        (package("a", "wheels = 1"), "6: `packages[0].wheels`", "expected an array"),
        (package("a", &format!("marker = \"os_name\"\n{SDIST}")), "6: `packages[0].marker`", "Expected"),
        (package("A.b", "wheels = []"), "4: `packages[0].name`", "it has to be `a-b`"),
        (package("a", "directory = { editable = true }"), "6: `packages[0].directory.path`", "it is missing"),
        (
            package("a", "vcs = { type = \"git\", url = \"https://git.example/a\" }"),
            "6: `packages[0].vcs.commit-id`",
            "it is missing",
        ),
        (
            package("a", "vcs = { type = \"git\", commit-id = \"0\" }"),
            "6: `packages[0].vcs`",
            "neither `url` nor `path`",
        ),
        (
            package("a", &format!("{SDIST}\nvcs = {{}}")),
            "3: `packages[0]`",
            "more than one source: wheels or sdist, vcs",
        ),
        (
            package("a", &SDIST.replace("hashes", "upload-time = \"x\", hashes")),
            "6: `packages[0].sdist.upload-time`",
            "expected a date",
        ),
        (lock("packages = 1"), "3: `packages`", "expected an array"),
        (lock(""), "1: `packages`", "it is missing"),
        (lock("packages = []\nrequires-python = \"x\""), "4: `requires-python`", ""),
        (
            "lock-version = \"2.1\"".to_owned(),
            "1: `lock-version`",
            "locks of version 2.1 are not known, 1.0 is; use a newer towline",
        ),
    ] {
        let error = of(&text).unwrap_err();
        assert!(error.starts_with(&format!("/locks/pylock.toml:{place}: ")), "{error}\n{text}");
        assert!(error.contains(said) && error.contains("; "), "{error}");
    }
}

#[test]
fn places() {
    let text = package(
        "a",
        "sdist = { path = \"../files/a-1.0.tar.gz\", url = \"https://u:p@files.example/x/a-1.0.tar.gz?q#frag\", size = 5, hashes = { sha256 = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", blake2b = \"x\" } }",
    );
    let chosen = choose("/locks/pylock.toml", &text, &Selection::default()).unwrap();
    let file = &chosen[0].file;
    assert_eq!(file.places[0], Place::Path("/locks/../files/a-1.0.tar.gz".into()));
    assert_eq!(file.places[1], Place::Url("https://u:p@files.example/x/a-1.0.tar.gz?q".parse().unwrap()));
    assert_eq!((file.places.len(), file.size), (2, Some(5)));
    assert_eq!(file.hashes.best().unwrap().to_string(), format!("sha256:{SHA}"));

    for (rest, said) in [
        ("url = \"ftp://files.example/a-1.0.tar.gz\"", "scheme `ftp`"),
        ("url = \"a-1.0.tar.gz\"", "it is no URL"),
        ("path = \"\"", "it is no path"),
        ("path = \"x\\u0000\"", "it is no path"),
        ("url = \"https://files.example/..%2Fa-1.0.tar.gz\"", "it is a path"),
        ("url = \"https://files.example/%FF.tar.gz\"", "not UTF-8"),
        ("name = \"x/a-1.0.tar.gz\", url = \"https://files.example/a-1.0.tar.gz\"", "it is a path"),
        ("url = \"https://files.example/b-1.0.tar.gz\"", ""),
        ("url = \"https://files.example/a-2.0.tar.gz\"", "the package of 1.0"),
        ("url = \"https://files.example/a-1.0-py3-none-any.whl\"", "is a wheel"),
        ("name = \"a-1.0.tar.gz\"", "neither `url` nor `path`"),
    ] {
        let error = of(&package("a", &format!("sdist = {{ {rest}, hashes = SHA }}"))
            .replace("SHA", &format!("{{ sha256 = \"{SHA}\" }}")))
        .unwrap_err();
        assert!(error.contains("packages[0].sdist") && error.contains(said), "{rest}: {error}");
    }
}

#[test]
fn best_tag_then_build() {
    let wheels = |names: &[&str]| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| format!("{{ url = \"https://files.example/a-1.0-{name}.whl\", hashes = SHA }}"))
            .collect();
        of(&package("a", &format!("wheels = [{}]", entries.join(", ")))
            .replace("SHA", &format!("{{ sha256 = \"{SHA}\" }}")))
    };
    for (names, best) in [
        (&["py3-none-any", "cp312-cp312-manylinux_2_17_x86_64"][..], "cp312-cp312-manylinux_2_17_x86_64"),
        (
            &["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"],
            "cp312-cp312-manylinux_2_28_x86_64",
        ),
        (&["py3-none-any", "9-py3-none-any", "10-py3-none-any", "9b-py3-none-any"], "10-py3-none-any"),
        (&["7-py3-none-any", "cp312-none-any"], "cp312-none-any"),
        (&["cp313-cp313-manylinux_2_17_x86_64", "py3-none-any"], "py3-none-any"),
    ] {
        for names in [names.to_vec(), names.iter().rev().copied().collect()] {
            assert_eq!(wheels(&names).unwrap(), [format!("a 1.0 wheel a-1.0-{best}.whl")], "{names:?}");
        }
    }
    let error = wheels(&["cp311-cp311-win_amd64"]).unwrap_err();
    assert!(error.contains("none of the 1 wheels of `a` is for CPython 3.12.0 on manylinux_2_28_x86_64"), "{error}");
}

#[test]
fn extras_and_groups() {
    let part = |name: &str, marker: &str| {
        format!(
            "[[packages]]\nname = \"{name}\"\nmarker = \"{marker}\"\nsdist = {{ url = \"https://files.example/{name}-1.0.tar.gz\", hashes = SHA }}\n"
        )
    };
    let text = lock(&format!(
        "extras = [\"tls\", \"zip\"]\ndependency-groups = [\"dev\", \"doc\"]\ndefault-groups = [\"dev\", \"base\"]\n{}{}{}{}{}",
        part("all", "os_name == 'posix'"),
        part("base", "'base' in dependency_groups"),
        part("dev", "'dev' in dependency_groups"),
        part("doc", "'doc' in dependency_groups or 'tls' in extras"),
        part("not", "'tls' not in extras"),
    ));
    let none = Selection::default();
    let tls = || ["tls".parse().unwrap()].into();
    let doc = || ["doc".parse().unwrap()].into();
    let base = || ["base".parse().unwrap()].into();
    for (selection, wanted) in [
        (none.clone(), "all base dev not"),
        (Selection { extras: tls(), ..none.clone() }, "all base dev doc"),
        (Selection { all_extras: true, ..none.clone() }, "all base dev doc"),
        (Selection { with_groups: doc(), ..none.clone() }, "all base dev doc not"),
        (Selection { groups: Groups::None, ..none.clone() }, "all not"),
        (Selection { groups: Groups::None, with_groups: doc(), ..none.clone() }, "all doc not"),
        (Selection { groups: Groups::All, ..none.clone() }, "all base dev doc not"),
        (Selection { without_groups: base(), ..none.clone() }, "all dev not"),
        (Selection { groups: Groups::All, without_groups: doc(), ..none.clone() }, "all base dev not"),
        (Selection { without: ["dev".parse().unwrap()].into(), ..none.clone() }, "all base not"),
    ] {
        let chosen = choose("pylock.toml", &text, &selection).unwrap();
        assert_eq!(names(&chosen).join(" "), wanted, "{selection:?}");
    }
    for (selection, said) in [
        (Selection { extras: doc_extra(), ..none.clone() }, "no extra `doc`; it has `tls`, `zip`"),
        (
            Selection { with_groups: ["x".parse().unwrap()].into(), ..none.clone() },
            "no dependency group `x`; it has `dev`, `doc`",
        ),
        (Selection { without_groups: ["x".parse().unwrap()].into(), ..none }, "no dependency group `x`"),
    ] {
        let error = choose("pylock.toml", &text, &selection).unwrap_err();
        assert!(matches!(error, LockError::Missing { .. }) && error.to_string().contains(said), "{error}");
    }
}

fn doc_extra() -> std::collections::BTreeSet<uv_normalize::ExtraName> {
    ["doc".parse().unwrap()].into()
}

#[test]
fn forms_by_name_and_content() {
    for (name, is) in [
        ("pylock.toml", true),
        ("pylock.dev.toml", true),
        ("pylock.a.b.toml", false),
        ("pylocktoml", false),
        ("uv.lock", true),
        ("poetry.lock", true),
        ("pdm.lock", true),
        ("Pipfile.lock", true),
        ("requirements.txt", false),
    ] {
        assert_eq!(Lock::is_name(name), is, "{name}");
    }
    let empty = lock("packages = []");
    for name in ["pylock.toml", "pylock.dev.toml", "other.toml"] {
        assert_eq!(names(&choose(name, &empty, &Selection::default()).unwrap()), [] as [&str; 0]);
    }
    for (name, said) in
        [("poetry.lock", "poetry export"), ("pdm.lock", "pdm export"), ("Pipfile.lock", "pipenv requirements --hash")]
    {
        let error = choose(name, "", &Selection::default()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(matches!(choose("x.toml", "a = 1", &Selection::default()), Err(LockError::Unknown { .. })));
    assert!(matches!(Lock::read(Path::new("/nowhere/pylock.toml")), Err(LockError::Read { .. })));
}

#[test]
fn newer_minor_version_warns() {
    let text = lock("packages = []").replace("1.0", "1.3");
    let lock = Lock::parse(Path::new("pylock.toml"), text.as_bytes()).unwrap();
    assert!(
        lock.warnings()[0].starts_with("pylock.toml:1: `lock-version`: the lock is of version 1.3"),
        "{:?}",
        lock.warnings()
    );
    assert!(lock.choose(&linux(), &Selection::default()).unwrap().files.is_empty());
}

#[test]
fn byte_order_mark() {
    let text = format!("\u{feff}{}", package("a", SDIST));
    assert_eq!(of(&text).unwrap(), ["a 1.0 sdist a-1.0.tar.gz"]);
}
