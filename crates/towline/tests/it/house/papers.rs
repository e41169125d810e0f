//! What the documents say, and what the repository keeps to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::DependencyKind::{Build, Development, Normal};

use super::{crates, direct, read, root, short};

/// Words that no tracked file has, with the files that need them all the same.
const FOREIGN: [(&str, &[&str]); 8] = [
    // Where somebody's checkout happens to lie.
    ("/work/", &[]),
    ("/tmp/target", &[]),
    ("/root/", &[]),
    // Hosts are the user's to name; the README's first command fetches from the public index.
    ("pypi.org", &["README.md", "crates/towline/src/download/inputs.rs"]),
    ("files.pythonhosted.org", &["README.md", "examples/big-wheel.txt", "examples/pylock.toml"]),
    ("static.crates.io", &[]),
    ("index.crates.io", &[]),
    ("deb.debian.org", &[]),
];

/// Words about how the text came to be, which says nothing about the program. `User-Agent` is a header.
const OUTSIDE: [&str; 5] = ["agent", "agents", "chatbot", "subagent", "subagents"];

/// The files that list the words above.
const LISTS: &str = "crates/towline/tests/it/house/papers.rs";

#[test]
fn every_direct_dependency_has_its_reason_in_the_architecture() {
    let mut needed: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    for package in crates() {
        for (column, kinds) in [(0, &[Normal, Build][..]), (1, &[Development][..])] {
            for name in kinds.iter().flat_map(|kind| direct(package, *kind)) {
                let users = &mut needed.entry(name.to_owned()).or_default()[column];
                users.insert(short(&package.name).to_owned());
            }
        }
    }
    needed.retain(|name, _| !name.starts_with("towline"));

    let mut wrong = Vec::new();
    let mut stated = BTreeMap::new();
    for row in table("## Dependencies") {
        let [name, users, testers, reason] = <[String; 4]>::try_from(row).expect("four columns");
        assert!(reason.len() > 15, "{name}: `{reason}` is no reason");
        let list = |text: &str| text.split(',').map(bare).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
        let twice = stated.insert(bare(&name), [list(&users), list(&testers)]);
        assert!(twice.is_none(), "{name} stands in the table twice");
    }
    for name in needed.keys().chain(stated.keys()).collect::<BTreeSet<_>>() {
        match (needed.get(name), stated.get(name)) {
            (Some(_), None) => wrong.push(format!("{name}: no line, used by {:?}", needed[name])),
            (None, Some(_)) => wrong.push(format!("{name}: a line, but no crate depends on it")),
            (needed, stated) if needed != stated => wrong.push(format!("{name}: {stated:?} should be {needed:?}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "the table of docs/architecture.md against the manifests:\n{}", wrong.join("\n"));
}

#[test]
fn the_architecture_knows_which_crates_exist() {
    let exist: BTreeSet<_> = crates().iter().map(|package| short(&package.name).to_owned()).collect();
    let rows = table("## The crates");
    let with_state = |wanted: &str| {
        let rows = rows.iter().filter(|row| row[1] == wanted);
        rows.map(|row| bare(&row[0])).collect::<BTreeSet<_>>()
    };
    assert_eq!(with_state("exists"), exist);
    assert!(with_state("planned").is_disjoint(&exist));
    assert_eq!(with_state("exists").len() + with_state("planned").len(), rows.len(), "a crate exists or is planned");
}

#[test]
fn ci_runs_the_test_command_of_the_readme() {
    let readme = read("README.md");
    let commands: Vec<_> = readme.lines().filter(|line| line.starts_with("cargo test")).collect();
    assert_eq!(commands, ["cargo test --workspace"], "the README states one command for the tests");
    let ci = read(".ci/run");
    assert!(ci.contains("README.md"), ".ci/run reads the command from the README");
    let own = ci.lines().find(|line| line.trim_start().starts_with("cargo test"));
    assert_eq!(own, None, ".ci/run has no test command of its own");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut links = 0;
    for (path, text) in tracked().into_iter().filter(|(path, _)| path.ends_with(".md")) {
        let here = root().join(&path).parent().expect("a file is in a folder").to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            links += 1;
            let file = target.split('#').next().unwrap_or(target);
            assert!(here.join(file).exists(), "{path} links to {target}, which is not there");
        }
    }
    assert!(links > 5, "the documents link to one another");
}

#[test]
fn the_repository_speaks_of_the_project_alone() {
    let mut found = Vec::new();
    let files = tracked();
    assert!(files.len() > 50, "git lists the files");
    for (path, text) in files.iter().filter(|(path, _)| path != LISTS) {
        for (number, line) in text.lines().enumerate() {
            let mut words = FOREIGN.iter().filter(|(_, allowed)| !allowed.contains(&path.as_str()));
            if words.any(|(word, _)| line.contains(word)) || of_the_outside(line) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "not about the project:\n{}", found.join("\n"));
}

#[test]
fn a_user_agent_is_no_agent() {
    for fine in ["the User-Agent names its version", "USER_AGENT", "user agents", "reagent", "user_agent = 1"] {
        assert!(!of_the_outside(fine), "{fine}");
    }
    for foreign in ["written by an agent", "Agents:", "sub agents"] {
        assert!(of_the_outside(foreign), "{foreign}");
    }
}

/// Whether a line has one of the words of [`OUTSIDE`], other than in the header's name.
fn of_the_outside(line: &str) -> bool {
    let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let foreign = |at: usize| OUTSIDE.contains(&words[at].as_str()) && (at == 0 || words[at - 1] != "user");
    (0..words.len()).any(foreign)
}

/// The rows of the table below a heading of `docs/architecture.md`, without the two lines of its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = read("docs/architecture.md");
    let section = text.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let rows = section.filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "docs/architecture.md has a table below `{heading}`");
    rows
}

/// A name without its backticks.
fn bare(text: &str) -> String {
    text.trim().trim_matches('`').to_owned()
}

/// The text files that git knows of, as they are now.
fn tracked() -> Vec<(String, String)> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git is installed");
    assert!(listed.status.success(), "this test needs a git checkout: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let files = names.split_terminator('\0').map(str::to_owned);
    files.filter_map(|path| Some((path.clone(), std::fs::read_to_string(root().join(path)).ok()?))).collect()
}
