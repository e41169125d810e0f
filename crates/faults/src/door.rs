//! From an accepted connection to its protocol: faults at the door, TLS, HTTP/2 or HTTP/1.

use crate::action::{Action, TlsFault};
use crate::conn::{self, Conn};
use crate::http2;
use crate::journal::{Entry, Finish};
use crate::measure::seconds;
use crate::plan::Cut;
use crate::server::State;
use crate::stream::{Stream, reset};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Serves one connection from beginning to end.
pub(crate) async fn connection(state: Arc<State>, tcp: TcpStream, peer: SocketAddr, id: u64) {
    let mut kill = state.outages();
    // Only saves delays, and delays are scripted here.
    let _ = tcp.set_nodelay(true);
    let accepted_ms = state.journal.now_ms();
    let actions = state.rules().decide_accept(id);
    let mut entry = Entry::connection(accepted_ms, id, peer.to_string());
    entry.actions.clone_from(&actions);
    let fault = actions.iter().find_map(|action| if let Action::Tls(fault) = action { Some(*fault) } else { None });
    if let Some(action) = actions.iter().find(|action| !matches!(action, Action::Tls(_))) {
        turn_away(&state, tcp, action, entry).await;
        return;
    }
    // Of a future that an outage drops, only the descriptor is needed to reset what it held.
    let mut stream = None;
    tokio::select! {
        () = admit(&state, tcp, fault, entry, &mut stream, (id, peer)) => {}
        _ = kill.changed() => if let Some(stream) = &stream { reset(Stream::tcp(stream)).await },
    }
}

async fn turn_away(state: &State, mut tcp: TcpStream, action: &Action, entry: Entry) {
    let ticket = state.journal.open(entry);
    match action {
        Action::FinOnAccept => ticket.finish(Finish::Fin),
        Action::Mute => {
            ticket.finish(Finish::Stalled);
            silence(&mut tcp).await;
        }
        Action::RefuseFor(time) => {
            state.refuse(seconds(*time)).await;
            ticket.finish(Finish::Rst);
            reset(&tcp).await;
        }
        _ => {
            ticket.finish(Finish::Rst);
            reset(&tcp).await;
        }
    }
}

/// Takes what comes, answers nothing, until the client leaves.
async fn silence(tcp: &mut TcpStream) {
    let mut buf = [0; 4096];
    while tcp.read(&mut buf).await.is_ok_and(|n| n > 0) {}
}

/// Shakes hands and serves. The stream lives in `held`, so that it outlives this future.
async fn admit(
    state: &Arc<State>,
    mut tcp: TcpStream,
    fault: Option<TlsFault>,
    entry: Entry,
    held: &mut Option<Stream>,
    (id, peer): (u64, SocketAddr),
) {
    let mut first = [0];
    let begun = tcp.peek(&mut first).await.is_ok_and(|n| n > 0);
    let stream = match &state.tls {
        // The first byte of a TLS record with a handshake in it (RFC 8446 section 5.1).
        Some(tls) if begun && first[0] == 0x16 => {
            if let Some(fault @ (TlsFault::BreakOff | TlsFault::NeverAnswer)) = fault {
                let ticket = state.journal.open(entry);
                if fault == TlsFault::NeverAnswer {
                    ticket.finish(Finish::Stalled);
                    silence(&mut tcp).await;
                } else {
                    ticket.finish(Finish::Rst);
                    let mut hello = [0; 4096];
                    // Whatever came of the greeting, the answer is the same.
                    let _ = tcp.read(&mut hello).await;
                    reset(&tcp).await;
                }
                return;
            }
            match tls.acceptor(fault).accept(tcp).await {
                Ok(stream) => Stream::Tls(Box::new(stream)),
                Err(_) => return state.journal.open(entry).finish(Finish::ClientClosed),
            }
        }
        _ => Stream::Plain(tcp),
    };
    let http2 = state.http2 && is_http2(&stream, first[0]).await;
    let stream = held.insert(stream);
    if http2 {
        if let Some(cut) = http2::serve(stream, state, id, peer).await {
            stream.cut(cut).await;
        }
    } else {
        let mut conn = Conn { stream, buffer: Vec::new(), id, peer };
        conn::serve(&mut conn, state, entry).await;
    }
}

/// Whether the client chose HTTP/2, by ALPN or by its preface (RFC 9113 section 3.4).
async fn is_http2(stream: &Stream, first: u8) -> bool {
    match stream {
        Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        Stream::Plain(tcp) => {
            let mut start = [0; 4];
            // A preface begins with PRI, and no method that is served here with P and R.
            first == b'P' && tcp.peek(&mut start).await.is_ok_and(|n| start[..n].starts_with(b"PRI"))
        }
    }
}

/// How a connection that was cut ends.
pub(crate) fn finish_of(cut: Cut) -> Finish {
    match cut {
        Cut::Rst => Finish::Rst,
        Cut::Fin => Finish::Fin,
    }
}
