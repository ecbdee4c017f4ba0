//! T5, H8, H9: services and connections that are slow, or ask for time.

use std::time::{Duration, Instant};

use cos_emulator::Fault;
use cos_proto::Failure;
use http::StatusCode;

use crate::rig::{BEFALLEN_OFTEN, LEN, PART, REQUESTS, RETRIES, Rig, of_part, range};

/// Three connections are measured, and one crawls: for three seconds it may.
#[tokio::test]
async fn t5_a_connection_that_crawls_is_relieved_of_its_rest() {
    let rig = Rig::new().await;
    rig.script(of_part(3), Fault::new().throttle(10_000));
    let started = Instant::now();
    let (report, rig) = rig.download().await.succeeds(REQUESTS + 1);
    assert_eq!(report.fetched, LEN, "no byte twice");
    let (took, alone) = (started.elapsed(), Duration::from_secs(PART / 10_000));
    assert!(took < alone / 2, "{took:?}, alone {alone:?}");
    let end = range(3, 0);
    let end = end.rsplit('-').next().unwrap();
    let rest = rig
        .ranges()
        .into_iter()
        .filter(|range| range.ends_with(end));
    assert_eq!(rest.count(), 2);
}

#[tokio::test]
async fn h8_parts_that_are_told_to_slow_down_come_later() {
    let rig = Rig::new().await;
    let slow_down = || Fault::new().error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    let too_many = || Fault::new().status(StatusCode::TOO_MANY_REQUESTS);
    rig.script(of_part(2).times(2), slow_down());
    rig.script(of_part(5), too_many());
    rig.script(of_part(7), slow_down().retry_after("0"));
    let (report, _) = rig.download().await.succeeds(REQUESTS + 4);
    assert_eq!(report.fetched, LEN);
}

#[tokio::test]
async fn h8_a_second_that_was_asked_for_is_waited() {
    let rig = Rig::new().await;
    let slow_down = Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    rig.script(of_part(2), slow_down.retry_after("1"));
    let started = Instant::now();
    rig.download().await.succeeds(REQUESTS + 1);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn h8_who_is_told_to_slow_down_for_ever_gives_up_and_goes_on_later() {
    let fault = Fault::new().status(StatusCode::SERVICE_UNAVAILABLE);
    let rig = Rig::befallen(fault, u64::from(RETRIES) + 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN_OFTEN).await;
    let failure = error.failure();
    assert!(
        matches!(failure, Some(Failure::Throttled { .. })),
        "{failure:?}"
    );
}

#[tokio::test]
async fn h9_a_service_that_fails_in_passing_is_asked_again() {
    let rig = Rig::new().await;
    for (part, status) in [(0, 500), (2, 502), (3, 503), (4, 504), (10, 500)] {
        let status = StatusCode::from_u16(status).unwrap();
        let fault = Fault::new().error(status, "InternalError");
        rig.script(of_part(part), fault);
    }
    let (report, _) = rig.download().await.succeeds(REQUESTS + 5);
    assert_eq!(report.fetched, LEN);
}
