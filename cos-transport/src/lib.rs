//! An HTTP client for Tencent Cloud COS: a tower Service over hyper and rustls.
//!
//! [`Client`] sends what [`cos_proto`] builds, signs it with [`cos_sign`], and hands out what came
//! back only after it was judged against what was asked. It reads; nothing here writes to a bucket.
//! It does not write files and does not download in parallel: that is cos-transfer's, over this
//! client or any other service.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use cos_proto::{Bucket, Endpoint, GetObject, Key, Region};
//! use cos_sign::Credentials;
//!
//! let client = cos_transport::Client::builder(Endpoint::region(Region::new("ap-beijing")?))
//!     .credentials(Credentials::new("secret id", "secret key")?)
//!     .build()?;
//! let get = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a.txt")?);
//! let (head, body) = client.get_object(get).await?;
//! println!("{} bytes, {body:?}", head.size());
//! # Ok(())
//! # }
//! ```
//!
//! # The order of the layers
//!
//! A request passes them from the top to the bottom, its answer from the bottom to the top.
//!
//! | layer | does | why there |
//! |---|---|---|
//! | [`Client`] | opens a span, gives the answer its types | |
//! | [`Retry`](retry::RetryPolicy) (tower's, with our policy) | tries again what failed in passing | everything below belongs to one attempt |
//! | [`RateLimit`](layer::RateLimit) | lets so many attempts start a second, and so many bytes pass | an attempt is a request to the service; who waits for a turn holds no place in flight |
//! | [`InFlight`](layer::InFlight) | lets so many be in flight, fewer when the service asks to slow down | a pause before a further attempt holds no place either |
//! | [`ErrorReader`](layer::ErrorReader) | reads the body of a refusal, once | a retry sees no body, and COS says why in the body |
//! | [`HeadTimeout`](layer::HeadTimeout) | limits the wait for the head | each attempt has its own wait, and a refusal that came in time keeps its status however slow its body is |
//! | [`Sign`](layer::Sign) | asks for credentials, signs, afresh for every attempt | a repeated request must not carry an old signature |
//! | [`Trace`](layer::Trace) | tells of each attempt | it sees what goes to the wire |
//! | [`IdleTimeout`](layer::IdleTimeout) | limits the wait for each chunk of the body | refusals' bodies are limited too |
//! | hyper-util's client | connects, pools, speaks HTTP/1.1 | |
//!
//! Each layer is public and generic over the request's body, and can be used alone, around any
//! other service. Redirects are never followed, whatever the layers.
//!
//! # What a client is made of
//!
//! The layers are one type, which is boxed once (tower's `BoxCloneSyncService`), so that it has a
//! name and a user's layer can go around it: a [`Client`] is a service like any other. That costs
//! two allocations a request, and nothing for the bodies. All layers together, the signature
//! included, take some 4 microseconds of CPU for a request, where hyper-util's client alone takes
//! 13 (`benches/benches/stack.rs`).
//!
//! No layer spawns a task; what they wait for, they wait for in the caller's future. Below them,
//! hyper-util's client spawns one task for each connection, and one for a connection that is still
//! being made when its request is gone. The first ends with its connection: when it is closed by
//! either side, when it was idle for a minute, or soon after the last clone of the client and the
//! last body are dropped; the second when the limit on connecting is over. A provider of
//! credentials of this crate runs its refresh in the futures of those who wait for it.
//!
//! # TLS
//!
//! rustls with aws-lc-rs, which is passed explicitly, so that another provider in the same process
//! does no harm. To fetch a GiB over loopback, ring took 1.24 times its CPU with AES-128-GCM, 1.11
//! times with AES-256-GCM and 0.98 times with ChaCha20-Poly1305 (`cargo bench -p cos-benches --bench
//! tls`). Certificates are verified against the system's roots and those of
//! [`ClientBuilder::ca_cert`]; verification cannot be switched off. Only HTTP/1.1 is offered: over
//! HTTP/2 all parts of an object would share one connection.
//!
//! # Connections
//!
//! Plain TCP, from a pool, by default. Where [`ClientBuilder::proxies`] says so they go through an
//! HTTP proxy, `https` ones in a tunnel; [`ClientBuilder::connect_to`] dials another place;
//! [`ClientBuilder::connector`] takes them from the caller. All of these are below TLS, whose
//! verdict is always on the name of the request's host.
//!
//! # Names in public signatures
//!
//! http, http-body, bytes, tower-service and tower-layer, std, and this project's own crates:
//! never hyper or rustls, so that these can change without breaking a user. The one exception is
//! [`ClientBuilder::connector`]: what a caller's connector makes reads and writes by tokio's traits.

mod alarm;
mod body;
mod builder;
mod chain;
mod client;
mod clock;
mod connect;
pub mod credentials;
mod deadline;
mod error;
mod error_reader;
mod head_timeout;
mod idle_timeout;
mod in_flight;
mod line;
mod object_body;
mod proxy;
mod rate_limit;
pub mod retry;
mod sign;
mod stats;
#[cfg(test)]
mod test_body;
#[cfg(test)]
mod test_log;
mod tls;
mod trace;
mod wire;

pub use body::Body;
pub use builder::{BuildError, CONNECT_TIMEOUT, ClientBuilder, MAX_IN_FLIGHT, READ_TIMEOUT};
pub use client::{Client, ResponseFuture};
pub use clock::ClockOffset;
pub use error::{Error, ErrorKind};
pub use object_body::ObjectBody;
pub use proxy::{InvalidProxy, Proxies, Proxy};
pub use stats::Stats;

/// Any error, as services hand it upwards.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The layers of the client, each usable alone.
pub mod layer {
    pub use crate::error_reader::{
        ERROR_BODY_LIMIT, ERROR_BODY_TIME, ErrorReader, ErrorReaderBody, ErrorReaderLayer,
    };
    pub use crate::head_timeout::{HeadTimeout, HeadTimeoutLayer};
    pub use crate::idle_timeout::{IdleTimeout, IdleTimeoutBody, IdleTimeoutLayer};
    pub use crate::in_flight::{
        ABANDONED_AFTER, InFlight, InFlightBody, InFlightHandle, InFlightLayer, UNREAD_AFTER,
    };
    pub use crate::rate_limit::{BURST, RateLimit, RateLimitBody, RateLimitLayer, TokenBucket};
    pub use crate::sign::{KEY_KEPT, SIGNATURE_VALIDITY, Sign, SignLayer, StringToSign};
    pub use crate::trace::{Trace, TraceLayer};

    /// The futures of the layers' services.
    pub mod future {
        pub use crate::error_reader::ResponseFuture as ErrorReaderFuture;
        pub use crate::head_timeout::ResponseFuture as HeadTimeoutFuture;
        pub use crate::idle_timeout::ResponseFuture as IdleTimeoutFuture;
        pub use crate::in_flight::ResponseFuture as InFlightFuture;
        pub use crate::rate_limit::ResponseFuture as RateLimitFuture;
        pub use crate::sign::ResponseFuture as SignFuture;
        pub use crate::trace::ResponseFuture as TraceFuture;
    }
}
