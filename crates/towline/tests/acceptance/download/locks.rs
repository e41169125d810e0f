//! The same set, from every way to ask for it.

use std::path::PathBuf;

use towline_faults::{Action, Rule};

use super::{Set, bodies, run, sets};
use crate::support::{Case, figure, journal_equals_log};

/// The ways, by their file names.
const FORMS: [&str; 4] = ["names", "requirements.txt", "pylock.toml", "uv.lock"];

/// Writes a set in one of the forms; `folder` is where its URLs are said to be. What is given on the command line.
fn ask(set: &Set, case: &Case, form: &str, folder: &str) -> Vec<String> {
    let url = |at: usize| case.server.url(&format!("{folder}{}", set.name(at)));
    let hash = |at: usize| format!("sha256:{}", set.content(at).sha256());
    let all = |line: &dyn Fn(usize) -> String| (0..set.len()).map(line).collect::<String>();
    let wheel = |at: usize, hashes: String| format!("[{{ url = \"{}\", {hashes} }}]", url(at));
    let text = match form {
        "names" => return set.requirements(),
        "requirements.txt" => all(&|at| format!("pkg{at}==1.{at} \\\n    --hash={}\n", hash(at))),
        "pylock.toml" => all(&|at| {
            let hashes = format!("hashes = {{ sha256 = \"{}\" }}", set.content(at).sha256());
            format!("[[packages]]\nname = \"pkg{at}\"\nversion = \"1.{at}\"\nwheels = {}\n", wheel(at, hashes))
        }),
        _ => {
            let needs = all(&|at| format!("{{ name = \"pkg{at}\" }},"));
            let root = format!(
                "[[package]]\nname = \"root\"\nversion = \"0\"\nsource = {{ virtual = \".\" }}\ndependencies = [{needs}]\n"
            );
            root + &all(&|at| {
                let hash = format!("hash = \"{}\", size = {}", hash(at), set.content(at).size());
                let registry = case.server.url("/simple");
                format!(
                    "[[package]]\nname = \"pkg{at}\"\nversion = \"1.{at}\"\nsource = {{ registry = \"{registry}\" }}\nwheels = {}\n",
                    wheel(at, hash)
                )
            })
        }
    };
    let head = match form {
        "pylock.toml" => "lock-version = \"1.0\"\ncreated-by = \"a test\"\n",
        "uv.lock" => "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n",
        _ => "",
    };
    let path = write(case, form, &format!("{head}{text}"));
    if form == "requirements.txt" { vec!["-r".to_owned(), path] } else { vec![path] }
}

fn write(case: &Case, name: &str, text: &str) -> String {
    let path: PathBuf = case.dir.path().join(name);
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_string_lossy().into_owned()
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn every_form_brings_the_same_files_through_the_same_faults() {
    for form in FORMS {
        let set = Set::new(20);
        let case = set.case(|script| sets::faults(&set, script));
        let asked = ask(&set, &case, form, "/files/");
        let mut more = strs(&asked);
        more.extend(["--stall-timeout", "100ms"]);
        let done = run(&case, &more);
        done.expect(0);
        assert_eq!(set.right(&case), set.len(), "{form}");
        assert_eq!(std::fs::read_dir(case.out()).map(Iterator::count).ok(), Some(set.len()), "{form}: nothing else");
        journal_equals_log(&case.requests(), &[&done]);
        let ratio = sets::ratio(&set, &case);
        figure(
            &format!("20 files with faults, {form}"),
            &format!("{} requests, {ratio:.4} times the bytes", bodies(&case)),
        );
        assert!(ratio <= 1.01, "{form}: {ratio}");
        // A lock says all that is needed.
        let pages = case.requests().len() - bodies(&case);
        assert_eq!(pages, if form.ends_with("lock") || form.starts_with("pylock") { 0 } else { 20 }, "{form}");
    }
}

#[test]
fn what_a_lock_no_longer_finds_is_looked_up_on_the_index() {
    for form in ["pylock.toml", "uv.lock"] {
        let set = Set::new(3);
        let case = set.case(|script| script);
        let asked = ask(&set, &case, form, "/gone/");
        let done = run(&case, &strs(&asked));
        done.expect(0);
        assert_eq!((set.right(&case), bodies(&case)), (3, 3), "{form}");
        journal_equals_log(&case.requests(), &[&done]);
    }
}

#[test]
fn what_the_index_has_under_another_digest_is_not_what_the_lock_means() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let asked = ask(&set, &case, "pylock.toml", "/gone/");
    let text = std::fs::read_to_string(&asked[0]).unwrap_or_default();
    let other = Set::new(2).content(1).sha256();
    write(&case, "pylock.toml", &text.replace(&set.content(0).sha256(), &other));
    run(&case, &strs(&asked)).expect(7);
    assert_eq!((set.right(&case), bodies(&case)), (0, 0));
}

#[test]
fn one_of_several_hashes_has_to_be_right() {
    let set = Set::new(2);
    let case = set.case(|script| script);
    let hash = |at: usize| format!("--hash=sha256:{}", set.content(at).sha256());
    let url = |at: usize| format!("pkg{at} @ {}", case.server.url(&set.path(at)));
    let wrong = format!("--hash=sha256:{}", "0".repeat(64));
    let file = write(&case, "right.txt", &format!("{} {wrong} {}\n", url(0), hash(0)));
    run(&case, &["-r", &file]).expect(0);
    assert_eq!(set.right(&case), 1);
    // Of each other, which is of no use.
    let file = write(&case, "wrong.txt", &format!("{} {wrong} {}\n", url(1), hash(0)));
    let done = run(&case, &["-r", &file]);
    done.expect(4);
    assert_eq!(std::fs::read_dir(case.out()).map(Iterator::count).ok(), Some(1), "nothing of it is there");
    let found = set.content(1).sha256();
    assert!(done.stderr.contains(&found), "{}", done.stderr);
}

#[test]
fn hash_mode_asks_for_a_hash_of_everything() {
    let set = Set::new(2);
    let case = set.case(|script| script);
    let hash = set.content(0).sha256();
    let file = write(&case, "half.txt", &format!("pkg0==1.0 --hash=sha256:{hash}\npkg1==1.1\n"));
    let done = run(&case, &["-r", &file]);
    done.expect(1);
    assert!(done.stderr.contains("half.txt:2"), "{}", done.stderr);
    assert!(case.requests().is_empty(), "refused before anything is asked");
}

#[test]
fn a_lock_of_another_python_is_refused_with_the_way_out() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let asked = ask(&set, &case, "uv.lock", "/files/");
    let done = run(&case, &[&asked[0], "--python-version", "3.8"]);
    done.expect(7);
    assert!(done.stderr.contains("uv.lock:3") && done.stderr.contains("--python-version"), "{}", done.stderr);
    assert!(case.requests().is_empty());
}

#[test]
fn what_is_no_file_is_named_and_the_rest_comes() {
    let set = Set::new(1);
    let case = set.case(|script| script.rule(Rule::on("/nothing").act(Action::Status(500))));
    let asked = ask(&set, &case, "pylock.toml", "/files/");
    let text = std::fs::read_to_string(&asked[0]).unwrap_or_default();
    write(&case, "pylock.toml", &format!("{text}[[packages]]\nname = \"here\"\ndirectory = {{ path = \".\" }}\n"));
    let done = run(&case, &strs(&asked));
    done.expect(1);
    assert_eq!(set.right(&case), 1);
    assert!(done.stderr.contains("`here` is a directory") && done.stderr.contains("--without here"), "{}", done.stderr);
    run(&case, &[&asked[0], "--without", "here"]).expect(0);
}
