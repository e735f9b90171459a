/* Closing interrupts a call in another thread. A line on standard input says that the service has
 * the request, which it never answers. */
#include "check.h"

#include <pthread.h>

static void *call(void *client) {
    frontegg_token_set *set = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"),
                                       variable("FRONTEGG_SECRET"), &set, &error) ==
          FRONTEGG_STATUS_CLOSED);
    CHECK(set == NULL);
    CHECK_TEXT(frontegg_error_code(error), "closed");
    frontegg_error_free(error);
    return NULL;
}

int main(void) {
    frontegg_client *client = emulator_client();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, call, client) == 0);
    CHECK(getchar() == '\n');
    frontegg_client_close(client);
    CHECK(pthread_join(thread, NULL) == 0);
    frontegg_client_free(client);
    return 0;
}
