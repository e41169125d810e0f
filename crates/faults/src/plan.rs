//! From an answer and the actions of a rule to the plan of a response: how it is framed, where it is held
//! up or cut, how fast it goes and what follows. Pure: whoever carries it out decides nothing.

use crate::action::{Action, H2Code};
use crate::answer::{Answer, Body};
use crate::measure::{At, Hold};
use crate::request::Request;

/// Everything about one response.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) before: Vec<Hold>,
    pub(crate) opening: Opening,
    pub(crate) http10: bool,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) body: Body,
    /// In order of their place.
    pub(crate) events: Vec<Event>,
    /// Offsets in the body of bytes to flip.
    pub(crate) flips: Vec<u64>,
    pub(crate) speed: Speed,
    pub(crate) after: After,
}

/// How the response begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Opening {
    Head,
    /// Only so many bytes of the head.
    HeadUpTo(usize, Cut),
    Nothing(Cut),
    Garbage(Vec<u8>),
    Outage(f64),
    /// HTTP/2 only.
    RefuseStream,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Rst,
    Fin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    Close,
}

/// Something that happens when so many bytes of the body are out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) at: u64,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    Stall(Hold),
    Cut(Cut),
    BadChunk,
    LastChunk,
    H2Reset(H2Code),
    H2GoAway(H2Code),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Speed {
    /// Bytes a second.
    pub(crate) pace: Option<u64>,
    /// Bytes a second, shared.
    pub(crate) shared: Option<u64>,
    /// Bytes and milliseconds.
    pub(crate) dribble: Option<(usize, u64)>,
    pub(crate) send_buffer: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum After {
    /// Wait for the next request.
    KeepAlive,
    /// Close; the response was whole.
    Close,
    /// Close; the response was short of what it announced.
    CloseShort,
    IdleFin(f64),
    IdleRst(f64),
}

/// Plans a response.
pub(crate) fn plan(request: &Request, answer: Answer, actions: &[Action]) -> Plan {
    let Answer { status, headers, body, from, size } = answer;
    let framing = framing(request, actions);
    let mut plan = Plan {
        before: Vec::new(),
        opening: Opening::Head,
        http10: actions.contains(&Action::Http10),
        status,
        headers,
        framing,
        events: Vec::new(),
        flips: Vec::new(),
        speed: Speed::default(),
        after: if request.keep_alive() { After::KeepAlive } else { After::Close },
        body,
    };
    let len = plan.body.len();
    for action in actions {
        plan.open(action);
        plan.hasten(action);
        plan.wind_up(action);
        plan.mark(action, from, len, size);
    }
    plan.events.sort_by_key(|event| event.at);
    plan.announce(len, actions);
    if request.is_head() || matches!(status, 100..200 | 204 | 304) {
        plan.body = Body::default();
        plan.events.clear();
    }
    plan
}

fn framing(request: &Request, actions: &[Action]) -> Framing {
    let chunked = |a: &Action| matches!(a, Action::Chunked | Action::MalformedChunk(_) | Action::EndChunksAt(_));
    if actions.contains(&Action::CloseDelimited) {
        Framing::Close
    } else if actions.iter().any(chunked) {
        if request.version == "HTTP/1.0" { Framing::Close } else { Framing::Chunked }
    } else {
        Framing::Length
    }
}

impl Plan {
    fn open(&mut self, action: &Action) {
        self.opening = match action {
            Action::StallBeforeHead(hold) => {
                self.before.push(*hold);
                return;
            }
            Action::RstBeforeHead => Opening::Nothing(Cut::Rst),
            Action::FinBeforeHead => Opening::Nothing(Cut::Fin),
            Action::RstInHead(n) => Opening::HeadUpTo(*n, Cut::Rst),
            Action::FinInHead(n) => Opening::HeadUpTo(*n, Cut::Fin),
            Action::Garbage(text) => Opening::Garbage(text.clone().into_bytes()),
            Action::Outage(seconds) => Opening::Outage(*seconds),
            Action::H2Refuse => Opening::RefuseStream,
            _ => return,
        };
    }

    fn hasten(&mut self, action: &Action) {
        match action {
            Action::Pace(rate) => {
                self.speed.pace = Some((*rate).max(1));
                self.speed.send_buffer.get_or_insert(PACED_SEND_BUFFER);
            }
            Action::SharedPace(rate) => {
                self.speed.shared = Some((*rate).max(1));
                self.speed.send_buffer.get_or_insert(PACED_SEND_BUFFER);
            }
            Action::Dribble { bytes, every_ms } => self.speed.dribble = Some(((*bytes).max(1), *every_ms)),
            Action::SendBuffer(bytes) => self.speed.send_buffer = Some(*bytes),
            _ => {}
        }
    }

    fn wind_up(&mut self, action: &Action) {
        self.after = match action {
            Action::Close | Action::Http10 | Action::CloseDelimited => After::Close,
            Action::IdleFin(s) => After::IdleFin(*s),
            Action::IdleRst(s) => After::IdleRst(*s),
            Action::LengthOff(_) | Action::ContentLength(_) => After::CloseShort,
            _ => return,
        };
    }

    /// Enters what happens in the middle of the body.
    fn mark(&mut self, action: &Action, from: u64, len: u64, size: u64) {
        let place = |at: At| at.in_body(from, len, size);
        let lossy = |at: At| Some(at.length(size)).filter(|n| *n < len);
        let (at, what) = match action {
            Action::RstAt(at) => (place(*at), What::Cut(Cut::Rst)),
            Action::FinAt(at) => (place(*at), What::Cut(Cut::Fin)),
            Action::Every(at) => (lossy(*at), What::Cut(Cut::Rst)),
            Action::EveryFin(at) => (lossy(*at), What::Cut(Cut::Fin)),
            Action::StallAt { at, hold } => (place(*at), What::Stall(*hold)),
            Action::MalformedChunk(at) if self.framing == Framing::Chunked => (place(*at), What::BadChunk),
            Action::EndChunksAt(at) if self.framing == Framing::Chunked => (place(*at), What::LastChunk),
            Action::H2Reset { at, code } => (place(*at), What::H2Reset(*code)),
            Action::H2GoAway { at, code } => (place(*at), What::H2GoAway(*code)),
            Action::Corrupt(at) => {
                self.flips.extend(place(*at).filter(|n| *n < len));
                return;
            }
            _ => return,
        };
        self.events.extend(at.map(|at| Event { at, what }));
    }

    /// Adds the headers that frame the body.
    fn announce(&mut self, len: u64, actions: &[Action]) {
        let mut length = len.to_string();
        for action in actions {
            match action {
                Action::LengthOff(by) => length = len.saturating_add_signed(*by).to_string(),
                Action::ContentLength(text) => length.clone_from(text),
                _ => {}
            }
        }
        let given = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let framing = match self.framing {
            _ if matches!(self.status, 100..200 | 204 | 304) => None,
            Framing::Length if !given("content-length") => Some(("Content-Length", length)),
            Framing::Chunked => Some(("Transfer-Encoding", "chunked".to_owned())),
            Framing::Length | Framing::Close => None,
        };
        let closing = matches!(self.after, After::Close) && !given("connection");
        self.headers.extend(framing.map(|(name, value)| (name.to_owned(), value)));
        if closing {
            self.headers.push(("Connection".to_owned(), "close".to_owned()));
        }
    }

    /// The head as HTTP/1.1 has it.
    pub(crate) fn head(&self) -> Vec<u8> {
        use std::fmt::Write;
        let version = if self.http10 { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut text = format!("{version} {} {}\r\n", self.status, crate::answer::reason(self.status));
        for (name, value) in &self.headers {
            // Writing to a String cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// Reads the body from `offset` on, with the flips.
    pub(crate) fn read_at(&self, offset: u64, buf: &mut [u8]) -> usize {
        let read = self.body.read_at(offset, buf);
        for flip in &self.flips {
            let hit = flip.checked_sub(offset).and_then(|i| usize::try_from(i).ok());
            if let Some(byte) = hit.filter(|i| *i < read).and_then(|i| buf.get_mut(i)) {
                *byte ^= 0xFF;
            }
        }
        read
    }
}

/// Bytes; small enough that a paced sender is not a quarter of a second ahead of the wire at common rates.
const PACED_SEND_BUFFER: usize = 16 * 1024;
