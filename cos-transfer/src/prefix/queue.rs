//! What is fetched next.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

/// Objects that wait for their turn, small and large ones apart.
///
/// Small ones come in the order of the listing, large ones the largest first: so that a run does not
/// end on a giant that was started last. As long as there are small ones, large ones get at most
/// three quarters of the connections, so that no giant holds the small ones up.
#[derive(Debug)]
pub(super) struct Queue<T> {
    small: VecDeque<T>,
    large: BinaryHeap<Large<T>>,
    /// Up to this size, an object is small.
    small_size: u64,
    slots: Slots,
    pushed: u64,
    running_small: usize,
    running_large: usize,
}

/// How many objects are under way at once.
#[derive(Debug)]
struct Slots {
    /// Small ones.
    small: usize,
    /// Large ones, beside small ones.
    large: usize,
    /// Large ones, where there is nothing else to do.
    large_alone: usize,
}

/// An object that the queue has given out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    Small(T),
    Large(T),
}

impl<T> Queue<T> {
    /// For so many connections, of which a large object takes `parallel`.
    pub(super) fn new(small_size: u64, connections: usize, parallel: usize) -> Self {
        let (connections, parallel) = (connections.max(1), parallel.max(1));
        Self {
            small: VecDeque::new(),
            large: BinaryHeap::new(),
            small_size,
            slots: Slots {
                // Some more than connections: the next one stands ready when a connection is free.
                small: connections.saturating_add(connections.div_ceil(4)),
                large: ((connections - connections / 4) / parallel).max(1),
                // Twice as many as there are connections for: the first part of an object comes
                // alone, and the last ones are few.
                large_alone: connections.saturating_mul(2).div_ceil(parallel),
            },
            pushed: 0,
            running_small: 0,
            running_large: 0,
        }
    }

    pub(super) fn push(&mut self, item: T, size: u64) {
        if size <= self.small_size {
            self.small.push_back(item);
        } else {
            self.large.push(Large {
                size,
                number: self.pushed,
                item,
            });
        }
        self.pushed = self.pushed.saturating_add(1);
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.small.len().saturating_add(self.large.len())
    }

    /// The next one that may start. [`ended`](Self::ended) is to be told of its end.
    pub(super) fn next(&mut self) -> Option<Next<T>> {
        let alone = self.small.is_empty() && self.running_small == 0;
        let slots = if alone {
            self.slots.large_alone
        } else {
            self.slots.large
        };
        if self.running_large < slots
            && let Some(large) = self.large.pop()
        {
            self.running_large = self.running_large.saturating_add(1);
            return Some(Next::Large(large.item));
        }
        if self.running_small < self.slots.small
            && let Some(item) = self.small.pop_front()
        {
            self.running_small = self.running_small.saturating_add(1);
            return Some(Next::Small(item));
        }
        None
    }

    /// One that was given out has ended.
    pub(super) fn ended(&mut self, was_small: bool) {
        let running = if was_small {
            &mut self.running_small
        } else {
            &mut self.running_large
        };
        *running = running.saturating_sub(1);
    }

    /// Takes a small one back that could not get a file handle: it comes next, and fewer are under
    /// way at once from now on.
    pub(super) fn take_back(&mut self, item: T) {
        self.small.push_front(item);
        self.slots.small = self.slots.small.div_ceil(2);
        self.slots.large_alone = self.slots.large_alone.div_ceil(2);
        self.slots.large = self.slots.large.min(self.slots.large_alone);
    }

    /// Gives up what has not started.
    pub(super) fn clear(&mut self) {
        self.small.clear();
        self.large.clear();
    }
}

#[derive(Debug)]
struct Large<T> {
    size: u64,
    number: u64,
    item: T,
}

impl<T> Ord for Large<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = self.size.cmp(&other.size);
        by_size.then_with(|| other.number.cmp(&self.number))
    }
}

impl<T> PartialOrd for Large<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Large<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Large<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<T>(queue: &mut Queue<T>) -> Vec<Next<T>> {
        std::iter::from_fn(|| queue.next()).collect()
    }

    #[test]
    fn large_ones_start_early_and_the_largest_first() {
        let mut queue = Queue::new(10, 8, 3);
        for (item, size) in [("a", 1), ("b", 20), ("c", 10), ("d", 30), ("e", 20)] {
            queue.push(item, size);
        }
        use Next::{Large, Small};
        assert_eq!(
            all(&mut queue),
            [Large("d"), Large("b"), Small("a"), Small("c")]
        );
        queue.ended(false);
        assert_eq!(all(&mut queue), [Large("e")]);
    }

    #[test]
    fn small_ones_are_never_held_up_by_large_ones() {
        let mut queue = Queue::new(10, 32, 5);
        (0..100).for_each(|_| queue.push("large", 1 << 40));
        (0..100).for_each(|_| queue.push("small", 1));
        let started = all(&mut queue);
        let large = started.iter().filter(|next| **next == Next::Large("large"));
        assert_eq!(large.count(), 4, "of the 32 connections, 20");
        assert_eq!(started.len(), 44);
    }

    #[test]
    fn alone_large_ones_get_all_connections() {
        let mut queue = Queue::new(10, 32, 5);
        (0..100).for_each(|_| queue.push("large", 1 << 40));
        assert_eq!(all(&mut queue).len(), 13, "65 parts for 32 connections");
    }

    #[test]
    fn one_connection_is_enough_for_all() {
        let mut queue = Queue::new(10, 1, 5);
        queue.push("large", 11);
        queue.push("small", 1);
        assert_eq!(
            all(&mut queue),
            [Next::Large("large"), Next::Small("small")]
        );
    }

    #[test]
    fn f19_without_file_handles_fewer_are_under_way() {
        let mut queue = Queue::new(10, 32, 5);
        (0..100).for_each(|number| queue.push(number, 1));
        assert_eq!(all(&mut queue).len(), 40);
        for number in (0..40).rev() {
            queue.ended(true);
            queue.take_back(number);
        }
        assert_eq!(all(&mut queue), [Next::Small(0)], "one always may");
    }
}
