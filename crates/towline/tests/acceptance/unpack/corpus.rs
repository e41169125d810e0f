//! The wheels, source distributions and interpreters of the corpus beside the repository, through the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use towline_faults::{Action, At, Content, File, Rule, Script};

use super::trees::{Node, nodes};
use super::{listed, staged};
use crate::support::{Case, Run, figure, full};

/// A file and its verdict.
struct Row {
    path: PathBuf,
    name: String,
    expect: String,
    contents: Option<BTreeMap<String, String>>,
}

/// What is there of `generated`; a test machine has to have it.
fn rows() -> Vec<Row> {
    let fixtures = std::env::var_os("TOWLINE_FIXTURES")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures")), PathBuf::from);
    let folder = fixtures.join("archives/generated");
    let Ok(index) = fs::read(folder.join("index.json")) else {
        let why =
            format!("no corpus at {}: set TOWLINE_FIXTURES to the folder that `archives` is in", folder.display());
        let must = ["CI", "TOWLINE_CI"].iter().any(|name| std::env::var_os(name).is_some());
        assert!(!must, "{why}");
        println!("SKIPPED the corpus through the program: {why}");
        return Vec::new();
    };
    let index: Value = serde_json::from_slice(&index).expect("an index in JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |file: &Value| Row {
        path: folder.join(text(&file["file"])),
        name: text(&file["file"]),
        expect: text(&file["expect"]),
        contents: file["contents"]
            .as_object()
            .map(|contents| contents.iter().map(|(name, what)| (name.clone(), text(what))).collect()),
    };
    let rows: Vec<Row> = index["files"].as_array().expect("files").iter().map(row).collect();
    assert!(rows.len() > 100, "the corpus is not whole");
    rows
}

/// Files and links of a tree, as the index has them.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let content = |(name, node): (String, Node)| match node {
        Node::Folder => None,
        Node::File { sha256, .. } => Some((name, hex(&sha256))),
        Node::Link(to) => Some((name, format!("symlink:{to}"))),
    };
    nodes(dir).into_iter().filter_map(content).collect()
}

/// Members that the index leaves out although, by its own words, they may be there.
const UNLISTED: [(&str, &str); 5] = [
    ("hard_inside-1.0.tar.gz", "hard_inside-1.0/again.py"),
    ("t_case-1.0.tar.gz", "t_case-1.0/X.py"),
    ("t_case-1.0.tar.gz", "t_case-1.0/x.py"),
    ("t_sym_loop-1.0.tar.gz", "t_sym_loop-1.0/loop"),
    ("t_twotop-1.0.tar.gz", "other-1.0/x.py"),
];

/// Holds a run against the verdict. Gives the exit code.
#[track_caller]
fn judge(row: &Row, run: &Run, case: &Case) -> i32 {
    let (what, code) = (&row.name, run.code.unwrap_or(-1));
    let allowed: &[i32] = match row.expect.as_str() {
        "accept" => &[0],
        "reject" => &[5],
        _ => &[0, 5],
    };
    assert!(allowed.contains(&code), "{what}: {} and exit code {code}\n{}", row.expect, run.stderr);
    assert_eq!(staged(case), 0, "{what}: left in staging");
    if code == 5 {
        assert_eq!(listed(case), Vec::<String>::new(), "{what}: in the destination");
        assert!(run.stderr.contains(" is refused: "), "{what}\n{}", run.stderr);
        return code;
    }
    let place = listed(case);
    assert_eq!(place.len(), 1, "{what}: {place:?}");
    if let Some(wanted) = &row.contents {
        let mut found = contents(&case.out().join(&place[0]));
        UNLISTED.iter().filter(|(file, _)| file == what).for_each(|(_, name)| drop(found.remove(*name)));
        // Directories are `{}` and named with a slash; of the others the leading `./` does not matter.
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(name, what)| (normal(name), what.clone())).collect();
        assert_eq!(found, wanted, "{what}: other contents");
    }
    code
}

fn normal(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

/// Nothing may appear beside the case's own files.
fn outside(case: &Case) -> BTreeSet<String> {
    let entries = fs::read_dir(case.dir.path()).expect("the case's folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn each_archive_of_the_corpus_ends_with_the_exit_code_of_its_verdict() {
    let mut codes: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for row in rows() {
        let case = Case::new(Script::new());
        let mut command = case.get();
        command.arg(&row.path).arg("-d").arg(case.out()).arg("--unpack");
        let run = case.finish(command);
        let code = judge(&row, &run, &case);
        let known = ["cache", "events.ndjson", "out"].map(str::to_owned).into();
        assert!(outside(&case).is_subset(&known), "{}: {:?}", row.name, outside(&case));
        *codes.entry((row.expect, code)).or_default() += 1;
    }
    for ((expect, code), count) in codes {
        figure("corpus, as local files", &format!("{expect}: {count} files with exit code {code}"));
    }
}

#[test]
fn archives_of_the_corpus_come_over_a_link_that_breaks_and_have_the_same_verdicts() {
    let mut codes: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for (at, row) in rows().iter().enumerate() {
        if !full() && at % 3 != 0 {
            continue;
        }
        let bytes = fs::read(&row.path).expect("a file of the corpus");
        let (content, path) = (Content::bytes(bytes), format!("/{}", row.name));
        let half = content.size() / 2;
        let cut = Rule::any().nth(1).act(Action::RstAt(At::Byte(half)));
        let case = Case::new(Script::new().file(File::new(path.clone(), content.clone())).rule(cut));
        let run = case.run(&[&path], &["--unpack", "--sha256", &content.sha256()]);
        let code = judge(row, &run, &case);
        if half > 0 {
            assert_eq!(case.sent(), content.size(), "{}: not resumed", row.name);
        }
        *codes.entry((row.expect.clone(), code)).or_default() += 1;
    }
    for ((expect, code), count) in codes {
        figure("corpus, cut at half", &format!("{expect}: {count} files with exit code {code}"));
    }
}
