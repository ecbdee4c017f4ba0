//! Kills and power cuts again, with the driver that there is for tokio.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use cos_proto::{Addressing, ETag, Endpoint, Failure};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_service::Service;

use super::service::Object;
use super::{DEST, Numbers, OLD, disk, get, options};
use crate::downloader::{Settings, ToFile};
use crate::driver::Line;
use crate::sidecars::Place;
use crate::storage::Kind;
use crate::storage::sim::{SimDir, Trouble};
use crate::transfer::Transfer;
use crate::{DownloadError, Report};

/// What brings an object without a socket.
#[derive(Clone)]
struct Answering(Arc<Object>);

impl Service<Request<()>> for Answering {
    type Response = Response<Pieces>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let header = |name| {
            request
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let mut asked = get();
        asked.range = header("range").map(|range| range.parse().unwrap());
        if let Some(etag) = header("if-match") {
            asked = asked.if_match(ETag::parse(etag).unwrap());
        }
        ready(Ok(match self.0.answer(&asked) {
            Ok((head, range)) => {
                let body = Bytes::copy_from_slice(&self.0.bytes[range]);
                Response::from_parts(head, Pieces(body))
            }
            Err(Failure::PreconditionFailed) => {
                let answer = Response::builder().status(412);
                answer.body(Pieces(Bytes::new())).unwrap()
            }
            Err(other) => panic!("{other:?}"),
        }))
    }
}

/// A body that comes bit by bit.
struct Pieces(Bytes);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let len = self.0.len().min(700);
        let piece = self.0.split_to(len);
        Poll::Ready((len > 0).then(|| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Downloads the object into the directory.
fn download(dir: &SimDir, object: &Object) -> Result<Report, DownloadError> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let url = "http://127.0.0.1:1";
    let endpoint = Endpoint::service_url(url, Addressing::Auto).unwrap();
    let transfer = Transfer::new(|cancelled| {
        let to_file = ToFile {
            line: Line {
                service: Answering(Arc::new(object.clone())),
                endpoint: Arc::new(endpoint),
                connections: None,
            },
            get: get(),
            settings: Settings::default(),
            options: options(),
            durable: true,
            progress: None,
            cancelled,
        };
        let dir = dir.clone();
        to_file.run(move || Ok(Place::beside(dir, DEST.into(), DEST.into())))
    });
    runtime.block_on(transfer)
}

fn bring(dir: &SimDir, object: &Object) -> Report {
    let report = download(dir, object).unwrap();
    assert_eq!(dir.read(DEST).unwrap(), object.bytes);
    assert_eq!(dir.names(), [DEST]);
    report
}

#[test]
fn f10_f11_killed_and_cut_off_at_every_step() {
    let object = Object::new(1, 30_000);
    let start = || {
        let (sim, dir) = disk();
        dir.put(DEST, Kind::File, OLD);
        sim.watch(DEST.as_ref(), vec![OLD.to_vec(), object.bytes.clone()]);
        (sim, dir)
    };
    let (sim, dir) = start();
    bring(&dir, &object);
    let mut resumed = 0;
    for step in 0..sim.steps() {
        for way in 0..4 {
            let (sim, dir) = start();
            sim.trouble(Some(Trouble::PowerOff(step)));
            let is_done = download(&dir, &object).is_ok();
            let mut numbers = Numbers(step * 4 + way);
            if way == 0 {
                sim.kill();
            } else {
                sim.power_on(&mut |below| numbers.below(below));
            }
            assert!(!is_done || dir.read(DEST).as_ref() == Some(&object.bytes));
            resumed = resumed.max(bring(&dir, &object).resumed);
        }
    }
    assert!(resumed > 20_000, "{resumed}");
}

#[test]
fn f4_every_call_fails_once_under_the_driver() {
    let object = Object::new(1, 11_000);
    let (sim, dir) = disk();
    bring(&dir, &object);
    for step in 0..sim.steps() {
        let (sim, dir) = disk();
        sim.watch(DEST.as_ref(), vec![object.bytes.clone()]);
        sim.trouble(Some(Trouble::Fails(step, std::io::ErrorKind::StorageFull)));
        match download(&dir, &object) {
            Ok(_) | Err(DownloadError::Local { .. } | DownloadError::Destination(_)) => {}
            Err(error) => panic!("{error:?} at step {step}"),
        }
        // A run may have fewer steps than the first had: threads take turns as they come.
        sim.trouble(None);
        bring(&dir, &object);
    }
}
