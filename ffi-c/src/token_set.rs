//! `frontegg_token_set`: the answer of an authentication or a refresh.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use frontegg_core::{Claims, TokenSet};
use zeroize::Zeroizing;

use crate::border::{accessor, free};
use crate::text::{for_c, pointer};

/// The answer of one authentication or refresh. It never changes, so threads may share it.
/// Its tokens are zeroed when it is freed. Owned by the caller; free it with
/// frontegg_token_set_free.
pub struct frontegg_token_set {
    access_token: Zeroizing<CString>,
    refresh_token: Option<Zeroizing<CString>>,
    expires: Option<CString>,
    trace_id: Option<CString>,
    /// Decoded when first asked for: most callers never do.
    claims: OnceLock<Option<Facts>>,
    inner: TokenSet,
}

/// The claims as C reads them.
struct Facts {
    json: CString,
    subject: Option<CString>,
    tenant_id: Option<CString>,
    token_type: Option<CString>,
    issued_at: i64,
    expires_at: i64,
}

impl From<TokenSet> for frontegg_token_set {
    fn from(inner: TokenSet) -> Self {
        let secret = |token: &str| Zeroizing::new(for_c(token));
        Self {
            access_token: secret(inner.access_token().as_str()),
            refresh_token: inner.refresh_token().map(|token| secret(token.as_str())),
            expires: inner.expires().map(for_c),
            trace_id: inner.trace_id().map(for_c),
            claims: OnceLock::new(),
            inner,
        }
    }
}

impl From<Claims> for Facts {
    fn from(claims: Claims) -> Self {
        Self {
            json: for_c(&claims.to_json()),
            subject: claims.subject().map(for_c),
            tenant_id: claims.tenant_id().map(for_c),
            token_type: claims.token_type().map(for_c),
            issued_at: claims.issued_at().unwrap_or(-1),
            expires_at: claims.expires_at().unwrap_or(-1),
        }
    }
}

impl frontegg_token_set {
    fn claims(&self) -> Option<&Facts> {
        let decode = || self.inner.access_token().claims().map(Facts::from);
        self.claims.get_or_init(decode).as_ref()
    }
}

/// Whole milliseconds, rounded.
pub(crate) fn milliseconds(span: Duration) -> i64 {
    let rounded = span.saturating_add(Duration::from_micros(500)).as_millis();
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

fn text(
    token_set: Option<&frontegg_token_set>,
    get: impl FnOnce(&frontegg_token_set) -> Option<&CStr>,
) -> *const c_char {
    accessor(ptr::null(), || pointer(token_set.and_then(get)))
}

fn number(
    token_set: Option<&frontegg_token_set>,
    get: impl FnOnce(&frontegg_token_set) -> Option<i64>,
) -> i64 {
    accessor(-1, || token_set.and_then(get).unwrap_or(-1))
}

/// Frees a token set and its strings, and zeroes the tokens. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_free(token_set: Option<Box<frontegg_token_set>>) {
    free(token_set);
}

/// The access token: a JSON Web Token to present to an API. Never NULL but for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_access_token(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| Some(&set.access_token))
}

/// The refresh token, good for one frontegg_client_refresh. NULL if the service gave none,
/// as a workspace without rotation may do on a refresh, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_refresh_token(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.refresh_token.as_ref().map(|token| token.as_c_str()))
}

/// How long the access token lives, in milliseconds from the moment before it was asked for.
/// -1 if nobody said, and then the token is good for one use; also -1 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_lifetime_ms(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| set.inner.lifetime().map(milliseconds))
}

/// The answer's `expires` as the service wrote it, meant to be an RFC 1123 date, and for
/// display only: services were seen to send anything here. NULL if it gave none, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_expires(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.expires.as_deref())
}

/// When the answer had been read, in milliseconds since 1970 by this machine's clock. -1 for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_received_at_ms(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| {
        set.inner.received_at().duration_since(UNIX_EPOCH).ok().map(milliseconds)
    })
}

/// The answer's `frontegg-trace-id`, which Frontegg's support asks for; NULL if it had none,
/// and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_trace_id(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.trace_id.as_deref())
}

/// All claims of the access token as a JSON object, NOT verified: for display and
/// scheduling, never to decide on access. NULL if the token is no readable JWT, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_claims_json(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims().map(|claims| &*claims.json))
}

/// The claim `sub`, not verified: the client id of the API token. NULL if there is none, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_subject(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.subject.as_deref())
}

/// The claim `tenantId`, not verified: the account that the API token belongs to. NULL if
/// there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_tenant_id(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.tenant_id.as_deref())
}

/// The claim `type`, not verified: `tenantApiToken` or `userApiToken`. NULL if there is
/// none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_token_type(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.token_type.as_deref())
}

/// The claim `iat`, not verified: when the access token was issued, in seconds since 1970 by
/// the service's clock. -1 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_issued_at(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| Some(set.claims()?.issued_at))
}

/// The claim `exp`, not verified: when the access token expires, in seconds since 1970 by
/// the service's clock. -1 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_expires_at(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| Some(set.claims()?.expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_and_saturate() {
        assert_eq!(milliseconds(Duration::from_micros(1_499)), 1);
        assert_eq!(milliseconds(Duration::from_micros(1_500)), 2);
        assert_eq!(milliseconds(Duration::MAX), i64::MAX);
    }
}
