/* Sources that share their tokens: which store, who it is shared with, and what comes of a bad one. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

static frontegg_stats stats_of(const frontegg_token_source *source) {
    frontegg_stats stats;
    frontegg_token_source_stats(source, &stats, sizeof stats);
    return stats;
}

/* Where a source's first token comes from. The source is freed. */
static void expect_origin(frontegg_token_source *source, const char *origin) {
    const bool shared = strcmp(origin, "store") == 0;
    frontegg_access_token *token = token_of(source);
    CHECK_TEXT(frontegg_access_token_origin(token), origin);
    frontegg_access_token_free(token);
    const frontegg_stats stats = stats_of(source);
    CHECK(stats.store_hits == (shared ? 1 : 0) && stats.authentications == (shared ? 0 : 1));
    CHECK(stats.store_failures == 0 && frontegg_token_source_store_error(source) == NULL);
    frontegg_token_source_free(source);
}

/* A config with a store by its name, whose path comes behind it. */
static frontegg_source_config *named(const char *kind, const char *path) {
    char name[4096];
    CHECK(snprintf(name, sizeof name, "%s%s", kind, path) < (int)sizeof name);
    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_source_config_set_store_name(config, name);
    return config;
}

static frontegg_token_source *source_with(const frontegg_client *client,
                                          frontegg_source_config *config) {
    frontegg_token_source *source = emulator_source(client, config);
    frontegg_source_config_free(config);
    return source;
}

static void a_store_is_named(const frontegg_client *client) {
    const char *directory = variable("STORE_DIRECTORY");
    expect_origin(source_with(client, named("file:", directory)), "authenticate");
    expect_origin(source_with(client, named("file:", directory)), "store");
    expect_origin(source_with(client, named("memory", "")), "authenticate");

    frontegg_source_config *config = named("ftp://user:planted@host", "");
    frontegg_token_source *source = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_token_source_new(client, "id", "secret", config, &source, &error) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(source == NULL && strstr(frontegg_error_message(error), "planted") == NULL);
    frontegg_error_free(error);
    frontegg_source_config_free(config);
}

/* A config with a store, which is given up at once. */
static frontegg_source_config *given(frontegg_token_store *store) {
    frontegg_source_config *config = frontegg_source_config_new();
    frontegg_source_config_set_store_name(config, "memory");
    frontegg_source_config_set_store(config, store);
    frontegg_token_store_free(store);
    return config;
}

static void a_store_is_shared_and_freed_while_in_use(const frontegg_client *client) {
    frontegg_source_config *config = given(frontegg_token_store_new_memory());
    expect_origin(emulator_source(client, config), "authenticate");
    expect_origin(emulator_source(client, config), "store");
    frontegg_source_config_free(config);

    frontegg_token_store *store = NULL;
    CHECK(frontegg_token_store_new_file(variable("STORE_DIRECTORY"), &store, NULL) ==
          FRONTEGG_STATUS_OK);
    expect_origin(source_with(client, given(store)), "store");

    frontegg_error *error = NULL;
    CHECK(frontegg_token_store_new_file(variable("FRONTEGG_CA_FILE"), &store, &error) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(store == NULL && frontegg_error_message(error) != NULL);
    frontegg_error_free(error);
}

static void settings_of_redis_are_taken_or_refused(void) {
    frontegg_token_store *store = NULL;
    frontegg_error *error = NULL;
    frontegg_redis_config *config = frontegg_redis_config_new("rediss://user:planted@localhost/1");
    frontegg_redis_config_set_timeout_ms(config, 100);
    frontegg_redis_config_set_key_prefix(config, "acme:");
    frontegg_redis_config_set_roots(config, "bundled");
    frontegg_redis_config_set_ca_file(config, variable("FRONTEGG_CA_FILE"));
    CHECK(frontegg_token_store_new_redis(config, &store, NULL) == FRONTEGG_STATUS_OK);
    frontegg_token_store_free(store);
    frontegg_redis_config_set_timeout_ms(config, 0);
    CHECK(frontegg_token_store_new_redis(config, &store, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    frontegg_redis_config_free(config);

    config = frontegg_redis_config_new("ftp://user:planted@localhost");
    CHECK(frontegg_token_store_new_redis(config, &store, &error) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(store == NULL && strstr(frontegg_error_message(error), "planted") == NULL);
    frontegg_error_free(error);
    frontegg_redis_config_free(config);
}

static void the_environment_names_a_store(void) {
    char name[4096];
    snprintf(name, sizeof name, "file:%s", variable("STORE_DIRECTORY"));
    CHECK(setenv("FRONTEGG_TOKEN_STORE", name, 1) == 0);
    frontegg_config *client_config = frontegg_config_new_from_env();
    frontegg_config_set_ca_file(client_config, variable("FRONTEGG_CA_FILE"));
    frontegg_token_source *source = NULL;
    CHECK(frontegg_token_source_new_from_env(client_config, NULL, &source, NULL) ==
          FRONTEGG_STATUS_OK);
    expect_origin(source, "store");

    /* What the config has goes before. */
    frontegg_source_config *config = named("memory", "");
    CHECK(frontegg_token_source_new_from_env(client_config, config, &source, NULL) ==
          FRONTEGG_STATUS_OK);
    expect_origin(source, "authenticate");
    frontegg_source_config_free(config);

    CHECK(setenv("FRONTEGG_TOKEN_STORE", "nonsense", 1) == 0);
    CHECK(frontegg_token_source_new_from_env(client_config, NULL, &source, NULL) ==
          FRONTEGG_STATUS_INVALID_ARGUMENT);
    CHECK(unsetenv("FRONTEGG_TOKEN_STORE") == 0);
    frontegg_config_free(client_config);
}

static void count_failures(const frontegg_event *event, void *user_data) {
    if (event->kind == FRONTEGG_EVENT_KIND_STORE_FAILED) {
        CHECK(frontegg_error_status(event->error) == FRONTEGG_STATUS_STORE);
        ++*(int *)user_data;
    }
}

static void a_store_that_fails_is_told_of_and_done_without(const frontegg_client *client) {
    int told = 0;
    /* No directory can be made below a file. */
    char name[4096];
    snprintf(name, sizeof name, "file:%s/below", variable("FRONTEGG_CA_FILE"));
    frontegg_source_config *config = named(name, "");
    frontegg_source_config_set_observer(config, count_failures, &told);
    frontegg_token_source *source = source_with(client, config);
    frontegg_access_token *token = token_of(source);
    CHECK_TEXT(frontegg_access_token_origin(token), "authenticate");
    frontegg_access_token_free(token);

    CHECK(stats_of(source).store_failures == 1 && stats_of(source).failures == 0);
    frontegg_error *error = frontegg_token_source_store_error(source);
    frontegg_token_source_free(source);
    CHECK(told == 1);
    /* It is the caller's own. */
    CHECK_TEXT(frontegg_error_code(error), "store");
    CHECK(frontegg_error_retryable(error));
    frontegg_error_free(error);
}

int main(void) {
    frontegg_client *client = emulator_client();
    a_store_is_named(client);
    a_store_is_shared_and_freed_while_in_use(client);
    settings_of_redis_are_taken_or_refused();
    the_environment_names_a_store();
    a_store_that_fails_is_told_of_and_done_without(client);
    frontegg_client_free(client);
    return 0;
}
