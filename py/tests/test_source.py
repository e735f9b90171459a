"""The source whose calls block: arguments, settings, what it tells, life cycle."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import time
import weakref
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from conftest import PATIENCE
from frontegg_token import (
    AsyncTokenSource,
    Client,
    ClosedError,
    Event,
    FronteggError,
    InternalError,
    InvalidArgumentError,
    InvalidCredentialsError,
    RequestTimeoutError,
    ServerError,
    Stats,
    TokenInfo,
    TokenSource,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Emulator

NOTHING = Stats(0, 0, 0, 0, 0, 0, 0, None, authenticating_only=False)


def eventually(reached: Callable[[], object]) -> None:
    """Wait for what another thread does next."""
    patience = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < patience
        time.sleep(0.001)


def test_a_fresh_token_is_one_str_from_memory(emulator: Emulator) -> None:
    with emulator.source() as source:
        assert source.peek() is None
        assert source.info() is None
        assert source.stats() == NOTHING
        token = source.token()
        assert token.count(".") == 2
        assert token is source.token() is source.token(min_validity=0) is source.peek()
        assert source.token(min_validity=60.5, timeout=1) is token
        assert source.stats() == NOTHING._replace(authentications=1, waits=1)
    assert emulator.counts()["requests"] == 1


def test_info_is_about_the_current_token(emulator: Emulator) -> None:
    before = datetime.now(timezone.utc)
    source = emulator.source(renewal_window=(0.25, 0.5))
    token = source.token()
    after = datetime.now(timezone.utc)
    info = source.info()
    assert isinstance(info, TokenInfo)
    assert info.expires_at is not None
    assert info.renewal_due_at is not None
    day, tick = timedelta(days=1), timedelta(microseconds=1)
    assert before + day - tick <= info.expires_at <= after + day
    assert before + day / 4 - tick <= info.renewal_due_at <= after + day / 2
    assert info.origin == "authenticate"
    assert info.claims is not None
    assert info.claims["sub"] == "first-id"
    info.claims["sub"] = "someone else"
    assert info.claims["sub"] == "first-id"
    assert source.invalidate(token)
    assert source.info() is None
    source.token()
    renewed = source.info()
    assert renewed is not None
    assert (renewed.origin, info.origin) == ("refresh", "authenticate")


def test_info_is_immutable_and_shared_by_its_copies(emulator: Emulator) -> None:
    source = emulator.source()
    source.token()
    info = source.info()
    for name in ("expires_at", "origin", "claims", "other"):
        with pytest.raises(AttributeError):
            setattr(info, name, "x")
    assert copy.copy(info) is info
    assert copy.deepcopy({"k": info})["k"] is info


def test_a_token_of_unknown_lifetime_is_used_once(emulator: Emulator) -> None:
    rewrite = {"set": {"access_token": "opaque"}, "remove": ["expires_in", "expires"]}
    emulator.fault({"rewrite": rewrite})
    source = emulator.source()
    assert source.token() == "opaque"
    assert source.peek() is None
    assert source.info() is None
    assert source.token() != "opaque"


def test_invalidate_drops_the_current_token_only(emulator: Emulator) -> None:
    source = emulator.source()
    assert source.invalidate("none yet") is False
    first = source.token()
    assert source.invalidate(first) is True
    assert source.peek() is None
    second = source.token()
    assert second != first
    assert source.invalidate(first) is False
    assert source.token() is second
    stats = source.stats()
    assert (stats.authentications, stats.refreshes) == (1, 1)


def test_a_call_that_waits_no_longer_disturbs_nobody(emulator: Emulator) -> None:
    emulator.hold()
    with emulator.source() as source:
        with pytest.raises(RequestTimeoutError):
            source.token(timeout=0.01)
        with pytest.raises(RequestTimeoutError):
            source.token(timeout=0)
        emulator.release()
        source.token()
    assert emulator.counts()["requests"] == 1


def test_more_validity_than_there_is_is_refused(emulator: Emulator) -> None:
    source = emulator.source()
    with pytest.raises(InvalidArgumentError, match="min_validity"):
        source.token(min_validity=86_400)
    assert source.token(min_validity=43_200) is source.peek()


@pytest.mark.parametrize("name", ["min_validity", "timeout"])
def test_a_span_that_makes_no_sense_is_refused(emulator: Emulator, name: str) -> None:
    source = emulator.source()
    for seconds in (-1, float("nan"), float("inf"), 1e300):
        given: Any = {name: seconds}
        with pytest.raises(InvalidArgumentError, match=name):
            source.token(**given)
    wrong: Any
    for wrong in ("1", [], object):
        given = {name: wrong}
        with pytest.raises(TypeError, match=f"^{name}"):
            source.token(**given)
    assert emulator.counts()["requests"] == 0


def test_new_credentials_end_a_rejection_that_is_remembered(emulator: Emulator) -> None:
    source = TokenSource(emulator.client(), "first-id", "wrong")
    for _ in range(3):
        with pytest.raises(InvalidCredentialsError):
            source.token()
    assert emulator.counts()["requests"] == 1
    with pytest.raises(InvalidArgumentError):
        source.set_credentials("first-id", "")
    source.set_credentials(*emulator.first)
    first = source.token()
    source.set_credentials(*emulator.second)
    assert source.peek() is None
    assert source.token() != first
    assert (source.info() and source.info().claims)["sub"] == "second-id"  # type: ignore[index, union-attr]


def test_the_observer_is_told(emulator: Emulator) -> None:
    events: list[Event] = []
    threads: set[int] = set()

    def observe(event: Event) -> None:
        threads.add(threading.get_ident())
        events.append(event)

    source = emulator.source(observer=observe)
    token = source.token()
    eventually(lambda: events)
    emulator.fault({"respond": {"status": 401}}, on="refresh")
    emulator.fault({"respond": {"status": 503}}, on="authenticate")
    source.invalidate(token)
    for _ in range(3):
        with pytest.raises(ServerError):
            source.token()
    eventually(lambda: len(events) == 4)
    told = [(event.kind, event.generation, event.error and event.error.code) for event in events]
    assert told == [
        ("authenticated", 1, None),
        ("fell_back", 1, "refresh_rejected"),
        ("failed", 1, "server_error"),
        ("throttled", 1, "server_error"),
    ]
    assert isinstance(events[-1].error, ServerError)
    assert len(threads) > 1
    assert source.stats() == Stats(1, 0, 1, 1, 2, 0, 0, None, authenticating_only=False)
    assert token not in f"{events} {source.stats()}"


def test_the_observer_may_use_the_source(emulator: Emulator) -> None:
    seen: list[object] = []
    done = threading.Event()

    def observe(event: Event) -> None:
        seen.extend([event.kind, source.token(), source.stats().authentications])
        source.close()
        done.set()

    source = emulator.source(observer=observe)
    token = source.token()
    assert done.wait(PATIENCE)
    assert seen == ["authenticated", token, 1]
    with pytest.raises(ClosedError):
        source.token()


def test_what_the_observer_raises_is_unraisable(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)

    def observe(event: Event) -> None:
        raise ValueError(event.kind)

    source = emulator.source(observer=observe)
    token = source.token()
    eventually(lambda: complaints)
    assert source.token() is token
    assert [str(complaint.exc_value) for complaint in complaints] == ["authenticated"]
    assert complaints[0].object is observe


def test_an_observer_that_leads_back_to_its_source_is_collected(emulator: Emulator) -> None:
    class Service:
        def __init__(self) -> None:
            self.source = emulator.source(observer=self.observe)

        def observe(self, event: Event) -> None:
            self.last = event

    service = Service()
    service.source.token()
    gone = weakref.ref(service), weakref.ref(service.source)
    del service
    eventually(lambda: gc.collect() is not None and gone[0]() is None)
    assert gone[1]() is None


def test_a_source_is_dropped_without_a_wait(emulator: Emulator) -> None:
    """Were there one, it would end with the client's deadline."""
    emulator.fault({"hang": {}})
    source = emulator.source()
    with pytest.raises(RequestTimeoutError):
        source.token(timeout=0)
    emulator.wait_for_fault()
    before = time.monotonic()
    del source
    assert time.monotonic() - before < PATIENCE


