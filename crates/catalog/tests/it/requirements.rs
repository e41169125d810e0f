//! Requirements files against verdicts, and against what the rules say.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;
use towline_catalog::{
    Place, Target,
    requirements::{Requirements, RequirementsError, What},
};

use crate::lock::{fixtures, targets};

const ENV: &str = "cpython-3.12.1-linux-x86_64-glibc";
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn env() -> Target {
    match fixtures() {
        Some(fixtures) => targets(&fixtures).remove(ENV).unwrap(),
        None => Target::of(&"3.12".parse().unwrap(), &"manylinux_2_28_x86_64".parse().unwrap()).unwrap(),
    }
}

fn variable(name: &str) -> Option<String> {
    match name {
        "IDX_USER" => Some("u".to_owned()),
        "IDX_PASS" => Some("p".to_owned()),
        _ => None,
    }
}

/// Reads a text as if it were a file.
fn read(text: &str) -> Result<Requirements, RequirementsError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("requirements.txt");
    fs::write(&path, text).unwrap();
    let mut requirements = Requirements::default();
    requirements.read(&path, &variable)?;
    Ok(requirements)
}

#[test]
fn every_handmade_file_gets_its_verdict() {
    let Some(folder) = fixtures().map(|it| it.join("locks/handmade/requirements")) else { return };
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let rows = index["files"].as_array().unwrap();
    for row in rows {
        let (file, expect) = (row["file"].as_str().unwrap(), row["expect"].as_str().unwrap());
        let mut requirements = Requirements::default();
        let got =
            requirements.read(&folder.join(file), &variable).and_then(|()| requirements.active(&env()).map(|_| ()));
        match &got {
            Ok(()) => println!("{file:28} {expect:7} taken: {} entries", requirements.entries.len()),
            Err(error) => println!("{file:28} {expect:7} {error}"),
        }
        assert!(expect == "either" || got.is_ok() == (expect == "accept"), "{file}: {}\n{got:?}", row["why"]);
        if let Err(error) = got {
            let text = error.to_string();
            assert!(text.contains(&format!("{file}:")) && !error.why.contains('\n'), "{text}");
            continue;
        }
        let Some(parsed) = row.get("parsed").and_then(Value::as_array) else { continue };
        let ours: Vec<Value> = requirements
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Named(named) => {
                    let mut hashes: Vec<String> = entry.hashes.iter().map(ToString::to_string).collect();
                    hashes.sort();
                    Some(serde_json::json!([named.package.to_string(), named.specifiers.to_string(), hashes]))
                }
                _ => None,
            })
            .collect();
        let mut theirs = parsed.clone();
        for row in &mut theirs {
            // The oracle leaves names as they are written.
            if let Some(name) = row[0].as_str().and_then(|name| name.parse::<uv_normalize::PackageName>().ok()) {
                row[0] = Value::from(name.to_string());
            }
            if let Some(hashes) = row[2].as_array_mut() {
                hashes.sort_by_key(ToString::to_string);
            }
        }
        let named = |row: &Value| row[0].is_string() && row[1].as_str().is_some_and(|text| !text.contains("://"));
        let theirs: Vec<Value> = theirs.into_iter().filter(named).collect();
        assert!(theirs.iter().all(|row| ours.contains(row)), "{file}: {ours:?} instead of {theirs:?}");
    }
    assert_eq!(rows.len(), 38);
}

#[test]
fn real_files_are_read_whole() {
    let Some(locks) = fixtures().map(|it| it.join("locks")) else { return };
    let mut all = 0;
    for folder in ["big", "sources"] {
        for entry in fs::read_dir(locks.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.starts_with("requirements") || !name.ends_with(".txt") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let lines = |test: fn(&str) -> bool| text.lines().filter(|line| test(line)).count();
            let pins = lines(|line| {
                line.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '.') || line.starts_with("-e")
            });
            let mut requirements = Requirements::default();
            requirements.read(&path, &|_| None).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(requirements.entries.len(), pins, "{name}");
            let hashes: usize = requirements.entries.iter().map(|entry| entry.hashes.len()).sum();
            assert_eq!(hashes, text.matches("--hash=").count(), "{name}");
            println!("{folder}/{name}: {pins} requirements, {hashes} hashes");
            all += pins;
        }
    }
    assert!(all > 100, "{all}");
}

