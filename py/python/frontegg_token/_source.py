"""The source whose calls block, and what it has in common with the other."""

from __future__ import annotations

import sys

from . import _native
from ._token_info import TokenInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Literal, NoReturn

    from typing_extensions import Self, TypeAlias, Unpack

    from ._client import BaseClient, Settings
    from ._records import Event, Stats
    from ._stores import FileStore, MemoryStore, RedisStore
    from ._token_store import TokenStore

    _Store: TypeAlias = str | FileStore | MemoryStore | RedisStore | TokenStore


class BaseTokenSource(_native.TokenSource):
    """Settings and what blocks nobody, the same for both sources."""

    __slots__ = ("__weakref__",)

    def __new__(
        cls,
        client: BaseClient,
        client_id: str,
        secret: str,
        *,
        renewal_window: tuple[float, float] | None = None,
        policy: Literal["auto", "refresh_first", "authenticate_only"] | None = None,
        deadline: float | None = None,
        observer: Callable[[Event], object] | None = None,
        store: _Store | None = None,
    ) -> Self:
        """Check the settings; contact nobody yet.

        What is ``None`` has its default. A bad setting is an :class:`InvalidArgumentError`.

        :param client: the :class:`Client` or :class:`AsyncClient` to call with; sources may share
            one, and closing it fails their renewals
        :param client_id: the client id of the API token
        :param secret: its secret
        :param renewal_window: from which part of its lifetime on a token is renewed in the
            background: a point drawn for each token from this range (0.7 to 0.8)
        :param policy: how to renew: by refresh wherever there is a refresh token
            (``"refresh_first"``), never (``"authenticate_only"``), or by refresh until refresh
            tokens turn out to evict one another (``"auto"``, the default)
        :param deadline: how many seconds a renewal takes at most, with all its requests, and how
            long a call waits for one unless it says otherwise (the client's). With a shared store,
            whoever has the lease has half of it for its requests, and whoever waits for that the
            rest, in case it dies
        :param observer: called with each :class:`Event`, in the thread of the renewal, which is
            one of this package, or in that of a call that fails; it may use the source, but
            gets no token from the renewal that tells it. What it raises goes to
            ``sys.unraisablehook``
        :param store: where to share tokens with other sources of the same API token, in this
            process or in others: a :class:`FileStore`, :class:`MemoryStore`, :class:`RedisStore` or
            one of your own (:class:`TokenStore`); or a name: ``"file"``, ``"file:"`` and a path,
            the URL of a Redis server, or ``"memory"``, which is none (the default). A store that
            fails makes no call fail, and none wait longer than its time-out
        """
        settings = {
            "renewal_window": renewal_window,
            "policy": policy,
            "deadline": deadline,
            "observer": observer,
            "store": store,
        }
        return super().__new__(cls, client, (client_id, secret), settings)

    @classmethod
    def from_env(
        cls,
        *,
        renewal_window: tuple[float, float] | None = None,
        policy: Literal["auto", "refresh_first", "authenticate_only"] | None = None,
        observer: Callable[[Event], object] | None = None,
        store: _Store | None = None,
        **settings: Unpack[Settings],
    ) -> Self:
        """Make a source for the API token and the endpoint that the environment names.

        Reads ``FRONTEGG_CLIENT_ID`` and ``FRONTEGG_SECRET``, ``FRONTEGG_TOKEN_STORE`` unless a
        ``store`` is given, and what :meth:`Client.from_env` reads, which takes the other
        ``settings``. A ``deadline`` is the client's and the source's.
        """
        from ._client import Client

        own = {
            "renewal_window": renewal_window,
            "policy": policy,
            "observer": observer,
            "store": store,
        }
        return _native.TokenSource.__new__(cls, Client.from_env(**settings), None, own)

    def info(self) -> TokenInfo | None:
        """Tell about the current token if it is valid, else ``None``. Never blocks."""
        native = self._info()
        return None if native is None else TokenInfo(native)

    def stats(self) -> Stats:
        """Tell what was done so far."""
        from ._records import Stats

        return Stats(*self._stats())

    def __repr__(self) -> str:
        info = self.info()
        return f"{type(self).__name__}({'no token' if info is None else info})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: make one in each process")


class TokenSource(BaseTokenSource):
    """A valid access token of one API token at hand: the whole cycle, in one call.

    :meth:`token` answers the token at once while it is fresh. Once it is due, at a point between
    70 and 80 % of its lifetime, the next call has it renewed in the background and goes on with
    the one there is. Calls wait only where there is none, or one that is about to expire, all of
    them for one renewal. A renewal is a refresh, or an authentication where that cannot be. One
    that fails takes nothing from a token that is still valid, and is tried again.

    Any number of threads may share a source, and should. A child process after a fork may go on
    with it, and starts with its parent's access token. Nothing runs between calls, and nothing
    keeps the process alive. Usable in a ``with`` statement.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def handles_signals() -> bool:
    """Tell whether this may be the thread in which Python runs the handlers of signals."""
    threading = sys.modules.get("threading")
    if threading is None:
        return True
    thread = threading.current_thread()
    # A thread that `threading` did not start may be the main one, whatever it believes.
    return thread is threading.main_thread() or isinstance(thread, threading._DummyThread)  # noqa: SLF001
