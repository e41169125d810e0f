//! Runs a transfer against a model server and a spool in memory, on a virtual clock.

use std::time::Duration;

use towline_transfer::{Ask, Attempt, Failure, Fault, Framing, Head, Held, Hop, Piece, Policy, Step, Transfer, Want};

/// A body: real bytes, or so many that only their number is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    Blank(u64),
}

impl Body {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Blank(len) => *len,
        }
    }

    pub(crate) fn slice(&self, from: u64, to: u64) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes[from as usize..to as usize].to_vec()),
            Self::Blank(_) => Self::Blank(to - from),
        }
    }

    fn append(&mut self, other: &Self, from: u64, to: u64) {
        match (self, other) {
            (Self::Bytes(ours), Self::Bytes(theirs)) => ours.extend_from_slice(&theirs[from as usize..to as usize]),
            (Self::Blank(len), _) => *len += to - from,
            (Self::Bytes(_), Self::Blank(_)) => panic!("a blank body for a spool of bytes"),
        }
    }

    fn differs(&self, at: u64, other: &Self, from: u64, len: u64) -> Option<usize> {
        let (Self::Bytes(ours), Self::Bytes(theirs)) = (self, other) else { return None };
        let ours = &ours[at as usize..][..len as usize];
        ours.iter().zip(&theirs[from as usize..]).position(|(a, b)| a != b)
    }

    fn cut(&mut self, at: u64) {
        match self {
            Self::Bytes(bytes) => bytes.truncate(at as usize),
            Self::Blank(len) => *len = (*len).min(at),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Blank(_) => panic!("the bytes of a blank body"),
        }
    }
}

/// How an answer's body ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Clean(Framing),
    Broken(Fault),
}

/// What the model server does with one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// A fault before the head; then nothing else counts.
    pub(crate) dead: Option<Fault>,
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) redirected: bool,
    pub(crate) body: Body,
    pub(crate) ending: Ending,
    pub(crate) takes: Duration,
}

/// What is asked for, what is there, and how it is judged.
pub(crate) struct Setup {
    pub(crate) policy: Policy,
    pub(crate) want: Want,
    pub(crate) held: Held,
    pub(crate) spool: Body,
    /// What a digest would accept; with `want.digest` only.
    pub(crate) right: Vec<u8>,
    pub(crate) jitter: Box<dyn FnMut() -> f64>,
    /// Bytes handed to the machine at once.
    pub(crate) chunk: u64,
}

impl Setup {
    pub(crate) fn new(want: Want) -> Self {
        Self {
            policy: Policy::default(),
            want,
            held: Held::nothing(),
            spool: Body::Bytes(Vec::new()),
            right: Vec::new(),
            jitter: Box::new(|| 0.5),
            chunk: u64::MAX,
        }
    }

    pub(crate) fn digest(right: &[u8]) -> Self {
        Self { right: right.to_vec(), ..Self::new(Want { digest: true, ..Want::one() }) }
    }

    pub(crate) fn retries(mut self, retries: u32) -> Self {
        self.policy.retries = retries;
        self
    }

    pub(crate) fn urls(mut self, origins: &[usize]) -> Self {
        self.want.origins = origins.to_vec();
        self
    }

    pub(crate) fn size(mut self, size: usize) -> Self {
        self.want.size = Some(size as u64);
        self
    }

    pub(crate) fn jitter(mut self, jitter: impl FnMut() -> f64 + 'static) -> Self {
        self.jitter = Box::new(jitter);
        self
    }

    pub(crate) fn chunk(mut self, chunk: u64) -> Self {
        self.chunk = chunk;
        self
    }

    /// Bytes of an earlier run.
    pub(crate) fn adopt(mut self, bytes: &[u8], held: Held) -> Self {
        self.held = Held { len: bytes.len() as u64, ..held };
        self.spool = Body::Bytes(bytes.to_vec());
        self
    }

