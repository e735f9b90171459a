//! What identifies an API token to the service.

use std::fmt;

use zeroize::Zeroizing;

use crate::Error;

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
    /// Both are UUIDs wherever they were seen, but any non-empty strings are taken.
    pub fn new(client_id: impl Into<Secret>, secret: impl Into<Secret>) -> Result<Self, Error> {
        let credentials = Self { client_id: client_id.into(), secret: secret.into() };
        for (name, value) in
            [("client id", &credentials.client_id), ("secret", &credentials.secret)]
        {
            if value.expose().trim().is_empty() {
                return Err(Error::invalid_argument(format!("the {name} is empty")));
            }
        }
        Ok(credentials)
    }

    /// Those in the environment: `FRONTEGG_CLIENT_ID` and `FRONTEGG_SECRET`.
    pub fn from_env() -> Result<Self, Error> {
        let read = |name: &str| {
            std::env::var(name).map_err(|_| Error::invalid_argument(format!("{name} is not set")))
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
        assert_eq!(Credentials::new("", "s").unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(Credentials::new("c", " ").unwrap_err().code(), Code::InvalidArgument);
    }
}
