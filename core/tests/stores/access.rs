//! Ways to a server, and who is let in.

use frontegg_token::{Code, RedisStore, RedisStoreBuilder};

use crate::server::{Server, rewritten};
use crate::{Brief, NAME, assert_fault, patient};

/// Of a store that works.
#[track_caller]
fn assert_works(store: &RedisStore) {
    assert!(store.put(None, b"entry").unwrap());
    assert_eq!(store.entry().unwrap(), b"entry");
    store.borrow("owner").unwrap();
    store.give_back("owner").unwrap();
}

#[test]
fn a_server_is_reached_by_name_and_by_address() {
    let server = Server::on_port(&[]);
    for host in ["127.0.0.1", "localhost"] {
        let url = rewritten(server.tcp_url(), "127.0.0.1", host);
        assert_works(&patient(url).unwrap());
        server.command::<()>("FLUSHALL");
    }
}

#[test]
fn a_password_is_shown() {
    let server = Server::with(&["--requirepass", "p@ss/word"]);
    let store = |query: &str| patient(format!("{}{query}", server.url())).unwrap();
    assert_works(&store("?pass=p%40ss%2Fword"));
    assert_fault(store("?pass=planted").get(), "WRONGPASS");
    assert_fault(store("?user=planted&pass=planted").get(), "WRONGPASS");
    assert_fault(store("").get(), "NOAUTH");

    let server = Server::on_port(&["--requirepass", "p@ss/word"]);
    let url = rewritten(server.tcp_url(), "//", "//:p%40ss%2Fword@");
    assert_works(&patient(url).unwrap());
    let open = Server::start();
    assert_fault(
        patient(format!("{}?pass=planted", open.url())).unwrap().get(),
        "Redis answered ERR to the password",
    );
}

#[test]
fn a_user_needs_no_more_than_the_documentation_says() {
    let rules = "on >secret ~frontegg-token:* +eval +evalsha +get +set +del +pttl";
    let words = |user: &str, rules: &str| {
        let mut words = vec!["--user".to_owned(), user.to_owned()];
        words.extend(rules.split(' ').map(str::to_owned));
        words
    };
    let mut options = words("fleet", rules);
    options.extend(words("other", &rules.replace("frontegg-token", "other")));
    options.extend(words("reader", &rules.replace(" +set", "")));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = Server::with(&options);
    let store = |user: &str| patient(format!("{}?user={user}&pass=secret", server.url())).unwrap();
    assert_works(&store("fleet"));
    assert_fault(store("other").get(), "NOPERM");
    // Redis 7.0 says this of a script without a code of its own.
    assert_fault(store("reader").put(Some(b"entry"), b"planted"), "to the request");
    assert_eq!(store("reader").entry().unwrap(), b"entry");
}

#[test]
fn a_database_has_a_number() {
    let server = Server::start();
    let store = |query: &str| patient(format!("{}{query}", server.url())).unwrap();
    assert_works(&store("?db=3"));
    assert_eq!(store("").get().unwrap(), None);
    assert_eq!(store("?db=3").entry().unwrap(), b"entry");
    assert_fault(store("?db=99").get(), "Redis answered ERR to the number of the database");

    let server = Server::on_port(&["--requirepass", "secret"]);
    let url = rewritten(server.tcp_url(), "//", "//:secret@");
    assert_works(&patient(format!("{url}/5")).unwrap());
}

#[test]
fn bad_settings_surface_in_build_and_contact_nobody() {
    let refused = |builder: RedisStoreBuilder| {
        let error = builder.build().expect_err("a bad setting");
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(!format!("{error:?}").contains("planted"), "{error:?}");
    };
    let builder = || RedisStore::builder("rediss://:planted@127.0.0.1:1");
    refused(RedisStore::builder("https://planted@host"));
    refused(RedisStore::builder(format!("unix:///{}", "long".repeat(100))));
    refused(builder().timeout(std::time::Duration::ZERO));
    refused(builder().roots(frontegg_token::Roots::pem(b"no certificate")));
    refused(builder().client_certificate(b"", b""));
    let built = builder().build().unwrap();
    assert!(!format!("{:?}{built:?}", builder()).contains("planted"));
}

#[test]
fn somebody_elses_key_is_left_alone() {
    let server = Server::start();
    server.command::<()>(&format!("RPUSH frontegg-token:{{{NAME}}} planted"));
    let store = server.store();
    assert_fault(store.get(), "WRONGTYPE");
    assert_fault(store.put(None, b"e"), "WRONGTYPE");
}
