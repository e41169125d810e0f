//! Runs a program that may do anything, within bounds of time and memory.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, Read},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    ByItself { status: ExitStatus, stdout: Vec<u8>, said: Said },
    OutOfTime { said: Said },
    TooMuch { said: Said },
}

/// The first lines of what a program said, for errors: of standard error, or else of standard output. As text, it begins
/// with a colon; it is empty if the program said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(String);

impl Said {
    const LINES: usize = 5;
    const CHARS: usize = 400;

    fn of(stdout: &[u8], stderr: &[u8]) -> Self {
        let loud = |bytes: &&[u8]| !bytes.trim_ascii().is_empty();
        let bytes = [stderr, stdout].into_iter().find(loud).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(16 * 1024)]);
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(Self::LINES).collect();
        // Control characters could move the cursor of whoever reads the error.
        let lines = lines.join(" | ").replace(char::is_control, " ");
        let mut short: String = lines.chars().take(Self::CHARS).collect();
        if short.len() < lines.len() {
            short.push('…');
        }
        Self(short)
    }

    /// The lines, joined by ` | `.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str(" (it said nothing)") } else { write!(f, ": {}", self.0) }
    }
}

/// What was read of an output stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl Stream {
    /// No answer has more bytes than these; one more, and the program is stopped.
    pub(super) const LIMIT: usize = 1 << 20;

    fn read(source: impl Read) -> Self {
        let mut bytes = Vec::new();
        // A pipe that breaks is a pipe that ended: what the program did is told by its exit status.
        let _ = source.take(Self::LIMIT as u64 + 1).read_to_end(&mut bytes);
        Self { overflowed: bytes.len() > Self::LIMIT, bytes }
    }
}

enum Event {
    Stdout(Stream),
    Stderr(Stream),
    Exited,
}

/// Runs `program`, for at most `limit`, without standard input and without the variables `without`.
///
/// Its process group is killed in any case: nothing that it started is left behind, unless it made itself a group of its own.
pub(super) fn run(program: &Path, arguments: &[&OsStr], without: &[&str], limit: Duration) -> io::Result<Ended> {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    for name in without {
        command.env_remove(name);
    }
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let events = watch(&mut child, pid);
    let (streams, outcome) = follow(&events, pid, started, limit);
    // Not reaped until here, so the number is still this child's.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    let [stdout, stderr] = streams.map(|stream| stream.unwrap_or_default().bytes);
    let said = Said::of(&stdout, &stderr);
    Ok(match outcome {
        Outcome::Whole => Ended::ByItself { status, stdout, said },
        Outcome::Late => Ended::OutOfTime { said },
        Outcome::Overflow => Ended::TooMuch { said },
    })
}

/// One thread for each thing that may block, so that nobody has to poll.
fn watch(child: &mut Child, pid: Pid) -> Receiver<Event> {
    let (sender, events) = channel();
    if let Some(stdout) = child.stdout.take() {
        spawn(&sender, move || Event::Stdout(Stream::read(stdout)));
    }
    if let Some(stderr) = child.stderr.take() {
        spawn(&sender, move || Event::Stderr(Stream::read(stderr)));
    }
    spawn(&sender, move || {
        // Sees the end and leaves the zombie, which keeps the process number from being given to somebody else.
        let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        Event::Exited
    });
    events
}

fn spawn(sender: &Sender<Event>, job: impl FnOnce() -> Event + Send + 'static) {
    let sender = sender.clone();
    thread::spawn(move || {
        // Nobody listens any more if the limit was reached.
        let _ = sender.send(job());
    });
}

enum Outcome {
    Whole,
    Late,
    Overflow,
}

fn follow(events: &Receiver<Event>, pid: Pid, started: Instant, limit: Duration) -> ([Option<Stream>; 2], Outcome) {
    let mut streams = [None, None];
    let mut exited = false;
    loop {
        if streams.iter().flatten().any(|stream: &Stream| stream.overflowed) {
            return (streams, Outcome::Overflow);
        }
        if exited && streams.iter().all(Option::is_some) {
            return (streams, Outcome::Whole);
        }
        match events.recv_timeout(limit.saturating_sub(started.elapsed())) {
            Ok(Event::Stdout(stream)) => streams[0] = Some(stream),
            Ok(Event::Stderr(stream)) => streams[1] = Some(stream),
            Ok(Event::Exited) => {
                exited = true;
                // What it left running would keep the streams open.
                let _ = kill_process_group(pid, Signal::KILL);
            }
            Err(_) => return (streams, Outcome::Late),
        }
    }
}
