"""The driver of Python: does what each line on standard input asks, and answers it in a line.

With ``--async`` it does so through ``AsyncClient`` and ``AsyncTokenSource``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sources import Sources, about, facts
from stores import seconds

from frontegg_token import (
    AsyncClient,
    AsyncTokenSource,
    Client,
    FronteggError,
    RetryPolicy,
    TokenSet,
    TokenSource,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

Json = dict[str, Any]

RETRY = {"max_attempts", "base_delay", "max_delay"}
"""Settings that go into the retry policy."""


def client_settings(given: Json) -> Json:
    """Give a client's settings from those of the protocol."""
    settings = seconds(given)
    policy = {name: settings.pop(name) for name in RETRY & settings.keys()}
    settings["retry"] = RetryPolicy(**policy)
    if "client_certificate_pem" in settings:
        pair = settings.pop("client_certificate_pem"), settings.pop("client_key_pem")
        settings["client_certificate"] = pair
    return settings


def token_set(client: Client | AsyncClient, tokens: TokenSet) -> Json:
    """Answer a success."""
    lifetime = tokens.lifetime
    return {
        "ok": {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "lifetime_ms": None if lifetime is None else round(lifetime * 1000),
            "expires": tokens.expires,
            "trace_id": tokens.trace_id,
            "received_at_ms": round(tokens.received_at.timestamp() * 1000),
            "claims": tokens.claims,
        },
        "shown": f"{tokens!r} {tokens} {client!r} {client}",
    }


def failure(shown: object, error: FronteggError) -> Json:
    """Answer a failure of what is shown too."""
    return {"error": facts(error), "shown": f"{error!r} {error} {shown!r} {shown}"}


def errors() -> Json:
    """Answer the table of errors as Python knows it: one class for each."""
    table = sorted((cls.number, cls.code) for cls in FronteggError.__subclasses__())
    return {"ok": {"errors": [{"number": number, "code": code} for number, code in table]}}


class Base:
    """What is alike for both kinds of clients and sources: all that does not wait."""

    client_class: Any
    source_class: Any

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.sources = Sources(self.source_class, client_settings)

    def do(self, request: Json) -> Json:
        """Do what a request asks."""
        op = request["op"]
        if op == "errors":
            return errors()
        name = request.get("client", "")
        try:
            if op == "new_client":
                settings = client_settings(request["settings"])
                from_env = settings.pop("from_env", False)
                make = self.client_class.from_env if from_env else self.client_class
                self.clients[name] = make(**settings)
            elif op == "close":
                self.clients[name].close()
            elif op == "drop":
                del self.clients[name]
            else:
                return self.sources.handle(request, self.clients.get(name))
        except FronteggError as error:
            return failure(None, error)
        return {"ok": {}}

    def target(self, request: Json) -> Any:  # noqa: ANN401
        """Give what a call goes to."""
        if request["op"] == "token":
            return self.sources.sources[request["source"]]
        return self.clients[request["client"]]


def arguments(request: Json) -> tuple[list[str], Json]:
    """Give the arguments of a call: in order, and by name."""
    optional = ("min_validity_ms", "timeout_ms")
    named = {name: request[name] for name in optional if request.get(name) is not None}
    return [request[n] for n in ("client_id", "secret", "refresh_token") if n in request], named


CALLS = {"authenticate", "refresh", "token"}


def success(target: Any, result: Any) -> Json:  # noqa: ANN401
    """Answer a success of a client or a source."""
    return about(target, result) if isinstance(result, str) else token_set(target, result)


class Driver(Base):
    """Drives what blocks; what is to go on in the background gets a thread."""

    client_class = Client
    source_class = TokenSource

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Future[Json]] = {}
        self.threads = ThreadPoolExecutor(max_workers=256)

    def handle(self, request: Json) -> Json:
        """Do what a request asks."""
        if request["op"] == "wait":
            return self.jobs.pop(request["job"]).result()
        if request["op"] not in CALLS:
            return self.do(request)
        if "background" not in request:
            return self.call(self.target(request), request)
        job = self.threads.submit(self.call, self.target(request), request)
        self.jobs[request["background"]] = job
        return {"ok": {}}

    @staticmethod
    def call(target: Any, request: Json) -> Json:  # noqa: ANN401
        """Make a call."""
        in_order, named = arguments(request)
        try:
            result = getattr(target, request["op"])(*in_order, **seconds(named))
        except FronteggError as error:
            return failure(target, error)
        return success(target, result)


class AsyncDriver(Base):
    """Drives what is awaited; what is to go on in the background gets a task."""

    client_class = AsyncClient
    source_class = AsyncTokenSource

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, asyncio.Task[Json]] = {}

    async def handle(self, request: Json) -> Json:
        """Do what a request asks."""
        if request["op"] == "wait":
            return await self.jobs.pop(request["job"])
        if request["op"] not in CALLS:
            return self.do(request)
        call = self.call(self.target(request), request)
        if "background" not in request:
            return await call
        self.jobs[request["background"]] = asyncio.create_task(call)
        return {"ok": {}}

    @staticmethod
    async def call(target: Any, request: Json) -> Json:  # noqa: ANN401
        """Make a call."""
        in_order, named = arguments(request)
        try:
            result = await getattr(target, request["op"])(*in_order, **seconds(named))
        except FronteggError as error:
            return failure(target, error)
        return success(target, result)


def main() -> None:
    """Serve with what blocks until the input ends."""
    driver = Driver()
    for line in sys.stdin:
        print(json.dumps(driver.handle(json.loads(line))), flush=True)


async def main_async() -> None:
    """Serve with what is awaited until the input ends."""
    driver = AsyncDriver()
    # The loop must be free for what goes on in the background.
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await driver.handle(json.loads(line))), flush=True)


if __name__ == "__main__":
    if "--async" in sys.argv[1:]:
        asyncio.run(main_async())
    else:
        main()
