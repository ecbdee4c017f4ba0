//! What a page of a listing costs: 1,000 keys as the service writes them, and as S3 servers do.
//!
//! The bound is 1 ms for a page that is parsed; judging it in a pager comes on top.
#![expect(
    clippy::expect_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::{fmt::Write as _, hint::black_box};

use cos_proto::{Bucket, ListObjectVersions, ListObjects, ObjectPager};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn bucket() -> Bucket {
    Bucket::new("examplebucket-1250000000").expect("a valid name")
}

/// As the service's documentation shows it: indented, url-encoded, quotes of entity tags escaped.
fn cos_page() -> String {
    let mut page = String::from(
        "<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n\
         \t<Name>examplebucket-1250000000</Name>\n\t<EncodingType>url</EncodingType>\n\
         \t<Prefix/>\n\t<Marker/>\n\t<MaxKeys>1000</MaxKeys>\n\t<IsTruncated>false</IsTruncated>\n",
    );
    for number in 0..1000 {
        write!(
            page,
            "\t<Contents>\n\
             \t\t<Key>%E7%85%A7%E7%89%87/2020%E5%B9%B4/IMG{number:08}.jpg</Key>\n\
             \t\t<LastModified>2020-12-10T03:37:30.000Z</LastModified>\n\
             \t\t<ETag>&quot;{number:032x}&quot;</ETag>\n\
             \t\t<Size>{size}</Size>\n\
             \t\t<Owner>\n\
             \t\t\t<ID>1250000000</ID>\n\
             \t\t\t<DisplayName>1250000000</DisplayName>\n\
             \t\t</Owner>\n\
             \t\t<StorageClass>STANDARD</StorageClass>\n\
             \t</Contents>\n",
            size = number * 1000,
        )
        .expect("writing to a string");
    }
    page.push_str("</ListBucketResult>\n");
    page
}

/// The same on one line and with another root.
fn s3_page() -> String {
    let page: String = cos_page()
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
    cos_page()
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
    for (name, page) in [("cos", cos_page()), ("s3", s3_page())] {
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
    let page = objects.parse(cos_page().as_bytes()).expect("a valid page");
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