#[test]
fn lines_are_what_pip_takes_them_for() {
    let requirements =
        read("a==1 \\\n  # comment\nb == 2 ;python_version>'3' \\\n\n-i https://x/${IDX_USER}/${nope}\n").unwrap();
    let texts: Vec<&str> = requirements.entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["a==1", "b == 2 ;python_version>'3'"]);
    assert_eq!(requirements.index_url.as_deref(), Some("https://x/u/${nope}"));
    for (text, said) in [
        ("a==1\n\nb==\n", "requirements.txt:3: `b==` cannot be read"),
        ("a b\n", ":1: "),
        ("-r\n", "`-r` needs a value"),
        ("--pre=1\n", "`--pre` takes no value"),
        ("a==1 -r x\n", "`-r` needs a line of its own"),
        ("-r https://index.example/r.txt\n", "bring it first"),
        ("a --hash='sha256:\n", "not closed"),
        ("https://index.example/f/x\n", "neither a wheel nor"),
        ("b @ https://index.example/f/alpha-1.0-py3-none-any.whl\n", "is a file of `alpha`"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn files_directories_and_checkouts_are_told_apart() {
    let text = format!(
        "./wheels/alpha-1.0-py3-none-any.whl --hash=sha256:{A}\nfile:///x/beta-1.0.tar.gz#sha256={A}\n\
         https://u:p@index.example/f/gamma-1.0-py3-none-any.whl#sha256={A} ; sys_platform == 'win32'\n"
    );
    let requirements = read(&text).unwrap();
    let active = requirements.active(&env()).unwrap();
    let names: Vec<String> = active.direct.iter().map(|(_, direct)| direct.package.to_string()).collect();
    assert_eq!(names, ["alpha", "beta"]);
    let paths: Vec<bool> = active.direct.iter().map(|(_, it)| matches!(it.file.places[0], Place::Path(_))).collect();
    assert_eq!(paths, [true, true]);
    assert!(requirements.entries[2].text.contains("…@index.example"), "{}", requirements.entries[2].text);
    let built = read("-e .\ngit+https://index.example/x.git@main\nx @ git+https://index.example/x\n./\n").unwrap();
    assert!(built.entries.iter().all(|entry| matches!(entry.what, What::Built(_))), "{:?}", built.entries);
}

#[test]
fn what_is_said_of_one_package_adds_up() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("c.txt"), "alpha<2\nbeta<9\n").unwrap();
    let path = dir.path().join("r.txt");
    fs::write(&path, "Alpha>=1\nalpha!=1.5 ; python_version >= '3'\nalpha==7 ; python_version < '3'\n-c c.txt\n")
        .unwrap();
    let mut requirements = Requirements::default();
    requirements.read(&path, &variable).unwrap();
    requirements.argument("delta").unwrap();
    let active = requirements.active(&env()).unwrap();
    let asked: Vec<String> =
        active.named.iter().map(|asked| format!("{}{}", asked.package, asked.specifiers)).collect();
    assert_eq!(asked, ["alpha>=1, !=1.5, <2", "delta"]);
    assert!(!active.named[0].pinned);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_is_too_odd(text in "(?s).{0,200}", lines in prop::collection::vec("[-a-z0-9=<>!~;@:/.# \\\\'\"\\[\\]${}]{0,40}", 0..6)) {
        let _ = read(&text);
        let _ = read(&lines.join("\n"));
        let mut requirements = Requirements::default();
        let _ = requirements.argument(&text);
    }
}

/// What holds of files by their names, as `package specifiers` and as names of files.
fn all(files: &[(&str, &str)]) -> Result<(Vec<String>, Vec<String>), String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text.replace("DIR", &dir.path().display().to_string())).unwrap();
    }
    let mut requirements = Requirements::default();
    requirements.read(&dir.path().join(files[0].0), &variable).map_err(|error| error.to_string())?;
    let active = requirements.active(&env()).map_err(|error| error.to_string())?;
    let named = active.named.iter().map(|it| format!("{}{} {}", it.package, it.specifiers, it.hashes.len())).collect();
    let direct = active.direct.iter().map(|(_, it)| it.file.name.to_string()).collect();
    Ok((named, direct))
}