    pub(crate) fn run(self, server: impl FnMut(&Ask, Duration) -> Answer) -> Run {
        let transfer = Transfer::new(self.policy.clone(), self.want.clone(), self.held.clone());
        let run = Run {
            failure: None,
            spool: self.spool.clone(),
            asks: Vec::new(),
            waits: Vec::new(),
            cuts: Vec::new(),
            furthest: Vec::new(),
            verified: 0,
            elapsed: Duration::ZERO,
            received: 0,
            size: None,
            vouched: None,
            log: Vec::new(),
        };
        Driver { setup: self, server, transfer, run, furthest: 0 }.drive()
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) failure: Option<Failure>,
    pub(crate) spool: Body,
    pub(crate) asks: Vec<Ask>,
    /// The waits, each with the number of requests made before it.
    pub(crate) waits: Vec<(usize, Duration)>,
    pub(crate) cuts: Vec<u64>,
    /// After each attempt, the furthest end that the spool ever had.
    pub(crate) furthest: Vec<u64>,
    pub(crate) verified: usize,
    pub(crate) elapsed: Duration,
    /// Bytes that the machine took from answers, compared ones included.
    pub(crate) received: u64,
    pub(crate) size: Option<u64>,
    pub(crate) vouched: Option<String>,
    pub(crate) log: Vec<Attempt>,
}

impl Run {
    /// A line for each attempt.
    pub(crate) fn told(&self) -> String {
        let line = |(attempt, ask): (&Attempt, &Ask)| {
            let Attempt { url, from, to, reread, fault, refilled, .. } = attempt;
            let status = attempt.status();
            format!(
                "\n  {ask:?}: {status:?}, url {url}, {from} -> {to}, reread {reread}, refilled {refilled}: {fault:?}"
            )
        };
        let log: String = self.log.iter().zip(&self.asks).map(line).collect();
        format!("{:?}, cuts {:?}, elapsed {:?}{log}", self.failure, self.cuts, self.elapsed)
    }

    pub(crate) fn requests(&self) -> usize {
        self.asks.len()
    }

    #[track_caller]
    pub(crate) fn ok(&self, bytes: &[u8]) -> &Self {
        assert_eq!(self.failure, None, "{:#?}", self.log);
        assert!(self.spool.bytes() == bytes, "wrong bytes: {} instead of {}", self.spool.len(), bytes.len());
        self
    }

    #[track_caller]
    pub(crate) fn failed(&self) -> &Failure {
        self.failure.as_ref().expect("the transfer should have failed")
    }

    /// The offsets asked for.
    pub(crate) fn offsets(&self) -> Vec<Option<u64>> {
        self.asks.iter().map(|ask| ask.from).collect()
    }

    pub(crate) fn urls(&self) -> Vec<usize> {
        self.asks.iter().map(|ask| ask.url).collect()
    }

    pub(crate) fn waited(&self) -> Duration {
        self.waits.iter().map(|(_, wait)| *wait).sum()
    }
}

struct Driver<S> {
    setup: Setup,
    server: S,
    transfer: Transfer,
    run: Run,
    furthest: u64,
}

/// More requests than this mean that the machine does not stop.
const ENDLESS: usize = 100_000;

impl<S: FnMut(&Ask, Duration) -> Answer> Driver<S> {
    fn drive(mut self) -> Run {
        let mut idle = 0;
        loop {
            let jitter = (self.setup.jitter)();
            let step = self.transfer.next(self.run.elapsed, jitter);
            idle += 1;
            assert!(idle < 20, "steps without a request: {step:?}");
            match step {
                Step::Send(ask) => {
                    idle = 0;
                    self.furthest = self.furthest.max(self.run.spool.len());
                    self.attempt(&ask);
                    self.run.furthest.push(self.furthest);
                }
                Step::Wait(wait) => {
                    assert!(!wait.is_zero(), "a wait of nothing");
                    self.run.waits.push((self.run.asks.len(), wait));
                    self.run.elapsed += wait;
                }
                Step::Cut(at) => self.cut(at),
                Step::Verify => {
                    self.run.verified += 1;
                    let right = self.run.spool.bytes() == self.setup.right;
                    self.transfer.verified((!right).then(|| digest(self.run.spool.bytes())));
                }
                Step::Done => break,
                Step::Fail(failure) => {
                    self.run.failure = Some(failure);
                    break;
                }
            }
            assert_eq!(self.transfer.held(), self.run.spool.len(), "machine and spool differ");
        }
        self.finish()
    }

