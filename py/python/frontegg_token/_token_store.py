"""What a store of one's own is. Loaded on first use, since protocols take long to import."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class TokenStore(Protocol):
    """A store of your own: where sources of the same API token share its tokens.

    Any object with these four methods will do. They are called in threads of this package, one
    after the other, also where several sources use the store. Names are 64 hexadecimal digits.
    Entries are sealed with the secret of their API token, some kilobytes long, and never twice the
    same.

    A store that cannot be asked or does not answer raises; that is not the same as an answer that
    is no. The source then goes on without it: :attr:`Stats.store_error` tells the type of what was
    raised, and no more, since its text may hold a password. An answer of another type than it says
    here is a failure too. The answers of one renewal may take an optional attribute ``timeout``
    together, in seconds (0.25), and its last save as much once more; a source then goes on without
    the store. Nothing can end a method that takes its time: so limit how long it waits. While it
    runs, sources do without the store, and once it has returned they use it again. The end of the
    interpreter waits for it for half a second.

    Methods must not call the sources that use the store.
    """

    __slots__ = ()

    def load(self, name: str, /) -> bytes | tuple[bytes, float] | None:
        """Answer what is kept under this name, or ``None``.

        Answer a pair if you can tell how many seconds it will be kept yet, by the store's own
        clock: of the ``keep`` that it was saved with, the rest is its age, whatever the clocks of
        hosts say.
        """

    def save(self, name: str, entry: bytes, replaces: bytes | None, keep: float, /) -> bool:
        """Put an entry in the place of the one that it replaces, and answer whether it was put.

        Answer ``False`` where another one is there than ``replaces``, which then stays; where none
        is there, put the entry. Comparison and replacement must be one step, which no other
        process can come between. Keep it for ``keep`` seconds, if you can forget.
        """

    def lease(self, name: str, owner: str, seconds: float, /) -> bool:
        """Make this owner the one that renews what is under this name; answer whether it is.

        Answer ``False`` while another owner has the lease. It ends by itself after so many seconds.
        Looking and taking must be one step. Owners are unique to each request.
        """

    def release(self, name: str, owner: str, /) -> None:
        """Give the lease back, if this owner has it still."""


TokenStore.__module__ = "frontegg_token"