#[test]
fn constraints_fix_files_and_hashes() {
    let hash = format!("--hash=sha256:{A}");
    let wheel = "https://index.example/f/foo-1.0-py3-none-any.whl";
    let (named, direct) = all(&[("a.txt", "foo\n-c c.txt\n"), ("c.txt", &format!("foo @ {wheel}\n"))]).unwrap();
    assert_eq!((named.len(), direct), (0, vec!["foo-1.0-py3-none-any.whl".to_owned()]));
    let error = all(&[("a.txt", "foo>=2\n-c c.txt\n"), ("c.txt", &format!("foo @ {wheel}\n"))]).unwrap_err();
    assert!(error.contains("`foo>=2` is wanted, and `foo-1.0-py3-none-any.whl` is version 1.0"), "{error}");
    let constraint = format!("foo==1.0 {hash}\n");
    let (named, _) = all(&[("a.txt", "foo\n-c c.txt\n"), ("c.txt", &constraint)]).unwrap();
    assert_eq!(named, ["foo==1.0 1"]);
    let error = all(&[("a.txt", "foo\nbar==1\n-c c.txt\n"), ("c.txt", &constraint)]).unwrap_err();
    assert!(error.contains("`bar==1` has no hash"), "{error}");
    let other = format!("foo==1.0 --hash=sha256:{}\n", "b".repeat(64));
    let error = all(&[("a.txt", &constraint), ("b.txt", &other)]);
    assert!(error.is_ok());
    let error = all(&[("a.txt", &format!("{constraint}-c c.txt\n")), ("c.txt", &other)]).unwrap_err();
    assert!(error.contains("other hashes than before"), "{error}");
    // What a constraints file includes with -r is asked for.
    let (named, _) = all(&[("a.txt", "-c c.txt\n"), ("c.txt", "-r r.txt\n"), ("r.txt", "foo\n")]).unwrap();
    assert_eq!(named, ["foo 0"]);
}

#[test]
fn a_url_says_which_file_is_meant() {
    let text = "foo\nfoo @ https://index.example/f/foo-1.0-py3-none-any.whl\n";
    let (named, direct) = all(&[("a.txt", text)]).unwrap();
    assert_eq!((named.len(), direct.len()), (0, 1));
    assert!(all(&[("a.txt", &format!("foo>1\n{text}"))]).is_err());
}

#[test]
fn hash_mode_looks_at_what_holds() {
    let text = format!("foo==1 --hash=sha256:{A}\nbar; python_version < '3'\n");
    assert_eq!(all(&[("a.txt", &text)]).unwrap().0, ["foo==1 1"]);
}

#[test]
fn lines_are_read_as_pip_reads_them() {
    for (text, files) in [
        ("./x/foo-1.0-py3-none-any.whl; python_version < '3'\n", 0),
        ("./x/foo-1.0-py3-none-any.whl;python_version >= '3'\n", 1),
        ("file:///x/foo-1.0-py3-none-any.whl ; python_version >= '3'\n", 1),
        ("https://index.example/foo-1.0-py3-none-any.whl; python_version < '3'\n", 0),
        ("../x/foo-1.0-py3-none-any.whl[extra]\n", 1),
        ("./foo-1.0-py3-none-any.whl\r./bar-1.0-py3-none-any.whl\r", 2),
    ] {
        assert_eq!(all(&[("a.txt", text)]).unwrap().1.len(), files, "{text:?}");
    }
    let (named, _) = all(&[("a.txt", "-r file://DIR/b.txt\n"), ("b.txt", "foo\n")]).unwrap();
    assert_eq!(named, ["foo 0"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.txt");
    let utf16: Vec<u8> = [0xfeff].into_iter().chain("foo==1\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(&path, utf16).unwrap();
    let mut requirements = Requirements::default();
    requirements.read(&path, &variable).unwrap();
    assert_eq!(requirements.entries.len(), 1);
}

#[test]
fn what_costs_too_much_is_refused_with_its_line() {
    for text in [
        format!("a\nfoo; {}python_version < '3'{}\n", "(".repeat(200_000), ")".repeat(200_000)),
        format!("a\n./foo-1.0-py3-none-any.whl; {}os_name == 'x'{}\n", "(".repeat(100), ")".repeat(100)),
        format!("a\nfoo; {}\n", (0..40).map(|at| format!("extra == 'a{at}'")).collect::<Vec<_>>().join(" or ")),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(":2: ") && error.len() < 1000, "{error}");
    }
}

#[test]
fn secrets_are_in_no_message() {
    for text in [
        "--pre https://u:s3cret@h/\n",
        "foo --hash=sha256:abc https://u:s3cret@h/\n",
        "foo==1 @ https://u:s3cret@h/foo-1.0-py3-none-any.whl\n",
        "foo @ ftp://u:s3cret@h/foo-1.0-py3-none-any.whl\n",
        "foo @ https://h/foo-1.0-py3-none-any.whl?token=s3cret#sha256=zz\n",
        "https://h/foo.bar?token=s3cret\n",
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
