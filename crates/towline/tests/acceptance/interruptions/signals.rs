//! Ctrl-C and SIGTERM, whatever the program is waiting for.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use towline_faults::{Action, At, Finish, Hold, RetryAfter, Rule, Script};

use super::preload::{Library, SLOW_NAMES};
use super::process::{Process, bare, until};
use super::{VOUCHES, Vouch, case, partial, range_at};
use crate::support::{Case, figure, is_content, journal_equals_log};

const SIZE: u64 = 2_000_000;
const HALF: u64 = SIZE / 2;
const SIGNALS: [(&str, Signal); 2] = [("SIGINT", Signal::INT), ("SIGTERM", Signal::TERM)];

/// What the program is doing when the signal comes.
struct Scene<'a> {
    name: &'a str,
    rule: Option<Rule>,
    /// Set on the command, behind its URL.
    set: &'a dyn Fn(&mut Command),
    /// Instead of the server's.
    url: Option<String>,
    /// Whether it is there.
    reached: &'a dyn Fn(&Case, &Process) -> bool,
}

/// Half of a file from an earlier run, a run that is interrupted in the scene, a run that ends it.
fn interrupted(scene: &Scene<'_>, (word, signal): (&str, Signal), vouch: Vouch) {
    let what = format!("{}, {word}, {vouch:?}", scene.name);
    let cut = |script: Script| {
        let half = Rule::on("/a.whl").nth(1).act(Action::RstAt(At::Fraction(0.5)));
        script.rule(half).rule(Rule::on("/a.whl").act(Action::RstBeforeHead))
    };
    let (case, content, more) = case(SIZE, vouch, cut);
    let with = |more: &[&str]| more.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let begin = [more.clone(), with(&["--retries", "0"])].concat();
    Process::get(&case, "begin", "a.whl", &begin).end().0.expect(3);
    assert_eq!(partial(&case), HALF, "{what}");

    case.server.set_script(scene.rule.iter().fold(Script::new(), |script, rule| script.rule(rule.clone())));
    let mut command = bare(&case, "interrupted");
    command.arg(scene.url.clone().unwrap_or_else(|| case.server.url("/a.whl")));
    command.arg("-o").arg(case.dir.path().join("a.whl")).args(&more).stdout(Stdio::null());
    (scene.set)(&mut command);
    let mut process = Process::start(&case, "interrupted", command);
    until(&what, || {
        assert!(process.is_running(), "{what}: ended before the signal");
        (scene.reached)(&case, &process)
    });
    process.signal(signal);
    let (run, took) = process.end();
    run.expect(130);
    assert!(took < Duration::from_secs(1), "{what}: took {took:?} to end");
    let held = partial(&case);
    let kept = format!("interrupted: {}.{} of 2.0 MB of a.whl are kept", held / 1_000_000, held / 100_000 % 10);
    // The last digit is rounded.
    let up = held + 50_000;
    let rounded = format!("interrupted: {}.{} of 2.0 MB of a.whl are kept", up / 1_000_000, up / 100_000 % 10);
    assert!(run.stderr.contains(&kept) || run.stderr.contains(&rounded), "{what}: {held}\n{}", run.stderr);
    assert!(!case.dir.path().join("a.whl").exists(), "{what}: a half file at its place");

    let asked = case.requests().len();
    case.server.set_script(Script::new());
    let (run, _) = Process::get(&case, "end", "a.whl", &more).end();
    run.expect(0);
    let last = &case.requests()[asked..];
    assert_eq!((last.len(), &last[0].range), (1, &range_at(held)), "{what}: does not go on");
    assert!(is_content(&case.dir.path().join("a.whl"), &content), "{what}: other bytes");
    journal_equals_log(last, &[&run]);
    let millis = took.as_millis();
    figure("interrupted", &format!("{what}: exit code 130 after {millis} ms, {held} bytes kept, continued there"));
}

fn everywhere(scene: &Scene<'_>) {
    for signal in SIGNALS {
        for vouch in VOUCHES {
            interrupted(scene, signal, vouch);
        }
    }
}

/// Where the URL is not the server's, the digest says that the file is the same.
fn elsewhere(scene: &Scene<'_>) {
    for signal in SIGNALS {
        interrupted(scene, signal, Vouch::Digest);
    }
}

#[test]
fn interrupted_while_bytes_come_it_ends_at_once_and_is_continued() {
    everywhere(&Scene {
        name: "while bytes come",
        rule: Some(Rule::on("/a.whl").act(Action::Pace(500_000))),
        set: &|_| {},
        url: None,
        reached: &|case, _| partial(case) > HALF + 50_000,
    });
}

