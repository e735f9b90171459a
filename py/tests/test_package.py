"""What is installed, and what importing it costs."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import PurePath

import pytest

import frontegg_token

DISTRIBUTION = importlib.metadata.distribution("frontegg-token")


def test_one_wheel_serves_python_3_9_and_later() -> None:
    wheel = DISTRIBUTION.read_text("WHEEL") or ""
    tags = [line for line in wheel.splitlines() if line.startswith("Tag:")]
    assert tags
    assert all(tag.startswith("Tag: cp39-abi3-") for tag in tags)
    assert DISTRIBUTION.metadata["Requires-Python"] == ">=3.9"
    assert not DISTRIBUTION.requires


def test_it_holds_what_it_should() -> None:
    names = {PurePath(file).name for file in DISTRIBUTION.files or []}
    assert {"py.typed", "_native.pyi", "LICENSE-MIT", "LICENSE-APACHE"} <= names
    assert DISTRIBUTION.metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert DISTRIBUTION.version == frontegg_token.__version__
    assert "Client" in (DISTRIBUTION.metadata.get_payload() or "")  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_slow() -> None:
    code = """
import sys
before = set(sys.modules)
import frontegg_token
client = frontegg_token.Client(region="us")
try:
    client.authenticate("", "")
except frontegg_token.InvalidArgumentError:
    pass
for name in sorted(set(sys.modules) - before):
    print(name)
"""
    command = [sys.executable, "-I", "-c", code]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    foreign = {name for name in names if not name.startswith("frontegg_token")}
    assert foreign <= {"__future__"}
    assert "frontegg_token._aio" not in names


def test_everything_public_is_there() -> None:
    for name in frontegg_token.__all__:
        assert getattr(frontegg_token, name) is not None
    assert set(frontegg_token.__all__) <= set(dir(frontegg_token))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        frontegg_token.Nothing  # noqa: B018


def test_docstrings_are_there() -> None:
    for name in frontegg_token.__all__:
        assert name == "__version__" or getattr(frontegg_token, name).__doc__
