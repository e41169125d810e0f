//! How many attempts may be under way at one origin (section 4.7).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// A limit that faults lower and successes raise.
#[derive(Debug)]
pub(crate) struct Limit {
    state: Mutex<State>,
    freed: Notify,
    most: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    active: usize,
    good: u32,
}

/// The right to one attempt; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Limit>);

/// So many successes in a row raise the limit by one.
const RAISED_BY: u32 = 8;

impl Limit {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let most = most.max(1);
        Arc::new(Self { state: Mutex::new(State { limit: most, active: 0, good: 0 }), freed: Notify::new(), most })
    }

    /// Waits for a place.
    pub(crate) async fn enter(self: &Arc<Self>) -> Permit {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state();
                if state.active < state.limit {
                    state.active += 1;
                    return Permit(Arc::clone(self));
                }
            }
            freed.await;
        }
    }

    /// A stall, a reset or a 429.
    pub(crate) fn lower(&self) {
        let mut state = self.state();
        state.limit = state.limit.saturating_sub(1).max(1);
        state.good = 0;
    }

    /// An attempt that brought what it was asked for.
    pub(crate) fn raise(&self) {
        let mut state = self.state();
        state.good += 1;
        if state.good >= RAISED_BY && state.limit < self.most {
            state.limit += 1;
            state.good = 0;
            self.freed.notify_one();
        }
    }

    /// Attempts under way.
    pub(crate) fn active(&self) -> usize {
        self.state().active
    }

    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.state().limit
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.state().active -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lowers_by_one_and_eight_successes_raise_by_one() {
        let limit = Limit::new(3);
        for expected in [2, 1, 1] {
            limit.lower();
            assert_eq!(limit.limit(), expected);
        }
        for round in 0..40 {
            limit.raise();
            assert_eq!(limit.limit(), (1 + (round + 1) / 8).min(3), "after {} successes", round + 1);
        }
        (0..7).for_each(|_| limit.raise());
        limit.lower();
        (0..7).for_each(|_| limit.raise());
        assert_eq!(limit.limit(), 2, "successes count in a row");
    }
}
