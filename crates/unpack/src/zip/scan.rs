//! Walking the local headers while the bytes come.

use super::{
    batch::{self, Batch},
    end::{END, END64},
    field,
    header::{CENTRAL, LOCAL, Local},
    invalid,
    window::Window,
    work::Work,
};
use crate::UnpackError;

/// Bytes that are read ahead for headers: 4 KiB.
const AHEAD: usize = 4 << 10;

/// What the local headers said.
pub(super) struct Scanned {
    /// Members that were unpacked by their local headers, in order and without gaps.
    pub(super) locals: Vec<Local>,
    /// Where the first record starts that is not theirs.
    pub(super) end: u64,
}

/// Unpacks every member up to the first whose local header does not say where it ends, or to the directory.
pub(super) fn scan(work: &Work) -> Result<Scanned, UnpackError> {
    let mut batch = Batch::default();
    let scanned = walk(work, &mut batch);
    // Also after a failure: what is wrong with an earlier member is told first.
    batch::flush(work, &mut batch);
    scanned
}

fn walk(work: &Work, batch: &mut Batch) -> Result<Scanned, UnpackError> {
    let mut window = Window::new(&*work.source, AHEAD);
    let (mut locals, mut at) = (Vec::new(), 0_u64);
    loop {
        work.go_on()?;
        if !window.has(at.saturating_add(4)) {
            // Whatever waits here might wait long.
            batch::flush(work, batch);
        }
        match field::u32(window.get(at, 4, "a record")?, 0) {
            LOCAL => {}
            CENTRAL | END | END64 => break,
            _ => return Err(invalid("no record starts here").at(at).into()),
        }
        let local = Local::read(&mut window, at, work.tree.limits())?;
        if local.header.descriptor() {
            break;
        }
        let end = local.end()?;
        if local.header.packed <= super::work::BIG && !window.has(end) {
            batch::flush(work, batch);
            window.wait(end, "a member's data")?;
        }
        work.take(batch, &local, &local.header)?;
        locals.push(local);
        at = end;
    }
    Ok(Scanned { locals, end: at })
}
