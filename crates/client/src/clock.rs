//! The small pauses and limits that callers need around a transfer. A retry is never made of these: the loop is in `drive`.
#![expect(clippy::disallowed_methods, reason = "this is the clock module that the rule names")]

use std::time::Duration;

/// Waits, for a poll of something that cannot wake us (another process).
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Runs `work` for at most `time`; `None` when it was not ready by then.
pub async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, work).await.ok()
}
