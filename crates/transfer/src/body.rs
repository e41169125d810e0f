//! The placing of one body's bytes.

use crate::fault::{Contradiction, Fault};
use crate::head::Framing;
use crate::splice::Place;
use crate::step::Piece;

/// A body being read: where it stands and where it must not go beyond.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// Position of the next byte.
    pub(crate) at: u64,
    /// One past the last byte of this answer, or of the file where the answer does not say and a lock does.
    pub(crate) end: Option<u64>,
    /// The size that an earlier answer told. This one may prove longer, by ending later; ending earlier it is short.
    pub(crate) least: Option<u64>,
    /// The size this answer tells.
    pub(crate) size: Option<u64>,
    /// A difference cuts the spool back instead of ending the attempt (the restart of 4.10).
    pub(crate) may_cut: bool,
    /// It is the body of a 206.
    pub(crate) part: bool,
    /// Where the spool has to be cut before the next byte.
    pub(crate) cut: Option<u64>,
}

impl Body {
    pub(crate) fn new(place: Place, vouched: Option<u64>, least: Option<u64>, may_cut: bool, part: bool) -> Self {
        Self { at: place.from, end: place.end.or(vouched), least, size: place.size, may_cut, part, cut: None }
    }

    /// The size by what this answer told and where it stands, as far as no lock knows it.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size.or(self.least.filter(|&least| self.at <= least))
    }

    /// What to do with the next `len` bytes, `held` being held.
    pub(crate) fn place(&self, len: usize, held: u64) -> Piece {
        if let Some(at) = self.cut {
            return Piece::Cut { at };
        }
        let room = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.at));
        let fits = |most: u64| usize::try_from(most).unwrap_or(usize::MAX).min(len);
        match fits(room) {
            0 => Piece::Stop,
            _ if self.at < held => Piece::Compare { at: self.at, len: fits(room.min(held - self.at)) },
            len => Piece::Append { len },
        }
    }

    /// Takes the outcome of a comparison: `None` if all `len` bytes were equal, else where the first one differs.
    pub(crate) fn compared(&mut self, len: usize, differs: Option<usize>) -> Result<(), Fault> {
        self.at = self.at.saturating_add(differs.unwrap_or(len) as u64);
        if differs.is_none() {
            return Ok(());
        }
        if !self.may_cut {
            return Err(Fault::Contradiction(Contradiction::Bytes { at: self.at }));
        }
        self.cut = Some(self.at);
        Ok(())
    }

    /// Judges a clean end: `Ok` if it may be the end of the file. The end of a connection below the bytes held is taken for
    /// a cut: it denies nothing.
    pub(crate) fn ended(&mut self, held: u64, framing: Framing) -> Result<(), Fault> {
        match self.end {
            Some(end) if self.at < end => Err(Fault::Short { at: self.at, end }),
            None if let Some(end) = self.least.filter(|&least| self.at < least) => {
                Err(Fault::Short { at: self.at, end })
            }
            _ if self.at >= held => Ok(()),
            _ if framing == Framing::Close => Err(Fault::Short { at: self.at, end: held }),
            _ if self.may_cut => {
                self.cut = Some(self.at);
                Ok(())
            }
            _ => Err(Fault::Contradiction(Contradiction::Size { was: held, is: self.at })),
        }
    }
}
