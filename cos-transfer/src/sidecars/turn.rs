//! One download of a place at a time, within this process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::storage::DirId;

/// Whose turn it is, place by place. A place that nobody waits for or has is forgotten.
static TURNS: LazyLock<Mutex<HashMap<Key, Weak<Semaphore>>>> = LazyLock::new(Mutex::default);

/// A directory, and what sidecars in it are called.
type Key = (DirId, OsString);

/// The right to a place's sidecars in this process, until it is dropped.
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits for the turn at the sidecars that are called `stem` in a directory.
    pub(super) async fn wait(dir: DirId, stem: OsString) -> Self {
        let turns = {
            let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turns| turns.strong_count() > 0);
            let place = turns.entry((dir, stem)).or_default();
            place.upgrade().unwrap_or_else(|| {
                let turns = Arc::new(Semaphore::new(1));
                *place = Arc::downgrade(&turns);
                turns
            })
        };
        Self {
            // Nobody closes a semaphore here.
            _permit: turns.acquire_owned().await.ok(),
        }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first_of_its_place_alone() {
        let dir = DirId(u64::MAX, 1);
        let first = Turn::wait(dir, "a".into()).await;
        let _other = Turn::wait(dir, "b".into()).await;
        let mut second = Box::pin(Turn::wait(dir, "a".into()));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready());
    }
}
