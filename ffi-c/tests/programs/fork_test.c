/* A child goes on with its parent's client, on a connection of its own, and disturbs nobody. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static void authenticate(const frontegg_client *client) {
    frontegg_token_set *set = NULL;
    CHECK(frontegg_client_authenticate(client, variable("FRONTEGG_CLIENT_ID"),
                                       variable("FRONTEGG_SECRET"), &set, NULL) ==
          FRONTEGG_STATUS_OK);
    CHECK_TEXT(frontegg_token_set_subject(set), variable("FRONTEGG_CLIENT_ID"));
    frontegg_token_set_free(set);
}

int main(void) {
    frontegg_client *client = emulator_client();
    authenticate(client);
    const pid_t child = fork();
    CHECK(child >= 0);
    authenticate(client);
    authenticate(client);
    frontegg_client_free(client);
    if (child > 0) {
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return 0;
}
