//! Who this process is, and whether another one still is.

use std::{fs, process};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use crate::{
    ownership::{Liveness, Owner, Place},
    registry,
};

impl Owner {
    /// This process, now. Not cached: a forked child is somebody else.
    #[must_use]
    pub fn current() -> Self {
        let pid = process::id();
        Self { place: Place::current(), pid, start: stat(pid).map(|stat| stat.start) }
    }
}

impl Place {
    fn current() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned());
        // Containers share the boot identifier of their host, and process identifiers mean nothing across them.
        let pid_namespace = fs::read_link("/proc/self/ns/pid").ok().map(|target| target.to_string_lossy().into_owned());
        if cfg!(target_os = "linux") {
            Self { host, boot, pid_namespace }
        } else {
            // No such files elsewhere: the host name is all there is.
            Self { host, boot: Some("-".to_owned()), pid_namespace: Some("-".to_owned()) }
        }
    }
}

/// Whether the owner of `token` lives. Only meaningful for an owner at the same [`Place`].
pub(crate) fn liveness(owner: &Owner, token: &str, me: &Owner) -> Liveness {
    if owner == me {
        return if registry::holds(token) { Liveness::Alive } else { Liveness::Dead };
    }
    let Some(pid) = i32::try_from(owner.pid).ok().and_then(Pid::from_raw) else {
        return Liveness::Dead;
    };
    if test_kill_process(pid) == Err(Errno::SRCH) {
        return Liveness::Dead;
    }
    match (stat(owner.pid), owner.start) {
        (Some(found), _) if found.gone => Liveness::Dead,
        (Some(found), Some(start)) if found.start != start => Liveness::Dead,
        (Some(found), Some(_)) if found.stopped => Liveness::Stopped,
        (Some(_), Some(_)) => Liveness::Alive,
        // `hidepid` mounts, or no /proc: something with that number runs.
        _ => Liveness::Unsure,
    }
}

struct Stat {
    start: u64,
    /// Killed, and only waiting to be reaped.
    gone: bool,
    /// By a signal, or a debugger.
    stopped: bool,
}

/// Fields of `/proc/<pid>/stat` (proc(5)): 3 state, 20 threads, 22 start time. Field 2, the command, may hold
/// spaces and parentheses, so counting starts after its last one.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?;
    let threads: i64 = fields.nth(16)?.parse().ok()?;
    let start = fields.nth(1)?.parse().ok()?;
    // A dead main thread with living siblings also reads as Z.
    let gone = matches!(state, "Z" | "X" | "x") && threads <= 1;
    Some(Stat { start, gone, stopped: matches!(state, "T" | "t") })
}
