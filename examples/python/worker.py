"""A worker of a fleet, which shares its token with all others through Redis or Valkey.

It reads a job a line, and calls an API for each. Where, who, and which store it reads from the
environment:

    FRONTEGG_BASE_URL     (or FRONTEGG_DOMAIN, or FRONTEGG_REGION with FRONTEGG_VENDOR_HOST)
    FRONTEGG_CA_FILE      the certificate authority to trust, where it is a private one
    FRONTEGG_CLIENT_ID    the client id of an API token ...
    FRONTEGG_SECRET       ... and its secret
    FRONTEGG_TOKEN_STORE  rediss://user:password@cache.example.com:6379/0
"""

from __future__ import annotations

import os
import sys

from frontegg_token import TokenSource


def main() -> None:
    """Work until there are no more jobs."""
    with TokenSource.from_env(ca_file=os.environ.get("FRONTEGG_CA_FILE")) as source:
        for job in sys.stdin:
            # From memory, but for the first time and when it is due: then whoever has the lease
            # of the store renews it for all.
            token = source.token()
            # Here the worker calls the API, which may have revoked the token meanwhile.
            if job.strip() == "answered 401":
                source.invalidate(token)
                token = source.token()
            info = source.info()
            origin = "unknown" if info is None else info.origin
            # Its end tells it from others. Never print a whole token.
            print(f"…{token[-6:]} by {origin}", flush=True)


if __name__ == "__main__":
    main()
