//! A token source against the emulator.

use std::process::Command;
use std::thread;
use std::time::Duration;

use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options};
use frontegg_token::{
    Client, Code, Credentials, Endpoint, Origin, Policy, RetryPolicy, TokenSource,
    TokenSourceBuilder,
};

struct Service {
    emulator: Emulator,
}

impl Service {
    fn start(lifetime: u64) -> Self {
        let options = Options {
            algorithm: Algorithm::HS256,
            api_tokens: vec![ApiToken::tenant("id", "secret")],
            access_token_lifetime: lifetime,
            ..Options::default()
        };
        Self { emulator: Emulator::start(options).unwrap() }
    }

    fn client(&self) -> Client {
        let endpoint = Endpoint::url(&self.emulator.base_url()).unwrap();
        Client::builder(endpoint).retry(RetryPolicy::NONE).build().unwrap()
    }

    fn builder(&self) -> TokenSourceBuilder {
        TokenSource::builder(self.client(), Credentials::new("id", "secret").unwrap())
    }
}

#[test]
fn a_thread_through_every_layer() {
    let service = Service::start(3600);
    let source = service.builder().build().unwrap();
    assert!(source.peek().is_none());
    let first = source.token().unwrap();
    assert_eq!(source.token().unwrap(), first);
    assert_eq!(*source.token_ref().unwrap(), first);
    assert_eq!(source.peek(), Some(first.clone()));
    assert_eq!(first.origin(), Some(Origin::Authenticate));
    assert_eq!(first.authorization(), format!("Bearer {}", first.as_str()));
    assert!(first.renewal_due_at() < first.expires_at());
    assert!(source.invalidate(&first));
    assert!(!source.invalidate(&first));
    let second = source.token().unwrap();
    assert_ne!(second, first);
    assert_eq!(second.origin(), Some(Origin::Refresh));
    let stats = source.stats();
    assert_eq!((stats.authentications, stats.refreshes, stats.failures), (1, 1, 0));
    source.close();
    assert_eq!(source.token().unwrap_err().code(), Code::Closed);
}

/// By the system's clocks: callers never wait in vain while tokens come and go.
#[test]
fn real_time_passes_and_tokens_are_renewed() {
    let service = Service::start(1);
    let source = service.builder().build().unwrap();
    let renewed = |state: &frontegg_emulator::State| state.counts.refresh.ok >= 3;
    let mut tokens = std::collections::HashSet::new();
    while !renewed(&service.emulator.state()) {
        let token = source.token().unwrap();
        assert!(token.expires_at().unwrap() > std::time::SystemTime::now());
        tokens.insert(token.as_str().to_owned());
        thread::yield_now();
    }
    assert!(tokens.len() >= 3);
    assert_eq!(source.stats().failures, 0);
}

/// Set in a process whose environment is this test's own.
const ALONE: &str = "FRONTEGG_TEST_ALONE";

#[test]
fn a_source_takes_from_the_environment_only_what_is_there() {
    if std::env::var_os(ALONE).is_none() {
        // Whatever is set where tests run is not set there.
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_source_takes_from_the_environment_only_what_is_there"])
            .env_clear()
            .env(ALONE, "")
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && out.contains("1 passed"), "{out}");
        return;
    }
    let error = TokenSource::from_env().unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[test]
fn bad_settings_surface_when_it_is_built() {
    let service = Service::start(3600);
    let builds: [fn(TokenSourceBuilder) -> TokenSourceBuilder; 5] = [
        |builder| builder.renewal_window(-0.1..=0.5),
        |builder| builder.renewal_window(0.5..=1.1),
        |builder| builder.renewal_window(0.8..=0.7),
        |builder| builder.renewal_window(f64::NAN..=0.7),
        |builder| builder.deadline(Duration::ZERO),
    ];
    for build in builds {
        let error = build(service.builder()).build().unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
    }
    assert!("sometimes".parse::<Policy>().is_err());
}

#[test]
fn output_shows_no_token() {
    let service = Service::start(3600);
    let source = service.builder().build().unwrap();
    let token = source.token().unwrap();
    let shown = format!("{source:?} {token:?} {:?} {:?}", source.token_ref(), source.stats());
    assert!(!shown.contains(token.as_str()) && !shown.contains("secret"), "{shown}");
}
