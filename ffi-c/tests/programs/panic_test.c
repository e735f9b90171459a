/* A panic inside the library comes out as an error, and the client goes on. Runs with a library
 * that panics on purpose. */
#include "check.h"

static void expect_internal(frontegg_status status, frontegg_token_set *set,
                            frontegg_error *error) {
    CHECK(status == FRONTEGG_STATUS_INTERNAL);
    CHECK(set == NULL);
    CHECK_TEXT(frontegg_error_code(error), "internal");
    CHECK(strstr(frontegg_error_message(error), "panic-on-purpose") == NULL);
    CHECK(frontegg_error_http_status(error) == 0);
    CHECK(!frontegg_error_retryable(error));
    frontegg_error_free(error);
}

/* The renewal's thread panics, and all who wait for it are told. */
static void sources(const frontegg_client *client) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_token_source *source = NULL;
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_token_source_new(client, "panic-on-purpose", secret, NULL, &source, NULL) ==
          FRONTEGG_STATUS_OK);
    CHECK(frontegg_token_source_token(source, &token, &error) == FRONTEGG_STATUS_INTERNAL);
    CHECK(token == NULL);
    CHECK_TEXT(frontegg_error_code(error), "internal");
    CHECK(strstr(frontegg_error_message(error), "panic-on-purpose") == NULL);
    frontegg_error_free(error);
    CHECK(frontegg_token_source_token_with(source, 0, 60 * 1000, &token, NULL) ==
          FRONTEGG_STATUS_INTERNAL);
    CHECK(frontegg_token_source_peek(source) == NULL);
    CHECK(!frontegg_token_source_invalidate(source, "panic-on-purpose"));

    CHECK(frontegg_token_source_set_credentials(source, id, secret, NULL) == FRONTEGG_STATUS_OK);
    frontegg_access_token_free(token_of(source));
    frontegg_token_source_free(source);
}

int main(void) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_client *client = emulator_client();
    for (int i = 0; i < 3; ++i) {
        frontegg_token_set *set = NULL;
        frontegg_error *error = NULL;
        frontegg_status status =
            frontegg_client_authenticate(client, "panic-on-purpose", secret, &set, &error);
        expect_internal(status, set, error);
        status = frontegg_client_refresh(client, "panic-on-purpose", &set, &error);
        expect_internal(status, set, error);
        CHECK(frontegg_client_refresh(client, "panic-on-purpose", &set, NULL) ==
              FRONTEGG_STATUS_INTERNAL);

        CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
              FRONTEGG_STATUS_OK);
        frontegg_token_set_free(set);
    }
    sources(client);
    frontegg_client_free(client);
    return 0;
}
