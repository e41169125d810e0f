//! How fast a body goes out.

use crate::plan::Speed;
use crate::server::State;
use socket2::SockRef;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Cuts a body into pieces and says how long to wait after each.
#[derive(Debug)]
pub(crate) struct Throttle {
    speed: Speed,
    state: Arc<State>,
    start: Instant,
    sent: u64,
}

impl Throttle {
    pub(crate) fn new(speed: Speed, state: &Arc<State>, tcp: &TcpStream) -> Self {
        if let Some(bytes) = speed.send_buffer {
            // A wish: the kernel has bounds of its own.
            let _ = SockRef::from(tcp).set_send_buffer_size(bytes);
        }
        Self::unbuffered(speed, state)
    }

    /// For a stream of a connection that others share.
    pub(crate) fn unbuffered(speed: Speed, state: &Arc<State>) -> Self {
        Self { speed, state: Arc::clone(state), start: Instant::now(), sent: 0 }
    }

    /// How many bytes to send next, of `left`.
    pub(crate) fn piece(&self, left: u64) -> usize {
        let by_rate = |rate: u64| usize::try_from(rate / PIECES_A_SECOND).unwrap_or(BLOCK).clamp(1, PACED_BLOCK);
        let mut piece = BLOCK;
        for rate in [self.speed.pace, self.speed.shared].into_iter().flatten() {
            piece = piece.min(by_rate(rate));
        }
        if let Some((bytes, _)) = self.speed.dribble {
            piece = piece.min(bytes);
        }
        usize::try_from(left).map_or(piece, |left| piece.min(left))
    }

    /// How long to wait after `bytes` have gone.
    pub(crate) fn after(&mut self, bytes: u64) -> Option<Duration> {
        self.sent += bytes;
        let now = Instant::now();
        let paced = self.speed.pace.map(|rate| self.start + spent(self.sent, rate));
        let shared = self.speed.shared.map(|rate| self.state.bottleneck.reserve(rate, bytes, now));
        let dribble = self.speed.dribble.map(|(_, ms)| now + Duration::from_millis(ms));
        let until = [paced, shared, dribble].into_iter().flatten().max()?;
        Some(until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }
}

/// Links that several responses share, by their speed.
#[derive(Debug, Default)]
pub(crate) struct Bottleneck {
    busy_until: Mutex<HashMap<u64, Instant>>,
}

impl Bottleneck {
    /// Queues `bytes` on the link of this rate; when they are through.
    fn reserve(&self, rate: u64, bytes: u64, now: Instant) -> Instant {
        let mut links = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = links.entry(rate).or_insert(now);
        *busy = (*busy).max(now) + spent(bytes, rate);
        *busy
    }
}

#[expect(clippy::cast_precision_loss, reason = "a waiting time needs no more than 53 bits")]
fn spent(bytes: u64, rate: u64) -> Duration {
    crate::measure::seconds(bytes as f64 / rate as f64)
}

/// Bytes of one write where nothing slows it.
const BLOCK: usize = 512 * 1024;
/// Bytes of one write at most where something does.
const PACED_BLOCK: usize = 64 * 1024;
const PIECES_A_SECOND: u64 = 50;
