//! `frontegg_source_config`: the settings of a token source, one setter each.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use frontegg_core::{Error, Policy, Secret, TokenSourceBuilder, TokenStore};

use crate::border::{accessor, free};
use crate::collected::Collected;
use crate::event::{Observer, frontegg_observer};
use crate::observed::Observed;
use crate::text::{is_null, read};
use crate::token_store::frontegg_token_store;

/// The settings of a token source, each of which has a default. Setters copy what they are
/// given, and do nothing for a NULL config. A bad value, which NULL is as well, surfaces where
/// a source is made; until then it is kept, even if a good one follows. One thread at a time
/// may use a config. Owned by the caller; free it with frontegg_source_config_free.
#[derive(Default)]
pub struct frontegg_source_config(Collected<Settings>);

/// What was not set is left to the core and its defaults.
#[derive(Default)]
struct Settings {
    renewal_window: Option<(f64, f64)>,
    policy: Option<Policy>,
    deadline: Option<Duration>,
    observer: Option<Observer>,
    store: Option<Store>,
}

/// The last that was set. A name is kept secret, for a URL may have a password in it.
enum Store {
    Given(Arc<dyn TokenStore>),
    Named(Secret),
}

impl frontegg_source_config {
    /// Puts the settings on top of a builder's own. Answers the observer as well.
    pub(crate) fn apply(
        &self,
        mut builder: TokenSourceBuilder,
    ) -> Result<(TokenSourceBuilder, Option<Arc<Observed>>), Error> {
        let settings = self.0.get()?;
        if let Some((from, to)) = settings.renewal_window {
            builder = builder.renewal_window(from..=to);
        }
        if let Some(policy) = settings.policy {
            builder = builder.policy(policy);
        }
        if let Some(deadline) = settings.deadline {
            builder = builder.deadline(deadline);
        }
        let observed = settings.observer.map(Observed::new);
        if let Some(theirs) = observed.clone() {
            builder = builder.observer(move |event| theirs.tell(event));
        }
        match &settings.store {
            Some(Store::Given(store)) => builder = builder.store(store.clone()),
            Some(Store::Named(name)) => builder = builder.store(name.expose()),
            None => {}
        }
        Ok((builder, observed))
    }
}

fn set(
    config: Option<&mut frontegg_source_config>,
    change: impl FnOnce(&mut Settings) -> Result<(), Error>,
) {
    if let Some(config) = config {
        config.0.set(change);
    }
}

/// A config with every setting at its default. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_new() -> Option<Box<frontegg_source_config>> {
    accessor(None, || Some(Box::default()))
}

/// Frees a config. Sources made with it stay as they are. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_free(config: Option<Box<frontegg_source_config>>) {
    free(config);
}

/// From which part of its lifetime on a token is renewed in the background: each token's point
/// is drawn from this range within 0 to 1, so that a fleet that started together does not renew
/// together. 0.7 to 0.8 by default.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_set_renewal_window(
    config: Option<&mut frontegg_source_config>,
    from: f64,
    to: f64,
) {
    set(config, |settings| {
        settings.renewal_window = Some((from, to));
        Ok(())
    });
}

/// How to renew: `auto` (the default: by refresh, unless refresh tokens are rejected again and
/// again before their first use, since more are in use than the service keeps), `refresh_first`
/// or `authenticate_only`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_source_config_set_policy(
    config: Option<&mut frontegg_source_config>,
    policy: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.policy = Some(unsafe { read(policy, "the policy") }?.parse()?);
        Ok(())
    });
}

/// How long a renewal takes at most, with all its requests and waits, and how long a call waits
/// for one, unless it says otherwise. The client's deadline by default; 0 is a bad value. With a shared
/// store, whoever has the lease has half of it for its requests, and whoever waits for that the
/// rest, in case it dies.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_set_deadline_ms(
    config: Option<&mut frontegg_source_config>,
    milliseconds: u64,
) {
    set(config, |settings| {
        settings.deadline = Some(Duration::from_millis(milliseconds));
        Ok(())
    });
}

/// Who is told of events, and a pointer to pass along, which is not followed here. Both have to
/// stay valid until every source made with this config was freed. None by default, and for a
/// NULL observer.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_set_observer(
    config: Option<&mut frontegg_source_config>,
    observer: frontegg_observer,
    user_data: *mut c_void,
) {
    set(config, |settings| {
        settings.observer = observer.map(|call| Observer { call, user_data });
        Ok(())
    });
}

/// Where to share tokens with other sources of the same API token, in this process or in others.
/// Any number of sources may share one store, which stays the caller's and can be freed at once.
/// None by default. The last that was set counts, of a store and a store's name.
///
/// A store that fails makes no call fail, and none wait longer than the store's own time-out.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_source_config_set_store(
    config: Option<&mut frontegg_source_config>,
    store: Option<&frontegg_token_store>,
) {
    set(config, |settings| {
        let store = store.ok_or_else(|| is_null("the store"))?.share();
        settings.store = Some(Store::Given(store));
        Ok(())
    });
}

/// The same by name: `memory` (none: each source for itself), `file` (as
/// frontegg_token_store_new_file makes it of NULL), `file:` and the path of a directory, or a URL
/// as frontegg_redis_config_new takes it. Each source makes a store of its own of it, which is
/// where a bad name surfaces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_source_config_set_store_name(
    config: Option<&mut frontegg_source_config>,
    name: *const c_char,
) {
    set(config, |settings| {
        // SAFETY: the header's rule on strings.
        settings.store = Some(Store::Named(unsafe { read(name, "the store's name") }?.into()));
        Ok(())
    });
}
