//! The order of events: one artifact's journey.
//!
//! ```text
//!           ┌──────────────── settle (log, budget, wait) ◀───────────────────────────────────┐
//!           ▼                                                                                 │
//!   Idle ─ Send ─▶ Asking ─ head ─▶ Reading ─ place/compared/appended ─▶ Over(fault) ─────────┤
//!    ▲                │                │                                                      │
//!    │                └─ fault ────────┴─ end, or the last byte ─▶ Whole ─ Verify ─▶ mismatch ┘
//!    └─ Wait, Cut                                                    └─▶ Right ─▶ Done
//! ```

mod denial;
mod settle;

use std::time::Duration;

use crate::attempt::{Attempt, Hop};
use crate::body::Body;
use crate::failure::{Cause, Failure};
use crate::fault::{Fault, Misfit, Verdict, classify};
use crate::head::{Framing, Head};
use crate::passes::Passes;
use crate::policy::Policy;
use crate::rounds::Rounds;
use crate::splice::{Known, Place, Splice, splice};
use crate::step::{Held, Piece, Step, Want};
use crate::validator::Validator;

#[derive(Debug, Clone)]
enum Phase {
    /// Between attempts.
    Idle,
    /// A request is under way.
    Asking,
    /// A body is being read.
    Reading(Body),
    /// The attempt has ended and is not settled yet.
    Over(Fault),
    /// All bytes that were announced are held. `proven`: a cut cannot look like this end.
    Whole {
        proven: bool,
    },
    /// The digest is the one wanted.
    Right,
    Failed(Failure),
    Done,
}

/// What is remembered of a URL.
#[derive(Debug, Clone, Default)]
struct Memory {
    /// The strong validator of the bytes it brought.
    validator: Option<Validator>,
    /// Its validators change although its bytes do not: none is used any more.
    fickle: bool,
    /// Contradictions since it last brought a byte.
    contradictions: u8,
    /// The next request has no `Range`.
    no_range: bool,
}

/// What the answer being read says about the bytes held, once one of its bytes is appended to them.
#[derive(Debug, Clone)]
struct Word {
    validator: Option<Validator>,
    /// It is a 206: of the bytes before it, it says nothing new.
    part: bool,
}

/// The state machine. See the module's picture for the order of calls.
#[derive(Debug, Clone)]
pub struct Transfer {
    policy: Policy,
    want: Want,
    rounds: Rounds,
    passes: Passes,
    memory: Vec<Memory>,
    phase: Phase,
    /// Bytes held.
    held: u64,
    /// The size, once known; a learned one binds only while bytes are held.
    size: Option<u64>,
    /// Taken when the first byte of the answer being read is appended.
    word: Option<Word>,
    /// The request had an `If-Range`.
    if_range: bool,
    /// Its validator came from another URL.
    lent: Option<Validator>,
    /// Furthest end the spool ever had; the same at the last refill, and when the attempt began.
    furthest: u64,
    mark: u64,
    before: u64,
    /// Attempts since the last refill.
    since_refill: usize,
    /// The one restart of 4.10 is used up.
    restarted: bool,
    /// The end, proven by nothing, beyond which it was asked for more (4.9).
    probed: Option<u64>,
    /// The last fault killed a connection that others shared.
    shared: bool,
    must_cut: Option<u64>,
    log: Vec<Attempt>,
}

