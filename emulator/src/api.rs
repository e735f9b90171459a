//! The two calls as requests: their paths, and what is checked before they are done.

use serde_json::Value;

use crate::http::Head;
use crate::journal::Kind;
use crate::response::Response;
use crate::service::{Grant, Refusal, Service};

/// What a path leads to.
pub(crate) enum Route {
    Call(Call),
    Keys,
    Control,
    Unknown,
}

/// One of the calls, in one of its versions.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) version: u8,
}

/// How the calls' paths end. Anything may stand in front.
const CALLS: [(&str, Kind, u8); 4] = [
    ("/identity/resources/auth/v2/api-token", Kind::Authenticate, 2),
    ("/identity/resources/auth/v2/api-token/token/refresh", Kind::Refresh, 2),
    ("/identity/resources/auth/v1/api-token", Kind::Authenticate, 1),
    ("/identity/resources/auth/v1/api-token/token/refresh", Kind::Refresh, 1),
];

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/_emulator/") {
            return Route::Control;
        }
        if let Some(&(_, kind, version)) = CALLS.iter().find(|(end, ..)| path.ends_with(end)) {
            return Route::Call(Call { kind, version });
        }
        if path == "/.well-known/jwks.json" || path.ends_with("/identity/.well-known/jwks.json") {
            return Route::Keys;
        }
        Route::Unknown
    }
}

/// A request as far as the calls care.
pub(crate) struct Request {
    pub(crate) head: Head,
    /// Its body as JSON, if it is.
    pub(crate) json: Option<Value>,
}

impl Request {
    pub(crate) fn new(head: Head, body: &[u8]) -> Self {
        Request { head, json: serde_json::from_slice(body).ok() }
    }

    pub(crate) fn body_fields(&self) -> Vec<String> {
        match &self.json {
            Some(Value::Object(members)) => members.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Members of the body that must be strings.
    fn strings<const N: usize>(&self, names: [&str; N]) -> Result<[&str; N], Response> {
        let found = names.map(|name| self.json.as_ref()?.get(name)?.as_str());
        if found.iter().all(Option::is_some) {
            return Ok(found.map(Option::unwrap_or_default));
        }
        let missing: Vec<String> = names
            .iter()
            .zip(found)
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("{name} must be a string"))
            .collect();
        Err(Response::errors(400, &missing.iter().map(String::as_str).collect::<Vec<_>>()))
    }
}

impl Call {
    /// Does the call, if the request is right.
    pub(crate) fn perform(
        self,
        service: &mut Service,
        request: &Request,
    ) -> Result<Grant, Refusal> {
        check(service, request)?;
        if self.kind == Kind::Authenticate {
            let [client_id, secret] = request.strings(["clientId", "secret"])?;
            return service.authenticate(client_id, secret);
        }
        let [token] = request.strings(["refreshToken"])?;
        // What the service answers to this is not documented. A host that serves many workspaces
        // cannot find the token without knowing whose it is, so: 401, and the token is not
        // consumed.
        let wanted = service.options().vendor_host.as_deref();
        if wanted.is_some_and(|host| request.head.header("frontegg-vendor-host") != Some(host)) {
            return Err(Response::errors(401, &["Vendor host is missing or unknown"]).into());
        }
        service.refresh(token)
    }
}

/// What holds for both calls.
fn check(service: &Service, request: &Request) -> Result<(), Response> {
    let head = &request.head;
    if let Some(wanted) = &service.options().required_header
        && head.header(&wanted.name.to_ascii_lowercase()) != Some(&wanted.value)
    {
        return Err(Response::text(403, "gateway: forbidden\n"));
    }
    if head.method != "POST" {
        let message = format!("{} is not allowed for {}", head.method, head.path);
        return Err(Response::framework_error(405, &message).with("allow", "POST"));
    }
    let content_type = head.header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    if !content_type.eq_ignore_ascii_case("application/json") {
        return Err(Response::framework_error(415, "the content type must be application/json"));
    }
    if request.json.is_none() {
        let body = serde_json::json!({"errors": ["Invalid input json"], "errorCode": "ER-00006"});
        return Err(Response::json(400, &body));
    }
    Ok(())
}
