//! A layer that signs each request anew, as it passes.
//!
//! It stands below a retry, so that every attempt carries a signature of its own and of its own
//! time. Deriving the signing key costs as much as the signature itself, so the key is kept for a
//! while.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use cos_proto::Failure;
use cos_sign::{Credentials, Head, KeyTime, PresignedUri, SignError, SignedNames, SigningKey};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::BoxError;
use crate::clock::{Clock, ClockOffset};
use crate::credentials::{
    CredentialsError, Generation, Issued, ProvideCredentials, ProvideFuture, RefusedCredentials,
    SignedBy,
};
use crate::error::{Error, ErrorKind};

/// How long one signing key serves. Short against [`SIGNATURE_VALIDITY`], so that every signature
/// is nearly fresh; long against the rate of requests, so that deriving costs nothing.
pub const KEY_KEPT: Duration = Duration::from_secs(60);

/// How long a signature is valid, as in the vendor's Go SDK. It bounds the clock's error that is
/// forgiven, not the time that a body may take: the service checks it once, with the head.
pub const SIGNATURE_VALIDITY: Duration = Duration::from_secs(60 * 60);

/// Signs every request with the credentials of a provider, or leaves every request as it is.
///
/// The request's URI and headers must be final. Signed is what the vendor's SDKs sign
/// ([`SignedNames::vendor`]). The provider is asked for every attempt, and told of the
/// [`RefusedCredentials`] in a request's extensions. An answer that is not 2xx carries [`SignedBy`]
/// in its extensions, and a 403 also [`StringToSign`], ours; the error reader puts it beside the
/// service's own.
///
/// All services made from one layer, and their clones, share one signing key.
#[derive(Clone)]
pub struct SignLayer {
    signer: Option<Arc<Signer>>,
}

impl SignLayer {
    /// Signs with `credentials`, by the system's clock.
    pub fn new(credentials: Credentials) -> Self {
        Self::from_source(Source::Fixed(Issued::new(credentials).unrenewable()))
    }

    /// Signs with what `provider` gives for each attempt, by the system's clock.
    pub fn with_provider(provider: impl ProvideCredentials + 'static) -> Self {
        Self::from_source(Source::Provider(Arc::new(provider)))
    }

    /// Signs nothing: for objects that anybody may read.
    pub fn anonymous() -> Self {
        Self { signer: None }
    }

    /// Reads another clock than the system's: the time since the Unix epoch.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.set(|signer| signer.clock = Clock::new(clock))
    }

    /// Signs by the time that `offset` makes of the clock's. Whoever learns the service's time sets
    /// it; see [`RetryPolicy::clock_offset`](crate::retry::RetryPolicy::clock_offset).
    #[must_use]
    pub fn clock_offset(self, offset: ClockOffset) -> Self {
        self.set(|signer| signer.offset = offset)
    }

    /// The URI of `head`, signed for `expires` from now on.
    pub(crate) async fn presign(
        &self,
        head: Head<'_>,
        expires: Duration,
    ) -> Result<PresignedUri, Error> {
        let Some(signer) = &self.signer else {
            return Err(Error::new(ErrorKind::Request).because(Failure::NoCredentials));
        };
        let issued = match &signer.source {
            Source::Fixed(issued) => issued.clone(),
            Source::Provider(provider) => provider.provide(None).await.map_err(without)?,
        };
        let now = signer.offset.apply(signer.clock.now());
        SigningKey::derive(issued.credentials(), KeyTime::starting(now, expires))
            .presign(head)
            .map_err(unsignable)
    }

    fn from_source(source: Source) -> Self {
        Self {
            signer: Some(Arc::new(Signer {
                source,
                clock: Clock::default(),
                offset: ClockOffset::new(),
                key: Mutex::new(None),
            })),
        }
    }

    /// The settings changed, with a signing key of its own.
    fn set(self, set: impl FnOnce(&mut Signer)) -> Self {
        let signer = self.signer.map(|signer| {
            let mut signer = Signer {
                source: signer.source.clone(),
                clock: signer.clock.clone(),
                offset: signer.offset.clone(),
                key: Mutex::new(None),
            };
            set(&mut signer);
            Arc::new(signer)
        });
        Self { signer }
    }
}

