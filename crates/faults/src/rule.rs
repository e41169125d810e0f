//! When something happens: conditions on requests and connections, and who wins.

use crate::action::Action;
use crate::measure::{Nth, optional_size, seconds};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Instant;

/// Conditions and what to do when all of them hold. The first rule of a script that matches wins.
///
/// `nth` and `every` count, for each path on its own, the requests that satisfy the path, method and range
/// conditions of this rule, whether or not another rule answered them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    nth: Option<Nth>,
    #[serde(default)]
    every: Option<u64>,
    #[serde(default)]
    range: Option<bool>,
    #[serde(default, deserialize_with = "optional_size")]
    range_from: Option<u64>,
    #[serde(default)]
    connection: Option<Nth>,
    #[serde(default)]
    http2: Option<bool>,
    #[serde(default)]
    from_seconds: Option<f64>,
    #[serde(default)]
    to_seconds: Option<f64>,
    #[serde(default)]
    since: Since,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    act: Vec<Action>,
}

/// From when a rule's seconds count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// From the start of the server (or from when the rules were set).
    #[default]
    Start,
    /// From the first request.
    FirstRequest,
}

impl Rule {
    /// A rule for a path, exact or with wildcards (`*` any text, `?` one character); CONNECT: for `host:port`.
    pub fn on(path: impl Into<String>) -> Self {
        Self { on: Some(path.into()), ..Self::default() }
    }

    /// A rule for every request, or for connections if its actions belong to the moment of accepting.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only the nth request for the path, counted from 1: `1`, `2..=3`, `4..`.
    #[must_use]
    pub fn nth(mut self, nth: impl Into<Nth>) -> Self {
        self.nth = Some(nth.into());
        self
    }

    /// Only each `k`th request for the path.
    #[must_use]
    pub fn every(mut self, k: u64) -> Self {
        self.every = Some(k);
        self
    }

    /// Only requests with (`true`) or without (`false`) a Range header.
    #[must_use]
    pub fn range(mut self, present: bool) -> Self {
        self.range = Some(present);
        self
    }

    /// Only requests for a range that starts at `offset` or later.
    #[must_use]
    pub fn range_from(mut self, offset: u64) -> Self {
        self.range_from = Some(offset);
        self
    }

    /// Only on these connections, counted from 1.
    #[must_use]
    pub fn connection(mut self, nth: impl Into<Nth>) -> Self {
        self.connection = Some(nth.into());
        self
    }

    /// Only over HTTP/2 (`true`), or only over HTTP/1 (`false`).
    #[must_use]
    pub fn http2(mut self, yes: bool) -> Self {
        self.http2 = Some(yes);
        self
    }

    /// Only between these seconds.
    #[must_use]
    pub fn between(mut self, from: f64, to: f64, since: Since) -> Self {
        (self.from_seconds, self.to_seconds, self.since) = (Some(from), Some(to), since);
        self
    }

    /// At most so many times in all.
    #[must_use]
    pub fn limit(mut self, times: u64) -> Self {
        self.limit = Some(times);
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn act(mut self, action: Action) -> Self {
        self.act.push(action);
        self
    }

    pub(crate) fn pattern(&self) -> Option<&str> {
        self.on.as_deref()
    }

    fn at_accept(&self) -> bool {
        self.act.iter().any(Action::at_accept)
    }
}

/// What a rule may look at.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) path: &'a str,
    pub(crate) target: &'a str,
    pub(crate) method: &'a str,
    pub(crate) range: Option<&'a str>,
    pub(crate) connection: u64,
    pub(crate) http2: bool,
}

/// The rules in force and what they have counted.
#[derive(Debug)]
pub(crate) struct RuleBook {
    rules: Vec<Counted>,
    start: Instant,
    first_request: Option<Instant>,
}

#[derive(Debug)]
struct Counted {
    rule: Rule,
    pattern: Option<glob::Pattern>,
    seen: HashMap<String, u64>,
    acted: u64,
}

impl RuleBook {
    /// Patterns are checked when a script is made; one that is none matches as plain text.
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        let counted = |rule: Rule| Counted {
            pattern: rule.pattern().and_then(|text| glob::Pattern::new(text).ok()),
            rule,
            seen: HashMap::new(),
            acted: 0,
        };
        Self { rules: rules.into_iter().map(counted).collect(), start: Instant::now(), first_request: None }
    }

    /// What to do with a request.
    pub(crate) fn decide(&mut self, facts: &Facts<'_>) -> Vec<Action> {
        let now = Instant::now();
        let first = *self.first_request.get_or_insert(now);
        let start = self.start;
        let mut winner: Option<&mut Counted> = None;
        for counted in self.rules.iter_mut().filter(|c| !c.rule.at_accept()) {
            // Every rule counts, also those behind the one that wins.
            if counted.count(facts) && winner.is_none() && counted.open(facts.connection, now, start, first) {
                winner = Some(counted);
            }
        }
        winner.map_or_else(Vec::new, Counted::take)
    }

    /// What to do with a connection that has just been accepted.
    pub(crate) fn decide_accept(&mut self, connection: u64) -> Vec<Action> {
        let now = Instant::now();
        let first = self.first_request.unwrap_or(now);
        let start = self.start;
        let mut winner: Option<&mut Counted> = None;
        for counted in self.rules.iter_mut().filter(|c| c.rule.at_accept()) {
            if counted.tick("") && winner.is_none() && counted.open(connection, now, start, first) {
                winner = Some(counted);
            }
        }
        winner.map_or_else(Vec::new, Counted::take)
    }
}

impl Counted {
    /// Whether the request is of the rule's kind and its turn has come.
    fn count(&mut self, facts: &Facts<'_>) -> bool {
        let rule = &self.rule;
        let path = match (&rule.on, &self.pattern) {
            (None, _) => true,
            (Some(text), _) if text == facts.path || text == facts.target => true,
            (Some(_), Some(pattern)) => pattern.matches(facts.path) || pattern.matches(facts.target),
            (Some(_), None) => false,
        };
        let method = rule.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(facts.method));
        let range = rule.range.is_none_or(|wanted| wanted == facts.range.is_some());
        let from = rule.range_from.is_none_or(|least| range_start(facts.range).is_some_and(|start| start >= least));
        let version = rule.http2.is_none_or(|wanted| wanted == facts.http2);
        path && method && range && from && version && self.tick(facts.path)
    }

    fn tick(&mut self, path: &str) -> bool {
        let n = self.seen.entry(path.to_owned()).or_default();
        *n += 1;
        self.rule.nth.is_none_or(|nth| nth.contains(*n)) && self.rule.every.is_none_or(|k| n.is_multiple_of(k))
    }

    fn open(&self, connection: u64, now: Instant, start: Instant, first_request: Instant) -> bool {
        let rule = &self.rule;
        let origin = match rule.since {
            Since::Start => start,
            Since::FirstRequest => first_request,
        };
        let elapsed = now.saturating_duration_since(origin);
        rule.connection.is_none_or(|nth| nth.contains(connection))
            && rule.from_seconds.is_none_or(|from| elapsed >= seconds(from))
            && rule.to_seconds.is_none_or(|to| elapsed < seconds(to))
            && rule.limit.is_none_or(|limit| self.acted < limit)
    }

    fn take(&mut self) -> Vec<Action> {
        self.acted += 1;
        self.rule.act.clone()
    }
}

fn range_start(range: Option<&str>) -> Option<u64> {
    range?.trim().strip_prefix("bytes=")?.split_once('-')?.0.trim().parse().ok()
}
