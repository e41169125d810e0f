//! A raw client: sends bytes, says what came back and how it ended.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How the reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The announced body is there.
    Whole,
    Fin,
    Rst,
    /// Nothing came for a while.
    Silence,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) raw: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) head: String,
    /// As sent, chunks not taken apart.
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = |l: &'_ str| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)).is_some();
        self.head.lines().find(|l| line(l)).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim())
    }
}

/// One request on a connection of its own.
pub(crate) fn get(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
    Client::connect(addr).request("GET", path, headers)
}

pub(crate) struct Client {
    pub(crate) tcp: TcpStream,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let tcp = TcpStream::connect(addr).unwrap();
        tcp.set_read_timeout(Some(SILENCE)).unwrap();
        Self { tcp }
    }

    pub(crate) fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(method, target, headers);
        self.reply(method == "HEAD")
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        self.tcp.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until the announced end of the body, or whatever comes instead.
    pub(crate) fn reply(&mut self, bodiless: bool) -> Reply {
        let mut raw = Vec::new();
        let mut buf = vec![0; 64 * 1024];
        let end = loop {
            if whole(&raw, bodiless) {
                break End::Whole;
            }
            match self.tcp.read(&mut buf) {
                Ok(0) => break End::Fin,
                Ok(n) => raw.extend_from_slice(&buf[..n]),
                Err(e) if e.kind() == ErrorKind::ConnectionReset => break End::Rst,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break End::Silence,
                Err(e) => panic!("{e}"),
            }
        };
        split(raw, end)
    }

    /// How the connection ends when nothing more is asked.
    pub(crate) fn end(&mut self) -> End {
        let reply = self.reply(false);
        assert!(reply.raw.is_empty(), "unexpected {:?}", reply.head);
        reply.end
    }
}

fn split(raw: Vec<u8>, end: End) -> Reply {
    let at = head_end(&raw).unwrap_or(raw.len());
    let head = String::from_utf8_lossy(&raw[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Reply { status, head, body: raw[at..].to_vec(), raw, end }
}

fn head_end(raw: &[u8]) -> Option<usize> {
    raw.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

fn whole(raw: &[u8], bodiless: bool) -> bool {
    let Some(at) = head_end(raw) else { return false };
    let head = String::from_utf8_lossy(&raw[..at]).to_ascii_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let chunked = head.contains("transfer-encoding: chunked");
    bodiless || length.is_some_and(|n| raw.len() >= at + n) || (chunked && raw.ends_with(b"0\r\n\r\n"))
}

/// Longer than any pause a test scripts and still expects an answer after.
const SILENCE: Duration = Duration::from_millis(400);
