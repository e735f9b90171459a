//! The claims of an access token, read without verifying its signature.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use serde_json::{Map, Value};

/// What an access token says of itself, **unverified**: this library holds no keys and
/// checks no signature. The API that the token is presented to does.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Reads the payload of a JWT; `None` where it is not one.
    pub(crate) fn decode(token: &str) -> Option<Self> {
        match serde_json::from_slice(&payload(token)?).ok()? {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// `sub`: the client id of the API token.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// `tenantId`: the account that the API token belongs to.
    pub fn tenant_id(&self) -> Option<&str> {
        self.text("tenantId")
    }

    /// `type`: `tenantApiToken` or `userApiToken`.
    pub fn token_type(&self) -> Option<&str> {
        self.text("type")
    }

    /// `iat`: when the token was issued, in seconds since 1970 by the service's clock.
    pub fn issued_at(&self) -> Option<i64> {
        self.seconds("iat")
    }

    /// `exp`: when the token expires, in seconds since 1970 by the service's clock.
    pub fn expires_at(&self) -> Option<i64> {
        self.seconds("exp")
    }

    /// Any claim by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All claims, as the JSON object that the token carries.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("a map of JSON values is JSON")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        // JWT dates are numbers, and a fraction is legal.
        #[allow(clippy::cast_possible_truncation)]
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }
}

/// The dates of a token, in seconds since 1970 by the service's clock. Reading them skips the
/// rest, however long the token is.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Dates {
    iat: Value,
    exp: Value,
}

impl Dates {
    /// None of them where the token is not a JWT.
    pub(crate) fn of(token: &str) -> Self {
        let payload = payload(token);
        // A list would be read as these two in their order.
        let payload = payload.filter(|payload| payload.trim_ascii_start().starts_with(b"{"));
        payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
    }

    /// `exp - iat` where both are there and the difference is positive.
    pub(crate) fn span(&self) -> Option<Duration> {
        positive(self.exp.as_f64()? - self.iat.as_f64()?)
    }

    /// From a moment to `exp`, where that comes later.
    pub(crate) fn left(&self, at: SystemTime) -> Option<Duration> {
        positive(self.exp.as_f64()? - seconds_since_1970(at))
    }

    /// Whether there is an `exp` that a moment has come to already.
    pub(crate) fn has_expired(&self, at: SystemTime) -> bool {
        self.exp.as_f64().is_some_and(|exp| exp <= seconds_since_1970(at))
    }
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero())
}

fn seconds_since_1970(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn payload(token: &str) -> Option<Vec<u8>> {
    /// URL-safe as the standard says; padding is tolerated since some issuers add it.
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    BASE64.decode(payload).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose;

    use super::*;

    fn jwt(payload: &str) -> String {
        let encode = |text: &str| general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(payload))
    }

    #[test]
    fn named_claims_and_any_other_are_read() {
        let token = jwt(
            r#"{"sub":"c1","tenantId":"t1","type":"tenantApiToken","iat":100,"exp":160.5,"roles":["a"]}"#,
        );
        let claims = Claims::decode(&token).unwrap();
        assert_eq!(claims.subject(), Some("c1"));
        assert_eq!(claims.tenant_id(), Some("t1"));
        assert_eq!(claims.token_type(), Some("tenantApiToken"));
        assert_eq!(claims.issued_at(), Some(100));
        assert_eq!(claims.expires_at(), Some(160));
        assert_eq!(claims.get("roles").unwrap()[0], "a");
        assert_eq!(claims.get("absent"), None);
        let dates = Dates::of(&token);
        assert_eq!(dates.span(), Some(Duration::from_millis(60_500)));
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(dates.left(at(150)), Some(Duration::from_millis(10_500)));
        assert_eq!((dates.left(at(161)), dates.has_expired(at(161))), (None, true));
        assert!(!dates.has_expired(at(160)));
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for token in ["", "opaque", "a.b", "a.!!.c", "a.e30.c.d", "a.W10.c"] {
            assert_eq!(Claims::decode(token), None, "{token}");
        }
    }

    #[test]
    fn a_lifetime_that_makes_no_sense_is_none() {
        for payload in [
            "{}",
            r#"{"iat":1}"#,
            r#"{"iat":5,"exp":5}"#,
            r#"{"iat":9,"exp":5}"#,
            r#"{"iat":"x","exp":5}"#,
            r#"{"iat":0,"exp":1e300}"#,
            "[1, 2]",
            "null",
        ] {
            assert_eq!(Dates::of(&jwt(payload)).span(), None, "{payload}");
        }
    }
}
