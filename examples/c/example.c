/* Authenticate, look at the claims, refresh, and see what a rejected refresh token looks like.
 *
 * Build it with
 *     cc example.c $(pkg-config --cflags --libs frontegg-token) -o example
 * and run it with FRONTEGG_BASE_URL (or FRONTEGG_DOMAIN, or FRONTEGG_REGION and
 * FRONTEGG_VENDOR_HOST), FRONTEGG_CLIENT_ID and FRONTEGG_SECRET in the environment, and
 * FRONTEGG_CA_FILE for a service whose certificate is not publicly trusted. */
#include <frontegg_token.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *or_dash(const char *text) { return text == NULL ? "-" : text; }

/* Never print a whole token. */
static void describe(const char *what, const frontegg_token_set *tokens) {
    printf("%s: %.6s… lives ", what, frontegg_token_set_access_token(tokens));
    const int64_t lifetime_ms = frontegg_token_set_lifetime_ms(tokens);
    if (lifetime_ms < 0) {
        printf("for one use"); /* nobody said */
    } else {
        printf("%" PRId64 " s", lifetime_ms / 1000);
    }
}

int main(void) {
    /* Handles are ours to free, whatever happens; NULL is a handle that is not there yet. */
    frontegg_client *client = NULL;
    frontegg_token_set *first = NULL, *second = NULL, *third = NULL;
    frontegg_error *error = NULL;

    /* The endpoint comes from the environment, every other setting is at its default. */
    frontegg_config *config = frontegg_config_new_from_env();
    const char *ca_file = getenv("FRONTEGG_CA_FILE");
    if (ca_file != NULL) frontegg_config_set_ca_file(config, ca_file);

    /* Make one client, and share it among the threads of the program. A bad setting shows here. */
    if (frontegg_client_new(config, &client, &error) != FRONTEGG_STATUS_OK) goto end;

    /* An API token is a client id and a secret, made in the workspace's settings. */
    if (frontegg_client_authenticate(client, getenv("FRONTEGG_CLIENT_ID"),
                                     getenv("FRONTEGG_SECRET"), &first,
                                     &error) != FRONTEGG_STATUS_OK)
        goto end;

    /* Send the access token to your API as `Authorization: Bearer`. Strings are borrowed: they live
     * as long as the token set. Claims are for display: their signature was not checked. */
    describe("authenticated", first);
    printf(", sub %s, tenant %s, type %s\n", or_dash(frontegg_token_set_subject(first)),
           or_dash(frontegg_token_set_tenant_id(first)),
           or_dash(frontegg_token_set_token_type(first)));

    /* Before the access token expires, the refresh token gets a new pair. */
    const char *refresh_token = frontegg_token_set_refresh_token(first);
    if (frontegg_client_refresh(client, refresh_token, &second, &error) != FRONTEGG_STATUS_OK)
        goto end;
    describe("refreshed", second);
    printf("\n");

    /* It is single-use: presented again, it is rejected, and the remedy is to authenticate. */
    if (frontegg_client_refresh(client, refresh_token, &third, &error) ==
        FRONTEGG_STATUS_REFRESH_REJECTED) {
        printf("consumed refresh token: %s: %s, trace %s\n", frontegg_error_code(error),
               frontegg_error_message(error), or_dash(frontegg_error_trace_id(error)));
        frontegg_error_free(error);
        error = NULL;
    }

end:;
    const int failed = error != NULL;
    if (failed) {
        fprintf(stderr, "%s: %s\n", frontegg_error_code(error), frontegg_error_message(error));
    }
    /* Every _free takes NULL, and the order does not matter. */
    frontegg_error_free(error);
    frontegg_token_set_free(third);
    frontegg_token_set_free(second);
    frontegg_token_set_free(first);
    frontegg_client_free(client);
    frontegg_config_free(config);
    return failed;
}
