//! Strings and bytes across the border.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use frontegg_core::Error;

/// A string of the caller's.
///
/// # Safety
///
/// The pointer is NULL, or that of a NUL-terminated string which outlives `'a`.
pub(crate) unsafe fn read<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Error> {
    if pointer.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: it is not NULL, and the rest is the caller's duty.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Error::invalid_argument(format!("{name} is not UTF-8")))
}

/// Bytes of the caller's.
///
/// # Safety
///
/// The pointer is NULL, or that of `length` bytes which outlive `'a`.
pub(crate) unsafe fn read_bytes<'a>(
    pointer: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a [u8], Error> {
    if pointer.is_null() {
        return Err(is_null(name));
    }
    if isize::try_from(length).is_err() {
        return Err(Error::invalid_argument(format!("{name} has an impossible length")));
    }
    // SAFETY: neither is the pointer NULL nor the length too large for a slice, and the rest
    // is the caller's duty.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
}

pub(crate) fn is_null(name: &str) -> Error {
    Error::invalid_argument(format!("{name} is NULL"))
}

/// A string as C wants it. A NUL inside would cut it short unseen, so it is replaced.
pub(crate) fn for_c(text: &str) -> CString {
    // The allocation holds the terminator from the start: no copy of a token stays behind.
    CString::new(text).unwrap_or_else(|_| {
        CString::new(text.replace('\0', "\u{fffd}")).expect("every NUL was replaced")
    })
}

/// The pointer to hand out; NULL for what is not there.
pub(crate) fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(ptr::null(), CStr::as_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_inside_neither_cuts_nor_panics() {
        assert_eq!(for_c("a\0b").to_str().unwrap(), "a\u{fffd}b");
        assert_eq!(for_c("").as_bytes(), b"");
    }

    #[test]
    fn what_is_no_text_is_an_invalid_argument() {
        // SAFETY: NULL, or NUL-terminated and static.
        let (null, latin) = unsafe { (read(ptr::null(), "x"), read(c"caf\xe9".as_ptr(), "x")) };
        assert_eq!(null.unwrap_err().message(), "x is NULL");
        assert_eq!(latin.unwrap_err().message(), "x is not UTF-8");
        // SAFETY: a length that is refused is not read.
        let endless = unsafe { read_bytes(c"x".as_ptr(), usize::MAX, "x") };
        assert_eq!(endless.unwrap_err().message(), "x has an impossible length");
    }
}
