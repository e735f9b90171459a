/* The source from its first token to its end, every accessor and every setting. */
#include "check.h"

#include <time.h>

static frontegg_stats stats_of(const frontegg_token_source *source) {
    frontegg_stats stats;
    frontegg_token_source_stats(source, &stats, sizeof stats);
    return stats;
}

static void a_token_tells_all(const frontegg_client *client) {
    frontegg_token_source *source = emulator_source(client, NULL);
    CHECK(frontegg_token_source_peek(source) == NULL);
    frontegg_access_token *token = token_of(source);

    const char *text = frontegg_access_token_token(token);
    const char *authorization = frontegg_access_token_authorization(token);
    CHECK(strncmp(text, "eyJ", 3) == 0);
    CHECK(strncmp(authorization, "Bearer ", 7) == 0);
    CHECK_TEXT(authorization + 7, text);
    CHECK_TEXT(frontegg_access_token_origin(token), "authenticate");
    CHECK_TEXT(frontegg_access_token_subject(token), variable("FRONTEGG_CLIENT_ID"));
    CHECK_TEXT(frontegg_access_token_tenant_id(token), variable("EXPECTED_TENANT_ID"));
    CHECK_TEXT(frontegg_access_token_token_type(token), "tenantApiToken");
    CHECK(strstr(frontegg_access_token_claims_json(token), "\"tenantId\":") != NULL);
    const int64_t issued = frontegg_access_token_issued_at(token);
    CHECK(frontegg_access_token_claimed_expiry(token) == issued + 3600);

    /* By one clock, since the emulator is on this machine: at most a minute for the call. */
    const int64_t now = (int64_t)time(NULL) * 1000;
    const int64_t expires = frontegg_access_token_expires_at_ms(token);
    const int64_t due = frontegg_access_token_renewal_due_at_ms(token);
    CHECK(expires > now + 3540 * 1000 && expires < now + 3601 * 1000);
    CHECK(due >= expires - 1080 * 1000 && due <= expires - 720 * 1000);

    /* It stays readable when its source is gone. */
    frontegg_token_source_free(source);
    CHECK_TEXT(frontegg_access_token_subject(token), variable("FRONTEGG_CLIENT_ID"));
    CHECK(frontegg_access_token_claims_json(token) == frontegg_access_token_claims_json(token));
    frontegg_access_token_free(token);
}

static void a_fresh_token_serves_until_it_is_invalidated(const frontegg_client *client) {
    frontegg_token_source *source = emulator_source(client, NULL);
    frontegg_access_token *first = token_of(source), *again = token_of(source);
    frontegg_access_token *peeked = frontegg_token_source_peek(source), *with = NULL;
    /* One string for all of them, and each is freed for itself. */
    const char *text = frontegg_access_token_token(first);
    CHECK(frontegg_access_token_token(again) == text);
    CHECK(frontegg_access_token_token(peeked) == text);
    CHECK(frontegg_token_source_token_with(source, 60 * 1000, 0, &with, NULL) ==
          FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_access_token_token(with), text);
    frontegg_access_token_free(with);
    frontegg_access_token_free(peeked);
    frontegg_access_token_free(again);

    CHECK(!frontegg_token_source_invalidate(source, "another"));
    CHECK(!frontegg_token_source_invalidate(source, "caf\xe9"));
    CHECK(frontegg_token_source_invalidate(source, text));
    CHECK(!frontegg_token_source_invalidate(source, text));
    CHECK(frontegg_token_source_peek(source) == NULL);
    frontegg_access_token *second = token_of(source);
    CHECK_TEXT(frontegg_access_token_origin(second), "refresh");
    CHECK(strcmp(frontegg_access_token_token(second), text) != 0);
    CHECK(strncmp(text, "eyJ", 3) == 0);
    frontegg_access_token_free(first);
    frontegg_access_token_free(second);

    const frontegg_stats stats = stats_of(source);
    CHECK(stats.authentications == 1 && stats.refreshes == 1 && stats.waits == 2);
    CHECK(stats.fallbacks == 0 && stats.failures == 0 && stats.store_hits == 0);
    CHECK(!stats.authenticating_only);
    /* A caller of an older version gets the members that it knows. */
    uint64_t older[2] = {7, 7};
    frontegg_token_source_stats(source, (frontegg_stats *)older, sizeof older[0]);
    CHECK(older[0] == 1 && older[1] == 7);
    frontegg_token_source_free(source);
}

