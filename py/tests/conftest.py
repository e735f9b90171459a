"""The local service that the tests call, and programs of their own that they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from frontegg_token import AsyncClient, AsyncTokenSource, Client, RetryPolicy, TokenSource

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("FRONTEGG_EMULATOR") or REPOSITORY / "target/debug/frontegg-emulator"


class Emulator:
    """A running emulator, with the credentials of two API tokens."""

    first = ("first-id", "first-secret")
    second = ("second-id", "second-secret")

    def __init__(self) -> None:
        tokens = [f"--api-token={client_id}:{secret}" for client_id, secret in self._tokens()]
        # Ends with our end of its standard input, however we end.
        self._process = subprocess.Popen(
            [PROGRAM, "--exit-with-stdin", "--algorithm=HS256", *tokens],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        where = json.loads(self._process.stdout.readline())
        self.base_url: str = where["base_url"]
        self.ca_file: str = where["ca_file"]
        self._control: str = where["control"]
        self._released = 0

    def _tokens(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return self.first, self.second

    def stop(self) -> None:
        self._process.communicate()

    def client(self, **settings: Any) -> Client:  # noqa: ANN401
        return Client(base_url=self.base_url, ca_file=self.ca_file, **settings)

    def async_client(self, **settings: Any) -> AsyncClient:  # noqa: ANN401
        return AsyncClient(base_url=self.base_url, ca_file=self.ca_file, **settings)

    def source(self, **settings: Any) -> TokenSource:  # noqa: ANN401
        """Make a source of the first API token, which tries everything once."""
        return TokenSource(self.client(retry=RetryPolicy(max_attempts=1)), *self.first, **settings)

    def async_source(self, **settings: Any) -> AsyncTokenSource:  # noqa: ANN401
        client = self.async_client(retry=RetryPolicy(max_attempts=1))
        return AsyncTokenSource(client, *self.first, **settings)

    def control(self, path: str, body: object = None, *, method: str | None = None) -> Any:  # noqa: ANN401
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310
            f"{self._control}/_emulator/{path}", data, {"content-type": "application/json"}
        )
        request.method = method or ("GET" if data is None else "POST")
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def reset(self) -> None:
        self._released = 0
        self.control("faults", method="DELETE")
        self.control("reset", {})

    def fault(self, action: dict[str, Any], *, on: str = "any", times: int = 1) -> None:
        self.control("faults", {"on": on, "times": times, "action": action})

    def hold(self, action: dict[str, Any] | None = None, *, on: str = "any") -> None:
        """Let the next request wait for its answer until :meth:`release`."""
        self.fault({**(action or {"delay": {"ms": 0}}), "hold": True}, on=on)

    def release(self) -> None:
        """Let the request of the next :meth:`hold` go on, once it has come."""
        self._released += 1
        patience = time.monotonic() + PATIENCE
        while self.counts()["faults_served"] < self._released:
            assert time.monotonic() < patience, "no request to release yet"
        self.control("release", {})

    def counts(self) -> Any:  # noqa: ANN401
        return self.control("state")["counts"]

    def wait_for(self, *names: str) -> None:
        """Wait until a count, found by these names, is not zero."""
        patience = time.monotonic() + PATIENCE
        while True:
            count = self.counts()
            for name in names:
                count = count[name]
            if count:
                return
            assert time.monotonic() < patience, f"no {names} yet"

    def wait_for_fault(self) -> None:
        """Wait until a request has met the fault that waits for it."""
        self.wait_for("faults_served")

    def start(self, code: str) -> subprocess.Popen[str]:
        """Run a program that finds ``Client`` settings and credentials in its environment."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("FRONTEGG_")
        }
        environment.update(
            FRONTEGG_BASE_URL=self.base_url,
            FRONTEGG_CA_FILE=self.ca_file,
            FRONTEGG_CLIENT_ID=self.first[0],
            FRONTEGG_SECRET=self.first[1],
        )
        return subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """Run such a program to its end, which must be a good one, and answer what it prints."""
        return finish(self.start(code))


PREAMBLE = """
import asyncio, atexit, os, sys, threading
import frontegg_token as ft
credentials = os.environ["FRONTEGG_CLIENT_ID"], os.environ["FRONTEGG_SECRET"]
settings = {"ca_file": os.environ["FRONTEGG_CA_FILE"]}
once = {**settings, "retry": ft.RetryPolicy(max_attempts=1)}
DAY = 86_400_000
advance_clock = ft._native.testing_advance_clock
"""

PATIENCE = 25
"""Seconds: less than a call's default deadline, so that nothing can pass by waiting for that."""


def finish(process: subprocess.Popen[str], text: str | None = None) -> str:
    """Wait for a program, which must end well and complain of nothing."""
    try:
        stdout, stderr = process.communicate(text, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert (process.returncode, stderr) == (0, "")
    return stdout


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    """Give the one emulator, as good as new."""
    _emulator.reset()
    return _emulator
