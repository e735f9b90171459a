//! A client and the calls that it has under way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use frontegg_token::threads::{DEFAULT_MAX_THREADS, Threads};
use frontegg_token::{Client, Credentials, Error, RefreshToken, TokenSet, guard};
use napi_derive::napi;

use crate::bridge::{Bridge, Exit};
use crate::settings::Settings;
use crate::{Thrown, guarded};

/// Where calls block: for the whole process, not libuv's four.
static THREADS: Threads = Threads::new(DEFAULT_MAX_THREADS);

/// A client of the core. Its calls answer through the bridge, under the id they were given.
#[napi]
pub struct NativeClient {
    pub(crate) client: Client,
    exit: Exit,
    waiting: Arc<Waiting>,
}

/// The calls that no thread has taken up yet.
#[derive(Default)]
struct Waiting(Mutex<HashSet<u32>>);

impl Waiting {
    fn ids(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[napi]
impl NativeClient {
    /// Checks the settings; opens no connection.
    #[napi(constructor)]
    pub fn new(bridge: &Bridge, settings: Settings) -> Result<Self, Thrown> {
        guarded(|| {
            let client = settings.into_builder()?.build()?;
            Ok(Self { client, exit: bridge.exit(), waiting: Arc::default() })
        })
    }

    /// Where the client calls.
    #[napi(getter)]
    pub fn base_url(&self) -> Result<String, Thrown> {
        guarded(|| Ok(self.client.endpoint().base_url().to_owned()))
    }

    /// Starts an authentication.
    #[napi]
    pub fn authenticate(&self, id: u32, client_id: String, secret: String) -> Result<(), Thrown> {
        self.start(id, || Credentials::new(client_id, secret), Client::authenticate)
    }

    /// Starts a refresh.
    #[napi]
    pub fn refresh(&self, id: u32, refresh_token: String) -> Result<(), Thrown> {
        self.start(id, || Ok(RefreshToken::new(refresh_token)), Client::refresh)
    }

    /// Takes back a call that no thread has taken up yet; one that runs goes on unheard.
    #[napi]
    pub fn cancel(&self, id: u32) -> Result<(), Thrown> {
        guarded(|| {
            self.waiting.ids().remove(&id);
            Ok(())
        })
    }

    /// Interrupts the calls that run and takes back those that do not.
    #[napi]
    pub fn close(&self) -> Result<(), Thrown> {
        guarded(|| {
            self.waiting.ids().clear();
            self.client.close();
            Ok(())
        })
    }

    fn start<A: Send + 'static>(
        &self,
        id: u32,
        argument: impl FnOnce() -> Result<A, Error>,
        call: fn(&Client, &A) -> Result<TokenSet, Error>,
    ) -> Result<(), Thrown> {
        guarded(|| {
            let argument = argument()?;
            let (client, exit) = (self.client.clone(), self.exit.clone());
            let waiting = self.waiting.clone();
            waiting.ids().insert(id);
            THREADS.run(move || {
                if waiting.ids().remove(&id) {
                    exit.leave(id, guard::guard(|| call(&client, &argument)));
                }
            })
        })
    }
}
