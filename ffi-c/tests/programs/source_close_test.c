/* A caller waits as long as it wants, and closing wakes all who wait. A line on standard input says that the service has the request, which
 * it never answers. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

enum { THREADS = 16 };

static void *call(void *source) {
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;
    CHECK(frontegg_token_source_token(source, &token, &error) == FRONTEGG_STATUS_CLOSED);
    CHECK(token == NULL);
    CHECK_TEXT(frontegg_error_code(error), "closed");
    frontegg_error_free(error);
    return NULL;
}

static void *close_it(void *source) {
    frontegg_token_source_close(source);
    return NULL;
}

int main(void) {
    frontegg_client *client = emulator_client();
    frontegg_token_source *source = emulator_source(client, NULL);
    pthread_t threads[THREADS], other;
    frontegg_access_token *token = NULL;
    frontegg_error *error = NULL;

    /* One that does not wait, and one that does for a while; the renewal goes on. */
    for (uint64_t timeout = 0; timeout < 2; ++timeout) {
        CHECK(frontegg_token_source_token_with(source, 0, timeout, &token, &error) ==
              FRONTEGG_STATUS_TIMEOUT);
        CHECK(token == NULL);
        CHECK_TEXT(frontegg_error_code(error), "timeout");
        frontegg_error_free(error);
    }
    for (int i = 0; i < THREADS; ++i) {
        CHECK(pthread_create(&threads[i], NULL, call, source) == 0);
    }
    CHECK(getchar() == '\n');
    /* From two threads at once, and then once more by freeing. */
    CHECK(pthread_create(&other, NULL, close_it, source) == 0);
    frontegg_token_source_close(source);
    CHECK(pthread_join(other, NULL) == 0);
    for (int i = 0; i < THREADS; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    return 0;
}
