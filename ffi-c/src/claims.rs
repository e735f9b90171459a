//! The claims of an access token as C reads them: the same for a token set and for a token of
//! a source.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use frontegg_core::{AccessToken, Claims};

use crate::text::for_c;

/// Decoded when first asked for: most callers never do.
#[derive(Default)]
pub(crate) struct Decoded(OnceLock<Option<Facts>>);

/// What a token says of itself.
pub(crate) struct Facts {
    json: CString,
    subject: Option<CString>,
    tenant_id: Option<CString>,
    token_type: Option<CString>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

impl Decoded {
    /// `None` where the token is no readable JWT.
    pub(crate) fn of(&self, token: &AccessToken) -> Option<&Facts> {
        self.0.get_or_init(|| token.claims().map(Facts::from)).as_ref()
    }
}

impl Facts {
    pub(crate) fn json(&self) -> &CStr {
        &self.json
    }

    pub(crate) fn subject(&self) -> Option<&CStr> {
        self.subject.as_deref()
    }

    pub(crate) fn tenant_id(&self) -> Option<&CStr> {
        self.tenant_id.as_deref()
    }

    pub(crate) fn token_type(&self) -> Option<&CStr> {
        self.token_type.as_deref()
    }
}

impl From<Claims> for Facts {
    fn from(claims: Claims) -> Self {
        Self {
            json: for_c(&claims.to_json()),
            subject: claims.subject().map(for_c),
            tenant_id: claims.tenant_id().map(for_c),
            token_type: claims.token_type().map(for_c),
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
        }
    }
}
