//! Every story of the repository can be told, and its comment says whose it is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use towline_faults::{Script, Server};

fn stories() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths
}

#[test]
fn every_story_is_told() {
    let stories = stories();
    assert!(stories.len() > 90, "{} stories", stories.len());
    for story in stories {
        let text = std::fs::read_to_string(&story).unwrap();
        assert!(text.starts_with("# "), "{} does not say whose story it is", story.display());
        let server = Server::start(Script::load(&story).unwrap()).unwrap();
        let mut client = TcpStream::connect(server.addr()).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        // A script may reset this connection at the door.
        let _ = client.write_all(b"GET /a.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let _ = client.read(&mut [0; 4096]);
        let patience = Instant::now() + Duration::from_secs(5);
        while server.journal().is_empty() && Instant::now() < patience {
            std::thread::yield_now();
        }
        assert_eq!(server.journal().len(), 1, "{}", story.display());
    }
}

#[test]
fn every_action_of_the_manual_can_be_scripted() {
    let manual = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md")).unwrap();
    let (_, actions) = manual.split_once("## What: actions").unwrap();
    let (actions, _) = actions.split_once("## The journal").unwrap();
    let mut seen = 0;
    for row in actions.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (cell, _) = row.split_once(" | ").unwrap();
        for action in format!("`{cell}").split('`').skip(1).step_by(2) {
            let script = Script::from_toml(&format!("[[rule]]\nact = [{action}]\n"));
            assert!(script.is_ok(), "{action}: {script:?}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} actions");
}
