//! Proxies: errors of tunnels, and the environment.

use std::process::Command;

use towline_client::transfer::{Cause, Fault};
use towline_client::{Client, Options, Override, Proxy, Url};
use towline_faults::{Action, Kind, Rule, Script, Server};

use crate::support::{
    Memory, PATH, content, fetch, options, quick, requests, retries, run, script, trusting, url, wanted,
};

const SIZE: u64 = 20_000;

fn through(options: Options, proxy: &Server) -> Options {
    Options { proxy: Proxy::At(proxy.url("/").parse().unwrap()), ..options }
}

#[tokio::test]
async fn a_tunnel_that_fails_is_a_fault_of_its_own() {
    let origin = Server::start(script(SIZE).tls()).unwrap();
    let tunnel = |fault: &Fault| matches!(fault, Fault::Tunnel(_));
    type Table = Vec<(Action, fn(&Fault) -> bool, usize)>;
    let table: Table = vec![
        (Action::Status(403), tunnel, 3),
        (Action::Status(502), tunnel, 3),
        (Action::RstBeforeHead, tunnel, 3),
        (Action::FinBeforeHead, tunnel, 3),
        (Action::Garbage("nonsense\r\n\r\n".to_owned()), tunnel, 3),
        // Whoever is refused once is refused again.
        (
            Action::Auth { user: "me".to_owned(), password: "secret".to_owned() },
            |fault| *fault == Fault::ProxyCredentials,
            1,
        ),
    ];
    for (action, expected, attempts) in table {
        let proxy =
            Server::start(Script::new().proxy().rule(Rule::any().method("CONNECT").act(action.clone()))).unwrap();
        let run = run(&origin, through(trusting(&origin, retries(2)), &proxy), Memory::default()).await;
        assert!(run.fault(0).is_some_and(expected), "{action:?}: {:?}", run.fault(0));
        assert_eq!((run.log.len(), proxy.journal().len()), (attempts, attempts), "{action:?}");
        assert!(!run.log[0].reached(), "{action:?}");
        assert!(origin.journal().is_empty());
    }
}

