//! A layer that signs each request anew, as it passes.
//!
//! It stands below a retry, so that every attempt carries a signature of its own and of its own
//! time. Deriving the signing key costs as much as the signature itself, so the key is kept for a
//! while.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use cos_proto::Failure;
use cos_sign::{Credentials, Head, KeyTime, SignError, SignedNames, SigningKey};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::BoxError;
use crate::error::{Error, ErrorKind};

/// How long one signing key serves. Short against [`SIGNATURE_VALIDITY`], so that every signature
/// is nearly fresh; long against the rate of requests, so that deriving costs nothing.
pub const KEY_KEPT: Duration = Duration::from_secs(60);

/// How long a signature is valid, as in the vendor's Go SDK. It bounds the clock's error that is
/// forgiven, not the time that a body may take: the service checks it once, with the head.
pub const SIGNATURE_VALIDITY: Duration = Duration::from_secs(60 * 60);

/// The time since the Unix epoch, as the signature needs it.
type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Signs every request with [`Credentials`], or leaves every request as it is.
///
/// The request's URI and headers must be final. Signed is what the vendor's SDKs sign
/// ([`SignedNames::vendor`]). A 403 carries [`StringToSign`] in its extensions, ours; the error reader
/// puts it beside the service's own.
///
/// All services made from one layer, and their clones, share one signing key.
#[derive(Clone)]
pub struct SignLayer {
    signer: Option<Arc<Signer>>,
}

impl SignLayer {
    /// Signs with `credentials`, by the system's clock.
    pub fn new(credentials: Credentials) -> Self {
        Self::with_clock(credentials, system_time)
    }

    /// Signs with `credentials`, by a clock that tells the time since the Unix epoch.
    pub fn with_clock(
        credentials: Credentials,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let signer = Signer {
            credentials,
            clock: Arc::new(clock),
            key: Mutex::new(None),
        };
        Self {
            signer: Some(Arc::new(signer)),
        }
    }

    /// Signs nothing: for objects that anybody may read.
    pub fn anonymous() -> Self {
        Self { signer: None }
    }
}

impl fmt::Debug for SignLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignLayer")
            .field("credentials", &self.signer.as_ref().map(|s| &s.credentials))
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SignLayer {
    type Service = Sign<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Sign {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of [`SignLayer`].
#[derive(Clone, Debug)]
pub struct Sign<S> {
    inner: S,
    layer: SignLayer,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Sign<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let signed = match &self.layer.signer {
            None => None,
            Some(signer) => match signer.sign(&mut request) {
                Ok(signed) => Some(signed),
                Err(error) => {
                    return ResponseFuture {
                        state: State::Refused { error: Some(error) },
                    };
                }
            },
        };
        ResponseFuture {
            state: State::Sent {
                response: self.inner.call(request),
                signed,
            },
        }
    }
}

/// What we signed, in the extensions of a 403.
///
/// It holds a time span and a hash, nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringToSign(Arc<str>);

impl StringToSign {
    /// The text, as the service would compute it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pin_project! {
    /// The future of [`Sign`]. Dropping it drops the request below.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProj]
    enum State<F> {
        Sent {
            #[pin]
            response: F,
            signed: Option<Signed>,
        },
        Refused {
            error: Option<Error>,
        },
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<B>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Sent { response, signed } => {
                let mut response = ready!(response.poll(cx)).map_err(Into::into)?;
                if response.status() == StatusCode::FORBIDDEN
                    && let Some(ours) = signed.take().and_then(Signed::string_to_sign)
                {
                    response.extensions_mut().insert(ours);
                }
                Poll::Ready(Ok(response))
            }
            StateProj::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                // Polled after it was ready, which no caller may do.
                None => Poll::Pending,
            },
        }
    }
}

/// Credentials and the key made from them.
struct Signer {
    credentials: Credentials,
    clock: Clock,
    key: Mutex<Option<KeptKey>>,
}

#[derive(Clone)]
struct KeptKey {
    made: Duration,
    key: SigningKey,
}

