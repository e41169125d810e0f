//! Stories of defects that were found and mended.

use std::fs::OpenOptions;
use std::process::Command;

use rustix::process::Signal;
use towline_faults::{Action, At, Content, Etag, File, Rule, Script};

use crate::interruptions::process::{Process, until};
use crate::support::{Case, figure, is_content, program};

/// A whole answer without a validator replaced the word of the first one; the sidecar kept that, and the next run joined
/// its bytes to those of the other file.
#[test]
fn a_validator_that_no_longer_holds_is_not_kept_for_the_next_run() {
    let old = Content::generated(300_000, 1).to_vec();
    let mut new = Content::generated(300_000, 2).to_vec();
    new[..100_000].copy_from_slice(&old[..100_000]);
    let to = |place: &str| Action::Redirect(place.to_owned());
    let case = Case::new(
        Script::new()
            .file(File::bytes("/old.whl", old.clone()).etag(Etag::Strong("A".to_owned())))
            .file(File::bytes("/new.whl", new).etag(Etag::None).last_modified(None))
            .rule(Rule::on("/old.whl").nth(1).act(Action::RstAt(At::Byte(100_000))))
            .rule(Rule::on("/new.whl").act(Action::stall_at(At::Byte(200_000))))
            .rule(Rule::on("/a.whl").nth(2).act(to("/new.whl")))
            .rule(Rule::on("/a.whl").act(to("/old.whl"))),
    );
    let partial = || case.partials().first().and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
    let process = Process::get(&case, "process", "a.whl", &[]);
    until("bytes of the other file were appended", || partial() == 200_000);
    process.signal(Signal::INT);
    process.end();
    let run = case.run(&["/a.whl"], &[]);
    run.expect(0);
    assert!(is_content(&case.out().join("a.whl"), &Content::bytes(old)), "a mixture\n{}", run.stderr);
    figure("a validator that no longer holds", "is forgotten before other bytes are appended");
}

fn full_device() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has /dev/full")
}

#[test]
fn a_full_standard_output_is_an_error_and_costs_no_byte() {
    let case = Case::new(Script::new().file(File::generated("/a.whl", 700, 1)));
    let mut command = case.get();
    command.arg(case.server.url("/a.whl")).args(["-o", "-"]).stdout(full_device());
    case.finish_as_is(command).expect(6);
    let sent = case.sent();
    let run = case.run(&["/a.whl"], &[]);
    run.expect(0);
    assert!(is_content(&case.out().join("a.whl"), &Content::generated(700, 1)));
    assert_eq!(
        case.requests().last().and_then(|entry| entry.status),
        Some(416),
        "only asked whether that is still the file"
    );
    figure("full standard output", &format!("exit code 6; {sent} bytes came once"));
}

#[test]
fn a_full_standard_error_does_not_end_a_download() {
    let rules = Script::new().rule(Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5))));
    let case = Case::new(rules.file(File::generated("/a.whl", 70_000, 1)));
    let mut command = case.get();
    command.arg(case.server.url("/a.whl")).arg("-d").arg(case.out()).stderr(full_device());
    case.finish_as_is(command).expect(0);
    assert!(is_content(&case.out().join("a.whl"), &Content::generated(70_000, 1)));
    figure("full standard error", "exit code 0, right bytes");
}

#[test]
fn a_hundred_files_come_with_few_open_files() {
    let names: Vec<String> = (0..100).map(|at| format!("/{at}.whl")).collect();
    let script = names.iter().fold(Script::new(), |script, name| script.file(File::generated(name, 3000, 7)));
    let case = Case::new(script);
    let urls: Vec<String> = names
        .iter()
        .map(|name| format!("{}#sha256={}", case.server.url(name), Content::generated(3000, 7).sha256()))
        .collect();
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -n 64; exec "$@""#, "sh"]).arg(program().get_program());
    command.arg("get").args(urls).arg("-d").arg(case.out()).arg("--cache-dir").arg(case.dir.path().join("cache"));
    command.args(["--concurrency", "4"]);
    case.finish(command).expect(0);
    assert_eq!(std::fs::read_dir(case.out()).expect("the folder").count(), names.len());
    figure("a hundred files", "64 open files are enough, four at a time");
}