impl Transfer {
    /// Begins a transfer over `want`, with what an earlier run left.
    #[must_use]
    pub fn new(policy: Policy, want: Want, held: Held) -> Self {
        let size = want.size.or(held.size);
        let mut memory = vec![Memory::default(); want.origins.len()];
        if let Some((url, validator)) = held.validator
            && let Some(memory) = memory.get_mut(url)
        {
            memory.validator = Some(validator);
        }
        // Without a digest the origin has to say that they are still the file's.
        let whole = want.digest && held.len > 0 && size == Some(held.len);
        Self {
            rounds: Rounds::new(&want.origins),
            passes: Passes::new(want.origins.len(), held.len > 0),
            memory,
            phase: if whole { Phase::Whole { proven: true } } else { Phase::Idle },
            held: held.len,
            size,
            word: None,
            if_range: false,
            lent: None,
            furthest: held.len,
            mark: held.len,
            before: held.len,
            since_refill: 0,
            restarted: false,
            probed: None,
            shared: false,
            must_cut: size.is_some_and(|size| held.len > size).then_some(0),
            log: Vec::new(),
            policy,
            want,
        }
    }

    /// The attempts so far; the last one may still be under way.
    #[must_use]
    pub fn log(&self) -> &[Attempt] {
        &self.log
    }

    /// Bytes held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The size, if known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The validator of the bytes held and the URL that gave it, to be kept for a next run.
    #[must_use]
    pub fn vouched(&self) -> Option<(usize, &Validator)> {
        self.memory.iter().enumerate().find_map(|(url, memory)| Some((url, memory.validator.as_ref()?)))
    }

    /// Tells that a URL's origin cools until `until`.
    pub fn cool(&mut self, url: usize, until: Duration) {
        self.rounds.cool(url, until);
    }

    /// Until when a URL cools; zero if it never did.
    #[must_use]
    pub fn cools_until(&self, url: usize) -> Duration {
        self.rounds.cools_until(url)
    }

    /// The next step at time `now` since the transfer's start. `jitter` is drawn anew from 0 to 1 for each call.
    pub fn next(&mut self, now: Duration, jitter: f64) -> Step {
        if let Some(at) = self.must_cut.take() {
            let shorter = at < self.held;
            self.cut(at);
            if shorter {
                return Step::Cut(at);
            }
        }
        match &self.phase {
            Phase::Idle => self.choose(now),
            Phase::Over(fault) => {
                let fault = fault.clone();
                self.settle(Some(fault), now, jitter);
                self.next(now, jitter)
            }
            Phase::Whole { .. } if self.want.digest => Step::Verify,
            Phase::Whole { proven: false } => {
                self.probed = Some(self.held);
                self.settle(None, now, jitter);
                self.choose(now)
            }
            Phase::Whole { proven: true } | Phase::Right => self.finish(now),
            Phase::Failed(failure) => Step::Fail(failure.clone()),
            Phase::Done => Step::Done,
            // Asked in the middle of an attempt: as if that had been given up.
            Phase::Asking | Phase::Reading(_) => {
                self.fault(Fault::Closed);
                self.next(now, jitter)
            }
        }
    }

    /// Takes one request of the attempt into the log, before its answer is known.
    pub fn hop(&mut self, hop: Hop) {
        if let Some(attempt) = self.log.last_mut() {
            attempt.hops.push(hop);
        }
    }

    /// Notes the status of the last request's answer.
    pub fn answered(&mut self, status: u16) {
        if let Some(hop) = self.log.last_mut().and_then(|attempt| attempt.hops.last_mut()) {
            hop.status = Some(status);
        }
    }

    /// Notes what the final answer said in words about why it brings no bytes (RFC 9457).
    pub fn note(&mut self, note: String) {
        if let Some(attempt) = self.log.last_mut() {
            attempt.note = Some(note);
        }
    }

