/* `bench CALLS [CALLERS]`: makes so many authentications and exits, for core/benches/layers.py. */

#include <frontegg_token.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static frontegg_client *client;
static const char *client_id, *secret;
static atomic_long left;

static void *caller(void *unused) {
    while (atomic_fetch_sub(&left, 1) > 0) {
        frontegg_token_set *tokens = NULL;
        frontegg_error *error = NULL;
        if (frontegg_client_authenticate(client, client_id, secret, &tokens, &error) != 0) {
            fprintf(stderr, "%s\n", frontegg_error_message(error));
            exit(1);
        }
        frontegg_token_set_free(tokens);
    }
    return unused;
}

int main(int argc, char **argv) {
    long callers = argc > 2 ? atol(argv[2]) : 1;
    left = argc > 1 ? atol(argv[1]) : 1;
    client_id = getenv("FRONTEGG_CLIENT_ID");
    secret = getenv("FRONTEGG_SECRET");

    frontegg_config *config = frontegg_config_new();
    frontegg_config_set_base_url(config, getenv("FRONTEGG_BASE_URL"));
    frontegg_config_set_ca_file(config, getenv("FRONTEGG_CA_FILE"));
    frontegg_config_set_proxy(config, "none");
    frontegg_error *error = NULL;
    if (frontegg_client_new(config, &client, &error) != 0) {
        fprintf(stderr, "%s\n", frontegg_error_message(error));
        return 1;
    }
    frontegg_config_free(config);

    if (callers == 1) {
        caller(NULL);
    } else {
        pthread_t *threads = calloc((size_t)callers, sizeof *threads);
        for (long i = 0; i < callers; i++) pthread_create(&threads[i], NULL, caller, NULL);
        for (long i = 0; i < callers; i++) pthread_join(threads[i], NULL);
        free(threads);
    }
    frontegg_client_free(client);
    return 0;
}
