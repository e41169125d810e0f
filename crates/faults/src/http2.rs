//! HTTP/2: the same plans, carried out on streams (RFC 9113).

#![expect(clippy::disallowed_methods, reason = "waiting on purpose is what a fault server does")]

use crate::action::H2Code;
use crate::conn::plan_for;
use crate::door::finish_of;
use crate::journal::{Finish, Ticket};
use crate::measure::{Hold, seconds};
use crate::plan::{Cut, Event, Opening, Plan, What};
use crate::request::Request;
use crate::rule::Facts;
use crate::server::State;
use crate::speed::Throttle;
use crate::stream::Stream;
use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, SendStream};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// What a stream asks of its connection.
#[derive(Clone, Copy, Debug)]
enum Order {
    Cut(Cut),
    GoAway(H2Code),
}

/// Serves a connection; how it is to be cut, `None` if it never began.
pub(crate) async fn serve(stream: &mut Stream, state: &Arc<State>, id: u64, peer: SocketAddr) -> Option<Cut> {
    let mut h2: Connection<&mut Stream, Bytes> = h2::server::Builder::new()
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake(stream)
        .await
        .ok()?;
    let (orders, mut ordered) = unbounded_channel();
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = h2.accept() => {
                // Whoever ended it, a last GOAWAY must not be lost to a reset for unread frames.
                let Some(Ok((request, respond))) = accepted else { return Some(Cut::Fin) };
                let exchange = Exchange { state: Arc::clone(state), id, peer, orders: orders.clone() };
                streams.spawn(exchange.run(translate(&request), respond));
            }
            Some(order) = ordered.recv() => {
                settle(&mut h2).await;
                match order {
                    Order::Cut(cut) => return Some(cut),
                    Order::GoAway(code) => h2.abrupt_shutdown(reason(code)),
                }
            }
        }
    }
}

/// Lets frames that are under way go out.
async fn settle(h2: &mut Connection<&mut Stream, Bytes>) {
    let late = async { while h2.accept().await.is_some_and(|stream| stream.is_ok()) {} };
    let _ = tokio::time::timeout(SETTLE, late).await;
}

