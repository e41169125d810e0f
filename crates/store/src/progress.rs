//! The watermark: how far a spool is, shared by its writer and its readers in this process.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Instant,
};

use crate::{Restarted, Stopped};

/// How a spool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All bytes are there.
    Complete,
    /// The writer went away first.
    Stopped,
}

#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) len: u64,
    pub(crate) end: Option<End>,
    /// Every cut so far; a reader remembers how many it was told.
    pub(crate) cuts: Vec<u64>,
    /// The smallest length anyone waits for: growth below it wakes nobody.
    wanted: u64,
    wakers: Vec<Waker>,
}

impl Marks {
    /// The lowest cut after the first `told` ones.
    pub(crate) fn lowest_cut(&self, told: usize) -> Option<u64> {
        self.cuts.get(told..).unwrap_or_default().iter().min().copied()
    }
}

/// A file that grows.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) file: File,
    marks: Mutex<Marks>,
    changed: Condvar,
}

/// What stands at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// That many bytes, at least one.
    Bytes(u64),
    /// The end of the complete file, or a place after it.
    End,
}

/// A reader's view of the cuts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// Cuts it knows of.
    cuts: usize,
    /// Everything it handed out lies below.
    high: u64,
}

impl Progress {
    pub(crate) fn new(file: File, len: u64) -> Self {
        let marks = Marks { len, end: None, cuts: Vec::new(), wanted: u64::MAX, wakers: Vec::new() };
        Self { file, marks: Mutex::new(marks), changed: Condvar::new() }
    }

    pub(crate) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn grow(&self, len: u64) {
        let mut marks = self.marks();
        marks.len = len;
        if len >= marks.wanted {
            self.wake(marks);
        }
    }

    /// Must come before the file is truncated: who then reads new bytes at an old place finds the cut when it looks
    /// again.
    pub(crate) fn cut(&self, at: u64) {
        let mut marks = self.marks();
        marks.len = at;
        marks.cuts.push(at);
        self.wake(marks);
    }

    pub(crate) fn end(&self, end: End) {
        let mut marks = self.marks();
        if marks.end.is_none() {
            marks.end = Some(end);
        }
        self.wake(marks);
    }

    /// Makes every waiter look again.
    pub(crate) fn nudge(&self) {
        self.wake(self.marks());
    }

    fn wake(&self, mut marks: MutexGuard<'_, Marks>) {
        marks.wanted = u64::MAX;
        let wakers = std::mem::take(&mut marks.wakers);
        drop(marks);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Blocks until `look` has an answer, or the deadline passes. `look` is asked again after cuts, the end, nudges,
    /// and growth to the length it last put into its second argument.
    pub(crate) fn wait<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&Marks, &mut u64) -> Option<T>,
    ) -> Option<T> {
        let mut marks = self.marks();
        loop {
            let mut wanted = u64::MAX;
            if let Some(answer) = look(&marks, &mut wanted) {
                return Some(answer);
            }
            marks.wanted = marks.wanted.min(wanted);
            marks = match deadline {
                None => self.changed.wait(marks).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.changed.wait_timeout(marks, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// As [`Self::wait`], without blocking: `waker` is called at the next change that may matter.
    #[cfg(feature = "tokio")]
    pub(crate) fn look<T>(&self, waker: &Waker, look: impl FnOnce(&Marks, &mut u64) -> Option<T>) -> Option<T> {
        let mut marks = self.marks();
        let mut wanted = u64::MAX;
        let answer = look(&marks, &mut wanted);
        if answer.is_none() {
            marks.wanted = marks.wanted.min(wanted);
            if !marks.wakers.iter().any(|known| known.will_wake(waker)) {
                marks.wakers.push(waker.clone());
            }
        }
        answer
    }

    /// Reads at `offset` what is below the watermark; `ahead` is what was seen there. `None` when a cut took it away
    /// meanwhile and the caller must look again.
    pub(crate) fn read(&self, offset: u64, buf: &mut [u8], ahead: Ahead, told: &mut Told) -> io::Result<Option<usize>> {
        let Ahead::Bytes(there) = ahead else { return Ok(Some(0)) };
        let most = usize::try_from(there).unwrap_or(usize::MAX).min(buf.len());
        let read = loop {
            match self.file.read_at(&mut buf[..most], offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let marks = self.marks();
        let read = match marks.lowest_cut(told.cuts) {
            None if read == 0 => return Err(shrunk(offset, marks.len)),
            None => read,
            Some(cut) => {
                told.check(offset, &marks)?;
                usize::try_from(cut.saturating_sub(offset)).unwrap_or(usize::MAX).min(read)
            }
        };
        if read == 0 {
            return Ok(None);
        }
        told.high = told.high.max(offset + read as u64);
        Ok(Some(read))
    }
}

pub(crate) fn shrunk(offset: u64, len: u64) -> io::Error {
    let text = format!("the partial file ends at {offset} though {len} bytes were written: something else cut it");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

impl Told {
    /// For a reader that starts now: earlier cuts do not concern it.
    pub(crate) fn now(progress: &Progress) -> Self {
        Self { cuts: progress.marks().cuts.len(), high: 0 }
    }

    /// Fails, once, after cuts below what the reader handed out or is about to read.
    pub(crate) fn check(&mut self, position: u64, marks: &Marks) -> Result<(), Restarted> {
        let Some(at) = marks.lowest_cut(self.cuts) else { return Ok(()) };
        self.cuts = marks.cuts.len();
        let reached = self.high.max(position);
        self.high = self.high.min(at);
        if at < reached { Err(Restarted { at }) } else { Ok(()) }
    }

    /// What stands at `position`; `None` when nothing does yet.
    pub(crate) fn ahead(&mut self, position: u64, marks: &Marks) -> Option<io::Result<Ahead>> {
        if let Err(restarted) = self.check(position, marks) {
            return Some(Err(restarted.into()));
        }
        if marks.len > position {
            return Some(Ok(Ahead::Bytes(marks.len - position)));
        }
        marks.end.map(|end| match end {
            End::Complete => Ok(Ahead::End),
            End::Stopped => Err(Stopped { len: marks.len }.into()),
        })
    }
}
