//! Random origins for the property tests.

use std::fmt;
use std::time::Duration;

use towline_transfer::{Ask, Fault, Held, Policy, Validator, Want};

use crate::driver::{Answer, Body, Run, Setup};
use crate::model::{File, Random, content};

/// Where choices come from: a seed, or a tape that proptest shrinks (used up, it gives zeros: the plainest choice).
#[derive(Debug, Clone)]
pub(crate) enum Dice {
    Seed(Random),
    Tape(Vec<u8>, usize),
}

impl Dice {
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        match self {
            Self::Seed(random) => random.below(below),
            Self::Tape(tape, at) => {
                *at += 2;
                let byte = |at: usize| u64::from(tape.get(at).copied().unwrap_or(0));
                (byte(*at - 2) | (byte(*at - 1) << 8)) % below.max(1)
            }
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) + percent >= 100
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize].clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framed {
    Length,
    Chunked,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    Strong,
    None,
    Weak,
    /// Another one each time.
    Fresh,
    Modified,
    /// The same strong one, whatever the content.
    Stuck,
}

/// What may go wrong with one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Reset,
    ShortClean,
    Dead,
    Status,
    RetryAfter,
    IgnoreRange,
    Superset,
    Overlap,
    ShortRange,
    Hole,
    NoLabel,
    Multipart,
    Coded,
    OverLong,
    Star,
    LostTag,
    WrongTotal,
    Lie416,
    Junk,
    Gone,
}

impl Trouble {
    pub(crate) const ALL: [Self; 20] = [
        Self::Reset,
        Self::ShortClean,
        Self::Dead,
        Self::Status,
        Self::RetryAfter,
        Self::IgnoreRange,
        Self::Superset,
        Self::Overlap,
        Self::ShortRange,
        Self::Hole,
        Self::NoLabel,
        Self::Multipart,
        Self::Coded,
        Self::OverLong,
        Self::Star,
        Self::LostTag,
        Self::WrongTotal,
        Self::Lie416,
        Self::Junk,
        Self::Gone,
    ];

    /// It says something about the file that is not true.
    pub(crate) fn lies(self) -> bool {
        matches!(self, Self::WrongTotal | Self::Lie416 | Self::Junk | Self::Coded)
    }
}

/// One or more mirrors and what happens to them.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) size: usize,
    /// What they serve, and from request `change` on.
    pub(crate) versions: [Vec<u8>; 2],
    pub(crate) change: Option<usize>,
    pub(crate) digest: bool,
    pub(crate) want_size: bool,
    pub(crate) retries: u32,
    pub(crate) urls: usize,
    pub(crate) framed: Framed,
    pub(crate) tags: Tags,
    /// `If-Range` is understood.
    pub(crate) if_range: bool,
    /// `Range` is understood.
    pub(crate) ranges: bool,
    pub(crate) liar: Option<usize>,
    pub(crate) menu: Vec<Trouble>,
    pub(crate) percent: u64,
    /// The first answer is cut.
    pub(crate) cut: bool,
    pub(crate) heals: Option<Duration>,
    /// How many lies are left.
    pub(crate) lies: usize,
    pub(crate) chunk: u64,
    pub(crate) held: usize,
    pub(crate) dice: Dice,
    pub(crate) requests: usize,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.versions;
        let common = first.iter().zip(second).take_while(|(a, b)| a == b).count();
        write!(f, "sizes {} and {}, {common} in common, change {:?}, ", first.len(), second.len(), self.change)?;
        write!(f, "digest {}, size wanted {}, retries {}, ", self.digest, self.want_size, self.retries)?;
        write!(f, "{} urls, liar {:?}, {:?}, tags {:?}, ", self.urls, self.liar, self.framed, self.tags)?;
        write!(f, "If-Range {}, Range {}, {} % of {:?}, ", self.if_range, self.ranges, self.percent, self.menu)?;
        write!(f, "heals {:?}, chunk {}, held {}", self.heals, self.chunk, self.held)
    }
}

