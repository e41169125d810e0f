//! A run of the program that is watched while it goes on.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Case, FAST, Run, program};

/// One process; killed when it is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    events: PathBuf,
    errors: PathBuf,
    began: Instant,
}

/// How long a thing may take that takes no time on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so; fails when it never comes.
#[track_caller]
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        pause();
    }
}

/// Between two looks.
#[expect(clippy::disallowed_methods, reason = "a look at another process, again and again, must not take a core")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// Whether the system has a connection at this server, accepted or not. proc_net(5): local address, remote address, then
/// the state; 01 is ESTABLISHED, 08 CLOSE_WAIT. Where there is no such file, nobody is connected.
pub(crate) fn is_connected(server: std::net::SocketAddr) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port = format!(":{:04X}", server.port());
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, _, state) = (fields.next(), fields.next(), fields.next());
        local.is_some_and(|local| local.ends_with(&port)) && matches!(state, Some("01" | "08"))
    })
}

/// `towline get` with this case's cache, fast waits and files of its own for events and messages.
pub(crate) fn command(case: &Case, name: &str) -> Command {
    let mut command = bare(case, name);
    command.args(FAST);
    command
}

/// The same with the law's waits.
pub(crate) fn bare(case: &Case, name: &str) -> Command {
    let mut command = program();
    command.arg("get").arg("--cache-dir").arg(case.dir.path().join("cache"));
    command.arg("--events").arg(case.dir.path().join(format!("{name}.ndjson")));
    command
}

impl Process {
    /// Starts what [`command`] has made. The name is the same.
    #[track_caller]
    pub(crate) fn start(case: &Case, name: &str, mut command: Command) -> Self {
        let errors = case.dir.path().join(format!("{name}.stderr"));
        let file = std::fs::File::create(&errors).expect("a file for messages");
        command.stdin(Stdio::null()).stderr(file);
        let child = command.spawn().expect("the program starts");
        Self { child, events: case.dir.path().join(format!("{name}.ndjson")), errors, began: Instant::now() }
    }

    /// `towline get /a.whl -o DEST`.
    #[track_caller]
    pub(crate) fn get(case: &Case, name: &str, dest: &str, more: &[String]) -> Self {
        let mut command = command(case, name);
        command.arg(case.server.url("/a.whl")).arg("-o").arg(case.dir.path().join(dest)).args(more);
        command.stdout(Stdio::null());
        Self::start(case, name, command)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Whether an event of this kind was told.
    pub(crate) fn told(&self, event: &str) -> bool {
        let text = std::fs::read_to_string(&self.events).unwrap_or_default();
        text.contains(&format!("\"event\":\"{event}\""))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the process can be asked").is_none()
    }

    /// Waits for the end, and says how long that took from now.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Run, Duration) {
        let now = Instant::now();
        let mut status: Option<ExitStatus> = None;
        until("the program ends", || {
            status = self.child.try_wait().expect("the process can be asked");
            status.is_some()
        });
        let (waited, stderr) = (now.elapsed(), std::fs::read(&self.errors).unwrap_or_default());
        let output = Output { status: status.unwrap_or_default(), stdout: Vec::new(), stderr };
        (Run::read(&output, &self.events, self.began.elapsed()), waited)
    }

    /// Kills it, as the out-of-memory killer does. What it had told is cut anywhere, and so not read.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, and been waited for, before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
