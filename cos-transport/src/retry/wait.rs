//! The pause before a further attempt.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

pin_project! {
    /// The pause before a further attempt, by tokio's clock.
    ///
    /// # Cancellation
    ///
    /// Dropping it ends the pause. The attempt has been drawn from its budget by then.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct RetryWait {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl RetryWait {
    /// No pause at all if `delay` is zero: a timer would still round it up.
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            sleep: (!delay.is_zero()).then(|| tokio::time::sleep(delay)),
        }
    }
}

impl Future for RetryWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(sleep) = self.project().sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        Poll::Ready(())
    }
}
