//! What the tests share: an emulator with one bucket, and clients of it.

use std::time::Duration;

use bytes::Bytes;
use cos_emulator::{Credentials, Emulator, MemoryBucket, Object};
use cos_proto::{Addressing, Bucket, Endpoint, GetObject, HeadObject, Key};
use cos_transport::{Client, ClientBuilder, ObjectBody};
use http_body_util::BodyExt as _;

pub(crate) const BUCKET: &str = "examplebucket-1250000000";
pub(crate) const KEY: &str = "folder/some object.bin";

/// Short, so that a test of silence is soon over; long against what a busy machine takes.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// 1 MB that repeat nowhere near.
pub(crate) fn content() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(1_000_000).collect()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("the-id", "the-key").unwrap()
}

pub(crate) fn bucket() -> MemoryBucket {
    let bucket = MemoryBucket::new(BUCKET);
    bucket.put(KEY, Object::new(content()));
    bucket
}

/// An emulator that checks signatures.
pub(crate) async fn emulator() -> Emulator {
    Emulator::builder()
        .bucket(bucket())
        .credentials(credentials())
        .start()
        .await
        .unwrap()
}

pub(crate) fn endpoint(emulator: &Emulator) -> Endpoint {
    Endpoint::service_url(&emulator.url(), Addressing::Auto).unwrap()
}

/// An endpoint at which nobody listens: it was bound and closed again.
pub(crate) fn closed_endpoint() -> Endpoint {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    Endpoint::service_url(&url, Addressing::Auto).unwrap()
}

/// A client that the emulator knows, in the making.
pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder(endpoint(emulator)).credentials(credentials())
}

/// A client that tries nothing again, in the making: what comes of one attempt is what it tells.
pub(crate) fn once(emulator: &Emulator) -> ClientBuilder {
    builder(emulator).retries(0)
}

/// A client that the emulator knows.
pub(crate) fn client(emulator: &Emulator) -> Client {
    builder(emulator).build().unwrap()
}

pub(crate) fn get() -> GetObject {
    key(KEY)
}

pub(crate) fn key(key: &str) -> GetObject {
    GetObject::new(Bucket::new(BUCKET).unwrap(), Key::new(key).unwrap())
}

pub(crate) fn head() -> HeadObject {
    HeadObject::from(&get())
}

/// All of a body.
pub(crate) async fn all(body: ObjectBody) -> Result<Bytes, cos_transport::Error> {
    Ok(body.collect().await?.to_bytes())
}
