//! A listing, fetched one page ahead of whoever works on it.

use std::error;

use cos_proto::listing::{
    BucketEntry, BucketPage, ObjectEntry, ObjectPage, VersionEntry, VersionPage,
};
use cos_proto::pager::{BucketPager, Listed, ObjectPager, PagerError, VersionPager};
use cos_transport::Client;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::Error;

/// The pages of a listing, in order.
///
/// A task of its own asks for the next page, parses and judges it while the present one is printed
/// or counted. It stops a few pages ahead of a reader that is slow, so that memory does not grow
/// with the listing.
pub(super) struct Pages<T> {
    pages: mpsc::Receiver<Vec<T>>,
    /// How the listing ended, which is known once no page is left.
    task: JoinHandle<Result<(), Error>>,
}

impl<T: Send + 'static> Pages<T> {
    /// Starts to list. `what` is the line of an error: what could not be listed.
    pub(super) fn of<P: Pager<Item = T>>(client: Client, mut pager: P, what: String) -> Self {
        let (reader, pages) = mpsc::channel(AHEAD);
        let task = tokio::spawn(async move {
            let failed =
                |error: &(dyn error::Error + 'static)| Error::upstream(what.clone(), error);
            loop {
                let page = match pager.fetch(&client) {
                    Some(page) => page.await.map_err(|error| failed(&error))?,
                    None => return Ok(()),
                };
                let page = pager.take(page).map_err(|error| failed(&error))?;
                if reader.send(page).await.is_err() {
                    return Ok(());
                }
            }
        });
        Self { pages, task }
    }

    /// The next page; `None` when all of the listing has been given out.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<T>>, Error> {
        match self.pages.recv().await {
            Some(page) => Ok(Some(page)),
            None => match (&mut self.task).await {
                Ok(outcome) => outcome.map(|()| None),
                // A listing that breaks off is not one that is complete.
                Err(error) => Err(Error::upstream("the listing broke off", &error)),
            },
        }
    }
}

/// What the three listings have in common, for [`Pages`].
pub(super) trait Pager: Send + 'static {
    type Page: Send;
    type Item: Send + 'static;

    /// Asks for the next page, if there is one.
    fn fetch(
        &self,
        client: &Client,
    ) -> Option<impl Future<Output = Result<Self::Page, cos_transport::Error>> + Send>;

    /// Judges the page that was fetched.
    fn take(&mut self, page: Self::Page) -> Result<Vec<Self::Item>, PagerError>;
}

macro_rules! pager {
    ($pager:ty, $page:ty, $item:ty, $ask:ident) => {
        impl Pager for $pager {
            type Page = $page;
            type Item = $item;

            fn fetch(
                &self,
                client: &Client,
            ) -> Option<impl Future<Output = Result<Self::Page, cos_transport::Error>> + Send> {
                let request = self.next_request()?;
                Some(client.$ask(request))
            }

            fn take(&mut self, page: Self::Page) -> Result<Vec<Self::Item>, PagerError> {
                self.take(page)
            }
        }
    };
}

pager!(ObjectPager, ObjectPage, Listed<ObjectEntry>, list_objects);
pager!(
    VersionPager,
    VersionPage,
    Listed<VersionEntry>,
    list_object_versions
);
pager!(BucketPager, BucketPage, BucketEntry, list_buckets);

/// How many pages may wait for the reader, beside the one that is being fetched: enough that
/// neither waits for the other's jitter, and less than a megabyte.
const AHEAD: usize = 2;