fn translate(request: &http::Request<h2::RecvStream>) -> Request {
    let uri = request.uri();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    if let Some(authority) = uri.authority() {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Request::new(request.method().as_str(), target, "HTTP/2", headers)
}

struct Exchange {
    state: Arc<State>,
    id: u64,
    peer: SocketAddr,
    orders: UnboundedSender<Order>,
}

/// Why a stream ends before its plan does.
enum End {
    Gone,
    Settled,
}

impl Exchange {
    async fn run(self, request: Request, mut respond: SendResponse<Bytes>) {
        let facts = Facts {
            path: &request.path,
            target: &request.target,
            method: &request.method,
            range: request.header("range"),
            connection: self.id,
            http2: true,
        };
        let actions = self.state.rules().decide(&facts);
        let mut entry = request.entry(self.state.journal.now_ms(), self.id, self.peer.to_string());
        entry.actions.clone_from(&actions);
        let ticket = self.state.journal.open(entry);
        let plan = plan_for(&self.state, &request, &actions);
        if let Err(End::Gone) = self.answer(&plan, &mut respond, &ticket).await {
            ticket.finish(Finish::ClientClosed);
        }
    }

    async fn answer(&self, plan: &Plan, respond: &mut SendResponse<Bytes>, ticket: &Ticket) -> Result<(), End> {
        for hold in &plan.before {
            let left = poll_fn(|cx| respond.poll_reset(cx));
            wait(*hold, ticket, left).await?;
        }
        match &plan.opening {
            Opening::Head => {}
            Opening::RefuseStream => {
                ticket.finish(Finish::Rst);
                respond.send_reset(Reason::REFUSED_STREAM);
                return Ok(());
            }
            Opening::Outage(time) => {
                ticket.finish(Finish::Rst);
                self.state.outage(seconds(*time)).await;
                return Ok(());
            }
            Opening::Nothing(cut) | Opening::HeadUpTo(_, cut) => {
                self.cut(*cut, ticket).await;
                return Ok(());
            }
            Opening::Garbage(_) => {
                self.cut(Cut::Fin, ticket).await;
                return Ok(());
            }
        }
        let end = plan.body.len();
        let bodiless = end == 0 && plan.events.is_empty();
        ticket.status(plan.status);
        if bodiless {
            ticket.finish(Finish::Complete);
        }
        let mut stream = respond.send_response(head(plan), bodiless).map_err(|_| End::Gone)?;
        if bodiless {
            return Ok(());
        }
        self.body(plan, &mut stream, ticket).await
    }

    async fn body(&self, plan: &Plan, stream: &mut SendStream<Bytes>, ticket: &Ticket) -> Result<(), End> {
        let mut throttle = Throttle::unbuffered(plan.speed, &self.state);
        let end = plan.body.len();
        let mut events = plan.events.iter().peekable();
        let mut pos = 0;
        loop {
            while let Some(event) = events.next_if(|event| event.at <= pos) {
                match self.happen(*event, stream, ticket).await {
                    Ok(()) => {}
                    Err(End::Settled) => return Ok(()),
                    Err(End::Gone) => return Err(End::Gone),
                }
            }
            if pos == end {
                ticket.finish(Finish::Complete);
                return stream.send_data(Bytes::new(), true).map_err(|_| End::Gone);
            }
            let stop = events.peek().map_or(end, |event| event.at);
            stream.reserve_capacity(throttle.piece(stop - pos).min(SEND_BUFFER));
            let room = poll_fn(|cx| stream.poll_capacity(cx)).await.and_then(Result::ok).ok_or(End::Gone)?;
            let mut piece = vec![0; room.min(throttle.piece(stop - pos))];
            let read = plan.read_at(pos, &mut piece);
            piece.truncate(read);
            pos += read as u64;
            let last = pos == end && events.peek().is_none();
            ticket.add(read as u64);
            if last {
                ticket.finish(Finish::Complete);
            }
            stream.send_data(Bytes::from(piece), last).map_err(|_| End::Gone)?;
            if last {
                return Ok(());
            }
            if let Some(pause) = throttle.after(read as u64) {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn happen(&self, event: Event, stream: &mut SendStream<Bytes>, ticket: &Ticket) -> Result<(), End> {
        match event.what {
            What::Stall(hold) => return wait(hold, ticket, poll_fn(|cx| stream.poll_reset(cx))).await,
            What::Cut(cut) => self.cut(cut, ticket).await,
            What::LastChunk => {
                ticket.finish(Finish::Complete);
                stream.send_data(Bytes::new(), true).map_err(|_| End::Gone)?;
            }
            What::BadChunk => break_stream(stream, Reason::PROTOCOL_ERROR, ticket).await,
            What::H2Reset(code) => break_stream(stream, reason(code), ticket).await,
            What::H2GoAway(code) => {
                ticket.finish(Finish::Rst);
                if code == H2Code::Http11Required {
                    // The GOAWAY counts the stream as processed; only this tells the client why it ends.
                    break_stream(stream, reason(code), ticket).await;
                }
                self.order(Order::GoAway(code)).await;
            }
        }
        Err(End::Settled)
    }

    async fn cut(&self, cut: Cut, ticket: &Ticket) {
        ticket.finish(finish_of(cut));
        self.order(Order::Cut(cut)).await;
    }

    /// Has the connection do something, and stays: a stream that is dropped takes its queued data along.
    async fn order(&self, order: Order) {
        // The connection is there as long as its streams are.
        let _ = self.orders.send(order);
        tokio::time::sleep(SETTLE * 50).await;
    }
}

/// RST_STREAM, after the data before it has gone out: a reset throws away what is queued.
async fn break_stream(stream: &mut SendStream<Bytes>, reason: Reason, ticket: &Ticket) {
    ticket.finish(Finish::Rst);
    tokio::time::sleep(SETTLE).await;
    stream.send_reset(reason);
}

async fn wait<T>(hold: Hold, ticket: &Ticket, left: impl Future<Output = T>) -> Result<(), End> {
    let time = async {
        match hold.duration() {
            Some(time) => tokio::time::sleep(time).await,
            None => {
                ticket.finish(Finish::Stalled);
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        _ = left => { ticket.finish(Finish::Stalled); Err(End::Settled) }
        () = time => Ok(()),
    }
}

/// The head, without what HTTP/2 has no place for (RFC 9113 section 8.2.2) and what is no header at all.
fn head(plan: &Plan) -> http::Response<()> {
    let mut response = http::Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(plan.status).unwrap_or(http::StatusCode::OK);
    for (name, value) in &plan.headers {
        let known = http::HeaderName::from_bytes(name.as_bytes()).ok().zip(http::HeaderValue::from_str(value).ok());
        if let Some((name, value)) = known
            && name != http::header::CONNECTION
            && name != http::header::TRANSFER_ENCODING
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn reason(code: H2Code) -> Reason {
    match code {
        H2Code::NoError => Reason::NO_ERROR,
        H2Code::ProtocolError => Reason::PROTOCOL_ERROR,
        H2Code::InternalError => Reason::INTERNAL_ERROR,
        H2Code::FlowControlError => Reason::FLOW_CONTROL_ERROR,
        H2Code::RefusedStream => Reason::REFUSED_STREAM,
        H2Code::Cancel => Reason::CANCEL,
        H2Code::EnhanceYourCalm => Reason::ENHANCE_YOUR_CALM,
        H2Code::Http11Required => Reason::HTTP_1_1_REQUIRED,
    }
}

/// How long frames under way are given.
const SETTLE: Duration = Duration::from_millis(20);
const MAX_STREAMS: u32 = 256;
const SEND_BUFFER: usize = 256 * 1024;
