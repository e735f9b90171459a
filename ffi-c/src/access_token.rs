//! `frontegg_access_token`: what a source answers.

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};

use frontegg_core::{AccessToken, Origin};
use zeroize::Zeroizing;

use crate::border::{accessor, free_share};
use crate::claims::{Decoded, Facts};
use crate::text::{for_c, pointer};
use crate::time::since_1970;

/// An access token that a source answered. It never changes, so threads may share it, and it
/// stays readable whatever becomes of its source. It is zeroed when the last that refers to it
/// is freed. Owned by the caller; free it with frontegg_access_token_free.
pub struct frontegg_access_token {
    /// `Bearer `, and then the token: one string serves both uses.
    authorization: Zeroizing<CString>,
    claims: Decoded,
    inner: AccessToken,
}

impl frontegg_access_token {
    pub(crate) fn new(inner: &AccessToken) -> Self {
        let authorization = Zeroizing::new(for_c(inner.authorization()));
        Self { authorization, claims: Decoded::default(), inner: inner.clone() }
    }

    /// Whether it is this very token.
    #[inline]
    pub(crate) fn is(&self, token: &AccessToken) -> bool {
        self.inner.is_same_as(token)
    }

    /// What it was made of.
    #[inline]
    pub(crate) fn inner(&self) -> &AccessToken {
        &self.inner
    }

    fn token(&self) -> Option<&CStr> {
        let scheme = self.inner.authorization().len() - self.inner.as_str().len();
        CStr::from_bytes_with_nul(self.authorization.as_bytes_with_nul().get(scheme..)?).ok()
    }

    fn claims(&self) -> Option<&Facts> {
        self.claims.of(&self.inner)
    }
}

const fn name(origin: Origin) -> Option<&'static CStr> {
    match origin {
        Origin::Authenticate => Some(c"authenticate"),
        Origin::Refresh => Some(c"refresh"),
        Origin::Store => Some(c"store"),
        _ => None,
    }
}

fn text(
    token: Option<&frontegg_access_token>,
    get: impl FnOnce(&frontegg_access_token) -> Option<&CStr>,
) -> *const c_char {
    accessor(ptr::null(), || pointer(token.and_then(get)))
}

fn number(
    token: Option<&frontegg_access_token>,
    get: impl FnOnce(&frontegg_access_token) -> Option<i64>,
) -> i64 {
    accessor(-1, || token.and_then(get).unwrap_or(-1))
}

/// Frees an access token and its strings, and zeroes them unless its source or another call's
/// answer refers to the same. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_access_token_free(token: Option<NonNull<frontegg_access_token>>) {
    // SAFETY: the header's rule on ownership.
    unsafe { free_share(token) };
}

/// The token itself: a JSON Web Token to present to an API. Never NULL but for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_token(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, frontegg_access_token::token)
}

/// The value of an `Authorization` header: `Bearer `, and then the token. Never NULL but for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_authorization(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| Some(&token.authorization))
}

/// When the token expires, in milliseconds since 1970 by this machine's clock as it stood
/// when the token was asked for. -1 if its lifetime is unknown, and then it is good for one
/// use; also -1 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_expires_at_ms(
    token: Option<&frontegg_access_token>,
) -> i64 {
    number(token, |token| since_1970(token.inner.expires_at()?))
}

/// From when on its source renews the token in the background, in milliseconds since 1970 by
/// the same clock. -1 if its lifetime is unknown, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_renewal_due_at_ms(
    token: Option<&frontegg_access_token>,
) -> i64 {
    number(token, |token| since_1970(token.inner.renewal_due_at()?))
}

/// What its source got the token by: `authenticate`, `refresh`, or `store` where a sibling had put
/// it into a shared store. The string is static. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_origin(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| name(token.inner.origin()?))
}

/// All claims of the token as a JSON object, NOT verified: for display and scheduling, never
/// to decide on access. NULL if the token is no readable JWT, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_claims_json(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| token.claims().map(Facts::json))
}

/// The claim `sub`, not verified: the client id of the API token. NULL if there is none, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_subject(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| token.claims()?.subject())
}

/// The claim `tenantId`, not verified: the account that the API token belongs to. NULL if
/// there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_tenant_id(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| token.claims()?.tenant_id())
}

/// The claim `type`, not verified: `tenantApiToken` or `userApiToken`. NULL if there is
/// none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_token_type(
    token: Option<&frontegg_access_token>,
) -> *const c_char {
    text(token, |token| token.claims()?.token_type())
}

/// The claim `iat`, not verified: when the token was issued, in seconds since 1970 by the
/// service's clock. -1 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_issued_at(token: Option<&frontegg_access_token>) -> i64 {
    number(token, |token| token.claims()?.issued_at)
}

/// The claim `exp`, not verified: when the token expires, in seconds since 1970 by the
/// service's clock. -1 if there is none, and for NULL.
/// frontegg_access_token_expires_at_ms is what the source goes by.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_access_token_claimed_expiry(
    token: Option<&frontegg_access_token>,
) -> i64 {
    number(token, |token| token.claims()?.expires_at)
}
