"""Threads, signals, forks and the end of the process."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from conftest import PATIENCE, finish

if TYPE_CHECKING:
    from conftest import Emulator

THREADS = 64
CALLS = 10_000


def test_two_clients_shared_by_64_threads_do_not_mix(emulator: Emulator) -> None:
    failures: list[object] = []
    with emulator.client() as first, emulator.client() as second:
        pairs = [(first, emulator.first), (second, emulator.second)]

        def work(share: range) -> None:
            try:
                for number in share:
                    client, credentials = pairs[number % 2]
                    claims = client.authenticate(*credentials).claims
                    if claims is None or claims["sub"] != credentials[0]:
                        failures.append(claims)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        shares = [range(start, CALLS, THREADS + 1) for start in range(THREADS + 1)][:THREADS]
        threads = [threading.Thread(target=work, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work(range(THREADS, CALLS, THREADS + 1))
    assert failures == []
    counts = emulator.counts()
    assert counts["authenticate"]["ok"] == counts["requests"] == CALLS
    assert counts["connections"] <= 2 * THREADS + 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")
@pytest.mark.parametrize(
    "action",
    [{"hang": {}}, {"respond": {"status": 503, "headers": {"retry-after": "29"}}}],
    ids=["waiting for an answer", "waiting to try again"],
)
def test_ctrl_c_ends_a_call(emulator: Emulator, action: dict[str, Any]) -> None:
    emulator.fault(action, times=0)
    process = emulator.start("""
client = ft.Client.from_env(**settings)
try:
    client.authenticate(*credentials)
except KeyboardInterrupt:
    print("interrupted")
""")
    emulator.wait_for_fault()
    process.send_signal(signal.SIGINT)
    assert finish(process) == "interrupted\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")
def test_a_signal_whose_handler_raises_nothing_leaves_the_call_alone(emulator: Emulator) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start("""
import signal
def handle(*_):
    print("handled", flush=True)
    if sys.stdin.readline() == "stop\\n":
        client.close()
signal.signal(signal.SIGUSR1, handle)
client = ft.Client.from_env(**settings)
try:
    client.authenticate(*credentials)
except ft.ClosedError:
    print("closed")
""")
    assert process.stdin is not None
    assert process.stdout is not None
    emulator.wait_for_fault()
    for answer in ("go on", "stop"):
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "handled\n"
        process.stdin.write(answer + "\n")
        process.stdin.flush()
    assert finish(process) == "closed\n"


def test_a_daemon_thread_in_a_call_does_not_hold_up_the_end(emulator: Emulator) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start("""
client = ft.Client.from_env(**settings)
threading.Thread(target=client.authenticate, args=credentials, daemon=True).start()
sys.stdin.readline()
""")
    emulator.wait_for_fault()
    finish(process, "go\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_has_connections_of_its_own(emulator: Emulator) -> None:
    emulator.run("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
client = ft.Client.from_env(**settings)
client.authenticate(*credentials)
child = os.fork()
sub = client.authenticate(*credentials).claims["sub"]
assert sub == credentials[0]
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")
    counts = emulator.counts()
    assert counts["authenticate"]["ok"] == 3
    assert counts["connections"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_has_threads_of_its_own(emulator: Emulator) -> None:
    emulator.run("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
client = ft.AsyncClient.from_env(**settings)
async def calls():
    await asyncio.gather(*(client.authenticate(*credentials) for _ in range(8)))
asyncio.run(calls())
child = os.fork()
asyncio.run(calls())
if child == 0:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
""")
    assert emulator.counts()["authenticate"]["ok"] == 24


def test_patience_is_shorter_than_the_deadline() -> None:
    """Or a program that waits for its call to time out would seem to end at once."""
    assert PATIENCE < 30
