//! Where a response is cut or held up, and that the journal says the same.

use crate::raw::{Client, End, get};
use std::time::{Duration, Instant};
use towline_faults::{Action, At, Content, File, Finish, Hold, Rule, Script, Server};

const SIZE: u64 = 1_000_000;

fn server(action: Action) -> Server {
    let script = Script::new().file(File::generated("/a", SIZE, 1)).rule(Rule::on("/a").act(action));
    Server::start(script).unwrap()
}

#[test]
fn a_body_ends_where_the_script_says() {
    let range = [("Range", "bytes=400000-")];
    let table: &[(Action, bool, u64, End, Finish)] = &[
        (Action::RstAt(At::Fraction(0.5)), false, 500_000, End::Rst, Finish::Rst),
        (Action::RstAt(At::Byte(0)), false, 0, End::Rst, Finish::Rst),
        (Action::RstAt(At::Byte(1)), false, 1, End::Rst, Finish::Rst),
        (Action::RstAt(At::Byte(999_999)), false, 999_999, End::Rst, Finish::Rst),
        (Action::RstAt(At::File(500_000)), true, 100_000, End::Rst, Finish::Rst),
        (Action::RstAt(At::File(300_000)), true, 600_000, End::Whole, Finish::Complete),
        (Action::RstAt(At::FileFraction(0.7)), true, 300_000, End::Rst, Finish::Rst),
        (Action::FinAt(At::Byte(70_000)), false, 70_000, End::Fin, Finish::Fin),
        (Action::FinAt(At::Fraction(0.5)), true, 300_000, End::Fin, Finish::Fin),
        (Action::Every(At::Fraction(0.05)), true, 50_000, End::Rst, Finish::Rst),
        (Action::Every(At::Byte(1)), false, 1, End::Rst, Finish::Rst),
        (Action::Every(At::Byte(2_000_000)), false, SIZE, End::Whole, Finish::Complete),
        (Action::EveryFin(At::Byte(32_768)), false, 32_768, End::Fin, Finish::Fin),
        (Action::stall_at(At::Fraction(0.25)), false, 250_000, End::Silence, Finish::Stalled),
        (Action::StallAt { at: At::Byte(10), hold: Hold::Seconds(0.02) }, false, SIZE, End::Whole, Finish::Complete),
    ];
    let content = Content::generated(SIZE, 1);
    for (action, ranged, bytes, end, finish) in table {
        let server = server(action.clone());
        let reply = get(server.addr(), "/a", if *ranged { &range } else { &[] });
        let from = if *ranged { 400_000 } else { 0 };
        assert_eq!(reply.end, *end, "{action:?}");
        assert_eq!(reply.body.len() as u64, *bytes, "{action:?}");
        assert_eq!(reply.body, content.slice(from, from + bytes), "{action:?}");
        let journal = server.journal();
        assert_eq!(journal.len(), 1, "{action:?}");
        assert_eq!((journal[0].bytes, journal[0].finished), (*bytes, Some(*finish)), "{action:?}");
    }
}

#[test]
fn a_head_ends_where_the_script_says() {
    let table = [
        (Action::RstBeforeHead, 0, End::Rst, Finish::Rst),
        (Action::FinBeforeHead, 0, End::Fin, Finish::Fin),
        (Action::RstInHead(20), 20, End::Rst, Finish::Rst),
        (Action::FinInHead(20), 20, End::Fin, Finish::Fin),
        (Action::StallBeforeHead(Hold::Forever), 0, End::Silence, Finish::Stalled),
        (Action::Garbage("what?\r\n".to_owned()), 7, End::Fin, Finish::Fin),
    ];
    for (action, bytes, end, finish) in table {
        let server = server(action.clone());
        let reply = get(server.addr(), "/a", &[]);
        assert_eq!((reply.raw.len(), reply.end), (bytes, end), "{action:?}");
        let journal = server.journal();
        assert_eq!((journal[0].status, journal[0].finished), (None, Some(finish)), "{action:?}");
        assert_eq!(journal[0].actions, [action]);
    }
}