    fn attempt(&mut self, ask: &Ask) {
        self.run.asks.push(ask.clone());
        assert!(self.run.asks.len() < ENDLESS, "the machine does not stop");
        assert!(ask.if_range.is_none() || ask.from.is_some(), "If-Range without Range");
        assert!(
            ask.from.is_none_or(|from| from == self.run.spool.len()),
            "asked for something else than what is missing"
        );
        let answer = (self.server)(ask, self.run.elapsed);
        self.transfer.hop(Hop {
            url: format!("http://{}.example/file", ask.url),
            range: ask.from,
            if_range: ask.if_range.is_some(),
            status: None,
            reached: true,
        });
        self.run.elapsed += answer.takes;
        if let Some(fault) = answer.dead {
            return self.transfer.fault(fault);
        }
        self.transfer.answered(answer.status);
        let fields = answer.fields.iter().map(|(name, value)| (*name, value.as_bytes()));
        let mut head = Head::parse(answer.status, fields);
        head.redirected = answer.redirected;
        self.transfer.head(&head);
        if self.read(&answer.body) {
            match answer.ending {
                Ending::Clean(framing) => self.transfer.end(framing),
                Ending::Broken(fault) => self.transfer.fault(fault),
            }
        }
    }

    /// Whether the body was read to its end.
    fn read(&mut self, body: &Body) -> bool {
        let (mut at, mut before, mut idle) = (0, 0, 0);
        while at < body.len() {
            idle = if at == before { idle + 1 } else { 0 };
            assert!(idle < 5, "the same bytes are placed again and again");
            before = at;
            let offered = (body.len() - at).min(self.setup.chunk);
            match self.transfer.place(usize::try_from(offered).expect("64 bits")) {
                Piece::Compare { at: held, len } => {
                    let differs = self.run.spool.differs(held, body, at, len as u64);
                    at += differs.unwrap_or(len) as u64;
                    self.run.received += differs.unwrap_or(len) as u64;
                    self.transfer.compared(len, differs);
                }
                Piece::Append { len } => {
                    self.run.spool.append(body, at, at + len as u64);
                    self.furthest = self.furthest.max(self.run.spool.len());
                    at += len as u64;
                    self.run.received += len as u64;
                    self.transfer.appended(len);
                }
                Piece::Cut { at } => {
                    self.cut(at);
                    self.transfer.cut(at);
                }
                Piece::Stop => return false,
            }
        }
        true
    }

    fn cut(&mut self, at: u64) {
        assert!(at < self.run.spool.len(), "a cut that cuts nothing");
        self.run.cuts.push(at);
        self.run.spool.cut(at);
    }

    fn finish(mut self) -> Run {
        self.run.log = self.transfer.log().to_vec();
        self.run.size = self.transfer.size();
        self.run.vouched = self.transfer.vouched().map(|(_, validator)| validator.to_string());
        let run = &self.run;
        assert_eq!(run.log.len(), run.asks.len(), "the log is not what the server saw");
        for (attempt, ask) in run.log.iter().zip(&run.asks) {
            assert_eq!((attempt.url, attempt.hops.len()), (ask.url, 1));
            assert_eq!(attempt.hops[0].range, ask.from);
        }
        let logged: Duration = run.log.iter().map(|attempt| attempt.waited).sum();
        assert_eq!(logged, run.waited(), "the log's waits are not those waited");
        if let Some(failure) = &run.failure {
            assert_eq!(failure.held, run.spool.len());
        }
        self.run
    }
}

/// Stands for a digest: different for different bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}-{}", bytes.len())
}
