use std::sync::atomic::AtomicBool;

use cos_sign::Credentials;
use tokio::time::{Instant, advance, sleep};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

use super::*;
use crate::credentials::{CredentialsErrorKind, Static};

/// When the tests begin, since the Unix epoch.
const EPOCH: Duration = Duration::from_secs(1_700_000_000);

/// How long a fetch takes.
const TAKES: Duration = Duration::from_secs(2);

const HOUR: Duration = Duration::from_secs(3600);

/// A source whose credentials live for some time, and that can be told to fail, to hang or to
/// panic.
#[derive(Clone, Debug)]
struct Source(Arc<State>);

#[derive(Debug)]
struct State {
    began: Instant,
    life: Option<Duration>,
    fetches: AtomicUsize,
    fails: AtomicBool,
    hangs: AtomicBool,
    panics: AtomicBool,
}

impl Source {
    fn new(life: impl Into<Option<Duration>>) -> Self {
        Self(Arc::new(State {
            began: Instant::now(),
            life: life.into(),
            fetches: AtomicUsize::new(0),
            fails: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            panics: AtomicBool::new(false),
        }))
    }

    fn now(&self) -> Duration {
        EPOCH + self.0.began.elapsed()
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::Relaxed)
    }

    fn fail(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::Relaxed);
    }

    fn cached(&self) -> Arc<Cached<Self>> {
        let clock = self.clone();
        Arc::new(Cached::new(self.clone()).with_clock(move || clock.now()))
    }
}

impl ProvideCredentials for Source {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        Box::pin(async {
            let number = self.0.fetches.fetch_add(1, Ordering::Relaxed);
            sleep(TAKES).await;
            if self.0.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            assert!(!self.0.panics.load(Ordering::Relaxed), "as it was told");
            if self.0.fails.load(Ordering::Relaxed) {
                return Err(CredentialsError::unavailable("a test", "told to fail"));
            }
            let credentials = Credentials::new(format!("id{number}"), "canary").unwrap();
            let issued = Issued::new(credentials);
            Ok(match self.0.life {
                Some(life) => issued.expiring(Timestamp::from_unix(self.now() + life).unwrap()),
                None => issued,
            })
        })
    }
}

fn id(outcome: &Result<Issued, CredentialsError>) -> &str {
    outcome.as_ref().unwrap().credentials().secret_id()
}

