"""The driver of Python: does what each line on standard input asks, and answers it in a line.

With ``--async`` it does so through ``AsyncClient``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from frontegg_token import AsyncClient, Client, FronteggError, RetryPolicy, TokenSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

Json = dict[str, Any]

RETRY = {"max_attempts", "base_delay", "max_delay"}
"""Settings that go into the retry policy."""


def new_client(cls: Callable[..., Any], given: Json) -> Any:  # noqa: ANN401
    """Make a client from settings as the protocol has them: times in milliseconds."""
    make = cls.from_env if given.pop("from_env", False) else cls  # type: ignore[attr-defined]
    settings: Json = {}
    retry: Json = {}
    for name, value in given.items():
        key = name.removesuffix("_ms")
        (retry if key in RETRY else settings)[key] = value if key == name else value / 1000
    if "client_certificate_pem" in settings:
        pair = settings.pop("client_certificate_pem"), settings.pop("client_key_pem")
        settings["client_certificate"] = pair
    return make(**settings, retry=RetryPolicy(**retry))


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


def facts(client: Client | AsyncClient | None, error: FronteggError) -> Json:
    """Answer a failure."""
    retry_after = error.retry_after
    return {
        "error": {
            "code": error.code,
            "number": error.number,
            "message": error.message,
            "http_status": error.http_status,
            "messages": error.messages,
            "error_code": error.error_code,
            "trace_id": error.trace_id,
            "retry_after_ms": None if retry_after is None else round(retry_after * 1000),
            "attempts": error.attempts,
            "retryable": error.retryable,
        },
        "shown": f"{error!r} {error} {client!r} {client}",
    }


def errors() -> Json:
    """Answer the table of errors as Python knows it: one class for each."""
    table = sorted((cls.number, cls.code) for cls in FronteggError.__subclasses__())
    return {"ok": {"errors": [{"number": number, "code": code} for number, code in table]}}


class Driver:
    """Drives :class:`Client`; what is to go on in the background gets a thread."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.jobs: dict[str, Future[Json]] = {}
        self.threads = ThreadPoolExecutor(max_workers=256)

    def handle(self, request: Json) -> Json:
        """Do what a request asks."""
        op = request["op"]
        if op == "errors":
            return errors()
        if op == "wait":
            return self.jobs.pop(request["job"]).result()
        name = request["client"]
        if op == "new_client":
            try:
                self.clients[name] = new_client(Client, request["settings"])
            except FronteggError as error:
                return facts(None, error)
        elif op == "close":
            self.clients[name].close()
        elif op == "drop":
            del self.clients[name]
        elif "background" in request:
            job = self.threads.submit(self.call, self.clients[name], request)
            self.jobs[request["background"]] = job
        else:
            return self.call(self.clients[name], request)
        return {"ok": {}}

    @staticmethod
    def call(client: Client, request: Json) -> Json:
        """Make one of the two calls."""
        try:
            if request["op"] == "authenticate":
                tokens = client.authenticate(request["client_id"], request["secret"])
            else:
                tokens = client.refresh(request["refresh_token"])
        except FronteggError as error:
            return facts(client, error)
        return token_set(client, tokens)


class AsyncDriver:
    """Drives :class:`AsyncClient`; what is to go on in the background gets a task."""

    def __init__(self) -> None:
        self.clients: dict[str, AsyncClient] = {}
        self.jobs: dict[str, asyncio.Task[Json]] = {}

    async def handle(self, request: Json) -> Json:
        """Do what a request asks."""
        op = request["op"]
        if op == "errors":
            return errors()
        if op == "wait":
            return await self.jobs.pop(request["job"])
        name = request["client"]
        if op == "new_client":
            try:
                self.clients[name] = new_client(AsyncClient, request["settings"])
            except FronteggError as error:
                return facts(None, error)
        elif op == "close":
            self.clients[name].close()
        elif op == "drop":
            del self.clients[name]
        elif "background" in request:
            job = asyncio.create_task(self.call(self.clients[name], request))
            self.jobs[request["background"]] = job
        else:
            return await self.call(self.clients[name], request)
        return {"ok": {}}

    @staticmethod
    async def call(client: AsyncClient, request: Json) -> Json:
        """Make one of the two calls."""
        try:
            if request["op"] == "authenticate":
                tokens = await client.authenticate(request["client_id"], request["secret"])
            else:
                tokens = await client.refresh(request["refresh_token"])
        except FronteggError as error:
            return facts(client, error)
        return token_set(client, tokens)


def main() -> None:
    """Serve with the blocking client until the input ends."""
    driver = Driver()
    for line in sys.stdin:
        print(json.dumps(driver.handle(json.loads(line))), flush=True)


async def main_async() -> None:
    """Serve with the asynchronous client until the input ends."""
    driver = AsyncDriver()
    # The loop must be free for what goes on in the background.
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await driver.handle(json.loads(line))), flush=True)


if __name__ == "__main__":
    if "--async" in sys.argv[1:]:
        asyncio.run(main_async())
    else:
        main()