#[tokio::test]
async fn a_tunnel_is_dug_and_what_breaks_in_it_is_resumed() {
    let origin = Server::start(script(SIZE).tls()).unwrap();
    let proxy = Server::start(
        Script::new().proxy().rule(Rule::any().nth(1).act(Action::RstAt(towline_faults::At::Byte(9000)))),
    );
    let proxy = proxy.unwrap();
    let run = run(&origin, through(trusting(&origin, quick()), &proxy), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
}

#[tokio::test]
async fn plain_requests_go_through_a_proxy_with_its_credentials() {
    let origin = Server::start(script(SIZE)).unwrap();
    let auth = Action::Auth { user: "me".to_owned(), password: "secret".to_owned() };
    let proxy = Server::start(Script::new().proxy().rule(Rule::any().act(auth))).unwrap();
    for (user, works) in [("", false), ("me:secret@", true), ("me:wrong@", false)] {
        let at = proxy.url("/").replace("//", &format!("//{user}")).parse().unwrap();
        let options = Options { proxy: Proxy::At(at), ..options(quick()) };
        let run =
            fetch(&Client::new(options), wanted(&[url(&origin, PATH)], &Memory::default()), Memory::default()).await;
        if works {
            run.assert_brought(&content(SIZE));
        } else {
            assert!(matches!(run.cause(), Cause::NoUrl(Fault::Status { code: 407, .. })), "{:?}", run.cause());
        }
    }
    assert_eq!(requests(&origin).len(), 1);
    assert!(!requests(&origin)[0].authorization, "they are the proxy's");
}

#[tokio::test]
async fn a_plain_proxy_forwards() {
    let origin = Server::start(script(SIZE)).unwrap();
    let proxy = Server::start(Script::new().proxy()).unwrap();
    run(&origin, through(options(retries(0)), &proxy), Memory::default()).await.assert_brought(&content(SIZE));
    let seen = proxy.journal();
    assert!(seen[0].target.starts_with("http://127.0.0.1:"), "{seen:?}");
}

#[tokio::test]
async fn the_credentials_of_a_proxy_are_shown_nowhere() {
    let origin = Server::start(script(SIZE).tls()).unwrap();
    let auth = Action::Auth { user: "sailor".to_owned(), password: "hunter2".to_owned() };
    let proxy = Server::start(Script::new().proxy().rule(Rule::any().method("CONNECT").act(auth))).unwrap();
    for (password, works) in [("hunter2", true), ("wrong", false)] {
        let at: Url = proxy.url("/").replace("//", &format!("//sailor:{password}@")).parse().unwrap();
        let options = Options { proxy: Proxy::At(at), ..trusting(&origin, quick()) };
        let client = Client::new(options);
        let run = fetch(&client, wanted(&[url(&origin, PATH)], &Memory::default()), Memory::default()).await;
        assert_eq!(run.result.is_ok(), works, "{:?}", run.log);
        let shown = format!("{} {client:?}", run.shown());
        assert!(!shown.contains(password) && !shown.contains("sailor"), "{shown}");
    }
}

#[tokio::test]
async fn overrides_are_about_origins_and_not_about_the_proxy() {
    let origin = Server::start(script(SIZE)).unwrap();
    let proxy = Server::start(Script::new().proxy()).unwrap();
    // Both have the same name; only the origin's port has an override, and it leads nowhere.
    let named = |server: &Server, path: &str| server.url(path).replace("127.0.0.1", "localhost");
    let nowhere: Override = format!("localhost:{}:255.255.255.255", origin.addr().port()).parse().unwrap();
    let options = Options {
        proxy: Proxy::At(named(&proxy, "/").parse().unwrap()),
        overrides: vec![nowhere],
        ..options(retries(0))
    };
    let wanted = wanted(&[named(&origin, PATH).parse().unwrap()], &Memory::default());
    let run = fetch(&Client::new(options), wanted, Memory::default()).await;
    run.assert_brought(&content(SIZE));
    assert_eq!(requests(&origin).len(), 1);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_refused() {
    let origin = Server::start(script(SIZE)).unwrap();
    let gone = Server::start(Script::new()).unwrap();
    let options = through(options(retries(0)), &gone);
    drop(gone);
    let run = run(&origin, options, Memory::default()).await;
    assert!(matches!(run.fault(0), Some(Fault::Refused | Fault::Tunnel(_))), "{:?}", run.log);
    assert!(!run.log[0].reached());
}

const CHILD: &str = "TOWLINE_TEST_URL";

/// Only as a child of the next test, which gives it an environment.
#[tokio::test]
#[ignore = "runs as a child"]
async fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let options = Options { proxy: Proxy::Environment, ..options(retries(0)) };
    let run =
        fetch(&Client::new(options), wanted(&[url.parse().unwrap()], &Memory::default()), Memory::default()).await;
    run.assert_brought(&content(SIZE));
}

#[test]
fn the_environment_is_obeyed() {
    let proxied = |name: &str, no_proxy: Option<&str>| {
        let origin = Server::start(script(SIZE)).unwrap();
        let proxy = Server::start(Script::new().proxy()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "proxies::child", "--ignored"]).env_clear();
        child.env(CHILD, origin.url(PATH)).env(name, proxy.url("/"));
        no_proxy.map(|hosts| child.env("NO_PROXY", hosts));
        let out = child.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
        assert_eq!(requests(&origin).len(), 1);
        proxy.journal().iter().filter(|entry| entry.kind == Kind::Request).count()
    };
    assert_eq!(proxied("HTTP_PROXY", None), 1);
    assert_eq!(proxied("http_proxy", None), 1);
    assert_eq!(proxied("ALL_PROXY", None), 1);
    assert_eq!(proxied("HTTPS_PROXY", None), 0);
    assert_eq!(proxied("HTTP_PROXY", Some("localhost,127.0.0.1")), 0);
}