impl fmt::Debug for SignLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignLayer")
            .field("credentials", &self.signer.as_ref().map(|s| &s.source))
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
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let Some(signer) = &self.layer.signer else {
            return ResponseFuture::sent(self.inner.call(request), None);
        };
        match &signer.source {
            Source::Fixed(issued) => signer.send(&mut self.inner, request, issued),
            Source::Provider(provider) => {
                // The service that is ready is the one that is called, once there are credentials.
                let other = self.inner.clone();
                let asking = Asking {
                    credentials: ask(Arc::clone(provider), &request),
                    inner: mem::replace(&mut self.inner, other),
                    request,
                    signer: Arc::clone(signer),
                };
                ResponseFuture {
                    state: State::Asking {
                        asking: Some(asking),
                    },
                }
            }
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
    /// The future of [`Sign`].
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the request below, or the question to the provider.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, S::Future, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F, B> {
        Asking {
            // Present until there are credentials.
            asking: Option<Asking<S, B>>,
        },
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

/// A request that waits for credentials.
struct Asking<S, B> {
    credentials: ProvideFuture<'static>,
    request: Request<B>,
    inner: S,
    signer: Arc<Signer>,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn sent(response: S::Future, signed: Option<Signed>) -> Self {
        Self {
            state: State::Sent { response, signed },
        }
    }
}

impl<S, ReqB, ResB> Future for ResponseFuture<S, ReqB>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<ResB>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Asking { asking: slot } => {
                    let Some(asking) = slot else {
                        // Polled after it was ready, which no caller may do.
                        return Poll::Pending;
                    };
                    let issued = ready!(asking.credentials.as_mut().poll(cx));
                    let Some(asking) = slot.take() else {
                        return Poll::Pending;
                    };
                    let Asking {
                        request,
                        mut inner,
                        signer,
                        ..
                    } = asking;
                    signer
                        .send(&mut inner, request, &issued.map_err(without)?)
                        .state
                }
                StateProj::Sent { response, signed } => {
                    let mut response = ready!(response.poll(cx)).map_err(Into::into)?;
                    if let Some(signed) = signed.take() {
                        signed.tell(&mut response);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refused { error } => {
                    return match error.take() {
                        Some(error) => Poll::Ready(Err(error.into())),
                        // Polled after it was ready, which no caller may do.
                        None => Poll::Pending,
                    };
                }
            };
            state.set(next);
        }
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Asks for credentials, and tells which ones the service has refused.
fn ask<B>(provider: Arc<dyn ProvideCredentials>, request: &Request<B>) -> ProvideFuture<'static> {
    let refused: Option<&RefusedCredentials> = request.extensions().get();
    let refused = refused.map(|refused| refused.generation());
    Box::pin(async move { provider.provide(refused).await })
}

/// A request for which there are no credentials.
pub(crate) fn without(error: CredentialsError) -> Error {
    Error::new(ErrorKind::Credentials).because(error)
}

/// Where the credentials come from, and the key made from them.
struct Signer {
    source: Source,
    clock: Clock,
    offset: ClockOffset,
    key: Mutex<Option<KeptKey>>,
}

/// Credentials that are there already need no future.
#[derive(Clone, Debug)]
enum Source {
    Fixed(Issued),
    Provider(Arc<dyn ProvideCredentials>),
}

struct KeptKey {
    made: Duration,
    generation: Generation,
    key: SigningKey,
}

impl Signer {
    /// Signs `request` with `issued` and sends it.
    fn send<S, B>(
        &self,
        inner: &mut S,
        request: Request<B>,
        issued: &Issued,
    ) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        let mut request = request;
        match self.sign(&mut request, issued) {
            Ok(signed) => ResponseFuture::sent(inner.call(request), Some(signed)),
            Err(error) => ResponseFuture {
                state: State::Refused { error: Some(error) },
            },
        }
    }

    fn sign<B>(&self, request: &mut Request<B>, issued: &Issued) -> Result<Signed, Error> {
        let now = self.offset.apply(self.clock.now());
        let key = self.key(now, issued);
        key.sign(request).map_err(unsignable)?;
        Ok(Signed {
            by: SignedBy::new(issued),
            key,
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    /// The key that was kept, or a new one where it is too old, of other credentials, or from a
    /// time to come because a clock was set back.
    fn key(&self, now: Duration, issued: &Issued) -> SigningKey {
        // A value is replaced as a whole, so what a panicking thread left behind is usable.
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &*kept
            && kept.generation == issued.generation()
            && now.checked_sub(kept.made).is_some_and(|age| age < KEY_KEPT)
        {
            return kept.key.clone();
        }
        let key_time = KeyTime::starting(now, SIGNATURE_VALIDITY);
        let key = SigningKey::derive(issued.credentials(), key_time);
        *kept = Some(KeptKey {
            made: now,
            generation: issued.generation(),
            key: key.clone(),
        });
        key
    }
}

/// A signed head, kept until it is known that nobody asks what was signed.
struct Signed {
    by: SignedBy,
    key: SigningKey,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Signed {
    /// Tells those above of a refusal how it was signed.
    fn tell<B>(self, response: &mut Response<B>) {
        if response.status().is_success() {
            return;
        }
        response.extensions_mut().insert(self.by);
        if response.status() == StatusCode::FORBIDDEN
            && let Some(ours) = self.string_to_sign()
        {
            response.extensions_mut().insert(ours);
        }
    }

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
    use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
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
        let layer = SignLayer::new(credentials()).clock(|| Duration::from_secs(NOW));
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
        let layer = SignLayer::new(credentials())
            .clock(move || Duration::from_secs(clock.load(Ordering::Relaxed)));

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
        let layer = SignLayer::new(credentials()).clock(|| Duration::from_secs(NOW));
        let (_, response) = pass(&layer, StatusCode::FORBIDDEN).await;
        let ours = response.extensions().get::<StringToSign>().unwrap();
        let expected = format!("sha1\n{};{}\n", NOW - 60, NOW + 3600);
        assert!(ours.as_str().starts_with(&expected), "{ours:?}");

        let (_, response) = pass(&layer, StatusCode::NOT_FOUND).await;
        assert!(response.extensions().get::<StringToSign>().is_none());
    }

    /// Gives what it was told to, one line of its script for each attempt, and keeps what it was
    /// asked.
    #[derive(Clone, Debug, Default)]
    struct Scripted(Arc<Mutex<Lines>>);

    #[derive(Debug, Default)]
    struct Lines {
        script: Vec<Result<Issued, CredentialsError>>,
        asked: Vec<Option<Generation>>,
    }

    impl Scripted {
        fn new(script: impl IntoIterator<Item = Result<Issued, CredentialsError>>) -> Self {
            let mut script: Vec<_> = script.into_iter().collect();
            script.reverse();
            let asked = Vec::new();
            Self(Arc::new(Mutex::new(Lines { script, asked })))
        }
    }

    impl ProvideCredentials for Scripted {
        fn provide(&self, refused: Option<Generation>) -> ProvideFuture<'_> {
            let mut lines = self.0.lock().unwrap();
            lines.asked.push(refused);
            match lines.script.pop() {
                Some(line) => Box::pin(std::future::ready(line)),
                None => Box::pin(std::future::pending()),
            }
        }
    }

    fn issued(id: &str) -> Issued {
        Issued::new(Credentials::new(id, "canary-key").unwrap())
    }

    #[tokio::test]
    async fn the_provider_is_asked_for_every_attempt_and_told_what_was_refused() {
        let (first, second) = (issued("id1"), issued("id2"));
        let refused = first.generation();
        let provider = Scripted::new([Ok(first), Ok(second)]);
        let layer = SignLayer::with_provider(provider.clone()).clock(|| Duration::from_secs(NOW));
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(layer.clone());
        for (id, before) in [("id1", None), ("id2", Some(refused))] {
            assert_ready_ok!(service.poll_ready());
            let mut request = Request::get(URI).body(()).unwrap();
            if let Some(refused) = before {
                let refused = RefusedCredentials::new(refused);
                request.extensions_mut().insert(refused);
            }
            let mut response = task::spawn(service.call(request));
            assert_pending!(response.poll());
            let (request, send) = handle.next_request().await.unwrap();
            let signed = request.headers()[header::AUTHORIZATION].to_str().unwrap();
            assert!(signed.contains(&format!("q-ak={id}&")), "{signed}");
            let refusal = Response::builder().status(400).body(()).unwrap();
            send.send_response(refusal);
            let answer = assert_ready_ok!(response.poll());
            let by: &SignedBy = answer.extensions().get().unwrap();
            assert_eq!(by.generation() == refused, id == "id1");
            assert!(by.is_renewable());
        }
        assert_eq!(provider.0.lock().unwrap().asked, [None, Some(refused)]);
    }

    #[tokio::test]
    async fn without_credentials_nothing_is_sent() {
        let error = CredentialsError::absent("a test", "nothing there");
        let layer = SignLayer::with_provider(Scripted::new([Err(error)]));
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        let request = Request::get(URI).body(()).unwrap();
        let mut response = task::spawn(service.call(request));
        let error = assert_ready_err!(response.poll())
            .downcast::<Error>()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert_eq!(error.failure(), Failure::NoCredentials);
        drop((service, response));
        assert!(handle.next_request().await.is_none());
    }

    #[tokio::test]
    async fn a_request_that_is_dropped_while_it_waits_for_credentials_is_not_sent() {
        let layer = SignLayer::with_provider(Scripted::default());
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        let request = Request::get(URI).body(()).unwrap();
        let mut response = task::spawn(service.call(request));
        assert_pending!(response.poll());
        drop((service, response));
        assert!(handle.next_request().await.is_none());
    }

    #[tokio::test]
    async fn an_offset_that_was_learned_counts_at_once() {
        let offset = ClockOffset::new();
        let layer = SignLayer::new(credentials())
            .clock(|| Duration::from_secs(NOW))
            .clock_offset(offset.clone());
        let first = authorization(&layer).await;
        for server in [NOW + 7200, NOW - 7200] {
            offset.learn(Duration::from_secs(NOW), Duration::from_secs(server));
            let signed = authorization(&layer).await;
            assert_ne!(signed, first);
            let time = format!("q-sign-time={};{}&", server - 60, server + 3600);
            assert!(signed.contains(&time), "{signed}");
        }
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
