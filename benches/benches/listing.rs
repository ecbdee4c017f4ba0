//! What a page of a listing costs: 1,000 keys as the service writes them, and as S3 servers do.
//!
//! The bound is 1 ms for a page that is parsed; judging it in a pager comes on top.
#![expect(
    clippy::expect_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::hint::black_box;

use cos_benches::work::page_of_1000_keys;
use cos_proto::{Bucket, ListObjectVersions, ListObjects, ObjectPager};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn bucket() -> Bucket {
    Bucket::new("examplebucket-1250000000").expect("a valid name")
}

/// The service's page on one line and with another root.
fn s3_page() -> String {
    let page: String = page_of_1000_keys()
        .lines()
        .skip(1)
        .map(|line| line.trim_start_matches('\t'))
        .collect();
    page.replace(
        "<ListBucketResult>",
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
    )
}

fn version_page() -> String {
    page_of_1000_keys()
        .replace("ListBucketResult", "ListVersionsResult")
        .replace(
            "<Contents>",
            "<Version>\n\t\t<VersionId>MTg0NDUxODMzMTMwMDM2</VersionId>\n\
             \t\t<IsLatest>true</IsLatest>",
        )
        .replace("Contents>", "Version>")
}

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listing, 1000 keys");
    let objects = ListObjects::new(bucket());
    for (name, page) in [("cos", page_of_1000_keys()), ("s3", s3_page())] {
        group.throughput(Throughput::Bytes(page.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_with_large_drop(|| {
                let page = objects.parse(black_box(page.as_bytes()));
                page.expect("a valid page")
            });
        });
    }

    let versions = ListObjectVersions::new(bucket());
    let page = version_page();
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("versions", |bencher| {
        bencher.iter_with_large_drop(|| {
            let page = versions.parse(black_box(page.as_bytes()));
            page.expect("a valid page")
        });
    });
    group.finish();
}

fn page(criterion: &mut Criterion) {
    let objects = ListObjects::new(bucket());
    let page = objects
        .parse(page_of_1000_keys().as_bytes())
        .expect("a valid page");
    criterion.bench_function("pager, 1000 keys", |bencher| {
        bencher.iter_batched(
            || (ObjectPager::new(objects.clone()), page.clone()),
            |(mut pager, page)| pager.take(page).expect("a page that goes forward"),
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, parse, page);
criterion_main!(benches);
