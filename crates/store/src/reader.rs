//! Reading a spool while it grows.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use crate::{
    End, Restarted, Stopped, Watch,
    progress::{Ahead, Progress, Told},
};

/// A position in a spool. Clones go their own ways; many may stand on one spool, and none slows its writer down.
///
/// [`Read`] blocks at the watermark until bytes come. It returns 0 only at the end of a complete file. It fails with
/// an error that carries [`Restarted`] after a cut below anything this reader handed out (or below its position):
/// seek, and go on; and with one that carries [`Stopped`] at the watermark of a spool whose writer went away.
///
/// [`SeekFrom::End`] blocks until the spool is complete, for only then its size is certain.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) progress: Arc<Progress>,
    pub(crate) position: u64,
    pub(crate) told: Told,
}

impl Reader {
    pub(crate) fn new(progress: Arc<Progress>) -> Self {
        let told = Told::now(&progress);
        Self { progress, position: 0, told }
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// A watch over the same spool.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.progress))
    }

    /// Reads at an offset without blocking and without moving the position: `None` when nothing is there yet,
    /// `Some(0)` at or after the end of a complete file.
    ///
    /// # Errors
    /// As [`Read::read`] of this type. A restart counts for everything this reader handed out, at any offset.
    pub fn try_read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            let ahead = {
                let marks = self.progress.marks();
                match self.told.ahead(offset, &marks) {
                    None => return Ok(None),
                    Some(ahead) => ahead?,
                }
            };
            if buf.is_empty() {
                return Ok(Some(0));
            }
            if let Some(read) = self.progress.read(offset, buf, ahead, &mut self.told)? {
                return Ok(Some(read));
            }
        }
    }

    fn size(&mut self) -> io::Result<u64> {
        let (told, position) = (&mut self.told, self.position);
        self.progress
            .wait(None, |marks, _| {
                if let Err(Restarted { at }) = told.check(position, marks) {
                    return Some(Err(Restarted { at }.into()));
                }
                marks.end.map(|end| match end {
                    End::Complete => Ok(marks.len),
                    End::Stopped => Err(Stopped { len: marks.len }.into()),
                })
            })
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let (told, position) = (&mut self.told, self.position);
            let ahead: Ahead = self
                .progress
                .wait(None, |marks, wanted| {
                    *wanted = position.saturating_add(1);
                    told.ahead(position, marks)
                })
                .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
            if let Some(read) = self.progress.read(position, buf, ahead, told)? {
                self.position += read as u64;
                return Ok(read);
            }
        }
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.size()?.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to a place before the start or beyond 2^64")
        })?;
        Ok(self.position)
    }
}
