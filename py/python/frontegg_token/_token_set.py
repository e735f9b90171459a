"""What a call answers."""

from __future__ import annotations

from ._claims import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, NoReturn

    from . import _native


class TokenSet:
    """The answer of one authentication or refresh. Immutable; clients make it.

    Its ``repr`` shows no token, and it cannot be pickled: a pickle is a file or a message, and
    tokens in it would be readable by whoever gets it. Keep ``refresh_token`` where you keep
    secrets instead.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.TokenSet) -> None:
        """Wrap what the native module answered."""
        self._native = native

    @property
    def access_token(self) -> str:
        """The access token: a JSON Web Token to send as ``Authorization: Bearer …``."""
        return self._native.access_token

    @property
    def refresh_token(self) -> str | None:
        """The single-use token for :meth:`Client.refresh`; the service may leave it out."""
        return self._native.refresh_token

    @property
    def lifetime(self) -> float | None:
        """How many seconds the access token lives, from the moment before it was asked for.

        ``None`` if the service did not say: then use the token once.
        """
        return self._native.lifetime

    @property
    def expires(self) -> str | None:
        """The answer's ``expires`` as the service wrote it; nothing here reads it.

        It is meant to be an RFC 1123 date, but can be anything. Go by :attr:`lifetime`.
        """
        return self._native.expires

    @property
    def received_at(self) -> datetime:
        """When the answer had been read, in UTC, by this machine's clock."""
        return utc(self._native.received_at)

    @property
    def trace_id(self) -> str | None:
        """The ``frontegg-trace-id`` of the answer: what Frontegg's support asks for."""
        return self._native.trace_id

    @property
    def claims(self) -> dict[str, Any] | None:
        """What the access token says of itself, **not verified**; a new ``dict`` each time.

        For display and scheduling, never to decide on access: the signature is not checked.
        ``None`` where the access token is no readable JWT.
        """
        return decoded(self._native.claims)

    def __repr__(self) -> str:
        return (
            f"TokenSet(access_token=…, refresh_token={'…' if self.refresh_token else None}, "
            f"lifetime={self.lifetime}, trace_id={self.trace_id!r})"
        )

    def __copy__(self) -> TokenSet:
        return self

    def __deepcopy__(self, memo: object) -> TokenSet:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a TokenSet cannot be pickled: its tokens would be readable")


def utc(microseconds: int) -> datetime:
    """Give the date of so many microseconds since 1970."""
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)
