"""The client for asyncio. Loaded on first use, since asyncio takes long to import."""

from __future__ import annotations

from asyncio import get_running_loop
from typing import TYPE_CHECKING

from . import _ending, _native  # noqa: F401
from ._client import BaseClient
from ._token_set import TokenSet

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from types import TracebackType

    from typing_extensions import Self


class AsyncClient(BaseClient):
    """Frontegg's two calls for API tokens, as coroutines.

    They never block the event loop: they run on up to 64 threads of this package, shared by
    all its clients, and leave the loop's default executor alone. Further calls wait for a
    thread. Tasks may share a client, and so may loops in different threads. Usable in an
    ``async with`` statement.

    A task that is cancelled stops waiting at once, but the request goes on and takes effect.
    Shield a :meth:`refresh` that may be cancelled, or its token set is lost.
    """

    __slots__ = ("_home",)

    _home: tuple[AbstractEventLoop, _native.Mailbox]

    async def authenticate(self, client_id: str, secret: str) -> TokenSet:
        """Exchange the client id and secret of an API token for a fresh token set.

        The service keeps 100 refresh tokens alive per API token: the authentication that makes
        one more invalidates the earliest.

        :raises FronteggError: of the class that says why
        """
        mailbox, future = self._expect()
        self._native.post_authenticate(mailbox, future, client_id, secret)
        return await future

    async def refresh(self, refresh_token: str) -> TokenSet:
        """Exchange a refresh token for a fresh token set.

        It is single-use: whatever comes of the call, do not present it again unless the error
        is ``retryable``.

        :raises FronteggError: of the class that says why
        """
        mailbox, future = self._expect()
        self._native.post_refresh(mailbox, future, refresh_token)
        return await future

    async def aclose(self) -> None:
        """Do the same as :meth:`close`, for ``contextlib.aclosing`` and the like."""
        self.close()

    def _expect(self) -> tuple[_native.Mailbox, Future[TokenSet]]:
        """Give the mailbox of the running loop, and a future to write on the next letter."""
        loop = get_running_loop()
        # One tuple, so that threads with loops of their own never see half of it changed.
        home = getattr(self, "_home", None)
        if home is None or home[0] is not loop:
            home = self._home = (loop, _native.Mailbox(loop.call_soon_threadsafe, _deliver))
        return home[1], loop.create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _deliver(mailbox: _native.Mailbox) -> None:
    """Hand out what has come in. Runs in the loop."""
    for future, token_set, error in mailbox.take():
        if future.done():
            # Cancelled: nobody waits for it.
            continue
        if token_set is not None:
            future.set_result(TokenSet(token_set))
        elif error is not None:
            future.set_exception(error)
