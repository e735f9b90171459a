"""The stores that sources share tokens by, where they are Python's own affair."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from conftest import finish
from frontegg_token import (
    AsyncTokenSource,
    Client,
    FileStore,
    FronteggError,
    InvalidArgumentError,
    MemoryStore,
    RedisStore,
    StoreError,
    TokenSource,
    TokenStore,
)
from test_source import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Emulator

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

LEASE = 16.25
"""Seconds: of a source with the default deadline, and a store with the default timeout."""


class OwnStore:
    """As a user would write it, for one process. A test may replace a method."""

    def __init__(self, **methods: Callable[..., object]) -> None:
        self._lock = threading.Lock()
        self.entries: dict[str, bytes] = {}
        self.owners: dict[str, str] = {}
        self.kept = 0.0
        for name, method in methods.items():
            setattr(self, name, method)

    def load(self, name: str) -> bytes | tuple[bytes, float] | None:
        with self._lock:
            return self.entries.get(name)

    def save(self, name: str, entry: bytes, replaces: bytes | None, keep: float) -> bool:
        with self._lock:
            if self.entries.get(name) not in (None, replaces):
                return False
            self.entries[name], self.kept = entry, keep
            return True

    def lease(self, name: str, owner: str, seconds: float) -> bool:
        assert seconds == LEASE
        with self._lock:
            return self.owners.setdefault(name, owner) == owner

    def release(self, name: str, owner: str) -> None:
        with self._lock:
            if self.owners.get(name) == owner:
                del self.owners[name]


def test_a_store_of_ones_own_needs_no_base_class(emulator: Emulator) -> None:
    store: TokenStore = OwnStore()
    assert isinstance(store, TokenStore)
    with emulator.source(store=store) as one, emulator.source(store=store) as two:
        assert one.token() == two.token()
        infos = one.info(), two.info()
        assert [info and info.origin for info in infos] == ["authenticate", "store"]
    assert emulator.counts()["authenticate"]["ok"] == 1


@pytest.mark.parametrize("cls", [TokenSource, AsyncTokenSource])
@pytest.mark.parametrize("store", [5, object(), type("Half", (), {"load": print})(), b"file"])
def test_what_is_no_store_is_a_type_error(cls: Any, store: object) -> None:  # noqa: ANN401
    client = Client(region="us")
    with pytest.raises(TypeError, match="store"):
        cls(client, "id", "secret", store=store)


def test_a_bad_setting_is_refused(tmp_path: Path) -> None:
    client = Client(region="us")
    for name in ("files", "redis://user:planted-password@:0/x"):
        with pytest.raises(InvalidArgumentError) as caught:
            TokenSource(client, "id", "secret", store=name)
        assert "planted" not in repr(caught.value) + str(caught.value)
    with pytest.raises((InvalidArgumentError, TypeError), match=r"store\.timeout"):
        TokenSource(client, "id", "secret", store=with_timeout(-1))
    with pytest.raises(TypeError, match=r"store\.timeout"):
        TokenSource(client, "id", "secret", store=with_timeout("5"))
    with pytest.raises(TypeError):
        FileStore(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        RedisStore("redis://localhost", 5)  # type: ignore[call-arg]
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InvalidArgumentError):
        FileStore(file)


def with_timeout(timeout: object) -> OwnStore:
    store = OwnStore()
    store.timeout = timeout  # type: ignore[attr-defined]
    return store


def test_no_store_shows_a_secret(tmp_path: Path) -> None:
    redis = RedisStore("redis://planted-user:planted-password@localhost", key_prefix="planted:")
    assert repr(redis) == str(redis) == "RedisStore(…)"
    assert repr(FileStore()) == "FileStore()"
    directory = tmp_path / "store"
    assert repr(FileStore(directory)) == f"FileStore(directory={str(directory)!r})"
    assert repr(MemoryStore()) == "MemoryStore()"


@pytest.mark.parametrize("store", [FileStore(), MemoryStore(), RedisStore("redis://localhost")])
def test_a_store_is_neither_pickled_nor_copied(store: object) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="make one in each process"):
            attempt(store)


def test_threads_with_sources_of_their_own_share_a_store(
    emulator: Emulator, tmp_path: Path
) -> None:
    for number, store in enumerate((MemoryStore(), OwnStore(), FileStore(tmp_path / "store")), 1):
        sources = [emulator.source(store=store) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(TokenSource.token, sources))
        assert len(set(tokens)) == 1
        assert emulator.counts()["authenticate"]["ok"] == number


async def shared_by_both_kinds(emulator: Emulator, store: object) -> None:
    async with emulator.async_source(store=store) as other:
        with emulator.source(store=store) as source:
            assert await other.token() == source.token()
        assert other.stats().authentications == 1


def test_both_kinds_of_sources_share_a_store(emulator: Emulator) -> None:
    import asyncio

    asyncio.run(shared_by_both_kinds(emulator, OwnStore()))


class OutageError(Exception):
    """What a store's client raises."""


def outage(*_: object) -> None:
    raise OutageError("planted-password")


