//! A target from what a user wrote, against interpreters that were asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
};

use proptest::prelude::*;
use serde::Deserialize;
use towline_catalog::{Platform, PythonVersion, Target};
use uv_distribution_filename::WheelFilename;

/// A file of `envs/`.
#[derive(Deserialize)]
struct Env {
    name: String,
    markers: BTreeMap<String, String>,
    tags: Vec<String>,
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
    let mut envs: Vec<Env> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    envs.sort_by(|a, b| a.name.cmp(&b.name));
    envs
}

/// What a user would write for an environment, made from its values alone.
fn written(env: &Env) -> (String, String) {
    let thread = if env.tags[0].split('-').nth(1).unwrap().ends_with('t') { "t" } else { "" };
    let implementation = if env.markers["implementation_name"] == "pypy" { "pypy" } else { "" };
    let python = format!("{implementation}{}{thread}", env.markers["python_version"]);
    let platform = env
        .tags
        .iter()
        .map(|tag| tag.rsplit('-').next().unwrap())
        .find(|platform| !platform.starts_with("linux_"))
        .unwrap();
    (python, platform.to_owned())
}

fn target(python: &str, platform: &str) -> Target {
    Target::of(&python.parse().unwrap(), &platform.parse().unwrap()).unwrap()
}

fn rank(target: &Target, tag: &str) -> Option<u32> {
    target.rank(&format!("foo-1.0-{tag}.whl").parse::<WheelFilename>().unwrap())
}

#[test]
fn same_as_interpreters() {
    let envs = envs();
    for env in &envs {
        let (python, platform) = written(env);
        let made = target(&python, &platform);
        let name = &env.name;

        let json = serde_json::to_value(made.markers()).unwrap();
        for (key, value) in &env.markers {
            let got = json[key].as_str().unwrap();
            match key.as_str() {
                "platform_release" | "platform_version" => assert_eq!(got, "", "{name}: {key}"),
                "python_full_version" | "implementation_version" => {
                    let minor = |text: &str| text.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
                    assert_eq!(minor(got), minor(value), "{name}: {key}");
                }
                _ => assert_eq!(got, value, "{name}: {key}"),
            }
        }
        assert_eq!(json.as_object().unwrap().len(), 11);

        let mut previous = None;
        for tag in &env.tags {
            let rank = rank(&made, tag);
            assert!(rank.is_some(), "{name} ({python}, {platform}): {tag} is missing");
            assert!(previous < rank, "{name} ({python}, {platform}): {tag} is not behind the one before it");
            previous = rank;
        }
        // Neither fewer nor more: the ranks are numbered without gaps.
        assert_eq!(previous.unwrap() as usize + 1, env.tags.iter().collect::<BTreeSet<_>>().len(), "{name}: more tags");
    }
    println!("{} environments have the same tags in the same order", envs.len());
}

#[test]
fn platforms() {
    for (text, tag, machine, system) in [
        ("linux", "manylinux_2_28_x86_64", "x86_64", "Linux"),
        ("macos", "macosx_13_0_arm64", "arm64", "Darwin"),
        ("windows", "win_amd64", "AMD64", "Windows"),
        ("win_amd64", "win_amd64", "AMD64", "Windows"),
        ("win32", "win32", "x86", "Windows"),
        ("win_arm64", "win_arm64", "ARM64", "Windows"),
        ("linux_x86_64", "manylinux_2_28_x86_64", "x86_64", "Linux"),
        ("linux_aarch64", "manylinux_2_28_aarch64", "aarch64", "Linux"),
        ("linux_i686", "manylinux_2_28_i686", "i686", "Linux"),
        ("manylinux_2_17_x86_64", "manylinux_2_17_x86_64", "x86_64", "Linux"),
        ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "aarch64", "Linux"),
        ("manylinux2010_x86_64", "manylinux_2_12_x86_64", "x86_64", "Linux"),
        ("manylinux1_i686", "manylinux_2_5_i686", "i686", "Linux"),
        ("manylinux_2_31_armv7l", "manylinux_2_31_armv7l", "armv7l", "Linux"),
        ("musllinux_1_2_x86_64", "musllinux_1_2_x86_64", "x86_64", "Linux"),
        ("musllinux_1_1_aarch64", "musllinux_1_1_aarch64", "aarch64", "Linux"),
        ("macosx_14_0_arm64", "macosx_14_0_arm64", "arm64", "Darwin"),
        ("macosx_10_9_x86_64", "macosx_10_9_x86_64", "x86_64", "Darwin"),
        ("x86_64-unknown-linux-gnu", "manylinux_2_28_x86_64", "x86_64", "Linux"),
        ("aarch64-unknown-linux-gnu", "manylinux_2_28_aarch64", "aarch64", "Linux"),
        ("riscv64-unknown-linux", "manylinux_2_39_riscv64", "riscv64", "Linux"),
        ("riscv64gc-unknown-linux-gnu", "manylinux_2_39_riscv64", "riscv64", "Linux"),
        ("x86_64-unknown-linux-musl", "musllinux_1_2_x86_64", "x86_64", "Linux"),
        ("aarch64-unknown-linux-musl", "musllinux_1_2_aarch64", "aarch64", "Linux"),
        ("x86_64-manylinux2014", "manylinux_2_17_x86_64", "x86_64", "Linux"),
        ("x86_64-manylinux_2_40", "manylinux_2_40_x86_64", "x86_64", "Linux"),
        ("aarch64-musllinux_1_1", "musllinux_1_1_aarch64", "aarch64", "Linux"),
        ("aarch64-apple-darwin", "macosx_13_0_arm64", "arm64", "Darwin"),
        ("arm64-apple-darwin", "macosx_13_0_arm64", "arm64", "Darwin"),
        ("x86_64-apple-darwin", "macosx_13_0_x86_64", "x86_64", "Darwin"),
        ("x86_64-pc-windows-msvc", "win_amd64", "AMD64", "Windows"),
        ("i686-pc-windows-msvc", "win32", "x86", "Windows"),
        ("aarch64-pc-windows-msvc", "win_arm64", "ARM64", "Windows"),
        (" Linux ", "manylinux_2_28_x86_64", "x86_64", "Linux"),
        ("WIN_AMD64", "win_amd64", "AMD64", "Windows"),
    ] {
        let platform: Platform = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(platform.to_string(), tag, "{text}");
        assert_eq!(tag.parse::<Platform>().as_ref(), Ok(&platform), "{tag} is the same again");
        let target = Target::of(&"3.12".parse().unwrap(), &platform).unwrap();
        assert_eq!(target.markers().platform_machine(), machine, "{text}");
        assert_eq!(target.markers().platform_system(), system, "{text}");
        assert!(rank(&target, &format!("cp312-cp312-{tag}")).is_some(), "{text}");
        assert!(rank(&target, "py3-none-any").is_some(), "{text}");
    }
}

