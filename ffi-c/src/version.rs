//! Which library this is.

use std::ffi::{CStr, c_char};

/// The version of the binary interface that this header describes. Compare it with
/// frontegg_abi_version() where the library is loaded at run time.
pub const FRONTEGG_ABI_VERSION: u32 = 0;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version holds no NUL"),
    };

/// The version of the library that is linked, such as `1.2.3`. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the binary interface of the library that is linked. It rises with every
/// change that breaks programs which are linked already, and the shared library's name with
/// it.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_abi_version() -> u32 {
    FRONTEGG_ABI_VERSION
}
