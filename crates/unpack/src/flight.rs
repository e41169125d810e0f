//! The jobs of one archive: how many are out, and what failed first.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::UnpackError;

/// Shared by an archive's jobs and by whoever waits for them.
#[derive(Clone, Default)]
pub(crate) struct Flight(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    out: usize,
    error: Option<UnpackError>,
    failed: bool,
}

/// One job on its way. Counts down when dropped, whatever became of the job.
pub(crate) struct Ticket(Flight);

impl Flight {
    pub(crate) fn ticket(&self) -> Ticket {
        self.state().out += 1;
        Ticket(self.clone())
    }

    /// Whether anything failed: no use in starting more.
    pub(crate) fn failed(&self) -> bool {
        self.state().failed
    }

    /// Whether what failed stands before a byte of the archive: nothing that is found there can still be the first.
    pub(crate) fn failed_before(&self, at: u64) -> bool {
        self.state().error.as_ref().is_some_and(|known| rank(known) < (2, at))
    }

    /// Keeps the failure that comes first: in the archive, whichever thread was faster.
    pub(crate) fn fail(&self, error: UnpackError) {
        let mut state = self.state();
        state.failed = true;
        if state.error.as_ref().is_none_or(|known| rank(&error) < rank(known)) {
            state.error = Some(error);
        }
    }

    /// Waits until no job is out.
    pub(crate) fn wait(&self) {
        drop(self.landed());
    }

    /// Waits until no job is out.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) fn land(&self) -> Result<(), UnpackError> {
        let mut state = self.landed();
        match state.error.take() {
            Some(error) => Err(error),
            None if state.failed => Err(UnpackError::Stopped),
            None => Ok(()),
        }
    }

    fn landed(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while state.out > 0 {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that do not come say nothing about the archive, and a disk that fails nothing either: they go first.
const fn rank(error: &UnpackError) -> (u8, u64) {
    match error {
        UnpackError::Source(_) => (0, 0),
        UnpackError::Disk { .. } => (1, 0),
        UnpackError::Archive(error) => (2, error.at),
        UnpackError::Stopped => (3, 0),
    }
}

impl Ticket {
    pub(crate) const fn flight(&self) -> &Flight {
        &self.0
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(UnpackError::Stopped);
        }
        self.0.state().out -= 1;
        self.0.0.1.notify_all();
    }
}
