use super::*;
use crate::{Code, Region};

fn local() -> ClientBuilder {
    Client::builder(Endpoint::url("http://127.0.0.1:1").unwrap())
}

#[track_caller]
fn refused(builder: ClientBuilder) -> String {
    let error = builder.build().expect_err("a bad setting");
    assert_eq!(error.code(), Code::InvalidArgument);
    error.message().to_owned()
}

#[test]
fn bad_settings_surface_in_build() {
    refused(Client::builder(Endpoint::url("http://example.com").unwrap()));
    refused(local().connect_timeout(Duration::ZERO));
    refused(local().attempt_timeout(Duration::ZERO));
    refused(local().deadline(Duration::ZERO));
    refused(local().retry(RetryPolicy { max_attempts: 0, ..RetryPolicy::default() }));
    refused(local().retry(RetryPolicy::default().with_max_lost_answers(0)));
    refused(local().roots(Roots::pem(b"no certificate")));
    refused(local().roots(Roots::pem_file("/does/not/exist.pem")));
    refused(local().client_certificate(b"", b""));
    refused(local().proxy(Proxy::Url("ftp://x".into())));
    refused(local().user_agent_suffix("é"));
    refused(local().bearer("a b"));
    refused(local().bearer("a").header("authorization", "b"));
    for host in ["", "https://a.example", "a b", "a/b", "a\r\nx: y"] {
        refused(local().vendor_host(host));
    }
}

#[test]
fn headers_are_checked_and_their_values_never_repeated() {
    for (name, value) in [
        ("x", "planted\r\ny: z"),
        ("x", "planted\n"),
        ("x", "planted\0"),
        ("x y", "planted"),
        ("", "planted"),
        ("content-length", "planted"),
        ("Host", "planted"),
        ("frontegg-vendor-host", "planted"),
    ] {
        let message = refused(local().header(name, value));
        assert!(!message.contains("planted"), "{message}");
    }
    let builder = local().header("x-key", "planted").bearer("planted").proxy(Proxy::None);
    assert!(!format!("{builder:?}").contains("planted"));
    builder.build().unwrap();
}

#[test]
fn the_vendor_host_is_derived_for_an_own_domain_alone() {
    let host = |builder: &ClientBuilder| {
        builder.checked_vendor_host(builder.endpoint.as_ref().unwrap()).unwrap()
    };
    let domain = Client::builder(Endpoint::domain("acme").unwrap());
    assert_eq!(host(&domain).as_deref(), Some("acme.frontegg.com"));
    assert_eq!(host(&domain.vendor_host("other.example")).as_deref(), Some("other.example"));
    assert_eq!(host(&Client::builder(Region::Us)), None);
    assert_eq!(host(&local()), None);
    assert_eq!(host(&local().vendor_host(" a.example ")).as_deref(), Some("a.example"));
}

#[test]
fn the_environment_names_one_endpoint() {
    let build = |pairs: &[(&str, &str)]| {
        ClientBuilder::from_variables(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
        .build()
    };
    let region = build(&[("FRONTEGG_REGION", "us"), ("FRONTEGG_DOMAIN", "")]).unwrap();
    assert_eq!(region.endpoint().base_url(), "https://api.us.frontegg.com/identity");
    let domain = build(&[("FRONTEGG_DOMAIN", "acme")]).unwrap();
    assert_eq!(domain.endpoint().base_url(), "https://acme.frontegg.com/identity");
    assert!(build(&[("FRONTEGG_BASE_URL", "https://a.example/x")]).is_ok());
    assert!(build(&[("FRONTEGG_REGION", "us"), ("FRONTEGG_VENDOR_HOST", "a b")]).is_err());
    let error = build(&[]).unwrap_err();
    assert!(error.message().contains("FRONTEGG_REGION"), "{error}");
    assert!(build(&[("FRONTEGG_REGION", "us"), ("FRONTEGG_DOMAIN", "acme")]).is_err());
}
