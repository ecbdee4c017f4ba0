//! Options of a single read: conditions, integrity, and headers that the service is asked to send
//! instead.

use clap::Args;
use cos_proto::{ETag, Timestamp};

use super::values;

/// Under which conditions the service is to send the object.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct ConditionArgs {
    /// Only if the object's ETag is this one
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<ETag>,
    /// Only if the object's ETag is another one
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_none_match: Option<ETag>,
    /// Only if the object changed after this time (RFC 3339 or HTTP date)
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) if_modified_since: Option<Timestamp>,
    /// Only if the object did not change after this time (RFC 3339 or HTTP date)
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// What is checked before the result counts.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct IntegrityArgs {
    /// Do not compare the CRC64 of what was received with the object's
    #[arg(long, conflicts_with = "require_crc64")]
    pub(crate) no_crc64: bool,
    /// Fail where the service sends no CRC64 to compare with [default: report "size"]
    #[arg(long)]
    pub(crate) require_crc64: bool,
}

/// Headers that the service is asked to send in place of the object's own. Signed requests only.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Response headers (signed requests only)")]
pub(crate) struct OverrideArgs {
    /// Have the answer carry this Cache-Control
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_cache_control: Option<String>,
    /// Have the answer carry this Content-Disposition
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_content_disposition: Option<String>,
    /// Have the answer carry this Content-Encoding
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_content_encoding: Option<String>,
    /// Have the answer carry this Content-Language
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_content_language: Option<String>,
    /// Have the answer carry this Content-Type
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_content_type: Option<String>,
    /// Have the answer carry this Expires
    #[arg(long, value_name = "VALUE")]
    pub(crate) response_expires: Option<String>,
}
