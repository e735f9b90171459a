"""Have a valid token at hand; then the two calls below that, and a spent refresh token.

Reads where and who from the environment:

    FRONTEGG_BASE_URL    (or FRONTEGG_DOMAIN, or FRONTEGG_REGION with FRONTEGG_VENDOR_HOST)
    FRONTEGG_CA_FILE     the certificate authority to trust, where it is a private one
    FRONTEGG_CLIENT_ID   the client id of an API token ...
    FRONTEGG_SECRET      ... and its secret
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

from frontegg_token import Client, RefreshRejectedError, TokenSet, TokenSource


def masked(token: str) -> str:
    """Show that there is a token, but not which: whoever has it can use it."""
    return token[:6] + "…"


def seconds(tokens: TokenSet) -> str:
    """Say how long the access token lives, which the service need not tell."""
    return "unknown" if tokens.lifetime is None else f"{tokens.lifetime:.0f} s"


def origin(source: TokenSource) -> str:
    """Say what brought the current token, and how long it lives."""
    info = source.info()
    if info is None or info.expires_at is None:
        return "of unknown lifetime"
    left = info.expires_at - datetime.now(timezone.utc)
    return f"by {info.origin}, lives {left.total_seconds():.0f} s"


def counted(count: int, one: str, many: str) -> str:
    """Say how many."""
    return f"{count} {one if count == 1 else many}"


def at_hand(source: TokenSource) -> None:
    """Use a token source: what a program that calls an API wants."""
    # The first call gets a token, which goes with every request to the API that you call, as
    # `Authorization: Bearer <token>`. Ask for it each time, and keep it nowhere: the source
    # answers it from memory, and renews it before it expires.
    token = source.token()
    print(f"token: {masked(token)} {origin(source)}")
    print(f"the same token again: {'yes' if source.token() == token else 'no'}")

    # Where the API answers 401 all the same, say so: the next call has a new one.
    source.invalidate(token)
    token = source.token()
    print(f"after a 401 elsewhere: {masked(token)} {origin(source)}")
    stats = source.stats()
    print(
        f"stats: {counted(stats.authentications, 'authentication', 'authentications')}, "
        f"{counted(stats.refreshes, 'refresh', 'refreshes')}, {stats.failures} failures"
    )


def main() -> None:
    """Tell the story."""
    client_id, secret = os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_SECRET"]

    # One client and one source for the whole program: threads may share them.
    with Client.from_env(ca_file=os.environ.get("FRONTEGG_CA_FILE")) as client:
        with TokenSource(client, client_id, secret) as source:
            at_hand(source)

        # Below that are the two calls of the service, as they are.
        # The client id and secret become an access token and a refresh token.
        tokens = client.authenticate(client_id, secret)
        # What the token says of itself. Nobody has checked its signature here.
        claims = tokens.claims or {}
        print(
            f"authenticated: {masked(tokens.access_token)} lives {seconds(tokens)}, "
            f"sub {claims.get('sub')}, tenant {claims.get('tenantId')}, type {claims.get('type')}"
        )

        # Before it expires, the refresh token gets the next one, without the secret. The
        # service may leave it out; then you authenticate again.
        spent = tokens.refresh_token
        if spent is None:
            return
        tokens = client.refresh(spent)
        print(f"refreshed: {masked(tokens.access_token)} lives {seconds(tokens)}")

        # A refresh token works once. Every failure is a FronteggError; its class says which,
        # and its attributes say the rest. The remedy for this one is to authenticate.
        try:
            client.refresh(spent)
        except RefreshRejectedError as error:
            print(f"consumed refresh token: {error.code}: {error.message}, trace {error.trace_id}")


if __name__ == "__main__":
    main()
