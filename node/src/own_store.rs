//! A store that is written in JavaScript.
//!
//! The thread of a renewal leaves a question for the event loop, and waits for its answer for
//! as long as the store may take. It holds no lock meanwhile, and the event loop never waits for
//! that thread, so that neither can hold up the other for good.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use frontegg_token::{Change, Error, Lease, Loaded, MemoryStore, TokenStore};
use napi::Status;
use napi::bindgen_prelude::Uint8Array;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::bridge::Callback;
use crate::facts::millis;
use crate::settings::span;

/// What a store is asked. Spans are in milliseconds.
#[napi(object, object_from_js = false)]
pub struct StoreQuestion {
    pub id: u32,
    pub store: u32,
    #[napi(ts_type = "'load' | 'save' | 'lease' | 'release'")]
    pub operation: &'static str,
    pub name: String,
    pub owner: Option<String>,
    pub entry: Option<Uint8Array>,
    pub replaces: Option<Uint8Array>,
    pub span: Option<f64>,
}

/// What it answers; or what went wrong, without a word that could be a secret.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct StoreAnswer {
    pub entry: Option<Uint8Array>,
    pub left: Option<f64>,
    pub done: Option<bool>,
    pub failure: Option<String>,
}

/// The same, out of the event loop.
#[derive(Default)]
struct Reply {
    entry: Option<Vec<u8>>,
    left: Option<f64>,
    done: bool,
}

/// Who waits, by the id of the question.
type Open = HashMap<u32, Waiting>;

enum Waiting {
    For(Sender<Result<Reply, Error>>),
    /// Nobody any more: a lease that is acquired now is given back, of this store, name and owner.
    Lease(u32, String, String),
}

/// The questions of an environment that wait for their answers.
#[derive(Clone)]
pub(crate) struct Questions {
    ask: Arc<Callback<StoreQuestion>>,
    open: Arc<Mutex<Open>>,
}

impl Questions {
    pub(crate) fn new(ask: Arc<Callback<StoreQuestion>>) -> Self {
        Self { ask, open: Arc::default() }
    }

    /// In the event loop: hands an answer to who waits for it, if anybody does yet.
    pub(crate) fn answer(&self, id: u32, answer: StoreAnswer) {
        let waiting = match self.open().remove(&id) {
            None => return,
            Some(Waiting::Lease(store, name, owner)) => {
                if answer.done == Some(true) {
                    let release =
                        StoreQuestion { owner: Some(owner), ..question(store, "release", &name) };
                    self.put(release);
                }
                return;
            }
            Some(Waiting::For(waiting)) => waiting,
        };
        let StoreAnswer { entry, left, done, failure } = answer;
        let entry = entry.map(|entry| entry.to_vec());
        let reply = Reply { entry, left, done: done.unwrap_or_default() };
        let _ = waiting.send(failure.map_or(Ok(reply), |failure| Err(Error::store(failure))));
    }

    fn put(&self, question: StoreQuestion) -> Status {
        self.ask.call(question, ThreadsafeFunctionCallMode::NonBlocking)
    }

    fn ask(&self, question: StoreQuestion, within: Duration) -> Result<Reply, Error> {
        let (id, operation) = (question.id, question.operation);
        let late = question
            .owner
            .as_ref()
            .filter(|_| operation == "lease")
            .map(|owner| Waiting::Lease(question.store, question.name.clone(), owner.clone()));
        let (waiting, answers) = channel();
        self.open().insert(id, Waiting::For(waiting));
        if self.put(question) != Status::Ok {
            self.open().remove(&id);
            return Err(Error::store("the store's environment is ending"));
        }
        let in_time = answers.recv_timeout(within);
        let mut open = self.open();
        // It may have come just now.
        if let Ok(answer) = in_time.or_else(|_| answers.try_recv()) {
            open.remove(&id);
            return answer;
        }
        open.remove(&id);
        open.extend(late.map(|late| (id, late)));
        Err(Error::store(format!("{operation} of the store did not answer in time")))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the event loop that it belongs to.
pub(crate) struct OwnStore {
    questions: Questions,
    /// By which JavaScript knows it.
    id: u32,
    timeout: Duration,
}

impl OwnStore {
    pub(crate) fn new(questions: Questions, id: u32, timeout: Option<f64>) -> Result<Self, Error> {
        // What is not said is what stores have that do not say it either.
        let timeout = span("timeout", timeout)?;
        let timeout = timeout.unwrap_or_else(|| MemoryStore::new().timeout());
        Ok(Self { questions, id, timeout })
    }

    fn ask(&self, operation: &'static str, name: &str) -> StoreQuestion {
        question(self.id, operation, name)
    }
}

fn question(store: u32, operation: &'static str, name: &str) -> StoreQuestion {
    static LAST: AtomicU32 = AtomicU32::new(0);
    StoreQuestion {
        id: LAST.fetch_add(1, Ordering::Relaxed),
        store,
        operation,
        name: name.to_owned(),
        owner: None,
        entry: None,
        replaces: None,
        span: None,
    }
}

impl TokenStore for OwnStore {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        let reply = self.questions.ask(self.ask("load", name), within)?;
        let left =
            span("left of the entry", reply.left).map_err(|error| Error::store(error.message()))?;
        Ok(reply.entry.map(|entry| Loaded::new(entry, left)))
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        let question = StoreQuestion {
            entry: Some(change.entry.to_vec().into()),
            replaces: change.replaces.map(|entry| entry.to_vec().into()),
            span: Some(millis(change.keep)),
            ..self.ask("save", name)
        };
        Ok(self.questions.ask(question, within)?.done)
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        let question = StoreQuestion {
            owner: Some(owner.to_owned()),
            span: Some(millis(span)),
            ..self.ask("lease", name)
        };
        let reply = self.questions.ask(question, within)?;
        Ok(if reply.done { Lease::Acquired } else { Lease::Held })
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        let question = StoreQuestion { owner: Some(owner.to_owned()), ..self.ask("release", name) };
        self.questions.ask(question, within).map(drop)
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The event loop does many at once, and nobody waits for it beyond the time.
    fn concurrency(&self) -> usize {
        usize::MAX
    }
}
