//! The bytes of a download that have come before their turn.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};

use crate::DownloadError;
use crate::driver::{Done, Order, Sink};

/// Hands bytes out in order, and keeps those that come early.
///
/// A chunk may keep alive a buffer of many times its size. So only the one whose turn it is, is
/// passed on as it came; the others are copied, and the memory that is taken is that of the bytes,
/// which the machine bounds.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// What is wanted; empty as long as that is not known.
    range: Range<u64>,
    /// Where the next byte to hand out stands.
    next: u64,
    ready: VecDeque<Bytes>,
    /// Bytes in `ready`.
    queued: u64,
    early: BTreeMap<u64, BytesMut>,
    /// Early bytes are gathered in pieces of so many.
    piece: usize,
    /// Whether `range` is known.
    begun: bool,
    /// Whether the last bytes may go, because all are right.
    complete: bool,
}

/// Early bytes are gathered in pieces of so many, unless a part has fewer.
const PIECE: usize = 256 * 1024;

impl Window {
    /// A window for parts of this size.
    pub(crate) fn new(part_size: u64) -> Self {
        Self {
            piece: usize::try_from(part_size).map_or(PIECE, |part| part.min(PIECE)),
            ..Self::default()
        }
    }

    /// The next bytes to hand out, and the offset behind them. The last ones of all come only when
    /// [`complete`](Self::complete) was called.
    pub(crate) fn pop(&mut self) -> Option<(Bytes, u64)> {
        let next = self.ready.front()?;
        let end = self.next.saturating_add(len(next));
        if end >= self.range.end && !self.complete {
            return None;
        }
        let bytes = self.ready.pop_front()?;
        self.next = end;
        self.queued = self.queued.saturating_sub(len(&bytes));
        Some((bytes, end))
    }

    /// All bytes have come, and are right.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    /// Where the bytes end that are ready to be handed out.
    fn reached(&self) -> u64 {
        self.next.saturating_add(self.queued)
    }

    fn push(&mut self, bytes: Bytes) {
        self.queued = self.queued.saturating_add(len(&bytes));
        self.ready.push_back(bytes);
    }

    /// All pieces are of one size, so that what one leaves is room for another.
    fn keep(&mut self, mut offset: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let last = self.early.range_mut(..offset).next_back();
            let piece = match last {
                Some((start, piece))
                    if start.saturating_add(len(piece)) == offset && room(piece) > 0 =>
                {
                    piece
                }
                _ => {
                    let piece = BytesMut::with_capacity(self.piece.max(1));
                    self.early.insert(offset, piece);
                    match self.early.get_mut(&offset) {
                        Some(piece) => piece,
                        None => return,
                    }
                }
            };
            let fits = room(piece).min(bytes.len());
            let (now, rest) = bytes.split_at_checked(fits).unwrap_or((bytes, &[]));
            piece.extend_from_slice(now);
            offset = offset.saturating_add(len(now));
            bytes = rest;
        }
    }
}

impl Sink for Window {
    /// Of the bytes whose turn it is, one chunk at a time.
    fn may_take(&self, offset: u64) -> bool {
        self.begun && (offset > self.reached() || self.ready.is_empty())
    }

    fn take(&mut self, offset: u64, bytes: Bytes) -> Result<(), DownloadError> {
        if offset == self.reached() {
            self.push(bytes);
            while let Some(early) = self.early.remove(&self.reached()) {
                self.push(early.freeze());
            }
        } else {
            self.keep(offset, &bytes);
        }
        Ok(())
    }

    fn order(&mut self, order: Order) -> Result<(), DownloadError> {
        match order {
            Order::Begin(range) => {
                self.next = range.start;
                self.range = range;
                self.begun = true;
            }
            Order::Discard => {
                *self = Self {
                    piece: self.piece,
                    ..Self::default()
                };
            }
            // There is no checkpoint.
            Order::Rewrite(_) | Order::Record(_) | Order::Verify { .. } => {}
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Done> {
        Poll::Pending
    }

    fn stop(&mut self) {}

    fn is_idle(&self) -> bool {
        true
    }
}

fn room(piece: &BytesMut) -> usize {
    piece.capacity().saturating_sub(piece.len())
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(range: Range<u64>) -> Window {
        let mut window = Window::new(1 << 20);
        assert!(!window.may_take(range.start), "nothing is known yet");
        window.order(Order::Begin(range)).unwrap();
        window
    }

    fn take(window: &mut Window, offset: u64, bytes: &'static [u8]) {
        assert!(window.may_take(offset));
        window.take(offset, Bytes::from_static(bytes)).unwrap();
    }

    #[test]
    fn what_comes_early_waits_for_its_turn() {
        let mut window = window(10..20);
        take(&mut window, 14, b"ef");
        take(&mut window, 16, b"gh");
        assert_eq!(window.pop(), None);
        take(&mut window, 10, b"abcd");
        assert_eq!(window.pop(), Some((Bytes::from_static(b"abcd"), 14)));
        assert_eq!(window.pop(), Some((Bytes::from_static(b"efgh"), 18)));
        assert_eq!(window.pop(), None);
        assert!(window.early.is_empty());
    }

    #[test]
    fn whose_turn_it_is_waits_until_it_is_taken() {
        let mut window = window(0..100);
        take(&mut window, 0, b"ab");
        assert!(!window.may_take(2));
        assert!(
            window.may_take(50),
            "of the others, the machine bounds how much comes"
        );
        window.pop().unwrap();
        assert!(window.may_take(2));
    }

    #[test]
    fn the_last_bytes_go_when_all_are_known_to_be_right() {
        let mut window = window(0..4);
        take(&mut window, 2, b"cd");
        take(&mut window, 0, b"ab");
        assert_eq!(window.pop(), Some((Bytes::from_static(b"ab"), 2)));
        assert_eq!(window.pop(), None);
        window.complete();
        assert_eq!(window.pop(), Some((Bytes::from_static(b"cd"), 4)));
        assert_eq!(window.pop(), None);
    }

    #[test]
    fn early_bytes_keep_no_buffer_alive_but_their_own() {
        let mut window = window(0..1 << 30);
        for offset in 0..100_000_u64 {
            take(&mut window, 1_000_000 + offset, b"x");
        }
        assert_eq!(window.early.len(), 1);
        window.order(Order::Discard).unwrap();
        assert!(window.early.is_empty() && !window.may_take(0));
    }
}
