/* Panics inside the library, on the caller's thread and on a renewal's: nothing is printed. Runs
 * with a library that panics on purpose. */
#include "check.h"

int main(void) {
    const char *secret = variable("FRONTEGG_SECRET");
    frontegg_client *client = emulator_client();
    frontegg_token_set *set = NULL;
    CHECK(frontegg_client_authenticate(client, "panic-on-purpose", secret, &set, NULL) ==
          FRONTEGG_STATUS_INTERNAL);
    frontegg_token_source *source = NULL;
    frontegg_access_token *token = NULL;
    CHECK(frontegg_token_source_new(client, "panic-on-purpose", secret, NULL, &source, NULL) ==
          FRONTEGG_STATUS_OK);
    CHECK(frontegg_token_source_token(source, &token, NULL) == FRONTEGG_STATUS_INTERNAL);
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    return 0;
}
