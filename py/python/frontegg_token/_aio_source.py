"""The source for asyncio. Loaded on first use, as the client is."""

from __future__ import annotations

from asyncio import get_running_loop
from copy import copy
from threading import local
from typing import TYPE_CHECKING

from . import _ending, _native  # noqa: F401
from ._source import BaseTokenSource

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from types import TracebackType

    from typing_extensions import Self

    from ._errors import FronteggError


class AsyncTokenSource(BaseTokenSource):
    """A valid access token of one API token at hand, as :class:`TokenSource`, for asyncio.

    It never blocks the event loop: renewals run on threads of this package, and the loop's
    default executor is left alone. All tasks of a loop that wait share one renewal. A task that
    is cancelled stops waiting at once, and disturbs neither the renewal nor the others. Loops in
    different threads may share a source. Usable in an ``async with`` statement.

    The observer runs in the thread of the renewal, or in the loop's where a call fails at once:
    so it must not block.
    """

    __slots__ = ("_homes",)

    _homes: local

    async def token(  # type: ignore[override]  # the same, but to be awaited
        self,
        *,
        min_validity: float | None = None,
        timeout: float | None = None,
    ) -> str:
        """Answer a valid access token: at once if there is one, else by renewal.

        Waits only where there is no token or one that is about to expire: for the source's
        ``deadline`` at most.

        :param min_validity: how many seconds the token must be valid for at least; up to nine
            tenths of the lifetime that the service gives its tokens
        :param timeout: how many seconds this call waits at most; the renewal goes on without it
        :raises FronteggError: of the class that says why
        """
        if min_validity is None:
            token = self._hit()
            if token is not None:
                return token
        return await self._wait(min_validity, timeout)

    async def _wait(self, min_validity: float | None, timeout: float | None) -> str:
        span = 0.0 if min_validity is None else _native.seconds("min_validity", min_validity)
        if timeout is not None:
            timeout = _native.seconds("timeout", timeout)
        home = self._home()
        until = None if timeout is None else home.loop.time() + timeout
        while True:
            flight = home.flights.get(span)
            if flight is None:
                flight = _Flight(self, home, span)
                token = self._post(home.mailbox, flight, span)
                if token is not None:
                    return token
                home.flights[span] = flight
            waiter: Future[str | None] = home.loop.create_future()
            flight.waiters.append(waiter)
            timer = None
            if until is not None:
                timer = home.loop.call_at(until, self._time_out, waiter, span)
            try:
                token = await waiter
            finally:
                if timer is not None:
                    timer.cancel()
            if token is not None:
                return token

    def _time_out(self, waiter: Future[str | None], span: float) -> None:
        if waiter.done():
            return
        try:
            waiter.set_result(self._give_up(span))
        except Exception as error:  # noqa: BLE001
            waiter.set_exception(error)

    def _home(self) -> _Home:
        """Give what the running loop, the only one of its thread, has of this source."""
        loop = get_running_loop()
        homes = getattr(self, "_homes", None)
        if homes is None:
            homes = self._homes = local()
        home: _Home | None = getattr(homes, "home", None)
        if home is None or home.loop is not loop:
            home = homes.home = _Home(loop)
        return home

    def close(self) -> None:
        """End the renewal under way and forget the tokens. Does not wait for its thread.

        The calls that wait, and all that follow, raise :class:`ClosedError`. The client stays open.
        """
        self._close_soon()

    async def aclose(self) -> None:
        """Do the same as :meth:`close`, for ``contextlib.aclosing`` and the like."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Home:
    """What one loop has of a source."""

    __slots__ = ("flights", "loop", "mailbox")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.mailbox = _native.Mailbox(loop.call_soon_threadsafe, _deliver)
        self.flights: dict[float, _Flight] = {}
        """Those that are waited for, by the validity that is asked for."""


class _Flight:
    """A delivery under way to a loop, and who waits for it there."""

    __slots__ = ("home", "source", "span", "waiters")

    def __init__(self, source: AsyncTokenSource, home: _Home, span: float) -> None:
        self.source = source
        self.home = home
        self.span = span
        self.waiters: list[Future[str | None]] = []

    def land(self, token: str | None, error: FronteggError | None) -> None:
        """Hand the outcome out. Who was cancelled, or gave up, is done already."""
        del self.home.flights[self.span]
        if token is not None and self.source._is_stale():  # noqa: SLF001
            # It expired on its way to a busy loop: they ask anew.
            token = None
        for waiter in self.waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(token)
            else:
                # One each: raising an exception adds to its traceback.
                waiter.set_exception(copy(error))


def _deliver(mailbox: _native.Mailbox) -> None:
    """Hand out what has come in. Runs in the loop."""
    for flight, token, error in mailbox.take():
        flight.land(token, error)
