//! HEAD Bucket, and GET Service: the list of buckets (documentation 436/7735, 436/8291).

use http::{HeaderValue, Method, StatusCode};

use super::{Call, Service};
use crate::{answer::Answer, clock::bucket_date, refusal::Refusal, store::Bucket, xml::Document};

/// Buckets of a page at most.
const MAX_BUCKETS: usize = 2000;

/// The account that owns all buckets.
const OWNER: &str = "100000000001";

impl Service {
    pub(super) fn head_bucket(&self, bucket: &Bucket) -> Answer {
        let mut answer = Answer::empty(StatusCode::OK);
        self.set_region(&mut answer);
        if bucket.is_ofs() {
            answer
                .headers
                .insert("x-cos-bucket-arch", HeaderValue::from_static("OFS"));
        }
        answer
    }

    pub(super) fn set_region(&self, answer: &mut Answer) {
        if let Ok(region) = HeaderValue::from_str(&self.region) {
            answer.headers.insert("x-cos-bucket-region", region);
        }
    }

    pub(super) fn list_buckets(&self, call: &Call) -> Result<Answer, Refusal> {
        if call.head.method != Method::GET {
            return Err(Refusal::method_not_allowed());
        }
        let marker = call.param("marker").unwrap_or_default();
        let limit = super::list::max_keys(call, MAX_BUCKETS)?;
        let mut buckets = self.buckets()?;
        buckets.retain(|bucket| bucket.name() > marker);
        let is_truncated = buckets.len() > limit;
        buckets.truncate(limit);

        let mut document = Document::new("ListAllMyBucketsResult");
        document.open("Owner");
        document.element("ID", &format!("qcs::cam::uin/{OWNER}:uin/{OWNER}"));
        document.element("DisplayName", OWNER);
        document.close();
        document.element("Marker", marker);
        if let Some(last) = buckets.last().filter(|_| is_truncated) {
            document.element("NextMarker", last.name());
        }
        document.element("IsTruncated", if is_truncated { "true" } else { "false" });
        document.open("Buckets");
        for bucket in &buckets {
            document.open("Bucket");
            document.element("Name", bucket.name());
            document.element("Location", &self.region);
            document.element("CreationDate", &bucket_date(bucket.created()));
            document.element("BucketType", if bucket.is_ofs() { "ofs" } else { "cos" });
            document.close();
        }
        Ok(Answer::xml(document))
    }

    /// All buckets by name; one in memory hides a folder of its name.
    fn buckets(&self) -> Result<Vec<Bucket>, Refusal> {
        let mut buckets: Vec<Bucket> = self.memory.iter().cloned().map(Bucket::Memory).collect();
        if let Some(folder) = &self.folder {
            let found = folder.buckets().map_err(|error| {
                tracing::warn!(%error, "cannot list the buckets");
                Refusal::internal_error()
            })?;
            buckets.extend(found.into_iter().map(Bucket::Folder));
        }
        buckets.sort_by(|a, b| a.name().cmp(b.name()));
        buckets.dedup_by(|later, first| later.name() == first.name());
        Ok(buckets)
    }
}