impl World {
    /// Anything that a request can meet.
    pub(crate) fn any(mut dice: Dice) -> Self {
        let size = dice.of(&[500_usize, 0, 1, 2, 40, 63, 64, 65, 130, 1000, 2000]);
        let other = dice.of(&[size, size + 7, size.saturating_sub(7), size / 2]);
        let mut second = content(2, other);
        // It differs from somewhere on, so that a mixture need not be seen at once.
        let from = dice.below(size as u64 + 1) as usize;
        // A file that became a part of itself looks like a cut wherever only the connection's end tells the end.
        let common = from.min(other.saturating_sub(1));
        let first = content(1, size);
        second[..common].copy_from_slice(&first[..common]);
        let digest = dice.chance(50);
        let few = dice.chance(70);
        let mut menu: Vec<Trouble> = Trouble::ALL.to_vec();
        menu.retain(|_| !few || dice.chance(40));
        let urls = if dice.chance(30) { 2 + dice.below(2) as usize } else { 1 };
        let mut world = Self {
            size,
            versions: [first, second],
            change: dice.chance(30).then(|| 1 + dice.below(6) as usize),
            digest,
            want_size: dice.chance(25),
            retries: dice.of(&[8, 0, 1, 3]),
            urls,
            framed: dice.of(&[Framed::Length, Framed::Length, Framed::Length, Framed::Chunked, Framed::Close]),
            tags: dice.of(&[
                Tags::Strong,
                Tags::Strong,
                Tags::None,
                Tags::Weak,
                Tags::Fresh,
                Tags::Modified,
                Tags::Stuck,
            ]),
            if_range: dice.chance(70),
            ranges: !dice.chance(15),
            liar: (urls > 1 && digest && dice.chance(30)).then(|| dice.below(urls as u64) as usize),
            menu,
            percent: dice.of(&[0, 20, 50, 80, 100]),
            cut: dice.chance(50),
            heals: None,
            lies: usize::MAX,
            chunk: dice.of(&[u64::MAX, 1, 7, 64, 1000]),
            held: 0,
            dice,
            requests: 0,
        };
        world.make_decidable();
        world
    }

    /// What no client could find out without a digest is left out where there is none.
    fn make_decidable(&mut self) {
        if self.digest {
            return;
        }
        if self.tags == Tags::Stuck {
            self.change = None;
        }
        // The first bytes of a longer file look like a whole one of the size that a lock knows.
        if self.want_size && self.versions[0].len() != self.versions[1].len() {
            self.change = None;
        }
        let sized = self.framed == Framed::Length || self.want_size;
        self.menu.retain(|trouble| match trouble {
            // Clean ends, and lies about them, cannot be told from the truth where the size is not.
            Trouble::ShortClean | Trouble::Lie416 | Trouble::WrongTotal => sized,
            // The first bytes of a page look like a whole file of the size that a lock knows.
            Trouble::Junk => !self.want_size || self.framed == Framed::Length,
            _ => true,
        });
        // A part of a changed file with neither tag nor respect for If-Range looks like one of the old file.
        if !self.if_range {
            self.menu.retain(|trouble| *trouble != Trouble::LostTag);
        }
        if self.tags == Tags::Modified {
            self.if_range = true;
        }
    }

    /// So many thousandths of the file are there from an earlier run, which did not learn the size.
    pub(crate) fn adopting(mut self, part: usize) -> Self {
        self.held = self.size * part / 1000;
        if !self.digest && !self.want_size {
            // Then nothing contradicts a 416 that ends the file there.
            self.menu.retain(|trouble| *trouble != Trouble::Lie416);
        }
        self
    }

