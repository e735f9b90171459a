"""The blocking client: arguments, settings, life cycle. The wire is tested elsewhere."""

from __future__ import annotations

import copy
import pickle
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import frontegg_token
from frontegg_token import (
    Client,
    ClosedError,
    FronteggError,
    InternalError,
    InvalidArgumentError,
    RetryPolicy,
    TokenSet,
)

if TYPE_CHECKING:
    from conftest import Emulator


def test_both_calls_answer_token_sets(emulator: Emulator) -> None:
    before = datetime.now(timezone.utc)
    with emulator.client() as client:
        first = client.authenticate(*emulator.first)
        assert first.refresh_token is not None
        second = client.refresh(first.refresh_token)
    after = datetime.now(timezone.utc)
    for tokens in (first, second):
        assert isinstance(tokens, TokenSet)
        assert tokens.access_token.count(".") == 2
        assert tokens.lifetime == 86400.0
        assert tokens.expires is not None
        assert tokens.expires.endswith("GMT")
        assert tokens.trace_id is not None
        assert before - timedelta(microseconds=1) <= tokens.received_at <= after
        assert tokens.claims is not None
        assert tokens.claims["sub"] == "first-id"
    assert first.access_token != second.access_token
    assert first.refresh_token != second.refresh_token


def test_what_the_answer_lacks_is_none(emulator: Emulator) -> None:
    rewrite = {
        "set": {"access_token": "opaque"},
        "remove": ["refresh_token", "expires_in", "expires"],
        "headers": {"frontegg-trace-id": None},
    }
    emulator.fault({"rewrite": rewrite})
    with emulator.client() as client:
        tokens = client.authenticate(*emulator.first)
    assert tokens.access_token == "opaque"  # noqa: S105
    absent = (tokens.refresh_token, tokens.lifetime, tokens.expires, tokens.trace_id, tokens.claims)
    assert absent == (None,) * 5


def test_a_token_set_is_immutable_and_shared_by_its_copies(emulator: Emulator) -> None:
    with emulator.client() as client:
        tokens = client.authenticate(*emulator.first)
    for name in ("access_token", "refresh_token", "claims", "other"):
        with pytest.raises(AttributeError):
            setattr(tokens, name, "x")
    claims = tokens.claims
    assert claims is not None
    claims["sub"] = "someone else"
    assert tokens.claims != claims
    assert copy.copy(tokens) is tokens
    assert copy.deepcopy({"k": tokens})["k"] is tokens


def test_nothing_shows_or_stores_a_secret(emulator: Emulator) -> None:
    settings: dict[str, Any] = {"bearer": "planted-bearer", "headers": {"x-key": "planted-key"}}
    with emulator.client(proxy="none", **settings) as client:
        tokens = client.authenticate(*emulator.first)
        shown = f"{client!r} {client} {tokens!r} {tokens} {vars(frontegg_token)}"
    assert tokens.refresh_token is not None
    for secret in (tokens.access_token, tokens.refresh_token, "planted", *emulator.first):
        assert secret not in shown
    for thing in (tokens, client):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="pickle"):
                pickle.dumps(thing, protocol)


@pytest.mark.parametrize("wrong", [None, 1, b"bytes", ["list"]])
def test_an_argument_of_another_type_is_a_type_error(wrong: Any) -> None:  # noqa: ANN401
    client = Client(region="us")
    with pytest.raises(TypeError):
        client.authenticate(wrong, "s")
    with pytest.raises(TypeError):
        client.authenticate("c", wrong)
    with pytest.raises(TypeError):
        client.refresh(wrong)