#[test]
fn interrupted_during_a_stall_it_ends_at_once_and_is_continued() {
    everywhere(&Scene {
        name: "during a stall",
        rule: Some(Rule::on("/a.whl").act(Action::stall_at(At::Byte(100_000)))),
        set: &|_| {},
        url: None,
        reached: &|case, _| partial(case) == HALF + 100_000,
    });
}

#[test]
fn interrupted_while_it_waits_as_asked_it_ends_at_once_and_is_continued() {
    let unavailable = Rule::on("/a.whl").act(Action::Status(503)).act(Action::RetryAfter(RetryAfter::Seconds(60)));
    everywhere(&Scene {
        name: "503 with Retry-After 60",
        rule: Some(unavailable),
        set: &|_| {},
        url: None,
        reached: &|_, process| process.told("waiting"),
    });
}

#[test]
fn interrupted_between_two_rounds_it_ends_at_once_and_is_continued() {
    everywhere(&Scene {
        name: "wait between rounds",
        rule: Some(Rule::on("/a.whl").act(Action::RstBeforeHead)),
        set: &|command| {
            command.args(["--base-wait", "30"]);
        },
        url: None,
        reached: &|_, process| process.told("waiting"),
    });
}

#[test]
fn interrupted_before_a_header_comes_it_ends_at_once_and_is_continued() {
    everywhere(&Scene {
        name: "header never comes",
        rule: Some(Rule::on("/a.whl").act(Action::StallBeforeHead(Hold::Forever))),
        set: &|_| {},
        url: None,
        reached: &|case, _| case.requests().last().is_some_and(|entry| entry.finished == Some(Finish::Stalled)),
    });
}

/// A listener that takes no more connections, and those that fill it.
struct Full {
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
    address: SocketAddr,
}

impl Full {
    fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            waiting.push(stream);
        }
        Self { _listener: listener, _waiting: waiting, address }
    }

    /// Whether a connection to it is being made. proc_net(5): the remote address, then the state; 02 is SYN_SENT.
    fn knocked(&self) -> bool {
        let port = format!(":{:04X} 02 ", self.address.port());
        fs::read_to_string("/proc/net/tcp").unwrap_or_default().contains(&port)
    }
}

#[test]
fn interrupted_while_a_connection_hangs_it_ends_at_once_and_is_continued() {
    if !cfg!(target_os = "linux") {
        return super::skip("interrupted while a connection hangs", "only Linux says who is connecting");
    }
    let full = Full::new();
    elsewhere(&Scene {
        name: "connect hangs",
        rule: None,
        set: &|_| {},
        url: Some(format!("http://{}/a.whl", full.address)),
        reached: &|_, _| full.knocked(),
    });
}

#[test]
fn interrupted_while_a_name_is_looked_up_it_ends_at_once_and_is_continued() {
    let Some(library) = Library::compile("interrupted while a name is looked up", SLOW_NAMES) else { return };
    for signal in SIGNALS {
        let mark = library.mark();
        interrupted(
            &Scene {
                name: "name is looked up",
                rule: None,
                set: &|command| library.load(command, &mark),
                url: Some("http://slow.example/a.whl".to_owned()),
                reached: &|_, _| mark.exists(),
            },
            signal,
            Vouch::Digest,
        );
    }
}

#[test]
fn an_interrupted_follower_ends_at_once_and_the_owner_goes_on() {
    for (word, signal) in SIGNALS {
        let stall = |script: Script| script.rule(Rule::on("/a.whl").nth(1).act(Action::stall_at(At::Fraction(0.5))));
        let (case, content, more) = case(SIZE, Vouch::Digest, stall);
        let owner = Process::get(&case, "owner", "owner.whl", &more);
        until("half is there", || partial(&case) == HALF);
        let follower = Process::get(&case, "follower", "follower.whl", &more);
        until("the second process follows", || follower.told("following") && follower.told("progress"));
        follower.signal(signal);
        let (run, took) = follower.end();
        run.expect(130);
        assert!(took < Duration::from_secs(1), "{word}: took {took:?} to end");
        assert!(run.stderr.contains("interrupted: 1.0"), "{word}\n{}", run.stderr);
        case.server.outage(Duration::from_millis(1));
        owner.end().0.expect(0);
        assert!(is_content(&case.dir.path().join("owner.whl"), &content), "{word}: other bytes");
        assert_eq!(case.sent(), SIZE, "{word}");
        figure("interrupted follower", &format!("{word}: exit code 130 after {} ms", took.as_millis()));
    }
}
