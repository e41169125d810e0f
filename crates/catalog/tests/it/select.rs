//! Which of the listed files is taken, and what is said when none is.

use proptest::prelude::*;
use towline_catalog::{
    Target,
    index::{Listed, Page},
    select::{Chosen, NotFound, Packages, Rules, Wanted, choose},
};
use towline_store::{Algorithm, Digest};
use url::Url;
use uv_normalize::PackageName;
use uv_pep440::VersionSpecifiers;

use crate::index::JSON;

/// A file: its name after `foo-`, and what else is said of it, apart by spaces: `yanked`, `py>=3.9`, `#1` (a digest of that digit).
fn listed(files: &[&str]) -> Vec<Listed> {
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            let mut words = file.split(' ');
            let name = format!("foo-{}", words.next().unwrap());
            let mut object = serde_json::json!({ "filename": name, "url": format!("/{name}") });
            for word in words {
                if let Some(reason) = word.strip_prefix("yanked") {
                    object["yanked"] = reason.trim_start_matches(':').into();
                } else if let Some(python) = word.strip_prefix("py") {
                    object["requires-python"] = python.into();
                } else if let Some(digit) = word.strip_prefix('#') {
                    object["hashes"] = serde_json::json!({ "sha256": digit.repeat(64) });
                }
            }
            object
        })
        .collect();
    let body = serde_json::json!({ "files": files }).to_string();
    let url = Url::parse("https://index.example/simple/foo/").unwrap();
    let page = Page::parse(&package(), body.as_bytes(), Some(JSON), &url).unwrap();
    assert_eq!(page.skipped, []);
    page.files
}

fn package() -> PackageName {
    "foo".parse().unwrap()
}

fn digest(digit: &str) -> Digest {
    Digest::new(Algorithm::Sha256, &digit.repeat(64)).unwrap()
}

fn target() -> Target {
    Target::of(&"3.12".parse().unwrap(), &"manylinux_2_28_x86_64".parse().unwrap()).unwrap()
}

fn ask(files: &[Listed], specifiers: &str, rules: &Rules, hashes: &[Digest]) -> Result<Chosen, Box<NotFound>> {
    let specifiers: VersionSpecifiers = specifiers.parse().unwrap();
    choose(Wanted { package: &package(), specifiers: &specifiers, hashes }, files, rules, &target())
}

