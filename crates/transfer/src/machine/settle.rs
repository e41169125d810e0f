//! The end of an attempt and the choice of the next one.

use std::time::Duration;

use super::{Phase, Transfer};
use crate::attempt::Attempt;
use crate::failure::{Cause, Failure};
use crate::fault::{Fault, Verdict, classify};
use crate::policy::Policy;
use crate::rounds::{Choice, Outcome};
use crate::step::{Ask, Step};
use crate::validator::Validator;

impl Transfer {
    /// Closes the attempt: log, budget, URL.
    pub(super) fn settle(&mut self, fault: Option<Fault>, now: Duration, jitter: f64) {
        self.phase = Phase::Idle;
        let Some(url) = self.url() else { return };
        let begins_anew = self.want.page && fault.is_some() && !self.is_tagged(url);
        // What is dropped again is no progress.
        let refilled = !begins_anew && self.furthest - self.mark >= Policy::refill(self.size, self.mark);
        let outcome = Outcome {
            url,
            verdict: fault.as_ref().map_or(Verdict::Retry, |fault| classify(fault, &self.policy)),
            refilled,
            resume: Policy::earns_resume(self.size, self.furthest - self.before),
            shared: std::mem::take(&mut self.shared),
        };
        self.close(fault, now, refilled);
        if refilled {
            self.mark = self.furthest;
            self.since_refill = 0;
        }
        self.rounds.settle(outcome, now, jitter, &self.policy);
        if begins_anew {
            self.must_cut = Some(0);
            self.size = self.want.size;
        }
        // A pass that comes from one URL cannot go on with another: it is given up with its URL, and in time where that
        // brings nothing more.
        let silent = self.log.last().is_some_and(|attempt| attempt.from == attempt.to);
        let lost = !self.rounds.is_live(url) || (silent && self.rounds.is_half_spent(&self.policy));
        if self.passes.single && self.held > 0 && lost && self.rounds.has_other(url) {
            self.must_cut = Some(0);
        }
    }

    /// Whether the bytes held have a strong entity tag of this URL.
    fn is_tagged(&self, url: usize) -> bool {
        matches!(self.memory[url].validator, Some(Validator::ETag(_)))
    }

    fn close(&mut self, fault: Option<Fault>, now: Duration, refilled: bool) {
        let Some(attempt) = self.log.last_mut() else { return };
        attempt.to = self.held;
        attempt.took = now.saturating_sub(attempt.began);
        attempt.refilled = refilled;
        attempt.fault = fault;
    }

    /// Chooses what comes between attempts.
    pub(super) fn choose(&mut self, now: Duration) -> Step {
        if self.size.is_none() && self.log.len() >= self.policy.max_blind_attempts {
            return self.give_up(Cause::Blind(self.log.len()));
        }
        let wait = match self.rounds.next(now, &self.policy) {
            Choice::Spent => {
                let (attempts, brought) = (self.since_refill, self.furthest - self.mark);
                return self.give_up(self.mismatch().unwrap_or(Cause::Spent { attempts, brought }));
            }
            Choice::NoUrl => return self.give_up(self.no_url()),
            Choice::Ask(_) => Duration::ZERO,
            Choice::Wait(wait) => wait,
        };
        if let Some(limit) = self.policy.max_time.filter(|&limit| now.saturating_add(wait) >= limit) {
            return self.give_up(Cause::MaxTime(limit));
        }
        if let Choice::Ask(url) = self.rounds.next(now, &self.policy) {
            return Step::Send(self.ask(url, now));
        }
        if let Some(attempt) = self.log.last_mut() {
            attempt.waited = attempt.waited.saturating_add(wait);
        }
        Step::Wait(wait)
    }

    fn ask(&mut self, url: usize, now: Duration) -> Ask {
        self.phase = Phase::Asking;
        self.before = self.furthest;
        self.since_refill += 1;
        self.log.push(Attempt {
            url,
            hops: Vec::new(),
            from: self.held,
            to: self.held,
            reread: 0,
            fault: None,
            note: None,
            began: now,
            took: Duration::ZERO,
            waited: Duration::ZERO,
            refilled: false,
        });
        let whole = std::mem::take(&mut self.memory[url].no_range) || self.held == 0;
        let own = self.memory[url].validator.clone();
        self.lent = if own.is_none() { self.lend(url) } else { None };
        let validator = own.or_else(|| self.lent.clone()).filter(|_| !self.want.digest);
        // Without digest and validator a resume is not trusted: read again and compare. Asking for more than an end that
        // nothing proves brings no bytes that would have to be trusted.
        let probing = self.probed == Some(self.held) && self.size.is_none();
        let vouched = self.want.digest || validator.is_some() || probing;
        let from = (!whole && vouched).then_some(self.held);
        let if_range = from.and(validator);
        self.if_range = if_range.is_some();
        Ask { url, from, if_range }
    }

    /// The entity tag of the bytes held, from another URL of the same bytes: one that answers a range under it has the same
    /// tag. Dates are not lent: mirrors keep them for other content, too.
    fn lend(&self, url: usize) -> Option<Validator> {
        let tags = self.memory.iter().filter_map(|memory| memory.validator.as_ref());
        let tag = tags.into_iter().find(|validator| matches!(validator, Validator::ETag(_)));
        tag.filter(|_| !self.memory[url].fickle).cloned()
    }

    /// All bytes are there and right.
    pub(super) fn finish(&mut self, now: Duration) -> Step {
        let refilled = self.furthest - self.mark >= Policy::refill(self.size, self.mark);
        self.close(None, now, refilled);
        self.phase = Phase::Done;
        Step::Done
    }

    fn no_url(&self) -> Cause {
        self.mismatch().unwrap_or_else(|| {
            let last = self.log.last().and_then(|attempt| attempt.fault.clone());
            Cause::NoUrl(last.unwrap_or_else(|| Fault::Url("no URL was given".to_owned())))
        })
    }

    /// The cause where the last attempt ended with a wrong digest.
    fn mismatch(&self) -> Option<Cause> {
        let Some(Fault::Mismatch { got }) = &self.log.last()?.fault else { return None };
        let passes = &self.passes.got;
        Some(Cause::Mismatch { got: if passes.is_empty() { vec![got.clone()] } else { passes.clone() } })
    }

    pub(super) fn give_up(&mut self, cause: Cause) -> Step {
        let failure = Failure { cause, held: self.held, size: self.size };
        self.phase = Phase::Failed(failure.clone());
        Step::Fail(failure)
    }
}
