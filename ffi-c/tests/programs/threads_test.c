/* Two clients with different credentials, each shared by 64 threads, CALLS calls in total. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 64 };

static frontegg_client *clients[2];
static const char *ids[2], *secrets[2];
static atomic_int left;

static void *work(void *unused) {
    (void)unused;
    for (;;) {
        const int ticket = atomic_fetch_sub(&left, 1);
        if (ticket <= 0) return NULL;
        const int which = ticket % 2;
        frontegg_token_set *set = NULL;
        frontegg_error *error = NULL;
        const frontegg_status status =
            frontegg_client_authenticate(clients[which], ids[which], secrets[which], &set, &error);
        if (status != FRONTEGG_STATUS_OK) fprintf(stderr, "%s\n", frontegg_error_message(error));
        CHECK(status == FRONTEGG_STATUS_OK);
        CHECK(error == NULL);
        CHECK_TEXT(frontegg_token_set_subject(set), ids[which]);
        frontegg_token_set_free(set);
    }
}

int main(void) {
    pthread_t threads[THREADS];
    ids[0] = variable("FRONTEGG_CLIENT_ID");
    secrets[0] = variable("FRONTEGG_SECRET");
    ids[1] = variable("OTHER_CLIENT_ID");
    secrets[1] = variable("OTHER_SECRET");
    atomic_init(&left, atoi(variable("CALLS")));
    clients[0] = emulator_client();
    clients[1] = emulator_client();
    for (int i = 0; i < THREADS; ++i) CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < THREADS; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    frontegg_client_free(clients[0]);
    frontegg_client_free(clients[1]);
    return 0;
}
