"""Get a token, look at it, renew it, and see what a spent refresh token looks like.

Reads where and who from the environment:

    FRONTEGG_BASE_URL    (or FRONTEGG_DOMAIN, or FRONTEGG_REGION with FRONTEGG_VENDOR_HOST)
    FRONTEGG_CA_FILE     the certificate authority to trust, where it is a private one
    FRONTEGG_CLIENT_ID   the client id of an API token ...
    FRONTEGG_SECRET      ... and its secret
"""

from __future__ import annotations

import os

from frontegg_token import Client, RefreshRejectedError, TokenSet


def masked(token: str) -> str:
    """Show that there is a token, but not which: whoever has it can use it."""
    return token[:6] + "…"


def seconds(tokens: TokenSet) -> str:
    """Say how long the access token lives, which the service need not tell."""
    return "unknown" if tokens.lifetime is None else f"{tokens.lifetime:.0f} s"


def main() -> None:
    """Tell the story."""
    client_id, secret = os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_SECRET"]

    # One client for the whole program: it keeps connections, and threads may share it.
    with Client.from_env(ca_file=os.environ.get("FRONTEGG_CA_FILE")) as client:
        # The client id and secret become an access token, which goes with every request to
        # the API that you call, as `Authorization: Bearer <access token>`.
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
