//! Reading a spool from asynchronous code.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

use crate::Reader;

/// The most one poll reads: the bytes come from the page cache as a rule, but not for long enough to hold up a
/// runtime's thread.
const AT_ONCE: usize = 64 * 1024;

/// A [`Reader`] for asynchronous code: at the watermark it gives the thread back. Ends and errors are the reader's.
#[derive(Debug, Clone)]
pub struct AsyncReader {
    inner: Reader,
}

impl AsyncReader {
    /// Goes on where the reader stands.
    #[must_use]
    pub const fn new(reader: Reader) -> Self {
        Self { inner: reader }
    }

    /// The reader, at the position reached.
    #[must_use]
    pub fn into_inner(self) -> Reader {
        self.inner
    }

    /// Moves to an offset from the start, for instance after [`crate::Restarted`].
    pub const fn seek_to(&mut self, offset: u64) {
        self.inner.position = offset;
    }
}

impl AsyncRead for AsyncReader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let reader = &mut self.inner;
        let most = buf.remaining().min(AT_ONCE);
        if most == 0 {
            return Poll::Ready(Ok(()));
        }
        let room = buf.initialize_unfilled_to(most);
        loop {
            let (told, position) = (&mut reader.told, reader.position);
            let ahead = reader.progress.look(cx.waker(), |marks, wanted| {
                *wanted = position.saturating_add(1);
                told.ahead(position, marks)
            });
            let Some(ahead) = ahead else { return Poll::Pending };
            if let Some(read) = reader.progress.read(position, room, ahead?, told)? {
                reader.position += read as u64;
                buf.advance(read);
                return Poll::Ready(Ok(()));
            }
        }
    }
}
