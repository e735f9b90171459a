/* Every function with every pointer NULL: each alone, and all together. */
#include "check.h"

static frontegg_client *client;
static frontegg_token_set *set;
static frontegg_error *error;
static char nowhere;

/* The error that a call made, which has to say what is NULL. */
static void expect_null(frontegg_status status, const char *message) {
    CHECK(status == FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_error_status(error) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK_TEXT(frontegg_error_message(error), message);
    frontegg_error_free(error);
    error = (frontegg_error *)&nowhere;
}

/* A setter that was given NULL makes a client impossible, and its config is freed. */
static void expect_bad(frontegg_config *config, const char *message) {
    frontegg_client *none = (frontegg_client *)&nowhere;
    expect_null(frontegg_client_new(config, &none, &error), message);
    CHECK(none == NULL);
    frontegg_config_free(config);
}

static void configs(void) {
    frontegg_config *config;
    frontegg_config_free(NULL);

#define SETTER(name, message)                        \
    frontegg_config_set_##name(NULL, "x");           \
    frontegg_config_set_##name(NULL, NULL);          \
    config = emulator_config();                      \
    frontegg_config_set_##name(config, NULL);        \
    expect_bad(config, message)

    SETTER(region, "the region is NULL");                       /* frontegg_config_set_region() */
    SETTER(domain, "the domain is NULL");                       /* frontegg_config_set_domain() */
    SETTER(base_url, "the base URL is NULL");                   /* frontegg_config_set_base_url() */
    SETTER(vendor_host, "the vendor host is NULL");             /* frontegg_config_set_vendor_host() */
    SETTER(proxy, "the proxy is NULL");                         /* frontegg_config_set_proxy() */
    SETTER(roots, "the roots is NULL");                         /* frontegg_config_set_roots() */
    SETTER(ca_file, "the path of the CA file is NULL");         /* frontegg_config_set_ca_file() */
    SETTER(bearer, "the bearer is NULL");                       /* frontegg_config_set_bearer() */
    SETTER(user_agent_suffix, "the user agent suffix is NULL"); /* frontegg_config_set_user_agent_suffix() */

    frontegg_config_set_allow_http(NULL, true);
    frontegg_config_set_connect_timeout_ms(NULL, 1);
    frontegg_config_set_attempt_timeout_ms(NULL, 1);
    frontegg_config_set_deadline_ms(NULL, 1);
    frontegg_config_set_retry_max_attempts(NULL, 1);
    frontegg_config_set_retry_base_delay_ms(NULL, 1);
    frontegg_config_set_retry_max_delay_ms(NULL, 1);

    frontegg_config_set_ca_pem(NULL, "x", 1);
    frontegg_config_set_ca_pem(NULL, NULL, 1);
    for (size_t length = 0; length < 2; ++length) {
        config = emulator_config();
        frontegg_config_set_ca_pem(config, NULL, length);
        expect_bad(config, "the CA's PEM is NULL");
    }

    frontegg_config_set_client_certificate(NULL, "x", 1, "x", 1);
    frontegg_config_set_client_certificate(NULL, NULL, 1, NULL, 1);
    config = emulator_config();
    frontegg_config_set_client_certificate(config, NULL, 1, "x", 1);
    expect_bad(config, "the client certificate's PEM is NULL");
    config = emulator_config();
    frontegg_config_set_client_certificate(config, "x", 1, NULL, 1);
    expect_bad(config, "the client key's PEM is NULL");

    frontegg_config_add_header(NULL, "x", "x");
    frontegg_config_add_header(NULL, NULL, NULL);
    config = emulator_config();
    frontegg_config_add_header(config, NULL, "x");
    expect_bad(config, "a header's name is NULL");
    config = emulator_config();
    frontegg_config_add_header(config, "x", NULL);
    expect_bad(config, "a header's value is NULL");
}

static void clients(void) {
    frontegg_config *config = emulator_config();
    frontegg_client *none = (frontegg_client *)&nowhere;
    expect_null(frontegg_client_new(NULL, &none, &error), "the config is NULL");
    CHECK(none == NULL);
    expect_null(frontegg_client_new(config, NULL, &error), "the output is NULL");
    CHECK(frontegg_client_new(NULL, NULL, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_client_new(config, &none, NULL) == FRONTEGG_STATUS_OK);
    frontegg_client_free(none);
    frontegg_config_free(config);

    frontegg_client_free(NULL);
    frontegg_client_close(NULL);
    CHECK(frontegg_client_base_url(NULL) == NULL);
}

static void calls(void) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_token_set *none = (frontegg_token_set *)&nowhere;
    expect_null(frontegg_client_authenticate(NULL, id, secret, &none, &error),
                "the client is NULL");
    CHECK(none == NULL);
    expect_null(frontegg_client_authenticate(client, NULL, secret, &none, &error),
                "the client id is NULL");
    expect_null(frontegg_client_authenticate(client, id, NULL, &none, &error),
                "the secret is NULL");
    expect_null(frontegg_client_authenticate(client, id, secret, NULL, &error),
                "the output is NULL");
    CHECK(frontegg_client_authenticate(NULL, NULL, NULL, NULL, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_client_authenticate(client, id, secret, &set, NULL) == FRONTEGG_STATUS_OK);

    const char *token = frontegg_token_set_refresh_token(set);
    none = (frontegg_token_set *)&nowhere;
    expect_null(frontegg_client_refresh(NULL, token, &none, &error), "the client is NULL");
    CHECK(none == NULL);
    expect_null(frontegg_client_refresh(client, NULL, &none, &error),
                "the refresh token is NULL");
    expect_null(frontegg_client_refresh(client, token, NULL, &error), "the output is NULL");
    CHECK(frontegg_client_refresh(NULL, NULL, NULL, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    /* None of those has sent the token. */
    CHECK(frontegg_client_refresh(client, token, &none, NULL) == FRONTEGG_STATUS_OK);
    frontegg_token_set_free(none);
    frontegg_token_set_free(set);
}

static void source_configs(void) {
    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_token_source *none = (frontegg_token_source *)&nowhere;
    frontegg_source_config_free(NULL);
    frontegg_source_config_set_renewal_window(NULL, 0.5, 0.6);
    frontegg_source_config_set_policy(NULL, "auto");
    frontegg_source_config_set_policy(NULL, NULL);
    frontegg_source_config_set_deadline_ms(NULL, 1);
    frontegg_source_config_set_observer(NULL, NULL, NULL);
    frontegg_source_config_set_store_name(NULL, "memory");
    frontegg_source_config_set_store_name(NULL, NULL);

    /* No observer is none. */
    frontegg_source_config_set_observer(config, NULL, NULL);
    frontegg_token_source_free(emulator_source(client, config));
    frontegg_source_config_set_policy(config, NULL);
    expect_null(frontegg_token_source_new(client, "id", "secret", config, &none, &error),
                "the policy is NULL");
    CHECK(none == NULL);
    frontegg_source_config_free(config);

    config = frontegg_source_config_new();
    frontegg_source_config_set_store_name(config, NULL);
    expect_null(frontegg_token_source_new(client, "id", "secret", config, &none, &error),
                "the store's name is NULL");
    frontegg_source_config_free(config);

    frontegg_source_config_set_store(NULL, NULL);
    config = frontegg_source_config_new();
    frontegg_source_config_set_store(config, NULL);
    expect_null(frontegg_token_source_new(client, "id", "secret", config, &none, &error),
                "the store is NULL");
    frontegg_source_config_free(config);
}

/* A setter that was given NULL makes a store impossible, and its config is freed. */
static void expect_bad_redis(frontegg_redis_config *config, const char *message) {
    frontegg_token_store *none = (frontegg_token_store *)&nowhere;
    expect_null(frontegg_token_store_new_redis(config, &none, &error), message);
    CHECK(none == NULL);
    frontegg_redis_config_free(config);
}

static void stores(void) {
    frontegg_token_store *none = (frontegg_token_store *)&nowhere;
    frontegg_token_store_free(NULL);
    frontegg_token_store_free(frontegg_token_store_new_memory());
    expect_null(frontegg_token_store_new_file("/nowhere", NULL, &error), "the output is NULL");
    CHECK(frontegg_token_store_new_file(NULL, NULL, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    expect_null(frontegg_token_store_new_redis(NULL, &none, &error), "the config is NULL");
    CHECK(none == NULL);
    CHECK(frontegg_token_store_new_redis(NULL, NULL, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);

    frontegg_redis_config_free(NULL);
    frontegg_redis_config_set_timeout_ms(NULL, 1);
    frontegg_redis_config_set_key_prefix(NULL, NULL);
    frontegg_redis_config_set_roots(NULL, NULL);
    frontegg_redis_config_set_ca_pem(NULL, NULL, 1);
    frontegg_redis_config_set_ca_file(NULL, NULL);
    frontegg_redis_config_set_client_certificate(NULL, NULL, 1, NULL, 1);

    const char *url = "redis://localhost";
    frontegg_redis_config *config = frontegg_redis_config_new(url);
    expect_null(frontegg_token_store_new_redis(config, NULL, &error), "the output is NULL");
    frontegg_redis_config_free(config);
    expect_bad_redis(frontegg_redis_config_new(NULL), "the URL is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_key_prefix(config, NULL);
    expect_bad_redis(config, "the key prefix is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_roots(config, NULL);
    expect_bad_redis(config, "the roots is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_ca_pem(config, NULL, 1);
    expect_bad_redis(config, "the CA's PEM is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_ca_file(config, NULL);
    expect_bad_redis(config, "the path of the CA file is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_client_certificate(config, NULL, 1, "x", 1);
    expect_bad_redis(config, "the client certificate's PEM is NULL");
    config = frontegg_redis_config_new(url);
    frontegg_redis_config_set_client_certificate(config, "x", 1, NULL, 1);
    expect_bad_redis(config, "the client key's PEM is NULL");
}

static void sources(void) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_token_source *source = (frontegg_token_source *)&nowhere;
    expect_null(frontegg_token_source_new(NULL, id, secret, NULL, &source, &error),
                "the client is NULL");
    CHECK(source == NULL);
    expect_null(frontegg_token_source_new(client, NULL, secret, NULL, &source, &error),
                "the client id is NULL");
    expect_null(frontegg_token_source_new(client, id, NULL, NULL, &source, &error),
                "the secret is NULL");
    expect_null(frontegg_token_source_new(client, id, secret, NULL, NULL, &error),
                "the output is NULL");
    CHECK(frontegg_token_source_new(NULL, NULL, NULL, NULL, NULL, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    expect_null(frontegg_token_source_new_from_env(NULL, NULL, NULL, &error),
                "the output is NULL");
    CHECK(frontegg_token_source_new_from_env(NULL, NULL, NULL, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_token_source_new(client, id, secret, NULL, &source, NULL) ==
          FRONTEGG_STATUS_OK);

    frontegg_access_token *token = (frontegg_access_token *)&nowhere;
    expect_null(frontegg_token_source_token(NULL, &token, &error), "the source is NULL");
    CHECK(token == NULL);
    expect_null(frontegg_token_source_token(source, NULL, &error), "the output is NULL");
    CHECK(frontegg_token_source_token(NULL, NULL, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    token = (frontegg_access_token *)&nowhere;
    expect_null(frontegg_token_source_token_with(NULL, 0, 0, &token, &error),
                "the source is NULL");
    CHECK(token == NULL);
    expect_null(frontegg_token_source_token_with(source, 0, 0, NULL, &error),
                "the output is NULL");
    CHECK(frontegg_token_source_token_with(NULL, 0, 0, NULL, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    expect_null(frontegg_token_source_set_credentials(NULL, id, secret, &error),
                "the source is NULL");
    expect_null(frontegg_token_source_set_credentials(source, NULL, secret, &error),
                "the client id is NULL");
    expect_null(frontegg_token_source_set_credentials(source, id, NULL, &error),
                "the secret is NULL");
    CHECK(frontegg_token_source_set_credentials(NULL, NULL, NULL, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);

    /* None of those has asked for a token, and all is as it was. */
    frontegg_stats stats;
    memset(&stats, 0xff, sizeof stats);
    frontegg_token_source_stats(NULL, &stats, sizeof stats);
    CHECK(stats.authentications == 0 && stats.waits == 0 && !stats.authenticating_only);
    frontegg_token_source_stats(source, NULL, sizeof stats);
    frontegg_token_source_stats(NULL, NULL, 0);
    frontegg_token_source_stats(source, &stats, sizeof stats);
    CHECK(stats.authentications == 0 && stats.waits == 0);
    CHECK(frontegg_token_source_store_error(NULL) == NULL);
    CHECK(frontegg_token_source_token(source, &token, NULL) == FRONTEGG_STATUS_OK);

    CHECK(!frontegg_token_source_invalidate(NULL, frontegg_access_token_token(token)));
    CHECK(!frontegg_token_source_invalidate(source, NULL));
    CHECK(!frontegg_token_source_invalidate(NULL, NULL));
    CHECK(frontegg_token_source_peek(NULL) == NULL);
    frontegg_access_token_free(token);
    frontegg_token_source_close(NULL);
    frontegg_token_source_free(NULL);
    frontegg_token_source_free(source);
}

static void accessors(void) {
    frontegg_access_token_free(NULL);
    CHECK(frontegg_access_token_token(NULL) == NULL);
    CHECK(frontegg_access_token_authorization(NULL) == NULL);
    CHECK(frontegg_access_token_expires_at_ms(NULL) == -1);
    CHECK(frontegg_access_token_renewal_due_at_ms(NULL) == -1);
    CHECK(frontegg_access_token_origin(NULL) == NULL);
    CHECK(frontegg_access_token_claims_json(NULL) == NULL);
    CHECK(frontegg_access_token_subject(NULL) == NULL);
    CHECK(frontegg_access_token_tenant_id(NULL) == NULL);
    CHECK(frontegg_access_token_token_type(NULL) == NULL);
    CHECK(frontegg_access_token_issued_at(NULL) == -1);
    CHECK(frontegg_access_token_claimed_expiry(NULL) == -1);

    frontegg_token_set_free(NULL);
    CHECK(frontegg_token_set_access_token(NULL) == NULL);
    CHECK(frontegg_token_set_refresh_token(NULL) == NULL);
    CHECK(frontegg_token_set_lifetime_ms(NULL) == -1);
    CHECK(frontegg_token_set_expires(NULL) == NULL);
    CHECK(frontegg_token_set_received_at_ms(NULL) == -1);
    CHECK(frontegg_token_set_trace_id(NULL) == NULL);
    CHECK(frontegg_token_set_claims_json(NULL) == NULL);
    CHECK(frontegg_token_set_subject(NULL) == NULL);
    CHECK(frontegg_token_set_tenant_id(NULL) == NULL);
    CHECK(frontegg_token_set_token_type(NULL) == NULL);
    CHECK(frontegg_token_set_issued_at(NULL) == -1);
    CHECK(frontegg_token_set_expires_at(NULL) == -1);

    frontegg_error_free(NULL);
    CHECK(frontegg_error_clone(NULL) == NULL);
    CHECK(frontegg_error_status(NULL) == FRONTEGG_STATUS_OK);
    CHECK(frontegg_error_code(NULL) == NULL);
    CHECK(frontegg_error_message(NULL) == NULL);
    CHECK(frontegg_error_http_status(NULL) == 0);
    CHECK(frontegg_error_message_count(NULL) == 0);
    CHECK(frontegg_error_message_at(NULL, 0) == NULL);
    CHECK(frontegg_error_error_code(NULL) == NULL);
    CHECK(frontegg_error_trace_id(NULL) == NULL);
    CHECK(frontegg_error_retry_after_ms(NULL) == -1);
    CHECK(frontegg_error_attempts(NULL) == 0);
    CHECK(!frontegg_error_retryable(NULL));
}

/* These take no pointer at all. */
static void the_rest(void) {
    frontegg_config *configs[2] = {frontegg_config_new(), frontegg_config_new_from_env()};
    for (size_t i = 0; i < 2; ++i) {
        CHECK(configs[i] != NULL);
        frontegg_config_free(configs[i]);
    }
    CHECK(frontegg_status_name(0) != NULL);
    CHECK(frontegg_event_kind_name(FRONTEGG_EVENT_KIND_FAILED) != NULL);
    CHECK(frontegg_version() != NULL);
    CHECK(frontegg_abi_version() == FRONTEGG_ABI_VERSION);
}

int main(void) {
    client = emulator_client();
    configs();
    clients();
    calls();
    source_configs();
    stores();
    sources();
    accessors();
    the_rest();
    frontegg_client_free(client);
    return 0;
}
