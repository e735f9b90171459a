"""Run the examples against the emulator: a story in five languages, a cron job, a fleet.

They must tell what they should. The examples in C and C++ are built with the library that
``make c`` has installed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ".venv/bin/python"

CALLS = {
    "Rust": ["target/debug/frontegg-example"],
    "C": ["build/examples/c"],
    "C++": ["build/examples/cpp"],
    "Python": [PYTHON, "examples/python/example.py"],
    "Node": ["node", "examples/node/example.mjs"],
}
CRON = [PYTHON, "examples/python/cron.py"]
WORKERS = {
    "Rust": ["target/debug/frontegg-example-worker"],
    "Python": [PYTHON, "examples/python/worker.py"],
    "Node": ["node", "examples/node/worker.mjs"],
}

# Alike in every language but for the trace id.
STORY = r"""token: eyJ\w{3}… by authenticate, lives \d+ s
the same token again: yes
after a 401 elsewhere: eyJ\w{3}… by refresh, lives \d+ s
stats: 1 authentication, 1 refresh, 0 failures
authenticated: eyJ\w{3}… lives \d+ s, sub CLIENT_ID, tenant [\da-f-]{36}, type tenantApiToken
refreshed: eyJ\w{3}… lives \d+ s
consumed refresh token: refresh_rejected: the service rejected the refresh token \(401\): """ + (
    r"Refresh token is not valid, trace [\da-f]{32}"
)


class Service:
    """An emulated service."""

    def __init__(self, emulator: Popen[str]) -> None:
        # It prints one line when it is ready.
        ready = json.loads(line_of(emulator))
        self.control = ready["control"]
        self.client_id = ready["api_tokens"][0]["client_id"]
        self.env = os.environ | {
            "FRONTEGG_BASE_URL": ready["base_url"],
            "FRONTEGG_CA_FILE": ready["ca_file"],
            "FRONTEGG_CLIENT_ID": self.client_id,
            "FRONTEGG_SECRET": ready["api_tokens"][0]["secret"],
        }

    def has_seen(self, authentications: int, refreshes: int) -> None:
        """Look whether it has seen so many requests."""
        with urllib.request.urlopen(f"{self.control}/_emulator/state") as answer:
            counts = json.load(answer)["counts"]
        seen = (counts["authenticate"]["total"], counts["refresh"]["total"])
        tell(f"the service has seen {seen[0]} authentication, {seen[1]} refresh")
        check(seen == (authentications, refreshes))


@contextmanager
def service() -> Iterator[Service]:
    """Run a service."""
    with program(["target/debug/frontegg-emulator", "--exit-with-stdin"]) as emulator:
        yield Service(emulator)


@contextmanager
def redis() -> Iterator[str]:
    """Run a Redis, and name it."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/socket"
        options = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""]
        with program(["redis-server", *options]) as server:
            while "ready to accept connections" not in line_of(server).lower():
                pass
            try:
                yield f"unix://{socket}"
            finally:
                server.terminate()


def program(command: list[str], env: dict[str, str] | None = None) -> Popen[str]:
    """Start a program. Those of this project end when their input does."""
    return Popen(command, env=env, text=True, stdin=PIPE, stdout=PIPE)


def line_of(process: Popen[str]) -> str:
    """Wait for the next line that it prints."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"{process.args!r} ended early")
    return line.rstrip("\n")


def tell(text: str) -> None:
    """Print it below its headline."""
    print(f"  {text}", flush=True)


def check(holds: bool) -> None:
    """End where an example does not tell what it should."""
    if not holds:
        raise SystemExit("that is not what it should be")


def story(language: str, command: list[str]) -> None:
    """Have a token at hand, and make the two calls, in one language."""
    print(f"\n{language}")
    with service() as at:
        told = subprocess.run(command, env=at.env, text=True, stdout=PIPE, check=True).stdout
        for line in told.splitlines():
            tell(line)
        check(bool(re.fullmatch(STORY.replace("CLIENT_ID", at.client_id), told.strip())))


def cron() -> None:
    """Run a job three times, each a process of its own."""
    print("\nOne host: a cron job runs three times, and shares its token by a file")
    with tempfile.TemporaryDirectory() as folder, service() as at:
        env = at.env | {"XDG_CACHE_HOME": folder}
        for origin in ("authenticate", "store", "store"):
            told = subprocess.run(CRON, env=env, text=True, stdout=PIPE, check=True).stdout
            tell(told.rstrip())
            check(told.endswith(f" by {origin}\n"))
        at.has_seen(1, 0)


def fleet() -> None:
    """Let workers of three languages share a token. One of them is killed."""
    print("\nA fleet: six workers start at once, and share their token by Redis")
    with redis() as store, service() as at, ExitStack() as stack:
        env = at.env | {"FRONTEGG_TOKEN_STORE": store}
        workers = {
            f"{language} {number}": stack.enter_context(program(command, env))
            for number in (1, 2)
            for language, command in WORKERS.items()
        }
        work(workers, "call", first="authenticate")
        at.has_seen(1, 0)
        name, killed = workers.popitem()
        killed.kill()
        tell(f"{name} is killed, and then the API answers 401 to the token")
        work(workers, "answered 401", first="refresh")
        at.has_seen(1, 1)


def work(workers: dict[str, Popen[str]], job: str, first: str) -> None:
    """Give all a job at once: one gets a token like this, and the others that one."""
    for worker in workers.values():
        if worker.stdin:
            worker.stdin.write(f"{job}\n")
            worker.stdin.flush()
    answers = {name: line_of(worker) for name, worker in workers.items()}
    for name, answer in answers.items():
        tell(f"{name:<9} {answer}")
    tokens, origins = zip(*(answer.split(" by ") for answer in answers.values()))
    check(len(set(tokens)) == 1)
    check(sorted(origins) == [first] + ["store"] * (len(workers) - 1))


def build() -> None:
    """Build the examples in C and C++, as a user would."""
    Path("build/examples").mkdir(parents=True, exist_ok=True)
    installed = ["-Ibuild/c/include", "-Lbuild/c/lib", f"-Wl,-rpath,{ROOT}/build/c/lib"]
    for compiler, source, name in (
        (["cc", "-std=c11"], "c/example.c", "c"),
        (["c++", "-std=c++17"], "cpp/example.cpp", "cpp"),
    ):
        files = [f"examples/{source}", "-o", f"build/examples/{name}"]
        command = [*compiler, "-Wall", "-Wextra", *files, *installed, "-lfrontegg_token"]
        subprocess.run(command, check=True)


def main() -> None:
    """Run them all."""
    os.chdir(ROOT)
    build()
    for language, command in CALLS.items():
        story(language, command)
    cron()
    fleet()


if __name__ == "__main__":
    main()
