"""Access tokens for programs that call Frontegg-protected APIs.

>>> from frontegg_token import Client
>>> with Client(region="us", vendor_host="acme.frontegg.com") as client:
...     tokens = client.authenticate("client-id", "secret")
...     headers = {"Authorization": f"Bearer {tokens.access_token}"}

:class:`Client` blocks its thread; :class:`AsyncClient` has the same calls as coroutines. Every
failure is a :class:`FronteggError` of the class that says why, with the facts as attributes.

This is an independent project; it is not made by Frontegg.
"""

from __future__ import annotations

from . import _native
from ._client import Client, RetryPolicy
from ._errors import (
    ClosedError,
    ConnectError,
    ForbiddenError,
    FronteggError,
    InternalError,
    InterruptedCallError,
    InvalidArgumentError,
    InvalidCredentialsError,
    InvalidResponseError,
    RateLimitedError,
    RefreshRejectedError,
    RejectedError,
    RequestTimeoutError,
    ServerError,
    StoreError,
    TLSError,
)
from ._token_set import TokenSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._aio import AsyncClient

__all__ = [
    "AsyncClient",
    "Client",
    "ClosedError",
    "ConnectError",
    "ForbiddenError",
    "FronteggError",
    "InternalError",
    "InterruptedCallError",
    "InvalidArgumentError",
    "InvalidCredentialsError",
    "InvalidResponseError",
    "RateLimitedError",
    "RefreshRejectedError",
    "RejectedError",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "StoreError",
    "TLSError",
    "TokenSet",
    "__version__",
]


__version__ = _native.VERSION


def __getattr__(name: str) -> object:
    """Load what is seldom used and slow to import."""
    if name == "AsyncClient":
        from ._aio import AsyncClient

        globals()[name] = AsyncClient
        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
