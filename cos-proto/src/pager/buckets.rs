//! Walking through the buckets of an account.

use alloc::string::String;
use alloc::vec::Vec;

use super::PagerError;
use super::level::bad_marker;
use crate::{BucketEntry, BucketPage, ListBuckets};

/// Walks through the buckets of an account.
///
/// The service continues a listing of buckets behind a marker, in the order of the names' UTF-8
/// bytes (documentation page 436/8291). Every bucket is given out once, and a listing that does not
/// go forward is refused. A server that gives all buckets on one page may have them in any order.
///
/// An error leaves the pager where it was.
#[derive(Clone, Debug)]
pub struct BucketPager {
    request: ListBuckets,
    done: bool,
}

impl BucketPager {
    /// Starts with this request. Its marker, if it has one, says where the listing starts.
    #[must_use]
    pub fn new(request: ListBuckets) -> Self {
        Self {
            request,
            done: false,
        }
    }

    /// The request for the next page; `None` when everything has been listed.
    ///
    /// The answer changes with [`take`](Self::take) only.
    #[must_use]
    pub fn next_request(&self) -> Option<ListBuckets> {
        (!self.done).then(|| self.request.clone())
    }

    /// Judges the page that answers [`next_request`](Self::next_request), and gives out its
    /// buckets.
    ///
    /// # Errors
    ///
    /// [`PagerError`] says how the listing breaks its order, or that no page was asked for.
    pub fn take(&mut self, page: BucketPage) -> Result<Vec<BucketEntry>, PagerError> {
        if self.done {
            return Err(PagerError::NotAsked);
        }
        let names = self.check(&page.buckets)?;
        if page.is_truncated {
            let last = *names.last().ok_or(PagerError::StandsStill)?;
            let marker = page.next_marker.as_deref().unwrap_or(last);
            if marker < last {
                return Err(bad_marker(marker, last));
            }
            self.request.marker = Some(String::from(marker));
        } else {
            self.done = true;
        }
        Ok(page.buckets)
    }

    /// The names of a page in order, each behind the marker and none twice.
    fn check<'a>(&self, buckets: &'a [BucketEntry]) -> Result<Vec<&'a str>, PagerError> {
        let mut names: Vec<_> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        names.sort_unstable();
        if let (Some(marker), Some(&first)) = (self.request.marker.as_deref(), names.first())
            && first <= marker
        {
            return Err(PagerError::GoesBack {
                entry: String::from(first),
                after: String::from(marker),
            });
        }
        match names
            .iter()
            .zip(names.iter().skip(1))
            .find(|(left, right)| left == right)
        {
            Some((&twice, _)) => Err(PagerError::Repeats {
                entry: String::from(twice),
            }),
            None => Ok(names),
        }
    }
}
