//! Whose partial file it is, and what somebody else may do with it: a pure decision.

use serde::{Deserialize, Serialize};

/// Seconds after which a silent owner that cannot be asked counts as gone.
pub const STALE_AFTER: u64 = 120;

/// Where process identifiers mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Host name.
    pub host: String,
    /// Identifier of this boot of the kernel; `None` where it cannot be read.
    pub boot: Option<String>,
    /// The PID namespace; `None` where it cannot be read.
    pub pid_namespace: Option<String>,
}

impl Place {
    /// Whether process identifiers of `other` can be tested here. What is unknown is never equal.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.boot.is_some() && self.pid_namespace.is_some() && self == other
    }
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Where it runs.
    #[serde(flatten)]
    pub place: Place,
    /// Process identifier.
    pub pid: u32,
    /// Start time in clock ticks since boot (proc(5), field 22 of `stat`): a reused identifier has another.
    pub start: Option<u64>,
}

/// How far a spool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its owner is at it.
    Growing,
    /// All bytes are there and right.
    Complete,
    /// Its owner let go of it; somebody else may go on.
    Stopped,
    /// Its owner gave up.
    Failed,
}

/// What is known of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It runs.
    Alive,
    /// It is stopped (Ctrl-Z, a debugger), and may run again.
    Stopped,
    /// It does not run, and never will again.
    Dead,
    /// Something with its number runs, and it cannot be told what.
    Unsure,
}

/// What may be done with somebody's partial file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its owner lives: read it only.
    Live,
    /// Nobody will ever write to it again: rename it and go on with it.
    Orphan,
    /// Its owner is silent but may still write: copy what is there, and leave the file alone.
    Stale,
}

/// Decides over a partial file from what its sidecar says.
///
/// `now` and `heartbeat` are seconds since 1970. `alive` is asked only about an owner at the same place as `me`.
/// A heartbeat from the future counts as old once it is further away than [`STALE_AFTER`]: some clock is wrong,
/// and waiting for it could take years.
pub fn verdict(
    owner: &Owner,
    phase: Phase,
    heartbeat: u64,
    me: &Owner,
    now: u64,
    alive: impl FnOnce(&Owner) -> Liveness,
) -> Verdict {
    let let_go = matches!(phase, Phase::Stopped | Phase::Failed);
    let silent = now.abs_diff(heartbeat) > STALE_AFTER;
    if me.place.is(&owner.place) {
        if let_go {
            return Verdict::Orphan;
        }
        match alive(owner) {
            Liveness::Alive => Verdict::Live,
            Liveness::Dead => Verdict::Orphan,
            Liveness::Unsure | Liveness::Stopped if silent => Verdict::Stale,
            Liveness::Unsure | Liveness::Stopped => Verdict::Live,
        }
    } else if let_go || silent {
        // A network file system may hold back the last writes of another host: its file is never appended to.
        Verdict::Stale
    } else {
        Verdict::Live
    }
}