def system_exit(*_: object) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"load": outage}, "load of the store raised OutageError"),
        ({"save": outage}, "save of the store raised OutageError"),
        ({"lease": outage}, "lease of the store raised OutageError"),
        ({"load": system_exit}, "load of the store raised SystemExit"),
        ({"load": lambda _: "planted"}, "load of the store answered nonsense: str"),
        ({"load": lambda _: (b"x", -1.0)}, "load of the store answered nonsense: tuple"),
        ({"load": lambda _: (b"x", float("nan"))}, "load of the store answered nonsense: tuple"),
        ({"load": lambda _: (b"x",)}, "load of the store answered nonsense: tuple"),
        ({"load": lambda: None}, "load of the store raised TypeError"),
        ({"lease": lambda *_: None}, "lease of the store answered nonsense: NoneType"),
        ({"save": lambda *_: 1}, "save of the store answered nonsense: int"),
    ],
)
def test_a_store_that_fails_costs_nobody_a_token(
    emulator: Emulator, methods: dict[str, Callable[..., object]], message: str
) -> None:
    store = OwnStore(**methods)
    with emulator.source(store=store) as source:
        assert source.token()
        stats = source.stats()
        assert (stats.store_failures, stats.failures) == (1, 0)
        assert isinstance(stats.store_error, StoreError)
        assert (stats.store_error.code, stats.store_error.message) == ("store", message)
        assert "planted" not in repr(stats)


def test_a_lease_that_cannot_be_given_back_is_no_failure(emulator: Emulator) -> None:
    with emulator.source(store=OwnStore(release=outage)) as source:
        source.token()
        assert source.stats().store_failures == 0


def test_a_store_may_tell_how_long_it_keeps_an_entry(emulator: Emulator) -> None:
    plain = OwnStore()
    with emulator.source(store=plain) as source:
        token = source.token()
    (entry,) = plain.entries.values()
    telling = OwnStore(load=lambda _: (entry, plain.kept))
    with emulator.source(store=telling) as source:
        assert source.token() == token


def test_a_store_that_takes_its_time_holds_up_no_other_thread(emulator: Emulator) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def load(_: str) -> None:
        asked.set()
        go_on.wait()

    store = OwnStore(load=load)
    with emulator.source(store=store) as source:
        with pytest.raises(FronteggError) as caught:
            source.token(timeout=0.01)
        assert caught.value.code == "timeout"
        asked.wait()
        with emulator.source() as other:
            assert other.token()
        go_on.set()
        # It answered too late: the source goes on without it.
        assert source.token()


def test_a_store_that_asks_its_own_source_fails(emulator: Emulator) -> None:
    """It would wait for itself."""
    sources: list[TokenSource] = []
    store = OwnStore(load=lambda _: sources[0].token())
    with emulator.source(store=store) as source:
        sources.append(source)
        assert source.token()
        assert source.stats().store_failures == 1
    sources.clear()


def test_a_store_that_leads_back_to_its_source_is_collected(emulator: Emulator) -> None:
    store = OwnStore()
    source = emulator.source(store=store)
    store.source = source  # type: ignore[attr-defined]
    source.token()
    gone = weakref.ref(store), weakref.ref(source)
    del store, source
    eventually(lambda: gc.collect() is not None and gone[0]() is None)
    assert gone[1]() is None


OWN = """
class Own:
    def __init__(self):
        self.asked, self.go_on = threading.Event(), threading.Event()
    def load(self, name):
        self.asked.set()
        self.go_on.wait()
    def save(self, *change):
        return True
    lease = save
    def release(self, *lease):
        print("given back", flush=True)
"""


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "store.go_on.set()"])
def test_a_process_ends_while_its_own_store_is_asked(emulator: Emulator, end: str) -> None:
    """The interpreter waits for a method that runs, which is told to go on at the very end."""
    emulator.run(f"""{OWN}
store = Own()
source = ft.TokenSource.from_env(store=store, **once)
threading.Thread(target=source.token, daemon=True).start()
store.asked.wait()
atexit.register(store.go_on.set)
{end}
""")


@needs_fork
def test_forked_children_and_spawned_processes_share_files(
    emulator: Emulator, tmp_path: Path
) -> None:
    code = f"""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
source = ft.TokenSource.from_env(store=ft.FileStore({str(tmp_path / "store")!r}), **once)
def tell():
    # In one piece, since all write to one pipe.
    os.write(1, source.token()[-20:].encode() + b"\\n")
sys.stdin.readline()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        tell()
        os._exit(0)
    children.append(child)
tell()
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""
    processes = [emulator.start(code) for _ in range(4)]
    tokens = [line for process in processes for line in finish(process, "go\n").splitlines()]
    assert len(tokens) == 20
    assert len(set(tokens)) == 1
    assert emulator.counts()["authenticate"]["ok"] == 1


@needs_fork
def test_a_child_forked_amid_a_lease_does_not_end_it(emulator: Emulator, tmp_path: Path) -> None:
    """The parent renews with the lease, and the child waits for that as any other process."""
    directory = str(tmp_path / "store")
    emulator.hold(on="authenticate")
    process = emulator.start(f"""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
source = ft.TokenSource.from_env(store="file:{directory}", **once)
renewal = threading.Thread(target=source.token)
renewal.start()
sys.stdin.readline()
child = os.fork()
if child == 0:
    # It ends with a lock of its parent's in hand.
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
child = os.fork()
if child == 0:
    print("waits", flush=True)
    print(source.token()[-20:], flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
renewal.join()
print(source.token()[-20:], flush=True)
""")
    emulator.wait_for_fault()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "waits\n"
    emulator.release()
    one, other = finish(process).splitlines()
    assert one == other
    assert emulator.counts()["authenticate"]["total"] == 1
