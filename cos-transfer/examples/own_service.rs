//! Downloads through a service of our own, which is a shelf of objects in this process:
//!
//! ```text
//! cargo run -p cos-transfer --example own_service -- FOLDER
//! ```
//!
//! A service over any HTTP client looks the same. What it has to do is to send the target as it is,
//! to follow no redirect, and to hand back what came, refusals included.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::PathBuf;
use std::task::{Context, Poll};

use bytes::Bytes;
use cos_proto::crc64::checksum;
use cos_proto::{Bucket, Endpoint, GetObject, Key, Region};
use cos_transfer::{BoxError, Downloader};
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

/// All objects that there are, by the path of their request.
const OBJECTS: [(&str, &str); 2] = [("/greeting.txt", "Hello!\n"), ("/a//b", "Not a/b.\n")];

/// Answers as COS does, as far as a download needs it.
#[derive(Clone, Debug)]
struct Shelf;

impl Service<Request<()>> for Shelf {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let object = OBJECTS
            .into_iter()
            .find(|(path, _)| *path == request.uri().path());
        ready(Ok(match object {
            Some((_, content)) => found(content),
            None => missing(),
        }))
    }
}

/// A download is held to the length and the CRC64. COS's own hosts always send a request id, and
/// what comes from them without one is not believed.
fn found(content: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(content));
    let headers = answer.headers_mut();
    headers.insert("content-length", content.len().into());
    headers.insert("x-cos-hash-crc64ecma", checksum(content.as_bytes()).into());
    headers.insert("x-cos-request-id", 1.into());
    answer
}

fn missing() -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from("<Error><Code>NoSuchKey</Code></Error>"));
    *answer.status_mut() = http::StatusCode::NOT_FOUND;
    answer.headers_mut().insert("x-cos-request-id", 2.into());
    answer
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .ok_or("usage: own_service FOLDER")?,
    );
    let downloader = Downloader::new(Shelf, Endpoint::region(Region::new("ap-beijing")?));
    let bucket = Bucket::new("examplebucket-1250000000")?;

    for (name, key) in [("greeting", "greeting.txt"), ("b", "a//b"), ("c", "a/b")] {
        let get = GetObject::new(bucket.clone(), Key::new(key)?);
        match downloader.download(get, &folder.join(name)).await {
            Ok(report) => println!("{key}: {} bytes, {:?}", report.bytes, report.verified),
            Err(error) => println!("{key}: {error}: {:?}", error.failure()),
        }
    }
    Ok(())
}