static void a_call_wants_what_it_says(const frontegg_client *client) {
    frontegg_token_source *source = emulator_source(client, NULL);
    frontegg_access_token *token = NULL;
    CHECK(frontegg_token_source_token_with(source, 0, 60 * 1000, &token, NULL) ==
          FRONTEGG_STATUS_OK);
    frontegg_access_token_free(token);
    CHECK(stats_of(source).authentications == 1);

    /* More than a token's whole life cannot be had. */
    CHECK(frontegg_token_source_token_with(source, 3600 * 1000, FRONTEGG_SOURCE_DEADLINE, &token,
                                           NULL) == FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(token == NULL);
    frontegg_token_source_free(source);
}

static void a_wrong_secret_is_remembered_until_there_is_another(const frontegg_client *client) {
    const char *id = variable("FRONTEGG_CLIENT_ID");
    frontegg_token_source *source = emulator_source(client, NULL);
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_token_source_set_credentials(source, id, "", &error) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK_TEXT(frontegg_error_message(error), "the secret is empty");
    frontegg_error_free(error);
    CHECK(frontegg_token_source_set_credentials(source, id, "caf\xe9", NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);

    CHECK(frontegg_token_source_set_credentials(source, id, "planted", NULL) ==
          FRONTEGG_STATUS_OK);
    for (int i = 0; i < 3; ++i) {
        CHECK(frontegg_token_source_token(source, &token, &error) ==
              FRONTEGG_STATUS_INVALID_CREDENTIALS);
        CHECK(token == NULL);
        CHECK(strstr(frontegg_error_message(error), "planted") == NULL);
        frontegg_error_free(error);
    }
    CHECK(stats_of(source).failures == 1);
    CHECK(frontegg_token_source_set_credentials(source, id, variable("FRONTEGG_SECRET"), NULL) ==
          FRONTEGG_STATUS_OK);
    frontegg_access_token_free(token_of(source));

    /* Another API token: the one at hand is not its. */
    CHECK(frontegg_token_source_set_credentials(source, variable("OTHER_CLIENT_ID"),
                                                variable("OTHER_SECRET"), NULL) ==
          FRONTEGG_STATUS_OK);
    token = token_of(source);
    CHECK_TEXT(frontegg_access_token_subject(token), variable("OTHER_CLIENT_ID"));
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);
}

static void a_closed_source_answers_closed(const frontegg_client *client) {
    frontegg_token_source *source = emulator_source(client, NULL);
    frontegg_access_token *token = token_of(source), *none = NULL;
    frontegg_token_source_close(source);
    frontegg_token_source_close(source);
    CHECK(frontegg_token_source_token(source, &none, NULL) == FRONTEGG_STATUS_CLOSED);
    CHECK(none == NULL);
    CHECK(frontegg_token_source_peek(source) == NULL);
    CHECK_TEXT(frontegg_access_token_origin(token), "authenticate");
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);

    /* Its client is open still. */
    source = emulator_source(client, NULL);
    frontegg_access_token_free(token_of(source));
    frontegg_token_source_free(source);
}

static void expect_bad(frontegg_source_config *config, const frontegg_client *client,
                       const char *message) {
    frontegg_token_source *source = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_token_source_new(client, "id", "secret", config, &source, &error) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(source == NULL);
    CHECK_TEXT(frontegg_error_message(error), message);
    frontegg_error_free(error);
    frontegg_source_config_free(config);
}

static void settings_are_taken_or_refused(const frontegg_client *client) {
    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_source_config_set_renewal_window(config, 0.25, 0.25);
    frontegg_source_config_set_policy(config, "authenticate_only");
    frontegg_source_config_set_deadline_ms(config, UINT64_MAX);
    frontegg_token_source *source = emulator_source(client, config);
    frontegg_access_token *token = token_of(source);
    const int64_t left = frontegg_access_token_expires_at_ms(token) -
                         frontegg_access_token_renewal_due_at_ms(token);
    CHECK(left >= 2699 * 1000 && left <= 2701 * 1000);
    CHECK(frontegg_token_source_invalidate(source, frontegg_access_token_token(token)));
    frontegg_access_token_free(token);
    token = token_of(source);
    CHECK_TEXT(frontegg_access_token_origin(token), "authenticate");
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);

    frontegg_source_config_set_deadline_ms(config, 0);
    expect_bad(config, client, "deadline is zero");
    config = frontegg_source_config_new();
    frontegg_source_config_set_renewal_window(config, 0.8, 0.7);
    expect_bad(config, client, "renewal_window is not a range within 0 to 1");
    /* The first bad value stays, whatever comes after it. */
    config = frontegg_source_config_new();
    frontegg_source_config_set_policy(config, "caf\xe9");
    frontegg_source_config_set_policy(config, "auto");
    expect_bad(config, client, "the policy is not UTF-8");
    config = frontegg_source_config_new();
    frontegg_source_config_set_policy(config, "lazy");
    expect_bad(config, client,
               "the policy is none of auto, refresh_first, authenticate_only");
}

static void the_environment_names_all(void) {
    frontegg_token_source *source = NULL;
    frontegg_config *config = frontegg_config_new_from_env();
    frontegg_config_set_ca_file(config, variable("FRONTEGG_CA_FILE"));
    CHECK(frontegg_token_source_new_from_env(config, NULL, &source, NULL) == FRONTEGG_STATUS_OK);
    frontegg_access_token *token = token_of(source);
    CHECK_TEXT(frontegg_access_token_subject(token), variable("FRONTEGG_CLIENT_ID"));
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);

    /* Alone, it knows no CA of ours: over HTTP that does not matter. */
    CHECK(frontegg_token_source_new_from_env(NULL, NULL, &source, NULL) == FRONTEGG_STATUS_OK);
    const frontegg_status status = frontegg_token_source_token(source, &token, NULL);
    const bool secure = strncmp(variable("FRONTEGG_BASE_URL"), "https", 5) == 0;
    CHECK(status == (secure ? FRONTEGG_STATUS_TLS : FRONTEGG_STATUS_OK));
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);

    frontegg_config_set_region(config, "us");
    CHECK(frontegg_token_source_new_from_env(config, NULL, &source, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(source == NULL);
    frontegg_config_free(config);
}

int main(void) {
    frontegg_client *client = emulator_client();
    a_token_tells_all(client);
    a_fresh_token_serves_until_it_is_invalidated(client);
    a_call_wants_what_it_says(client);
    a_wrong_secret_is_remembered_until_there_is_another(client);
    a_closed_source_answers_closed(client);
    settings_are_taken_or_refused(client);
    the_environment_names_all();
    frontegg_client_free(client);
    return 0;
}
