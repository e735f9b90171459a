/* The two calls, every accessor, and every setting, against the emulator. */
#include "check.h"

#include <time.h>

static frontegg_token_set *authenticate(const frontegg_client *client) {
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"),
                                       variable("FRONTEGG_SECRET"), &set, &error) == 0);
    CHECK(error == NULL);
    CHECK(set != NULL);
    return set;
}

static void a_token_set_tells_all(const frontegg_client *client) {
    frontegg_token_set *set = authenticate(client);
    CHECK(strncmp(frontegg_token_set_access_token(set), "eyJ", 3) == 0);
    CHECK(strlen(frontegg_token_set_refresh_token(set)) > 0);
    CHECK(frontegg_token_set_lifetime_ms(set) == 3600 * 1000);
    CHECK(strstr(frontegg_token_set_expires(set), " GMT") != NULL);
    CHECK(strlen(frontegg_token_set_trace_id(set)) == 32);
    CHECK_TEXT(frontegg_token_set_subject(set), variable("FRONTEGG_CLIENT_ID"));
    CHECK_TEXT(frontegg_token_set_tenant_id(set), variable("EXPECTED_TENANT_ID"));
    CHECK_TEXT(frontegg_token_set_token_type(set), "tenantApiToken");
    CHECK(strstr(frontegg_token_set_claims_json(set), "\"tenantId\":") != NULL);

    const int64_t issued = frontegg_token_set_issued_at(set);
    CHECK(frontegg_token_set_expires_at(set) == issued + 3600);
    /* By one clock, since the emulator is on this machine: at most a minute for the call. */
    const int64_t received = frontegg_token_set_received_at_ms(set) / 1000;
    CHECK(issued <= received && received - issued < 60);
    CHECK(received <= (int64_t)time(NULL));

    /* An accessor answers the same string each time. */
    CHECK(frontegg_token_set_claims_json(set) == frontegg_token_set_claims_json(set));
    frontegg_token_set_free(set);
}

static void a_refresh_token_serves_once(const frontegg_client *client) {
    frontegg_token_set *first = authenticate(client);
    frontegg_token_set *second = NULL;
    frontegg_error *error = NULL;
    const char *token = frontegg_token_set_refresh_token(first);
    CHECK(frontegg_client_refresh(client, token, &second, &error) == FRONTEGG_STATUS_OK);
    CHECK(second != NULL && error == NULL);
    CHECK(strcmp(frontegg_token_set_refresh_token(second), token) != 0);
    CHECK_TEXT(frontegg_token_set_subject(second), variable("FRONTEGG_CLIENT_ID"));
    frontegg_token_set_free(second);

    const frontegg_status status = frontegg_client_refresh(client, token, &second, &error);
    CHECK(status == FRONTEGG_STATUS_REFRESH_REJECTED);
    CHECK(second == NULL);
    CHECK(frontegg_error_status(error) == status);
    CHECK_TEXT(frontegg_error_code(error), "refresh_rejected");
    CHECK(strstr(frontegg_error_message(error), "Refresh token is not valid") != NULL);
    CHECK(frontegg_error_http_status(error) == 401);
    CHECK(frontegg_error_message_count(error) == 1);
    CHECK_TEXT(frontegg_error_message_at(error, 0), "Refresh token is not valid");
    CHECK(frontegg_error_message_at(error, 1) == NULL);
    CHECK(frontegg_error_message_at(error, (size_t)-1) == NULL);
    CHECK(frontegg_error_error_code(error) == NULL);
    CHECK(strlen(frontegg_error_trace_id(error)) == 32);
    CHECK(frontegg_error_retry_after_ms(error) == -1);
    CHECK(frontegg_error_attempts(error) == 1);
    CHECK(!frontegg_error_retryable(error));
    frontegg_error_free(error);
    frontegg_token_set_free(first);
}

static void a_wrong_secret_is_told_without_being_repeated(const frontegg_client *client) {
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"), "planted", &set,
                                       &error) == FRONTEGG_STATUS_INVALID_CREDENTIALS);
    CHECK(set == NULL);
    CHECK(strstr(frontegg_error_message(error), "planted") == NULL);
    frontegg_error_free(error);

    /* Without a place for the error, the status alone tells. */
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"), "planted", &set,
                                       NULL) == FRONTEGG_STATUS_INVALID_CREDENTIALS);
}

