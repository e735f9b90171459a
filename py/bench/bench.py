"""`bench.py [--async] CALLS [CALLERS]`: so many authentications, for core/benches/layers.py."""

import os
import sys

arguments = sys.argv[1:]
is_async = arguments[0] == "--async"
if is_async:
    arguments = arguments[1:]
calls = int(arguments[0])
callers = int(arguments[1]) if len(arguments) > 1 else 1
settings = {
    "base_url": os.environ["FRONTEGG_BASE_URL"],
    "ca_file": os.environ["FRONTEGG_CA_FILE"],
    "proxy": "none",
}
credentials = (os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_SECRET"])
# Shared by the callers; taking the next is atomic.
numbers = iter(range(calls))


def main() -> None:
    """Call from this thread, or from so many."""
    from frontegg_token import Client

    client = Client(**settings)

    def caller() -> None:
        for _ in numbers:
            client.authenticate(*credentials)

    if callers == 1:
        caller()
        return
    import threading

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def main_async() -> None:
    """Call from so many tasks."""
    import asyncio

    from frontegg_token import AsyncClient

    client = AsyncClient(**settings)

    async def caller() -> None:
        for _ in numbers:
            await client.authenticate(*credentials)

    await asyncio.gather(*(caller() for _ in range(callers)))


if is_async:
    import asyncio

    asyncio.run(main_async())
else:
    main()
