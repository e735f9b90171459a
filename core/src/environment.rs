//! The environment variables that this library reads: each of them through here.
//!
//! A process that runs with more rights than its caller has, such as a set-user-id program, takes
//! nothing from the environment: it is the caller's, who could name a proxy, certificate
//! authorities or a service of their own, and be sent the secret. The rule is that of
//! `secure_getenv`.

use std::ffi::OsString;

use zeroize::Zeroizing;

use crate::Error;

/// What a variable is set to, as it stands. `None` where it is not set, and in a privileged
/// process.
pub(crate) fn raw(name: &str) -> Option<OsString> {
    if is_privileged() { None } else { std::env::var_os(name) }
}

/// The text of a variable without the white space around it. `None` where it is not set or
/// empty, and in a privileged process.
///
/// Bytes that are not UTF-8 become U+FFFD, so that the value is refused where it is parsed,
/// instead of passing for a variable that is not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = Zeroizing::new(raw(name)?.into_encoded_bytes());
    let text = trimmed(&String::from_utf8_lossy(&value)).to_owned();
    (!text.is_empty()).then_some(text)
}

/// The same for a value that any text could be: one that is not UTF-8 is an error.
pub(crate) fn text(name: &str) -> Result<Option<String>, Error> {
    checked(name, variable(name))
}

fn checked(name: &str, value: Option<String>) -> Result<Option<String>, Error> {
    match value {
        Some(text) if text.contains(char::REPLACEMENT_CHARACTER) => {
            Err(Error::invalid_argument(format!("{name} is not valid UTF-8")))
        }
        value => Ok(value),
    }
}

/// Refuses to read settings from the environment in a privileged process.
pub(crate) fn allowed() -> Result<(), Error> {
    if is_privileged() {
        return Err(Error::invalid_argument(
            "the environment is not read in a privileged process (set-user-id, set-group-id or \
             file capabilities): it belongs to whoever started it",
        ));
    }
    Ok(())
}

/// Whether this process runs with more rights than whoever started it: a set-user-id or
/// set-group-id program, or one with file capabilities.
pub(crate) fn is_privileged() -> bool {
    has_other_ids() || is_secure_by_the_kernel()
}

#[cfg(unix)]
fn has_other_ids() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

#[cfg(not(unix))]
fn has_other_ids() -> bool {
    false
}

/// What the kernel says, who knows of capabilities and security modules too.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
fn is_secure_by_the_kernel() -> bool {
    // SAFETY: it reads a value that the process was started with, and takes no pointer.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    secure != 0
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_secure_by_the_kernel() -> bool {
    false
}

/// A text without what a file or a shell puts around it: white space, and the byte order mark
/// that editors of Windows begin a file with.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_text_is_no_part_of_it() {
        for text in ["x y", "x y\n", "\r\n x y\t\r\n", "\u{feff}x y\r\n", "\n\u{feff} x y\u{a0}"] {
            assert_eq!(trimmed(text), "x y");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_an_error_that_names_the_variable() {
        let error = checked("X", Some("a\u{fffd}b".into())).unwrap_err();
        assert_eq!(error.message(), "X is not valid UTF-8");
        assert_eq!(checked("X", None).unwrap(), None);
    }

    #[test]
    fn tests_run_with_the_rights_of_their_caller() {
        assert!(!is_privileged());
        assert!(allowed().is_ok());
        assert!(raw("PATH").is_some());
    }
}
