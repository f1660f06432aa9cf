//! Reading descriptions: on threads of their own, few at a time, with bounds on memory and on the share of a core.

use std::panic::AssertUnwindSafe;
use std::sync::{mpsc, Arc};
use std::time::Duration;

use nilometer_package::description::MAX_BYTES;
use tokio::sync::{oneshot, Semaphore};
use tokio::time::{sleep, Instant};

use super::keep::SMALL;
use super::{Key, Readable};
use crate::app::{Answer, App};
use crate::described::Described;
use crate::markdown;
use crate::store::Stored;
use crate::view::{DescriptionState, VersionView};

/// What reading a description may take, in bytes.
const MAX_WEIGHT: usize = 64 << 20;
/// After a large description was read, the next one waits so many times as long as that took.
const PAUSE_LARGE: u32 = 4;
/// The same of small ones.
const PAUSE_SMALL: u32 = 1;
/// The longest such pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Large descriptions that may wait to be read; further ones are asked for again later.
const QUEUE: usize = 8;

/// Who may read.
#[derive(Debug)]
pub(super) struct Reading {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    thread: Thread,
    /// Places in the queue for `large`, so that large descriptions do not use up all searches.
    queue: Semaphore,
}

impl Default for Reading {
    fn default() -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self { small: one(), large: one(), thread: Thread::start(), queue: Semaphore::new(QUEUE) }
    }
}

/// The thread that reads. It is always the same one: the allocator keeps what a thread has freed for that thread, so
/// that reading on many threads would hold the memory of as many readings.
#[derive(Debug)]
struct Thread(mpsc::Sender<Job>);

type Job = Box<dyn FnOnce() + Send>;

impl Thread {
    fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        // It ends with the last sender. If it cannot be started, its jobs are dropped, which their callers notice.
        let body = move || queue.into_iter().for_each(|job| job());
        if let Err(error) = std::thread::Builder::new().name("descriptions".to_owned()).spawn(body)
        {
            tracing::error!(%error, "no thread for descriptions");
        }
        Self(jobs)
    }

    /// Does work on the thread; an error if it panics.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, oneshot::error::RecvError> {
        let (told, done) = oneshot::channel();
        let job = move || {
            // The channel closes on a panic; the thread goes on.
            if let Ok(value) = std::panic::catch_unwind(AssertUnwindSafe(work)) {
                let _ = told.send(value);
            }
        };
        // A job that cannot be sent is dropped, and with it the channel.
        let _ = self.0.send(Box::new(job));
        done.await
    }
}

impl App {
    /// Reads a description of the index.
    pub(super) async fn read_stored(
        &self,
        key: &Key,
        version: &VersionView,
        stored: Stored,
    ) -> Answer<Readable> {
        let refused = |reason: &str| {
            let state = DescriptionState::Refused;
            let readable = Readable::absent(version, state, Some(reason.to_owned()));
            self.0.described.kept.put(key, &readable, 0);
            Ok(readable)
        };
        if stored.length > MAX_BYTES {
            return refused("it is too long");
        }
        let later = || {
            let reason = "other large descriptions are being read".to_owned();
            Ok(Readable::absent(version, DescriptionState::Pending, Some(reason)))
        };
        let Reading { small, large, thread, queue } = &self.0.described.reading;
        // Its length alone may say that it is large; what it takes is known when its bytes are.
        let mut gate = if stored.length <= SMALL / 4 { small } else { large };
        let mut place = None;
        if Arc::ptr_eq(gate, large) {
            let Ok(taken) = queue.try_acquire() else { return later() };
            place = Some(taken);
        }
        let mut turn = gate.clone().acquire_owned().await;
        drop(place);
        let (hash, most) = (version.metadata_hash.clone(), MAX_WEIGHT);
        let weight = self.read(move |index| index.fold_description(&hash, 0, weigh(most))).await?;
        if weight.is_some_and(|weight| weight > MAX_WEIGHT) {
            return refused("it would take too much memory to read it here");
        }
        let hash = version.metadata_hash.clone();
        let bytes = self.read(move |index| index.description(&hash)).await?;
        let Some(mut bytes) = bytes else {
            return refused("its bytes are not in the index any more");
        };
        let weight = weight.unwrap_or_default();
        if weight > SMALL && Arc::ptr_eq(gate, small) {
            drop(turn);
            // Not held while waiting: what waits must not take memory.
            drop(bytes);
            let Ok(place) = queue.try_acquire() else { return later() };
            gate = large;
            turn = gate.clone().acquire_owned().await;
            drop(place);
            let hash = version.metadata_hash.clone();
            let again = self.read(move |index| index.description(&hash)).await?;
            let Some(again) = again else {
                return refused("its bytes are not in the index any more");
            };
            bytes = again;
        }
        let (wanted, source, hash) =
            (version.clone(), stored.source, version.metadata_hash.clone());
        let start = Instant::now();
        let store = self.0.store.clone();
        let read = thread.run(move || {
            let described = Described::read(&wanted, &bytes, &source);
            drop(bytes);
            let view = &described.view;
            let agreement = view.report.as_ref().and_then(|r| r["accuracy"]["agreement"].as_f64());
            let summary = view.card.as_deref().and_then(markdown::summary);
            if let Err(error) = store.keep_summary(&hash, agreement, summary.as_deref()) {
                tracing::warn!(%error, "a description's summary");
            }
            let card = view.card.as_deref().map(|card| Arc::from(markdown::render(card)));
            Readable { described: Arc::new(described), card }
        });
        let read = read.await;
        let pause = if Arc::ptr_eq(gate, small) { PAUSE_SMALL } else { PAUSE_LARGE };
        let pause = start.elapsed().saturating_mul(pause).min(MAX_PAUSE);
        tokio::spawn(async move {
            sleep(pause).await;
            drop(turn);
        });
        match read {
            Ok(readable) => {
                self.0.described.kept.put(key, &readable, weight);
                Ok(readable)
            }
            // Whatever broke the reader is in the bytes.
            Err(_) => refused("it cannot be read"),
        }
    }
}

/// A bound on the memory that a description's parts take when they are parsed, from its punctuation: an integer takes at
/// most 16 bytes, a number as text at most its text, a felt and a copy of that, a list or an object at most a vector of
/// a few elements. Folded over the parts of a description; parts beyond `most` are not looked at.
fn weigh(most: usize) -> impl Fn(usize, &[u8]) -> usize {
    move |sum, part| if sum > most { sum } else { sum + part_weight(part) }
}

fn part_weight(bytes: &[u8]) -> usize {
    const ELEMENT: usize = 24;
    const QUOTE: usize = 52;
    const LIST: usize = 320;
    let count = |bytes: &[u8]| {
        bytes.iter().fold(0usize, |sum, byte| match byte {
            b',' => sum + ELEMENT,
            b'"' => sum + QUOTE,
            b'[' | b'{' => sum + LIST,
            _ => sum,
        })
    };
    bytes.len() + count(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(bytes: &[u8]) -> usize {
        weigh(usize::MAX)(0, bytes)
    }

    #[test]
    fn what_is_nested_weighs_more_than_it_is_long() {
        assert_eq!(weight(b"abc"), 3);
        let list = format!("[{}0]", "0,".repeat(1_000));
        assert_eq!(weight(list.as_bytes()), list.len() + 1_000 * 24 + 320);
        assert!(weight("[],".repeat(MAX_WEIGHT / 344 + 1).as_bytes()) > MAX_WEIGHT);
    }
}
