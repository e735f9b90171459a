//! What every public type promises to threads.

use frontegg_token::{
    AccessToken, Certificates, Change, Claims, Client, ClientBuilder, Code, CodeInfo, Credentials,
    Endpoint, Error, Event, EventKind, FileStore, Lease, Loaded, MemoryStore, Origin, Policy,
    Proxy, RefreshToken, Region, RetryPolicy, Roots, Secret, Stats, TokenRef, TokenRequest,
    TokenSet, TokenSource, TokenSourceBuilder, TokenStore,
};

#[test]
fn every_public_type_may_be_used_from_any_thread() {
    fn is_send_and_sync<T: Send + Sync + ?Sized>() {}
    macro_rules! are_send_and_sync {
        ($($type:ty),* $(,)?) => { $(is_send_and_sync::<$type>();)* };
    }
    are_send_and_sync!(
        AccessToken,
        Certificates,
        Change<'_>,
        Claims,
        Client,
        ClientBuilder,
        Code,
        CodeInfo,
        Credentials,
        Endpoint,
        Error,
        Event,
        EventKind,
        FileStore,
        Lease,
        Loaded,
        MemoryStore,
        Origin,
        Policy,
        Proxy,
        RefreshToken,
        Region,
        RetryPolicy,
        Roots,
        Secret,
        Stats,
        TokenRef,
        TokenRequest,
        TokenSet,
        TokenSource,
        TokenSourceBuilder,
        dyn TokenStore,
    );
    #[cfg(feature = "redis")]
    are_send_and_sync!(frontegg_token::RedisStore, frontegg_token::RedisStoreBuilder);
}

/// As what can be boxed, and handed from a thread to another.
#[test]
fn an_error_is_an_error_of_the_standard_library() {
    let error = frontegg_token::Client::builder(Region::Us).deadline(std::time::Duration::ZERO);
    let error: Box<dyn std::error::Error + Send + Sync> = error.build().unwrap_err().into();
    assert!(error.downcast_ref::<Error>().is_some());
    let error = Roots::pem_file("/does/not/exist").unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
    assert!(error.message().contains(&cause.to_string()), "{error}");
    // Nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(Endpoint::url(&url).unwrap()).retry(RetryPolicy::NONE);
    let error = client.proxy(Proxy::None).build().unwrap().refresh(&"r".into()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}
