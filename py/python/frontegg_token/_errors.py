"""The exceptions, one class per code, and the facts that each carries."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_FACTS = (
    "http_status",
    "messages",
    "error_code",
    "trace_id",
    "retry_after",
    "attempts",
    "retryable",
)


class FronteggError(Exception):
    """Why a call failed: the base of every exception that this package raises for a call.

    No secret and no token is in any of its attributes, nor in its text. It can be pickled
    and copied.
    """

    code: str = "internal"
    """The name of what went wrong, the same in every language. Each class has its own."""
    number: int = 2
    """The frozen number of the code."""
    retryable: bool = False
    """Whether the same call, made later, can succeed."""

    message: str
    """One sentence for a person."""
    http_status: int | None
    """The HTTP status, where there was an answer."""
    messages: tuple[str, ...]
    """The service's own messages, in its order."""
    error_code: str | None
    """The service's own error code, such as ``ER-01183``."""
    trace_id: str | None
    """The ``frontegg-trace-id`` of the answer: what Frontegg's support asks for."""
    retry_after: float | None
    """How many seconds the service asked to wait, counted from the answer."""
    attempts: int
    """How many requests the call made, or tried to make."""

    def __init__(
        self,
        message: str = "",
        *,
        http_status: int | None = None,
        messages: Iterable[str] = (),
        error_code: str | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 0,
        retryable: bool | None = None,
    ) -> None:
        # Alone in `args`, so that copies and pickles are made of it and of `__dict__`.
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.messages = tuple(messages)
        self.error_code = error_code
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.attempts = attempts
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        facts = ((name, getattr(self, name)) for name in _FACTS)
        known = "".join(f", {name}={fact!r}" for name, fact in facts if fact)
        return f"{type(self).__name__}({self.message!r}{known})"


class InvalidArgumentError(FronteggError, ValueError):
    """A setting or an argument is bad, or plain ``http`` would leave this host."""

    code = "invalid_argument"
    number = 1


class InternalError(FronteggError):
    """A bug in this package."""

    code = "internal"
    number = 2


class ClosedError(FronteggError):
    """The client or the token source was closed before or during the call."""

    code = "closed"
    number = 3


class ConnectError(FronteggError, ConnectionError):
    """DNS, TCP or a proxy failed: the request was not sent."""

    code = "connect"
    number = 10
    retryable = True


class RequestTimeoutError(FronteggError, TimeoutError):
    """The time budget is spent."""

    code = "timeout"
    number = 11
    retryable = True


class TLSError(FronteggError):
    """A certificate was not accepted, or the TLS handshake failed."""

    code = "tls"
    number = 12


class InterruptedCallError(FronteggError):
    """The connection broke once the request may have been processed.

    An authentication can be repeated. A refresh cannot: its token may be consumed.
    """

    code = "interrupted"
    number = 13
    retryable = True


class ProxyError(FronteggError):
    """A proxy refused for good.

    Its credentials are wrong or missing, or it asks for them in a way that is not supported.
    """

    code = "proxy"
    number = 14


class ExhaustedError(FronteggError, OSError):
    """This machine gives no thread, file descriptor or memory: the request was not sent."""

    code = "exhausted"
    number = 15
    retryable = True


class InvalidCredentialsError(FronteggError):
    """The service answered 401 to an authentication."""

    code = "invalid_credentials"
    number = 20


class RefreshRejectedError(FronteggError):
    """The service answered 401 to a refresh.

    The refresh token was consumed, has expired or was evicted: authenticate again.
    """

    code = "refresh_rejected"
    number = 21


class ForbiddenError(FronteggError):
    """The service answered 403."""

    code = "forbidden"
    number = 22


class RateLimitedError(FronteggError):
    """The service answered 429."""

    code = "rate_limited"
    number = 23
    retryable = True


class ServerError(FronteggError):
    """The service answered 408 or 5xx."""

    code = "server_error"
    number = 24
    retryable = True


class RejectedError(FronteggError):
    """The service answered any other 4xx."""

    code = "rejected"
    number = 25


class InvalidResponseError(FronteggError):
    """The answer cannot be used.

    It is a redirect, not JSON, without a token, too large, or a success that carries an error.
    """

    code = "invalid_response"
    number = 30


class StoreError(FronteggError):
    """The shared cache failed where nothing else could serve."""

    code = "store"
    number = 40
    retryable = True


CLASSES: dict[int, type[FronteggError]] = {
    cls.number: cls
    for cls in (
        InvalidArgumentError,
        InternalError,
        ClosedError,
        ConnectError,
        RequestTimeoutError,
        TLSError,
        InterruptedCallError,
        ProxyError,
        ExhaustedError,
        InvalidCredentialsError,
        RefreshRejectedError,
        ForbiddenError,
        RateLimitedError,
        ServerError,
        RejectedError,
        InvalidResponseError,
        StoreError,
    )
}
"""The one table of codes."""

for _class in (FronteggError, *CLASSES.values()):
    # Where users import them from, and what a traceback calls them.
    _class.__module__ = "frontegg_token"


def from_facts(number: int, message: str, facts: Mapping[str, Any]) -> FronteggError:
    """Make the exception for an error of the native module."""
    return CLASSES[number](message, **facts)
