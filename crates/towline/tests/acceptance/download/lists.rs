//! What would come, what came, and where else it may be.

use serde_json::Value;
use towline_faults::{Action, Rule};

use super::{Set, bodies, run};
use crate::support::{Case, Run, journal_equals_log};

fn json(run: &Run) -> Value {
    serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{}", run.stderr))
}

#[test]
fn a_dry_run_lists_sizes_and_brings_nothing() {
    let set = Set::new(3);
    let case = set.case(|script| script);
    let requirements = set.requirements();
    let mut more: Vec<&str> = requirements.iter().map(String::as_str).collect();
    more.push("--dry-run");
    let done = run(&case, &more);
    done.expect(0);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with(&format!("{}   3.0 MB\n", set.name(0))), "{text}");
    assert!(text.ends_with("3 files, 3.6 MB\n"), "{text}");
    assert_eq!(bodies(&case), 0);
    assert!(!case.out().exists());
    more.extend(["--format", "json"]);
    let listed = json(&run(&case, &more));
    assert_eq!(listed["files"][1]["name"], set.name(1));
    assert_eq!(listed["files"][1]["state"], "wanted");
    assert_eq!(listed["files"][1]["hashes"]["sha256"], Value::from(set.content(1).sha256()));
}

#[test]
fn json_says_what_became_of_each_file() {
    let set = Set::new(3);
    let case = set.case(|script| script.rule(Rule::on(set.path(2)).act(Action::Status(404))));
    run(&case, &["pkg0"]).expect(0);
    let done = run(&case, &["pkg0", "pkg1", "pkg2", "--format", "json"]);
    done.expect(7);
    let listed = json(&done);
    let states: Vec<&str> = (0..3).filter_map(|at| listed["files"][at]["state"].as_str()).collect();
    assert_eq!(states, ["was-there", "came", "failed"]);
    assert!(listed["files"][2]["error"].as_str().is_some_and(|error| error.contains("404")), "{listed}");
}

#[test]
fn sums_are_those_of_the_files_that_are_there() {
    let set = Set::new(3);
    let case = set.case(|script| script);
    run(&case, &["pkg0", "pkg1", "--sums"]).expect(0);
    run(&case, &["pkg2", "--sums"]).expect(0);
    let text = std::fs::read_to_string(case.out().join("SHA256SUMS")).unwrap_or_default();
    let expected: String = (0..3).map(|at| format!("{}  {}\n", set.content(at).sha256(), set.name(at))).collect();
    assert_eq!(text, expected);
    assert_eq!(std::fs::read_dir(case.out()).map(Iterator::count).ok(), Some(4), "nothing else is there");
}

#[test]
fn a_mirror_is_asked_first_and_the_given_url_stays() {
    let set = Set::new(1);
    let mirror = set.case(|script| script);
    let broken = set.case(|script| script.rule(Rule::on(set.path(0)).act(Action::Status(404))));
    let origin = set.case(|script| script);
    let from = |other: &Case| format!("{}={}", origin.server.url("/files/"), other.server.url("/files/"));
    run(&origin, &["pkg0", "--mirror", &from(&mirror)]).expect(0);
    assert_eq!((bodies(&mirror), bodies(&origin), set.right(&origin)), (1, 0, 1));
    std::fs::remove_dir_all(origin.out()).ok();
    let done = run(&origin, &["pkg0", "--mirror", &from(&broken)]);
    done.expect(0);
    assert_eq!((bodies(&broken), bodies(&origin), set.right(&origin)), (1, 1, 1));
    let all: Vec<_> = broken.requests().into_iter().chain(origin.requests().into_iter().skip(1)).collect();
    journal_equals_log(&all, &[&done]);
}

#[test]
fn each_file_comes_once_for_all_versions_and_platforms() {
    let set = Set::new(2);
    let case = set.case(|script| script);
    run(&case, &["pkg0", "pkg1", "--python-version", "3.13", "--platform", "macos", "--platform", "windows"]).expect(0);
    let pages = case.requests().len() - bodies(&case);
    assert_eq!((pages, bodies(&case), set.right(&case)), (2, 2, 2));
}

#[test]
fn a_directory_serves_as_the_network_does() {
    let set = Set::new(2);
    let case = set.case(|script| script);
    run(&case, &["pkg0", "pkg1"]).expect(0);
    let asked = case.requests().len();
    let out = case.out();
    let shelf = case.dir.path().join("shelf");
    std::fs::rename(&out, &shelf).ok();
    let shelf = shelf.to_string_lossy().into_owned();
    let done = run(&case, &["pkg0", "pkg1==1.1", "--no-index", "--find-links", &shelf]);
    done.expect(0);
    assert_eq!((case.requests().len(), set.right(&case)), (asked, 2));
    run(&case, &["pkg7", "--no-index", "--find-links", &shelf]).expect(7);
}
