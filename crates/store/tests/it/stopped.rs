//! Owners that neither run nor are gone.

use std::{fs, os::unix::fs::MetadataExt as _};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use towline_store::{Claim, State};

use crate::place::{Place, forge, now};

/// Ctrl-Z: it may wake up at any time, so its file is copied and left alone.
#[test]
fn the_bytes_of_a_stopped_process_are_copied_once_it_was_silent_for_long() {
    for (stopped, silent, follows) in [(false, true, true), (true, false, true), (true, true, false)] {
        let place = Place::new();
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        if stopped {
            kill_process(pid, Signal::STOP).unwrap();
            while !stat().contains(") T ") {
                std::thread::yield_now();
            }
        }
        let start: u64 = stat().rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
        let mut spool = place.lead();
        spool.append(b"01234").unwrap();
        let (sidecar, inode) = (spool.path().with_extension("json"), fs::metadata(spool.path()).unwrap().ino());
        drop(spool);
        forge(&sidecar, |sidecar| {
            sidecar["state"] = json!("growing");
            sidecar["owner"]["pid"] = json!(child.id());
            sidecar["owner"]["start"] = json!(start);
            sidecar["heartbeat"] = json!(if silent { 0 } else { now() });
        });
        match place.store.claim(&place.key).unwrap() {
            Claim::Follow(mut follower) => {
                assert!(follows, "stopped {stopped}, silent {silent}");
                assert_eq!(follower.poll().unwrap(), State::Growing { len: 5 });
            }
            Claim::Lead(spool) => {
                assert!(!follows, "stopped {stopped}, silent {silent}");
                assert_eq!(spool.len(), 5);
                assert_ne!(fs::metadata(spool.path()).unwrap().ino(), inode, "taken from somebody who may wake up");
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
