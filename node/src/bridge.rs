//! The way back into JavaScript.

use std::sync::Arc;

use frontegg_token::{Error, RefreshToken, TokenSet, guard};
use napi::bindgen_prelude::{FnArgs, JsValuesTupleIntoVec};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use napi_derive::napi;

use crate::facts::{Facts, millis, since_epoch};
use crate::{Thrown, guarded};

/// A function of JavaScript that any thread may have called. `true`: it is weak, that is, by
/// itself it does not keep the event loop alive.
type Callback = ThreadsafeFunction<Settled, (), Settled, Status, false, true>;

/// Carries the outcomes of calls to one JavaScript function: one bridge per environment (the
/// main thread, or a worker), for all its clients.
#[napi]
pub struct Bridge {
    callback: Arc<Callback>,
}

#[napi]
impl Bridge {
    /// `settle` is called once for each call that was not cancelled.
    #[napi(constructor)]
    pub fn new(
        #[napi(
            ts_arg_type = "(id: number, outcome: string | Facts, refreshToken?: string | null, lifetime?: number | null, expires?: string | null, traceId?: string | null, receivedAt?: number) => void"
        )]
        settle: Arc<Callback>,
    ) -> Self {
        Self { callback: settle }
    }

    /// Keeps the event loop alive from now on: a call is under way.
    #[napi(js_name = "ref")]
    pub fn hold(&self, env: Env) -> Result<(), Thrown> {
        guarded(|| {
            // SAFETY: this is the environment's own thread, running JavaScript, so that the
            // function, which lives as long as its environment, is there.
            #[allow(unsafe_code)]
            let status =
                unsafe { sys::napi_ref_threadsafe_function(env.raw(), self.callback.raw()) };
            debug_assert_eq!(status, sys::Status::napi_ok);
            Ok(())
        })
    }

    /// No longer keeps the event loop alive: no call is under way.
    #[napi(js_name = "unref")]
    pub fn release(&self, env: Env) -> Result<(), Thrown> {
        guarded(|| {
            // SAFETY: as above.
            #[allow(unsafe_code)]
            let status =
                unsafe { sys::napi_unref_threadsafe_function(env.raw(), self.callback.raw()) };
            debug_assert_eq!(status, sys::Status::napi_ok);
            Ok(())
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        Exit(self.callback.clone())
    }
}

/// Where a call, on whatever thread, leaves its outcome.
#[derive(Clone)]
pub(crate) struct Exit(Arc<Callback>);

impl Exit {
    /// Has `settle` called with the outcome; does nothing where the environment is gone.
    pub(crate) fn leave(&self, id: u32, outcome: Result<TokenSet, Error>) {
        // Here, and not in the event loop: the lifetime may have to be read from the token.
        let outcome = outcome.map(|tokens| (tokens.lifetime().map(millis), tokens));
        self.0.call(Settled { id, outcome }, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The arguments of `settle`.
pub struct Settled {
    id: u32,
    outcome: Result<(Option<f64>, TokenSet), Error>,
}

impl JsValuesTupleIntoVec for Settled {
    fn into_vec(self, env: sys::napi_env) -> napi::Result<Vec<sys::napi_value>> {
        let id = self.id;
        let failed = |error: &Error| FnArgs::from((id, Facts::from(error))).into_vec(env);
        let arguments = guard::guard(|| {
            Ok(match &self.outcome {
                Err(error) => failed(error),
                Ok((lifetime, tokens)) => FnArgs::from((
                    id,
                    tokens.access_token().as_str(),
                    tokens.refresh_token().map(RefreshToken::as_str),
                    *lifetime,
                    tokens.expires(),
                    tokens.trace_id(),
                    since_epoch(tokens.received_at()),
                ))
                .into_vec(env),
            })
        });
        arguments.unwrap_or_else(|error| failed(&error))
    }
}
