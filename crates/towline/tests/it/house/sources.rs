//! What the code itself must look like.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{crates, read, root, toml};

/// Lines of code a file may have.
const FILE_LIMIT: usize = 400;
/// Lines of code half of the files stay below.
const MEDIAN_LIMIT: usize = 200;

/// Every pause of the two libraries; whoever has one can write a retry loop.
const PAUSES: [&str; 7] = [
    "std::thread::sleep",
    "tokio::time::interval",
    "tokio::time::interval_at",
    "tokio::time::sleep",
    "tokio::time::sleep_until",
    "tokio::time::timeout",
    "tokio::time::timeout_at",
];

/// Who may pause: the loop, the clock, and the server that misbehaves.
const MAY_PAUSE: [&str; 3] = ["crates/client/src/drive.rs", "crates/client/src/clock.rs", "crates/faults/src/"];

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    let workspace = toml("Cargo.toml");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for package in crates() {
        let manifest = toml(&relative(package.manifest_path.as_std_path()));
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{} has the lints of the workspace", package.name);
    }
}

#[test]
fn pauses_are_banned_and_only_three_places_lift_the_ban() {
    let clippy = toml("clippy.toml");
    let rows = clippy["disallowed-methods"].as_array().expect("a list");
    let banned: BTreeSet<_> = rows.iter().filter_map(|row| row["path"].as_str()).collect();
    assert_eq!(PAUSES.into_iter().filter(|pause| !banned.contains(pause)).collect::<Vec<_>>(), Vec::<&str>::new());

    let lifting = sources().into_iter().filter(|(_, text)| text.contains("disallowed_methods"));
    let strange: Vec<_> =
        lifting.map(|(path, _)| path).filter(|path| !MAY_PAUSE.iter().any(|place| path.starts_with(place))).collect();
    assert!(strange.is_empty(), "a pause outside of the loop, the clock and the fault server: {strange:?}");
}

#[test]
fn functions_and_files_stay_small() {
    assert_eq!(toml("clippy.toml")["too-many-lines-threshold"].as_integer(), Some(80));
    let mut sizes: Vec<_> = sources().into_iter().map(|(path, text)| (code_lines(&text), path)).collect();
    sizes.sort();
    let (median, largest) = (sizes[sizes.len() / 2].0, &sizes[sizes.len() - 1]);
    println!("{} files, {} lines of code, median {median}, largest {largest:?}", sizes.len(), total(&sizes));
    let big: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > FILE_LIMIT).collect();
    assert!(big.is_empty(), "more than {FILE_LIMIT} lines of code, so more than one responsibility: {big:?}");
    assert!(median <= MEDIAN_LIMIT, "half of the files have {median} lines of code or more");
}

#[test]
fn no_module_is_a_drawer() {
    let drawers = ["common", "helpers", "misc", "types", "util", "utils"];
    for (path, _) in sources() {
        let mut parts = Path::new(&path).with_extension("");
        parts = parts.strip_prefix("crates").expect("sources live in `crates/`").to_owned();
        let drawer = parts.iter().find(|part| drawers.iter().any(|name| part.to_str() == Some(name)));
        assert!(drawer.is_none(), "{path} says where code was put, not what it does");
    }
}

#[test]
fn no_type_of_reqwest_is_in_a_public_signature() {
    let mut seen = 0;
    for (path, text) in sources() {
        let names = imported_from_reqwest(&text);
        seen += names.len();
        for signature in public_signatures(&text) {
            let words: BTreeSet<_> = signature.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let leaked: Vec<_> = words.iter().filter(|word| **word == "reqwest" || names.contains(**word)).collect();
            assert!(leaked.is_empty(), "{path}: {leaked:?} in `{signature}`");
        }
    }
    assert!(seen > 0, "the client imports from reqwest, so finding nothing means that this test is blind");
}

#[test]
fn the_counters_of_this_file_count() {
    assert_eq!(code_lines("//! a\n\n/* b\n c */\nfn d() {\n    // e\n    f(); // g\n}\n"), 3);
    let text = "use reqwest::{Response, header::{HeaderMap as Map}};\npub(crate) fn a(b: Response) {}\n\
                pub fn c(\n    d: Map,\n) -> u8 {\n    1\n}\n    pub e: u8,\n";
    let names = imported_from_reqwest(text);
    assert!(names.contains("Response") && names.contains("Map"), "{names:?}");
    assert_eq!(public_signatures(text), ["pub fn c(\n    d: Map,\n) -> u8 ", "pub e: u8,\n"]);
}

/// Every source file of the crates (not of their tests): its path from the root, and its text.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> =
        crates().iter().map(|package| package.manifest_path.with_file_name("src").into_std_path_buf()).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a crate has sources") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let path = relative(&path);
                let text = read(&path);
                files.push((path, text));
            }
        }
    }
    files
}

/// A path from the workspace's folder.
fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("crates live in the workspace").to_str().expect("names are ASCII").to_owned()
}

/// Lines that are neither blank nor comment.
fn code_lines(text: &str) -> usize {
    let mut inside = false;
    let code = text.lines().map(str::trim).filter(|line| {
        let comment = inside || line.starts_with("//") || line.starts_with("/*");
        inside = (inside || line.starts_with("/*")) && !line.contains("*/");
        !line.is_empty() && !comment
    });
    code.count()
}

fn total(sizes: &[(usize, String)]) -> usize {
    sizes.iter().map(|(lines, _)| lines).sum()
}

/// The names that a file has from reqwest by `use`.
fn imported_from_reqwest(text: &str) -> BTreeSet<String> {
    let imports = text.split("use reqwest::").skip(1).filter_map(|rest| rest.split(';').next());
    let words = imports.flat_map(|import| import.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

/// What the file offers to everybody: from `pub ` to the body, the end of the item, or (a field) of the line.
fn public_signatures(text: &str) -> Vec<&str> {
    let starts = text.match_indices("pub ").map(|(at, _)| at);
    let starts = starts.filter(|at| text[..*at].rsplit('\n').next().unwrap_or_default().trim().is_empty());
    let item = |at: usize| {
        let rest = &text[at..];
        let first = rest.split_inclusive('\n').next().unwrap_or(rest);
        let field = first.trim_end().ends_with(',');
        if field { first } else { rest.split(['{', ';']).next().unwrap_or(rest) }
    };
    starts.map(item).collect()
}
