//! What the parts of an unpack share, and what is to be done with a member.

use std::sync::Arc;

use super::{
    batch::{self, Batch},
    header::{Header, Local, Method},
    inflate, invalid, stream, text,
};
use crate::{MemberName, Problem, Source, UnpackError, Unpacker, flight::Flight, tree::Tree};

/// Members of at most so many bytes, packed and unpacked, are held in memory as a whole: 8 MiB.
pub(super) const BIG: u64 = 8 << 20;

/// An archive that is being unpacked.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) unpacker: Unpacker,
    pub(super) source: Arc<dyn Source>,
    pub(super) tree: Arc<Tree>,
    pub(super) flight: Flight,
    pub(super) sha256: bool,
}

/// A file of the archive.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: MemberName,
    /// Where its local header stands.
    pub(super) at: u64,
    /// Where its data start.
    pub(super) data: u64,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
    pub(super) method: Method,
}

impl Item {
    /// Where its data end.
    pub(super) const fn end(&self) -> u64 {
        self.data + self.packed
    }

    pub(super) fn error(&self, problem: Problem) -> UnpackError {
        problem.of(self.name.as_str(), self.at).into()
    }

    const fn big(&self) -> bool {
        self.size > BIG || self.packed > BIG
    }
}

impl Work {
    pub(super) fn new(unpacker: &Unpacker, source: &Arc<dyn Source>, tree: &Arc<Tree>, sha256: bool) -> Self {
        Self {
            unpacker: unpacker.clone(),
            source: Arc::clone(source),
            tree: Arc::clone(tree),
            flight: Flight::default(),
            sha256,
        }
    }

    /// Something failed already: whoever has more to do leaves it.
    pub(super) fn go_on(&self) -> Result<(), UnpackError> {
        if self.flight.failed() { Err(UnpackError::Stopped) } else { Ok(()) }
    }

    /// Does what a member asks for: makes a directory, or has a file written. `header` has its true sizes.
    pub(super) fn take(&self, batch: &mut Batch, local: &Local, header: &Header) -> Result<(), UnpackError> {
        let shown =
            text::decode(&header.name, header.utf8()).map_err(|problem| local.header.error(problem, local.at))?;
        let name = self.tree.member(&shown, local.at)?;
        if header.directory() {
            self.empty(local, header)?;
            return name.map_or(Ok(()), |name| self.tree.directory(&name, local.at));
        }
        let Some(name) = name else {
            let why = "it is the target's own";
            return Err(header.error(Problem::Name { why }, local.at).into());
        };
        let (at, data) = (local.at, local.data);
        let item =
            Item { name, at, data, packed: header.packed, size: header.size, crc: header.crc, method: header.method };
        if item.method == Method::Stored && item.size != item.packed {
            return Err(item.error(Problem::Size { expected: item.size, found: item.packed }));
        }
        self.tree
            .gauge()
            .grow(item.size, item.data.saturating_add(item.packed))
            .map_err(|problem| item.error(problem))?;
        self.tree.claim(&item.name, at)?;
        if item.big() {
            batch::flush(self, batch);
            return self.stream(item);
        }
        if !batch.fits(&item) {
            batch::flush(self, batch);
        }
        batch.push(item);
        Ok(())
    }

    /// A directory has no content: no bytes, or a deflate stream of none.
    fn empty(&self, local: &Local, header: &Header) -> Result<(), UnpackError> {
        let refuse = || header.error(invalid("a directory with content"), local.at).into();
        if header.size != 0 || header.crc != 0 || header.packed > 16 {
            return Err(refuse());
        }
        let mut data = vec![0; usize::try_from(header.packed).unwrap_or_default()];
        self.source.read_exact_at(local.data, &mut data).map_err(UnpackError::Source)?;
        match header.method {
            Method::Stored if data.is_empty() => Ok(()),
            Method::Deflated if data.is_empty() || inflate::exact(&data, &mut []).is_ok() => Ok(()),
            _ => Err(refuse()),
        }
    }

    /// Has a big member unpacked by a thread of its own; by this one where there are enough of them. That loses little: what
    /// comes behind in the archive is not there yet, unless all of it is.
    fn stream(&self, item: Item) -> Result<(), UnpackError> {
        let Some(place) = self.unpacker.streams.try_take(1) else {
            return stream::write(self, &item);
        };
        let (work, ticket) = (self.clone(), self.flight.ticket());
        let run = move || {
            let _place = place;
            if let Err(error) = stream::write(&work, &item) {
                ticket.flight().fail(error);
            }
        };
        let started = std::thread::Builder::new().name("unpack-big".to_owned()).spawn(run);
        started.map(drop).map_err(|error| UnpackError::disk("start a thread for", self.tree.root(), error))
    }
}
