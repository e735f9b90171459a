//! A store that is written in Python.

use std::time::Duration;

use frontegg_token::{Change, Error, Lease, Loaded, MemoryStore, StoreIdentity, TokenStore};
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBoolMethods, PyBytes};

use crate::held::Held;
use crate::mailbox;
use crate::settings::Given;

const OPERATIONS: [&str; 4] = ["load", "save", "lease", "release"];

/// Calls its methods in the thread of an operation. Nothing ends one that takes its time, since
/// nothing can; the core does not wait for it.
pub(crate) struct OwnStore {
    pub(crate) object: Held,
    /// Where the object is, as long as it is held.
    address: usize,
    timeout: Option<Duration>,
}

impl OwnStore {
    pub(crate) fn read(given: &Given<'_, '_>) -> PyResult<Self> {
        let object = &given.value;
        for operation in OPERATIONS {
            if !object.getattr(operation).is_ok_and(|method| method.is_callable()) {
                return Err(given.mistyped("str or a store"));
            }
        }
        let timeout = object.getattr_opt("timeout")?.filter(|timeout| !timeout.is_none());
        let timeout = timeout.map(|value| Given { name: "store.timeout", value }.seconds());
        Ok(Self {
            timeout: timeout.transpose()?,
            object: Held::new(object.py(), object.clone().unbind())?,
            address: object.as_ptr().addr(),
        })
    }

    fn call<A, T>(
        &self,
        operation: &str,
        arguments: impl FnOnce(Python<'_>) -> A,
        read: impl FnOnce(&Bound<'_, PyAny>) -> Option<T>,
    ) -> Result<T, Error>
    where
        A: for<'py> PyCallArgs<'py>,
    {
        let mut outcome = Err(Error::store("the store's interpreter is ending"));
        mailbox::call_out(|py| {
            let Some(object) = self.object.get(py) else {
                outcome = Err(Error::store("the store is gone"));
                return;
            };
            let answer = object.call_method1(operation, arguments(py));
            outcome = match &answer {
                Ok(answer) => read(answer).ok_or_else(|| {
                    let kind = name_of(answer);
                    Error::store(format!("{operation} of the store answered nonsense: {kind}"))
                }),
                // Its text may hold a secret, such as a URL with a password.
                Err(raised) => {
                    let kind = name_of(raised.value(py));
                    Err(Error::store(format!("{operation} of the store raised {kind}")))
                }
            };
        });
        outcome
    }
}

impl TokenStore for OwnStore {
    fn load(&self, name: &str, _: Duration) -> Result<Option<Loaded>, Error> {
        self.call(
            "load",
            |_| (name.to_owned(),),
            |answer| {
                if answer.is_none() { Some(None) } else { loaded(answer).map(Some) }
            },
        )
    }

    fn save(&self, name: &str, change: &Change<'_>, _: Duration) -> Result<bool, Error> {
        let arguments = |py: Python<'_>| {
            let entry = |entry| PyBytes::new(py, entry).unbind();
            let (replaces, keep) = (change.replaces.map(entry), change.keep.as_secs_f64());
            (name.to_owned(), entry(change.entry), replaces, keep)
        };
        self.call("save", arguments, truth)
    }

    fn lease(&self, name: &str, owner: &str, span: Duration, _: Duration) -> Result<Lease, Error> {
        let arguments = |_: Python<'_>| (name.to_owned(), owner.to_owned(), span.as_secs_f64());
        let acquired = self.call("lease", arguments, truth)?;
        Ok(if acquired { Lease::Acquired } else { Lease::Held })
    }

    fn release(&self, name: &str, owner: &str, _: Duration) -> Result<(), Error> {
        self.call("release", |_| (name.to_owned(), owner.to_owned()), |_| Some(()))
    }

    fn timeout(&self) -> Duration {
        // What is not said is what stores have that do not say it either.
        self.timeout.unwrap_or_else(|| MemoryStore::new().timeout())
    }

    /// Sources of one object share it, though each has a store of Rust's for it.
    fn identity(&self) -> StoreIdentity {
        StoreIdentity::Address(self.address)
    }
}

/// An entry, or one with the seconds that it has left.
fn loaded(answer: &Bound<'_, PyAny>) -> Option<Loaded> {
    let (entry, left) = match answer.extract::<(Bound<'_, PyAny>, f64)>() {
        Ok((entry, left)) => (entry, Some(Duration::try_from_secs_f64(left).ok()?)),
        Err(_) => (answer.clone(), None),
    };
    let entry = entry.cast::<PyBytes>().ok()?.as_bytes().to_vec();
    Some(Loaded::new(entry, left))
}

fn truth(answer: &Bound<'_, PyAny>) -> Option<bool> {
    answer.cast::<PyBool>().ok().map(PyBoolMethods::is_true)
}

fn name_of(object: &Bound<'_, PyAny>) -> String {
    let name = object.get_type().name();
    name.map_or_else(|_| "something".to_owned(), |name| name.to_string_lossy().into_owned())
}
