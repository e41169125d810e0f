//! Another process: this test binary again, which plays what it is told on standard input.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use towline_store::{Claim, Key, State, Store};

pub(crate) const ROOT: &str = "TOWLINE_STORE_TEST_ROOT";
/// Far longer than anything here takes; a test that fails must also end.
const PATIENCE: Duration = Duration::from_secs(20);
/// The test harness prints to standard output as well.
const MARK: &str = "@@ ";

/// A process that plays.
pub(crate) struct Player {
    pub(crate) child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Player {
    pub(crate) fn start(root: &Path) -> Self {
        Self::playing("player::plays_what_it_is_told", root)
    }

    /// A test that plays, by its path.
    pub(crate) fn playing(test: &str, root: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        Self::spawn(command.env(ROOT, root))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut player = Self { child, to, from: BufReader::new(from) };
        assert_eq!(player.hear().unwrap(), "ready");
        player
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.to, "{line}").unwrap();
    }

    /// The next answer; `None` when the process is gone.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.from.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A process that is killed may leave half a line.
            if let (Some((_, text)), true) = (line.split_once(MARK), line.ends_with('\n')) {
                return Some(text.trim().to_owned());
            }
        }
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.hear().unwrap()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The byte at an offset of every file that players write.
pub(crate) fn byte(at: u64) -> u8 {
    (at % 251) as u8
}

fn piece(at: u64, len: u64) -> Vec<u8> {
    (at..at + len).map(byte).collect()
}

pub(crate) fn say(text: impl std::fmt::Display) {
    // Not `println!`, which the harness may capture.
    let mut out = io::stdout().lock();
    writeln!(out, "{MARK}{text}").unwrap();
    out.flush().unwrap();
}

#[test]
fn plays_what_it_is_told() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let store = Store::open(root).unwrap();
    let mut claim: Option<Claim> = None;
    say("ready");
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match (word, &mut claim) {
            ("claim", _) => match store.claim(&Key::of_url(rest)) {
                Ok(found) => {
                    say(describe(&found));
                    claim = Some(found);
                }
                Err(error) => say(error),
            },
            ("show", _) => say(std::fs::read_to_string(rest).unwrap().trim()),
            ("append", Some(Claim::Lead(spool))) => {
                let outcome = spool.append(&piece(spool.len(), rest.parse().unwrap()));
                let note = outcome.map_or_else(|error| format!(" {error}"), |()| String::new());
                say(format_args!("{}{note}", spool.len()));
            }
            // Until killed.
            ("flood", Some(Claim::Lead(spool))) => loop {
                spool.append(&piece(spool.len(), 1 + spool.len() % 5000)).unwrap();
                say(spool.len());
            },
            ("persist", Some(Claim::Lead(_))) => {
                let Some(Claim::Lead(spool)) = claim.take() else { continue };
                say(spool.persist(rest).map_or_else(|error| error.to_string(), |()| "done".to_owned()));
            }
            // Until the owner is gone; then takes over, or follows whoever was faster.
            ("await", Some(Claim::Follow(follower))) => {
                let started = Instant::now();
                let state = loop {
                    match follower.poll().unwrap() {
                        _ if started.elapsed() > PATIENCE => panic!("nothing happens"),
                        State::Growing { .. } | State::Cut { .. } => std::thread::yield_now(),
                        other => break other,
                    }
                };
                if state == State::Complete {
                    follower.copy_to(rest).unwrap();
                    say("copied");
                } else {
                    let found = store.claim(&Key::of_url(rest)).unwrap();
                    say(describe(&found));
                    claim = Some(found);
                }
            }
            ("drop", _) => {
                claim = None;
                say("dropped");
            }
            other => panic!("cannot play {other:?}"),
        }
    }
}

fn describe(claim: &Claim) -> String {
    match claim {
        Claim::Lead(spool) => format!("lead {}", spool.len()),
        Claim::Follow(_) => "follow".to_owned(),
    }
}
