//! No secret is ever shown: not in a log of any level, hyper's and rustls's own included, not in an
//! error, not in the `Debug` of anything public.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cos_emulator::{Credentials, Emulator, Fault, TestCa, When};
use cos_proto::Failure;
use cos_proto::SseCustomerKey;
use cos_transport::{Client, Error};
use http::Request;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{all, bucket, endpoint, get};

const SECRET_KEY: &str = "canary-secret-key";
const TOKEN: &str = "canary-session-token";
const CUSTOMER_KEY: &[u8; 32] = b"canary-sse-customer-key-32-bytes";
const CUSTOMER_KEY_BASE64: &str = "Y2FuYXJ5LXNzZS1jdXN0b21lci1rZXktMzItYnl0ZXM=";
const CUSTOMER_KEY_MD5: &str = "rjEmZJmYXeSYTD54RRdpcg==";

/// Everything that is shown, by whomever.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// An error with all its sources, in every form.
    fn error(&self, error: &Error) {
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut next = error.source();
        while let Some(source) = next {
            write!(text, " {source} {source:?}").unwrap();
            next = source.source();
        }
        self.any(&text);
    }

    fn any(&self, text: &dyn fmt::Debug) {
        self.0
            .lock()
            .unwrap()
            .extend_from_slice(format!("{text:?}").as_bytes());
    }
}

impl io::Write for Shown {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Shown {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn c6_no_secret_is_shown() {
    let shown = Shown::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(shown.clone())
        .init();

    let ca = TestCa::new().unwrap();
    let temporary = || {
        let credentials = Credentials::new("the-id", SECRET_KEY).unwrap();
        credentials.with_token(TOKEN).unwrap()
    };
    let emulator = Emulator::builder()
        .bucket(bucket())
        .credentials(temporary())
        .tls(ca.certificate(["127.0.0.1"]).unwrap())
        .start()
        .await
        .unwrap();
    let builder = Client::builder(endpoint(&emulator))
        .credentials(temporary())
        .ca_cert(ca.pem())
        .retries(0);
    shown.any(&builder);
    let client = builder.build().unwrap();
    shown.any(&client);
    let get = || get().sse_c(SseCustomerKey::new(CUSTOMER_KEY));
    shown.any(&get());

    // One that goes well.
    let (head, body) = client.get_object(get()).await.unwrap();
    shown.any(&(&head, &body));
    all(body).await.unwrap();

    // Ones that do not.
    let refused = http::StatusCode::FORBIDDEN;
    let location = format!("https://127.0.0.1:1/?x-cos-security-token={TOKEN}");
    for fault in [
        Fault::new().error(refused, "SignatureDoesNotMatch"),
        Fault::new().body(refused, "application/xml", echo()),
        Fault::new().redirect(http::StatusCode::FOUND, &location),
        Fault::new().raw(format!("HTTP/1.1 {TOKEN}\r\n\r\n")),
        Fault::new().html_page(),
        Fault::new().reset(),
    ] {
        emulator.faults().script(When::get(), fault);
        let etag = cos_proto::ETag::parse("\"another\"").unwrap();
        let error = client.get_object(get().if_match(etag)).await.unwrap_err();
        shown.error(&error);
    }
    for fault in [
        Fault::new().corrupt(10),
        Fault::new().reset_after(10),
        Fault::new().close_after(10),
    ] {
        emulator.faults().script(When::get(), fault);
        let (_, body) = client.get_object(get()).await.unwrap();
        shown.error(&all(body).await.unwrap_err());
    }

    // A presigned URL, good and refused.
    let plain = crate::support::get();
    let presigned = client
        .presign(plain, Duration::from_secs(60))
        .await
        .unwrap();
    shown.any(&presigned);
    let signature = presigned.as_str().split("q-signature=").nth(1).unwrap();
    let anybody = Client::builder(endpoint(&emulator))
        .ca_cert(ca.pem())
        .build()
        .unwrap();
    for expired in [false, true] {
        if expired {
            emulator.set_clock_skew(4000);
        }
        let request = Request::get(presigned.as_str()).body(()).unwrap();
        let mut service = anybody.clone();
        let future = tower_service::Service::call(service.ready().await.unwrap(), request);
        shown.any(&future);
        let response = future.await.unwrap();
        shown.any(response.body());
        shown.any(&response.extensions().get::<cos_proto::ServiceError>());
    }

    // An error that wraps the service's.
    let error = client.get_object(get()).await.unwrap_err();
    assert!(
        matches!(error.failure(), Failure::Skewed { .. }),
        "{error:?}"
    );
    shown.error(&error);
    emulator.shutdown().await.unwrap();

    let text = shown.text();
    for logged in ["hyper_util", "rustls", "cos_transport", "127.0.0.1"] {
        assert!(text.contains(logged), "{logged} has logged nothing");
    }
    // Spans and events say what they are for.
    for told in [
        "cos_request{method=GET",
        r#"bucket="examplebucket-1250000000""#,
        r#"key="folder/some%20object.bin""#,
        "attempt=1",
        "attempts=1",
        "request_id=",
        "elapsed=",
    ] {
        assert!(text.contains(told), "{told} is not told");
    }
    for secret in [
        SECRET_KEY,
        TOKEN,
        "canary",
        CUSTOMER_KEY_BASE64,
        CUSTOMER_KEY_MD5,
        signature,
        "q-signature=",
        "q-sign-algorithm",
    ] {
        let at = text.find(secret);
        let around = at.map(|at| {
            let from = text.floor_char_boundary(at.saturating_sub(300));
            let to = text.ceil_char_boundary(at + 100);
            text.get(from..to).unwrap()
        });
        assert_eq!(around, None, "{secret}");
    }
}

/// A refusal that repeats what was sent, as a service that explains a signature does.
fn echo() -> String {
    format!(
        "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>\
         <StringToSign>sha1</StringToSign>\
         <FormatString>get /x x-cos-security-token={TOKEN}</FormatString></Error>"
    )
}
