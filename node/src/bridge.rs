//! The way back into JavaScript.

use std::sync::Arc;

use frontegg_token::{AccessToken, Error, Event, RefreshToken, TokenSet, guard};
use napi::bindgen_prelude::{FnArgs, JsValuesTupleIntoVec};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use napi_derive::napi;

use crate::facts::{Facts, count, millis, since_epoch};
use crate::own_store::{Questions, StoreAnswer, StoreQuestion};
use crate::{Thrown, guarded};

/// A function of JavaScript that any thread may have called. `true`: it is weak, that is, by
/// itself it does not keep the event loop alive.
pub(crate) type Callback<T> = ThreadsafeFunction<T, (), T, Status, false, true>;

/// Carries the outcomes of calls to one JavaScript function, the events of token sources to
/// another, and to a third what they ask of stores that are written in JavaScript: one bridge per
/// environment (the main thread, or a worker), for all its clients.
#[napi]
pub struct Bridge {
    exit: Exit,
    questions: Questions,
}

#[napi]
impl Bridge {
    /// `settle` is called once for each call that was not cancelled. The outcome of a delivery
    /// of a token source is `null` where its current token is what was asked for. `ask` is to
    /// lead to an `answer`.
    #[napi(constructor)]
    pub fn new(
        #[napi(
            ts_arg_type = "(id: number, outcome: string | Facts | null, refreshToken?: string | null, lifetime?: number | null, expires?: string | null, traceId?: string | null, receivedAt?: number) => void"
        )]
        settle: Arc<Callback<Settled>>,
        #[napi(
            ts_arg_type = "(source: number, kind: string, generation: number, error: Facts | null) => void"
        )]
        tell: Arc<Callback<Told>>,
        #[napi(ts_arg_type = "(question: StoreQuestion) => void")] ask: Arc<
            Callback<StoreQuestion>,
        >,
    ) -> Self {
        Self { exit: Exit { settle, tell }, questions: Questions::new(ask) }
    }

    /// What a store answers to a question.
    #[napi]
    pub fn answer(&self, id: u32, answer: StoreAnswer) -> Result<(), Thrown> {
        guarded(|| {
            self.questions.answer(id, answer);
            Ok(())
        })
    }

    /// Keeps the event loop alive from now on: a call is under way.
    #[napi(js_name = "ref")]
    pub fn hold(&self, env: Env) -> Result<(), Thrown> {
        guarded(|| {
            // SAFETY: this is the environment's own thread, running JavaScript, so that the
            // function, which lives as long as its environment, is there.
            #[allow(unsafe_code)]
            let status =
                unsafe { sys::napi_ref_threadsafe_function(env.raw(), self.exit.settle.raw()) };
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
                unsafe { sys::napi_unref_threadsafe_function(env.raw(), self.exit.settle.raw()) };
            debug_assert_eq!(status, sys::Status::napi_ok);
            Ok(())
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit.clone()
    }

    pub(crate) fn questions(&self) -> Questions {
        self.questions.clone()
    }
}

/// Where a call, on whatever thread, leaves its outcome. What is left where the environment is
/// gone is dropped.
#[derive(Clone)]
pub(crate) struct Exit {
    settle: Arc<Callback<Settled>>,
    tell: Arc<Callback<Told>>,
}

impl Exit {
    /// Has `settle` called with the outcome of a call.
    pub(crate) fn leave(&self, id: u32, outcome: Result<TokenSet, Error>) {
        // Here, and not in the event loop: the lifetime may have to be read from the token.
        let outcome = outcome.map(|tokens| (tokens.lifetime().map(millis), tokens));
        self.settle(id, Outcome::Call(outcome));
    }

    /// Has `settle` called with the outcome of a delivery.
    pub(crate) fn deliver(&self, id: u32, outcome: Result<AccessToken, Error>) {
        self.settle(id, Outcome::Delivery(outcome));
    }

    fn settle(&self, id: u32, outcome: Outcome) {
        self.settle.call(Settled { id, outcome }, ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// Has `tell` called with an event.
    pub(crate) fn tell(&self, source: u32, event: &Event) {
        let told = Told { source, event: event.clone() };
        self.tell.call(told, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The arguments of `settle`.
pub struct Settled {
    id: u32,
    outcome: Outcome,
}

enum Outcome {
    Call(Result<(Option<f64>, TokenSet), Error>),
    Delivery(Result<AccessToken, Error>),
}

impl JsValuesTupleIntoVec for Settled {
    fn into_vec(self, env: sys::napi_env) -> napi::Result<Vec<sys::napi_value>> {
        let id = self.id;
        let failed = |error: &Error| FnArgs::from((id, Facts::from(error))).into_vec(env);
        let arguments = guard::guard(|| {
            Ok(match &self.outcome {
                Outcome::Call(Err(error)) | Outcome::Delivery(Err(error)) => failed(error),
                Outcome::Call(Ok((lifetime, tokens))) => FnArgs::from((
                    id,
                    tokens.access_token().as_str(),
                    tokens.refresh_token().map(RefreshToken::as_str),
                    *lifetime,
                    tokens.expires(),
                    tokens.trace_id(),
                    since_epoch(tokens.received_at()),
                ))
                .into_vec(env),
                // One of unknown lifetime is nowhere but here: it is to be used once.
                Outcome::Delivery(Ok(token)) => {
                    let only = token.expires_at().is_none().then(|| token.as_str());
                    FnArgs::from((id, only)).into_vec(env)
                }
            })
        });
        arguments.unwrap_or_else(|error| failed(&error))
    }
}

/// The arguments of `tell`.
pub struct Told {
    source: u32,
    event: Event,
}

impl JsValuesTupleIntoVec for Told {
    fn into_vec(self, env: sys::napi_env) -> napi::Result<Vec<sys::napi_value>> {
        let kind = self.event.kind().as_str();
        let error = self.event.error().map(Facts::from);
        FnArgs::from((self.source, kind, count(self.event.generation()), error)).into_vec(env)
    }
}
