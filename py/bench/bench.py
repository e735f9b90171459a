"""What calls cost, for core/benches/layers.py and by hand.

`bench.py [--async] CALLS [CALLERS]` makes so many authentications;
`bench.py [--async] cached CALLS [THREADS]` prints the nanoseconds of a call for a fresh token, in
each of so many threads at once (each with a loop of its own);
`bench.py [--async] herd [CALLERS]` prints the milliseconds from the first call to the last answer
where 1,000 threads or tasks ask an empty source at once.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

arguments = sys.argv[1:]
is_async = arguments[0] == "--async"
if is_async:
    arguments = arguments[1:]
mode = arguments.pop(0) if arguments[0] in ("cached", "herd") else "calls"
settings = {
    "base_url": os.environ["FRONTEGG_BASE_URL"],
    "ca_file": os.environ["FRONTEGG_CA_FILE"],
    "proxy": "none",
}
credentials = (os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_SECRET"])


def argument(index: int, default: int) -> int:
    """Give an argument that is a number."""
    return int(arguments[index]) if len(arguments) > index else default


def in_threads(work: Callable[[], object], count: int) -> None:
    """Run it in so many threads, and wait for them."""
    import threading

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def calls() -> None:
    """Authenticate from this thread, or from so many."""
    from frontegg_token import Client

    client = Client(**settings)
    # Shared by the callers; taking the next is atomic.
    numbers = iter(range(int(arguments[0])))

    def caller() -> None:
        for _ in numbers:
            client.authenticate(*credentials)

    callers = argument(1, 1)
    if callers == 1:
        caller()
    else:
        in_threads(caller, callers)


async def calls_async() -> None:
    """Authenticate from so many tasks."""
    import asyncio

    from frontegg_token import AsyncClient

    client = AsyncClient(**settings)
    numbers = iter(range(int(arguments[0])))

    async def caller() -> None:
        for _ in numbers:
            await client.authenticate(*credentials)

    await asyncio.gather(*(caller() for _ in range(argument(1, 1))))


def cached() -> None:
    """Ask for a fresh token, again and again."""
    import asyncio
    import threading

    from frontegg_token import AsyncTokenSource, Client, TokenSource

    count, threads = int(arguments[0]), argument(1, 1)
    source = (AsyncTokenSource if is_async else TokenSource)(Client(**settings), *credentials)
    ready = threading.Barrier(threads)
    spans = []

    def ask() -> None:
        source.token()
        ready.wait()
        start = time.perf_counter()
        for _ in range(count):
            source.token()
        spans.append(time.perf_counter() - start)

    async def ask_async() -> None:
        await source.token()
        ready.wait()
        start = time.perf_counter()
        for _ in range(count):
            await source.token()
        spans.append(time.perf_counter() - start)

    in_threads((lambda: asyncio.run(ask_async())) if is_async else ask, threads)
    print(f"{sum(spans) / threads / count * 1e9:.1f}")


def herd() -> None:
    """Ask an empty source from many threads at once."""
    import threading

    from frontegg_token import Client, TokenSource

    callers = argument(0, 1000)
    source = TokenSource(Client(**settings), *credentials)
    ready = threading.Barrier(callers)
    starts, ends = [], []

    def ask() -> None:
        ready.wait()
        starts.append(time.perf_counter())
        source.token()
        ends.append(time.perf_counter())

    in_threads(ask, callers)
    print(f"{(max(ends) - min(starts)) * 1e3:.1f}")


async def herd_async() -> None:
    """Ask an empty source from many tasks at once."""
    import asyncio

    from frontegg_token import AsyncTokenSource, Client

    source = AsyncTokenSource(Client(**settings), *credentials)
    start = time.perf_counter()
    await asyncio.gather(*(source.token() for _ in range(argument(0, 1000))))
    print(f"{(time.perf_counter() - start) * 1e3:.1f}")


if mode == "cached":
    cached()
elif is_async:
    import asyncio

    asyncio.run(herd_async() if mode == "herd" else calls_async())
elif mode == "herd":
    herd()
else:
    calls()
