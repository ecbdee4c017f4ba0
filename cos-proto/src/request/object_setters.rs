//! What can be said of an object in a GET and in a HEAD.

/// Gives a request value for one object the setters that GET and HEAD share.
macro_rules! object_setters {
    () => {
        /// Asks for this version.
        #[must_use]
        pub fn version_id(mut self, version_id: crate::VersionId) -> Self {
            self.version_id = Some(version_id);
            self
        }

        /// Only if the object has this entity tag; else the answer is 412.
        #[must_use]
        pub fn if_match(mut self, etag: crate::ETag) -> Self {
            self.conditions.if_match = Some(etag);
            self
        }

        /// Only if the object has another entity tag; else the answer is 304.
        #[must_use]
        pub fn if_none_match(mut self, etag: crate::ETag) -> Self {
            self.conditions.if_none_match = Some(etag);
            self
        }

        /// Only if the object was changed after this time; else the answer is 304. Whole seconds
        /// are sent.
        #[must_use]
        pub fn if_modified_since(mut self, time: crate::Timestamp) -> Self {
            self.conditions.if_modified_since = Some(time);
            self
        }

        /// Only if the object was not changed after this time; else the answer is 412. Whole
        /// seconds are sent.
        #[must_use]
        pub fn if_unmodified_since(mut self, time: crate::Timestamp) -> Self {
            self.conditions.if_unmodified_since = Some(time);
            self
        }

        /// The key of the customer's own that the object was encrypted with.
        #[must_use]
        pub fn sse_c(mut self, key: crate::SseCustomerKey) -> Self {
            self.sse_c = Some(key);
            self
        }

        /// `Referer`, for buckets that check it against hot-linking.
        #[must_use]
        pub fn referer(mut self, referer: impl Into<alloc::string::String>) -> Self {
            self.referer = Some(referer.into());
            self
        }
    };
}

pub(super) use object_setters;
