/* Odd answers, which the harness has the service give, one for each call here. */
#include "check.h"

int main(void) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_client *client = emulator_client();
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;

    /* A NUL inside a message. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
          FRONTEGG_STATUS_REJECTED);
    CHECK(frontegg_error_message_count(error) == 1);
    CHECK(strstr(frontegg_error_message_at(error, 0), "after") != NULL);
    CHECK(strstr(frontegg_error_message(error), "after") != NULL);
    frontegg_error_free(error);

    /* In a claim; in the JSON it stays escaped. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_token_set_subject(set), "before\xef\xbf\xbd" "after");
    CHECK(strstr(frontegg_token_set_claims_json(set), "before\\u0000after") != NULL);
    frontegg_token_set_free(set);

    /* In an access token, which is none then. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
          FRONTEGG_STATUS_INVALID_RESPONSE);
    CHECK(set == NULL);
    frontegg_error_free(error);

    /* Every fact at once, and a wait that the deadline cannot hold. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
          FRONTEGG_STATUS_RATE_LIMITED);
    CHECK_TEXT(frontegg_error_code(error), "rate_limited");
    CHECK(frontegg_error_http_status(error) == 429);
    CHECK(frontegg_error_message_count(error) == 2);
    CHECK_TEXT(frontegg_error_message_at(error, 0), "first");
    CHECK_TEXT(frontegg_error_message_at(error, 1), "second");
    CHECK_TEXT(frontegg_error_error_code(error), "ER-00429");
    CHECK(frontegg_error_retry_after_ms(error) == 3600 * 1000);
    CHECK(frontegg_error_attempts(error) == 1);
    CHECK(frontegg_error_retryable(error));
    frontegg_error_free(error);

    /* What a second attempt mends is no error. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) == FRONTEGG_STATUS_OK);
    frontegg_token_set_free(set);

    /* Nothing but a token, and that no JWT. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_token_set_access_token(set), "opaque");
    CHECK(frontegg_token_set_refresh_token(set) == NULL);
    CHECK(frontegg_token_set_lifetime_ms(set) == -1);
    CHECK(frontegg_token_set_expires(set) == NULL);
    CHECK(frontegg_token_set_claims_json(set) == NULL);
    CHECK(frontegg_token_set_subject(set) == NULL);
    CHECK(frontegg_token_set_issued_at(set) == -1);
    frontegg_token_set_free(set);

    frontegg_client_free(client);
    return 0;
}
