//! Carries out a plan over HTTP/1. The journal is written first, the socket second: a client that has
//! seen the end of a response finds it in the journal.

use crate::conn::{Conn, Next, Paused};
use crate::journal::{Finish, Ticket};
use crate::measure::{Hold, seconds};
use crate::plan::{After, Cut, Event, Framing, Opening, Plan, What};
use crate::server::State;
use crate::speed::Throttle;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// Sends the response of `plan`.
pub(crate) async fn respond(conn: &mut Conn<'_>, state: &Arc<State>, plan: &Plan, ticket: &Ticket) -> Next {
    let response = Response { conn, state, plan, ticket, out: Vec::new(), out_body: 0, pos: 0 };
    match response.run().await {
        Ok(next) => next,
        Err(Gone(finish)) => {
            ticket.finish(finish);
            Next::Drop
        }
    }
}

/// The client is not there any more, and what that is called.
#[derive(Debug)]
struct Gone(Finish);

struct Response<'a, 'c> {
    conn: &'a mut Conn<'c>,
    state: &'a Arc<State>,
    plan: &'a Plan,
    ticket: &'a Ticket,
    /// Bytes not written yet, and how many of them are body.
    out: Vec<u8>,
    out_body: u64,
    /// Bytes of body read so far.
    pos: u64,
}

impl Response<'_, '_> {
    async fn run(mut self) -> Result<Next, Gone> {
        for hold in &self.plan.before {
            self.hold(*hold).await?;
        }
        match &self.plan.opening {
            Opening::Head => {}
            Opening::Nothing(cut) => return Ok(self.conn.cut(*cut, self.ticket).await),
            Opening::Outage(time) => {
                self.ticket.finish(Finish::Rst);
                self.state.outage(seconds(*time)).await;
                return Ok(self.conn.cut(Cut::Rst, self.ticket).await);
            }
            Opening::HeadUpTo(n, cut) => {
                let head = self.plan.head();
                self.out.extend_from_slice(&head[..head.len().min(*n)]);
                self.write().await?;
                return Ok(self.conn.cut(*cut, self.ticket).await);
            }
            Opening::Garbage(text) => {
                self.out.extend_from_slice(text);
                self.write().await?;
                return Ok(self.conn.cut(Cut::Fin, self.ticket).await);
            }
            // Only HTTP/2 can refuse a stream; here the response is an ordinary one.
            Opening::RefuseStream => {}
        }
        self.out = self.plan.head();
        self.ticket.status(self.plan.status);
        if let Some(next) = self.body().await? {
            return Ok(next);
        }
        self.wind_up().await
    }

    /// Sends head and body; `Some` if the connection has ended in the middle.
    async fn body(&mut self) -> Result<Option<Next>, Gone> {
        let mut throttle = Throttle::new(self.plan.speed, self.state, self.conn.stream.tcp());
        let end = self.plan.body.len();
        let mut events = self.plan.events.iter().peekable();
        loop {
            while let Some(event) = events.next_if(|event| event.at <= self.pos) {
                if let Some(next) = self.happen(*event).await? {
                    return Ok(Some(next));
                }
            }
            if self.pos == end {
                self.settle();
                self.write().await?;
                return Ok(None);
            }
            let stop = events.peek().map_or(end, |event| event.at);
            let len = throttle.piece(stop - self.pos);
            if !self.read(len) {
                // The disk failed: short, as a broken origin would be.
                self.write().await?;
                return Ok(Some(self.conn.cut(Cut::Fin, self.ticket).await));
            }
            if self.pos == end && events.peek().is_none() {
                self.settle();
            }
            let wrote = self.out_body;
            self.write().await?;
            if let Some(pause) = throttle.after(wrote)
                && self.conn.pause(Some(pause)).await == Paused::Closed
            {
                return Err(Gone(Finish::ClientClosed));
            }
        }
    }

