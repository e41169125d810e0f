//! Rows 35, 42 and 48: what the local disk does.

use std::process::Stdio;

use towline_faults::Script;

use super::story::{FILE, Story, until};
use crate::support::{Run, figure, journal_equals_log};

#[test]
fn row_35_files_whose_bytes_a_power_loss_took_are_found_out_and_healed() {
    // What is left: an empty partial file, one of zeros, an empty note beside it, an empty file at the destination.
    for loss in ["empty", "zeros", "sidecar", "destination"] {
        let story = Story::open("resume-404");
        let first = story.get_known(&[]);
        story.tells(&first, 7, &["whole 200", "300000- 404"]);
        let partial = story.partial();
        match loss {
            "empty" => std::fs::write(&partial, b""),
            "zeros" => std::fs::write(&partial, vec![0; 300_000]),
            "sidecar" => {
                let beside = partial.with_extension("json");
                std::fs::write(&beside, b"").and_then(|()| {
                    // What cannot be read may be a later version's, at work just now; so it counts for two minutes.
                    let before = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
                    std::fs::File::options().write(true).open(&beside)?.set_modified(before)
                })
            }
            _ => std::fs::create_dir_all(story.case.out()).and_then(|()| std::fs::write(story.out(), b"")),
        }
        .expect("the loss can be made");
        story.case.server.set_script(Script::new());
        let second = story.get_known(&[]);
        second.expect(0);
        journal_equals_log(&story.case.requests(), &[&first, &second]);
        story.is_whole();
        figure(&format!("power loss: {loss}"), &story.asked()[2..].join(", "));
    }
}

#[test]
fn row_42_a_full_disk_is_not_retried_and_the_next_run_uses_what_is_there() {
    let story = Story::open("strong-etag-resume");
    let digest = story.content(FILE).sha256();
    // A limit on the size of files stands in for the full disk: 400 blocks of 512 bytes.
    let inner = story.command(&[FILE], &["--sha256", &digest]);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"])
        .arg(inner.get_program())
        .args(inner.get_args());
    let run = story.case.finish(command);
    story.tells(&run, 6, &["whole 200"]);
    let partial = story.partial();
    assert!(run.stderr.contains(&*partial.to_string_lossy()), "the path is named\n{}", run.stderr);
    let kept = partial.metadata().expect("the partial file").len();
    assert!(kept > 0 && kept <= 204_800, "{kept}");
    story.get_known(&[]).expect(0);
    story.is_whole();
    let resume = format!("{kept}- 206");
    assert_eq!(story.asked()[1], resume, "{:?}", story.asked());
    figure("a full disk", &format!("exit 6 after one request; the next run asks from byte {kept}"));
}

#[test]
fn row_48_a_partial_file_that_cannot_be_removed_does_not_hide_why_it_had_to_be() {
    let story = Story::open("row-48-removal-fails");
    let digest = story.content(FILE).sha256();
    let mut command = story.command(&[FILE], &["--sha256", &digest]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program runs");
    until("the second pass is at its half", || {
        let lengths = story.case.partials().into_iter().filter_map(|path| path.metadata().ok());
        story.case.requests().len() == 2 && lengths.map(|metadata| metadata.len()).max() == Some(300_000)
    });
    let partial = story.partial();
    std::fs::rename(&partial, partial.with_extension("away")).expect("the partial file can be moved");
    std::fs::create_dir_all(partial.join("in the way")).expect("a folder can be put in its place");
    let output = child.wait_with_output().expect("the program ends");
    let run = Run::read(&output, &story.case.events(), std::time::Duration::ZERO);
    story.tells(&run, 4, &["whole 200"; 2]);
    assert!(run.stderr.contains("the same wrong bytes came twice"), "{}", run.stderr);
}
