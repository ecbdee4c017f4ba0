//! T: connections and bodies that break.

use std::time::Duration;

use cos_emulator::{Emulator, Fault, Object, TestCa};
use cos_proto::{Attempts, Failure};
use http::StatusCode;

use crate::rig::{
    BEFALLEN, BEFALLEN_OFTEN, CONTENT, ETAG, LEN, PART, REQUESTS, RETRIES, Rig, credentials,
    of_part, range,
};

#[tokio::test]
async fn t1_a_connection_that_ends_before_the_head_costs_one_more() {
    for fault in [Fault::new().reset(), Fault::new().close()] {
        let rig = Rig::new().await;
        rig.script(of_part(3), fault);
        let (report, rig) = rig.download().await.succeeds(REQUESTS + 1);
        assert_eq!(report.fetched, LEN);
        let log = rig.emulator.log();
        let third = range(3, 0);
        let tries: Vec<_> = log
            .iter()
            .filter(|request| request.header("range") == Some(&third))
            .map(cos_emulator::LoggedRequest::connection)
            .collect();
        assert_eq!(tries.len(), 2);
        assert_ne!(tries.first(), tries.last(), "the connection was broken");
    }
}

#[tokio::test]
async fn t1_nobody_who_answers_is_given_up_and_goes_on_later() {
    let rig = Rig::new().await;
    rig.script(
        of_part(1).times(u64::from(RETRIES) + 1),
        Fault::new().reset(),
    );
    for other in 2..=4 {
        rig.script(of_part(other), Fault::new().throttle(50_000));
    }
    let requests = 1 + 3 + 1 + usize::try_from(RETRIES).unwrap();
    let error = rig.download().await.fails_for_now(requests).await;
    assert_eq!(error.failure(), Some(Failure::Transport));
    let attempts = Attempts::find(&error).unwrap();
    assert_eq!(
        (attempts.made(), attempts.is_exhausted()),
        (RETRIES + 1, true)
    );
}

#[tokio::test]
async fn t2_a_body_that_is_cut_goes_on_from_the_byte_it_has_reached() {
    let rig = Rig::new().await;
    rig.script(of_part(3), Fault::new().close_after(100_000));
    let (report, rig) = rig.download().await.succeeds(REQUESTS + 1);
    assert_eq!(report.fetched, LEN, "no byte twice");
    assert!(
        rig.ranges().contains(&range(3, 100_000)),
        "{:?}",
        rig.ranges()
    );
}

#[tokio::test]
async fn t2_a_reset_takes_at_most_what_was_on_the_wire() {
    let rig = Rig::new().await;
    rig.script(of_part(3), Fault::new().reset_after(100_000));
    let (report, rig) = rig.download().await.succeeds(REQUESTS + 1);
    assert_eq!(report.fetched, LEN, "no byte twice");
    let end = format!("-{}", 4 * PART - 1);
    let rest = rig
        .ranges()
        .into_iter()
        .filter(|range| range.ends_with(&end));
    assert_eq!(rest.count(), 2);
}

#[tokio::test]
async fn t2_every_part_may_break() {
    let rig = Rig::new().await;
    for part in 0..10 {
        rig.script(of_part(part), Fault::new().close_after(PART / 2));
    }
    let (report, _) = rig.download().await.succeeds(REQUESTS + 10);
    assert_eq!(report.fetched, LEN, "no byte twice");
}

#[tokio::test]
async fn t3_a_lost_end_of_stream_takes_nothing_from_what_came() {
    for part in [0, 3, 9] {
        let rig = Rig::new().await;
        rig.script(of_part(part), Fault::new().close_after(PART));
        rig.download().await.succeeds(REQUESTS);
    }
    // The same, but for a byte that never comes: then it is asked for, and it alone.
    let rig = Rig::new().await;
    rig.script(of_part(3), Fault::new().close_after(PART - 1));
    let (_, rig) = rig.download().await.succeeds(REQUESTS + 1);
    assert!(rig.ranges().contains(&range(3, PART - 1)));
}

/// How long nothing may come, where it is known that nothing comes.
const STALL: Duration = Duration::from_secs(1);