    /// A world that heals in time: after that, whatever the law forgives has to be forgiven.
    pub(crate) fn healing(dice: Dice) -> Self {
        let mut world = Self::any(dice);
        world.retries = 8;
        world.heals = Some(Duration::from_secs(if world.liar.is_some() { 2 } else { 10 }));
        world.menu.retain(|trouble| *trouble != Trouble::Gone);
        // Two passes with wrong bytes are the law's end of a URL.
        if world.digest {
            world.change = world.change.map(|_| 1).filter(|_| world.liar.is_none());
        }
        // An end that has to be probed and a change of the file together need more than what the budget has left by then.
        if world.framed == Framed::Close && !world.digest {
            world.change = None;
        }
        // A lock that knows the size of one version makes the other a wrong file.
        if world.want_size && world.versions[0].len() != world.versions[1].len() {
            world.change = None;
        }
        // A shorter file whose answers tell neither size nor tag looks cut, for ever.
        if world.framed != Framed::Length && world.change.is_some() {
            world.menu.retain(|trouble| *trouble != Trouble::LostTag);
        }
        // A wrong total that is the first one told has to be denied twice.
        if world.framed != Framed::Length {
            world.menu.retain(|trouble| *trouble != Trouble::WrongTotal);
        }
        // Of a tiny file, a 32nd earns a resume without a wait, but no refill: the budget may go in no time.
        if world.size.min(world.right().len()) < 500 {
            let some = [Trouble::Reset, Trouble::ShortClean, Trouble::ShortRange, Trouble::OverLong];
            world.menu.retain(|trouble| !some.contains(trouble));
        }
        // An end that is probed under another tag each time needs more than the budget, too: the probe's answer denies it, too.
        if world.framed == Framed::Close && !world.digest && world.tags == Tags::Fresh {
            world.tags = Tags::None;
        }
        // One denial of the bytes held costs nothing, whether by a change, a tag or a lie; the second one replaces them.
        let denies = world.change.is_some() || world.liar.is_some() || world.tags == Tags::Fresh;
        let probed = world.framed == Framed::Close && !world.digest;
        world.lies = usize::from(!denies && !probed);
        world
    }

    /// The only right bytes, where a digest says so.
    pub(crate) fn right(&self) -> &[u8] {
        &self.versions[usize::from(self.change.is_some())]
    }

    pub(crate) fn run(mut self) -> Run {
        let mut setup = Setup::new(Want {
            origins: (0..self.urls).map(|url| url / 2).collect(),
            size: self.want_size.then(|| self.right().len() as u64),
            digest: self.digest,
            page: false,
        });
        setup.right = self.right().to_vec();
        setup.policy = Policy { retries: self.retries, ..Policy::default() };
        setup.chunk = self.chunk;
        if self.held > 0 {
            let validator = self.tag(0).filter(|_| self.tags == Tags::Strong).and_then(|tag| Validator::recall(&tag));
            setup = setup.adopt(
                &self.versions[0][..self.held],
                Held { len: 0, size: None, validator: validator.map(|validator| (0, validator)) },
            );
        }
        let mut jitter = Random(self.dice.below(1 << 16));
        setup = setup.jitter(move || jitter.unit());
        setup.run(move |ask, now| self.answer(ask, now))
    }

    fn tag(&self, version: usize) -> Option<String> {
        match self.tags {
            Tags::Strong => Some(format!("\"{version}\"")),
            Tags::Weak => Some(format!("W/\"{version}\"")),
            Tags::Fresh => Some(format!("\"fresh-{}\"", self.requests)),
            Tags::Stuck => Some("\"stuck\"".to_owned()),
            Tags::None | Tags::Modified => None,
        }
    }

    fn file(&self, url: usize) -> File {
        let version = usize::from(self.change.is_some_and(|change| self.requests > change));
        let mut bytes = self.versions[version].clone();
        if self.liar == Some(url)
            && let Some(last) = bytes.last_mut()
        {
            *last ^= 0xff;
        }
        let modified = ["Fri, 01 Jan 2016 00:00:00 GMT", "Sun, 01 Jan 2017 00:00:00 GMT"][version];
        File {
            modified: (self.tags == Tags::Modified).then(|| modified.to_owned()),
            etag: self.tag(version),
            ..File::new(&bytes)
        }
    }

    fn answer(&mut self, ask: &Ask, now: Duration) -> Answer {
        self.requests += 1;
        let file = self.file(ask.url);
        let mut ask = ask.clone();
        if !self.ranges {
            ask.from = None;
        }
        if !self.if_range {
            ask.if_range = None;
        }
        let answer = file.answer(&ask);
        if self.cut && self.requests == 1 && answer.body.len() > 0 {
            let cut = self.dice.below(answer.body.len());
            return self.frame(answer.reset(cut));
        }
        let well = self.heals.is_some_and(|heals| now >= heals) || !self.dice.chance(self.percent);
        let trouble = (!well && !self.menu.is_empty()).then(|| self.dice.of(&self.menu));
        let answer = match trouble {
            Some(trouble) if trouble.lies() && self.lies == 0 => answer,
            Some(trouble) => {
                self.lies -= usize::from(trouble.lies());
                self.trouble(trouble, &file, &ask, answer)
            }
            None => answer,
        };
        self.frame(answer)
    }

