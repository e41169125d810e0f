//! Time limits and the number of attempts at an origin (section 4.7).

use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use towline_client::transfer::{Cause, Fault, Policy};
use towline_client::{Client, Options, clock};
use towline_faults::{Action, At, File, Hold, Rule, Script, Server};

use crate::support::{
    Memory, PATH, Run, content, fetch, options, quick, requests, retries, run, script, trusting, url, wanted,
};

const SIZE: u64 = 12_000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A machine may be so busy that nobody gets a byte through for a while, which *is* a stall: what has to hold is tried up to
/// three times. A wrong rule fails each of them.
async fn in_a_quiet_moment<F: Future<Output = Vec<Run>>>(what: impl Fn() -> F) {
    let mut faults = Vec::new();
    for _ in 0..3 {
        let runs = what().await;
        faults = runs.iter().filter_map(|run| run.fault(0)).cloned().collect();
        if faults.is_empty() {
            return;
        }
    }
    panic!("{faults:?}");
}

#[tokio::test]
async fn a_bottleneck_is_no_stall() {
    // Sixteen through 200 kB/s: each is silent for 0.3 s between its pieces, which is twice the limit.
    let server = Server::start(script(SIZE).rule(Rule::any().act(Action::SharedPace(200_000)))).unwrap();
    in_a_quiet_moment(|| async {
        let client = Client::new(options(Policy { stall_timeout: ms(150), ..retries(0) }));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, wanted) = (client.clone(), wanted(&[url(&server, PATH)], &Memory::default()));
            tasks.spawn(async move { fetch(&client, wanted, Memory::default()).await });
        }
        tasks.join_all().await
    })
    .await;
}

#[tokio::test]
async fn one_that_is_silent_while_others_flow_stalls_after_four_times_as_long() {
    let server = Server::start(
        script(SIZE)
            .file(File::generated("/silent", SIZE, 1))
            .rule(Rule::on("/silent").act(Action::stall_at(At::Fraction(0.5))))
            .rule(Rule::on(PATH).act(Action::Dribble { bytes: 300, every_ms: 10 })),
    )
    .unwrap();
    let client = Client::new(options(Policy { stall_timeout: ms(80), ..retries(0) }));
    let silent = fetch(&client, wanted(&[url(&server, "/silent")], &Memory::default()), Memory::default());
    let flowing = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default());
    let (silent, flowing) = tokio::join!(silent, flowing);
    flowing.assert_brought(&content(SIZE));
    assert!(matches!(silent.fault(0), Some(Fault::Stalled(time)) if *time >= ms(320)), "{:?}", silent.fault(0));
    let alone = fetch(&client, wanted(&[url(&server, "/silent")], &Memory::default()), Memory::default()).await;
    assert!(matches!(alone.fault(0), Some(Fault::Stalled(time)) if *time >= ms(80)), "{:?}", alone.fault(0));
}

#[tokio::test]
async fn a_crawl_ends_the_attempt_and_slow_is_no_crawl() {
    let slow = Rule::any().act(Action::Dribble { bytes: 1, every_ms: 10 });
    let server = Server::start(script(SIZE).rule(slow)).unwrap();
    let policy = Policy { crawl_timeout: ms(100), ..retries(0) };
    let run = run(&server, options(policy), Memory::default()).await;
    assert!(matches!(run.fault(0), Some(Fault::Crawled { bytes: 1..=20, .. })), "{:?}", run.fault(0));
    // 64 KiB in each 0.3 s is fast enough.
    let server = Server::start(script(450_000).rule(Rule::any().act(Action::Pace(1_000_000)))).unwrap();
    let policy = Policy { crawl_timeout: ms(300), ..retries(0) };
    in_a_quiet_moment(|| async {
        let client = Client::new(options(policy.clone()));
        vec![fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await]
    })
    .await;
}

