/* A NUL inside what the service sends: the harness has it answer so, once for each call here. */
#include "check.h"

int main(void) {
    const char *id = variable("FRONTEGG_CLIENT_ID"), *secret = variable("FRONTEGG_SECRET");
    frontegg_client *client = emulator_client();
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;

    /* A message with one, and a code. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
          FRONTEGG_STATUS_REJECTED);
    CHECK(frontegg_error_message_count(error) == 1);
    fprintf(stderr, "%s\n", frontegg_error_message_at(error, 0));
    CHECK(strstr(frontegg_error_message_at(error, 0), "after") != NULL);
    CHECK(strstr(frontegg_error_message(error), "after") != NULL);
    frontegg_error_free(error);

    /* A claim with one: in the JSON it stays escaped. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_token_set_subject(set), "before\xef\xbf\xbd" "after");
    CHECK(strstr(frontegg_token_set_claims_json(set), "before\\u0000after") != NULL);
    frontegg_token_set_free(set);

    /* An access token with one is none. */
    CHECK(frontegg_client_authenticate(client, id, secret, &set, &error) ==
          FRONTEGG_STATUS_INVALID_RESPONSE);
    CHECK(set == NULL);
    frontegg_error_free(error);

    frontegg_client_free(client);
    return 0;
}
