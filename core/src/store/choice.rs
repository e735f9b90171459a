//! Which store: one that is given, or the name of one.

use std::sync::Arc;

use crate::Error;

use super::{FileStore, TokenStore};

/// What [`TokenSourceBuilder::store`](crate::TokenSourceBuilder::store) takes: a store, a
/// `Result` of one, or its name.
///
/// | name | what |
/// |---|---|
/// | `memory` | none: each source for itself |
/// | `file` | a [`FileStore`] in the user's cache |
/// | `file:` and a path | a [`FileStore`] in that directory |
/// | a URL: `redis:`, `rediss:`, `valkey:`, `valkeys:`, `unix:` | a `RedisStore` at that server |
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
        match self.split_once(':').unwrap_or((self, "")) {
            ("memory", "") => Ok(None),
            ("file", "") => FileStore::new().into_token_store(),
            ("file", path) => FileStore::in_directory(path).into_token_store(),
            (scheme, _) if is_of_a_server(scheme) => at_a_server(self),
            // It is not quoted: a URL may have a password in it.
            _ => Err(Error::invalid_argument(
                "the store is none of memory, file, file: with a path, and a URL of Redis or Valkey",
            )),
        }
    }
}

/// Whether a URL's scheme is one that a store in Redis reads, or knows well enough to say why it
/// does not.
fn is_of_a_server(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    scheme == "unix" || scheme.starts_with("redis") || scheme.starts_with("valkey")
}

#[cfg(feature = "redis")]
fn at_a_server(url: &str) -> Result<Option<Arc<dyn TokenStore>>, Error> {
    super::RedisStore::new(url).into_token_store()
}

#[cfg(not(feature = "redis"))]
fn at_a_server(_: &str) -> Result<Option<Arc<dyn TokenStore>>, Error> {
    Err(Error::invalid_argument("this library was built without its store in Redis"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn a_store_is_known_by_its_name() {
        assert!("memory".into_token_store().unwrap().is_none());
        let folder = tempfile::TempDir::new().unwrap();
        let named = format!("file:{}", folder.path().join("store").display());
        assert!(named.as_str().into_token_store().unwrap().is_some());
        for name in ["", "filed", "memory:x", "ftp://user:planted@host"] {
            let error = name.into_token_store().err().unwrap();
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(!error.message().contains("planted"));
        }
    }
}
