//! Sources that grow, break or restart. They grow when they are asked, so that no test has to wait.

use std::{
    fmt, io,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use towline_unpack::Source;

/// How much arrives at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    Byte,
    Block,
    /// Seeded.
    Random(u64),
}

/// Bytes that arrive piece by piece, and perhaps not all of them.
pub(crate) struct Growing {
    bytes: Vec<u8>,
    /// From here on there is only the error.
    breaks_at: u64,
    broke: AtomicBool,
    /// Answers until everything is an error, also what was there before.
    answers: AtomicU64,
    state: Mutex<State>,
}

struct State {
    there: u64,
    pace: Pace,
}

impl Growing {
    pub(crate) fn whole(bytes: Vec<u8>, pace: Pace) -> Self {
        Self::until(bytes, pace, u64::MAX)
    }

    /// Breaks where the byte `breaks_at` would be asked for, or the end beyond it.
    pub(crate) fn until(bytes: Vec<u8>, pace: Pace, breaks_at: u64) -> Self {
        let (broke, answers) = (AtomicBool::new(false), AtomicU64::new(u64::MAX));
        Self { bytes, breaks_at, broke, answers, state: Mutex::new(State { there: 0, pace }) }
    }

    /// Is no longer what it was after so many answers, as after a restart.
    pub(crate) fn revoked(bytes: Vec<u8>, pace: Pace, answers: u64) -> Self {
        Self { answers: AtomicU64::new(answers), ..Self::whole(bytes, pace) }
    }

    /// Whether anybody was told of the break.
    pub(crate) fn broke(&self) -> bool {
        self.broke.load(Ordering::SeqCst)
    }

    /// Grows until the first `len` bytes are there, or the end is.
    fn grow(&self, len: u64) -> io::Result<u64> {
        let left = self.answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            self.broke.store(true, Ordering::SeqCst);
            return Err(io::Error::other("the connection broke"));
        }
        let end = self.bytes.len() as u64;
        let mut state = self.state.lock().unwrap();
        while state.there < len && state.there < end {
            let piece = match &mut state.pace {
                Pace::Byte => 1,
                Pace::Block => 512,
                Pace::Random(seed) => random(seed) % 3000 + 1,
            };
            state.there = (state.there + piece).min(end);
        }
        if len > self.breaks_at {
            self.broke.store(true, Ordering::SeqCst);
            return Err(io::Error::other("the connection broke"));
        }
        Ok(state.there.min(self.breaks_at))
    }
}

impl fmt::Debug for Growing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Growing").field("breaks_at", &self.breaks_at).finish_non_exhaustive()
    }
}

impl Source for Growing {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let there = self.grow(at.saturating_add(1))?;
        let rest = self.bytes.get(at as usize..there as usize).unwrap_or_default();
        let most = rest.len().min(into.len());
        into[..most].copy_from_slice(&rest[..most]);
        Ok(most)
    }

    fn wait(&self, len: u64) -> io::Result<u64> {
        self.grow(len)
    }
}

/// The next of a sequence (splitmix64).
pub(crate) fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