/// The name of the chosen file without `foo-`, or the error.
fn take(files: &[&str], specifiers: &str, rules: &Rules) -> String {
    match ask(&listed(files), specifiers, rules, &[]) {
        Ok(chosen) => chosen.choice.file.name.as_str().strip_prefix("foo-").unwrap().to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn the_newest_that_fits() {
    let none = Rules::default();
    for (files, specifiers, expect) in [
        // Numbers, not text; and a wheel before the source distribution of the same version alone.
        (&["1.9.tar.gz", "1.10.tar.gz", "1.2.tar.gz"][..], "", "1.10.tar.gz"),
        (&["1.0-py3-none-any.whl", "1.0.tar.gz"], "", "1.0-py3-none-any.whl"),
        (&["1.0-py3-none-any.whl", "1.1.tar.gz"], "", "1.1.tar.gz"),
        (&["1.0-py3-none-any.whl", "1.1-cp311-cp311-win_amd64.whl"], "", "1.0-py3-none-any.whl"),
        (&["1.0.tar.gz", "1.0-cp311-cp311-win_amd64.whl"], "", "1.0.tar.gz"),
        // Specifiers.
        (&["1.0.tar.gz", "2.0.tar.gz", "3.0.tar.gz"], "<3,!=2.0", "1.0.tar.gz"),
        (&["1.0.tar.gz", "2.0.tar.gz"], "==1", "1.0.tar.gz"),
        (&["1.4.tar.gz", "1.5.1.tar.gz", "1.6.tar.gz"], "~=1.5.0", "1.5.1.tar.gz"),
        (&["1.0.tar.gz", "1!0.1.tar.gz"], "", "1!0.1.tar.gz"),
        (&["1.0.tar.gz", "1.0+local.tar.gz", "1.0.post1.tar.gz"], "==1.0", "1.0+local.tar.gz"),
        (&["1.0.tar.gz", "1.0+local.tar.gz", "1.0.post1.tar.gz"], "", "1.0.post1.tar.gz"),
        // The best tag.
        (
            &["1.0-py3-none-any.whl", "1.0-cp312-cp312-manylinux_2_17_x86_64.whl"],
            "",
            "1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        ),
        (
            &["1.0-cp312-cp312-manylinux_2_17_x86_64.whl", "1.0-cp312-cp312-manylinux_2_28_x86_64.whl"],
            "",
            "1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        ),
        (
            &["1.0-cp312-cp312-manylinux_2_28_x86_64.whl", "1.0-cp312-cp312-linux_x86_64.whl"],
            "",
            "1.0-cp312-cp312-linux_x86_64.whl",
        ),
        (
            &["1.0-cp39-abi3-manylinux_2_28_x86_64.whl", "1.0-cp312-cp312-manylinux_2_17_x86_64.whl"],
            "",
            "1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        ),
        (
            &["1.0-cp38-abi3-manylinux_2_28_x86_64.whl", "1.0-cp39-abi3-manylinux_2_17_x86_64.whl"],
            "",
            "1.0-cp39-abi3-manylinux_2_17_x86_64.whl",
        ),
        // Build numbers: numbers, and none is less than any.
        (&["1.0-2-py3-none-any.whl", "1.0-10-py3-none-any.whl", "1.0-py3-none-any.whl"], "", "1.0-10-py3-none-any.whl"),
        (
            &["1.0-2a-py3-none-any.whl", "1.0-2b-py3-none-any.whl", "1.0-2-py3-none-any.whl"],
            "",
            "1.0-2b-py3-none-any.whl",
        ),
        (&["1.0-9-py3-none-any.whl", "1.0-cp312-none-any.whl"], "", "1.0-cp312-none-any.whl"),
        // Other forms of source distributions.
        (&["1.0.zip", "1.0.tar.gz", "1.0.tar.bz2", "1.0.tgz"], "", "1.0.tar.gz"),
        (&["1.0.zip", "1.0.tar.bz2"], "", "1.0.tar.bz2"),
        (&["1.0.tgz"], "", "1.0.tgz"),
        (&["1.0.tar.xz", "0.9.tar.gz"], "", "1.0.tar.xz"),
        // For which Python.
        (&["1.0.tar.gz py>=3.8", "2.0.tar.gz py>=3.13"], "", "1.0.tar.gz"),
        (&["1.0.tar.gz py>=3.8", "2.0.tar.gz py>=3.12"], "", "2.0.tar.gz"),
        (&["1.0.tar.gz", "2.0-py3-none-any.whl py<3.12"], "", "1.0.tar.gz"),
    ] {
        assert_eq!(take(files, specifiers, &none), expect, "{files:?} {specifiers}");
    }
}

#[test]
fn pre_releases() {
    let pre = Rules { pre: true, ..Rules::default() };
    for (files, specifiers, without, with) in [
        (&["1.0.tar.gz", "2.0rc1.tar.gz", "2.0.dev5.tar.gz"][..], "", "1.0.tar.gz", "2.0rc1.tar.gz"),
        (&["1.0.tar.gz", "2.0rc1.tar.gz"], ">=2.0rc1", "2.0rc1.tar.gz", "2.0rc1.tar.gz"),
        (&["1.0.tar.gz", "2.0rc1.tar.gz"], ">=1.0,!=3.0b1", "1.0.tar.gz", "2.0rc1.tar.gz"),
        (&["1.0.tar.gz", "2.0rc1.tar.gz"], ">1.0", "2.0rc1.tar.gz", "2.0rc1.tar.gz"),
        (&["2.0a1.tar.gz", "2.0rc1.tar.gz"], "", "2.0rc1.tar.gz", "2.0rc1.tar.gz"),
        // A final one that does not fit is none.
        (&["1.0.tar.gz py<3", "2.0rc1.tar.gz"], "", "2.0rc1.tar.gz", "2.0rc1.tar.gz"),
        (&["1.0-cp27-none-any.whl", "2.0rc1.tar.gz"], "", "2.0rc1.tar.gz", "2.0rc1.tar.gz"),
        (&["1.0.tar.gz", "2.0.post1.dev1.tar.gz"], "", "1.0.tar.gz", "2.0.post1.dev1.tar.gz"),
        (&["1.0.tar.gz", "1.0.post1.tar.gz"], "", "1.0.post1.tar.gz", "1.0.post1.tar.gz"),
    ] {
        assert_eq!(take(files, specifiers, &Rules::default()), without, "{files:?} {specifiers}");
        assert_eq!(take(files, specifiers, &pre), with, "{files:?} {specifiers} --pre");
    }
    let chosen = |files: &[&str], specifiers: &str, rules: &Rules| ask(&listed(files), specifiers, rules, &[]).unwrap();
    assert!(chosen(&["2.0rc1.tar.gz"], "", &Rules::default()).pre_for_want);
    assert!(!chosen(&["2.0rc1.tar.gz"], "", &pre).pre_for_want);
    assert!(!chosen(&["2.0rc1.tar.gz"], "==2.0rc1", &Rules::default()).pre_for_want);
    assert!(!chosen(&["1.0.tar.gz", "2.0rc1.tar.gz"], "", &Rules::default()).pre_for_want);
}

#[test]
fn yanked_files() {
    for (files, specifiers, expect) in [
        (&["1.0.tar.gz", "2.0.tar.gz yanked:bad"][..], "", "1.0.tar.gz"),
        (&["1.0.tar.gz", "2.0.tar.gz yanked:bad"], "==2.0", "2.0.tar.gz"),
        (&["1.0.tar.gz", "2.0.tar.gz yanked"], "===2.0", "2.0.tar.gz"),
        (&["1.0.tar.gz", "2.0.tar.gz yanked:bad"], "==2.0,>=1", "2.0.tar.gz"),
        // One file of a version is withdrawn, and the others are not.
        (&["2.0-py3-none-any.whl yanked", "2.0.tar.gz"], "==2.0", "2.0.tar.gz"),
        // A wheel that does not fit does not make the others less withdrawn.
        (&["2.0-cp27-none-any.whl", "2.0.tar.gz yanked"], "==2.0", "2.0.tar.gz"),
    ] {
        assert_eq!(take(files, specifiers, &Rules::default()), expect, "{files:?} {specifiers}");
    }
    for specifiers in ["", ">=2", "==2.*", "~=2.0", "<=2.0,>=2.0", "!=1.0"] {
        let got = take(&["2.0.tar.gz yanked:bad"], specifiers, &Rules::default());
        assert!(got.starts_with("error: ") && got.contains("1 file is withdrawn (2.0: bad)"), "{specifiers}: {got}");
    }
    let chosen = ask(&listed(&["2.0.tar.gz yanked:bad"]), "==2.0", &Rules::default(), &[]).unwrap();
    assert_eq!(chosen.yanked.as_deref(), Some("bad"));
    let chosen = ask(&listed(&["2.0.tar.gz", "1.0.tar.gz yanked:bad"]), "==2.0", &Rules::default(), &[]).unwrap();
    assert_eq!(chosen.yanked, None);
}

#[test]
fn forms() {
    let all = || Packages { all: true, ..Packages::default() };
    let named = |name: &str| Packages { named: [name.parse().unwrap()].into(), ..Packages::default() };
    let files = ["1.0-py3-none-any.whl", "1.0.tar.gz", "2.0.tar.gz"];
    for (only_binary, no_binary, prefer_binary, expect) in [
        (Packages::default(), Packages::default(), false, "2.0.tar.gz"),
        (Packages::default(), Packages::default(), true, "1.0-py3-none-any.whl"),
        (all(), Packages::default(), false, "1.0-py3-none-any.whl"),
        (named("foo"), Packages::default(), false, "1.0-py3-none-any.whl"),
        (named("other"), Packages::default(), false, "2.0.tar.gz"),
        (Packages::default(), all(), true, "2.0.tar.gz"),
        (Packages::default(), named("foo"), true, "2.0.tar.gz"),
        (Packages::default(), named("other"), true, "1.0-py3-none-any.whl"),
        // A name goes before `:all:`, and `--only-binary` first.
        (all(), named("foo"), false, "2.0.tar.gz"),
        (named("foo"), all(), false, "1.0-py3-none-any.whl"),
        (named("foo"), named("foo"), false, "1.0-py3-none-any.whl"),
        (all(), all(), false, "1.0-py3-none-any.whl"),
    ] {
        let rules = Rules { only_binary, no_binary, prefer_binary, pre: false };
        assert_eq!(take(&files, "", &rules), expect, "{rules:?}");
    }
    // Any wheel goes before any source distribution, but among wheels the newest.
    let prefer = Rules { prefer_binary: true, ..Rules::default() };
    let files = ["1.0-py3-none-any.whl", "0.9-cp312-cp312-manylinux_2_28_x86_64.whl", "2.0.tar.gz"];
    assert_eq!(take(&files, "", &prefer), "1.0-py3-none-any.whl");
}

#[test]
fn digests() {
    let files = listed(&["1.0-py3-none-any.whl #1", "1.0.tar.gz #2", "2.0.tar.gz #3", "3.0.tar.gz", "3.0.zip"]);
    let none = Rules::default();
    for (hashes, specifiers, expect) in [
        (vec![], "", Some(("3.0.tar.gz", None))),
        (vec!["1"], "", Some(("1.0-py3-none-any.whl", Some("1")))),
        (vec!["2"], "", Some(("1.0.tar.gz", Some("2")))),
        (vec!["1", "2"], "", Some(("1.0-py3-none-any.whl", Some("1")))),
        (vec!["1", "2", "3"], "", Some(("2.0.tar.gz", Some("3")))),
        // A file that shows none may be it, when no other is.
        (vec!["9"], "", Some(("3.0.tar.gz", Some("9")))),
        (vec!["9"], "<3", None),
        (vec!["8", "9"], "==3.0", Some(("3.0.tar.gz", None))),
    ] {
        let hashes: Vec<_> = hashes.into_iter().map(digest).collect();
        let got = ask(&files, specifiers, &none, &hashes);
        match (got, expect) {
            (Ok(chosen), Some((name, vouches))) => {
                assert_eq!(chosen.choice.file.name.as_str(), format!("foo-{name}"), "{hashes:?} {specifiers}");
                assert_eq!(chosen.choice.file.hashes.best(), vouches.map(digest).as_ref(), "{hashes:?} {specifiers}");
                let open = chosen.choice.file.hashes.is_empty() && !hashes.is_empty();
                assert_eq!(chosen.any_of, if open { hashes } else { vec![] });
            }
            (Err(error), None) => {
                assert_eq!(error.counts.hash, 3, "{error}");
                assert!(error.to_string().contains("3 files are without a digest"), "{error}");
                assert!(error.hint().contains("renew"), "{}", error.hint());
            }
            (got, expect) => panic!("{hashes:?} {specifiers}: {got:?}, not {expect:?}"),
        }
    }
    // Of another kind than what is shown, nothing can be told before the file is there.
    let other = Digest::new(Algorithm::Sha512, &"a".repeat(128)).unwrap();
    let chosen = ask(&files, "==2.0", &none, std::slice::from_ref(&other)).unwrap();
    assert_eq!(chosen.choice.file.hashes.iter().collect::<Vec<_>>(), [&digest("3"), &other]);
}

#[test]
fn what_is_said_when_nothing_fits() {
    let none = Rules::default();
    let wheels = Rules { only_binary: Packages { all: true, ..Packages::default() }, ..Rules::default() };
    let sources = Rules { no_binary: Packages { all: true, ..Packages::default() }, ..Rules::default() };
    let on = "CPython 3.12.0 on manylinux_2_28_x86_64";
    for (files, specifiers, rules, text, hint) in [
        (&[][..], ">=1", &none, format!("no file of `foo>=1` fits {on}: nothing of it is listed"), "--index-url"),
        (
            &["1.0.tar.gz", "1.1.tar.gz", "1.2.tar.gz", "1.3.tar.gz", "1.4.tar.gz", "1.10.tar.gz", "1.10.zip"],
            ">=2",
            &none,
            format!("no file of `foo>=2` fits {on}: listed are versions 1.10, 1.4, 1.3, 1.2, 1.1 and 1 older"),
            "a version that is listed",
        ),
        (
            &["1.0-cp311-cp311-win_amd64.whl", "2.0-cp311-cp311-win_amd64.whl", "2.0-cp310-cp310-win_amd64.whl"],
            "",
            &none,
            format!(
                "no file of `foo` fits {on}: of versions 2.0, 1.0, 3 files are for other interpreters or platforms (foo-2.0-cp310-cp310-win_amd64.whl)"
            ),
            "--platform",
        ),
        (
            &["1.0.tar.gz py>=3.13"],
            "==1.0",
            &none,
            format!(
                "no file of `foo==1.0` fits {on}: of version 1.0, 1 file is for other versions of Python (1.0 needs Python >=3.13)"
            ),
            "--python-version",
        ),
        (
            &["1.0.tar.gz", "1.0-cp311-cp311-win_amd64.whl"],
            "",
            &wheels,
            format!(
                "no file of `foo` fits {on}: of version 1.0, 1 file is for other interpreters or platforms (foo-1.0-cp311-cp311-win_amd64.whl), \
                 1 source distribution is refused by --only-binary"
            ),
            "no --only-binary",
        ),
        (
            &["1.0-py3-none-any.whl", "2.0-py3-none-any.whl"],
            "",
            &sources,
            format!("no file of `foo` fits {on}: of versions 2.0, 1.0, 2 wheels are refused by --no-binary"),
            "no --no-binary",
        ),
        (
            &["1.0.tar.gz yanked:it\tleaks", "0.9.tar.gz yanked"],
            "",
            &none,
            format!("no file of `foo` fits {on}: of versions 1.0, 0.9, 2 files are withdrawn (1.0: itleaks)"),
            "pin it",
        ),
    ] {
        let files: Vec<String> = files.iter().map(|file| file.replace('\t', "\u{7}")).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let error = ask(&listed(&files), specifiers, rules, &[]).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(error.hint().contains(hint), "{}", error.hint());
    }
}

#[test]
fn other_projects_do_not_count() {
    let url = Url::parse("https://index.example/simple/other/").unwrap();
    let body = r#"{"files":[{"filename":"other-9.0.tar.gz","url":"/x"}]}"#;
    let other = Page::parse(&"other".parse().unwrap(), body.as_bytes(), Some(JSON), &url).unwrap();
    let mut files = listed(&["1.0.tar.gz"]);
    files.extend(other.files);
    assert_eq!(ask(&files, "", &Rules::default(), &[]).unwrap().choice.version.unwrap().to_string(), "1.0");
}

prop_compose! {
    fn file()(
        version in prop::sample::select(vec!["1.0", "1.0.0", "1.1", "2.0rc1", "2.0.dev1", "2.0", "2.0+a", "3.0"]),
        tail in prop::sample::select(vec![
            "-py3-none-any.whl", "-1-py3-none-any.whl", "-cp312-cp312-manylinux_2_17_x86_64.whl", "-cp312-cp312-linux_x86_64.whl", "-cp311-cp311-win_amd64.whl",
            ".tar.gz", ".zip", ".tgz",
        ]),
        extra in prop::sample::select(vec!["", " yanked", " py>=3.13", " #1", " #2", " py>=3.8 #3"]),
    ) -> String {
        format!("{version}{tail}{extra}")
    }
}

proptest! {
    #[test]
    fn the_order_of_the_page_does_not_matter(
        (files, shuffled) in prop::collection::vec(file(), 0..14).prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
        specifiers in prop::sample::select(vec!["", "==1.0", ">=1.1", "==2.0", ">=2.0.dev0", "!=3.0", "==9"]),
        hashes in prop::sample::subsequence(vec!["1", "2", "9"], 0..3),
        prefer_binary in any::<bool>(),
        pre in any::<bool>(),
    ) {
        let rules = Rules { prefer_binary, pre, ..Rules::default() };
        let hashes: Vec<_> = hashes.into_iter().map(digest).collect();
        let list = |files: &[String]| listed(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let one = ask(&list(&files), specifiers, &rules, &hashes);
        let other = ask(&list(&shuffled), specifiers, &rules, &hashes);
        prop_assert_eq!(&one, &other);
        // And nothing that was asked for is overlooked.
        if let Ok(chosen) = one {
            let version = chosen.choice.version.unwrap();
            prop_assert!(specifiers.parse::<VersionSpecifiers>().unwrap().contains(&version));
            if let [only] = &hashes[..] {
                prop_assert!(chosen.choice.file.hashes.iter().any(|digest| digest == only));
            }
        }
    }
}

#[test]
fn of_forms_what_comes_later_goes_before() {
    use towline_catalog::Kind::{Sdist, Wheel};
    let foo = "foo".parse().unwrap();
    for (given, wheel, sdist) in [
        (&[(Wheel, "foo"), (Sdist, "foo")][..], false, true),
        (&[(Wheel, "foo"), (Sdist, ":all:")], false, true),
        (&[(Sdist, "foo"), (Wheel, ":all:")], true, false),
        (&[(Wheel, ":all:"), (Sdist, "foo")], false, true),
        (&[(Sdist, "foo,bar"), (Sdist, ":none:")], true, true),
        (&[(Sdist, ":all:,:none:,bar")], true, true),
        (&[(Sdist, "Foo")], false, true),
    ] {
        let mut rules = Rules::default();
        given.iter().for_each(|(kind, names)| rules.only(*kind, names).unwrap());
        assert_eq!((rules.allows(&foo, Wheel), rules.allows(&foo, Sdist)), (wheel, sdist), "{given:?}");
    }
    assert!(Rules::default().only(Wheel, "not a name").is_err());
}
