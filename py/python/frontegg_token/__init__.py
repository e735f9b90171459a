"""Access tokens for programs that call Frontegg-protected APIs.

>>> from frontegg_token import Client, TokenSource
>>> client = Client(region="us", vendor_host="acme.frontegg.com")
>>> source = TokenSource(client, "client-id", "secret")
>>> headers = {"Authorization": f"Bearer {source.token()}"}

A :class:`TokenSource` has a valid token at hand: make one for the program, and ask it each time.
A :class:`Client` makes the two calls that stand below that. Both block their thread;
:class:`AsyncTokenSource` and :class:`AsyncClient` have the same as coroutines. Every failure is a
:class:`FronteggError` of the class that says why, with the facts as attributes.

This is an independent project; it is not made by Frontegg.
"""

from __future__ import annotations

from . import _native
from ._client import Client, RetryPolicy
from ._errors import (
    ClosedError,
    ConnectError,
    ExhaustedError,
    ForbiddenError,
    FronteggError,
    InternalError,
    InterruptedCallError,
    InvalidArgumentError,
    InvalidCredentialsError,
    InvalidResponseError,
    ProxyError,
    RateLimitedError,
    RefreshRejectedError,
    RejectedError,
    RequestTimeoutError,
    ServerError,
    StoreError,
    TLSError,
)
from ._source import TokenSource
from ._token_info import TokenInfo
from ._token_set import TokenSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient
    from ._aio_source import AsyncTokenSource
    from ._records import Event, Stats
    from ._stores import FileStore, MemoryStore, RedisStore
    from ._token_store import TokenStore

__all__ = [
    "AsyncClient",
    "AsyncTokenSource",
    "Client",
    "ClosedError",
    "ConnectError",
    "Event",
    "ExhaustedError",
    "FileStore",
    "ForbiddenError",
    "FronteggError",
    "InternalError",
    "InterruptedCallError",
    "InvalidArgumentError",
    "InvalidCredentialsError",
    "InvalidResponseError",
    "MemoryStore",
    "ProxyError",
    "RateLimitedError",
    "RedisStore",
    "RefreshRejectedError",
    "RejectedError",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "Stats",
    "StoreError",
    "TLSError",
    "TokenInfo",
    "TokenSet",
    "TokenSource",
    "TokenStore",
    "__version__",
]


__version__ = _native.VERSION


_LATE = {
    "AsyncClient": "_aio",
    "AsyncTokenSource": "_aio_source",
    "Event": "_records",
    "FileStore": "_stores",
    "MemoryStore": "_stores",
    "RedisStore": "_stores",
    "Stats": "_records",
    "TokenStore": "_token_store",
}
"""What is slow to import, and where it is."""


def __getattr__(name: str) -> object:
    """Load what is slow to import."""
    if name in _LATE:
        from importlib import import_module

        found: object = getattr(import_module(f".{_LATE[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
