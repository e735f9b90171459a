//! The stores that a source can share its tokens through.

use std::path::PathBuf;
use std::sync::Arc;

use frontegg_token::{
    Error, FileStore, IntoTokenStore, MemoryStore, RedisStore, RedisStoreBuilder, TokenStore,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::guarded;
use crate::own_store::OwnStore;
use crate::settings::{Authorities, Given};
use crate::text::Text;

/// What `frontegg_token.FileStore` and its siblings stand on.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct Store(Arc<dyn TokenStore>);

#[pymethods]
impl Store {
    #[staticmethod]
    fn memory() -> Self {
        Self(Arc::new(MemoryStore::new()))
    }

    #[staticmethod]
    fn file(py: Python<'_>, directory: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let named = |value| Given { name: "directory", value }.read::<PathBuf>();
        let directory = directory.map(named).transpose()?;
        let store = guarded(py, || {
            directory.map_or_else(|| Ok(FileStore::new()), FileStore::in_directory)
        })?;
        Ok(Self(Arc::new(store)))
    }

    #[staticmethod]
    fn redis(py: Python<'_>, url: Text, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let builder = redis(RedisStore::builder(url.0), settings)?;
        Ok(Self(Arc::new(guarded(py, || builder.build())?)))
    }
}

fn redis(
    mut builder: RedisStoreBuilder,
    settings: &Bound<'_, PyDict>,
) -> PyResult<RedisStoreBuilder> {
    let mut authorities = Authorities::default();
    for (name, value) in settings {
        let name = name.extract::<Text>()?.0;
        let given = Given { name: &name, value };
        if given.value.is_none() {
            continue;
        }
        builder = match given.name {
            "timeout" => builder.timeout(given.seconds()?),
            "key_prefix" => builder.key_prefix(given.text()?),
            "client_certificate" => {
                let (chain, key) = given.pair()?;
                builder.client_certificate(&chain.bytes()?, &key.bytes()?)
            }
            _ => match authorities.read(&given)? {
                Some(roots) => builder.roots(roots),
                None => return Err(given.unexpected()),
            },
        };
    }
    Ok(builder)
}

/// The setting `store` of a source.
pub(crate) enum Chosen {
    Named(String),
    Ours(Arc<dyn TokenStore>),
    Own(Arc<OwnStore>),
}

impl Chosen {
    pub(crate) fn read(given: &Given<'_, '_>) -> PyResult<Self> {
        if given.value.is_instance_of::<PyString>() {
            return given.text().map(Self::Named);
        }
        let native = given.value.getattr("_native").ok();
        match native.as_ref().and_then(|native| native.cast::<Store>().ok()) {
            Some(store) => Ok(Self::Ours(store.get().0.clone())),
            None => OwnStore::read(given).map(|store| Self::Own(Arc::new(store))),
        }
    }
}

impl IntoTokenStore for &Chosen {
    fn into_token_store(self) -> Result<Option<Arc<dyn TokenStore>>, Error> {
        match self {
            Chosen::Named(name) => name.as_str().into_token_store(),
            Chosen::Ours(store) => Ok(Some(store.clone())),
            Chosen::Own(store) => Ok(Some(store.clone())),
        }
    }
}
