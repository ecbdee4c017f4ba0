//! What a signature costs: the usual ranged GET of a download, with and without deriving the key.
//!
//! The bound is 5 µs for a signed request.
#![expect(
    clippy::expect_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::{hint::black_box, time::Duration};

use cos_sign::{Credentials, Head, KeyTime, SignedNames, SigningKey, verify};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Request, header};

const NOW: Duration = Duration::from_secs(1_557_989_753);

fn credentials() -> Credentials {
    let key = "examplesecretkeyexamplesecretkey";
    Credentials::new("AKIDexampleexampleexampleexample0001", key)
        .and_then(|credentials| credentials.with_token("tok/en+with=chars".repeat(20)))
        .expect("valid credentials")
}

fn key_time() -> KeyTime {
    KeyTime::starting(NOW, Duration::from_secs(3600))
}

/// What a download sends for one part of an object.
fn request() -> Request<()> {
    let uri = "https://examplebucket-1250000000.cos.ap-beijing.myqcloud.com\
               /%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6%20%281%29.bin?versionId=MTg0NDUxODMzMTMwMDM2";
    Request::get(uri)
        .header(
            header::HOST,
            "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
        )
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, "cos-rs/0.1")
        .header(header::RANGE, "bytes=1048576000-1069547519")
        .header(header::IF_MATCH, "\"9a4802d5c99dafe1c04da0a8e7e166bf\"")
        .header("x-cos-traffic-limit", "819200")
        .body(())
        .expect("a valid request")
}

fn sign(criterion: &mut Criterion) {
    let credentials = credentials();
    let key = SigningKey::derive(&credentials, key_time());
    let mut group = criterion.benchmark_group("sign");

    // Signing again replaces the headers of the time before, so one request will do.
    let mut signed = request();
    group.bench_function("header, kept key", |bencher| {
        bencher.iter(|| black_box(&key).sign(black_box(&mut signed)));
    });
    group.bench_function("header, derived key", |bencher| {
        bencher.iter(|| {
            SigningKey::derive(black_box(&credentials), key_time()).sign(black_box(&mut signed))
        });
    });

    let unsigned = request();
    let mut headers = HeaderMap::new();
    headers.insert(
        header::HOST,
        HeaderValue::from_static("examplebucket-1250000000.cos.ap-beijing.myqcloud.com"),
    );
    let head = Head::new(unsigned.method(), unsigned.uri(), &headers);
    group.bench_function("presign, kept key", |bencher| {
        bencher.iter(|| black_box(&key).presign(black_box(head)));
    });

    let names = SignedNames::vendor();
    group.bench_function("explain", |bencher| {
        bencher.iter(|| black_box(&key).explain(black_box(Head::from(&unsigned)), &names));
    });

    group.bench_function("verify", |bencher| {
        bencher.iter(|| {
            let lookup = |_: &str| Some(credentials.clone());
            verify(Head::from(black_box(&signed)), lookup, NOW).expect("a valid signature")
        });
    });
    group.finish();
}

criterion_group!(benches, sign);
criterion_main!(benches);
