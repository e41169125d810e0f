//! How `--unpack` is used: names, places that are taken, files of this machine, several at once.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use towline_faults::{Action, At, Etag, File, Rule, Script};

use super::archives::{Archive, big, small, small_tar};
use super::{Vouch, case, is_tree, is_unpacked, is_unpacked_once, left, listed, run, told, trees};
use crate::download;
use crate::interruptions::process::{Process, command, until};
use crate::support::{Case, Run, figure, journal_equals_log, program};

/// `towline get` of what is not at the server.
fn get(case: &Case, args: &[&str]) -> Run {
    let mut command = case.get();
    command.args(args).arg("-d").arg(case.out()).arg("--unpack");
    case.finish(command)
}

/// The archive as a file of this machine.
fn local(case: &Case, archive: &Archive) -> String {
    let path = case.dir.path().join(&archive.name);
    fs::write(&path, archive.content.to_vec()).expect("the archive can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn what_cannot_be_unpacked_by_its_name_is_a_mistake_of_usage_before_anything_is_asked() {
    let (case, _) = case(small(), Vouch::Digest, |script| script);
    let url = |name: &str| case.server.url(name);
    for name in ["/a.exe", "/a", "/a.whl.asc", "/a.tar.lz", "/a.gz", "/.whl", "/...whl", "/...tar.gz", "/", "/a.whl/"] {
        let run = get(&case, &[&url(name)]);
        assert_eq!(run.code, Some(2), "{name}\n{}", run.stderr);
    }
    for local in ["a.exe", "./a", "/etc/hostname", "/", ".."] {
        let run = get(&case, &[local]);
        assert_eq!(run.code, Some(2), "{local}\n{}", run.stderr);
    }
    let mut both = program();
    both.args(["get", &url("/a.whl"), "--unpack", "-o", "x"]);
    let run = case.finish(both);
    run.expect(2);
    assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    let same = get(&case, &[&url("/a.whl"), &url("/a.zip")]);
    same.expect(2);
    assert!(case.requests().is_empty() && listed(&case).is_empty(), "something was asked");
    let told = get(&case, &[&url("/a.exe")]);
    assert!(told.stderr.contains("a.exe") && told.stderr.contains(".tar.gz"), "{}", told.stderr);
    figure("--unpack of what is no archive by name", "15 names, -o, two of one stem: exit code 2, 0 requests");
}

/// Everything that changes when a tree is touched.
fn state(dir: &Path) -> Vec<(String, u64, i64, i64)> {
    let all = std::iter::once(String::new()).chain(trees::nodes(dir).into_keys());
    all.map(|name| {
        let found = fs::symlink_metadata(dir.join(&name)).expect("it is there");
        (name, found.ino(), found.mtime_nsec(), found.ctime_nsec())
    })
    .collect()
}

#[test]
fn a_folder_that_holds_the_same_is_left_alone_and_all_is_well() {
    for archive in [small(), small_tar()] {
        let (case, more) = case(archive, Vouch::Digest, |script| script);
        is_unpacked(&case, archive, &run(&case, archive, &more), "first");
        let place = case.out().join(archive.stem());
        let (before, asked) = (state(&place), case.requests().len());
        for run in [run(&case, archive, &more), get(&case, &[&local(&case, archive)])] {
            run.expect(0);
            assert_eq!(case.requests().len(), asked, "{}: a receipt says what stands there", archive.name);
            assert_eq!(told(&run, "unpacked")["was_there"], true, "{}", archive.name);
            assert_eq!(state(&place), before, "{}: touched", archive.name);
            assert_eq!(left(&case), Vec::<String>::new(), "{}", archive.name);
        }
    }
    figure("the same tree stands there", "exit code 0, nothing touched, 0 requests");
}

#[test]
fn a_set_that_is_unpacked_already_costs_its_pages_alone() {
    let all = [small(), small_tar()];
    let script = all.iter().fold(Script::new(), |script, archive| {
        script.file(File::new(format!("/files/{}", archive.name), archive.content.clone()).etag(Etag::None))
    });
    let case = Case::new(script);
    let asked = || case.requests().iter().filter(|entry| entry.path.starts_with("/files/")).count();
    for (turn, files) in [("first", 2), ("second", 2), ("after Python has compiled", 2), ("after a change", 3)] {
        let mut command = download::command(&case);
        command.args(["small", "sdist", "--unpack"]);
        let run = case.finish(command);
        run.expect(if turn == "after a change" { 6 } else { 0 });
        assert_eq!(asked(), files, "{turn}\n{}", run.stderr);
        let place = case.out().join(small().stem());
        let changed = place.join(small().nodes.iter().find(|(_, node)| is_file(node)).expect("a file").0);
        let bytecode = changed.with_file_name("__pycache__");
        match turn {
            "first" => assert_eq!(trees::difference(&place, &small().nodes), None),
            "second" => fs::create_dir(&bytecode).and_then(|()| fs::write(bytecode.join("a.pyc"), "")).expect("a file"),
            "after a change" => {}
            _ => {
                fs::remove_dir_all(&bytecode).expect("a folder");
                fs::write(changed, "mine").expect("a file");
            }
        }
    }
    figure("a set that is unpacked already", "0 requests for files");
}

#[test]
fn an_empty_folder_is_filled_and_a_missing_one_is_made_with_its_parents() {
    let archive = small_tar();
    let (case, more) = case(archive, Vouch::Digest, |script| script);
    fs::create_dir_all(case.out().join(archive.stem())).expect("a folder");
    is_unpacked(&case, archive, &run(&case, archive, &more), "empty folder");
    let deep = case.out().join("a/b/c");
    let mut command = case.get();
    command.arg(case.server.url(&archive.path())).arg("--unpack").arg("-d").arg(&deep);
    case.finish(command).expect(0);
    assert_eq!(trees::difference(&deep.join(archive.stem()), &archive.nodes), None);
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone_and_an_error() {
    type Change = fn(&Path);
    let ways: [(&str, Change); 5] = [
        ("one file more", |dir| fs::write(dir.join("more"), "x").expect("a file")),
        ("an empty folder more", |dir| fs::create_dir(dir.join("more")).expect("a folder")),
        ("one file less", |dir| fs::remove_file(first(dir)).expect("a file")),
        ("another byte", |dir| {
            let mut content = fs::read(first(dir)).expect("a file");
            content[0] ^= 1;
            fs::write(first(dir), content).expect("a file");
        }),
        ("something else entirely", |dir| {
            fs::remove_dir_all(dir).expect("a folder");
            fs::create_dir(dir).and_then(|()| fs::write(dir.join("mine"), "mine")).expect("a file");
        }),
    ];
    let archive = small();
    for (what, change) in ways {
        let (case, more) = case(archive, Vouch::Digest, |script| script);
        is_unpacked(&case, archive, &run(&case, archive, &more), what);
        let place = case.out().join(archive.stem());
        change(&place);
        let before = state(&place);
        for run in [run(&case, archive, &more), get(&case, &[&local(&case, archive)])] {
            assert_eq!(run.code, Some(6), "{what}\n{}", run.stderr);
            assert!(run.stderr.contains(&*place.to_string_lossy()), "{what}\n{}", run.stderr);
            assert_eq!(state(&place), before, "{what}: touched");
            assert_eq!(listed(&case), [archive.stem()], "{what}");
            assert_eq!(super::staged(&case), 0, "{what}");
        }
        // The bytes are right, and wait for another place.
        let (sent, other) = (case.sent(), case.dir.path().join("other"));
        let mut elsewhere = case.get();
        elsewhere.arg(case.server.url(&archive.path())).arg("-d").arg(&other).args(&more);
        case.finish(elsewhere).expect(0);
        assert_eq!(trees::difference(&other.join(archive.stem()), &archive.nodes), None, "{what}");
        assert_eq!(case.sent(), sent, "{what}: brought again");
    }
    figure("another tree stands there", "five ways: exit code 6, named, nothing touched");
}

const fn is_file(node: &trees::Node) -> bool {
    matches!(node, trees::Node::File { .. })
}

/// The first file of a tree.
fn first(dir: &Path) -> std::path::PathBuf {
    let nodes = trees::nodes(dir);
    let found = nodes.iter().find(|(_, node)| is_file(node));
    dir.join(found.expect("a file").0)
}

#[test]
fn a_file_at_the_place_is_an_error_before_anything_is_asked() {
    let archive = small();
    let (case, more) = case(archive, Vouch::Digest, |script| script);
    fs::create_dir(case.out()).expect("a folder");
    let place = case.out().join(archive.stem());
    let dangling = |place: &Path| std::os::unix::fs::symlink("nowhere", place).expect("a link");
    let file = |place: &Path| fs::write(place, "mine").expect("a file");
    for make in [file as fn(&Path), dangling] {
        make(&place);
        for run in [run(&case, archive, &more), get(&case, &[&local(&case, archive)])] {
            run.expect(6);
            assert!(run.stderr.contains(&*place.to_string_lossy()), "{}", run.stderr);
        }
        let now = fs::symlink_metadata(&place).expect("it is there");
        assert!(now.is_symlink() || fs::read(&place).is_ok_and(|text| text == b"mine"), "touched");
        fs::remove_file(&place).expect("it can be removed");
    }
    assert!(case.requests().is_empty(), "brought what cannot be put there");
    figure("a file stands there", "exit code 6, named, 0 requests");
}

#[test]
fn several_archives_come_at_once_and_one_that_fails_does_not_stop_the_others() {
    let (one, two) = (small(), small_tar());
    let script = [one, two]
        .iter()
        .fold(Script::new(), |script, archive| script.file(File::new(archive.path(), archive.content.clone())));
    let case = Case::new(script.rule(Rule::on("/*").nth(1).act(Action::RstAt(At::Fraction(0.5)))));
    let run = case.run(&[&one.path(), "/missing.whl", &two.path()], &["--unpack"]);
    run.expect(7);
    assert_eq!(listed(&case), [two.stem(), one.stem()]);
    for archive in [one, two] {
        assert_eq!(trees::difference(&case.out().join(archive.stem()), &archive.nodes), None, "{}", archive.name);
    }
    journal_equals_log(&case.requests(), &[&run]);
    figure("several archives", "two trees and one 404: exit code 7, both trees right");
}

#[test]
fn a_local_file_is_unpacked_by_path_and_by_url() {
    for archive in [small(), small_tar()] {
        let case = Case::new(Script::new());
        let path = local(&case, archive);
        let digest = archive.content.sha256();
        let mut relative = case.get();
        relative.current_dir(case.dir.path()).arg(format!("./{}", archive.name)).args(["--unpack", "-d", "out"]);
        relative.args(["--sha256", &digest]);
        let ways = [
            get(&case, &[&path]),
            get(&case, &[&format!("file://{path}")]),
            get(&case, &[&format!("file://{path}#sha256={digest}")]),
        ];
        for (at, run) in ways.iter().chain([&case.finish(relative)]).enumerate() {
            run.expect(0);
            is_tree(&case, archive, &format!("{} {at}", archive.name));
            assert_eq!(told(run, "unpacked")["was_there"], at > 0, "{} {at}", archive.name);
            assert!(Path::new(&path).exists(), "the archive is gone");
        }
    }
}

#[test]
fn a_local_file_that_is_missing_wrong_or_damaged_is_told_as_that() {
    let archive = small();
    let case = Case::new(Script::new());
    let path = local(&case, archive);
    for missing in ["/nowhere/a.whl", "./a.whl", "file:///nowhere/a.tar.gz"] {
        let run = get(&case, &[missing]);
        assert_eq!(run.code, Some(1), "{missing}\n{}", run.stderr);
    }
    get(&case, &[&path, "--sha256", &"0".repeat(64)]).expect(4);
    let mut bytes = archive.content.to_vec();
    let half = bytes.len() / 2;
    bytes[half] ^= 1;
    fs::write(&path, &bytes).expect("the archive can be damaged");
    let run = get(&case, &[&path]);
    run.expect(5);
    assert!(run.stderr.contains("at byte "), "{}", run.stderr);
    // A digest that differs comes before an archive that is damaged.
    get(&case, &[&path, "--sha256", &archive.content.sha256()]).expect(4);
    bytes.truncate(half);
    fs::write(&path, &bytes).expect("the archive can be cut");
    get(&case, &[&path]).expect(5);
    let folder = case.dir.path().join("folder.whl");
    fs::create_dir(&folder).expect("a folder");
    let run = get(&case, &[&folder.to_string_lossy()]);
    assert!(matches!(run.code, Some(1 | 6)), "{:?}\n{}", run.code, run.stderr);
    assert_eq!((listed(&case), left(&case)), (vec![], vec![]));
    figure("a local file", "missing: exit code 1, wrong: 4, damaged or cut: 5, nothing left");
}

#[test]
fn a_source_distribution_keeps_its_top_folder() {
    let archive = small_tar();
    let (case, more) = case(archive, Vouch::StrongETag, |script| script);
    is_unpacked_once(&case, archive, &run(&case, archive, &more), "sdist");
    assert!(case.out().join("sdist-1.0/sdist-1.0").is_dir());
}

/// The first answer goes silent at half, so that the second process can gather.
fn gathering(archive: &'static Archive) -> (Case, Vec<String>) {
    case(archive, Vouch::Digest, |script| {
        script.rule(Rule::on(archive.path()).nth(1).act(Action::stall_at(At::Byte(archive.size() / 2))))
    })
}

fn into(case: &Case, archive: &Archive, name: &str, more: &[String]) -> Process {
    let mut command: Command = command(case, name);
    command.arg(case.server.url(&archive.path())).arg("-d").arg(case.dir.path().join(name)).args(more);
    Process::start(case, name, command)
}

/// A leader that has half of the archive, and a follower.
fn pair(case: &Case, archive: &Archive, more: &[String]) -> [Process; 2] {
    let leader = into(case, archive, "one", more);
    let held = || case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
    until("half is there", || held() == archive.size() / 2);
    let follower = into(case, archive, "two", more);
    until("the second process follows", || follower.told("following"));
    [leader, follower]
}

#[test]
fn two_processes_for_one_url_into_two_folders_are_one_download_and_two_trees() {
    let archive = big();
    let (case, more) = gathering(archive);
    let processes = pair(&case, archive, &more);
    case.server.outage(Duration::from_millis(1));
    let runs = processes.map(|process| process.end().0);
    for (run, folder) in runs.iter().zip(["one", "two"]) {
        run.expect(0);
        let place = case.dir.path().join(folder).join(archive.stem());
        assert_eq!(trees::difference(&place, &archive.nodes), None, "{folder}");
    }
    assert_eq!(case.sent(), archive.size(), "brought twice");
    journal_equals_log(&case.requests(), &[&runs[0], &runs[1]]);
    assert_eq!(left(&case), Vec::<String>::new());
    figure("two processes, two folders", "one download, two trees");
}

#[test]
fn the_first_of_two_processes_killed_the_second_takes_over_and_unpacks() {
    let archive = big();
    let (case, more) = gathering(archive);
    let [leader, follower] = pair(&case, archive, &more);
    leader.kill();
    let run = follower.end().0;
    run.expect(0);
    let place = case.dir.path().join("two").join(archive.stem());
    assert_eq!(trees::difference(&place, &archive.nodes), None);
    assert!(!case.dir.path().join("one").join(archive.stem()).exists(), "a tree that nobody made");
    assert_eq!((case.requests().len(), case.sent()), (2, archive.size()), "a byte came twice");
    // What the killed one had staged is removed by whoever comes next.
    into(&case, archive, "three", &more).end().0.expect(0);
    assert_eq!(left(&case), Vec::<String>::new());
    figure("leader killed", "the follower took over at half: 1.0000 times the bytes, tree right");
}
