"""Sources among threads, signals, forks, and at the end of the process."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import finish

if TYPE_CHECKING:
    from conftest import Emulator

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

HERD = """
import threading
def herd(source, waits):
    outcomes = []
    def call():
        try:
            outcomes.append(source.token())
        except ft.FronteggError as error:
            outcomes.append(error)
    threads = [threading.Thread(target=call) for _ in range(1000)]
    for thread in threads:
        thread.start()
    while source.stats().waits < waits:
        pass
    print("all wait", flush=True)
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1000
    return outcomes
"""


# Stays until the test has seen what it waits for.
END = "sys.stdin.readline()\n"


def test_a_thousand_threads_cost_one_request(emulator: Emulator) -> None:
    """Of an empty source, of one whose token has expired, and of one whose service fails."""
    emulator.hold(on="authenticate")
    emulator.hold(on="refresh")
    failure = {"respond": {"status": 503}}
    emulator.hold(failure, on="authenticate")
    process = emulator.start(
        HERD
        + """
source = ft.TokenSource.from_env(**once)
first = herd(source, 1000)
assert set(first) == {source.peek()}
advance_clock(DAY)
second = herd(source, 2000)
assert set(second) == {source.peek()} != set(first)
failing = ft.TokenSource.from_env(**once)
errors = herd(failing, 1000)
assert {type(error) for error in errors} == {ft.ServerError}
assert len({id(error) for error in errors}) == 1000
stats = source.stats()
assert (stats.authentications, stats.refreshes, failing.stats().failures) == (1, 1, 1)
"""
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == "all wait\n"
        emulator.release()
    finish(process)
    counts = emulator.counts()
    assert counts["authenticate"]["by_status"] == {"200": 1, "503": 1}
    assert counts["refresh"]["by_status"] == {"200": 1}


def test_a_renewal_in_the_background_delays_nobody(emulator: Emulator) -> None:
    """The refresh hangs for as long as the program runs, which ends all the same."""
    emulator.fault({"hang": {}}, on="refresh", times=0)
    process = emulator.start(
        """