    /// Takes the head of the final answer. After it [`Transfer::place`] tells what to do with the body.
    pub fn head(&mut self, head: &Head) {
        let (Some(url), Phase::Asking) = (self.url(), &self.phase) else { return };
        let memory = &self.memory[url];
        // A tag that was lent only counts for a range, and only if the answer repeats it.
        let lent = self.lent.as_ref().filter(|_| head.status == 206);
        let validator = memory.validator.as_ref().or(lent).filter(|_| !self.want.digest);
        let if_range = self.if_range && self.lent.is_none();
        let (size, digest, page) = (self.known_size(), self.want.digest, self.want.page);
        let known = Known { held: self.held, size, validator, digest, page, if_range };
        self.word = Some(Word { validator: head.validator.clone(), part: head.status == 206 });
        let spliced = match splice(known, head) {
            // No proof from a URL that has not brought a byte.
            Splice::Complete if self.lent.is_some() && !digest => {
                Splice::Fault(Fault::Misfit(Misfit::Unvouched { first: self.held, total: None }))
            }
            spliced => spliced,
        };
        self.phase = match spliced {
            // A page is what it is now. Of a file, only the second answer that denies the bytes held replaces them, from the
            // first difference on.
            Splice::Body(place) => {
                let denied = self.want.page || memory.contradictions > 0;
                let may_cut = head.status == 200 && denied && self.may_restart() && self.gives_up_bytes();
                Phase::Reading(self.read(place, may_cut, head.status == 206))
            }
            Splice::Complete => {
                self.size = Some(self.held);
                Phase::Whole { proven: true }
            }
            Splice::Fault(fault) => self.refuse(url, fault, head),
        };
        self.check_whole();
    }

    /// What to do with the next `len` bytes of the body.
    #[must_use]
    pub fn place(&self, len: usize) -> Piece {
        match &self.phase {
            Phase::Reading(body) => body.place(len, self.held),
            _ => Piece::Stop,
        }
    }

    /// Takes the outcome of [`Piece::Compare`]: `None` if all `len` bytes were equal, else the index of the first that
    /// differs.
    pub fn compared(&mut self, len: usize, differs: Option<usize>) {
        let Phase::Reading(body) = &mut self.phase else { return };
        let outcome = body.compared(len, differs);
        if let Some(attempt) = self.log.last_mut() {
            attempt.reread = attempt.reread.saturating_add(differs.unwrap_or(len) as u64);
        }
        match outcome {
            Ok(()) => self.check_whole(),
            Err(fault) => self.fault(fault),
        }
    }

    /// Takes the outcome of [`Piece::Append`].
    pub fn appended(&mut self, len: usize) {
        let Phase::Reading(body) = &mut self.phase else { return };
        body.at = body.at.saturating_add(len as u64);
        // From here on the bytes held are this answer's, and so is the size.
        self.size = self.want.size.or(body.size());
        self.held = self.held.saturating_add(len as u64);
        self.furthest = self.furthest.max(self.held);
        if let Some(url) = self.url() {
            self.trust(url);
            self.passes.brought(url);
            if self.passes.single {
                self.rounds.restrict(Some(url));
            }
        }
        self.check_whole();
    }

    /// Takes the outcome of [`Piece::Cut`].
    pub fn cut(&mut self, at: u64) {
        self.held = self.held.min(at);
        if self.held == 0 {
            self.passes.emptied();
            self.rounds.restrict(None);
        }
        self.memory.iter_mut().for_each(|memory| memory.validator = None);
        if let Phase::Reading(body) = &mut self.phase {
            (body.cut, body.least) = (None, None);
            self.restarted = true;
            self.size = self.want.size.or(body.size);
            if let Some(url) = self.url() {
                // It has really changed, so its new validator counts.
                self.memory[url].fickle = false;
                self.trust(url);
            }
        }
    }

    /// The body came to a clean end.
    pub fn end(&mut self, framing: Framing) {
        let held = self.held;
        let began_with = self.log.last().map_or(0, |attempt| attempt.from);
        let Phase::Reading(body) = &mut self.phase else { return };
        if let Err(fault) = body.ended(held, framing) {
            return self.fault(fault);
        }
        if framing == Framing::Close && held == 0 && !self.want.digest {
            return self.fault(Fault::Closed);
        }
        // Two answers that end at the same place prove it.
        let agreed = self.probed == Some(held) && body.at == held && held == began_with;
        self.must_cut = body.cut;
        self.size = self.want.size.or(body.size());
        self.restarted |= self.must_cut.is_some();
        self.phase = Phase::Whole { proven: framing == Framing::Told || agreed || self.size.is_some() };
    }

