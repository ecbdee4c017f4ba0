//! How a run uses its connections and its memory, over a service that is a function: time is the
//! test's own, so that nothing depends on how fast the machine is.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{Addressing, Bucket, Endpoint};
use cos_transfer::prefix::{Done, Prefix, PrefixDownload};
use cos_transfer::{Downloader, Fsync};
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::support::BUCKET;

/// What an object's answer takes.
const LATENCY: Duration = Duration::from_millis(50);

/// A bucket of so many keys, whose numbers say how large they are.
#[derive(Clone)]
struct Slow {
    keys: u64,
    size: fn(u64) -> usize,
    /// Whether objects are answered at all.
    answers: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    pages: u64,
    in_flight: u64,
    /// Most at once.
    peak: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    /// The sum of what all requests have taken.
    busy: Duration,
}

impl Slow {
    fn new(keys: u64, size: fn(u64) -> usize) -> Self {
        Self {
            keys,
            size,
            answers: true,
            seen: Arc::default(),
        }
    }

    fn download(&self, dir: &std::path::Path) -> PrefixDownload<Self> {
        let endpoint = Endpoint::service_url("http://127.0.0.1:9", Addressing::Path).unwrap();
        let prefix = Prefix::new(Bucket::new(BUCKET).unwrap(), "");
        Downloader::new(self.clone(), endpoint)
            .part_size(20_000)
            .fsync(Fsync::Never)
            .download_prefix(prefix, dir)
    }

    fn page(&self, after: u64) -> String {
        let end = (after + 1000).min(self.keys);
        let mut xml = format!(
            "<ListBucketResult><IsTruncated>{}</IsTruncated>",
            end < self.keys
        );
        if end < self.keys {
            xml.push_str(&format!("<NextMarker>{:09}</NextMarker>", end - 1));
        }
        for number in after..end {
            let size = (self.size)(number);
            xml.push_str(&format!(
                "<Contents><Key>{number:09}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>\"{size}\"</ETag><Size>{size}</Size></Contents>"
            ));
        }
        xml + "</ListBucketResult>"
    }

    /// The part of an object that was asked for.
    fn object(&self, number: u64, range: Option<&str>) -> Response<Full<Bytes>> {
        let size = (self.size)(number);
        let answer = Response::builder()
            .header("etag", format!("\"{size}\""))
            .header("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT");
        let range = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let Some((first, last)) = range else {
            let answer = answer.header("content-length", size);
            return answer.body(Full::from(vec![b'x'; size])).unwrap();
        };
        let first: usize = first.parse().unwrap();
        let last = last
            .parse()
            .map_or(size - 1, |last: usize| last.min(size - 1));
        answer
            .status(206)
            .header("content-length", last + 1 - first)
            .header("content-range", format!("bytes {first}-{last}/{size}"))
            .body(Full::from(vec![b'x'; last + 1 - first]))
            .unwrap()
    }
}

impl Service<Request<()>> for Slow {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let path = request.uri().path();
            let key = path
                .strip_prefix(&format!("/{BUCKET}/"))
                .unwrap_or_default();
            if key.is_empty() {
                this.seen.lock().unwrap().pages += 1;
                let query = request.uri().query().unwrap_or_default();
                let marker = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("marker="));
                let after = marker.map_or(0, |marker| marker.parse::<u64>().unwrap() + 1);
                return Ok(Response::new(Full::from(this.page(after))));
            }
            let started = Instant::now();
            {
                let mut seen = this.seen.lock().unwrap();
                seen.in_flight += 1;
                seen.peak = seen.peak.max(seen.in_flight);
                seen.first.get_or_insert(started);
            }
            if !this.answers {
                std::future::pending::<()>().await;
            }
            sleep(LATENCY).await;
            let range = request
                .headers()
                .get("range")
                .map(|range| range.to_str().unwrap());
            let answer = this.object(key.parse().unwrap(), range);
            let mut seen = this.seen.lock().unwrap();
            seen.in_flight -= 1;
            seen.busy += started.elapsed();
            seen.last = Some(Instant::now());
            Ok(answer)
        })
    }
}

/// Of what all connections could have been busy, so much they were, from the first request to the
/// last; and how many were at most.
async fn busy(slow: &Slow, connections: u32) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let download = slow.download(dir.path()).connections(connections as usize);
    let report = download.await.unwrap();
    assert_eq!(report.objects, slow.keys);
    let seen = slow.seen.lock().unwrap();
    assert_eq!(seen.peak, u64::from(connections));
    let window = seen.last.unwrap() - seen.first.unwrap();
    seen.busy.as_secs_f64() / (window.as_secs_f64() * f64::from(connections))
}

#[tokio::test(start_paused = true)]
async fn all_connections_are_busy_with_small_objects() {
    let share = busy(&Slow::new(3200, |_| 16), 32).await;
    assert!(share >= 0.95, "{share}");
}

/// Every tenth one comes in parts, of which five at a time are fetched.
#[tokio::test(start_paused = true)]
async fn all_connections_are_busy_with_small_and_large_objects() {
    let size = |number| if number % 10 == 0 { 190_000 } else { 16 };
    let share = busy(&Slow::new(1600, size), 32).await;
    assert!(share >= 0.95, "{share}");
}

/// The giant is the last key that the run sees ahead, and takes longer than all others: so it is
/// begun at once, and what is waited for in the end is the giant alone.
#[tokio::test(start_paused = true)]
async fn a_giant_is_begun_early_and_holds_nobody_up() {
    let size = |number| if number == 1999 { 20_000 * 300 } else { 16 };
    let slow = Slow::new(2000, size);
    let dir = tempfile::tempdir().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&order);
    let observer = move |done: &Done<'_>| told.lock().unwrap().push(done.key.to_owned());
    let download = slow.download(dir.path()).connections(64).observer(observer);
    download.await.unwrap();
    assert_eq!(order.lock().unwrap().last().unwrap(), "000001999");
    let seen = slow.seen.lock().unwrap();
    let window = seen.last.unwrap() - seen.first.unwrap();
    // Three hundred parts, five at a time.
    assert!(window < LATENCY * 70, "{window:?}");
}

/// However many keys there are: as long as nothing comes of the objects, no more pages are asked for
/// than the run looks ahead.
#[tokio::test(start_paused = true)]
async fn k16_a_listing_waits_for_those_who_work_on_it() {
    let mut slow = Slow::new(10_000_000, |_| 16);
    slow.answers = false;
    let dir = tempfile::tempdir().unwrap();
    let run = slow.download(dir.path());
    let ended = tokio::time::timeout(Duration::from_secs(30), run.into_future()).await;
    assert!(ended.is_err(), "nothing is answered");
    let seen = slow.seen.lock().unwrap();
    assert!(seen.pages >= 4 && seen.pages <= 8, "{} pages", seen.pages);
    assert_eq!(seen.peak, 32);
}

/// Keys that the filter does not want cost nothing that stays.
#[tokio::test]
async fn k16_keys_that_are_not_wanted_are_forgotten() {
    let slow = Slow::new(30_000, |_| 16);
    let dir = tempfile::tempdir().unwrap();
    let filter = cos_transfer::prefix::Filter::new().exclude("*").unwrap();
    let report = slow.download(dir.path()).filter(filter).await.unwrap();
    assert_eq!((report.listed(), slow.seen.lock().unwrap().pages), (0, 30));
}
