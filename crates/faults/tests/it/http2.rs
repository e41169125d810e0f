//! HTTP/2 streams, over plain TCP with prior knowledge.

use bytes::Bytes;
use h2::Reason;
use towline_faults::{Action, At, Content, File, Finish, H2Code, Rule, Script, Server};

const SIZE: u64 = 1_000_000;

fn server(action: Option<Action>) -> Server {
    let script = Script::new().http2().file(File::generated("/a", SIZE, 1));
    Server::start(match action {
        Some(action) => script.rule(Rule::on("/a").http2(true).act(action)),
        None => script,
    })
    .unwrap()
}

/// Status, body so far, and how it broke.
async fn fetch(server: &Server, range: Option<&str>) -> (Option<u16>, Vec<u8>, Option<h2::Error>) {
    let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    let (mut client, connection) = h2::client::handshake(tcp).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::get(server.url("/a"));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let (response, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
    let mut body = Vec::new();
    let mut response = match response.await {
        Ok(response) => response,
        Err(error) => return (None, body, Some(error)),
    };
    let status = Some(response.status().as_u16());
    while let Some(chunk) = response.body_mut().data().await {
        let chunk: Bytes = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return (status, body, Some(error)),
        };
        body.extend_from_slice(&chunk);
        response.body_mut().flow_control().release_capacity(chunk.len()).unwrap();
    }
    (status, body, None)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn a_whole_file_and_a_range_come() {
    let server = server(None);
    let (status, body, error) = run(fetch(&server, None));
    assert_eq!((status, error.is_none()), (Some(200), true));
    assert!(body == Content::generated(SIZE, 1).to_vec());
    let (status, body, _) = run(fetch(&server, Some("bytes=999990-")));
    assert_eq!((status, body), (Some(206), Content::generated(SIZE, 1).slice(999_990, SIZE)));
    let entry = &server.journal()[0];
    assert_eq!((entry.version.as_str(), entry.bytes, entry.finished), ("HTTP/2", SIZE, Some(Finish::Complete)));
}

#[test]
fn streams_and_connections_break_as_scripted() {
    let half = At::Fraction(0.5);
    let table = [
        (Action::H2Refuse, None, 0, Some(Reason::REFUSED_STREAM)),
        (Action::H2Reset { at: half, code: H2Code::Cancel }, Some(200), SIZE / 2, Some(Reason::CANCEL)),
        (
            Action::H2GoAway { at: half, code: H2Code::Http11Required },
            Some(200),
            SIZE / 2,
            Some(Reason::HTTP_1_1_REQUIRED),
        ),
        (Action::H2GoAway { at: half, code: H2Code::NoError }, Some(200), SIZE / 2, None),
        (Action::RstAt(half), Some(200), SIZE / 2, None),
        (Action::FinAt(half), Some(200), SIZE / 2, None),
        (Action::RstBeforeHead, None, 0, None),
    ];
    for (action, status, bytes, reason) in table {
        let server = server(Some(action.clone()));
        let (got, body, error) = run(fetch(&server, None));
        let error = error.unwrap_or_else(|| panic!("{action:?} did not break"));
        assert_eq!((got, body.len() as u64), (status, bytes), "{action:?}");
        assert_eq!(error.reason(), reason, "{action:?}: {error}");
        let entry = &server.journal()[0];
        assert_eq!((entry.bytes, entry.finished.is_some()), (bytes, true), "{action:?}");
        assert_ne!(entry.finished, Some(Finish::Complete), "{action:?}");
    }
}
