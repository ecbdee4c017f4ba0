//! What the emulator answers to a request that nothing befalls.

mod bucket;
mod list;
mod object;

use std::time::Duration;

use http::{Method, request};

use crate::{
    access::{Access, Caller},
    address::Target,
    answer::Answer,
    encoding::decode_query,
    folder::Folder,
    memory::MemoryBucket,
    refusal::Refusal,
    store::Bucket,
};

/// Sub-resources of buckets and objects that the emulator does not have.
const NOT_HERE: [&str; 24] = [
    "acl",
    "accelerate",
    "cors",
    "domain",
    "encryption",
    "intelligenttiering",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "object-lock",
    "origin",
    "policy",
    "referer",
    "replication",
    "restore",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "website",
];

/// What there is to serve.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) access: Access,
    pub(crate) memory: Vec<MemoryBucket>,
    pub(crate) folder: Option<Folder>,
    pub(crate) region: String,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: request::Parts,
    /// `None` if the path cannot be decoded.
    pub(crate) target: Option<Target>,
    /// The time that is taken for now.
    pub(crate) now: Duration,
    /// Whether it is answered as if it had no range.
    pub(crate) ignore_range: bool,
}

/// A request that may be answered.
#[derive(Debug)]
struct Call {
    head: request::Parts,
    target: Target,
    query: Vec<(String, String)>,
    caller: Caller,
    ignore_range: bool,
}

impl Service {
    /// Answers. May block: on a disk, or to compute a checksum.
    pub(crate) fn answer(&self, asked: Asked) -> Result<Answer, Refusal> {
        let Asked {
            head,
            target,
            now,
            ignore_range,
        } = asked;
        let target = target.ok_or_else(Refusal::bad_uri)?;
        let query =
            decode_query(head.uri.query().unwrap_or_default()).ok_or_else(Refusal::bad_uri)?;
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Err(Refusal::method_not_allowed());
        }
        let caller = self.access.check(&head, now)?;
        let call = Call {
            head,
            target,
            query,
            caller,
            ignore_range,
        };
        if NOT_HERE.iter().any(|name| call.param(name).is_some()) {
            return Err(Refusal::not_implemented());
        }
        let Some(name) = call.target.bucket.as_deref() else {
            return self.list_buckets(&call);
        };
        let bucket = self.bucket(name).ok_or_else(Refusal::no_such_bucket)?;
        if !call.target.key.is_empty() {
            object::answer(&bucket, &call)
        } else if call.head.method == Method::HEAD {
            Ok(self.head_bucket(&bucket))
        } else {
            self.list(&bucket, &call)
        }
    }

    /// The bucket of this name. May block.
    pub(crate) fn bucket(&self, name: &str) -> Option<Bucket> {
        let in_memory = self.memory.iter().find(|bucket| bucket.name() == name);
        in_memory
            .cloned()
            .map(Bucket::Memory)
            .or_else(|| self.folder.as_ref()?.bucket(name).map(Bucket::Folder))
    }
}

impl Call {
    /// The value of a parameter, the first one where it is repeated.
    fn param(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    fn range(&self) -> Option<&str> {
        self.header("range").filter(|_| !self.ignore_range)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }
}
