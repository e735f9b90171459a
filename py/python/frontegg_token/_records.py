"""What a source tells of itself. Loaded on first use, since named tuples take long to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._errors import FronteggError


class Stats(NamedTuple):
    """What a source has done since it was made; a forked child starts anew."""

    authentications: int
    """Tokens that an authentication brought."""
    refreshes: int
    """Tokens that a refresh brought."""
    fallbacks: int
    """Refreshes that failed, so that an authentication followed."""
    failures: int
    """Renewals that failed."""
    waits: int
    """Calls that waited for a renewal; tasks of a loop that share one count once."""
    store_hits: int
    """Tokens that the shared store had."""
    store_failures: int
    """Times that the shared store failed, so that a renewal went on without it."""
    store_error: FronteggError | None
    """What the shared store's last failure was; ``None`` once it works again."""
    authenticating_only: bool
    """Whether the policy ``"auto"`` does without refresh tokens for the time being."""


class Event(NamedTuple):
    """What happened to a source, for its observer."""

    kind: str
    """What happened.

    - ``"authenticated"``, ``"refreshed"``: an authentication or a refresh brought a token;
    - ``"fell_back"``: a refresh failed and its refresh token is lost: an authentication follows;
    - ``"failed"``: a renewal failed;
    - ``"served_while_failing"``: callers go on with the token that they have; follows upon that;
    - ``"throttled"``: a call got a remembered failure, and the service was left alone. Once for
      each failure;
    - ``"store_hit"``: the shared store had a token that a sibling got;
    - ``"store_failed"``: the shared store failed, and the source goes on without it. Once, until
      ``"store_recovered"``: it works again.
    """
    generation: int
    """How many tokens the source has had by then."""
    error: FronteggError | None
    """Why, where something failed."""


for _class in (Stats, Event):
    # Where users import them from.
    _class.__module__ = "frontegg_token"