#[test]
fn a_reset_loses_none_of_many_bytes() {
    let script = Script::new()
        .file(File::generated("/a", 64 << 20, 1))
        .rule(Rule::on("/a").act(Action::RstAt(At::Byte(20 << 20))));
    let server = Server::start(script).unwrap();
    for _ in 0..5 {
        let reply = get(server.addr(), "/a", &[]);
        assert_eq!((reply.body.len(), reply.end), (20 << 20, End::Rst));
    }
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let server = server(Action::Pace(1000));
    Client::connect(server.addr()).send("GET", "/a", &[]);
    let settled = || server.journal().first().is_some_and(|e| e.finished == Some(Finish::ClientClosed));
    let give_up = Instant::now() + Duration::from_secs(5);
    while !settled() && Instant::now() < give_up {
        std::thread::yield_now();
    }
    assert!(settled(), "{:?}", server.journal());
}

#[test]
fn an_outage_refuses_and_then_serves_again() {
    let script =
        Script::new().file(File::generated("/a", 1000, 1)).rule(Rule::on("/a").nth(2).act(Action::Outage(0.15)));
    let server = Server::start(script).unwrap();
    let mut bystander = Client::connect(server.addr());
    assert_eq!(bystander.request("GET", "/a", &[]).status, 200);
    let start = Instant::now();
    assert_eq!(get(server.addr(), "/a", &[]).end, End::Rst);
    assert_eq!(bystander.end(), End::Rst);
    let mut refused = 0;
    while std::net::TcpStream::connect(server.addr()).is_err() {
        refused += 1;
        std::thread::yield_now();
    }
    let lasted = start.elapsed();
    assert!(refused > 0 && lasted >= Duration::from_millis(140), "{refused} refused in {lasted:?}");
    assert_eq!(get(server.addr(), "/a", &[]).status, 200);
}

#[test]
fn connections_die_at_the_door() {
    for (action, end, finish) in [
        (Action::RstOnAccept, End::Rst, Finish::Rst),
        (Action::FinOnAccept, End::Fin, Finish::Fin),
        (Action::Mute, End::Silence, Finish::Stalled),
    ] {
        let script = Script::new().rule(Rule::any().nth(1).act(action.clone()));
        let server = Server::start(script).unwrap();
        assert_eq!(Client::connect(server.addr()).end(), end, "{action:?}");
        let journal = server.journal();
        assert_eq!(journal[0].kind, towline_faults::Kind::Connection);
        assert_eq!(journal[0].finished, Some(finish), "{action:?}");
        assert_eq!(get(server.addr(), "/none", &[]).status, 404);
    }
}

#[test]
fn speed_is_what_the_script_says() {
    let table = [
        (Action::Pace(1_000_000), 200_000_u64),
        (Action::SharedPace(1_000_000), 200_000),
        (Action::Dribble { bytes: 1000, every_ms: 10 }, 20_000),
    ];
    for (action, size) in table {
        let script = Script::new().file(File::generated("/a", size, 1)).rule(Rule::on("/a").act(action.clone()));
        let server = Server::start(script).unwrap();
        let start = Instant::now();
        let reply = get(server.addr(), "/a", &[]);
        let took = start.elapsed().as_millis();
        assert_eq!(reply.body.len() as u64, size, "{action:?}");
        assert!((150..1500).contains(&took), "{action:?} took {took} ms");
    }
}

#[test]
fn a_refusal_closes_the_port_for_a_while() {
    let script =
        Script::new().file(File::generated("/a", 1000, 1)).rule(Rule::any().connection(1).act(Action::RefuseFor(0.1)));
    let server = Server::start(script).unwrap();
    assert_eq!(Client::connect(server.addr()).end(), End::Rst);
    assert!(std::net::TcpStream::connect(server.addr()).is_err());
    while std::net::TcpStream::connect(server.addr()).is_err() {
        std::thread::yield_now();
    }
    assert_eq!(get(server.addr(), "/a", &[]).status, 200);
}

#[test]
fn a_dropped_server_is_gone() {
    let server = server(Action::stall_at(At::Byte(10)));
    let addr = server.addr();
    let mut client = Client::connect(addr);
    client.send("GET", "/a", &[]);
    drop(server);
    assert!(std::net::TcpStream::connect(addr).is_err());
    assert_ne!(client.reply(false).end, End::Silence);
}
