/* Two hundred children, forked while a renewal is in flight. Each goes on with its parent's token,
 * and renews by itself once that has expired. A line on standard input says that the service holds
 * the parent's refresh; one on standard output, that it may answer. Runs with a library whose clock
 * can be moved. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 200 };

void frontegg_testing_advance_clock(uint64_t milliseconds);

static void child(frontegg_token_source *source, const char *parents, int number) {
    /* A child that hangs is a failure. */
    alarm(60);
    frontegg_access_token *token = token_of(source);
    CHECK_TEXT(frontegg_access_token_token(token), parents);
    frontegg_access_token_free(token);
    if (number % 4 == 0) {
        frontegg_testing_advance_clock(3600 * 1000);
        token = token_of(source);
        CHECK(strcmp(frontegg_access_token_token(token), parents) != 0);
        /* Never by its parent's refresh token. */
        CHECK_TEXT(frontegg_access_token_origin(token), "authenticate");
        frontegg_access_token_free(token);
    }
    if (number % 8 == 1) {
        /* Due, whatever its parent does about it: the child has it renewed, and goes on meanwhile. */
        for (int is_old = 1; is_old;) {
            token = token_of(source);
            is_old = strcmp(frontegg_access_token_token(token), parents) == 0;
            frontegg_access_token_free(token);
        }
    }
    if (number % 3 == 0) frontegg_token_source_close(source);
    if (number % 2 == 0) frontegg_token_source_free(source);
    _exit(0);
}

int main(void) {
    frontegg_client *client = emulator_client();
    frontegg_token_source *source = emulator_source(client, NULL);
    frontegg_access_token *token = token_of(source);
    const char *text = frontegg_access_token_token(token);

    /* Due: the next call has it renewed in the background, and goes on with the one there is. */
    frontegg_testing_advance_clock(3000 * 1000);
    frontegg_access_token *still = token_of(source);
    CHECK_TEXT(frontegg_access_token_token(still), text);
    frontegg_access_token_free(still);
    CHECK(getchar() == '\n');

    for (int i = 0; i < CHILDREN; ++i) {
        const pid_t process = fork();
        CHECK(process >= 0);
        if (process == 0) child(source, text, i);
        int status = -1;
        CHECK(waitpid(process, &status, 0) == process);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    puts("the children are done");
    fflush(stdout);

    /* The parent's own renewal was disturbed by none of them. */
    frontegg_access_token *next = NULL;
    CHECK(frontegg_token_source_token_with(source, 1800 * 1000, FRONTEGG_SOURCE_DEADLINE, &next,
                                           NULL) == FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_access_token_origin(next), "refresh");
    frontegg_access_token_free(next);
    frontegg_access_token_free(token);
    frontegg_token_source_free(source);
    frontegg_client_free(client);
    return 0;
}
