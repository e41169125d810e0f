//! Small members, several to a job of the pool.

use std::{cell::RefCell, io::Write as _};

use sha2::{Digest as _, Sha256};

use super::{
    header::Method,
    inflate::{self, BEFORE, BEHIND},
    work::{BIG, Item, Work},
};
use crate::{UnpackError, tree::Content};

/// Bytes of the archive in one job, about: 256 KiB.
const BATCH: u64 = 256 << 10;
/// What a thread keeps of its buffers between jobs: 1 MiB each.
const KEPT: usize = 1 << 20;
/// The least that is asked of the system at a time: 64 KiB.
const LEAST: usize = 64 << 10;

/// Neighbouring members that wait to become a job.
#[derive(Debug, Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    /// The largest of their sizes.
    largest: u64,
}

impl Batch {
    /// Whether the member can go along: a job is one read, and no bigger than it has to be.
    pub(super) fn fits(&self, item: &Item) -> bool {
        self.items.first().is_none_or(|first| item.end() - first.at <= BATCH.max(first.end() - first.at))
    }

    pub(super) fn push(&mut self, item: Item) {
        self.largest = self.largest.max(item.size);
        self.items.push(item);
    }

    /// Where the last of them ends.
    pub(super) fn end(&self) -> u64 {
        self.items.last().map_or(0, Item::end)
    }
}

/// Makes a job of what waits; its bytes have to be there.
pub(super) fn flush(work: &Work, batch: &mut Batch) {
    let batch = std::mem::take(batch);
    let Some(first) = batch.items.first() else { return };
    let span = batch.end() - first.at;
    // At most a member's 8 MiB and its header, and 8 MiB of output.
    let share = work.unpacker.budget.take((span + batch.largest).min(3 * BIG));
    let (work, ticket) = (work.clone(), work.flight.ticket());
    work.unpacker.pool.clone().run(Box::new(move || {
        let _share = share;
        if let Err(error) = run(&work, &batch) {
            ticket.flight().fail(error);
        }
    }));
}

#[derive(Default)]
struct Scratch {
    archive: Vec<u8>,
    out: Vec<u8>,
    inflate: Option<libdeflater::Decompressor>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

fn run(work: &Work, batch: &Batch) -> Result<(), UnpackError> {
    SCRATCH.with_borrow_mut(|scratch| {
        let done = unpack(work, batch, scratch);
        if scratch.archive.capacity() > KEPT {
            scratch.archive = Vec::new();
        }
        if scratch.out.capacity() > KEPT {
            scratch.out = Vec::new();
        }
        done
    })
}

fn unpack(work: &Work, batch: &Batch, scratch: &mut Scratch) -> Result<(), UnpackError> {
    let Some(first) = batch.items.first() else { return Ok(()) };
    let start = first.at;
    let within = |at: u64| usize::try_from(at - start).unwrap_or(usize::MAX);
    let span = within(batch.end());
    let Scratch { archive, out, inflate } = scratch;
    let fast = inflate.get_or_insert_with(libdeflater::Decompressor::new);
    let archive = room(archive, span + BEHIND);
    work.source.read_exact_at(start, &mut archive[..span]).map_err(UnpackError::Source)?;
    for item in &batch.items {
        if work.flight.failed_before(item.at) {
            return Ok(());
        }
        let (from, to) = (within(item.data), within(item.end()));
        let content = match item.method {
            Method::Stored => {
                let content = &archive[from..to];
                inflate::check(item.crc, crc32fast::hash(content)).map_err(|problem| item.error(problem))?;
                content
            }
            Method::Deflated => {
                debug_assert!(from >= BEFORE, "a local header has 30 bytes");
                let out = room(out, usize::try_from(item.size).unwrap_or_default());
                inflate::checked(fast, archive, (from, to), out, item.crc).map_err(|problem| item.error(problem))?;
                out
            }
        };
        let mut file = work.tree.create(&item.name, false, item.at)?;
        file.write_all(content).map_err(|error| UnpackError::disk("write", work.tree.path(&item.name), error))?;
        let sha256 = work.sha256.then(|| Sha256::digest(content).into());
        work.tree.wrote(&item.name, Content { size: item.size, sha256 });
    }
    Ok(())
}

/// A part of a buffer that grows as needed; its bytes may be anything.
fn room(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if buffer.len() < len {
        // A new one: what is in the old is of no use, and zeros of the system's cost less than writing them.
        *buffer = vec![0; len.next_power_of_two().max(LEAST)];
    }
    &mut buffer[..len]
}
