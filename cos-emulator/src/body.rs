//! Sending a payload: read piece by piece, at its pace, with its faults.

use std::{collections::VecDeque, io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    answer::Payload,
    content::{CHUNK, Content},
    fault::Stall,
    log::LoggedRequest,
    server::Stop,
};

/// Buffers of a body that are kept to be used again. One is being sent, one waits, one is filled.
const SPARE_BUFFERS: usize = 3;

/// Parts of a second in which a limited body is sent.
const SLICES_PER_SECOND: u64 = 20;

/// What befalls a body on its way.
#[derive(Debug, Default)]
pub(crate) struct Treatment {
    /// Bytes per second.
    pub(crate) rate: Option<u64>,
    pub(crate) stall_after: Option<(u64, Stall)>,
    /// Offsets in the body of bytes to invert.
    pub(crate) corrupt: Vec<u64>,
}

/// A payload being sent.
#[derive(Debug)]
pub(crate) struct Pump {
    payload: Payload,
    /// The length of the payload before it was cut.
    whole: u64,
    sent: u64,
    treatment: Treatment,
    started: Option<Instant>,
    ahead: Option<JoinHandle<io::Result<Bytes>>>,
    spare: VecDeque<Bytes>,
    log: Option<LoggedRequest>,
    stop: Stop,
}

impl Pump {
    pub(crate) fn new(
        payload: Payload,
        treatment: Treatment,
        log: LoggedRequest,
        stop: Stop,
    ) -> Self {
        if payload.len() == 0 {
            log.completed();
        }
        let mut pump = Self::quiet(payload, stop);
        pump.treatment = treatment;
        pump.log = Some(log);
        pump
    }

    /// A payload that nothing befalls and nobody logs.
    pub(crate) fn quiet(payload: Payload, stop: Stop) -> Self {
        Self {
            whole: payload.len(),
            payload,
            sent: 0,
            treatment: Treatment::default(),
            started: None,
            ahead: None,
            spare: VecDeque::new(),
            log: None,
            stop,
        }
    }

    /// Ends the body after so many bytes, whatever its head has said.
    pub(crate) fn cut(mut self, len: u64) -> Self {
        self.payload.truncate(len);
        self
    }

    /// The next piece, in its time. `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.sent >= self.payload.len() {
            return None;
        }
        if let Err(stopped) = self.wait().await {
            return Some(Err(stopped));
        }
        let mut piece = match self.read().await {
            Ok(piece) => piece,
            Err(error) => return Some(Err(error)),
        };
        if self.payload.content.blocks() || matches!(self.payload.content, Content::Pattern(_)) {
            self.spare.push_back(piece.clone());
        }
        piece = self.corrupted(piece);
        self.sent = self
            .sent
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        self.read_ahead();
        if let Some(log) = &self.log {
            log.sent(piece.len());
            if self.sent == self.whole {
                log.completed();
            }
        }
        Some(Ok(piece))
    }

    /// Whether the next piece has to be waited for on purpose.
    pub(crate) fn waits(&self) -> bool {
        self.treatment
            .stall_after
            .is_some_and(|(at, _)| at == self.sent)
    }

    /// Waits for what the treatment wants to be waited for before the next piece.
    async fn wait(&mut self) -> io::Result<()> {
        if let Some((at, stall)) = self
            .treatment
            .stall_after
            .filter(|(at, _)| *at == self.sent)
        {
            tracing::debug!(at, "the body stalls");
            self.treatment.stall_after = None;
            self.stop.stall(stall).await?;
        }
        if let Some(rate) = self.treatment.rate {
            let started = *self.started.get_or_insert_with(Instant::now);
            let due = Duration::from_millis(self.sent.saturating_mul(1000) / rate.max(1));
            let wait = due.saturating_sub(started.elapsed());
            self.stop.stall(Stall::For(wait)).await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> io::Result<Bytes> {
        let reading = match self.ahead.take() {
            Some(reading) => reading,
            None if self.payload.content.blocks() => self.start_reading(),
            None => {
                let (offset, len) = self.piece();
                let buffer = self.buffer();
                return self.payload.content.read(offset, len, buffer);
            }
        };
        reading.await.map_err(io::Error::other)?
    }

    /// Reads the next piece of a file while this one is being sent.
    fn read_ahead(&mut self) {
        let more = self.sent < self.payload.len();
        if more && self.payload.content.blocks() {
            self.ahead = Some(self.start_reading());
        }
    }

    fn start_reading(&mut self) -> JoinHandle<io::Result<Bytes>> {
        let (offset, len) = self.piece();
        let buffer = self.buffer();
        let content = self.payload.content.clone();
        tokio::task::spawn_blocking(move || content.read(offset, len, buffer))
    }

    /// Where the next piece is, and how long: to the next thing that happens.
    fn piece(&self) -> (u64, usize) {
        let mut len = self.payload.len().saturating_sub(self.sent).min(CHUNK);
        if let Some((at, _)) = self.treatment.stall_after
            && at > self.sent
        {
            len = len.min(at.saturating_sub(self.sent));
        }
        if let Some(rate) = self.treatment.rate {
            len = len.min((rate / SLICES_PER_SECOND).max(1));
        }
        let offset = self.payload.range.start.saturating_add(self.sent);
        (offset, usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// A buffer that nobody reads any more, or a new one.
    fn buffer(&mut self) -> BytesMut {
        if self.spare.len() < SPARE_BUFFERS {
            return BytesMut::new();
        }
        let oldest = self.spare.pop_front().unwrap_or_default();
        oldest.try_into_mut().unwrap_or_default()
    }

    fn corrupted(&self, piece: Bytes) -> Bytes {
        let len = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        let within = |offset: &u64| (self.sent..self.sent.saturating_add(len)).contains(offset);
        if !self.treatment.corrupt.iter().any(within) {
            return piece;
        }
        let mut bytes = piece.to_vec();
        for offset in self.treatment.corrupt.iter().copied().filter(within) {
            let index = usize::try_from(offset.saturating_sub(self.sent)).unwrap_or(usize::MAX);
            if let Some(byte) = bytes.get_mut(index) {
                *byte = !*byte;
            }
        }
        bytes.into()
    }
}
