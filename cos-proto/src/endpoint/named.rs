//! From a request target back to what it names, for those who tell of requests.

use http::Uri;

use super::{Endpoint, Host};
use crate::Bucket;

impl Endpoint {
    /// The bucket and the key that a request target at this endpoint or its
    /// [backup](Self::backup) names, for a log.
    ///
    /// The key is as it goes to the wire: percent-encoded, so that nothing in it can disturb a
    /// terminal. It is empty where the bucket itself is meant. There is no bucket where the target
    /// does not name one: at a custom domain, at another host, for the account's buckets.
    ///
    /// ```
    /// use cos_proto::{Endpoint, Region};
    /// use http::Uri;
    ///
    /// let endpoint = Endpoint::region(Region::new("ap-beijing")?);
    /// let target = Uri::from_static("https://b-1.cos.ap-beijing.myqcloud.com/a%20b?versionId=x");
    /// assert_eq!(endpoint.named(&target), (Some("b-1"), "a%20b"));
    /// # Ok::<(), cos_proto::InvalidRegion>(())
    /// ```
    #[must_use]
    pub fn named<'a>(&self, target: &'a Uri) -> (Option<&'a str>, &'a str) {
        let path = target.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        match &self.host {
            Host::Custom { .. } => (None, path),
            Host::ServicePath { .. } => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                ((!bucket.is_empty()).then_some(bucket), key)
            }
            _ => {
                let bucket = self.bucket_in_host(target);
                let bucket = bucket.or_else(|| self.backup()?.bucket_in_host(target));
                (bucket, path)
            }
        }
    }

    fn bucket_in_host<'a>(&self, target: &'a Uri) -> Option<&'a str> {
        let authority = target.authority()?.as_str();
        let (label, _) = authority.split_once('.')?;
        let (expected, _) = self.bucket_base(&Bucket::new(label).ok()?).ok()?;
        (expected == authority).then_some(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Addressing, GetObject, Key, ListBuckets, ListObjects, Region};

    fn endpoints() -> [Endpoint; 7] {
        let region = || Region::new("ap-beijing").unwrap();
        let service = |addressing| Endpoint::service_url("http://s.example:9000", addressing);
        [
            Endpoint::region(region()),
            Endpoint::public(region()),
            Endpoint::internal(region()),
            Endpoint::accelerate(),
            Endpoint::internal_accelerate(),
            service(Addressing::Virtual).unwrap(),
            service(Addressing::Path).unwrap(),
        ]
    }

    #[test]
    fn what_a_request_names_is_read_back() {
        let bucket = || Bucket::new("b-1").unwrap();
        for endpoint in endpoints() {
            for (key, written) in [("k", "k"), ("/x", "/x"), ("a//b c", "a//b%20c")] {
                let get = GetObject::new(bucket(), Key::new(key).unwrap());
                let request = get.to_request(&endpoint).unwrap();
                assert_eq!(endpoint.named(request.uri()), (Some("b-1"), written));
            }
            let request = ListObjects::new(bucket()).to_request(&endpoint).unwrap();
            assert_eq!(endpoint.named(request.uri()), (Some("b-1"), ""));
            let request = ListBuckets::new().to_request(&endpoint).unwrap();
            assert_eq!(endpoint.named(request.uri()), (None, ""));
        }
    }

    #[test]
    fn the_backup_is_known_and_a_stranger_is_not() {
        let endpoint = Endpoint::region(Region::new("ap-beijing").unwrap());
        let named = |uri| endpoint.named(&Uri::from_static(uri)).0.is_some();
        assert!(named("https://b-1.cos.ap-beijing.tencentcos.cn/k"));
        assert!(!named("https://b-1.cos.ap-shanghai.myqcloud.com/k"));
        assert!(!named("https://b-1.example/k"));
    }

    #[test]
    fn a_custom_domain_names_no_bucket() {
        let endpoint = Endpoint::custom_domain("img.example.com").unwrap();
        let target = Uri::from_static("https://img.example.com/k");
        assert_eq!(endpoint.named(&target), (None, "k"));
    }
}