    /// No answer says anything untrue about the file.
    pub(crate) fn lies_not(&self) -> bool {
        !self.menu.iter().any(|trouble| trouble.lies())
    }

    fn frame(&self, answer: Answer) -> Answer {
        match self.framed {
            _ if answer.status != 200 => answer,
            Framed::Length => answer,
            Framed::Chunked => answer.chunked(),
            Framed::Close => answer.close(),
        }
    }

    fn trouble(&mut self, trouble: Trouble, file: &File, ask: &Ask, answer: Answer) -> Answer {
        let size = file.body.len();
        let from = ask.from.unwrap_or(0).min(size);
        let part = answer.status == 206;
        let any = |dice: &mut Dice, most: u64| dice.below(most + 1);
        let len = answer.body.len();
        match trouble {
            Trouble::Reset => {
                let fault = self.dice.of(&[
                    Fault::Reset,
                    Fault::Stalled(Duration::from_secs(30)),
                    Fault::Protocol(String::new()),
                ]);
                answer.cut(any(&mut self.dice, len), fault)
            }
            Trouble::ShortClean => answer.short(any(&mut self.dice, len)),
            Trouble::Dead => Answer::dead(self.dice.of(&[Fault::Refused, Fault::Closed, Fault::Tls(String::new())])),
            Trouble::Status => Answer::status(self.dice.of(&[500, 502, 503, 429, 408, 425, 522])),
            Trouble::RetryAfter => {
                Answer::status(self.dice.of(&[503, 429, 500])).field("retry-after", self.dice.of(&["3", "7", "20"]))
            }
            Trouble::IgnoreRange => file.whole(),
            Trouble::Superset if part => file.part(0, size),
            Trouble::Overlap if part => file.part(any(&mut self.dice, from), size),
            Trouble::ShortRange if part => file.part(from, from + 1 + self.dice.below(size - from)),
            Trouble::Hole if part && from + 1 < size => file.part(from + 1 + self.dice.below(size - from - 1), size),
            Trouble::NoLabel if part => answer.without("content-range"),
            Trouble::Multipart if part => answer.replace("content-type", "multipart/byteranges"),
            Trouble::Coded if part || len > 0 => Answer { body: Body::Bytes(vec![0x1f; 20]), ..answer }
                .replace("content-length", "20")
                .field("content-encoding", "gzip"),
            Trouble::OverLong if part => {
                let to = from + 1 + self.dice.below(size - from);
                let mut answer = file.part(from, to).without("content-length");
                answer.body = Body::Bytes([file.body.slice(from, to).bytes(), &[0xee; 50]].concat());
                answer
            }
            Trouble::Star if part => answer.replace("content-range", format!("bytes {from}-{}/*", size - 1)),
            Trouble::LostTag => answer.without("etag").without("last-modified"),
            Trouble::WrongTotal if part => {
                let total = self.dice.of(&[size + 1, size + 100]);
                answer.replace("content-range", format!("bytes {from}-{}/{total}", size - 1))
            }
            Trouble::Lie416 if ask.from.is_some() => {
                let total = self.dice.of(&[from, from / 2, size + 1]);
                file.nothing().replace("content-range", format!("bytes */{total}"))
            }
            Trouble::Junk => self.junk(),
            Trouble::Gone => Answer::status(self.dice.of(&[404, 403, 501])),
            _ => answer,
        }
    }

    fn junk(&mut self) -> Answer {
        let page = File::new(&junk()).whole();
        let sized = self.want_size && !self.digest;
        if !sized && self.dice.chance(50) { page.chunked() } else { page }
    }

    /// Every whole that was served: without a digest, one of these has to come out, and never a mixture.
    pub(crate) fn wholes(&self) -> Vec<Vec<u8>> {
        let mut wholes = vec![self.versions[0].clone()];
        if self.change.is_some() {
            wholes.push(self.versions[1].clone());
        }
        if self.menu.contains(&Trouble::Junk) {
            wholes.push(junk());
        }
        wholes
    }
}

fn junk() -> Vec<u8> {
    content(5, 120)
}
