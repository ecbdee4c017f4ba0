//! C: credentials and clocks that go bad half-way.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cos_emulator::{Credentials, Emulator, Fault, Object, When};
use cos_proto::Failure;
use cos_transport::credentials::{
    Cached, CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture,
};
use http::StatusCode;

use crate::rig::{BEFALLEN, CONTENT, ETAG, LEN, REQUESTS, Rig, credentials, of_part};

fn expired() -> Fault {
    Fault::new().error(StatusCode::FORBIDDEN, "ExpiredToken")
}

/// A source that issues another token each time.
#[derive(Debug, Default)]
struct Tokens(AtomicU32);

impl ProvideCredentials for Tokens {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(ready(Ok(Issued::new(temporary(number)))))
    }
}

fn temporary(number: u32) -> Credentials {
    let credentials = Credentials::new(format!("id{number}"), "key").unwrap();
    credentials.with_token(format!("token{number}")).unwrap()
}

#[tokio::test]
async fn c1_a_token_that_expires_half_way_is_renewed_once_for_all_parts() {
    let mut builder = Emulator::builder();
    for number in 0..3 {
        builder = builder.credentials(temporary(number));
    }
    let rig = Rig::start(Object::new(CONTENT.clone()).etag(ETAG), builder).await;
    // Both are signed with the first token before the first refusal comes.
    for part in [2, 3] {
        rig.script(
            of_part(part),
            expired().stall_head(Duration::from_millis(100)),
        );
    }
    let tokens = Arc::new(Cached::new(Tokens::default()));
    let client = rig.client().credentials_provider(Arc::clone(&tokens));
    let downloader = rig.downloader_over(client);
    let (report, _) = rig.download_by(downloader).await.succeeds(REQUESTS + 2);
    assert_eq!(report.fetched, LEN);
    assert_eq!(tokens.source().0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn c1_a_token_that_nobody_renews_is_final_and_what_came_is_kept() {
    let rig = Rig::befallen(expired(), 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN).await;
    assert_eq!(error.failure(), Some(Failure::Expired));
}

/// A source that answers three times.
#[derive(Debug)]
struct Drying {
    answered: AtomicU32,
    hangs: bool,
}

impl ProvideCredentials for Drying {
    fn provide(&self, _refused: Option<Generation>) -> ProvideFuture<'_> {
        if self.answered.fetch_add(1, Ordering::Relaxed) < 3 {
            Box::pin(ready(Ok(Issued::new(credentials()))))
        } else if self.hangs {
            Box::pin(pending())
        } else {
            let error = CredentialsError::unavailable("the vault", "it is down");
            Box::pin(ready(Err(error)))
        }
    }
}

/// How long a request, and whatever is needed for it, may take to be answered.
const PATIENCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn c2_a_source_that_fails_or_hangs_half_way_ends_it_and_what_came_is_kept() {
    for hangs in [false, true] {
        let rig = Rig::new().await;
        let source = Drying {
            answered: AtomicU32::new(0),
            hangs,
        };
        let client = rig.client().credentials_provider(source);
        let client = client.connect_timeout(PATIENCE).read_timeout(PATIENCE);
        let downloader = rig.downloader_over(client).parallel(1);
        let started = Instant::now();
        rig.download_by(downloader).await.fails_for_now(3).await;
        assert!(started.elapsed() < Duration::from_secs(60), "bounded");
    }
}

#[tokio::test]
async fn c3_a_clock_that_goes_wrong_half_way_costs_one_request() {
    let rig = Rig::new().await;
    // From the fourth request on, the service's clock is two hours ahead.
    rig.script(When::get().nth(4).always(), Fault::new().clock_skew(7200));
    let downloader = rig.downloader().parallel(1);
    let (report, _) = rig.download_by(downloader).await.succeeds(REQUESTS + 1);
    assert_eq!(report.fetched, LEN);
}

#[tokio::test]
async fn c4_one_part_that_is_denied_ends_it_and_what_came_is_kept() {
    let denied = Fault::new().error(StatusCode::FORBIDDEN, "AccessDenied");
    let rig = Rig::befallen(denied, 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN).await;
    assert_eq!(error.failure(), Some(Failure::Denied));
}
