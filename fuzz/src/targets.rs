//! Request targets: the way of a key to the wire, and back.

use cos_proto::{Addressing, Endpoint, GetObject, Key, ListObjects, Region, uri};

use crate::address::{self, Domains};
use crate::bucket;
use crate::encoding::decode_query;

/// Percent-decoding: as another decoder has it, and back from the encoded form in a path and in a
/// query.
pub fn url_decoding(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    assert_eq!(uri::decode(&uri::encode_path(text)).as_deref(), Ok(text));
    assert_eq!(
        uri::decode(&uri::encode_query_component(text)).as_deref(),
        Ok(text)
    );
    let decoded = uri::decode(text).ok()?;
    let reference: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    assert_eq!(decoded.as_bytes(), reference);
    assert_eq!(uri::decode(&uri::encode_path(&decoded)), Ok(decoded));
    Some(())
}

/// A text as a key and as a prefix: the request target says it byte for byte, or there is no
/// request.
pub fn request_target(data: &[u8]) -> Option<()> {
    let text = str::from_utf8(data).ok()?;
    let region = Endpoint::region(Region::new("ap-beijing").expect("a region's name"));
    let path = Endpoint::service_url("http://127.0.0.1:9000", Addressing::Path).expect("a URL");
    let mut requests = 0;
    for (endpoint, before) in [(region, "/"), (path, "/examplebucket-1250000000/")] {
        if let Ok(key) = Key::new(text)
            && let Ok(request) = GetObject::new(bucket(), key).to_request(&endpoint)
        {
            requests += 1;
            let path = request.uri().path();
            assert_eq!(uri::decode(path), Ok(format!("{before}{text}")));
            let host = request.uri().host().expect("an endpoint");
            let target = address::target(host, path, &Domains::new(), |_| false);
            let target = target.expect("the service decodes it");
            assert_eq!(target.bucket.as_deref(), Some(bucket().as_str()));
            assert_eq!(target.key, text, "the service takes it for another key");
            assert_eq!(request.uri().query(), None);
            assert_ne!(
                path.trim_end_matches('/'),
                before.trim_end_matches('/'),
                "GET Object would be GET Bucket"
            );
        }
        if let Ok(request) = ListObjects::new(bucket())
            .prefix(text)
            .to_request(&endpoint)
        {
            assert_eq!(request.uri().path(), before);
            let query = request.uri().query().unwrap_or_default();
            let prefix = query
                .split('&')
                .find_map(|param| param.strip_prefix("prefix="));
            assert_eq!(uri::decode(prefix.unwrap_or_default()).as_deref(), Ok(text));
            let fields = decode_query(query).expect("the service decodes it");
            let field = ("prefix".to_owned(), text.to_owned());
            assert!(text.is_empty() || fields.contains(&field));
        }
    }
    (requests > 0).then_some(())
}
