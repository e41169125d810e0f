//! Since when a request has a connection.
//!
//! The HTTP library makes connections inside of a request and does not say when. Its connector is called on the request's
//! own task, so that a task-local value tells which request a connection is made for: another transfer's connections must not
//! lend this one's answer more time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

tokio::task_local! {
    static OWN: Arc<Connecting>;
}

/// The connections that one request has asked for.
#[derive(Debug, Default)]
pub(crate) struct Connecting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    being_made: usize,
    last: Option<Instant>,
}

impl Connecting {
    /// Runs a request; connections that begin meanwhile on its task are its own.
    pub(crate) async fn during<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        OWN.scope(Arc::clone(self), request).await
    }

    /// Since when the request waits for nothing but the answer: now while a connection is being made; `None` when it needed
    /// none.
    pub(crate) fn since(&self) -> Option<Instant> {
        let state = self.state();
        if state.being_made > 0 { Some(Instant::now()) } else { state.last }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection being made; dropped when it is there, has failed or is given up.
#[derive(Debug)]
pub(crate) struct Begun(Option<Arc<Connecting>>);

impl Begun {
    /// Notes that the request which runs on this task begins a connection.
    pub(crate) fn now() -> Self {
        let own = OWN.try_with(Arc::clone).ok();
        if let Some(own) = &own {
            own.state().being_made += 1;
        }
        Self(own)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(own) = &self.0 {
            let mut state = own.state();
            state.being_made -= 1;
            state.last = Some(Instant::now());
        }
    }
}
