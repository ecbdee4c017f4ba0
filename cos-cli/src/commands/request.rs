//! From arguments to request values.

use std::num::NonZeroUsize;

use cos_proto::{Bucket, GetObject, Key};
use cos_transfer::engine::Options;
use cos_transfer::{Downloader, Fsync};
use cos_transport::Client;

use crate::args::{ConditionArgs, FetchArgs, FileArgs, FsyncArg, OverrideArgs, PartArgs, ReadArgs};
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

/// A downloader over the client of the settings, which reads as it was told to.
pub(super) fn downloader(
    settings: &Settings,
    fetch: &FetchArgs,
) -> Result<Downloader<Client>, Error> {
    let client = settings.client()?;
    let endpoint = client.endpoint().clone();
    let mut downloader = Downloader::new(client, endpoint)
        .retries(settings.retries)
        .parallel(parallel(settings, &fetch.parts))
        // Who limits the rate has slow connections, and wants them.
        .hedge(settings.limit_rate.is_none());
    if let Some(bytes) = fetch.parts.part_size.or(settings.part_size) {
        downloader = downloader.part_size(bytes);
    }
    // The argument parser refuses both at once; of two calls the later one would count.
    Ok(match fetch.integrity.no_crc64 {
        true => downloader.no_crc64(true),
        false => downloader.require_crc64(fetch.integrity.require_crc64),
    })
}

/// Parts of one object at once: no more than there may be connections.
fn parallel(settings: &Settings, parts: &PartArgs) -> usize {
    let parallel = parts.parallel.or(settings.parallel);
    let parallel = parallel.map_or(Options::CONNECTIONS, NonZeroUsize::get);
    connections(settings, parts).map_or(parallel, |connections| parallel.min(connections))
}

/// Connections of the whole run, where something was said.
pub(super) fn connections(settings: &Settings, parts: &PartArgs) -> Option<usize> {
    let connections = parts.connections.or(settings.connections);
    connections.map(NonZeroUsize::get)
}

/// The same, writing files as it was told to.
pub(super) fn to_files(downloader: Downloader<Client>, file: FileArgs) -> Downloader<Client> {
    downloader
        .no_clobber(file.no_clobber)
        .no_resume(file.no_resume)
        .trust_checkpoint(file.trust_checkpoint)
        .fsync(match file.fsync {
            FsyncArg::Auto => Fsync::Auto,
            FsyncArg::Always => Fsync::Always,
            FsyncArg::Never => Fsync::Never,
        })
}

/// The request for an object's content.
pub(super) fn get(place: &Location, read: ReadArgs) -> Result<GetObject, Error> {
    // Here and below without `..`, so that a new field is not forgotten.
    let ReadArgs {
        range,
        version_id,
        conditions:
            ConditionArgs {
                if_match,
                if_none_match,
                if_modified_since,
                if_unmodified_since,
            },
        fetch,
    } = read;
    let (bucket, key) = object(place)?;
    let mut get = GetObject::new(bucket, key);
    get.range = range;
    get.version_id = version_id;
    get.conditions.if_match = if_match;
    get.conditions.if_none_match = if_none_match;
    get.conditions.if_modified_since = if_modified_since;
    get.conditions.if_unmodified_since = if_unmodified_since;
    Ok(amended(get, &fetch))
}

/// The request with what is asked of the service for every object.
pub(super) fn amended(mut get: GetObject, fetch: &FetchArgs) -> GetObject {
    let FetchArgs {
        // For the downloader.
        parts: _,
        integrity: _,
        traffic_limit,
        overrides,
    } = fetch;
    get.traffic_limit = *traffic_limit;
    with_overrides(get, overrides.clone())
}

/// The request with the headers that the service is asked to send instead.
pub(super) fn with_overrides(mut get: GetObject, overrides: OverrideArgs) -> GetObject {
    let OverrideArgs {
        response_cache_control,
        response_content_disposition,
        response_content_encoding,
        response_content_language,
        response_content_type,
        response_expires,
    } = overrides;
    get.response.cache_control = response_cache_control;
    get.response.content_disposition = response_content_disposition;
    get.response.content_encoding = response_content_encoding;
    get.response.content_language = response_content_language;
    get.response.content_type = response_content_type;
    get.response.expires = response_expires;
    get
}