#[tokio::test(start_paused = true)]
async fn one_fetch_serves_all_who_wait() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let mut waiting: Vec<_> = (0..100).map(|_| spawn(cached.provide(None))).collect();
    for task in &mut waiting {
        assert_pending!(task.poll());
    }
    advance(TAKES).await;
    for task in &mut waiting {
        assert_eq!(id(&assert_ready!(task.poll())), "id0");
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_fetch_goes_on_when_the_one_that_began_it_is_dropped() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let mut first = spawn(cached.provide(None));
    let mut second = spawn(cached.provide(None));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    advance(TAKES / 2).await;
    drop(first);
    assert!(second.is_woken());
    assert_pending!(second.poll());
    advance(TAKES / 2).await;
    assert_eq!(id(&assert_ready!(second.poll())), "id0");
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_dropped_disturbs_nobody() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let mut tasks: Vec<_> = (0..3).map(|_| spawn(cached.provide(None))).collect();
    for task in &mut tasks {
        assert_pending!(task.poll());
    }
    drop(tasks.remove(1));
    advance(TAKES).await;
    for task in &mut tasks {
        assert_eq!(id(&assert_ready!(task.poll())), "id0");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_is_dropped() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let mut first = spawn(cached.provide(None));
    let mut second = spawn(cached.provide(None));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    assert!(cached.flight.try_lock().is_err());
    drop(first);
    drop(second);
    assert!(cached.flight.try_lock().unwrap().is_none());
    assert_eq!(id(&cached.provide(None).await), "id1");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_waited_and_to_nobody_else() {
    let source = Source::new(HOUR);
    source.fail(true);
    let cached = source.cached();
    let mut waiting: Vec<_> = (0..100).map(|_| spawn(cached.provide(None))).collect();
    for task in &mut waiting {
        assert_pending!(task.poll());
    }
    advance(TAKES).await;
    for task in &mut waiting {
        let error = assert_ready!(task.poll()).unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Unavailable);
    }
    assert_eq!(source.fetches(), 1);
    source.fail(false);
    assert_eq!(id(&cached.provide(None).await), "id1");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_given_up() {
    let source = Source::new(HOUR);
    source.0.hangs.store(true, Ordering::Relaxed);
    let cached = source.cached();
    let began = Instant::now();
    let error = cached.provide(None).await.unwrap_err();
    assert_eq!(began.elapsed(), FETCH_TIME);
    assert!(error.is_retryable());
    assert!(error.tried().contains("Source"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panicked_can_be_asked_again() {
    let source = Source::new(HOUR);
    source.0.panics.store(true, Ordering::Relaxed);
    let cached = source.cached();
    let asked = Arc::clone(&cached);
    let outcome = tokio::spawn(async move { asked.provide(None).await }).await;
    assert!(outcome.unwrap_err().is_panic());
    source.0.panics.store(false, Ordering::Relaxed);
    assert_eq!(id(&cached.provide(None).await), "id1");
}

#[tokio::test(start_paused = true)]
async fn they_are_replaced_before_they_expire_and_given_out_meanwhile() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    assert_eq!(id(&cached.provide(None).await), "id0");
    advance(HOUR - REFRESH_BEFORE - Duration::from_secs(1)).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    assert_eq!(source.fetches(), 1);
    advance(Duration::from_secs(1)).await;
    let mut fetching = spawn(cached.provide(None));
    assert_pending!(fetching.poll());
    let mut other = spawn(cached.provide(None));
    assert_eq!(id(&assert_ready!(other.poll())), "id0");
    advance(TAKES).await;
    assert_eq!(id(&assert_ready!(fetching.poll())), "id1");
    assert_eq!(id(&cached.provide(None).await), "id1");
    assert_eq!(source.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_repeated_after_a_pause_and_told_when_they_expire() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let expires = cached.provide(None).await.unwrap().expires().unwrap();
    source.fail(true);
    advance(HOUR - REFRESH_BEFORE).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    assert_eq!(source.fetches(), 2);
    // During the pause nobody is asked.
    advance(FETCH_PAUSE - Duration::from_secs(1)).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    assert_eq!(source.fetches(), 2);
    advance(Duration::from_secs(1)).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    assert_eq!(source.fetches(), 3);
    advance(expires.since_epoch() - source.now() - Duration::from_secs(1)).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    advance(Duration::from_secs(1)).await;
    assert!(cached.provide(None).await.is_err());
    source.fail(false);
    assert!(cached.provide(None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_replaced_once_for_all_who_were_refused() {
    let source = Source::new(HOUR);
    let cached = source.cached();
    let refused = cached.provide(None).await.unwrap().generation();
    let mut waiting: Vec<_> = (0..10)
        .map(|_| spawn(cached.provide(Some(refused))))
        .collect();
    for task in &mut waiting {
        assert_pending!(task.poll());
    }
    // Nor does anybody else get what was refused.
    let mut other = spawn(cached.provide(None));
    assert_pending!(other.poll());
    advance(TAKES).await;
    for task in &mut waiting {
        assert_eq!(id(&assert_ready!(task.poll())), "id1");
    }
    assert_eq!(id(&assert_ready!(other.poll())), "id1");
    // A straggler whose request was under way all the time gets the new ones at once.
    assert_eq!(id(&cached.provide(Some(refused)).await), "id1");
    assert_eq!(source.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_an_expiry_they_are_used_until_refused() {
    let source = Source::new(None);
    let cached = source.cached();
    let first = cached.provide(None).await.unwrap();
    advance(1000 * HOUR).await;
    assert_eq!(id(&cached.provide(None).await), "id0");
    let second = cached.provide(Some(first.generation())).await;
    assert_eq!(id(&second), "id1");
}

#[tokio::test(start_paused = true)]
async fn short_lives_do_not_lead_to_a_fetch_for_every_request() {
    for life in [0, 1, 10, 30, 60, 300, 1199] {
        let source = Source::new(Duration::from_secs(life));
        let cached = source.cached();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            assert!(cached.provide(None).await.is_ok());
            advance(Duration::from_millis(100)).await;
        }
        // A fetch takes 2 s, and what it brings is used for 10 s at least.
        assert!(source.fetches() <= 6, "{life}: {}", source.fetches());
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_no_others_gives_the_same_again() {
    let fixed = Static::new(Credentials::new("id", "canary").unwrap());
    let cached = Cached::new(fixed);
    let first = cached.provide(None).await.unwrap();
    let again = cached.provide(Some(first.generation())).await.unwrap();
    assert_eq!(again.generation(), first.generation());
    assert!(!format!("{cached:?}").contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn dropping_at_any_moment_leaves_nothing_behind() {
    for millis in (0..=2500).step_by(250) {
        let source = Source::new(HOUR);
        let cached = source.cached();
        let limit = Duration::from_millis(millis);
        let cut = tokio::time::timeout(limit, cached.provide(None))
            .await
            .is_err();
        assert_eq!(cut, limit < TAKES);
        assert!(cached.flight.try_lock().unwrap().is_none());
        assert_eq!(cached.present.load(Ordering::Relaxed), 0);
        assert!(cached.provide(None).await.is_ok());
        assert_eq!(source.fetches(), if cut { 2 } else { 1 });
    }
}
