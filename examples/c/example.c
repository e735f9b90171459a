/* Keep a valid access token at hand; then the two calls beneath, and what a rejected refresh token
 * looks like.
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
#include <string.h>
#include <time.h>

static const char *or_dash(const char *text) { return text == NULL ? "-" : text; }

/* Never print a whole token. */
static void tell(const char *what, const frontegg_access_token *token) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    const int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    const int64_t left_ms = frontegg_access_token_expires_at_ms(token) - now_ms;
    printf("%s: %.6s… by %s, lives %" PRId64 " s\n", what, frontegg_access_token_token(token),
           frontegg_access_token_origin(token), (left_ms + 500) / 1000);
}

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
    frontegg_token_source *source = NULL;
    frontegg_access_token *token = NULL, *again = NULL, *renewed = NULL;
    frontegg_token_set *first = NULL, *second = NULL, *third = NULL;
    frontegg_error *error = NULL;

    /* An API token is a client id and a secret, made in the workspace's settings. */
    const char *client_id = getenv("FRONTEGG_CLIENT_ID"), *secret = getenv("FRONTEGG_SECRET");

    /* The endpoint comes from the environment, every other setting is at its default. */
    frontegg_config *config = frontegg_config_new_from_env();
    const char *ca_file = getenv("FRONTEGG_CA_FILE");
    if (ca_file != NULL) frontegg_config_set_ca_file(config, ca_file);

    /* Make one client, and one source for each API token, and share them among the threads of the
     * program. A bad setting shows here. */
    if (frontegg_client_new(config, &client, &error) != FRONTEGG_STATUS_OK) goto end;
    if (frontegg_token_source_new(client, client_id, secret, NULL, &source, &error) !=
        FRONTEGG_STATUS_OK)
        goto end;

    /* Ask the source each time that you call your API, and send what it answers: the string of
     * frontegg_access_token_authorization is the value of the header `Authorization`. */
    if (frontegg_token_source_token(source, &token, &error) != FRONTEGG_STATUS_OK) goto end;
    tell("token", token);

    /* While the token is fresh that costs some nanoseconds; then it is renewed in good time. */
    if (frontegg_token_source_token(source, &again, &error) != FRONTEGG_STATUS_OK) goto end;
    const char *text = frontegg_access_token_token(token);
    printf("the same token again: %s\n",
           strcmp(frontegg_access_token_token(again), text) == 0 ? "yes" : "no");

    /* If your API answers 401 all the same, say so, and ask once more. */
    frontegg_token_source_invalidate(source, text);
    if (frontegg_token_source_token(source, &renewed, &error) != FRONTEGG_STATUS_OK) goto end;
    tell("after a 401 elsewhere", renewed);

    frontegg_stats stats;
    frontegg_token_source_stats(source, &stats, sizeof stats);
    printf("stats: %" PRIu64 " authentication, %" PRIu64 " refresh, %" PRIu64 " failures\n",
           stats.authentications, stats.refreshes, stats.failures);

    /* Beneath are two calls. Authenticate: strings are borrowed, they live as long as the token
     * set. Claims are for display: their signature was not checked. */
    if (frontegg_client_authenticate(client, client_id, secret, &first, &error) !=
        FRONTEGG_STATUS_OK)
        goto end;
    describe("authenticated", first);
    printf(", sub %s, tenant %s, type %s\n", or_dash(frontegg_token_set_subject(first)),
           or_dash(frontegg_token_set_tenant_id(first)),
           or_dash(frontegg_token_set_token_type(first)));

    /* Refresh: before the access token expires, the refresh token gets a new pair. */
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
    frontegg_access_token_free(renewed);
    frontegg_access_token_free(again);
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    frontegg_config_free(config);
    return failed;
}
