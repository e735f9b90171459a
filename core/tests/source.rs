//! A token source against the emulator.

use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options};
use frontegg_token::{
    Client, Code, Credentials, Endpoint, Origin, RetryPolicy, TokenSource, TokenSourceBuilder,
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
