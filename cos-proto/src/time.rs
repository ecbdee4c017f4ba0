//! Points in time, in the two forms that COS writes them.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A point in time: a [`Duration`] since the Unix epoch.
///
/// Headers carry the HTTP-date (`Wed, 28 Oct 2014 20:30:00 GMT`, whole seconds), listings ISO 8601
/// (`2020-12-10T03:37:30.000Z`). `Display` writes RFC 3339. No clock is read here or anywhere else in this crate.
///
/// ```
/// use cos_proto::Timestamp;
///
/// let time = Timestamp::parse_http_date("Thu, 10 Dec 2020 03:37:30 GMT")?;
/// assert_eq!(time, Timestamp::parse_rfc3339("2020-12-10T03:37:30.000Z")?);
/// assert_eq!(time.to_string(), "2020-12-10T03:37:30Z");
/// assert_eq!(time.since_epoch().as_secs(), 1_607_571_450);
/// # Ok::<(), cos_proto::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The latest point in time that has a form with four digits of year: `9999-12-30T22:00:00.999999999Z`.
    ///
    /// It is that of the calendar library below, which keeps room for every offset.
    pub const MAX: Self = Self(Duration::new(253_402_207_200, 999_999_999));

    /// From a duration since the Unix epoch.
    ///
    /// # Errors
    ///
    /// Refuses what is later than [`Timestamp::MAX`].
    pub fn from_unix(since_epoch: Duration) -> Result<Self, InvalidTimestamp> {
        if since_epoch > Self::MAX.0 {
            Err(InvalidTimestamp(()))
        } else {
            Ok(Self(since_epoch))
        }
    }

    /// Reads the HTTP-date of headers, `Thu, 10 Dec 2020 03:37:30 GMT` (IMF-fixdate of RFC 9110, section 5.6.7).
    ///
    /// That the day of the week is that day's is not checked: examples in the vendor's own documentation are wrong in it. The
    /// two obsolete forms that no server has sent for decades are not taken.
    ///
    /// # Errors
    ///
    /// Refuses every other text, days and times that do not exist, and times before 1970.
    pub fn parse_http_date(text: &str) -> Result<Self, InvalidTimestamp> {
        todo!()
    }

    /// Reads the ISO 8601 time of listings, `2020-12-10T03:37:30.000Z`, as far as RFC 3339 has it.
    ///
    /// # Errors
    ///
    /// Refuses every other text, days and times that do not exist, and times before 1970.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidTimestamp> {
        todo!()
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// The HTTP-date of this time, its fraction of a second cut off.
    #[must_use]
    pub fn to_http_date(self) -> String {
        todo!()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

/// A text or number that is no time of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("time is not of a known form, or not between 1970 and 9999")]
pub struct InvalidTimestamp(());
