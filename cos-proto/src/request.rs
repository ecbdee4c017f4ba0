//! The read requests of COS as plain values.
//!
//! A request value holds what was asked for and nothing else; `to_request` makes an
//! [`http::Request`] of it whose target is final, byte for byte. Signing looks at that request and
//! never rebuilds its URI.

mod build;
mod conditions;
mod get_object;
mod head_object;
mod list_buckets;
mod list_object_versions;
mod list_objects;
mod object_setters;
mod response_overrides;
mod sse_customer_key;

pub use build::BuildError;
pub use conditions::Conditions;
pub use get_object::GetObject;
pub use head_object::HeadObject;
pub use list_buckets::ListBuckets;
pub use list_object_versions::ListObjectVersions;
pub use list_objects::ListObjects;
pub use response_overrides::ResponseOverrides;
pub use sse_customer_key::{InvalidSseCustomerKey, SseCustomerKey};
