//! The loop: every request of the program is issued here, and here alone it is waited (section 4.1).
#![expect(clippy::disallowed_methods, reason = "this is the one place where the law is given time")]

mod pieces;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Response, Version};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use towline_transfer::redirect::{self, STATUSES};
use towline_transfer::{Ask, Fault, Framing, Held, Piece, Step, Transfer, Validator, Want};
use url::Url;

use crate::client::{Inner, Outcome, Wanted};
use crate::connecting::Connecting;
use crate::event::Event;
use crate::fault::{Moment, fault_of};
use crate::limit::Permit;
use crate::origin::{Lane, Origin};
use crate::page::Asked;
use crate::problem;
use crate::request;
use crate::sink::Sink;
use crate::watch::Watch;

/// One transfer under way.
pub(crate) struct Drive<'a, S, F> {
    inner: &'a Inner,
    urls: Vec<Url>,
    transfer: Transfer,
    sink: &'a mut S,
    observe: F,
    began: Instant,
    /// Attempts whose end was told.
    told: usize,
    /// The validator that was told last, and that of the answer being read.
    word_told: Option<(usize, Validator)>,
    word: Option<Validator>,
    /// Draws this transfer's part of a wait that others share.
    jitter: f64,
    /// What a page is asked for as, and what is known of it.
    page: Option<Asked>,
    /// The origin of the last request, and how often its addresses had been turned then.
    last: Option<(Arc<Origin>, usize)>,
}

