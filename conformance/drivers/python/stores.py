"""The stores that the driver's sources share."""

from __future__ import annotations

import time
from threading import Event, Lock
from typing import Any

from frontegg_token import FileStore, MemoryStore, RedisStore

Json = dict[str, Any]


def seconds(given: Json) -> Json:
    """Turn the names and values of times in milliseconds, as the protocol has them."""
    return {
        name.removesuffix("_ms"): value / 1000 if name.endswith("_ms") else value
        for name, value in given.items()
    }


class OwnStore:
    """A store as a user would write it. Nothing is ever forgotten."""

    def __init__(self, hang: str | None = None) -> None:
        self._hang = hang
        self._resumed = Event()
        self._lock = Lock()
        self._entries: dict[str, bytes] = {}
        self._leases: dict[str, tuple[str, float]] = {}

    def resume(self) -> None:
        """Let the operation return that hangs."""
        self._resumed.set()

    def _begin(self, operation: str) -> None:
        if operation == self._hang:
            self._resumed.wait()

    def load(self, name: str) -> bytes | None:
        """Answer what is kept under this name."""
        self._begin("load")
        with self._lock:
            return self._entries.get(name)

    def save(
        self,
        name: str,
        entry: bytes,
        replaces: bytes | None,
        keep: float,  # noqa: ARG002
    ) -> bool:
        """Put an entry in the place of the one that it replaces."""
        self._begin("save")
        with self._lock:
            if self._entries.get(name) not in (None, replaces):
                return False
            self._entries[name] = entry
            return True

    def lease(self, name: str, owner: str, seconds: float) -> bool:
        """Make this owner the one that renews what is under this name."""
        self._begin("lease")
        now = time.monotonic()
        with self._lock:
            if self._leases.get(name, ("", now))[1] > now:
                return False
            self._leases[name] = owner, now + seconds
            return True

    def release(self, name: str, owner: str) -> None:
        """Give the lease back."""
        self._begin("release")
        with self._lock:
            if self._leases.get(name, ("", 0.0))[0] == owner:
                del self._leases[name]


def redis(*, url: str, roots_pem: str | None = None, **settings: Any) -> RedisStore:  # noqa: ANN401
    """Make a store from settings of the protocol."""
    return RedisStore(url, ca_pem=roots_pem, **seconds(settings))


KINDS: dict[str, Any] = {
    "file": FileStore,
    "memory": MemoryStore,
    "own": OwnStore,
    "redis": redis,
}


class Stores:
    """Stores by name, for sources that share one."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}

    def resume(self, name: str) -> None:
        """Let the operation of a store return that hangs."""
        self._named[name].resume()

    def give(self, wanted: str | Json) -> Any:  # noqa: ANN401
        """Give the store that a source is to have; a name goes through."""
        if isinstance(wanted, str):
            return wanted
        settings = dict(wanted)
        name, kind = settings.pop("name", None), settings.pop("kind")
        if name in self._named:
            return self._named[name]
        store = KINDS[kind](**settings)
        if name is not None:
            self._named[name] = store
        return store
