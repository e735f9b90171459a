"""What a token says of itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def decoded(text: str | None) -> dict[str, Any] | None:
    """Give the claims that the native module gives as JSON."""
    if text is None:
        return None
    from json import loads

    claims: dict[str, Any] = loads(text)
    return claims
