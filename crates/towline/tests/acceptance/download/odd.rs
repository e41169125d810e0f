//! Bad days: what does not fit, contradicts itself, or is not what it seems.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use towline_faults::{Action, File, Rule, Script};

use super::{Set, bodies, command, run};
use crate::interruptions::process::{Process, until};
use crate::support::{Case, is_content};

fn write(case: &Case, name: &str, text: &str) -> String {
    let path = case.dir.path().join(name);
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_string_lossy().into_owned()
}

/// The names in the folder, and what has no business there.
fn names(case: &Case) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(case.out()).into_iter().flatten().flatten().map(|it| it.file_name().into_string()).collect();
    names.sort();
    names.into_iter().map(|name| name.unwrap_or_default()).collect()
}

fn pylock(case: &Case, name: &str, place: &str, hashes: &str) -> String {
    write(
        case,
        name,
        &format!(
            "lock-version = \"1.0\"\ncreated-by = \"a test\"\n[[packages]]\nname = \"pkg0\"\nversion = \"1.0\"\n\
             wheels = [{{ {place}, hashes = {{ {hashes} }} }}]\n"
        ),
    )
}

#[test]
fn archives_of_two_packages_with_one_name_are_two_files() {
    let file = |path: &str, seed| File::generated(path, 10_000 + seed, seed);
    let case = Case::new(Script::new().file(file("/files/a/main.zip", 1)).file(file("/files/b/main.zip", 2)));
    let [foo, bar] = [("foo", "a"), ("bar", "b")]
        .map(|(name, folder)| format!("{name} @ {}", case.server.url(&format!("/files/{folder}/main.zip"))));
    run(&case, &[&foo, &bar]).expect(0);
    assert_eq!(names(&case), ["bar-main.zip", "foo-main.zip"]);
    let right =
        |name: &str, seed| is_content(&case.out().join(name), &towline_faults::Content::generated(10_000 + seed, seed));
    assert!(right("foo-main.zip", 1) && right("bar-main.zip", 2));
}

#[test]
fn two_archives_that_would_become_one_tree_are_refused_before_anything_is_asked() {
    let case = Set::new(1).case(|script| script);
    let [one, other] = ["ddd-1.0.tar.gz", "ddd-1.0.zip"].map(|name| write(&case, name, "x"));
    let done = run(&case, &[&one, &other, "--unpack"]);
    done.expect(1);
    assert!(done.stderr.contains("would both become"), "{}", done.stderr);
    assert!(names(&case).is_empty());
}

#[test]
fn a_list_of_hashes_counts_whoever_else_wants_the_file() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let (url, right) = (case.server.url(&set.path(0)), set.content(0).sha256());
    let lock = pylock(&case, "pylock.toml", &format!("url = \"{url}\""), &format!("sha256 = \"{right}\""));
    let wrong = format!("pkg0 @ {url} --hash=sha256:{} --hash=sha256:{}\n", "0".repeat(64), "1".repeat(64));
    let wrong = write(&case, "wrong.txt", &wrong);
    let done = run(&case, &[&lock, "-r", &wrong]);
    done.expect(1);
    assert!(done.stderr.contains("wanted twice, with different bytes"), "{}", done.stderr);
    assert!(names(&case).is_empty() && bodies(&case) == 0);
    let fits = format!("pkg0 @ {url} --hash=sha256:{} --hash=sha256:{right}\n", "0".repeat(64));
    run(&case, &[&lock, "-r", &write(&case, "right.txt", &fits)]).expect(0);
}

#[test]
fn every_digest_is_right_before_a_file_is_seen() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let (url, right) = (case.server.url(&set.path(0)), set.content(0).sha256());
    let hashes = format!("sha256 = \"{right}\", sha512 = \"{}\"", "0".repeat(128));
    let there = case.out().join(set.name(0));
    let here = case.dir.path().join(set.name(0));
    fs::create_dir_all(case.out()).expect("a folder");
    fs::write(&here, set.content(0).to_vec()).expect("a file");
    let from_network = pylock(&case, "pylock.a.toml", &format!("url = \"{url}\""), &hashes);
    let from_disk = pylock(&case, "pylock.b.toml", &format!("path = \"{}\"", set.name(0)), &hashes);
    for content in [b"precious".to_vec(), set.content(0).to_vec()] {
        fs::write(&there, &content).expect("a file");
        for lock in [&from_network, &from_disk] {
            let done = run(&case, &[lock]);
            done.expect(4);
            assert_eq!(fs::read(&there).ok(), Some(content.clone()), "{}", done.stderr);
        }
    }
    let unpack = run(&case, &[&from_network, "--unpack"]);
    unpack.expect(4);
    assert_eq!(names(&case), [set.name(0)]);
}

#[test]
fn a_login_page_is_no_index_and_the_others_come() {
    let set = Set::new(2);
    let case = set.case(|script| script.rule(Rule::on("/simple/pkg0/").act(Action::LoginPage)));
    let done = run(&case, &["pkg0", "pkg1"]);
    done.expect(3);
    assert!(done.stderr.contains("wants a login"), "{}", done.stderr);
    assert_eq!(names(&case), [set.name(1)]);
}