def test_a_lone_surrogate_is_refused_and_not_repeated() -> None:
    client = Client(region="us")
    with pytest.raises(InvalidArgumentError) as caught:
        client.authenticate("c", "planted\ud800")
    error: BaseException | None = caught.value
    while error is not None:
        assert "planted" not in repr(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_credentials_are_refused(empty: str) -> None:
    client = Client(region="us")
    with pytest.raises(InvalidArgumentError):
        client.authenticate(empty, "s")
    with pytest.raises(ValueError, match="secret"):
        client.authenticate("c", empty)


def test_exactly_one_endpoint() -> None:
    assert Client(region="us").base_url == "https://api.us.frontegg.com/identity"
    assert Client(domain="acme").base_url == "https://acme.frontegg.com/identity"
    assert Client(base_url="https://a.example/x").base_url == "https://a.example/x/identity"
    refused: list[dict[str, Any]] = [{}, {"region": "us", "domain": "acme"}, {"region": "mars"}]
    for endpoint in refused:
        with pytest.raises(InvalidArgumentError):
            Client(**endpoint)


@pytest.mark.parametrize("name", ["connect_timeout", "attempt_timeout", "deadline"])
@pytest.mark.parametrize("seconds", [-1, 0, float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_time_that_makes_no_sense_is_refused(name: str, seconds: float) -> None:
    settings: Any = {name: seconds}
    with pytest.raises(InvalidArgumentError, match=name):
        Client(region="us", **settings)


BAD_VALUES: list[dict[str, Any]] = [
    {"retry": RetryPolicy(max_attempts=0)},
    {"retry": RetryPolicy(max_attempts=-1)},
    {"retry": RetryPolicy(max_attempts=2**40)},
    {"retry": RetryPolicy(base_delay=-0.5)},
    {"retry": RetryPolicy(max_delay=float("nan"))},
    {"proxy": "ftp://planted@p"},
    {"roots": "planted"},
    {"ca_pem": "planted"},
    {"ca_file": "/planted/none.pem"},
    {"roots": "bundled", "ca_pem": "planted"},
    {"client_certificate": ("planted", b"planted")},
    {"headers": {"bad name": "planted"}},
    {"headers": {"x-key": "planted\n"}},
    {"headers": {"host": "planted"}},
    {"bearer": "planted planted"},
    {"user_agent_suffix": "planted\0"},
    {"vendor_host": "planted/x"},
]


@pytest.mark.parametrize("settings", BAD_VALUES, ids=str)
def test_a_bad_setting_is_refused_and_not_repeated(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Client(region="us", **settings)
    assert "planted" not in repr(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"region": 1},
        {"allow_http": "yes"},
        {"deadline": "1"},
        {"retry": 4},
        {"retry": RetryPolicy(max_attempts=1.5)},  # type: ignore[arg-type]
        {"proxy": b"none"},
        {"ca_pem": 1},
        {"ca_file": 1},
        {"client_certificate": "planted"},
        {"client_certificate": "ab"},
        {"client_certificate": ("planted", 1)},
        {"headers": 1},
        {"headers": ["planted"]},
        {"headers": {"planted": 1}},
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_a_type_error(settings: dict[str, Any]) -> None:
    name = next(iter(settings))
    with pytest.raises(TypeError, match=f"^{name}") as caught:
        Client(**{"domain": "acme"} | settings if name != "region" else settings)
    assert "planted" not in str(caught.value)


def test_an_unknown_setting_is_a_type_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTEGG_REGION", "us")
    unknown: Any = {"regoin": "us"}
    with pytest.raises(TypeError, match="regoin"):
        Client(**unknown)
    with pytest.raises(TypeError, match="regoin"):
        Client.from_env(**unknown)


def test_the_authority_is_taken_in_every_form(emulator: Emulator) -> None:
    path = Path(emulator.ca_file)
    forms: list[dict[str, Any]] = [
        {"ca_file": path},
        {"ca_file": str(path)},
        {"ca_pem": path.read_text()},
        {"ca_pem": path.read_bytes()},
    ]
    for form in forms:
        with Client(base_url=emulator.base_url, **form) as client:
            client.authenticate(*emulator.first)


def test_headers_are_a_mapping_or_pairs(emulator: Emulator) -> None:
    forms: list[Any] = [
        {"x-gate": "open"},
        [("x-gate", "open")],
        [["x-gate", "open"]],
        iter([("x-gate", "open")]),
    ]
    for headers in forms:
        emulator.control("options", {"required_header": {"name": "x-gate", "value": "open"}})
        try:
            with emulator.client(headers=headers) as client:
                client.authenticate(*emulator.first)
        finally:
            emulator.control("options", {"required_header": None})


def test_the_retry_policy_counts(emulator: Emulator) -> None:
    emulator.fault({"respond": {"status": 503}}, times=0)
    policy = RetryPolicy(max_attempts=3, base_delay=0.001, max_delay=0.002)
    assert repr(policy) == "RetryPolicy(max_attempts=3, base_delay=0.001, max_delay=0.002)"
    with emulator.client(retry=policy) as client, pytest.raises(FronteggError) as caught:
        client.authenticate(*emulator.first)
    assert caught.value.attempts == 3


def test_from_env(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FRONTEGG_REGION", "FRONTEGG_DOMAIN", "FRONTEGG_VENDOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRONTEGG_BASE_URL", emulator.base_url)
    with Client.from_env(ca_file=emulator.ca_file, deadline=5) as client:
        assert client.base_url == emulator.base_url
        client.authenticate(*emulator.first)
    region: Any = {"region": "us"}
    with pytest.raises(InvalidArgumentError, match="environment"):
        Client.from_env(**region)
    monkeypatch.delenv("FRONTEGG_BASE_URL")
    with pytest.raises(InvalidArgumentError):
        Client.from_env()


def test_a_closed_client_refuses(emulator: Emulator) -> None:
    with emulator.client() as client:
        client.authenticate(*emulator.first)
    client.close()
    with pytest.raises(ClosedError):
        client.authenticate(*emulator.first)
    with pytest.raises(ClosedError):
        client.refresh("x")


def test_close_interrupts_calls_and_other_threads_run_meanwhile(emulator: Emulator) -> None:
    """Were the GIL held by the call, this thread would come to close only after its deadline."""
    emulator.fault({"hang": {}})
    client = emulator.client()
    outcome: list[BaseException] = []

    def call() -> None:
        try:
            client.authenticate(*emulator.first)
        except FronteggError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    emulator.wait_for_fault()
    client.close()
    thread.join()
    assert [type(error) for error in outcome] == [ClosedError]


def test_a_panic_is_an_exception() -> None:
    client = Client(region="us")
    with pytest.raises(InternalError) as caught:
        client.authenticate("panic-on-purpose", "s")
    assert isinstance(caught.value, Exception)
    assert "purpose" not in str(caught.value)
    with pytest.raises(InternalError):
        client.refresh("panic-on-purpose")
