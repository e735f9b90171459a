/* A thousand threads at once on one source: on an empty one, on one whose token has expired, and
 * on one whose service fails. The harness makes the service slow, and counts the requests. Runs
 * with a library whose clock can be moved. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

enum { THREADS = 1000 };

void frontegg_testing_advance_clock(uint64_t milliseconds);

static frontegg_token_source *source;
static pthread_barrier_t barrier;
static frontegg_access_token *tokens[THREADS];
static frontegg_error *errors[THREADS];

static void *call(void *argument) {
    const size_t index = (size_t)argument;
    const int arrived = pthread_barrier_wait(&barrier);
    CHECK(arrived == 0 || arrived == PTHREAD_BARRIER_SERIAL_THREAD);
    frontegg_token_source_token(source, &tokens[index], &errors[index]);
    return NULL;
}

static void all_at_once(void) {
    static pthread_t threads[THREADS];
    pthread_attr_t small;
    CHECK(pthread_attr_init(&small) == 0);
    CHECK(pthread_attr_setstacksize(&small, 256 * 1024) == 0);
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(pthread_create(&threads[i], &small, call, (void *)i) == 0);
    }
    for (size_t i = 0; i < THREADS; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_attr_destroy(&small) == 0);
}

/* All have the same token, got like this. */
static void expect_token(const char *origin) {
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(errors[i] == NULL);
        CHECK_TEXT(frontegg_access_token_origin(tokens[i]), origin);
        CHECK_TEXT(frontegg_access_token_token(tokens[i]), frontegg_access_token_token(tokens[0]));
    }
    for (size_t i = 0; i < THREADS; ++i) frontegg_access_token_free(tokens[i]);
}

int main(void) {
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    frontegg_config *config = emulator_config();
    frontegg_client *client = NULL;
    frontegg_config_set_retry_max_attempts(config, 1);
    CHECK(frontegg_client_new(config, &client, NULL) == FRONTEGG_STATUS_OK);
    frontegg_config_free(config);

    source = emulator_source(client, NULL);
    all_at_once();
    expect_token("authenticate");
    frontegg_testing_advance_clock(3600 * 1000);
    all_at_once();
    expect_token("refresh");
    frontegg_token_source_free(source);

    source = emulator_source(client, NULL);
    all_at_once();
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(tokens[i] == NULL);
        CHECK_TEXT(frontegg_error_code(errors[i]), "server_error");
        /* One answer, told to all. */
        CHECK_TEXT(frontegg_error_trace_id(errors[i]), frontegg_error_trace_id(errors[0]));
    }
    for (size_t i = 0; i < THREADS; ++i) frontegg_error_free(errors[i]);
    frontegg_stats stats;
    frontegg_token_source_stats(source, &stats, sizeof stats);
    CHECK(stats.failures == 1 && stats.authentications == 0);
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    return 0;
}