#[test]
fn an_index_on_this_machine_has_what_a_lock_no_longer_finds() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let shelf = case.dir.path().join("shelf");
    fs::create_dir_all(&shelf).expect("a folder");
    fs::write(shelf.join(set.name(0)), set.content(0).to_vec()).expect("a file");
    let gone = case.server.url(&format!("/gone/{}", set.name(0)));
    let hashes = format!("sha256 = \"{}\"", set.content(0).sha256());
    let lock = pylock(&case, "pylock.toml", &format!("url = \"{gone}\""), &hashes);
    let shelf = shelf.to_string_lossy().into_owned();
    // A mirror that refuses does not make a file that is gone one that may come back.
    let mirror = format!("{}=http://127.0.0.1:1/", case.server.url("/gone/"));
    for more in [&["--no-index", "--find-links", &shelf][..], &["--mirror", &mirror, "--retries", "1"]] {
        fs::remove_dir_all(case.out()).ok();
        run(&case, &[&[lock.as_str()], more].concat()).expect(0);
        assert_eq!(set.right(&case), 1, "{more:?}");
    }
    let empty = case.dir.path().join("empty");
    fs::create_dir_all(&empty).expect("a folder");
    fs::remove_dir_all(case.out()).ok();
    let empty = empty.to_string_lossy().into_owned();
    let done = run(&case, &[&lock, "--no-index", "--find-links", &empty]);
    done.expect(7);
    assert!(done.stderr.contains("no index has a file of that name and digest either"), "{}", done.stderr);
}

#[test]
fn a_wheel_that_is_named_has_to_fit_one_of_the_targets() {
    let name = "pkg-1.0-cp312-cp312-manylinux_2_28_x86_64.whl";
    let case = Case::new(Script::new().file(File::generated(format!("/files/{name}"), 1000, 1)));
    let url = case.server.url(&format!("/files/{name}"));
    let mut other = crate::support::program();
    other.args(["download", &url, "--python-version", "3.13", "--platform", "linux", "-d"]).arg(case.out());
    let done = case.finish(other);
    done.expect(7);
    assert!(done.stderr.contains("is not for CPython 3.13"), "{}", done.stderr);
    run(&case, &[&url, "--python-version", "3.13"]).expect(0);
    assert_eq!(names(&case), [name]);
}

#[test]
fn what_does_not_come_is_in_the_json_and_sums_change_no_exit_code() {
    let set = Set::new(1);
    let case = set.case(|script| script.rule(Rule::on("/simple/pkg7/").act(Action::Status(503))));
    let json = |more: &[&str]| {
        let done = run(&case, &[more, &["--format", "json", "--sums", "--retries", "0"]].concat());
        let value: Value =
            serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}\n{}", done.stderr));
        (done.code, value)
    };
    let (code, value) = json(&["pkg7"]);
    assert_eq!(code, Some(3));
    assert!(value["errors"][0].as_str().is_some_and(|text| text.contains("pkg7")), "{value}");
    let (code, value) = json(&["pkg0>=9"]);
    assert_eq!(code, Some(7));
    assert!(value["errors"][0].as_str().is_some_and(|text| text.contains("pkg0>=9")), "{value}");
    let (code, value) = json(&["pkg0"]);
    assert_eq!((code, &value["errors"]), (Some(0), &Value::Array(Vec::new())));
    let sums = case.out().join("SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap_or_default();
    fs::write(&sums, text.replace("  ", " *")).expect("a file");
    fs::write(case.out().join("mine"), "").expect("a file");
    run(&case, &["pkg0", "--sums"]).expect(0);
    assert_eq!(fs::read_to_string(&sums).unwrap_or_default(), text);
}

#[test]
fn an_interpreter_that_hangs_does_not_keep_ctrl_c_from_being_heard() {
    let case = Set::new(1).case(|script| script);
    let hang = write(&case, "python3", "#!/bin/sh\necho > \"$0.began\"\nexec sleep 3\n");
    fs::set_permissions(&hang, fs::Permissions::from_mode(0o755)).expect("a mode");
    for signal in [Signal::INT, Signal::TERM] {
        let began = case.dir.path().join("python3.began");
        fs::remove_file(&began).ok();
        let mut hanging = crate::support::program();
        hanging.args(["download", "pkg0", "--python", &hang, "--index-url", &case.server.url("/simple/"), "-d"]);
        hanging.arg(case.out()).arg("--events").arg(case.dir.path().join("hang.events"));
        let process = Process::start(&case, "hang", hanging);
        until("the interpreter runs", || began.exists());
        process.signal(signal);
        let (run, took) = process.end();
        run.expect(130);
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(run.stderr.contains("interrupted"), "{}", run.stderr);
    }
}

#[test]
fn the_command_line_goes_before_the_variable() {
    let set = Set::new(1);
    let case = set.case(|script| script);
    let mut named = command(&case);
    named.env("TOWLINE_PYTHON", "/nowhere/python").arg("pkg0");
    case.finish(named).expect(0);
    let mut alone = crate::support::program();
    alone.env("TOWLINE_PYTHON", "/nowhere/python").args(["download", "pkg0", "-d"]).arg(case.out());
    let done = case.finish(alone);
    done.expect(7);
    assert!(done.stderr.contains("/nowhere/python"), "{}", done.stderr);
}

#[test]
fn of_many_files_the_interrupted_ones_that_have_bytes_are_named() {
    let set = Set::new(40);
    let slow = Action::Pace(20_000);
    let case = set.case(|script| script.rule(Rule::on("/files/*").act(slow)));
    let mut many = command(&case);
    many.args(set.requirements());
    let process = Process::start(&case, "many", many);
    until("bytes come", || case.sent() > 0 || process.told("progress"));
    process.signal(Signal::INT);
    let (run, _) = process.end();
    run.expect(130);
    let lines: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("interrupted: nothing of")).collect();
    assert!(lines.len() <= 1, "{}", run.stderr);
}
