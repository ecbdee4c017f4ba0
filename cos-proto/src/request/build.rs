//! From values to a request head.

use http::header::InvalidHeaderValue;
use thiserror::Error;

/// A request value that cannot be sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The key merges to `/`, so that COS would answer with a listing of the bucket.
    #[error("key merges to `/`, which is the bucket and not an object")]
    KeyMergesToRoot,
    /// COS's own hosts know only buckets that are called `<name>-<APPID>`.
    #[error("bucket name does not end in `-` and an APPID")]
    BucketWithoutAppId,
    /// A custom domain stands for one bucket and cannot list the account's buckets.
    #[error("a custom domain does not list buckets")]
    NoServiceHost,
    /// A key of the customer's own would go over a connection that is not encrypted.
    #[error("a customer's encryption key is sent over https only")]
    CustomerKeyOverHttp,
    /// More entries are asked for in one page than the service gives.
    #[error("a page has at most {max} entries")]
    MaxKeys {
        /// The most that can be asked for.
        max: u16,
    },
    /// A value that no header can carry.
    #[error("value of header `{name}` has a character that no header can carry")]
    Header {
        /// Name of the header.
        name: &'static str,
        /// What http says.
        source: InvalidHeaderValue,
    },
    /// A link carries no headers, but what was asked for is a header.
    #[error("`{name}` is a header, which a link cannot carry")]
    HeaderInLink {
        /// Name of the header.
        name: &'static str,
    },
    /// The target is too long for a URI.
    #[error("request target is not a uri")]
    Uri(#[source] http::Error),
}
