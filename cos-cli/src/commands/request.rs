//! From arguments to request values.

use cos_proto::{Bucket, GetObject, Key};
use cos_transfer::Downloader;
use cos_transport::Client;

use crate::args::{IntegrityArgs, OverrideArgs, ReadArgs};
use crate::error::Error;
use crate::location::Location;
use crate::settings::Settings;

/// The bucket of a place.
pub(super) fn bucket(place: &Location) -> Result<Bucket, Error> {
    Bucket::new(place.bucket.as_str()).map_err(|error| Error::usage(format!("{place}: {error}")))
}

/// Bucket and key of a place that has to be an object.
pub(super) fn object(place: &Location) -> Result<(Bucket, Key), Error> {
    let key =
        Key::new(place.key.as_str()).map_err(|error| Error::usage(format!("{place}: {error}")))?;
    Ok((bucket(place)?, key))
}

/// A downloader over the client of the settings, which checks what it was told to.
pub(super) fn downloader(
    settings: &Settings,
    integrity: IntegrityArgs,
) -> Result<Downloader<Client>, Error> {
    let client = settings.client()?;
    let endpoint = client.endpoint().clone();
    let downloader = Downloader::new(client, endpoint);
    // The argument parser refuses both at once; of two calls the later one would count.
    Ok(match integrity.no_crc64 {
        true => downloader.no_crc64(true),
        false => downloader.require_crc64(integrity.require_crc64),
    })
}

/// The request for an object's content.
pub(super) fn get(place: &Location, read: ReadArgs) -> Result<GetObject, Error> {
    let (bucket, key) = object(place)?;
    let mut get = GetObject::new(bucket, key);
    get.range = read.range;
    get.version_id = read.version_id;
    get.traffic_limit = read.traffic_limit;
    get.conditions.if_match = read.conditions.if_match;
    get.conditions.if_none_match = read.conditions.if_none_match;
    get.conditions.if_modified_since = read.conditions.if_modified_since;
    get.conditions.if_unmodified_since = read.conditions.if_unmodified_since;
    Ok(with_overrides(get, read.overrides))
}

/// The request with the headers that the service is asked to send instead.
pub(super) fn with_overrides(mut get: GetObject, overrides: OverrideArgs) -> GetObject {
    get.response.cache_control = overrides.response_cache_control;
    get.response.content_disposition = overrides.response_content_disposition;
    get.response.content_encoding = overrides.response_content_encoding;
    get.response.content_language = overrides.response_content_language;
    get.response.content_type = overrides.response_content_type;
    get.response.expires = overrides.response_expires;
    get
}
