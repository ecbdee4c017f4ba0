//! Heads that do not come, or not as they should.

use std::time::{Duration, Instant};

use cos_emulator::{Fault, When};
use cos_proto::{Failure, RetryAfter};
use cos_transport::ErrorKind;
use http::StatusCode;
use tokio::net::TcpListener;

use crate::support::{SHORT, builder, client, emulator, get, head, once};

#[tokio::test]
async fn t1_a_connection_that_ends_before_the_head_may_be_tried_again() {
    for fault in [Fault::new().reset(), Fault::new().close()] {
        let emulator = emulator().await;
        emulator.faults().script(When::get(), fault);
        let error = once(&emulator)
            .build()
            .unwrap()
            .get_object(get())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert!(error.failure().is_retryable());
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn t4_a_head_that_does_not_come_is_given_up_in_time() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::get(), Fault::new().stall_head_for_ever());
    // The connect limit is far longer, and does not count once there is a connection.
    let client = once(&emulator)
        .connect_timeout(Duration::from_secs(600))
        .read_timeout(SHORT)
        .build()
        .unwrap();
    let started = Instant::now();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HeadTimeout);
    assert!(error.failure().is_retryable());
    assert!(started.elapsed() >= SHORT);
    assert!(started.elapsed() < Duration::from_secs(60));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_head_that_is_slow_within_its_time_is_good() {
    let emulator = emulator().await;
    emulator
        .faults()
        .script(When::head(), Fault::new().stall_head(SHORT));
    client(&emulator).head_object(head()).await.unwrap();
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t12_a_head_beyond_the_limits_is_refused() {
    let too_many: String = (0..300).map(|n| format!("x-cos-meta-{n}: x\r\n")).collect();
    let endless = "x".repeat(3 << 20);
    for head in [
        Fault::new().oversized_head(100_000),
        Fault::new().oversized_head(3 << 20),
        Fault::new().raw(format!("HTTP/1.1 200 OK\r\n{too_many}\r\n")),
        Fault::new().raw(format!("HTTP/1.1 200 {endless}")),
        Fault::new().raw("SSH-2.0-OpenSSH_9.2\r\n"),
    ] {
        let emulator = emulator().await;
        emulator.faults().script(When::get(), head.clone());
        let error = client(&emulator).get_object(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Head, "{head:?}: {error:?}");
        assert!(!error.failure().is_retryable());
        emulator.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn t12_a_head_with_as_much_metadata_as_there_may_be_is_good() {
    let emulator = emulator().await;
    // 2 KiB, in the shortest possible lines.
    let fault = (0..140).fold(Fault::new(), |fault, n| {
        fault.set_header(&format!("x-cos-meta-{n}"), "x")
    });
    emulator.faults().script(When::head(), fault);
    let answer = client(&emulator).head_object(head()).await.unwrap();
    assert!(answer.headers().len() > 140);
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn t14_a_flood_of_interim_answers_ends() {
    let emulator = emulator().await;
    let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(200_000);
    emulator
        .faults()
        .script(When::get(), Fault::new().raw(flood));
    let client = once(&emulator).read_timeout(SHORT).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Connection | ErrorKind::HeadTimeout | ErrorKind::Head
        ),
        "{error:?}"
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h8_a_request_to_slow_down_is_understood_from_the_body() {
    let emulator = emulator().await;
    emulator.faults().script(
        When::get(),
        Fault::new()
            .error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown")
            .retry_after("7"),
    );
    let error = once(&emulator)
        .build()
        .unwrap()
        .get_object(get())
        .await
        .unwrap_err();
    assert_eq!(
        error.failure(),
        Failure::Throttled {
            retry_after: RetryAfter::parse("7")
        }
    );
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_refusal_whose_body_stalls_is_a_refusal() {
    let emulator = emulator().await;
    emulator.faults().script(
        When::get(),
        Fault::new()
            .error(StatusCode::FORBIDDEN, "AccessDenied")
            .stall_after_for_ever(20),
    );
    let client = builder(&emulator).read_timeout(SHORT).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Denied, "{error:?}");
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_refusal_that_comes_late_has_its_own_time_for_its_body() {
    let emulator = emulator().await;
    let late = SHORT * 2 / 3;
    emulator.faults().script(
        When::get(),
        Fault::new()
            .error(StatusCode::FORBIDDEN, "AccessDenied")
            .stall_head(late)
            .stall_after(20, late),
    );
    let client = builder(&emulator).read_timeout(SHORT).build().unwrap();
    let error = client.get_object(get()).await.unwrap_err();
    // Head and body together took longer than either may.
    assert_eq!(error.failure(), Failure::Denied, "{error:?}");
    assert_eq!(error.service_error().unwrap().code(), Some("AccessDenied"));
    emulator.shutdown().await.unwrap();
}

#[tokio::test]
async fn h14_a_redirect_is_not_followed_and_says_where_it_pointed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    for status in [301, 302, 303, 307, 308] {
        let emulator = emulator().await;
        emulator.faults().script(
            When::get(),
            Fault::new().redirect(
                StatusCode::from_u16(status).unwrap(),
                &format!("http://127.0.0.1:{port}/x?q-signature=canary"),
            ),
        );
        let error = client(&emulator).get_object(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{status}");
        assert!(!error.failure().is_retryable());
        let text = error.to_string();
        assert!(text.contains(&format!("http://127.0.0.1:{port}")), "{text}");
        assert!(!format!("{error:?} {text}").contains("canary"), "{text}");
        assert_eq!(emulator.log().len(), 1);
        emulator.shutdown().await.unwrap();
    }
    // Nobody has knocked there.
    let knocked = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(knocked.is_err());
}

#[tokio::test]
async fn h16_not_modified_is_a_refusal_and_no_redirect() {
    let emulator = emulator().await;
    let etag = client(&emulator)
        .head_object(head())
        .await
        .unwrap()
        .etag()
        .cloned()
        .unwrap();
    let error = client(&emulator)
        .get_object(get().if_none_match(etag))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.failure(), Failure::NotModified);
}