/// The server at the end of a line on which each connection takes this long to come about.
async fn far(server: &Server, delay: Duration) -> u16 {
    let (to, listener) = (server.addr(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                clock::pause(delay).await;
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn the_limit_of_the_answer_counts_from_the_connection() {
    // The handshake waits, not the answer.
    let server = Server::start(script(SIZE).tls()).unwrap();
    let port = far(&server, ms(450)).await;
    let client = Client::new(trusting(&server, Policy { header_timeout: ms(300), ..retries(0) }));
    let wanted = wanted(&[format!("https://127.0.0.1:{port}{PATH}").parse().unwrap()], &Memory::default());
    fetch(&client, wanted, Memory::default()).await.assert_brought(&content(SIZE));
}

#[tokio::test]
async fn connections_of_others_do_not_lengthen_it() {
    let server = Server::start(
        script(SIZE)
            .file(File::generated("/stuck", SIZE, 1))
            .rule(Rule::on("/stuck").act(Action::StallBeforeHead(Hold::Forever))),
    )
    .unwrap();
    let client = Client::new(options(Policy { header_timeout: ms(100), ..retries(0) }));
    let done = std::cell::Cell::new(false);
    let stuck = async {
        let run = fetch(&client, wanted(&[url(&server, "/stuck")], &Memory::default()), Memory::default()).await;
        done.set(true);
        run
    };
    let others = async {
        let began = Instant::now();
        while !done.get() && began.elapsed() < ms(3000) {
            fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default()).await;
        }
        done.get()
    };
    let (stuck, in_time) = tokio::join!(stuck, others);
    assert_eq!(stuck.fault(0), Some(&Fault::HeaderTimeout(ms(100))));
    assert!(in_time, "it waited for as long as others connected");
}

async fn within(limit: Duration, action: Action) -> Run {
    let server = Server::start(script(SIZE).rule(Rule::any().act(action))).unwrap();
    run(&server, options(Policy { max_time: Some(limit), ..quick() }), Memory::of(&content(SIZE))).await
}

#[tokio::test]
async fn the_limit_of_the_whole_ends_whatever_goes_on() {
    let limit = ms(120);
    for action in [
        Action::StallBeforeHead(Hold::Forever),
        Action::stall_at(At::Byte(10)),
        Action::Dribble { bytes: 10, every_ms: 5 },
        Action::Mute,
    ] {
        let run = within(limit, action.clone()).await;
        assert_eq!(*run.cause(), Cause::MaxTime(limit), "{action:?}");
        assert_eq!(run.fault(0), Some(&Fault::OutOfTime(limit)), "{action:?}");
    }
    // Not begun either, when the wait would be too long.
    let began = Instant::now();
    let asked = Rule::any().act(Action::Status(503)).act(Action::RetryAfter(towline_faults::RetryAfter::Seconds(60)));
    let server = Server::start(script(SIZE).rule(asked)).unwrap();
    let run = run(&server, options(Policy { max_time: Some(ms(2000)), ..quick() }), Memory::default()).await;
    assert_eq!(*run.cause(), Cause::MaxTime(ms(2000)));
    assert!(began.elapsed() < ms(2000));
}

#[tokio::test]
async fn absurd_limits_are_none() {
    let longest = Duration::MAX;
    let policy = Policy {
        max_time: Some(longest),
        max_wait: longest,
        connect_timeout: longest,
        header_timeout: longest,
        stall_timeout: longest,
        crawl_timeout: longest,
        ..quick()
    };
    let server = Server::start(script(SIZE)).unwrap();
    run(&server, options(policy.clone()), Memory::default()).await.assert_brought(&content(SIZE));
    let none = Policy {
        connect_timeout: Duration::ZERO,
        header_timeout: Duration::ZERO,
        stall_timeout: Duration::ZERO,
        crawl_timeout: Duration::ZERO,
        ..quick()
    };
    let server = Server::start(script(SIZE)).unwrap();
    run(&server, options(none), Memory::default()).await.assert_brought(&content(SIZE));
    // For ever is waited for, until the caller gives up.
    let asked = Action::RetryAfter(towline_faults::RetryAfter::Raw("99999999999999999999".to_owned()));
    let server = Server::start(script(SIZE).rule(Rule::any().act(Action::Status(503)).act(asked))).unwrap();
    let client = Client::new(options(Policy { max_time: None, ..policy }));
    let forever = fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default());
    assert!(clock::within(ms(100), forever).await.is_none());
}

/// Four slow transfers at once; when the server saw their requests.
async fn four(client: &Client, server: &Server) -> Vec<u64> {
    let one = || fetch(client, wanted(&[url(server, "/slow")], &Memory::default()), Memory::default());
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for run in [a, b, c, d] {
        run.assert_brought(&content(SIZE));
    }
    requests(server).iter().filter(|entry| entry.path == "/slow").map(|entry| entry.time_ms).collect()
}

#[tokio::test]
async fn resets_429_and_stalls_lower_the_attempts_at_an_origin() {
    for action in [Action::RstBeforeHead, Action::Status(429), Action::stall_at(At::Byte(1))] {
        let script = Script::new()
            .file(File::generated(PATH, SIZE, 1))
            .file(File::generated("/slow", SIZE, 1))
            .rule(Rule::on("/slow").act(Action::Pace(200_000)))
            .rule(Rule::on(PATH).nth(1..=3).act(action.clone()));
        let server = Server::start(script).unwrap();
        let policy = Policy { stall_timeout: ms(60), ..retries(8) };
        let client = Client::new(Options { concurrency: 4, ..options(policy) });
        fetch(&client, wanted(&[url(&server, PATH)], &Memory::default()), Memory::default())
            .await
            .assert_brought(&content(SIZE));
        let times = four(&client, &server).await;
        // Each takes 60 ms; only one at a time is let in.
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 40), "{action:?}: {times:?}");
    }
}

#[tokio::test]
async fn concurrency_bounds_the_transfers() {
    let script = Script::new().file(File::generated("/slow", SIZE, 1)).rule(Rule::any().act(Action::Pace(200_000)));
    let server = Server::start(script).unwrap();
    let client = Client::new(Options { concurrency: 1, ..options(quick()) });
    let times = four(&client, &server).await;
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 40), "{times:?}");
}
