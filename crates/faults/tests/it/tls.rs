//! Certificates and handshakes, good and bad.

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use towline_faults::{Action, File, Kind, Rule, Script, Server, TlsFault};

fn server(fault: Option<TlsFault>) -> Server {
    let script = Script::new().file(File::generated("/a", 1000, 1)).tls().http2();
    Server::start(match fault {
        Some(fault) => script.rule(Rule::any().act(Action::Tls(fault))),
        None => script,
    })
    .unwrap()
}

fn fetch(server: &Server, host: &str) -> std::io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let tcp = TcpStream::connect(server.addr())?;
    tcp.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), tcp);
    tls.write_all(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_good_certificate_is_good() {
    let server = server(None);
    assert!(server.url("/a").starts_with("https://"));
    for host in ["localhost", "127.0.0.1"] {
        assert!(fetch(&server, host).unwrap().len() > 1000);
    }
    assert_eq!(crate::raw::get(server.addr(), "/a", &[]).status, 200, "plain HTTP on the same port");
}

#[test]
fn bad_handshakes_are_bad() {
    for (fault, says) in [
        (TlsFault::WrongHost, "not valid for name"),
        (TlsFault::SelfSigned, "UnknownIssuer"),
        (TlsFault::Expired, "expired"),
        (TlsFault::BreakOff, "reset"),
        (TlsFault::NeverAnswer, "unavailable"),
    ] {
        let server = server(Some(fault));
        let error = fetch(&server, "localhost").unwrap_err().to_string();
        assert!(error.contains(says), "{fault:?}: {error}");
        assert!(server.journal().iter().all(|entry| entry.kind == Kind::Connection), "{fault:?}");
    }
}
