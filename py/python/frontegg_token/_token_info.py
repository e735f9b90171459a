"""What is known of a source's current token."""

from __future__ import annotations

from ._claims import decoded
from ._token_set import utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, Literal, NoReturn

    from . import _native


class TokenInfo:
    """What is known of a source's current token. Immutable; sources make it.

    Its ``repr`` shows no token.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.AccessToken) -> None:
        """Wrap what the native module answered."""
        self._native = native

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, in UTC, by this machine's clock as it stood at the request."""
        at = self._native.expires_at
        return None if at is None else utc(at)

    @property
    def renewal_due_at(self) -> datetime | None:
        """From when on a call has the token renewed, in UTC."""
        at = self._native.renewal_due_at
        return None if at is None else utc(at)

    @property
    def origin(self) -> Literal["authenticate", "refresh", "store"] | None:
        """What brought the token; ``"store"``: a sibling put it into the shared store."""
        return self._native.origin

    @property
    def claims(self) -> dict[str, Any] | None:
        """What the token says of itself, **not verified**; a new ``dict`` each time.

        For display and scheduling, never to decide on access: the signature is not checked.
        ``None`` where the token is no readable JWT.
        """
        return decoded(self._native.claims)

    def __repr__(self) -> str:
        return (
            f"TokenInfo(expires_at={self.expires_at}, renewal_due_at={self.renewal_due_at}, "
            f"origin={self.origin!r})"
        )

    def __copy__(self) -> TokenInfo:
        return self

    def __deepcopy__(self, memo: object) -> TokenInfo:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a TokenInfo cannot be pickled: its token would be readable")