#[test]
fn no_platforms() {
    for (text, why) in [
        ("", "no form"),
        ("solaris", "no form"),
        ("x86_64", "no form"),
        ("x86_64-", "no form"),
        ("any", "no form"),
        ("x86_64-unknown-freebsd", "no form"),
        ("sparc-apple-darwin", "processor"),
        ("i686-apple-darwin", "no form"),
        ("armv7l-pc-windows-msvc", "no form"),
        ("linux_", "processor"),
        ("linux_vax", "processor"),
        ("manylinux_2_28", "processor"),
        ("manylinux_2_28_", "processor"),
        ("manylinux_2_x_x86_64", "version"),
        ("manylinux_+2_28_x86_64", "version"),
        ("manylinux_1_28_x86_64", "glibc"),
        ("manylinux_2_65535_x86_64", "glibc"),
        ("manylinux_2_99999_x86_64", "version"),
        ("x86_64-manylinux_2", "no form"),
        ("x86_64-manylinux_2_100", "glibc"),
        ("musllinux_2_0_x86_64", "musl"),
        ("musllinux_1_65535_x86_64", "musl"),
        ("macosx_9_0_x86_64", "macOS"),
        ("macosx_10_17_x86_64", "macOS"),
        ("macosx_10_9_arm64", "macOS 10"),
        ("macosx_65535_0_arm64", "macOS"),
        ("macosx_14_0_i686", "macOS"),
        ("macosx_14_0_universal2", "several processors"),
        ("macosx_10_9_intel", "several processors"),
        ("manylinux\u{7}", "no form"),
    ] {
        let error = text.parse::<Platform>().expect_err(text).to_string();
        assert!(error.contains(why), "{text}: {error}");
        assert!(!error.contains('\u{7}'), "{error}");
    }
    assert!("x".repeat(100_000).parse::<Platform>().unwrap_err().to_string().len() < 500);
}

