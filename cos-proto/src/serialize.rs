//! `serde` for the answers.
//!
//! Names, tags and times are written as their text and read back through their checks, so that
//! nothing unlawful comes in this way either. Heads and errors are written only: they are what a
//! server said, and nobody else says it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use http::HeaderMap;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::{
    Bucket, ByteRange, ContentRange, ETag, Key, ObjectHead, Region, ServiceError, Timestamp,
    TrafficLimit, VersionId,
};

/// Writes a type as its `Display` and reads it through its `FromStr`.
macro_rules! as_text {
    ($($name:ident),+ $(,)?) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text(PhantomData))
            }
        }
    )+};
}

as_text!(
    Bucket,
    ByteRange,
    ContentRange,
    ETag,
    Key,
    Region,
    Timestamp,
    TrafficLimit,
    VersionId
);

/// Takes a text and parses it.
struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl Serialize for ObjectHead {
    /// The CRC64 is a decimal text, as in its header: many readers of JSON keep only 53 bits of a
    /// number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut head = serializer.serialize_struct("ObjectHead", 7)?;
        head.serialize_field("size", &self.size())?;
        head.serialize_field("etag", &self.etag())?;
        head.serialize_field("crc64", &self.crc64().map(Decimal))?;
        head.serialize_field("last_modified", &self.last_modified())?;
        head.serialize_field("version_id", &self.version_id())?;
        head.serialize_field("content_range", &self.content_range())?;
        head.serialize_field("headers", &Headers(self.headers()))?;
        head.end()
    }
}

impl Serialize for ServiceError {
    /// Without the raw body and the server's canonical request, which can hold the session token.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_struct("ServiceError", 6)?;
        error.serialize_field("status", &self.status().as_u16())?;
        error.serialize_field("code", &self.code())?;
        error.serialize_field("message", &self.message())?;
        error.serialize_field("resource", &self.resource())?;
        error.serialize_field("request_id", &self.request_id())?;
        error.serialize_field("trace_id", &self.trace_id())?;
        error.end()
    }
}

/// A number as its decimal text.
struct Decimal(u64);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Names, and for each its values; bytes that are no UTF-8 are replaced.
struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            let values = self.0.get_all(name).iter();
            let values: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            map.serialize_entry(name.as_str(), &values)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use http::Response;
    use serde_json::json;

    use super::*;
    use crate::GetObject;

    #[test]
    fn names_and_times_are_their_text_and_stay_checked() {
        let key = Key::new("数据/a b").unwrap();
        assert_eq!(serde_json::to_value(&key).unwrap(), json!("数据/a b"));
        assert_eq!(
            serde_json::from_value::<Key>(json!("数据/a b")).unwrap(),
            key
        );
        assert!(serde_json::from_value::<Key>(json!("")).is_err());
        assert!(serde_json::from_value::<Bucket>(json!("A_B")).is_err());
        assert!(serde_json::from_value::<Bucket>(json!(5)).is_err());
        let time = Timestamp::parse_rfc3339("2020-12-10T03:37:30Z").unwrap();
        assert_eq!(
            serde_json::to_value(time).unwrap(),
            json!("2020-12-10T03:37:30Z")
        );
        assert_eq!(
            serde_json::from_value::<Timestamp>(json!("2020-12-10T03:37:30Z")).unwrap(),
            time
        );
        let etag = ETag::parse("W/\"a\"").unwrap();
        assert_eq!(
            serde_json::from_value::<ETag>(serde_json::to_value(&etag).unwrap()).unwrap(),
            etag
        );
    }

    #[test]
    fn a_head_is_written_with_all_its_headers() {
        let (head, ()) = Response::builder()
            .header("content-length", "5")
            .header("x-cos-hash-crc64ecma", "18446744073709551615")
            .header("x-cos-meta-a", "1")
            .header("x-cos-meta-a", "2")
            .body(())
            .unwrap()
            .into_parts();
        let object = GetObject::new(Bucket::new("b-1").unwrap(), Key::new("k").unwrap());
        let (object, _) = object.judge(&head).unwrap();
        assert_eq!(
            serde_json::to_value(&object).unwrap(),
            json!({
                "size": 5, "etag": null, "crc64": "18446744073709551615", "last_modified": null, "version_id": null,
                "content_range": null,
                "headers": {"content-length": ["5"], "x-cos-hash-crc64ecma": ["18446744073709551615"], "x-cos-meta-a": ["1", "2"]},
            })
        );
    }

    #[test]
    fn an_error_is_written_without_what_was_signed() {
        let (head, ()) = Response::builder()
            .status(403)
            .body(())
            .unwrap()
            .into_parts();
        let body =
            b"<Error><Code>SignatureDoesNotMatch</Code><FormatString>CANARY</FormatString></Error>";
        let error = serde_json::to_value(ServiceError::read(&head, body)).unwrap();
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(403), &json!("SignatureDoesNotMatch"))
        );
        assert!(!error.to_string().contains("CANARY"));
    }
}
