//! Failures of the crates below: the exit code, what the service said, and what may help.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use cos_proto::{Failure, JudgeError, Missing, ServiceError};
use cos_transfer::{DestinationError, DownloadError};
use cos_transport::{Error as TransportError, ErrorKind};
use http::Uri;

use super::{Error, Failed, ServiceDetail, chain};
use crate::exit::ExitCode;

impl Error {
    /// A failure of a library call: `what` says what was being done, and on what.
    pub(crate) fn upstream(what: impl AsRef<str>, error: &(dyn StdError + 'static)) -> Self {
        let transport = find::<TransportError>(error);
        let service = find::<ServiceError>(error);
        let failure = Failure::find(error);
        Self::Failed(Box::new(Failed {
            exit: exit(error, transport, failure.as_ref()),
            message: format!("{}: {}", what.as_ref(), told(error)),
            service: service.map(ServiceDetail::new),
            hint: local_hint(error).or_else(|| hint(service, transport, failure.as_ref())),
        }))
    }
}

/// What an error says: `what` has told that a transfer failed, or a request.
fn told(error: &(dyn StdError + 'static)) -> String {
    match error.downcast_ref() {
        Some(DownloadError::Transport { .. } | DownloadError::Service(_)) => {
            error.source().map_or_else(|| error.to_string(), told)
        }
        Some(DownloadError::GaveUp { source, .. }) => format!("{error}: {}", told(&**source)),
        _ => chain(error),
    }
}

/// The first error of the type `T` among an error and its sources.
pub(crate) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn exit(
    error: &(dyn StdError + 'static),
    transport: Option<&TransportError>,
    failure: Option<&Failure>,
) -> ExitCode {
    if let Some(exit) = find::<DownloadError>(error).and_then(exit_of_local) {
        return exit;
    }
    if let Some(judged) = find::<JudgeError>(error) {
        return exit_of_judgement(judged);
    }
    match transport.map(TransportError::kind) {
        Some(ErrorKind::Request) => ExitCode::Usage,
        Some(ErrorKind::Credentials) => ExitCode::Access,
        Some(ErrorKind::Integrity) => ExitCode::Integrity,
        Some(
            ErrorKind::Connect
            | ErrorKind::ConnectTimeout
            | ErrorKind::Tls
            | ErrorKind::Proxy
            | ErrorKind::Connection
            | ErrorKind::HeadTimeout
            | ErrorKind::Head
            | ErrorKind::Body
            | ErrorKind::BodyTimeout,
        ) => ExitCode::Network,
        _ => failure.map_or(ExitCode::Other, exit_of_failure),
    }
}

/// What a download failed at on this side of the network.
fn exit_of_local(error: &DownloadError) -> Option<ExitCode> {
    Some(match error {
        DownloadError::Request(_)
        | DownloadError::Destination(DestinationError::NoFileName { .. }) => ExitCode::Usage,
        DownloadError::Destination(_) | DownloadError::Local { .. } | DownloadError::Output(_) => {
            ExitCode::Disk
        }
        DownloadError::Integrity(_) | DownloadError::NoCrc64 => ExitCode::Integrity,
        DownloadError::Changed(_) => ExitCode::Condition,
        DownloadError::Busy { .. } => ExitCode::Busy,
        DownloadError::GaveUp { source, .. } => return exit_of_local(source),
        _ => return None,
    })
}

/// An answer that is not the one to our question.
fn exit_of_judgement(judged: &JudgeError) -> ExitCode {
    match judged {
        JudgeError::ObjectChanged { .. } | JudgeError::OtherVersion { .. } => ExitCode::Condition,
        JudgeError::RangeIgnored
        | JudgeError::UnaskedPart
        | JudgeError::Multipart
        | JudgeError::NoContentRange
        | JudgeError::ContentRange(_)
        | JudgeError::OtherRange { .. }
        | JudgeError::NoLength
        | JudgeError::LengthDiffers { .. } => ExitCode::Integrity,
        _ => ExitCode::Other,
    }
}

fn exit_of_failure(failure: &Failure) -> ExitCode {
    match failure {
        Failure::NotFound(_) => ExitCode::NotFound,
        Failure::Denied | Failure::Expired | Failure::Skewed { .. } | Failure::NoCredentials => {
            ExitCode::Access
        }
        Failure::Unsendable => ExitCode::Usage,
        Failure::PreconditionFailed | Failure::NotModified | Failure::ObjectChanged => {
            ExitCode::Condition
        }
        Failure::Corrupt => ExitCode::Integrity,
        Failure::Transport | Failure::Untrusted | Failure::CutShort | Failure::RequestTimeout => {
            ExitCode::Network
        }
        _ => ExitCode::Other,
    }
}

fn local_hint(error: &(dyn StdError + 'static)) -> Option<Cow<'static, str>> {
    let hint = match find::<DownloadError>(error)? {
        DownloadError::Destination(DestinationError::NoFileName { .. }) => {
            "name the file: cos cp … DIR/NAME"
        }
        DownloadError::Busy { .. } => {
            "wait for it: what it has fetched is not fetched again; or choose another destination"
        }
        DownloadError::Changed(_) => {
            "it was replaced while it was fetched; the same command fetches what it is now"
        }
        DownloadError::Local { source, .. } => hint_of_disk(source)?,
        _ => return None,
    };
    Some(hint.into())
}

fn hint_of_disk(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space and run the same command again: it goes on from here"
        }
        io::ErrorKind::FileTooLarge => {
            "the file system, or the shell's limit (ulimit -f), takes no file of this size"
        }
        _ => return None,
    })
}

/// What the user can do about it, where there is something.
fn hint(
    service: Option<&ServiceError>,
    transport: Option<&TransportError>,
    failure: Option<&Failure>,
) -> Option<Cow<'static, str>> {
    if let Some(hint) = service.and_then(ServiceError::code).and_then(hint_of_code) {
        return Some(hint.into());
    }
    if let Some(hint) = transport.and_then(|transport| hint_of_kind(transport.kind())) {
        return Some(hint.into());
    }
    let hint = match failure? {
        Failure::NotFound(Missing::Bucket) => {
            "a bucket's full name ends in its APPID, and it lives in one region: check the name and --region"
        }
        Failure::Archived => {
            "the object is archived: restore it first; `cos stat` shows how far that is"
        }
        Failure::Expired => "the signature or the session token has expired: get new credentials",
        Failure::Skewed { .. } => {
            "the clock of this machine is wrong by more than the service allows: set it"
        }
        Failure::Redirect => return Some(redirected(service?)),
        Failure::RangeNotSatisfiable {
            complete: Some(size),
        } => {
            return Some(format!("the object has {size} bytes").into());
        }
        _ => return None,
    };
    Some(hint.into())
}

/// Where a redirect points to: scheme and host. Its path and query may repeat a signature.
fn redirected(service: &ServiceError) -> Cow<'static, str> {
    let location = service
        .location()
        .and_then(|location| location.parse::<Uri>().ok());
    match location.as_ref().and_then(Uri::authority) {
        Some(host) => format!(
            "redirects are not followed, and this one points to {host}; \
             check --region, --endpoint or --domain"
        )
        .into(),
        None => "redirects are not followed; check --region, --endpoint or --domain".into(),
    }
}

fn hint_of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "SignatureDoesNotMatch" => {
            "the secret key is not the one of this secret id, or the request was changed on its way; \
             where the two strings to sign are equal, it is the key"
        }
        "InvalidAccessKeyId" => {
            "the service does not know this secret id: check COS_SECRET_ID or the profile"
        }
        "AccessDenied" => {
            "these credentials (none, with --anonymous) do not allow this: use others, or ask for \
             the permission"
        }
        "PathStyleDomainForbidden" => {
            "the service wants the bucket in the host: use --addressing virtual"
        }
        _ => return None,
    })
}

fn hint_of_kind(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Credentials => {
            "the profile says where credentials come from; a credential_process can be run by hand"
        }
        ErrorKind::Tls => {
            "a private certificate authority is trusted with --ca-cert FILE; \
             an endpoint without TLS is used with --scheme http"
        }
        ErrorKind::Proxy => {
            "check --proxy, HTTPS_PROXY, HTTP_PROXY or proxy in the profile; \
             its credentials stand in the URL: http://USER:PASSWORD@HOST:PORT"
        }
        ErrorKind::Connect | ErrorKind::ConnectTimeout => {
            "check the network and the host: --region, --endpoint, --domain, --connect-to"
        }
        _ => return None,
    })
}
