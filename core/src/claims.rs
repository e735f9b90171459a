//! The claims of an access token, read without verifying its signature.

use std::time::Duration;

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

/// `exp - iat` where both are there and the difference is positive.
pub(crate) fn lifetime(token: &str) -> Option<Duration> {
    /// Reads two numbers and skips the rest, however long the token is.
    #[derive(serde::Deserialize)]
    struct Dates {
        iat: Option<f64>,
        exp: Option<f64>,
    }
    let dates: Dates = serde_json::from_slice(&payload(token)?).ok()?;
    Duration::try_from_secs_f64(dates.exp? - dates.iat?).ok().filter(|span| !span.is_zero())
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
        assert_eq!(lifetime(&token), Some(Duration::from_millis(60_500)));
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
        ] {
            assert_eq!(lifetime(&jwt(payload)), None, "{payload}");
        }
    }
}
