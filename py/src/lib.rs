//! The native half of the Python package `frontegg_token`: private, and as thin as it can be.
//!
//! What users see is written in Python, beside this crate. Every entry point turns a panic into
//! an exception, and every call that can block releases the interpreter.

mod access_token;
mod client;
mod error;
mod held;
mod hot;
mod mailbox;
mod observer;
mod own_store;
mod settings;
mod shown;
mod source;
mod store;
#[cfg(frontegg_testing)]
mod testing;
mod text;
mod token_set;
mod turnstile;

/// The module `frontegg_token._native`.
///
/// It keeps no state that threads share without a lock, hence free threading is declared.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::access_token::AccessToken;
    #[pymodule_export]
    use crate::client::Client;
    #[pymodule_export]
    use crate::error::codes;
    #[pymodule_export]
    use crate::mailbox::{Mailbox, forget_wakes, stop_wakes};
    #[pymodule_export]
    use crate::source::{TokenSource, seconds};
    #[pymodule_export]
    use crate::store::Store;
    #[cfg(frontegg_testing)]
    #[pymodule_export]
    use crate::testing::{testing_advance_clock, testing_step_wall_clock};
    #[pymodule_export]
    use crate::token_set::TokenSet;
    #[pymodule_export]
    const VERSION: &str = frontegg_token::VERSION;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        frontegg_token::guard::silence();
        crate::hot::install(module.py())
    }
}
