"""The client whose calls block, and what it has in common with the other."""

from __future__ import annotations

from . import _native
from ._token_set import TokenSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Literal, NoReturn, TypedDict, type_check_only

    from typing_extensions import Self, Unpack

    @type_check_only
    class Settings(TypedDict, total=False):
        """The settings that go with an endpoint from the environment."""

        vendor_host: str | None
        allow_http: bool | None
        connect_timeout: float | None
        attempt_timeout: float | None
        deadline: float | None
        retry: RetryPolicy | None
        proxy: str | None
        roots: Literal["platform", "bundled"] | None
        ca_pem: str | bytes | None
        ca_file: str | PathLike[str] | None
        client_certificate: tuple[str | bytes, str | bytes] | None
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
        bearer: str | None
        user_agent_suffix: str | None


class RetryPolicy:
    """When and how often a call repeats a request that failed for a passing reason.

    An authentication is repeated after anything transient. A refresh is repeated only where
    the service cannot have consumed the refresh token. What is ``None`` has its default.

    :param max_attempts: how many requests a call makes at most; 1 turns retries off. By default
        4, but 2 where the answers of authentications are lost: each may have taken one of the
        100 refresh tokens that the service keeps alive
    :param base_delay: the first wait is drawn from zero to this many seconds; the range then
        doubles each time
    :param max_delay: the widest that the range becomes, in seconds
    """

    __slots__ = ("base_delay", "max_attempts", "max_delay")

    def __init__(
        self,
        *,
        max_attempts: int | None = None,
        base_delay: float | None = None,
        max_delay: float | None = None,
    ) -> None:
        self.max_attempts = max_attempts
        self.base_delay = base_delay
        self.max_delay = max_delay

    def __repr__(self) -> str:
        return (
            f"RetryPolicy(max_attempts={self.max_attempts}, "
            f"base_delay={self.base_delay}, max_delay={self.max_delay})"
        )


class BaseClient:
    """Settings and life cycle, the same for both clients."""

    __slots__ = ("__weakref__", "_native")

    def __init__(
        self,
        *,
        region: str | None = None,
        domain: str | None = None,
        base_url: str | None = None,
        vendor_host: str | None = None,
        allow_http: bool | None = None,
        connect_timeout: float | None = None,
        attempt_timeout: float | None = None,
        deadline: float | None = None,
        retry: RetryPolicy | None = None,
        proxy: str | None = None,
        roots: Literal["platform", "bundled"] | None = None,
        ca_pem: str | bytes | None = None,
        ca_file: str | PathLike[str] | None = None,
        client_certificate: tuple[str | bytes, str | bytes] | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        bearer: str | None = None,
        user_agent_suffix: str | None = None,
    ) -> None:
        """Check the settings; open no connection yet.

        Say where the service is with exactly one of ``region``, ``domain`` and ``base_url``. What
        is ``None`` has its default. A bad setting is an :class:`InvalidArgumentError`.

        :param region: ``"eu"``, ``"us"``, ``"ca"`` or ``"au"``: the host that all workspaces of the
            region share; refreshing there needs ``vendor_host``
        :param domain: your own domain: ``"acme"`` for ``acme.frontegg.com``, or a full host name
        :param base_url: any URL; ``/identity`` is appended unless it is there
        :param vendor_host: the host name that stands for your workspace, sent on refresh; by
            default the ``domain``
        :param allow_http: allow plain ``http`` to another host than this one
        :param connect_timeout: how many seconds to connect at most (5)
        :param attempt_timeout: how many seconds one request takes at most (10)
        :param deadline: how many seconds a call takes at most, with all its attempts (30)
        :param retry: when to repeat a request (four attempts)
        :param proxy: ``"environment"`` (the default), ``"none"``, or the proxy's URL; a plain
            ``http`` endpoint through a proxy that is given needs ``allow_http``
        :param roots: the certificate authorities to trust: the ``"platform"``'s (the default), or
            the ``"bundled"`` ones of Mozilla; else give ``ca_pem`` or ``ca_file``. Where
            ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` is set, the platform's are those
        :param ca_pem: the authorities to trust, and no others, as PEM
        :param ca_file: the same as a file, which is read now
        :param client_certificate: a certificate chain and its private key, both as PEM
        :param headers: headers to send with every request, for gateways that ask for them
        :param bearer: a token for ``Authorization: Bearer``; Frontegg's calls want none
        :param user_agent_suffix: names your program in ``User-Agent``
        """
        settings = {
            "region": region,
            "domain": domain,
            "base_url": base_url,
            "vendor_host": vendor_host,
            "allow_http": allow_http,
            "connect_timeout": connect_timeout,
            "attempt_timeout": attempt_timeout,
            "deadline": deadline,
            "retry": retry,
            "proxy": proxy,
            "roots": roots,
            "ca_pem": ca_pem,
            "ca_file": ca_file,
            "client_certificate": client_certificate,
            "headers": headers,
            "bearer": bearer,
            "user_agent_suffix": user_agent_suffix,
        }
        self._native = _native.Client(False, settings)

    @classmethod
    def from_env(cls, **settings: Unpack[Settings]) -> Self:
        """Make a client for the endpoint that the environment names.

        Reads exactly one of ``FRONTEGG_BASE_URL``, ``FRONTEGG_DOMAIN`` and ``FRONTEGG_REGION``,
        and ``FRONTEGG_VENDOR_HOST``. Any other setting can be given, and overrides.
        """
        self = cls.__new__(cls)
        self._native = _native.Client(True, dict(settings))
        return self

    @property
    def base_url(self) -> str:
        """Where this client calls, such as ``https://api.us.frontegg.com/identity``."""
        return self._native.base_url

    def close(self) -> None:
        """Interrupt the calls under way and close the connections.

        Those calls, and all that follow, raise :class:`ClosedError`. Does not wait for them.
        """
        self._native.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: make one in each process")


class Client(BaseClient):
    """Frontegg's two calls for API tokens. Each call blocks its thread, and only that.

    Any number of threads may share a client, and should: it keeps connections for them. A
    child process after a fork may use it too, and gets connections of its own. Usable in a
    ``with`` statement.
    """

    __slots__ = ()

    def authenticate(self, client_id: str, secret: str) -> TokenSet:
        """Exchange the client id and secret of an API token for a fresh token set.

        The service keeps 100 refresh tokens alive per API token: the authentication that makes
        one more invalidates the earliest.

        :raises FronteggError: of the class that says why
        """
        return TokenSet(self._native.authenticate(client_id, secret))

    def refresh(self, refresh_token: str) -> TokenSet:
        """Exchange a refresh token for a fresh token set.

        It is single-use: whatever comes of the call, do not present it again unless the error
        is ``retryable``.

        :raises FronteggError: of the class that says why
        """
        return TokenSet(self._native.refresh(refresh_token))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
