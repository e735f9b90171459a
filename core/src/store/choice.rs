//! Which store: one that is given, or the name of one.

use std::sync::Arc;

use crate::Error;

use super::TokenStore;

/// What [`TokenSourceBuilder::store`](crate::TokenSourceBuilder::store) takes: a store, a
/// `Result` of one, or its name.
///
/// | name | what |
/// |---|---|
/// | `memory` | none: each source for itself |
pub trait IntoTokenStore {
    /// The store, if there is to be one; or why there is none.
    fn into_token_store(self) -> Result<Option<Arc<dyn TokenStore>>, Error>;
}

impl<T: TokenStore + 'static> IntoTokenStore for T {
    fn into_token_store(self) -> Result<Option<Arc<dyn TokenStore>>, Error> {
        Ok(Some(Arc::new(self)))
    }
}

impl<T: TokenStore + 'static> IntoTokenStore for Result<T, Error> {
    fn into_token_store(self) -> Result<Option<Arc<dyn TokenStore>>, Error> {
        self?.into_token_store()
    }
}

impl IntoTokenStore for &str {
    fn into_token_store(self) -> Result<Option<Arc<dyn TokenStore>>, Error> {
        match self.trim() {
            "memory" => Ok(None),
            _ => Err(Error::invalid_argument("the store is none that this library knows")),
        }
    }
}
