//! The ledger of scripted faults: what is to come, what happened, what never did.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    fault::Fault,
    when::{Subject, Times, When},
};

/// The faults of an emulator: a handle that may be cloned and kept.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    scripts: Arc<Mutex<Vec<Script>>>,
}

impl Faults {
    /// Adds a fault to the script.
    ///
    /// Faults are tried in the order in which they were added, and at most one befalls a request. A
    /// fault that would have happened but for an earlier one waits for the next request.
    pub fn script(&self, when: When, fault: Fault) {
        self.lock().push(Script {
            when,
            fault,
            seen: 0,
            happened: 0,
        });
    }

    /// The faults that have not happened as often as they should, in words.
    #[must_use]
    pub fn unconsumed(&self) -> Vec<String> {
        self.lock()
            .iter()
            .filter(|script| !script.is_consumed())
            .map(Script::to_string)
            .collect()
    }

    /// Forgets all faults, consumed or not.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The ledger's verdict.
    ///
    /// # Errors
    ///
    /// [`Unconsumed`], if a fault was scripted and has not happened.
    pub fn check(&self) -> Result<(), Unconsumed> {
        let faults = self.unconsumed();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Unconsumed { faults })
        }
    }

    /// As [`check`](Self::check), for tests.
    ///
    /// # Panics
    ///
    /// If a fault was scripted and has not happened.
    #[track_caller]
    pub fn assert_all_consumed(&self) {
        let verdict = self.check();
        assert!(
            verdict.is_ok(),
            "{}",
            verdict.err().map(|e| e.to_string()).unwrap_or_default()
        );
    }

    /// The fault for this request, which thereby happens.
    pub(crate) fn take(&self, request: &Subject<'_>) -> Option<Fault> {
        let mut taken = None;
        for script in self.lock().iter_mut() {
            if script.is_spent() || !script.when.matches(request) {
                continue;
            }
            let due = script.seen + 1 >= script.when.first();
            if !due {
                script.seen += 1;
            } else if taken.is_none() {
                script.seen += 1;
                script.happened += 1;
                taken = Some(script.fault.clone());
            }
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Script>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Faults that were scripted and never happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scripted faults that never happened: {}", faults.join("; "))]
pub struct Unconsumed {
    faults: Vec<String>,
}

impl Unconsumed {
    /// Each of them in words.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

/// One entry of the ledger.
#[derive(Clone, Debug)]
struct Script {
    when: When,
    fault: Fault,
    /// Requests that met the conditions.
    seen: u64,
    happened: u64,
}

impl Script {
    fn is_consumed(&self) -> bool {
        match self.when.how_often() {
            Times::Limited(times) => self.happened >= times,
            Times::Always => self.happened > 0,
        }
    }

    fn is_spent(&self) -> bool {
        matches!(self.when.how_often(), Times::Limited(times) if self.happened >= times)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            when,
            fault,
            seen,
            happened,
        } = self;
        write!(f, "{fault:?} on {when} (seen {seen}, happened {happened})")
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn request(key: &str) -> Subject<'_> {
        Subject {
            method: &Method::GET,
            bucket: Some("b-1"),
            key,
            query: "",
            range: None,
        }
    }

    #[test]
    fn a_fault_happens_once_and_is_consumed() {
        let faults = Faults::default();
        faults.script(When::get().key("a"), Fault::new().reset());
        assert!(faults.take(&request("b")).is_none());
        assert_eq!(faults.unconsumed().len(), 1);
        assert!(faults.take(&request("a")).is_some());
        assert!(faults.take(&request("a")).is_none());
        faults.assert_all_consumed();
    }

    #[test]
    fn the_nth_request_and_those_after_it() {
        let faults = Faults::default();
        faults.script(When::any().nth(2).times(2), Fault::new().reset());
        let happened: Vec<bool> = (0..5)
            .map(|_| faults.take(&request("a")).is_some())
            .collect();
        assert_eq!(happened, [false, true, true, false, false]);
    }

    #[test]
    fn one_fault_a_request_and_the_next_one_waits() {
        let faults = Faults::default();
        faults.script(When::any(), Fault::new().reset());
        faults.script(When::any(), Fault::new().close());
        assert!(
            faults
                .take(&request("a"))
                .is_some_and(|fault| fault.no_head.is_some())
        );
        assert_eq!(faults.unconsumed().len(), 1);
        assert!(faults.take(&request("a")).is_some());
        assert!(faults.take(&request("a")).is_none());
        faults.assert_all_consumed();
    }

    #[test]
    fn always_is_consumed_by_the_first_and_goes_on() {
        let faults = Faults::default();
        faults.script(When::any().always(), Fault::new().reset());
        assert!(faults.check().is_err());
        assert!((0..3).all(|_| faults.take(&request("a")).is_some()));
        faults.assert_all_consumed();
    }

    #[test]
    #[should_panic(expected = "scripted faults that never happened: {no head Reset} on GET, key")]
    fn a_fault_that_never_happened_is_told() {
        let faults = Faults::default();
        faults.script(When::get().key("a"), Fault::new().reset());
        faults.assert_all_consumed();
    }
}
