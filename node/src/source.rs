//! A token source. It answers at once, and through the bridge where there is something to
//! wait for.

use std::time::Duration;

use frontegg_token::{
    AccessToken, Credentials, Error, Origin, Secret, TokenRequest, TokenSource, TokenSourceBuilder,
};
use napi::Either;
use napi_derive::napi;

use crate::bridge::{Bridge, Exit};
use crate::client::NativeClient;
use crate::facts::{Facts, Text, count, since_epoch};
use crate::settings::span;
use crate::store::NativeStore;
use crate::{Thrown, guarded};

/// What the user gave and nothing else, as for a client.
#[napi(object, object_to_js = false)]
pub struct SourceSettings {
    /// Without it and the secret, the credentials are those of the environment.
    pub client_id: Option<String>,
    pub secret: Option<String>,
    /// Two parts of a lifetime.
    pub renewal_window: Option<Vec<f64>>,
    pub policy: Option<String>,
    pub deadline: Option<f64>,
    /// The name of a store, unless there is an object.
    pub store: Option<String>,
}

/// A valid token.
#[napi(object, object_from_js = false)]
pub struct CurrentToken {
    #[napi(ts_type = "string")]
    pub token: Text,
    /// For how many milliseconds it can be handed out without asking again, unless an event
    /// comes; zero for a token that is to be handed out once.
    pub serve_for: f64,
}

/// What is known of the current token. Times are in milliseconds since 1970.
#[napi(object, object_from_js = false)]
pub struct TokenFacts {
    #[napi(ts_type = "string")]
    pub token: Text,
    pub expires_at: Option<f64>,
    pub renewal_due_at: Option<f64>,
    pub origin: Option<&'static str>,
}

/// What was done so far.
#[napi(object, object_from_js = false)]
pub struct SourceStats {
    pub authentications: f64,
    pub refreshes: f64,
    pub fallbacks: f64,
    pub failures: f64,
    pub waits: f64,
    pub store_hits: f64,
    pub store_failures: f64,
    pub store_error: Option<Facts>,
    pub authenticating_only: bool,
}

/// A token source of the core.
#[napi]
pub struct NativeTokenSource {
    source: TokenSource,
    exit: Exit,
}

#[napi]
impl NativeTokenSource {
    /// Checks the settings; contacts nobody. Its events are told under this id.
    #[napi(constructor)]
    pub fn new(
        bridge: &Bridge,
        client: &NativeClient,
        id: u32,
        settings: SourceSettings,
        store: Option<&NativeStore>,
    ) -> Result<Self, Thrown> {
        guarded(|| {
            let client = client.client.clone();
            let mut builder = match (settings.client_id, settings.secret) {
                (Some(client_id), Some(secret)) => {
                    TokenSource::builder(client, Credentials::new(client_id, secret)?)
                }
                _ => TokenSourceBuilder::from_env_with(client),
            };
            if let Some(name) = settings.store {
                builder = builder.store(name.as_str());
            }
            if let Some(store) = store {
                builder = builder.store(store.store.clone());
            }
            if let Some([from, to]) = settings.renewal_window.as_deref() {
                builder = builder.renewal_window(*from..=*to);
            }
            if let Some(policy) = settings.policy {
                builder = builder.policy(policy.parse()?);
            }
            if let Some(deadline) = span("deadline", settings.deadline)? {
                builder = builder.deadline(deadline);
            }
            let exit = bridge.exit();
            let source = builder.observer(move |event| exit.tell(id, event)).build()?;
            Ok(Self { source, exit: bridge.exit() })
        })
    }

    /// A valid token, or why there is none; or `null`, and then `settle` is called under this
    /// id when the renewal ends.
    #[napi]
    pub fn token(
        &self,
        id: u32,
        min_validity: Option<f64>,
    ) -> Result<Option<Either<CurrentToken, Facts>>, Thrown> {
        guarded(|| {
            let exit = self.exit.clone();
            let later = move |outcome| exit.deliver(id, outcome);
            let now = self.source.token_or_later(&request(min_validity)?, later);
            Ok(now.map(|outcome| self.answer(outcome)))
        })
    }

    /// What a call gets that has waited for as long as it wants to.
    #[napi]
    pub fn give_up(
        &self,
        min_validity: Option<f64>,
    ) -> Result<Either<CurrentToken, Facts>, Thrown> {
        guarded(|| Ok(self.answer(self.source.give_up(&request(min_validity)?))))
    }

    /// The current token, if it is valid.
    #[napi]
    pub fn peek(&self) -> Result<Option<CurrentToken>, Thrown> {
        guarded(|| Ok(self.source.peek().map(|token| self.current(token))))
    }

    /// What is known of it.
    #[napi]
    pub fn info(&self) -> Result<Option<TokenFacts>, Thrown> {
        guarded(|| {
            Ok(self.source.peek().map(|token| TokenFacts {
                expires_at: token.expires_at().map(since_epoch),
                renewal_due_at: token.renewal_due_at().map(since_epoch),
                origin: token.origin().map(Origin::as_str),
                token: Text(token),
            }))
        })
    }

    /// Drops this token, if it is the current one; tells whether it was.
    #[napi]
    pub fn invalidate(&self, token: String) -> Result<bool, Thrown> {
        guarded(|| Ok(self.source.invalidate_str(Secret::new(token).expose())))
    }

    /// Goes on with other credentials.
    #[napi]
    pub fn set_credentials(&self, client_id: String, secret: String) -> Result<(), Thrown> {
        guarded(|| {
            self.source.set_credentials(Credentials::new(client_id, secret)?);
            Ok(())
        })
    }

    /// What was done so far.
    #[napi]
    pub fn stats(&self) -> Result<SourceStats, Thrown> {
        guarded(|| {
            let stats = self.source.stats();
            Ok(SourceStats {
                authentications: count(stats.authentications),
                refreshes: count(stats.refreshes),
                fallbacks: count(stats.fallbacks),
                failures: count(stats.failures),
                waits: count(stats.waits),
                store_hits: count(stats.store_hits),
                store_failures: count(stats.store_failures),
                store_error: stats.store_error.as_ref().map(Facts::from),
                authenticating_only: stats.authenticating_only,
            })
        })
    }

    /// Ends it, and the renewal under way, without waiting for that.
    #[napi]
    pub fn close(&self) -> Result<(), Thrown> {
        guarded(|| {
            self.source.close_soon();
            Ok(())
        })
    }

    fn answer(&self, outcome: Result<AccessToken, Error>) -> Either<CurrentToken, Facts> {
        match outcome {
            Ok(token) => Either::A(self.current(token)),
            Err(error) => Either::B(Facts::from(&error)),
        }
    }

    fn current(&self, token: AccessToken) -> CurrentToken {
        let fresh = self.source.fresh_for().filter(|(fresh, _)| fresh.is_same_as(&token));
        CurrentToken {
            token: Text(token),
            // Rounded down: it must not be served for longer.
            serve_for: fresh.map_or(0.0, |(_, span)| (span.as_secs_f64() * 1000.0).floor()),
        }
    }
}

fn request(min_validity: Option<f64>) -> Result<TokenRequest, Error> {
    let min_validity = span("minValidity", min_validity)?.unwrap_or(Duration::ZERO);
    Ok(TokenRequest::new().min_validity(min_validity))
}
