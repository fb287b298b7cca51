//! One connection's way out: what is released is on its way until the kernel has its last byte.
//!
//! The HTTP library keeps what it could not write yet in its own memory. So whether a release still stands is asked here,
//! where bytes go to the kernel, and not only where they are handed to that library.

use app::Permit;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long a reader may take nothing at all.
const STALL: Duration = Duration::from_secs(30);
/// How often a stalled connection looks whether it was cut.
const LOOK: Duration = Duration::from_secs(1);

/// What is leaving on a connection.
#[derive(Default)]
pub struct Line {
    leaving: Mutex<Vec<Weak<Permit>>>,
    cut: AtomicBool,
}

impl Line {
    /// Something leaves here under `permit`, until the last of its bytes is dropped.
    pub fn carry(&self, permit: &Arc<Permit>) {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|other| other.strong_count() > 0);
        leaving.push(Arc::downgrade(permit));
    }

    /// Nothing more leaves here.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Whether something that is leaving here was taken back. Stays so: the answer under way cannot be completed.
    fn is_cut(&self) -> bool {
        if self.cut.load(Ordering::SeqCst) {
            return true;
        }
        let leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = leaving.iter().filter_map(Weak::upgrade).any(|permit| permit.is_cut());
        if cut {
            self.cut();
        }
        cut
    }
}

/// The socket of a connection: writes nothing that was taken back, and gives up on who reads nothing.
pub struct Socket {
    io: TokioIo<TcpStream>,
    line: Arc<Line>,
    stalled_since: Option<Instant>,
    look: Option<Pin<Box<Sleep>>>,
    given_up: bool,
}

impl Socket {
    /// A socket and what leaves on it.
    pub fn new(stream: TcpStream, line: Arc<Line>) -> Self {
        Self {
            io: TokioIo::new(stream),
            line,
            stalled_since: None,
            look: None,
            given_up: false,
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.line.is_cut() {
            return Poll::Ready(Err(io::Error::new(ErrorKind::ConnectionAborted, "taken back")));
        }
        let written = write(Pin::new(&mut self.io), cx);
        match written {
            Poll::Ready(_) => {
                self.stalled_since = None;
                written
            }
            Poll::Pending => self.stall(cx),
        }
    }

    /// The kernel takes nothing. Clocks are set only here, so that who reads pays for none.
    fn stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        let since = *self.stalled_since.get_or_insert(now);
        if now.duration_since(since) >= STALL {
            self.given_up = true;
            return Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the reader takes nothing")));
        }
        let look = self.look.get_or_insert_with(|| Box::pin(tokio::time::sleep(LOOK)));
        while look.as_mut().poll(cx).is_ready() {
            look.as_mut().reset(now + LOOK);
        }
        Poll::Pending
    }
}

impl Read for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |io, cx| io.poll_write_vectored(cx, bufs))
    }

    /// With gathered writes the HTTP library keeps our own buffers until they are written, instead of copies: the permit is
    /// in them.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.given_up || self.line.is_cut() {
            // The kernel then forgets what it has not sent, instead of sending it for minutes.
            _ = self.io.inner().set_zero_linger();
        }
    }
}