source = ft.TokenSource.from_env(**once)
token = source.token()
advance_clock(DAY * 85 // 100)
for _ in range(1000):
    assert source.token() is token
assert source.stats().waits == 1
"""
        + END
    )
    emulator.wait_for_fault()
    finish(process, "\n")


@needs_signals
def test_ctrl_c_ends_a_wait(emulator: Emulator) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start("""
source = ft.TokenSource.from_env(**settings)
for _ in range(2):
    try:
        source.token()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
assert source.stats().failures == 0
""")
    emulator.wait_for_fault()
    assert process.stdout is not None
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    process.send_signal(signal.SIGINT)
    assert finish(process) == "interrupted\n"
    assert emulator.counts()["requests"] == 1


@needs_signals
def test_ctrl_c_ends_a_wait_where_another_thread_was_first_to_count_them(
    emulator: Emulator,
) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start("""
import _thread
del sys.modules["threading"]
imported = _thread.allocate_lock()
imported.acquire()
def load():
    import threading
    imported.release()
_thread.start_new_thread(load, ())
imported.acquire()
source = ft.TokenSource.from_env(**settings)
try:
    source.token()
except KeyboardInterrupt:
    print("interrupted", flush=True)
os._exit(0)
""")
    emulator.wait_for_fault()
    process.send_signal(signal.SIGINT)
    assert finish(process) == "interrupted\n"


@pytest.mark.parametrize(
    "code",
    [
        """
source = ft.TokenSource.from_env(**settings)
threading.Thread(target=source.token, daemon=True).start()
""",
        """
source = ft.TokenSource.from_env(**settings, observer=print)
threading.Thread(target=source.token, daemon=True).start()
""",
        """
source = ft.TokenSource.from_env(**settings)
try:
    source.token(timeout=0)
except ft.RequestTimeoutError:
    pass
ft.source = source
""",
        """
class Holder:
    def __init__(self):
        self.source = ft.TokenSource.from_env(**settings, observer=self.observe)
    def observe(self, event):
        pass
    def __del__(self):
        self.source.close()
holder = Holder()
threading.Thread(target=holder.source.token, daemon=True).start()
""",
        """
source = ft.TokenSource.from_env(**settings)
def wait():
    try:
        source.token()
    except ft.ClosedError:
        pass
threading.Thread(target=wait, daemon=True).start()
atexit.register(source.close)
""",
    ],
    ids=["a thread waits", "an observer", "nobody waits", "a cycle", "closed at exit"],
)
def test_a_process_ends_while_a_source_renews(emulator: Emulator, code: str) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start(code + END)
    emulator.wait_for_fault()
    finish(process, "go\n")


def test_a_process_ends_while_an_observer_waits(emulator: Emulator) -> None:
    emulator.fault({"hang": {}}, on="refresh", times=0)
    process = emulator.start(
        """
sys.unraisablehook = lambda complaint: print(complaint.exc_value)
def observe(event):
    source.invalidate(source.peek())
    source.token()
source = ft.TokenSource.from_env(**settings, observer=observe)
source.token()
"""
        + END
    )
    emulator.wait_for_fault()
    assert "interpreter is ending" in finish(process, "go\n")


def test_events_may_come_while_the_interpreter_ends(emulator: Emulator) -> None:
    """As soon as one source is done it begins anew, in many processes."""
    for _ in range(10):
        emulator.run("""
def observe(event):
    for source in sources:
        token = source.peek()
        if token:
            source.invalidate(token)
            try:
                source.token(timeout=0)
            except ft.FronteggError:
                pass
sources = [ft.TokenSource.from_env(**settings, observer=observe) for _ in range(4)]
for source in sources:
    source.token()
sys.unraisablehook = lambda complaint: None
""")


@needs_fork
def test_200_children_go_on_with_their_parents_token(emulator: Emulator) -> None:
    printed = emulator.run("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
source = ft.TokenSource.from_env(**settings)
token = source.token()
for number in range(200):
    child = os.fork()
    if child == 0:
        # One in twenty has to renew, and has no refresh token.
        if number % 20 == 0:
            assert source.invalidate(token)
            assert source.token() != token
            assert source.stats()[:2] == (1, 0)
        else:
            assert source.token() is token
            assert source.stats()[:2] == (0, 0)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
assert source.token() is token
source.invalidate(token)
source.token()
print(source.stats()[:2])
""")
    assert printed == "(1, 1)\n"
    state = emulator.control("state")
    counts = state["counts"]
    assert counts["authenticate"]["ok"] == 11
    assert counts["refresh"]["ok"] == 1
    assert state["refresh_tokens_presented_twice"] == 0
    # The parent reconnects for a refresh that comes late; nobody shares a connection.
    assert 11 <= counts["connections"] <= 12


@needs_fork
@pytest.mark.parametrize("observer", ["None", "print"])
def test_a_child_forked_amid_a_renewal_has_one_of_its_own(
    emulator: Emulator, observer: str
) -> None:
    """As of a server that loads the program, uses it, and then forks its workers."""
    emulator.fault({"hang": {}}, on="refresh", times=1)
    process = emulator.start(f"""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
source = ft.TokenSource.from_env(**once, observer={observer})
token = source.token()
advance_clock(DAY * 2)
waiting = threading.Thread(target=source.token, daemon=True)
waiting.start()
sys.stdin.readline()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        mine = source.token()
        assert mine != token
        assert source.token() is mine
        source.close()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
""")
    emulator.wait_for_fault()
    printed = finish(process, "go\n")
    assert ("authenticated" in printed) == (observer == "print")
    state = emulator.control("state")
    assert state["counts"]["authenticate"]["ok"] == 5
    assert state["refresh_tokens_presented_twice"] == 0


WORKER = """
import os, frontegg_token as ft

source = None

def work(number):
    global source
    if source is None:
        source = ft.TokenSource.from_env(ca_file=os.environ["FRONTEGG_CA_FILE"])
    return source.token()
"""


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=needs_fork)])
def test_workers_of_multiprocessing(emulator: Emulator, method: str, tmp_path: object) -> None:
    """What is spawned makes a source of its own; what is forked has its parent's."""
    printed = emulator.run(f"""
import multiprocessing, pathlib, warnings
warnings.simplefilter("ignore", DeprecationWarning)
sys.path.insert(0, {str(tmp_path)!r})
pathlib.Path({str(tmp_path)!r}, "worker.py").write_text({WORKER!r})
import worker
if __name__ == "__main__":
    token = worker.work(0)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        tokens = set(pool.map(worker.work, range(20)))
    print(tokens == {{token}}, len(tokens) <= 2)
""")
    assert printed == f"{method == 'fork'} True\n"
    assert emulator.counts()["authenticate"]["ok"] <= (1 if method == "fork" else 3)
