//! A connection's socket, plain or under TLS, and how to end it.

#![expect(clippy::disallowed_methods, reason = "waiting on purpose is what a fault server does")]

use crate::plan::Cut;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A socket that can be reset.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    /// Ends the connection as said. For a reset the stream must be dropped right after.
    pub(crate) async fn cut(&mut self, cut: Cut) {
        // A client that is gone already needs no ending.
        let _ = self.flush().await;
        match cut {
            Cut::Rst => reset(self.tcp()).await,
            Cut::Fin => {
                let _ = SockRef::from(self.tcp()).shutdown(std::net::Shutdown::Write);
                self.linger().await;
            }
        }
    }

    /// Ends a connection in peace, under TLS with a goodbye.
    pub(crate) async fn close(&mut self) {
        let _ = self.shutdown().await;
        self.linger().await;
    }

    /// Reads on until the client closes too: closing a socket with unread bytes in it would be a reset.
    async fn linger(&mut self) {
        let mut buf = [0; 4096];
        let drain = async { while self.read(&mut buf).await.is_ok_and(|n| n > 0) {} };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }
}

/// Arms a TCP connection so that dropping it sends a reset, once the kernel has sent what it was given:
/// a reset throws unsent bytes away.
pub(crate) async fn reset(tcp: &TcpStream) {
    let socket = SockRef::from(tcp);
    #[cfg(target_os = "linux")]
    // From here on the socket counts as writable only when nothing is unsent.
    let _ = socket.set_tcp_notsent_lowat(1);
    for _ in 0..UNSENT_MS {
        let mut fds = [PollFd::new(tcp, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let _ = socket.set_linger(Some(Duration::ZERO));
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// How long to wait for the client's own close.
const LINGER: Duration = Duration::from_secs(1);
/// How many milliseconds a client that does not read may hold up a reset.
const UNSENT_MS: u32 = 2000;
