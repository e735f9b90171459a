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
    frontegg_client_free(client);
    return 0;
}
