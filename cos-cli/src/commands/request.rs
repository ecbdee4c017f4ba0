//! From arguments to request values.

use std::num::NonZeroUsize;

use cos_proto::{Bucket, GetObject, Key, TrafficLimit};
use cos_transfer::engine::Options;
use cos_transfer::{Downloader, Fsync};
use cos_transport::Client;

use crate::args::{FetchArgs, FileArgs, FsyncArg, OverrideArgs, PartArgs, ReadArgs};
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
    let (bucket, key) = object(place)?;
    let mut get = GetObject::new(bucket, key);
    get.range = read.range;
    get.version_id = read.version_id;
    get.conditions.if_match = read.conditions.if_match;
    get.conditions.if_none_match = read.conditions.if_none_match;
    get.conditions.if_modified_since = read.conditions.if_modified_since;
    get.conditions.if_unmodified_since = read.conditions.if_unmodified_since;
    Ok(amended(get, read.fetch.traffic_limit, read.fetch.overrides))
}

/// The request with what is asked of the service for every object.
pub(super) fn amended(
    mut get: GetObject,
    traffic_limit: Option<TrafficLimit>,
    overrides: OverrideArgs,
) -> GetObject {
    get.traffic_limit = traffic_limit;
    with_overrides(get, overrides)
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
