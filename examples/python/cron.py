"""A job that cron starts every minute. All its runs share one token, through a file.

Reads where and who from the environment:

    FRONTEGG_BASE_URL    (or FRONTEGG_DOMAIN, or FRONTEGG_REGION with FRONTEGG_VENDOR_HOST)
    FRONTEGG_CA_FILE     the certificate authority to trust, where it is a private one
    FRONTEGG_CLIENT_ID   the client id of an API token ...
    FRONTEGG_SECRET      ... and its secret
"""

from __future__ import annotations

import os

from frontegg_token import TokenSource


def main() -> None:
    """Do the job."""
    # The file is in this user's cache directory, and sealed with the secret.
    with TokenSource.from_env(store="file", ca_file=os.environ.get("FRONTEGG_CA_FILE")) as source:
        # The first run authenticates. The next ones find its token, for as long as it is fresh,
        # and then whoever comes first refreshes it for all.
        token = source.token()
        info = source.info()
        origin = "unknown" if info is None else info.origin
        # Here the job calls an API, with `Authorization: Bearer <token>`.
        print(f"{token[:6]}… by {origin}")


if __name__ == "__main__":
    main()
