//! Events for machines: one JSON object a line. `docs/events.md` describes them.

use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use towline_transfer::{Attempt, Hop};

use crate::exit::Error;

/// Where events go.
pub(super) struct Events {
    out: LineWriter<Box<dyn Write>>,
    path: PathBuf,
}

#[derive(Serialize)]
struct Record<'a> {
    /// Since the file was begun, in seconds.
    time: f64,
    artifact: &'a str,
    #[serde(flatten)]
    told: &'a Told<'a>,
}

/// What can be told.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    Started { urls: &'a [String] },
    Following,
    Progress { held: u64, size: Option<u64> },
    Cut { held: u64 },
    Attempt(Box<Ledger<'a>>),
    Waiting { seconds: f64 },
    Unpacking { written: u64, bytes: u64, passes: u64 },
    Unpacked { path: &'a str, files: u64, links: u64, bytes: u64, written: u64, passes: u64, was_there: bool },
    Read { size: u64, attempts: usize },
    Finished { path: &'a str, size: u64, attempts: usize },
    WasThere { path: &'a str },
    Failed { error: &'a str, exit_code: u8, held: u64, size: Option<u64> },
    Interrupted { held: u64, size: Option<u64> },
}

/// An attempt, whole.
#[derive(Serialize)]
pub(super) struct Ledger<'a> {
    attempt: usize,
    url: &'a str,
    hops: Vec<Asked<'a>>,
    status: Option<u16>,
    from: u64,
    to: u64,
    reread: u64,
    fault: Option<String>,
    /// What the origin said about it (RFC 9457).
    note: Option<&'a str>,
    /// Seconds that followed it, and whether the origin asked for them.
    waited: f64,
    retry_after: bool,
    reached: bool,
    took: f64,
    refilled: bool,
}

#[derive(Serialize)]
struct Asked<'a> {
    url: &'a str,
    range: Option<u64>,
    if_range: bool,
    status: Option<u16>,
    reached: bool,
}

impl<'a> Told<'a> {
    pub(super) fn attempt(number: usize, record: &'a Attempt, url: &'a str) -> Self {
        let asked = |hop: &'a Hop| Asked {
            url: &hop.url,
            range: hop.range,
            if_range: hop.if_range,
            status: hop.status,
            reached: hop.reached,
        };
        Self::Attempt(Box::new(Ledger {
            attempt: number,
            url,
            hops: record.hops.iter().map(asked).collect(),
            status: record.status(),
            from: record.from,
            to: record.to,
            reread: record.reread,
            fault: record.fault.as_ref().map(ToString::to_string),
            note: record.note.as_deref(),
            waited: record.waited.as_secs_f64(),
            retry_after: record.waited_as_asked(),
            reached: record.reached(),
            took: record.took.as_secs_f64(),
            refilled: record.refilled,
        }))
    }
}

impl Events {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let out: Box<dyn Write> = if path.as_os_str() == "-" {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(|source| Error::Events { path: path.to_path_buf(), source })?)
        };
        Ok(Self { out: LineWriter::new(out), path: path.to_path_buf() })
    }

    /// Writes an event. When that fails it is said once, and `false` tells to stop: a reader that went away must not end
    /// a download.
    pub(super) fn write(&mut self, artifact: &str, time: Duration, told: &Told<'_>) -> bool {
        let record = Record { time: time.as_secs_f64(), artifact, told };
        let line = serde_json::to_string(&record).map_err(io::Error::from);
        match line.and_then(|line| writeln!(self.out, "{line}")) {
            Ok(()) => true,
            Err(error) => {
                crate::report::say(&format!(
                    "warning: no more events: cannot write to {}: {error}",
                    self.path.display()
                ));
                false
            }
        }
    }
}
