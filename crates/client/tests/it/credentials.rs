//! Credentials (section 4.12).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use towline_client::keys::{Keys, Secret};
use towline_client::transfer::{Cause, Fault};
use towline_client::{Client, Options, Url};
use towline_faults::{Action, At, Rule, Script, Server};

use crate::support::{
    Memory, PATH, assert_journal_equals_log, content, fetch, options, quick, requests, retries, script, url, wanted,
};

const SIZE: u64 = 20_000;
const USER: &str = "sailor";
const PASSWORD: &str = "p@ss:wörd";

fn guarded() -> Script {
    script(SIZE).rule(Rule::any().act(Action::Auth { user: USER.to_owned(), password: PASSWORD.to_owned() }))
}

fn secret(password: &str) -> Secret {
    Secret { user: USER.to_owned(), password: password.to_owned() }
}

/// Options with a look-up that counts.
fn looking_up(found: Option<Secret>, asked: &Arc<AtomicUsize>) -> Options {
    let asked = Arc::clone(asked);
    let look_up = move |_: &str, _: Option<&str>| {
        asked.fetch_add(1, Ordering::Relaxed);
        found.clone()
    };
    Options { keys: Keys::default().with_look_up(Arc::new(look_up)), ..options(quick()) }
}

#[tokio::test]
async fn of_the_url_go_with_the_first_request_and_are_never_shown() {
    let server = Server::start(guarded().rule(Rule::any())).unwrap();
    let mut url: Url = url(&server, PATH);
    url.set_username(USER).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    let client = Client::new(options(quick()));
    let run = fetch(&client, wanted(&[url], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_journal_equals_log(&server.journal(), &run.log);
    assert_eq!(requests(&server).len(), 1);
    let shown = format!("{} {client:?}", run.shown());
    for secret in [USER, "p@ss", "w\u{f6}rd", "p%40ss"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn of_netrc_too() {
    let dir = std::env::temp_dir().join(format!("towline-netrc-{}", std::process::id()));
    std::fs::write(&dir, format!("machine 127.0.0.1 login {USER} password {PASSWORD}\n")).unwrap();
    let keys = Keys::from_netrc_file(&dir);
    std::fs::remove_file(&dir).unwrap();
    let server = Server::start(guarded()).unwrap();
    let client = Client::new(Options { keys: keys.unwrap(), ..options(quick()) });
    let run = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(requests(&server).len(), 1);
    assert!(Keys::from_netrc_file(&dir).is_err(), "a file that is not there was asked for by name");
}

#[tokio::test]
async fn a_401_is_looked_up_once_and_replayed_outside_the_budget() {
    let server = Server::start(guarded()).unwrap();
    let asked = Arc::default();
    let mut options = looking_up(Some(secret(PASSWORD)), &asked);
    options.policy.retries = 0;
    let client = Client::new(options);
    let run = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_journal_equals_log(&server.journal(), &run.log);
    let statuses: Vec<_> = run.log[0].hops.iter().map(|hop| hop.status).collect();
    assert_eq!((run.log.len(), statuses), (1, vec![Some(401), Some(200)]), "the replay is in the log");
    let again = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
    again.assert_brought(&content(SIZE));
    assert_eq!((again.log[0].hops.len(), asked.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_look_up_that_finds_nothing_new_is_not_repeated() {
    for found in [None, Some(secret("wrong"))] {
        let server = Server::start(guarded()).unwrap();
        let asked = Arc::default();
        let client = Client::new(looking_up(found.clone(), &asked));
        for _ in 0..3 {
            let run = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
            assert!(matches!(run.cause(), Cause::NoUrl(Fault::Status { code: 401, .. })), "{:?}", run.cause());
            assert_eq!(run.log.len(), 1);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(requests(&server).len(), if found.is_some() { 4 } else { 3 });
    }
}

#[tokio::test]
async fn many_transfers_share_one_look_up() {
    let server = Server::start(guarded()).unwrap();
    let (asked, threads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let look_up = {
        let (asked, threads) = (Arc::clone(&asked), Arc::clone(&threads));
        move |origin: &str, user: Option<&str>| {
            asked.fetch_add(1, Ordering::Relaxed);
            threads.lock().unwrap().push(std::thread::current().id());
            assert!(origin.starts_with("http://127.0.0.1:") && user.is_none());
            Some(secret(PASSWORD))
        }
    };
    let options = Options { keys: Keys::default().with_look_up(Arc::new(look_up)), ..options(quick()) };
    let client = Client::new(options);
    let one = || fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default());
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for run in [a, b, c, d] {
        run.assert_brought(&content(SIZE));
        assert_eq!(run.log.len(), 1);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let here = std::thread::current().id();
    assert!(threads.lock().unwrap().iter().all(|&thread| thread != here), "the runtime's thread did not wait for it");
}

#[tokio::test]
async fn once_accepted_a_401_is_retried() {
    let auth = Action::Auth { user: USER.to_owned(), password: PASSWORD.to_owned() };
    let script = script(SIZE)
        .rule(Rule::any().nth(1).act(auth.clone()).act(Action::FinAt(At::Fraction(0.5))))
        .rule(Rule::any().nth(2).act(Action::Status(401)))
        .rule(Rule::any().act(auth));
    let server = Server::start(script).unwrap();
    let mut url = url(&server, PATH);
    url.set_username(USER).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    let run = fetch(&Client::new(options(retries(3))), wanted(&[url], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(run.log[1].status(), Some(401));
}

#[tokio::test]
async fn an_error_of_the_server_accepts_nobody() {
    let script =
        script(SIZE).rule(Rule::any().nth(1).act(Action::Status(503))).rule(Rule::any().act(Action::Status(401)));
    let server = Server::start(script).unwrap();
    let mut url = url(&server, PATH);
    url.set_username(USER).unwrap();
    let run = fetch(&Client::new(options(retries(3))), wanted(&[url], &Memory::default()), Memory::default()).await;
    assert_eq!(run.log.len(), 2, "{:?}", run.log);
}