    /// Appends the next `len` bytes of body to what is to be written.
    fn read(&mut self, len: usize) -> bool {
        let chunked = self.plan.framing == Framing::Chunked;
        if chunked {
            self.out.extend_from_slice(format!("{len:x}\r\n").as_bytes());
        }
        let start = self.out.len();
        self.out.resize(start + len, 0);
        let mut done = 0;
        while done < len {
            let read = self.plan.read_at(self.pos + done as u64, &mut self.out[start + done..]);
            if read == 0 {
                self.out.truncate(start);
                return false;
            }
            done += read;
        }
        self.pos += len as u64;
        self.out_body += len as u64;
        self.ticket.add(len as u64);
        if chunked {
            self.out.extend_from_slice(b"\r\n");
        }
        true
    }

    /// Everything is in hand: says so, before it can be seen.
    fn settle(&mut self) {
        if self.plan.framing == Framing::Chunked && !self.out.ends_with(LAST_CHUNK) {
            self.out.extend_from_slice(LAST_CHUNK);
        }
        self.ticket.finish(if self.plan.after == After::CloseShort { Finish::Fin } else { Finish::Complete });
    }

    async fn happen(&mut self, event: Event) -> Result<Option<Next>, Gone> {
        match event.what {
            What::Stall(hold) => {
                self.write().await?;
                self.hold(hold).await?;
                Ok(None)
            }
            What::Cut(cut) => {
                self.ticket.finish(if cut == Cut::Rst { Finish::Rst } else { Finish::Fin });
                self.write().await?;
                Ok(Some(self.conn.cut(cut, self.ticket).await))
            }
            What::BadChunk => {
                self.out.extend_from_slice(b"this is no size\r\n");
                self.ticket.finish(Finish::Fin);
                self.write().await?;
                Ok(Some(self.conn.cut(Cut::Fin, self.ticket).await))
            }
            What::LastChunk => {
                self.settle();
                self.write().await?;
                Ok(Some(self.wind_up().await?))
            }
            What::H2Reset(_) | What::H2GoAway(_) => Ok(None),
        }
    }

    async fn hold(&mut self, hold: Hold) -> Result<(), Gone> {
        if hold == Hold::Forever {
            self.ticket.finish(Finish::Stalled);
        }
        match self.conn.pause(hold.duration()).await {
            Paused::Closed => Err(Gone(Finish::Stalled)),
            Paused::Over | Paused::Data => Ok(()),
        }
    }

    /// Writes what is in hand. Bytes the client did not take are taken back from the journal.
    async fn write(&mut self) -> Result<(), Gone> {
        let mut done = 0;
        while done < self.out.len() {
            match self.conn.stream.write(&self.out[done..]).await {
                Ok(n) if n > 0 => done += n,
                _ => {
                    let lost = (self.out.len() - done) as u64;
                    self.ticket.take_back(lost.min(self.out_body));
                    return Err(Gone(Finish::ClientClosed));
                }
            }
        }
        self.out.clear();
        self.out_body = 0;
        self.conn.stream.flush().await.map_err(|_| Gone(Finish::ClientClosed))
    }

    async fn wind_up(&mut self) -> Result<Next, Gone> {
        let (time, cut) = match self.plan.after {
            After::KeepAlive => return Ok(Next::KeepAlive),
            After::Close => {
                self.conn.stream.close().await;
                return Ok(Next::Drop);
            }
            After::CloseShort => {
                self.conn.stream.cut(Cut::Fin).await;
                return Ok(Next::Drop);
            }
            After::IdleFin(time) => (time, Cut::Fin),
            After::IdleRst(time) => (time, Cut::Rst),
        };
        match self.conn.idle(seconds(time)).await {
            Paused::Data => Ok(Next::KeepAlive),
            Paused::Closed => Ok(Next::Drop),
            Paused::Over => {
                self.conn.stream.cut(cut).await;
                Ok(Next::Drop)
            }
        }
    }
}

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
