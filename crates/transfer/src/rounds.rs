//! Which URL is asked next, after what wait, and when the budget is spent (sections 4.2 to 4.5).

use std::time::Duration;

use crate::fault::Verdict;
use crate::policy::Policy;

/// The budget and the order of the URLs.
#[derive(Debug, Clone)]
pub struct Rounds {
    lanes: Vec<Lane>,
    /// Fruitless rounds in a row.
    fruitless: u32,
    /// Where the search for the next URL begins.
    prefer: usize,
    /// While set, only this URL may be asked.
    only: Option<usize>,
    /// When the next round may begin.
    gate: Duration,
}

#[derive(Debug, Clone)]
struct Lane {
    origin: usize,
    struck: bool,
    asked: bool,
    not_before: Duration,
}

/// How an attempt went, as far as the budget is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// The URL that was asked.
    pub url: usize,
    /// What its fault calls for.
    pub verdict: Verdict,
    /// It refilled the budget.
    pub refilled: bool,
    /// It earned an immediate resume.
    pub resume: bool,
    /// It died with a connection that other transfers shared.
    pub shared: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Ask this URL.
    Ask(usize),
    /// Not before this time has passed.
    Wait(Duration),
    /// The budget is spent.
    Spent,
    /// Every URL is struck off.
    NoUrl,
}

impl Rounds {
    /// One lane for each URL, given by the number of its origin.
    #[must_use]
    pub fn new(origins: &[usize]) -> Self {
        let lane = |&origin| Lane { origin, struck: false, asked: false, not_before: Duration::ZERO };
        Self { lanes: origins.iter().map(lane).collect(), fruitless: 0, prefer: 0, only: None, gate: Duration::ZERO }
    }

    /// Chooses at time `now`.
    #[must_use]
    pub fn next(&self, now: Duration, policy: &Policy) -> Choice {
        if !self.any_live() {
            return Choice::NoUrl;
        }
        if self.fruitless > policy.retries {
            return Choice::Spent;
        }
        let start = now.max(self.gate);
        let open = self.order().filter(|&url| self.open(url));
        let ready = open.clone().find(|&url| self.lanes[url].not_before <= start);
        let until = match ready {
            Some(url) if start <= now => return Choice::Ask(url),
            Some(_) => start,
            None => open.map(|url| self.lanes[url].not_before).min().unwrap_or(start),
        };
        Choice::Wait(until.saturating_sub(now))
    }

    /// Takes an attempt's outcome at time `now`.
    pub fn settle(&mut self, outcome: Outcome, now: Duration, jitter: f64, policy: &Policy) {
        let Outcome { url, verdict, refilled, resume, shared } = outcome;
        match verdict {
            Verdict::StrikeOff | Verdict::Abort => self.strike(url),
            Verdict::RetryAfter { wait, origin } => {
                let until = now.saturating_add(policy.retry_after(wait, jitter));
                let of = self.lanes[url].origin;
                for (at, lane) in self.lanes.iter_mut().enumerate() {
                    if at == url || (origin && lane.origin == of) {
                        lane.not_before = lane.not_before.max(until);
                    }
                }
            }
            Verdict::Retry => {}
        }
        self.lanes[url].asked = true;
        self.prefer = if refilled { url } else { url + 1 };
        if refilled {
            self.fruitless = 0;
        } else if !self.round_is_over(now) {
            return;
        } else {
            self.fruitless = self.fruitless.saturating_add(1);
        }
        self.lanes.iter_mut().for_each(|lane| lane.asked = false);
        let pause = match (resume, shared) {
            (true, true) => policy.spread(jitter),
            (true, false) => Duration::ZERO,
            (false, _) => policy.wait(self.fruitless, jitter),
        };
        // Where everything cools, the origin's own word is the wait; else a mirror that cools must not shorten it.
        let cooled = self.lanes.iter().filter(|lane| !lane.struck).map(|lane| lane.not_before).min();
        self.gate = match cooled {
            Some(until) if until > now => until,
            _ => now.saturating_add(pause),
        };
    }

    /// Lets a URL's origin cool until then, as another transfer has learned.
    pub fn cool(&mut self, url: usize, until: Duration) {
        if let Some(lane) = self.lanes.get_mut(url) {
            lane.not_before = lane.not_before.max(until);
        }
    }

    /// Until when a URL cools; zero if it never did.
    #[must_use]
    pub fn cools_until(&self, url: usize) -> Duration {
        self.lanes.get(url).map_or(Duration::ZERO, |lane| lane.not_before)
    }

    /// Whether more than half of the budget is gone.
    #[must_use]
    pub fn is_half_spent(&self, policy: &Policy) -> bool {
        self.fruitless.saturating_mul(2) > policy.retries
    }

    /// Stops using a URL.
    pub fn strike(&mut self, url: usize) {
        self.lanes[url].struck = true;
        if self.only == Some(url) {
            self.only = None;
        }
    }

    /// Whether a URL is still in use.
    #[must_use]
    pub fn is_live(&self, url: usize) -> bool {
        !self.lanes[url].struck
    }

    /// Whether any URL other than this one is still in use.
    #[must_use]
    pub fn has_other(&self, url: usize) -> bool {
        (0..self.lanes.len()).any(|other| other != url && self.is_live(other))
    }

    /// Restricts the choice to one URL, or lifts that.
    pub fn restrict(&mut self, only: Option<usize>) {
        self.only = only;
    }

    /// Begins the next search here.
    pub fn prefer(&mut self, url: usize) {
        self.prefer = url;
    }

    fn any_live(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.struck)
    }

    fn order(&self) -> impl Iterator<Item = usize> + Clone {
        let count = self.lanes.len();
        (self.prefer..self.prefer + count).map(move |url| url % count)
    }

    fn usable(&self, url: usize) -> bool {
        self.is_live(url) && self.only.is_none_or(|only| only == url)
    }

    fn open(&self, url: usize) -> bool {
        self.usable(url) && !self.lanes[url].asked
    }

    /// Each usable URL was asked; those that cool do not count while another does not cool.
    fn round_is_over(&self, now: Duration) -> bool {
        let usable = || (0..self.lanes.len()).filter(|&url| self.usable(url));
        let cools = |url: usize| self.lanes[url].not_before > now;
        let all_cool = usable().all(cools);
        usable().all(|url| self.lanes[url].asked || (!all_cool && cools(url)))
    }
}
