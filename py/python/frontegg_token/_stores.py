"""The stores of this package. Loaded on first use: most programs have none."""

from __future__ import annotations

from os import fspath

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Literal, NoReturn


class _Store:
    """What is alike for all."""

    __slots__ = ("__weakref__", "_native")

    _native: _native.Store

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: make one in each process")


class FileStore(_Store):
    """Shares tokens among the processes of one user on one host, in a directory.

    The directory is made for the user alone (mode 0700), and so are its files (0600); on Windows
    both inherit the access list of the user's profile. Of a directory that is there the mode is
    never changed: where other users can come into it, a subdirectory of this user's serves. Where
    that cannot be had either, sources go on without the store. It should be on a local disk.
    Entries are sealed with the secret of their API token.

    Any number of sources and threads may use a store, and any number of stores a directory. A
    child process after a fork may go on with it. Its answers, all those of one renewal together,
    may take 2 seconds; beyond that, a source goes on without it.
    """

    __slots__ = ("_directory",)

    def __init__(self, directory: str | PathLike[str] | None = None) -> None:
        r"""Make a store in a directory, which is made on first use, with its parents.

        :param directory: where entries are kept; by default in the user's cache:
            ``$XDG_CACHE_HOME/frontegg-token``, or else ``~/.cache/frontegg-token``;
            ``~/Library/Caches/frontegg-token`` on macOS, ``%LOCALAPPDATA%\frontegg-token`` on
            Windows
        :raises InvalidArgumentError: where what is there is no directory, unless another user put
            it there
        """
        self._directory = None if directory is None else fspath(directory)
        self._native = _native.Store.file(self._directory)

    def __repr__(self) -> str:
        given = "" if self._directory is None else f"directory={self._directory!r}"
        return f"FileStore({given})"


class MemoryStore(_Store):
    """Shares tokens among the sources of one process, where they cannot be one source.

    Any number of sources and threads may use it. A child process after a fork starts with an
    empty one.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self._native = _native.Store.memory()

    def __repr__(self) -> str:
        return "MemoryStore()"


class RedisStore(_Store):
    """Shares tokens through a Redis or Valkey server, among processes on any hosts.

    The server is a single one or a primary, Redis 6.2 or later or Valkey, such as managed services
    offer under one host name; Redis Cluster and Sentinel are not supported. Entries are sealed with
    the secret of their API token.

    Any number of sources and threads may use a store. A child process after a fork may go on with
    it, with connections of its own. Its ``repr`` does not show the URL, which may hold a password.
    """

    __slots__ = ()

    def __init__(
        self,
        url: str,
        *,
        timeout: float | None = None,
        key_prefix: str | None = None,
        roots: Literal["platform", "bundled"] | None = None,
        ca_pem: str | bytes | None = None,
        ca_file: str | PathLike[str] | None = None,
        client_certificate: tuple[str | bytes, str | bytes] | None = None,
    ) -> None:
        """Check the settings; open no connection yet.

        What is ``None`` has its default. A bad setting is an :class:`InvalidArgumentError`.

        :param url: ``redis://[[user]:password@]host[:port][/database]``, ``rediss://…`` for TLS,
            or ``unix:///path``; ``valkey`` and ``valkeys`` mean the same. Special characters of a
            password are percent-encoded. Behind a ``?`` may stand ``timeout=1s`` (or ``ms``),
            ``key_prefix``, ``ca_file``, ``cert_file``, ``key_file``, ``db``, ``user`` and
            ``password``; what is given here goes before them. Parameters of other clients are
            ignored with a warning where they change nothing, and are an error else
        :param timeout: how many seconds the answers may take, all those of one renewal together,
            and how many connecting may take; beyond that, a source goes on without the store
            (0.25)
        :param key_prefix: what all keys begin with (``"frontegg-token:"``)
        :param roots: the certificate authorities to trust where the URL asks for TLS: the
            ``"platform"``'s (the default), or the ``"bundled"`` ones of Mozilla; else give
            ``ca_pem`` or ``ca_file``
        :param ca_pem: the authorities to trust, and no others, as PEM
        :param ca_file: the same as a file, which is read now
        :param client_certificate: a certificate chain and its private key, both as PEM
        """
        settings = {
            "timeout": timeout,
            "key_prefix": key_prefix,
            "roots": roots,
            "ca_pem": ca_pem,
            "ca_file": ca_file,
            "client_certificate": client_certificate,
        }
        self._native = _native.Store.redis(url, settings)

    def __repr__(self) -> str:
        return "RedisStore(…)"


for _class in (FileStore, MemoryStore, RedisStore):
    # Where users import them from.
    _class.__module__ = "frontegg_token"