static void text_that_is_not_utf8_is_an_invalid_argument(const frontegg_client *client) {
    frontegg_token_set *set = NULL;
    CHECK(frontegg_client_authenticate(client, "caf\xe9", "s", &set, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_client_authenticate(client, "c", "caf\xe9", &set, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_client_refresh(client, "caf\xe9", &set, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(frontegg_client_refresh(client, "", &set, NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
}

/* Makes a client of it, which has to fail, and checks the message. */
static void expect_bad(frontegg_config *config, const char *message) {
    frontegg_client *client = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_client_new(config, &client, &error) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(client == NULL);
    CHECK_TEXT(frontegg_error_message(error), message);
    CHECK(frontegg_error_attempts(error) == 0);
    frontegg_error_free(error);
    frontegg_config_free(config);
}

static void a_bad_setting_surfaces_in_client_new(void) {
    frontegg_config *config = frontegg_config_new();
    expect_bad(config, "give exactly one of region, domain and base_url");

    config = frontegg_config_new();
    frontegg_config_set_region(config, "us");
    frontegg_config_set_domain(config, "acme");
    expect_bad(config, "give exactly one of region, domain and base_url");

    config = frontegg_config_new();
    frontegg_config_set_region(config, "mars");
    expect_bad(config, "the region is none of eu, us, ca, au");

    /* The first bad value stays, whatever comes after it. */
    config = frontegg_config_new();
    frontegg_config_set_domain(config, "caf\xe9");
    frontegg_config_set_proxy(config, NULL);
    frontegg_config_set_domain(config, "acme");
    expect_bad(config, "the domain is not UTF-8");

    config = emulator_config();
    frontegg_config_set_deadline_ms(config, 0);
    expect_bad(config, "deadline is zero");

    config = emulator_config();
    frontegg_config_set_ca_pem(config, "no PEM", 6);
    expect_bad(config, "the roots hold no certificate");

    config = emulator_config();
    frontegg_config_add_header(config, "host", "elsewhere");
    expect_bad(config, "the header host cannot be set");

    config = frontegg_config_new();
    frontegg_config_set_base_url(config, "http://api.example.com");
    expect_bad(config,
               "plain http to a host that is not loopback is refused unless allow_http is set");
}

static void every_setting_is_taken(void) {
    frontegg_client *client = NULL;
    frontegg_config *config = frontegg_config_new();
    frontegg_config_set_region(config, "us");
    frontegg_config_set_vendor_host(config, "acme.frontegg.com");
    frontegg_config_set_allow_http(config, true);
    frontegg_config_set_connect_timeout_ms(config, 1000);
    frontegg_config_set_attempt_timeout_ms(config, 2000);
    frontegg_config_set_deadline_ms(config, UINT64_MAX);
    frontegg_config_set_retry_max_attempts(config, 1);
    frontegg_config_set_retry_base_delay_ms(config, 0);
    frontegg_config_set_retry_max_delay_ms(config, UINT64_MAX);
    frontegg_config_set_proxy(config, "http://user:password@127.0.0.1:3128");
    frontegg_config_set_roots(config, "bundled");
    frontegg_config_add_header(config, "x-gateway", "key");
    frontegg_config_set_bearer(config, "token");
    frontegg_config_set_user_agent_suffix(config, "api_test/1");
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_client_base_url(client), "https://api.us.frontegg.com/identity");
    frontegg_client_free(client);

    /* The config serves again, and the last value of a setting counts. */
    frontegg_config_set_region(config, "eu");
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_client_base_url(client), "https://api.frontegg.com/identity");
    frontegg_client_free(client);
    frontegg_config_free(config);

    config = frontegg_config_new();
    frontegg_config_set_domain(config, "acme");
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_client_base_url(client), "https://acme.frontegg.com/identity");
    frontegg_client_free(client);
    frontegg_config_free(config);
}

static void the_environment_names_the_endpoint(void) {
    frontegg_client *client = NULL;
    frontegg_token_set *set = NULL;
    frontegg_config *config = frontegg_config_new_from_env();
    frontegg_config_set_ca_file(config, variable("FRONTEGG_CA_FILE"));
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_client_base_url(client), variable("FRONTEGG_BASE_URL"));
    set = authenticate(client);
    frontegg_token_set_free(set);
    frontegg_client_free(client);

    frontegg_config_set_region(config, "us");
    expect_bad(config,
               "the endpoint is to come from the environment, and is given beside it");
}

static void a_closed_client_answers_closed(void) {
    frontegg_client *client = emulator_client();
    frontegg_token_set *set = authenticate(client);
    frontegg_token_set *none = NULL;
    frontegg_client_close(client);
    frontegg_client_close(client);
    CHECK(frontegg_client_refresh(client, frontegg_token_set_refresh_token(set), &none, NULL) ==
          FRONTEGG_STATUS_CLOSED);
    CHECK(none == NULL);
    frontegg_client_free(client);
    /* What it answered stays valid. */
    CHECK_TEXT(frontegg_token_set_subject(set), variable("FRONTEGG_CLIENT_ID"));
    frontegg_token_set_free(set);
}

static void the_library_names_itself(void) {
    CHECK(frontegg_abi_version() == FRONTEGG_ABI_VERSION);
    CHECK_TEXT(frontegg_version(), variable("EXPECTED_VERSION"));
    CHECK_TEXT(frontegg_status_name(FRONTEGG_STATUS_OK), "ok");
    CHECK_TEXT(frontegg_status_name(FRONTEGG_STATUS_RATE_LIMITED), "rate_limited");
    CHECK(frontegg_status_name(-1) == NULL);
    CHECK(frontegg_status_name(4) == NULL);
}

int main(void) {
    frontegg_client *client = emulator_client();
    a_token_set_tells_all(client);
    a_refresh_token_serves_once(client);
    a_wrong_secret_is_told_without_being_repeated(client);
    text_that_is_not_utf8_is_an_invalid_argument(client);
    frontegg_client_free(client);
    a_bad_setting_surfaces_in_client_new();
    every_setting_is_taken();
    the_environment_names_the_endpoint();
    a_closed_client_answers_closed();
    the_library_names_itself();
    return 0;
}
