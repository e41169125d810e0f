//! Unpacking while the bytes arrive.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use tokio::sync::{oneshot, watch};
use towline_store::{End, Reader, Restarted, Stage, Stopped};
use towline_unpack::{Order, UnpackError, Unpacked, Unpacker, Written};

use crate::{
    Event, FetchError,
    source::{Growing, Stop},
};

/// A thread that unpacks a spool into a stage, again from the beginning whenever the bytes beneath it are.
pub(crate) struct Unpacking {
    counts: Arc<Counts>,
    result: Option<oneshot::Receiver<Settled>>,
    thread: Option<thread::JoinHandle<()>>,
    /// Turns true when the disk failed: the transfer need not go on.
    hopeless: watch::Receiver<bool>,
    stop: Arc<Stop>,
}

/// The stage, and what came of it.
type Settled = (Stage, Result<Unpacked, UnpackError>);

/// What was written so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    written: AtomicU64,
    bytes: AtomicU64,
    passes: AtomicU64,
}

impl Counts {
    pub(crate) fn event(&self) -> Event<'static> {
        let (written, bytes) = (self.written.load(Relaxed), self.bytes.load(Relaxed));
        Event::Unpacking { written, bytes, passes: self.passes.load(Relaxed) }
    }

    /// Bytes in the files that were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// An order whose members are counted here.
    pub(crate) fn counting(self: &Arc<Self>, order: &Order) -> Order {
        let counts = Arc::clone(self);
        let observe = Arc::new(move |written: Written<'_>| {
            counts.written.fetch_add(1, Relaxed);
            counts.bytes.fetch_add(written.size, Relaxed);
        });
        Order { observe, ..order.clone() }
    }

    pub(crate) fn pass(&self) {
        self.passes.fetch_add(1, Relaxed);
    }
}

impl Unpacking {
    /// Starts the thread.
    pub(crate) fn start(unpacker: Unpacker, reader: Reader, stage: Stage, order: &Order) -> Result<Self, FetchError> {
        let counts = Arc::new(Counts::default());
        let order = counts.counting(order);
        let (tell, result) = oneshot::channel();
        let (fail, hopeless) = watch::channel(false);
        let stop = Arc::new(Stop::default());
        let (passes, stopping) = (Arc::clone(&counts), Arc::clone(&stop));
        let work = move || {
            let stage = stage;
            let result = until_settled(&unpacker, &reader, &stage, &order, &passes, &stopping);
            if matches!(result, Err(UnpackError::Disk { .. })) {
                // Room for the partial file, and for the next run.
                let _ = stage.clear();
                let _ = fail.send(true);
            }
            let _ = tell.send((stage, result));
        };
        let thread = thread::Builder::new().name("unpack".to_owned()).spawn(work).map_err(FetchError::Runtime)?;
        Ok(Self { counts, result: Some(result), thread: Some(thread), hopeless, stop })
    }

    pub(crate) const fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Returns when the disk has failed; else never.
    pub(crate) fn hopeless(&self) -> impl Future<Output = ()> + use<> {
        let mut hopeless = self.hopeless.clone();
        async move {
            if hopeless.wait_for(|failed| *failed).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends the thread, whose result nobody wants, and waits for that. The spool has to have ended.
    pub(crate) async fn given_up(self) {
        self.stop.now();
        let _ = self.settled().await;
    }

    /// Waits for the end of the thread. The spool has to have ended.
    pub(crate) async fn settled(mut self) -> Result<Settled, FetchError> {
        let died = || FetchError::Runtime(io::Error::other("the thread that unpacks has died"));
        self.result.take().ok_or_else(died)?.await.map_err(|_| died())
    }
}

/// Nothing of a stage is left behind by a process that ends now. The spool has to have ended.
impl Drop for Unpacking {
    fn drop(&mut self) {
        self.stop.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Unpacks until the outcome stands: an archive is only called damaged when its bytes are complete, and verified.
fn until_settled(
    unpacker: &Unpacker,
    reader: &Reader,
    stage: &Stage,
    order: &Order,
    counts: &Counts,
    stop: &Stop,
) -> Result<Unpacked, UnpackError> {
    loop {
        let watch = reader.watch();
        let began = watch.now();
        counts.pass();
        let source = stop.over(Arc::new(Growing::new(reader)));
        let result = unpacker.unpack(&source, stage.tree(), order);
        let again = match &result {
            Ok(_) | Err(UnpackError::Disk { .. } | UnpackError::Stopped) => return result,
            Err(UnpackError::Source(error)) => Restarted::of(error).is_some(),
            Err(UnpackError::Archive(_)) => loop {
                let seen = watch.reaches(u64::MAX);
                match seen.end {
                    _ if seen.cuts != began.cuts => break true,
                    Some(End::Complete) => break false,
                    Some(End::Stopped) => return Err(UnpackError::Source(Stopped { len: seen.len }.into())),
                    None => {}
                }
            },
        };
        if !again {
            return result;
        }
        clear(stage)?;
    }
}

fn clear(stage: &Stage) -> Result<(), UnpackError> {
    let path: PathBuf = stage.tree().to_path_buf();
    stage.clear().map_err(|error| UnpackError::Disk { what: "clear", path, source: error.into() })
}
