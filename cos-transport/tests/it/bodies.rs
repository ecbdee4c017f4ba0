//! Bodies that are not what their heads promised.

use std::time::Duration;

use cos_emulator::{Fault, When};
use cos_proto::{ByteRange, Failure};
use cos_transport::{Error, ErrorKind};
use http_body_util::BodyExt as _;

use crate::support::{SHORT, all, builder, client, content, emulator, get};

/// What becomes of a body that `fault` befalls.
async fn befallen(fault: Fault) -> Result<bytes::Bytes, Error> {
    let emulator = emulator().await;
    emulator.faults().script(When::get(), fault);
    let (_, body) = client(&emulator).get_object(get()).await.unwrap();
    let outcome = all(body).await;
    emulator.shutdown().await.unwrap();
    outcome
}

#[tokio::test]
async fn t2_a_body_that_is_reset_is_the_networks_failure() {
    let error = befallen(Fault::new().reset_after(500_000))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert_eq!(error.failure(), Failure::Transport, "{error:?}");
}

#[tokio::test]
async fn t6_a_body_that_ends_early_is_too_short() {
    for fault in [
        Fault::new().close_after(500_000),
        // Nothing but the end of the body shows that the object is not that long.
        Fault::new().content_length(1_000_001),
    ] {
        let error = befallen(fault.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{fault:?}");
        assert_eq!(error.failure(), Failure::CutShort, "{error:?}");
    }
}

#[tokio::test]
async fn t3_a_lost_end_of_stream_takes_nothing_from_what_came() {
    let emulator = emulator().await;
    // The chunk that would say that this was the last one does not come.
    let answer = "HTTP/1.1 206 Partial Content\r\n\
        Content-Range: bytes 0-9/1000\r\n\
        Transfer-Encoding: chunked\r\n\r\n\
        a\r\n0123456789\r\n";
    emulator
        .faults()
        .script(When::get(), Fault::new().raw(answer));
    let range = ByteRange::new(0, 9).unwrap();
    let (_, body) = client(&emulator)
        .get_object(get().range(range))
        .await
        .unwrap();
    assert_eq!(all(body).await.unwrap(), "0123456789");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t7_bytes_beyond_the_end_are_not_handed_on_and_cost_the_connection() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().content_length(999_999));
    let client = client(&emulator);
    let (_, body) = client.get_object(get()).await.unwrap();
    // The object is said to be a byte shorter than it is, so its CRC64 is another one.
    let error = all(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);

    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    assert_eq!(emulator.connections(), 2);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_corrupted_body_is_found_out() {
    let error = befallen(Fault::new().corrupt(500_000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert_eq!(error.failure(), Failure::Corrupt);
    assert!(!error.failure().is_retryable());
}

#[tokio::test]
async fn the_last_chunk_of_a_corrupted_body_is_held_back() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().corrupt(5));
    let (_, mut body) = client(&emulator).get_object(get()).await.unwrap();
    let mut handed_out = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => handed_out += frame.into_data().unwrap().len(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert!(handed_out < 1_000_000);
    // Nothing comes after an error.
    assert!(body.frame().await.is_none());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t4_a_body_that_stalls_is_given_up() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().stall_after_for_ever(500_000));
    let client = builder(&emulator).read_timeout(SHORT).build().unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    let error = all(body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTimeout);
    assert!(error.failure().is_retryable());
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t4_a_slow_body_is_good_however_long_it_takes_in_all() {
    let emulator = emulator().await;
    emulator.faults().script(
        When::get(),
        Fault::new().throttle(1_000_000).stall_after(10, SHORT / 3),
    );
    let client = builder(&emulator).read_timeout(SHORT).build().unwrap();
    let (_, body) = client.get_object(get()).await.unwrap();
    let started = std::time::Instant::now();
    assert!(all(body).await.unwrap() == content());
    assert!(started.elapsed() > SHORT);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_dropped_ends_its_request() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().throttle(100_000));
    let client = client(&emulator);
    let (_, body) = client.get_object(get()).await.unwrap();
    drop(body);
    let (_, body) = client.get_object(get()).await.unwrap();
    assert!(all(body).await.unwrap() == content());
    let ended = async {
        while emulator.log().first().unwrap().bytes_sent() < 1_000_000 {
            let before = emulator.log().first().unwrap().bytes_sent();
            tokio::time::sleep(Duration::from_secs(1)).await;
            if emulator.log().first().unwrap().bytes_sent() == before {
                return;
            }
        }
        panic!("the whole body was sent to nobody");
    };
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .unwrap();
    emulator.shutdown().await.unwrap();
}