    /// The attempt failed. Only the first call counts: the first cause wins. A fault of the local disk ends the transfer
    /// at any time.
    pub fn fault(&mut self, fault: Fault) {
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        if classify(&fault, &self.policy) == Verdict::Abort {
            self.give_up(Cause::Disk(fault.to_string()));
            if let Some(attempt) = self.log.last_mut() {
                (attempt.to, attempt.fault) = (self.held, Some(fault));
            }
            return;
        }
        let part = match &self.phase {
            Phase::Asking => false,
            Phase::Reading(body) => body.part,
            _ => return,
        };
        if let (Fault::Contradiction(contradiction), Some(url)) = (&fault, self.url())
            && self.contradict(url, *contradiction, part)
        {
            self.restart();
        }
        if let Some(hop) = self.log.last_mut().and_then(|attempt| attempt.hops.last_mut()) {
            hop.reached &= hop.status.is_some() || fault.reached();
        }
        self.phase = Phase::Over(fault);
    }

    /// Why the attempt under way has ended, before it is settled; `None` while it goes on, or when it brought the last byte.
    #[must_use]
    pub fn ended_by(&self) -> Option<&Fault> {
        match &self.phase {
            Phase::Over(fault) => Some(fault),
            _ => None,
        }
    }

    /// While a body is read: the position of its next byte, and one past its last, if that is known.
    #[must_use]
    pub fn reading(&self) -> Option<(u64, Option<u64>)> {
        match &self.phase {
            Phase::Reading(body) => Some((body.at, body.end)),
            _ => None,
        }
    }

    /// Tells that the fault killed a connection that other transfers shared.
    pub fn shared(&mut self) {
        self.shared = true;
    }

    /// Takes the outcome of [`Step::Verify`]: `None` if the digest is the one wanted, else the digest found.
    pub fn verified(&mut self, mismatch: Option<String>) {
        let Phase::Whole { .. } = self.phase else { return };
        let Some(got) = mismatch else {
            self.phase = Phase::Right;
            return;
        };
        self.phase = Phase::Over(Fault::Mismatch { got: got.clone() });
        if self.size.is_none() && self.probed != Some(self.held) {
            // The end may have been a cut: ask once for more from there (4.9).
            self.probed = Some(self.held);
            return;
        }
        let rounds = &self.rounds;
        if let Some(url) = self.passes.mismatch(got, |url| rounds.has_other(url)) {
            self.rounds.strike(url);
        }
        self.size = self.want.size;
        self.must_cut = Some(0);
    }

    fn url(&self) -> Option<usize> {
        self.log.last().map(|attempt| attempt.url)
    }

    /// A learned size binds while bytes are held; one that a lock vouches for always does.
    fn known_size(&self) -> Option<u64> {
        self.want.size.or_else(|| self.size.filter(|_| self.held > 0))
    }

    fn read(&mut self, place: Place, may_cut: bool, part: bool) -> Body {
        let least = self.known_size();
        if !may_cut {
            self.size = least.or(place.size);
        }
        Body::new(place, self.want.size, least, may_cut, part)
    }

    /// Ends the reading when the last byte of the file, or of the answer, is there.
    fn check_whole(&mut self) {
        let Phase::Reading(body) = &self.phase else { return };
        let Some(end) = body.end.filter(|&end| body.at >= end && body.cut.is_none()) else { return };
        let size = self.want.size.or(body.size());
        if size.is_none_or(|size| end < size) {
            self.phase = Phase::Over(Fault::Part { end });
            return;
        }
        // A file that has become shorter: what follows its end goes.
        self.must_cut = (end < self.held).then_some(end);
        self.restarted |= self.must_cut.is_some();
        self.size = size;
        self.phase = Phase::Whole { proven: true };
    }
}
