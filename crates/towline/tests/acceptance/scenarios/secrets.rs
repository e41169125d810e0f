//! Row 41: credentials are nowhere.

use super::story::{FILE, Story};
use crate::support::{Run, figure, files_under, journal_equals_log};

const USER: &str = "alice";
const PASSWORD: &str = "hunter2-s3cr3t";
const TOKEN: &str = "tok-9f8e7d6c";

/// Looks for a secret in everything that a run leaves.
#[track_caller]
fn is_nowhere(story: &Story, run: &Run) -> usize {
    // `Authorization: Basic` has them like this.
    let coded = ["aHVudGVyMi1zM2NyM3Q", "YWxpY2U6aHVudGVyMi"];
    let secrets = [&[USER, PASSWORD, TOKEN], &coded[..]].concat();
    let events = std::fs::read(story.case.events()).expect("events");
    let mut places = vec![("stderr".to_owned(), run.stderr.clone().into_bytes())];
    places.extend([("stdout".to_owned(), run.stdout.clone()), ("events".to_owned(), events)]);
    for path in files_under(story.case.dir.path()) {
        if path.extension().is_some_and(|extension| extension == "netrc") {
            continue;
        }
        // Owners are named by links whose target is no path.
        let link = std::fs::read_link(&path).map(|target| target.to_string_lossy().into_owned().into_bytes());
        let bytes = link.or_else(|_| std::fs::read(&path)).expect("a file that the run has left");
        places.push((path.display().to_string(), [path.to_string_lossy().as_bytes(), &bytes].concat()));
    }
    let shown = String::from_utf8_lossy(&places[2].1);
    assert!(shown.contains("/a.bin?…"), "the URL is there, without its query: {shown}");
    for (place, bytes) in &places {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {place}:\n{}", String::from_utf8_lossy(bytes));
        }
    }
    places.len()
}

#[test]
fn row_41_credentials_are_in_no_error_log_event_or_sidecar() {
    let addr = |story: &Story| story.case.server.addr();
    for from in ["url", "netrc", "keyring"] {
        for known in [false, true] {
            let story = Story::open("row-41-credentials");
            let login = if from == "url" { format!("{USER}:{PASSWORD}@") } else { String::new() };
            let url = format!("http://{login}{}{FILE}?token={TOKEN}", addr(&story));
            let digest = story.content(FILE).sha256();
            let mut more = vec!["--verbose"];
            let keyring = story.case.dir.path().join("keyring.netrc");
            let keyring_text = keyring.to_string_lossy().into_owned();
            if known {
                more.extend(["--sha256", &digest]);
            }
            match from {
                "netrc" => {
                    let text = format!("machine 127.0.0.1 login {USER} password {PASSWORD}\n");
                    std::fs::write(&keyring, text).expect("a netrc");
                }
                "keyring" => {
                    let user_url = format!("#!/bin/sh\necho {PASSWORD}\n");
                    std::fs::write(&keyring, user_url).expect("a keyring");
                    make_executable(&keyring);
                    more.extend(["--keyring", &keyring_text]);
                }
                _ => {}
            }
            let run_once = || {
                // The keyring is asked for the password of the user that the URL names.
                let url =
                    if from == "keyring" { url.replace("http://", &format!("http://{USER}@")) } else { url.clone() };
                let mut command = story.command(&[&url], &more);
                if from == "netrc" {
                    command.env("NETRC", &keyring);
                }
                story.case.finish(command)
            };
            let failed = run_once();
            failed.expect(7);
            let mut places = is_nowhere(&story, &failed);
            let whole = run_once();
            whole.expect(0);
            places += is_nowhere(&story, &whole);
            story.is_whole();
            journal_equals_log(&story.case.requests(), &[&failed, &whole]);
            assert!(story.case.requests().iter().any(|entry| entry.authorization), "they were really sent");
            figure("credentials", &format!("from {from}, digest {known}: in none of {places} places"));
        }
    }
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("the mode can be set");
}

#[test]
fn row_41_a_url_that_cannot_be_read_is_shown_without_its_password() {
    for url in [
        format!("http://{USER}:{PASSWORD}@host:port/a.bin"),
        format!("ftp://{USER}:{PASSWORD}@host/a.bin"),
        format!("{USER}:{PASSWORD}@host/a.bin"),
        format!("http://{USER}:{PASSWORD}@host/"),
        format!("http://{USER}:{PASSWORD}@host/a.bin#sha256=junk"),
    ] {
        let output = crate::support::program().args(["get", &url]).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{url}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains(PASSWORD), "{text}");
    }
}