#[tokio::test]
async fn t4_what_stalls_is_given_up_and_goes_on_elsewhere() {
    for (fault, skipped) in [
        (Fault::new().stall_head_for_ever(), 0),
        (Fault::new().stall_after_for_ever(0), 0),
        (Fault::new().stall_after_for_ever(100_000), 100_000),
    ] {
        let rig = Rig::new().await;
        rig.script(of_part(3), fault);
        let client = rig.client().credentials(credentials());
        let downloader = rig.downloader_over(client.read_timeout(STALL));
        let (report, rig) = rig.download_by(downloader).await.succeeds(REQUESTS + 1);
        assert_eq!(report.fetched, LEN, "no byte twice");
        assert!(rig.ranges().contains(&range(3, skipped)));
    }
}

#[tokio::test]
async fn t6_a_body_that_is_shorter_than_its_length_goes_on() {
    let rig = Rig::new().await;
    let fault = Fault::new().truncate(1000).content_length(PART);
    rig.script(of_part(3), fault);
    let (report, rig) = rig.download().await.succeeds(REQUESTS + 1);
    assert_eq!(report.fetched, LEN, "no byte twice");
    assert!(rig.ranges().contains(&range(3, 1000)));
}

#[tokio::test]
async fn t6_without_progress_it_is_given_up() {
    let fault = Fault::new().truncate(0).content_length(PART);
    let rig = Rig::befallen(fault, u64::from(RETRIES) + 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN_OFTEN).await;
    assert_eq!(error.failure(), Some(Failure::CutShort));
}

/// Bytes beyond the end are not handed on by the client's HTTP; what is left of them on the
/// connection must not be taken for the next answer.
#[tokio::test]
async fn t7_a_body_that_is_longer_costs_its_connection_and_nothing_else() {
    let rig = Rig::new().await;
    let mut body = CONTENT.slice(3 * 256 * 1024..4 * 256 * 1024).to_vec();
    body.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let first = 3 * PART;
    let last = first + PART - 1;
    let fault = Fault::new()
        .body(StatusCode::PARTIAL_CONTENT, "text/plain", body)
        .content_range(&format!("bytes {first}-{last}/{LEN}"))
        .set_header("etag", ETAG)
        .content_length(PART);
    rig.script(of_part(3), fault);
    let (_, rig) = rig.download().await.succeeds(REQUESTS);
    let log = rig.emulator.log();
    let befallen = log
        .iter()
        .find(|request| request.header("range") == Some(&range(3, 0)))
        .unwrap();
    let after = log
        .iter()
        .rfind(|request| request.connection() == befallen.connection());
    assert_eq!(after.unwrap().request_id(), befallen.request_id());
}

#[tokio::test]
async fn t7_a_length_that_is_not_the_ranges_is_refused_at_the_head() {
    for length in [PART + 1, PART - 1, LEN, 0] {
        let fault = Fault::new().content_length(length);
        let rig = Rig::befallen(fault, 1).await;
        let error = rig.download().await.fails_for_now(BEFALLEN).await;
        assert_eq!(error.failure(), Some(Failure::InvalidResponse), "{length}");
    }
}

#[tokio::test]
async fn t9_tls_that_is_cut_off_is_an_error_only_where_bytes_are_missing() {
    let ca = TestCa::new().unwrap();
    for (cut, requests) in [(PART, REQUESTS), (100_000, REQUESTS + 1)] {
        let builder = Emulator::builder()
            .credentials(credentials())
            .tls(ca.certificate(["127.0.0.1"]).unwrap());
        let object = Object::new(CONTENT.clone()).etag(ETAG);
        let rig = Rig::start(object, builder).await;
        rig.script(of_part(3), Fault::new().close_after(cut));
        let client = rig.client().credentials(credentials()).ca_cert(ca.pem());
        let downloader = rig.downloader_over(client);
        rig.download_by(downloader).await.succeeds(requests);
    }
}

#[tokio::test]
async fn t12_a_head_beyond_all_bounds_ends_it() {
    let fault = Fault::new().oversized_head(2 * 1024 * 1024);
    let rig = Rig::befallen(fault, 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN).await;
    assert_eq!(error.failure(), Some(Failure::InvalidResponse));
}

#[tokio::test]
async fn t13_a_portals_page_in_place_of_a_part_is_no_part() {
    let rig = Rig::befallen(Fault::new().html_page(), 1).await;
    let error = rig.download().await.fails_for_now(BEFALLEN).await;
    assert_eq!(error.failure(), Some(Failure::InvalidResponse));
}

#[tokio::test]
async fn t14_a_flood_of_interim_answers_ends() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
    let rig = Rig::new().await;
    rig.script(of_part(3), Fault::new().raw(interim));
    rig.download().await.succeeds(REQUESTS + 1);
}
