//! A connection's progress, and the end of one that makes none.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep_until, Instant, Sleep};

/// In so much time a client that is sent something must take [`MIN_TAKEN`] bytes of it.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
const MIN_TAKEN: usize = 8 << 10;
/// A connection whose request is being answered counts as active for so long.
const ANSWER_TIME: Duration = Duration::from_secs(30);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now_ms() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Progress {
    /// When it last read or wrote something.
    at_ms: AtomicU64,
    is_answering: AtomicBool,
    /// Requests since something was last read.
    ahead: AtomicU32,
    displaced: Notify,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            at_ms: AtomicU64::new(now_ms()),
            is_answering: AtomicBool::new(false),
            ahead: AtomicU32::new(0),
            displaced: Notify::new(),
        }
    }

    fn touch(&self) {
        self.at_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// How long it has been inactive.
    pub(super) fn idle(&self) -> Duration {
        let idle =
            Duration::from_millis(now_ms().saturating_sub(self.at_ms.load(Ordering::Relaxed)));
        match self.is_answering.load(Ordering::Relaxed) {
            true => idle.saturating_sub(ANSWER_TIME),
            false => idle,
        }
    }

    /// A request has arrived; how many have since something was last read.
    pub(super) fn requested(&self) -> u32 {
        self.is_answering.store(true, Ordering::Relaxed);
        self.ahead.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The answer is there and is now sent.
    pub(super) fn answered(&self) {
        self.is_answering.store(false, Ordering::Relaxed);
        self.touch();
    }

    /// Ends the connection for the sake of another one.
    pub(super) fn displace(&self) {
        self.displaced.notify_one();
    }

    pub(super) async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

/// A stream that notes its progress and fails when its client takes too little of what it is sent.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    progress: Arc<Progress>,
    /// Set while the client does not take everything: when the time is up, and what it has taken.
    blocked: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, progress: Arc<Progress>) -> Self {
        Self { stream, progress, blocked: None }
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Ready(Ok(n)) => {
                self.progress.touch();
                match &mut self.blocked {
                    Some(_) if *n == wanted => self.blocked = None,
                    Some((_, taken)) => *taken += n,
                    None => {}
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let fresh = || (Box::pin(sleep_until(Instant::now() + WRITE_TIMEOUT)), 0);
                let (timer, taken) = self.blocked.get_or_insert_with(fresh);
                if timer.as_mut().poll(context).is_ready() {
                    if *taken < MIN_TAKEN {
                        let slow = "the client does not take what it asked for";
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, slow)));
                    }
                    *taken = 0;
                    timer.as_mut().reset(Instant::now() + WRITE_TIMEOUT);
                    // Registers the timer again; its time is not up yet.
                    let _ = timer.as_mut().poll(context);
                }
            }
        }
        result
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.progress.touch();
            this.progress.ahead.store(0, Ordering::Relaxed);
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.wrote(context, bytes.len(), result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.wrote(context, slices.iter().map(|slice| slice.len()).sum(), result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
