//! What identifies an API token to the service.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Error, environment};

/// A string that is zeroed when it is dropped and that no output shows.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the string, so that this copy of it is zeroed in the end.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The string itself. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same without what surrounds a text in a file.
    pub(crate) fn trimmed(self) -> Self {
        let text = environment::trimmed(&self.0);
        if text.len() == self.0.len() { self } else { Self::new(text) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

/// The client id and secret of one API token.
#[derive(Clone)]
pub struct Credentials {
    client_id: Secret,
    secret: Secret,
}

impl Credentials {
    /// Takes any two strings with something in them; both are UUIDs wherever they were seen.
    ///
    /// White space at either end, such as the newline of the file that a secret was read from,
    /// and a byte order mark are not part of them.
    pub fn new(client_id: impl Into<Secret>, secret: impl Into<Secret>) -> Result<Self, Error> {
        let credentials =
            Self { client_id: client_id.into().trimmed(), secret: secret.into().trimmed() };
        for (name, value) in
            [("client id", &credentials.client_id), ("secret", &credentials.secret)]
        {
            if value.expose().is_empty() {
                return Err(Error::invalid_argument(format!("the {name} is empty")));
            }
        }
        Ok(credentials)
    }

    /// Those in the environment: `FRONTEGG_CLIENT_ID` and `FRONTEGG_SECRET`.
    ///
    /// Fails with `invalid_argument` where one of them is missing or empty, and in a privileged
    /// process (set-user-id, set-group-id or file capabilities), which does not read the
    /// environment.
    pub fn from_env() -> Result<Self, Error> {
        environment::allowed()?;
        let read = |name: &str| {
            environment::text(name)?
                .ok_or_else(|| Error::invalid_argument(format!("{name} is not set")))
        };
        Self::new(read("FRONTEGG_CLIENT_ID")?, read("FRONTEGG_SECRET")?)
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        self.client_id.expose()
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn output_shows_neither_part() {
        let credentials = Credentials::new("planted-id", "planted-secret").unwrap();
        let shown = format!("{credentials:?} {:?}", credentials.secret());
        assert!(!shown.contains("planted"), "{shown}");
    }

    #[test]
    fn empty_parts_are_refused() {
        for (client_id, secret) in [("", "s"), ("c", " "), ("\r\n", "s"), ("c", "\u{feff}\n")] {
            let error = Credentials::new(client_id, secret).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn what_a_file_puts_around_them_is_no_part_of_them() {
        let credentials = Credentials::new(" the-id\t", "\u{feff}the secret\r\n").unwrap();
        assert_eq!(credentials.client_id(), "the-id");
        assert_eq!(credentials.secret().expose(), "the secret");
    }
}
