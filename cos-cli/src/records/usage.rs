//! The record of `cos du`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::STANDARD;

/// How many objects there are, and of how many bytes: all of them, and those of each storage class.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UsageRecord {
    #[serde(flatten)]
    total: SumRecord,
    by_storage_class: BTreeMap<String, SumRecord>,
}

/// A number of objects and what they have together.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct SumRecord {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
}

impl UsageRecord {
    /// Counts an object.
    pub(crate) fn add(&mut self, storage_class: Option<&str>, bytes: u64) {
        self.total.add(bytes);
        let class = storage_class.unwrap_or(STANDARD);
        // Nearly every object is of a class that is known by then.
        match self.by_storage_class.get_mut(class) {
            Some(sum) => sum.add(bytes),
            None => {
                let sum = self.by_storage_class.entry(class.to_owned()).or_default();
                sum.add(bytes);
            }
        }
    }

    pub(crate) fn total(&self) -> SumRecord {
        self.total
    }

    /// The storage classes by name.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (&str, SumRecord)> {
        self.by_storage_class
            .iter()
            .map(|(class, sum)| (class.as_str(), *sum))
    }
}

impl SumRecord {
    fn add(&mut self, bytes: u64) {
        // Sizes are what a server says, and it may say anything.
        self.objects = self.objects.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}
