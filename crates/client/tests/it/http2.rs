//! HTTP/2: shared connections and their deaths (section 4.13).

use std::time::Duration;

use towline_client::Client;
use towline_client::transfer::Fault;
use towline_faults::{Action, At, File, H2Code, Rule, Script, Server};

use crate::support::{
    Memory, PATH, assert_journal_equals_log, content, fetch, quick, requests, retries, run, script, trusting, url,
    wanted,
};

const SIZE: u64 = 200_000;
const HALF: At = At::Fraction(0.5);

fn secure() -> Script {
    script(SIZE).tls().http2()
}

#[tokio::test]
async fn one_connection_serves_several_transfers() {
    let server = Server::start(secure()).unwrap();
    let client = Client::new(trusting(&server, quick()));
    for _ in 0..3 {
        let sink = Memory::of(&content(SIZE));
        fetch(&client, wanted(&[url(&server, PATH)], &sink), sink).await.assert_brought(&content(SIZE));
    }
    let seen = requests(&server);
    assert!(seen.iter().all(|entry| entry.version == "HTTP/2" && entry.connection == seen[0].connection), "{seen:#?}");
}

#[tokio::test]
async fn an_idle_connection_that_died_is_no_hidden_request() {
    let server = Server::start(secure()).unwrap();
    let client = Client::new(trusting(&server, retries(3)));
    let mut log = Vec::new();
    for _ in 0..3 {
        let run = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
        run.assert_brought(&content(SIZE));
        log.extend(run.log);
        server.outage(Duration::ZERO);
        // The port opens again a moment later.
        while std::net::TcpStream::connect(server.addr()).is_err() {
            tokio::task::yield_now().await;
        }
    }
    let seen = requests(&server);
    assert_eq!(seen.len(), log.iter().flat_map(|attempt| &attempt.hops).filter(|hop| hop.status.is_some()).count());
    assert!(seen.windows(2).all(|pair| pair[0].connection != pair[1].connection));
}

#[tokio::test]
async fn a_stream_that_broke_is_resumed_over_a_new_connection() {
    for action in [
        Action::H2Reset { at: HALF, code: H2Code::Cancel },
        Action::H2GoAway { at: HALF, code: H2Code::InternalError },
        Action::RstAt(HALF),
        Action::FinAt(HALF),
    ] {
        let server = Server::start(secure().rule(Rule::any().nth(1).act(action.clone()))).unwrap();
        let run = run(&server, trusting(&server, quick()), Memory::of(&content(SIZE))).await;
        run.assert_brought(&content(SIZE));
        let seen = requests(&server);
        assert_eq!(seen.len(), 2, "{action:?}");
        assert_ne!(seen[0].connection, seen[1].connection, "{action:?}");
        assert_eq!(seen[1].version, "HTTP/2", "{action:?}: one error is none too many");
    }
}

#[tokio::test]
async fn what_requires_http1_gets_it() {
    let action = Action::H2GoAway { at: HALF, code: H2Code::Http11Required };
    let server = Server::start(secure().rule(Rule::any().http2(true).act(action))).unwrap();
    let run = run(&server, trusting(&server, quick()), Memory::of(&content(SIZE))).await;
    run.assert_brought(&content(SIZE));
    let versions: Vec<_> = requests(&server).into_iter().map(|entry| entry.version).collect();
    assert_eq!(versions, ["HTTP/2", "HTTP/1.1"]);
}

#[tokio::test]
async fn the_second_protocol_error_moves_the_origin_to_http1() {
    for action in [Action::H2Refuse, Action::H2Reset { at: At::Byte(10), code: H2Code::ProtocolError }] {
        let server = Server::start(secure().rule(Rule::any().http2(true).act(action))).unwrap();
        let run = run(&server, trusting(&server, quick()), Memory::of(&content(SIZE))).await;
        run.assert_brought(&content(SIZE));
        let versions: Vec<_> = requests(&server).into_iter().map(|entry| entry.version).collect();
        assert_eq!(versions, ["HTTP/2", "HTTP/2", "HTTP/1.1"]);
    }
}

#[tokio::test]
async fn the_death_of_a_connection_is_one_fault_for_each_transfer() {
    let mut script = Script::new().tls().http2();
    for name in 0..4 {
        script = script.file(File::generated(format!("/{name}"), SIZE, 1));
    }
    // Three go slowly; the connection dies under the fourth.
    let script = script
        .rule(Rule::on("/3").nth(1).act(Action::Pace(400_000)).act(Action::RstAt(HALF)))
        .rule(Rule::any().nth(1).act(Action::Pace(100_000)));
    let server = Server::start(script).unwrap();
    let client = Client::new(trusting(&server, quick()));
    // The connection is there before they begin.
    fetch(&client, wanted(&[url(&server, "/none")], &Memory::default()), Memory::default()).await.result.unwrap_err();
    let one = |name: &str| {
        let sink = Memory::of(&content(SIZE));
        fetch(&client, wanted(&[url(&server, name)], &sink), sink)
    };
    let (a, b, c, d) = tokio::join!(one("/0"), one("/1"), one("/2"), one("/3"));
    let journal = server.journal();
    for (name, run) in [("/0", a), ("/1", b), ("/2", c), ("/3", d)] {
        run.assert_brought(&content(SIZE));
        assert_eq!(run.log.len(), 2, "{name}: {:#?}", run.log);
        assert!(!matches!(run.fault(0), None | Some(Fault::Status { .. })));
        let own: Vec<_> = journal.iter().filter(|entry| entry.path == name).cloned().collect();
        assert_journal_equals_log(&own, &run.log);
    }
}