def test_close_wakes_who_waits_and_all_calls_refuse(emulator: Emulator) -> None:
    emulator.fault({"hang": {}})
    source = emulator.source()
    outcome: list[BaseException] = []

    def call() -> None:
        try:
            source.token()
        except FronteggError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    emulator.wait_for_fault()
    source.close()
    thread.join()
    assert [type(error) for error in outcome] == [ClosedError]
    source.close()
    with pytest.raises(ClosedError):
        source.token()
    assert (source.peek(), source.info()) == (None, None)


def test_the_client_outlives_a_source_in_a_with_statement(emulator: Emulator) -> None:
    client = emulator.client()
    with TokenSource(client, *emulator.first) as source:
        source.token()
    with pytest.raises(ClosedError):
        source.token()
    client.authenticate(*emulator.first)
    client.close()
    with pytest.raises(ClosedError):
        TokenSource(client, *emulator.first).token()


def test_from_env(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FRONTEGG_REGION", "FRONTEGG_DOMAIN", "FRONTEGG_VENDOR_HOST", "FRONTEGG_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRONTEGG_BASE_URL", emulator.base_url)
    monkeypatch.setenv("FRONTEGG_CLIENT_ID", emulator.first[0])
    with pytest.raises(InvalidArgumentError, match="FRONTEGG_SECRET"):
        TokenSource.from_env(ca_file=emulator.ca_file)
    monkeypatch.setenv("FRONTEGG_SECRET", emulator.first[1])
    with TokenSource.from_env(ca_file=emulator.ca_file, deadline=5, policy="auto") as source:
        assert type(source) is TokenSource
        source.token()
    assert type(AsyncTokenSource.from_env(ca_file=emulator.ca_file)) is AsyncTokenSource
    unknown: Any = {"regoin": "us"}
    with pytest.raises(TypeError, match="regoin"):
        TokenSource.from_env(**unknown)


@pytest.mark.parametrize("cls", [TokenSource, AsyncTokenSource])
def test_nothing_shows_or_stores_a_secret(emulator: Emulator, cls: Any) -> None:  # noqa: ANN401
    source = cls(emulator.client(), *emulator.first)
    assert repr(source) == f"{cls.__name__}(no token)"
    token = TokenSource.token(source)
    shown = f"{source!r} {source} {source.info()!r} {source.info()} {source.stats()}"
    assert "origin='authenticate'" in shown
    for secret in (token, *emulator.first):
        assert secret not in shown
    for thing in (source, source.info()):
        with pytest.raises(TypeError, match="pickle"):
            copy.deepcopy(source)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="pickle"):
                pickle.dumps(thing, protocol)