#[test]
fn pythons() {
    for (text, shown, full, short) in [
        ("3.12", "3.12.0", "3.12.0", "3.12"),
        ("3.12.1", "3.12.1", "3.12.1", "3.12"),
        ("312", "3.12.0", "3.12.0", "3.12"),
        ("39", "3.9.0", "3.9.0", "3.9"),
        ("3.13t", "3.13.0t", "3.13.0", "3.13"),
        ("3.14.2t", "3.14.2t", "3.14.2", "3.14"),
        ("3.15.0rc1", "3.15.0rc1", "3.15.0rc1", "3.15"),
        ("3.15b2", "3.15.0b2", "3.15.0b2", "3.15"),
        ("pypy3.9", "pypy3.9.0", "3.9.0", "3.9"),
        ("PyPy-3.11", "pypy3.11.0", "3.11.0", "3.11"),
        ("pp39", "pypy3.9.0", "3.9.0", "3.9"),
        ("cpython-3.12", "3.12.0", "3.12.0", "3.12"),
        ("cp313t", "3.13.0t", "3.13.0", "3.13"),
        ("python3.10", "3.10.0", "3.10.0", "3.10"),
        (" 3.12 ", "3.12.0", "3.12.0", "3.12"),
    ] {
        let version: PythonVersion = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(version.to_string(), shown, "{text}");
        assert_eq!(shown.parse::<PythonVersion>().as_ref(), Ok(&version), "{shown} is the same again");
        let target = Target::of(&version, &"linux".parse().unwrap()).unwrap();
        assert_eq!(target.markers().python_full_version().string, full, "{text}");
        assert_eq!(target.markers().python_version().string, short, "{text}");
    }
    for (text, why) in [
        ("", "write it as"),
        ("3", "minor version"),
        ("3.", "write it as"),
        ("t", "write it as"),
        ("2.7", "3.0 to 3.99"),
        ("4.0", "3.0 to 3.99"),
        ("3.100", "3.0 to 3.99"),
        ("3.300", "3.0 to 3.99"),
        ("3.18446744073709551616", "write it as"),
        ("3.12.1.1", "write it as"),
        ("3.12+local", "write it as"),
        ("3.12.dev1", "write it as"),
        ("3.12.post1", "write it as"),
        ("1!3.12", "write it as"),
        (">=3.12", "write it as"),
        ("3.12t", "3.13 and later"),
        ("pypy3.13t", "CPython"),
        ("graalpy3.11", "GraalPy"),
        ("v3.12", "write it as"),
    ] {
        let error = text.parse::<PythonVersion>().expect_err(text).to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn which_wheels_fit() {
    let linux = target("3.12", "manylinux_2_28_x86_64");
    let musl = target("3.12", "musllinux_1_2_x86_64");
    let threads = target("3.13t", "linux");
    let pypy = target("pypy3.11", "linux");
    for (target, tag, fits) in [
        (&linux, "cp312-cp312-manylinux_2_28_x86_64", true),
        (&linux, "cp312-cp312-manylinux_2_29_x86_64", false),
        (&linux, "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", true),
        (&linux, "cp312-cp312-manylinux_2_99_x86_64.manylinux_2_17_x86_64", true),
        (&linux, "cp312-cp312-musllinux_1_2_x86_64", false),
        (&linux, "cp312-cp312-manylinux_2_28_aarch64", false),
        (&linux, "cp39-abi3-manylinux1_x86_64", true),
        (&linux, "cp313-abi3-manylinux1_x86_64", false),
        (&linux, "cp311-cp311-manylinux_2_28_x86_64", false),
        (&linux, "cp312-cp312t-manylinux_2_28_x86_64", false),
        (&linux, "py2.py3-none-any", true),
        (&linux, "py2-none-any", false),
        (&linux, "py313-none-any", false),
        (&musl, "cp312-cp312-musllinux_1_1_x86_64", true),
        (&musl, "cp312-cp312-manylinux_2_17_x86_64", false),
        (&threads, "cp313-cp313t-manylinux_2_28_x86_64", true),
        (&threads, "cp313-cp313-manylinux_2_28_x86_64", false),
        (&threads, "cp39-abi3-manylinux_2_28_x86_64", false),
        (&pypy, "pp311-pypy311_pp73-manylinux_2_17_x86_64", true),
        (&pypy, "cp311-cp311-manylinux_2_17_x86_64", false),
        (&pypy, "pp3-none-any", true),
    ] {
        assert_eq!(rank(target, tag).is_some(), fits, "{target}: {tag}");
    }
    // Of several tags the best counts.
    assert_eq!(rank(&linux, "cp312-cp312-manylinux_2_17_x86_64.manylinux_2_28_x86_64"), {
        rank(&linux, "cp312-cp312-manylinux_2_28_x86_64")
    });
    assert!(rank(&linux, "cp312-cp312-linux_x86_64") < rank(&linux, "cp312-cp312-manylinux_2_28_x86_64"));
    assert!(rank(&linux, "cp312-none-any") < rank(&linux, "py312-none-any"));
    assert_eq!(linux.to_string(), "CPython 3.12.0 on manylinux_2_28_x86_64");
    assert_eq!(target("pypy3.9.3", "win32").to_string(), "PyPy 3.9.3 on win32");
}

/// Every combination is looked up, so what a name may hold must not multiply.
#[test]
fn a_name_of_many_tags_is_quick() {
    let linux = target("3.12", "linux");
    let pythons = vec!["py3"; 60].join(".");
    let abis = vec!["abi3"; 60].join(".");
    let platforms = vec!["any"; 60].join(".");
    let wheel: WheelFilename = format!("foo-1.0-{pythons}-{abis}-{platforms}.whl").parse().unwrap();
    let start = std::time::Instant::now();
    for _ in 0..2_000 {
        assert_eq!(linux.rank(&wheel), None);
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_text_is_judged(text in any::<String>(), tag in "[a-z0-9]{0,12}[_-]?[0-9]{0,6}_?[0-9]{0,6}_?[a-z0-9_]{0,12}") {
        for text in [text, tag] {
            if let (Ok(python), Ok(platform)) = ("3.12".parse(), text.parse::<Platform>()) {
                prop_assert!(Target::of(&python, &platform).is_ok(), "{text}");
            }
            if let (Ok(python), Ok(platform)) = (text.parse::<PythonVersion>(), "linux".parse()) {
                prop_assert!(Target::of(&python, &platform).is_ok(), "{text}");
            }
        }
    }
}
