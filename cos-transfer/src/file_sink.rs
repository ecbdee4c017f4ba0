//! The bytes of a download on their way into the part file.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::DownloadError;
use crate::blocking::Blocking;
use crate::driver::{Done, Order, Sink};
use crate::engine::ClaimId;
use crate::sidecars::Sidecars;
use crate::storage::Dir;

/// Writes to the sidecars of a place.
///
/// Chunks and records are written by the thread that polls the download, so that nothing is copied
/// or handed over on their way; what may take longer than a write is done on tokio's blocking pool:
/// to reserve space, to write the journal anew, to throw away, and to read back.
pub(crate) struct FileSink<D: Dir> {
    /// `None` once they were taken out.
    sidecars: Option<Arc<Sidecars<D>>>,
    /// Whether there is a part file to write to.
    begun: bool,
    /// Whether an order has failed: what is told to the journal after it would be told of nothing.
    failed: bool,
    /// The order that all others wait for.
    running: Option<(Step, Blocking<()>)>,
    reading: Vec<(ClaimId, Blocking<bool>)>,
    stopped: bool,
}

/// What an order changes when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begin,
    Other,
}

impl<D: Dir> FileSink<D> {
    pub(crate) fn new(sidecars: Arc<Sidecars<D>>) -> Self {
        Self {
            sidecars: Some(sidecars),
            begun: false,
            failed: false,
            running: None,
            reading: Vec::new(),
            stopped: false,
        }
    }

    /// The sidecars, of which nothing is under way any more if the sink is idle.
    pub(crate) fn into_sidecars(mut self) -> Option<Arc<Sidecars<D>>> {
        self.sidecars.take()
    }
}

impl<D: Dir> Sink for FileSink<D> {
    fn may_take(&self, _: u64) -> bool {
        self.begun
    }

    fn take(&mut self, offset: u64, bytes: Bytes) -> Result<(), DownloadError> {
        match &self.sidecars {
            Some(sidecars) => sidecars.write(&bytes, offset),
            None => Err(DownloadError::Cancelled),
        }
    }

    fn order(&mut self, order: Order) -> Result<(), DownloadError> {
        let Some(sidecars) = self.sidecars.clone() else {
            return Err(DownloadError::Cancelled);
        };
        let (step, blocking) = match order {
            Order::Record(_) | Order::Rewrite(_) if self.failed => return Ok(()),
            Order::Record(record) => return sidecars.record(record.as_bytes()),
            Order::Verify { claim, extent } => {
                let read = Blocking::start(move || Ok(sidecars.read_back(&extent)));
                self.reading.push((claim, read));
                return Ok(());
            }
            Order::Begin(range) => (Step::Begin, Blocking::start(move || sidecars.begin(range))),
            Order::Rewrite(bytes) => (
                Step::Other,
                Blocking::start(move || sidecars.rewrite(&bytes)),
            ),
            Order::Discard => {
                self.begun = false;
                // It waits for those that read, and there will be no more claims.
                sidecars.stop_reading();
                (Step::Other, Blocking::start(move || sidecars.discard()))
            }
        };
        self.running = Some((step, blocking));
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        if let Some((step, blocking)) = &mut self.running
            && let Poll::Ready(done) = Pin::new(blocking).poll(cx)
        {
            self.begun |= *step == Step::Begin && done.is_ok();
            self.failed |= done.is_err();
            self.running = None;
            return Poll::Ready(done.map_or_else(Done::Failed, |()| Done::Step));
        }
        for at in 0..self.reading.len() {
            if let Some((claim, read)) = self.reading.get_mut(at)
                && let Poll::Ready(read) = Pin::new(read).poll(cx)
            {
                let claim = *claim;
                self.reading.swap_remove(at);
                return Poll::Ready(match read {
                    // What is said of the claim is not true then.
                    _ if self.stopped => Done::Step,
                    Ok(is_true) => Done::Read { claim, is_true },
                    Err(error) => Done::Failed(error),
                });
            }
        }
        Poll::Pending
    }

    fn stop(&mut self) {
        self.stopped = true;
        if let Some(sidecars) = &self.sidecars {
            sidecars.stop_reading();
        }
    }

    fn is_idle(&self) -> bool {
        self.running.is_none() && self.reading.is_empty()
    }
}

/// To remove a large file, or to close it, can take long.
impl<D: Dir> Drop for FileSink<D> {
    fn drop(&mut self) {
        self.stop();
        if let Some(sidecars) = self.sidecars.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(sidecars));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::sidecars::Place;

    /// A sink over real sidecars, of which every step is under way until it is polled.
    async fn sink(folder: &std::path::Path) -> FileSink<crate::storage::RealDir> {
        let place = Place::at(&folder.join("file")).unwrap();
        let turn = place.turn().await.unwrap();
        FileSink::new(Arc::new(Sidecars::open(place, turn, false).unwrap()))
    }

    async fn step(sink: &mut FileSink<crate::storage::RealDir>) {
        let done = poll_fn(|cx| sink.poll(cx)).await;
        assert!(matches!(done, Done::Step));
    }

    #[tokio::test]
    async fn no_byte_goes_to_a_part_file_that_is_about_to_be_discarded() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = sink(folder.path()).await;
        assert!(!sink.may_take(0) && !sink.is_busy());
        sink.order(Order::Begin(0..10)).unwrap();
        assert!(!sink.may_take(0) && sink.is_busy());
        step(&mut sink).await;
        assert!(sink.may_take(0) && !sink.is_busy());
        sink.order(Order::Rewrite(Vec::new())).unwrap();
        assert!(sink.may_take(0), "the journal is another file");
        step(&mut sink).await;
        sink.order(Order::Discard).unwrap();
        assert!(!sink.may_take(0));
        step(&mut sink).await;
        assert!(!sink.may_take(0), "the next one has not begun yet");
    }
}