impl<'a, S: Sink, F: FnMut(Event<'_>)> Drive<'a, S, F> {
    pub(crate) fn new(
        inner: &'a Inner,
        wanted: Wanted,
        held: Held,
        page: Option<Asked>,
        sink: &'a mut S,
        observe: F,
    ) -> Self {
        let mut urls = wanted.urls;
        urls.iter_mut().for_each(|url| inner.options.keys.strip(url));
        let names: Vec<_> = urls.iter().map(Url::origin).collect();
        let origins = names.iter().map(|name| names.iter().position(|other| other == name).unwrap_or(0)).collect();
        let want = Want { origins, size: wanted.size, digest: wanted.digest, page: page.is_some() };
        let word_told = held.validator.clone();
        let transfer = Transfer::new(inner.options.policy.clone(), want, held);
        Self {
            inner,
            urls,
            transfer,
            sink,
            observe,
            began: Instant::now(),
            told: 0,
            word_told,
            word: None,
            jitter: fastrand::f64(),
            page,
            last: None,
        }
    }

    /// Carries out the machine's steps until it is done or gives up. Gives back what is known of the page, too.
    pub(crate) async fn run(mut self) -> (Outcome, Option<Asked>) {
        loop {
            self.share_cooling();
            let step = self.transfer.next(self.began.elapsed(), fastrand::f64());
            self.tell(&step);
            let done = match step {
                Step::Send(ask) => {
                    self.attempt(&ask).await;
                    continue;
                }
                Step::Wait(wait) => {
                    sleep(wait).await;
                    continue;
                }
                Step::Cut(at) => {
                    let cut = self.sink.cut(at);
                    self.or_disk(cut);
                    self.word_told = None;
                    (self.observe)(Event::Cut { held: at });
                    continue;
                }
                Step::Verify => {
                    let verified = self.sink.verify().await;
                    if let Some(mismatch) = self.or_disk(verified) {
                        self.transfer.verified(mismatch);
                    }
                    continue;
                }
                Step::Done => Ok(()),
                Step::Fail(failure) => Err(failure),
            };
            let (log, size) = (self.transfer.log().to_vec(), self.transfer.size());
            return (Outcome { result: done, log, size }, self.page);
        }
    }

    /// Origins cool for all transfers of the run.
    fn share_cooling(&mut self) {
        let now = Instant::now();
        for (at, url) in self.urls.iter().enumerate() {
            if let Some(until) =
                self.inner.origins.of(url, &self.inner.options).cools_until().filter(|&until| until > now)
            {
                self.transfer.cool(at, until + self.spread() - self.began);
            }
        }
    }

    /// Transfers that wait for the same moment must not all come back in it.
    fn spread(&self) -> Duration {
        self.inner.options.policy.retry_after_spread.mul_f64(self.jitter)
    }

    /// A place at an origin that does not cool: it may have begun to while this transfer stood in the queue.
    async fn enter(&self, origin: &Origin) -> Permit {
        loop {
            let permit = origin.limit.enter().await;
            match origin.cools_until().map(|until| until + self.spread()).filter(|&until| until > Instant::now()) {
                Some(until) => {
                    drop(permit);
                    sleep_until(until).await;
                }
                None => return permit,
            }
        }
    }

    fn tell(&mut self, step: &Step) {
        let log = self.transfer.log();
        let open = usize::from(matches!(step, Step::Send(_)));
        if !matches!(step, Step::Cut(_) | Step::Verify) {
            for (at, record) in log.iter().enumerate().take(log.len() - open).skip(self.told) {
                (self.observe)(Event::Ended { attempt: at + 1, record });
            }
            self.told = log.len() - open;
        }
        match step {
            Step::Send(ask) => {
                (self.observe)(Event::Began { attempt: log.len(), url: ask.url, held: self.transfer.held() });
            }
            Step::Wait(wait) => (self.observe)(Event::Waiting { wait: *wait }),
            Step::Verify => (self.observe)(Event::Verifying),
            Step::Cut(_) | Step::Done | Step::Fail(_) => {}
        }
    }

    /// One attempt, from the artifact's own URL to the end of a body.
    async fn attempt(&mut self, ask: &Ask) {
        let limit = self.inner.options.policy.max_time;
        let held = self.transfer.held();
        let in_time = match limit.and_then(|limit| self.began.checked_add(limit)) {
            Some(until) => timeout_at(until, self.hops(ask)).await.is_ok(),
            None => {
                self.hops(ask).await;
                true
            }
        };
        if let (false, Some(limit)) = (in_time, limit) {
            self.transfer.fault(Fault::OutOfTime(limit));
        }
        let crawled = matches!(self.transfer.ended_by(), Some(Fault::Crawled { .. }));
        if let Some((origin, turned)) = self.last.take()
            && (self.transfer.held() <= held || crawled)
        {
            origin.resolver.turn(turned);
        }
    }

    /// Follows redirects to an answer that is none, and reads it.
    async fn hops(&mut self, ask: &Ask) {
        let mut url = self.urls[ask.url].clone();
        let mut redirects = 0;
        let mut replayed = false;
        loop {
            let origin = self.inner.origins.of(&url, &self.inner.options);
            let permit = self.enter(&origin).await;
            let lane = match origin.lane() {
                Ok(lane) => lane,
                Err(fault) => return self.transfer.fault(fault),
            };
            self.transfer.hop(request::hop(&url, ask));
            self.last = Some((Arc::clone(&origin), origin.resolver.turned()));
            let secret = self.inner.options.keys.get(&url);
            let request = request::build(&lane.client, &url, ask, self.page.as_ref(), secret.as_ref());
            let response = match self.send(request, &origin, &lane).await {
                Ok(response) => response,
                Err(fault) => {
                    origin.failed(lane.number, &fault);
                    return self.transfer.fault(fault);
                }
            };
            let status = response.status().as_u16();
            self.transfer.answered(status);
            origin.answered(secret.is_some() && (200..400).contains(&status));
            if STATUSES.contains(&status) {
                let to = request::place(&response, &url);
                let scheme = to.as_ref().map(Url::scheme);
                let max = self.inner.options.policy.max_hops;
                if let Err(refused) = redirect::judge(redirects, max, url.scheme(), scheme) {
                    return self.transfer.fault(Fault::Redirect(refused));
                }
                let Some(mut to) = to else { return };
                self.inner.options.keys.strip_redirect(&mut to);
                url = to;
                redirects += 1;
                continue;
            }
            if status == 401 && !replayed && self.inner.options.keys.look_up(&url, secret.as_ref()).await.is_some() {
                replayed = true;
                continue;
            }
            let mut head = request::head(&response);
            head.redirected = redirects > 0;
            head.trusted_credentials = origin.trusts_us();
            let framing = head.framing;
            self.word.clone_from(&head.validator);
            self.transfer.head(&head);
            if let Some(page) = self.page.as_mut().filter(|_| head.status == 200) {
                page.answered(&url, &response, head.coding.as_deref());
            }
            (self.observe)(Event::Answered { size: self.transfer.size() });
            if self.transfer.ended_by().is_some() && problem::explains(&response) {
                self.hear_words(response, &url).await;
            } else {
                self.read(response, framing, &origin).await;
            }
            drop(permit);
            return self.judge_answer(ask, &origin, &lane);
        }
    }

    /// Tells the origin how the answer went.
    fn judge_answer(&self, ask: &Ask, origin: &Origin, lane: &Lane) {
        match self.transfer.ended_by() {
            Some(fault) => {
                origin.failed(lane.number, fault);
                if let Fault::Status { code: 429 | 503, retry_after: Some(wait), .. } = fault
                    && *wait <= self.inner.options.policy.max_wait
                {
                    // Without jitter: each transfer adds its own.
                    let until = later(Instant::now(), *wait);
                    origin.cool(until);
                    self.inner.origins.of(&self.urls[ask.url], &self.inner.options).cool(until);
                }
            }
            None => origin.limit.raise(),
        }
    }

    /// Sends a request and waits for the last header. The limit counts from the time when a connection was there.
    async fn send(&self, request: reqwest::RequestBuilder, origin: &Origin, lane: &Lane) -> Result<Response, Fault> {
        let policy = &self.inner.options.policy;
        let began = Instant::now();
        let moment = Moment::Asking {
            connect_timeout: policy.connect_timeout,
            https: origin.https,
            answered: origin.has_answered(),
        };
        let request = request.build().map_err(|error| fault_of(&error, moment))?;
        let connecting = Arc::new(Connecting::default());
        let work = connecting.during(lane.client.execute(request));
        tokio::pin!(work);
        if policy.header_timeout.is_zero() {
            return work.await.map_err(|error| fault_of(&error, moment));
        }
        let mut until = later(began, policy.header_timeout);
        loop {
            if let Ok(answer) = timeout_at(until, &mut work).await {
                return answer.map_err(|error| fault_of(&error, moment));
            }
            match connecting.since().map(|since| later(since, policy.header_timeout)) {
                Some(later) if later > until => until = later,
                _ => return Err(Fault::HeaderTimeout(policy.header_timeout)),
            }
        }
    }

    /// Takes what a refusal says about itself into the log: a little, and quickly.
    async fn hear_words(&mut self, mut response: Response, url: &Url) {
        let mut document = Vec::new();
        let read = async {
            while let Ok(Some(bytes)) = response.chunk().await {
                let room = problem::MOST_BYTES - document.len();
                document.extend_from_slice(&bytes[..bytes.len().min(room)]);
                if document.len() == problem::MOST_BYTES {
                    return;
                }
            }
        };
        // What came by then may do; a part of a document is none.
        let _ = timeout_at(later(Instant::now(), WORDS_WITHIN), read).await;
        if let Some(words) = problem::words(&document, url) {
            self.transfer.note(words);
        }
    }

    /// Reads a body as far as the machine wants it.
    async fn read(&mut self, mut response: Response, framing: Framing, origin: &Origin) {
        let mut watch = Watch::new(&self.inner.options.policy);
        let shared = response.version() == Version::HTTP_2;
        while self.transfer.place(1) != Piece::Stop {
            let chunk = loop {
                match watch.next(origin) {
                    // The process may have slept, not the origin: what has come by now counts.
                    Err(fault) => match timeout_at(Instant::now(), response.chunk()).await {
                        Ok(chunk) => break chunk,
                        Err(_) => return self.broken(fault, origin, shared),
                    },
                    Ok(None) => break response.chunk().await,
                    Ok(Some(until)) => {
                        if let Ok(chunk) = timeout_at(until, response.chunk()).await {
                            break chunk;
                        }
                    }
                }
            };
            match chunk {
                Ok(Some(bytes)) => {
                    watch.heard(bytes.len());
                    origin.hear();
                    self.place(&bytes);
                }
                Ok(None) => return self.transfer.end(framing),
                Err(error) => {
                    let (at, end) = self.transfer.reading().unwrap_or_else(|| (self.transfer.held(), None));
                    return self.broken(fault_of(&error, Moment::Reading { at, end }), origin, shared);
                }
            }
        }
    }

    fn broken(&mut self, fault: Fault, origin: &Origin, shared: bool) {
        // A shared connection took others with it: they must not all come back at once.
        if shared && origin.limit.active() > 1 {
            self.transfer.shared();
        }
        self.transfer.fault(fault);
    }
}

/// An error document that takes longer is not waited for.
const WORDS_WITHIN: Duration = Duration::from_secs(2);

/// A time limit so far away that it cannot be told is as good as none.
pub(crate) fn later(from: Instant, by: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    from.checked_add(by).unwrap_or_else(|| from + FAR)
}
