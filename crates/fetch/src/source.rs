//! Spools as what is unpacked.

use std::{
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use towline_store::{End, Follower, Reader, Restarted, Seen, Stopped, Watch};
use towline_unpack::Source;

/// A spool that this process fills. Any cut since it was made ends it: somewhere, bytes were handed out that are no
/// longer the archive's.
#[derive(Debug)]
pub(crate) struct Growing {
    reader: Reader,
    watch: Watch,
    cuts: usize,
}

impl Growing {
    pub(crate) fn new(reader: &Reader) -> Self {
        let watch = reader.watch();
        let cuts = watch.now().cuts;
        let mut reader = reader.clone();
        // Looking at byte 0 makes it, and the clones that read, know of every cut so far: they concern earlier passes.
        let _ = reader.try_read_at(0, &mut []);
        Self { reader, watch, cuts }
    }

    fn check(&self, seen: Seen) -> io::Result<Seen> {
        if seen.cuts == self.cuts { Ok(seen) } else { Err(Restarted { at: 0 }.into()) }
    }
}

impl Source for Growing {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.clone();
        reader.seek(SeekFrom::Start(at))?;
        let read = reader.read(into)?;
        self.check(self.watch.now())?;
        Ok(read)
    }

    fn wait(&self, len: u64) -> io::Result<u64> {
        loop {
            let seen = self.check(self.watch.reaches(len))?;
            match seen.end {
                _ if seen.len >= len => return Ok(seen.len),
                Some(End::Complete) => return Ok(seen.len),
                Some(End::Stopped) => return Err(Stopped { len: seen.len }.into()),
                None => {}
            }
        }
    }
}

/// What somebody else has brought, complete.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) follower: Follower,
    pub(crate) len: u64,
}

impl Source for Followed {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.follower.read_at(at, into)
    }

    fn wait(&self, _len: u64) -> io::Result<u64> {
        Ok(self.len)
    }
}

/// Ends what is unpacked from its sources when it is dropped: bytes that are there already would keep it going.
#[derive(Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn now(&self) {
        self.0.store(true, Relaxed);
    }

    /// The same bytes, until the stop.
    pub(crate) fn over(&self, source: Arc<dyn Source>) -> Arc<dyn Source> {
        Arc::new(Stoppable { source, stopped: Arc::clone(&self.0) })
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.now();
    }
}

#[derive(Debug)]
struct Stoppable {
    source: Arc<dyn Source>,
    stopped: Arc<AtomicBool>,
}

impl Stoppable {
    fn going(&self) -> io::Result<&dyn Source> {
        if self.stopped.load(Relaxed) { Err(Stopped { len: 0 }.into()) } else { Ok(&*self.source) }
    }
}

impl Source for Stoppable {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.going()?.read_at(at, into)
    }

    fn wait(&self, len: u64) -> io::Result<u64> {
        self.going()?.wait(len)
    }
}
