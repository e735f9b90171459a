//! `frontegg_token_set`: the answer of an authentication or a refresh.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use frontegg_core::TokenSet;
use zeroize::Zeroizing;

use crate::border::{accessor, free};
use crate::claims::{Decoded, Facts};
use crate::text::{for_c, pointer};
use crate::time::{milliseconds, since_1970};

/// The answer of one authentication or refresh. It never changes, so threads may share it.
/// Its tokens are zeroed when it is freed. Owned by the caller; free it with
/// frontegg_token_set_free.
pub struct frontegg_token_set {
    access_token: Zeroizing<CString>,
    refresh_token: Option<Zeroizing<CString>>,
    expires: Option<CString>,
    trace_id: Option<CString>,
    claims: Decoded,
    inner: TokenSet,
}

impl From<TokenSet> for frontegg_token_set {
    fn from(inner: TokenSet) -> Self {
        let secret = |token: &str| Zeroizing::new(for_c(token));
        Self {
            access_token: secret(inner.access_token().as_str()),
            refresh_token: inner.refresh_token().map(|token| secret(token.as_str())),
            expires: inner.expires().map(for_c),
            trace_id: inner.trace_id().map(for_c),
            claims: Decoded::default(),
            inner,
        }
    }
}

impl frontegg_token_set {
    fn claims(&self) -> Option<&Facts> {
        self.claims.of(self.inner.access_token())
    }
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
    number(token_set, |set| since_1970(set.inner.received_at()))
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
    text(token_set, |set| set.claims().map(Facts::json))
}

/// The claim `sub`, not verified: the client id of the API token. NULL if there is none, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_subject(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.subject())
}

/// The claim `tenantId`, not verified: the account that the API token belongs to. NULL if
/// there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_tenant_id(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.tenant_id())
}

/// The claim `type`, not verified: `tenantApiToken` or `userApiToken`. NULL if there is
/// none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_token_type(
    token_set: Option<&frontegg_token_set>,
) -> *const c_char {
    text(token_set, |set| set.claims()?.token_type())
}

/// The claim `iat`, not verified: when the access token was issued, in seconds since 1970 by
/// the service's clock. -1 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_issued_at(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| set.claims()?.issued_at)
}

/// The claim `exp`, not verified: when the access token expires, in seconds since 1970 by
/// the service's clock. -1 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_set_expires_at(token_set: Option<&frontegg_token_set>) -> i64 {
    number(token_set, |set| set.claims()?.expires_at)
}
