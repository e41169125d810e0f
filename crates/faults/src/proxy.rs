//! The server as a forward proxy: CONNECT tunnels and absolute-form requests (RFC 9110 section 9.3.6).

use crate::action::Action;
use crate::conn::{Conn, Next, Paused, find, plan_for};
use crate::journal::{Finish, Ticket};
use crate::measure::{At, Hold};
use crate::plan::{Cut, Opening};
use crate::request::Request;
use crate::respond::respond;
use crate::server::State;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whether a request is for another server and this one forwards.
pub(crate) fn is_for_others(state: &State, request: &Request) -> bool {
    let foreign = request.authority.as_deref().is_some_and(|authority| !state.is_here(authority));
    state.proxy && (request.method == "CONNECT" || foreign)
}

/// Forwards one request, or refuses to.
pub(crate) async fn forward(
    conn: &mut Conn<'_>,
    state: &Arc<State>,
    request: &Request,
    actions: &[Action],
    ticket: &Ticket,
) -> Next {
    let plan = plan_for(state, request, actions);
    let refused = actions.iter().any(|a| matches!(a, Action::Status(_) | Action::Redirect(_) | Action::Body(_)))
        || plan.status == 407;
    if refused || plan.opening != Opening::Head {
        return respond(conn, state, &plan, ticket).await;
    }
    for hold in &plan.before {
        if conn.pause(hold.duration()).await == Paused::Closed {
            ticket.finish(Finish::Stalled);
            return Next::Drop;
        }
    }
    let Some(mut target) = reach(state, request).await else {
        let plan = plan_for(state, request, &[Action::Status(502)]);
        return respond(conn, state, &plan, ticket).await;
    };
    let opened = if request.method == "CONNECT" {
        ticket.status(200);
        conn.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok()
    } else {
        pass_head(conn, &mut target, request, ticket).await
    };
    let end = if opened { tunnel(conn, target, limit(actions), ticket).await } else { Finish::ClientClosed };
    ticket.finish(end);
    Next::Drop
}

async fn reach(state: &State, request: &Request) -> Option<TcpStream> {
    let authority = request.authority.as_deref()?;
    if state.is_here(authority) {
        return TcpStream::connect(state.addr).await.ok();
    }
    let with_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if with_port { authority.to_owned() } else { format!("{authority}:80") };
    TcpStream::connect(place).await.ok()
}

/// Sends the request on and the head of its answer back, with whatever of the body came along.
async fn pass_head(conn: &mut Conn<'_>, target: &mut TcpStream, request: &Request, ticket: &Ticket) -> bool {
    let query = request.query.as_deref().map_or_else(String::new, |q| format!("?{q}"));
    let mut head = format!("{} {}{query} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        let hop = name.to_ascii_lowercase();
        if !hop.starts_with("proxy-") && hop != "connection" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    if target.write_all(head.as_bytes()).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let end = loop {
        if let Some(end) = find(&answer, b"\r\n\r\n") {
            break end + 4;
        }
        match target.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => return false,
        }
    };
    let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1).and_then(|s| s.parse().ok());
    ticket.status(status.unwrap_or(502));
    conn.stream.write_all(&answer).await.is_ok()
}

/// Where and how a tunnel ends early, in bytes towards the client.
#[derive(Clone, Copy, Debug)]
enum Limit {
    None,
    Cut(u64, Cut),
    Stall(u64, Hold),
}

fn limit(actions: &[Action]) -> Limit {
    let limit = actions.iter().find_map(|action| match action {
        Action::RstAt(At::Byte(n)) | Action::Every(At::Byte(n)) => Some(Limit::Cut(*n, Cut::Rst)),
        Action::FinAt(At::Byte(n)) | Action::EveryFin(At::Byte(n)) => Some(Limit::Cut(*n, Cut::Fin)),
        Action::StallAt { at: At::Byte(n), hold } => Some(Limit::Stall(*n, *hold)),
        _ => None,
    });
    limit.unwrap_or(Limit::None)
}

/// Copies both ways until one side or the limit ends it.
async fn tunnel(conn: &mut Conn<'_>, target: TcpStream, limit: Limit, ticket: &Ticket) -> Finish {
    let (mut from_target, mut to_target) = target.into_split();
    let early = std::mem::take(&mut conn.buffer);
    let stop = match limit {
        Limit::None => u64::MAX,
        Limit::Cut(n, _) | Limit::Stall(n, _) => n,
    };
    let (mut from_client, mut to_client) = tokio::io::split(&mut *conn.stream);
    let up = async {
        // A target that does not listen shows in the other direction.
        let _ = to_target.write_all(&early).await;
        let _ = tokio::io::copy(&mut from_client, &mut to_target).await;
        let _ = to_target.shutdown().await;
        std::future::pending::<()>().await;
    };
    let reached = tokio::select! {
        reached = down(&mut from_target, &mut to_client, stop, ticket) => reached,
        () = up => false,
    };
    match limit {
        Limit::Cut(_, cut) if reached => {
            conn.cut(cut, ticket).await;
            crate::door::finish_of(cut)
        }
        Limit::Stall(_, hold) if reached => {
            ticket.finish(Finish::Stalled);
            conn.pause(hold.duration()).await;
            Finish::Stalled
        }
        _ => {
            ticket.finish(Finish::Complete);
            conn.stream.close().await;
            Finish::Complete
        }
    }
}

/// Copies towards the client; whether it got to the limit.
async fn down(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    stop: u64,
    ticket: &Ticket,
) -> bool {
    let mut buf = vec![0; 64 * 1024];
    let mut left = stop;
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let Ok(n @ 1..) = from.read(&mut buf[..room]).await else { return false };
        ticket.add(n as u64);
        left -= n as u64;
        if to.write_all(&buf[..n]).await.is_err() {
            return false;
        }
    }
    true
}