impl Signer {
    fn sign<B>(&self, request: &mut Request<B>) -> Result<Signed, Error> {
        let key = self.key((self.clock)());
        key.sign(request).map_err(unsignable)?;
        Ok(Signed {
            key,
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    /// The key that was kept, or a new one where it is too old, or from a time to come because the
    /// clock was set back.
    fn key(&self, now: Duration) -> SigningKey {
        // A value is replaced as a whole, so what a panicking thread left behind is usable.
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &*kept
            && now.checked_sub(kept.made).is_some_and(|age| age < KEY_KEPT)
        {
            return kept.key.clone();
        }
        let key_time = KeyTime::starting(now, SIGNATURE_VALIDITY);
        let key = SigningKey::derive(&self.credentials, key_time);
        *kept = Some(KeptKey {
            made: now,
            key: key.clone(),
        });
        key
    }
}

/// A signed head, kept until it is known that nobody asks what was signed.
struct Signed {
    key: SigningKey,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Signed {
    fn string_to_sign(self) -> Option<StringToSign> {
        let head = Head::new(&self.method, &self.uri, &self.headers);
        let explanation = self.key.explain(head, &SignedNames::vendor()).ok()?;
        Some(StringToSign(explanation.string_to_sign().into()))
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

/// A request that no signature can be made for.
pub(crate) fn unsignable(error: SignError) -> Error {
    Error::new(ErrorKind::Request).amounting_to(Failure::Unsendable, &error)
}

/// The system's clock. One set before 1970 counts as 1970: the service will tell the difference.
pub(crate) fn system_time() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use cos_sign::verify;
    use http::header;
    use tokio_test::{assert_ready_err, assert_ready_ok, task};
    use tower_test::mock;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const URI: &str = "http://bucket.example/a%20b?x=1";

    fn credentials() -> Credentials {
        Credentials::new("the-id", "canary-key")
            .unwrap()
            .with_token("canary-token")
            .unwrap()
    }

    /// What goes to the wire, and what comes of an answer with `status`.
    async fn pass(layer: &SignLayer, status: StatusCode) -> (Request<()>, Response<()>) {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(layer.clone());
        assert_ready_ok!(service.poll_ready());
        let request = Request::get(URI).body(()).unwrap();
        let mut response = task::spawn(service.call(request));
        let (request, send) = handle.next_request().await.unwrap();
        let mut answer = Response::new(());
        *answer.status_mut() = status;
        send.send_response(answer);
        (request, assert_ready_ok!(response.poll()))
    }

    async fn authorization(layer: &SignLayer) -> String {
        let (request, _) = pass(layer, StatusCode::OK).await;
        let value = &request.headers()[header::AUTHORIZATION];
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn what_is_signed_verifies() {
        let layer = SignLayer::with_clock(credentials(), || Duration::from_secs(NOW));
        let (request, _) = pass(&layer, StatusCode::OK).await;
        let known = |id: &str| (id == "the-id").then(credentials);
        verify(Head::from(&request), known, Duration::from_secs(NOW)).unwrap();
        assert_eq!(request.uri(), URI);
    }

    #[tokio::test]
    async fn an_anonymous_request_passes_as_it_is() {
        let (request, _) = pass(&SignLayer::anonymous(), StatusCode::OK).await;
        assert!(request.headers().is_empty());
        assert_eq!(request.uri(), URI);
    }

    #[tokio::test]
    async fn the_key_is_kept_for_a_while_and_no_longer() {
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let layer = SignLayer::with_clock(credentials(), move || {
            Duration::from_secs(clock.load(Ordering::Relaxed))
        });

        let first = authorization(&layer).await;
        now.store(NOW + KEY_KEPT.as_secs() - 1, Ordering::Relaxed);
        assert_eq!(authorization(&layer).await, first);
        now.store(NOW + KEY_KEPT.as_secs(), Ordering::Relaxed);
        let second = authorization(&layer).await;
        assert_ne!(second, first);
        // A clock that is set back does not leave a key from the future in use.
        now.store(NOW, Ordering::Relaxed);
        assert_eq!(authorization(&layer).await, first);
    }

    #[tokio::test]
    async fn a_refusal_knows_what_was_signed() {
        let layer = SignLayer::with_clock(credentials(), || Duration::from_secs(NOW));
        let (_, response) = pass(&layer, StatusCode::FORBIDDEN).await;
        let ours = response.extensions().get::<StringToSign>().unwrap();
        let expected = format!("sha1\n{};{}\n", NOW - 60, NOW + 3600);
        assert!(ours.as_str().starts_with(&expected), "{ours:?}");

        let (_, response) = pass(&layer, StatusCode::NOT_FOUND).await;
        assert!(response.extensions().get::<StringToSign>().is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_signed_is_not_sent() {
        let layer = SignLayer::new(credentials());
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        // No host anywhere, which every signature covers.
        let mut response = task::spawn(service.call(Request::new(())));
        let error = assert_ready_err!(response.poll());
        let error = error.downcast::<Error>().unwrap();
        assert_eq!(error.kind(), ErrorKind::Request);
        drop((service, response));
        assert!(handle.next_request().await.is_none());
    }

    #[tokio::test]
    async fn no_secret_is_shown() {
        let layer = SignLayer::new(credentials());
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(layer.clone());
        assert_ready_ok!(service.poll_ready());
        let request = Request::get(URI).body(()).unwrap();
        let response = task::spawn(service.call(request));
        let (request, _send) = handle.next_request().await.unwrap();
        let signature = request.headers()[header::AUTHORIZATION].to_str().unwrap();
        let signature = signature.rsplit('=').next().unwrap();

        let shown = format!("{layer:?} {service:?} {response:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!shown.contains(signature), "{shown}");
    }
}