@pytest.mark.parametrize("cls", [TokenSource, AsyncTokenSource])
@pytest.mark.parametrize(
    "settings",
    [
        {"renewal_window": (0.8, 0.7)},
        {"renewal_window": (-0.1, 0.5)},
        {"renewal_window": (0.5, 1.1)},
        {"renewal_window": (0.5, float("nan"))},
        {"policy": "planted"},
        {"deadline": 0},
        {"deadline": -1},
        {"deadline": float("nan")},
    ],
    ids=str,
)
def test_a_bad_setting_is_refused(cls: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401
    name = next(iter(settings))
    with pytest.raises(InvalidArgumentError, match=name) as caught:
        cls(Client(region="us"), "c", "s", **settings)
    assert "planted" not in repr(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"renewal_window": 0.5},
        {"renewal_window": (0.5,)},
        {"renewal_window": ("a", "b")},
        {"policy": 1},
        {"deadline": "1"},
        {"observer": "planted"},
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_a_type_error(settings: dict[str, Any]) -> None:
    name = next(iter(settings))
    with pytest.raises(TypeError, match=f"^{name}") as caught:
        TokenSource(Client(region="us"), "c", "s", **settings)
    assert "planted" not in str(caught.value)


def test_arguments_of_other_types() -> None:
    client = Client(region="us")
    wrong: Any
    for wrong in (None, 1, object()):
        with pytest.raises(TypeError, match="client"):
            TokenSource(wrong, "c", "s")
        with pytest.raises(TypeError):
            TokenSource(client, wrong, "s")
        with pytest.raises(TypeError):
            TokenSource(client, "c", wrong)
        with pytest.raises(TypeError):
            TokenSource(client, "c", "s").invalidate(wrong)
        with pytest.raises(TypeError):
            TokenSource(client, "c", "s").set_credentials("c", wrong)
    for empty in ("", "  "):
        with pytest.raises(InvalidArgumentError):
            TokenSource(client, empty, "s")
        with pytest.raises(InvalidArgumentError):
            TokenSource(client, "c", empty)
    with pytest.raises(InvalidArgumentError) as caught:
        TokenSource(client, "c", "planted\ud800")
    assert "planted" not in repr(caught.value)


def test_a_panic_is_an_exception() -> None:
    source = TokenSource(Client(region="us"), "panic-on-purpose", "s")
    with pytest.raises(InternalError):
        source.token()


def test_what_is_told_is_immutable(emulator: Emulator) -> None:
    stats: Any = emulator.source().stats()
    with pytest.raises(AttributeError):
        stats.waits = 1
    event: Any = Event("failed", 1, ServerError("no"))
    with pytest.raises(AttributeError):
        event.kind = "x"
    assert (
        repr(event) == "Event(kind='failed', generation=1, error=ServerError('no', retryable=True))"
    )
    assert pickle.loads(pickle.dumps(event)).error.code == "server_error"  # noqa: S301
