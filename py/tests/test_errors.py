"""The exceptions: one per code, with the facts, fit to be pickled."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import frontegg_token
from conftest import REPOSITORY
from frontegg_token import (
    ConnectError,
    FronteggError,
    InvalidArgumentError,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    _native,
)
from frontegg_token._errors import CLASSES

if TYPE_CHECKING:
    from conftest import Emulator

FACTS: dict[str, Any] = {
    "http_status": 429,
    "messages": ("slow", "down"),
    "error_code": "ER-1",
    "trace_id": "0123",
    "retry_after": 1.5,
    "attempts": 3,
    "retryable": True,
}


def facts(error: FronteggError) -> dict[str, Any]:
    return {name: getattr(error, name) for name in ("message", *FACTS)}


def test_there_is_a_class_for_every_code() -> None:
    ours = [(cls.number, cls.code, cls.retryable) for cls in CLASSES.values()]
    assert ours == _native.codes()
    table = json.loads((REPOSITORY / "conformance/errors.json").read_text())["errors"]
    assert ours == [(row["number"], row["code"], row["retryable"]) for row in table]
    assert list(CLASSES.values()) == FronteggError.__subclasses__()


def test_every_class_is_public() -> None:
    classes: list[type[FronteggError]] = [FronteggError, *CLASSES.values()]
    for cls in classes:
        assert cls.__module__ == "frontegg_token"
        assert cls.__name__ in frontegg_token.__all__
        assert getattr(frontegg_token, cls.__name__) is cls


def test_they_are_what_python_users_catch() -> None:
    assert issubclass(InvalidArgumentError, ValueError)
    assert issubclass(ConnectError, ConnectionError)
    assert issubclass(RequestTimeoutError, TimeoutError)


@pytest.mark.parametrize("cls", CLASSES.values())
def test_they_are_pickled_and_copied_with_their_facts(cls: type[FronteggError]) -> None:
    error = cls("no", **FACTS)
    copies = [pickle.loads(pickle.dumps(error, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for other in (*copies, copy.copy(error), copy.deepcopy(error)):
        assert type(other) is cls
        assert facts(other) == facts(error) == {"message": "no", **FACTS}
        assert (str(other), repr(other)) == (str(error), repr(error))


@pytest.mark.parametrize("cls", CLASSES.values())
def test_a_program_can_make_one_for_its_own_tests(cls: type[FronteggError]) -> None:
    error = cls("no")
    assert str(error) == error.message == "no"
    assert error.retryable is cls.retryable
    assert (error.messages, error.retry_after, error.attempts) == ((), None, 0)


def test_repr_has_the_facts_that_are_known() -> None:
    shown = "RateLimitedError('no', http_status=429, retry_after=1.5, attempts=1, retryable=True)"
    assert repr(RateLimitedError("no", http_status=429, retry_after=1.5, attempts=1)) == shown


def test_the_facts_of_an_answer_arrive(emulator: Emulator) -> None:
    answer = {
        "status": 429,
        "headers": {"retry-after": "7", "frontegg-trace-id": "0123456789abcdef"},
        "json": {"errors": ["slow", "down"], "errorCode": "ER-1"},
    }
    emulator.fault({"respond": answer})
    with emulator.client(retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(RateLimitedError) as caught:
            client.authenticate(*emulator.first)
        error = caught.value
    expected = {**FACTS, "trace_id": "0123456789abcdef", "retry_after": 7.0, "attempts": 1}
    assert facts(error) == {"message": error.message, **expected}
    assert pickle.loads(pickle.dumps(error)).trace_id == error.trace_id  # noqa: S301


def test_an_interrupted_refresh_is_not_retryable(emulator: Emulator) -> None:
    with emulator.client() as client:
        tokens = client.authenticate(*emulator.first)
        assert tokens.refresh_token is not None
        emulator.fault({"close": {"when": "after_processing"}})
        with pytest.raises(frontegg_token.InterruptedCallError) as caught:
            client.refresh(tokens.refresh_token)
    assert caught.value.retryable is False
