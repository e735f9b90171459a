"""The source for asyncio: what the event loop sees."""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from conftest import finish
from frontegg_token import (
    AsyncTokenSource,
    Client,
    ClosedError,
    Event,
    InternalError,
    InvalidArgumentError,
    RequestTimeoutError,
    ServerError,
    Stats,
)

if TYPE_CHECKING:
    from conftest import Emulator


async def served(emulator: Emulator) -> None:
    await asyncio.to_thread(emulator.wait_for_fault)


def test_a_fresh_token_is_one_str_from_memory(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_source() as source:
            assert source.peek() is None
            token = await source.token()
            assert token is source.peek()
            assert await source.token() is token
            assert await source.token(min_validity=60.5, timeout=1) is token
            assert await asyncio.create_task(source.token()) is token
            info = source.info()
            assert info is not None
            assert info.origin == "authenticate"
            assert source.stats() == Stats(1, 0, 0, 0, 1, 0, 0, None, authenticating_only=False)
            assert source.invalidate(token) is True
            assert await source.token() != token
        with pytest.raises(ClosedError):
            await source.token()
        await source.aclose()

    assert inspect.iscoroutinefunction(AsyncTokenSource.token)
    asyncio.run(main())


def test_ten_thousand_tasks_cost_one_request_and_one_delivery(emulator: Emulator) -> None:
    """Of an empty source, of one whose token has expired, and of one whose service fails."""
    emulator.hold(on="authenticate")
    emulator.hold(on="refresh")
    emulator.hold({"respond": {"status": 503}}, on="authenticate")
    process = emulator.start("""
async def herd(source):
    tasks = [asyncio.create_task(source.token()) for _ in range(10000)]
    for _ in range(3):
        await asyncio.sleep(0)
    print("all wait", flush=True)
    return await asyncio.gather(*tasks, return_exceptions=True)

async def main():
    source = ft.AsyncTokenSource.from_env(**once)
    first = await herd(source)
    assert set(first) == {source.peek()}
    advance_clock(DAY)
    second = await herd(source)
    assert set(second) == {source.peek()} != set(first)
    failing = ft.AsyncTokenSource.from_env(**once)
    errors = await herd(failing)
    assert {type(error) for error in errors} == {ft.ServerError}
    assert len({id(error) for error in errors}) == 10000
    stats = source.stats()
    assert (stats.authentications, stats.refreshes, stats.waits) == (1, 1, 2)
    assert (failing.stats().failures, failing.stats().waits) == (1, 1)

asyncio.run(main())
""")
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == "all wait\n"
        emulator.release()
    finish(process)
    counts = emulator.counts()
    assert counts["authenticate"]["by_status"] == {"200": 1, "503": 1}
    assert counts["refresh"]["by_status"] == {"200": 1}


def test_a_token_that_expires_on_its_way_to_a_busy_loop_is_asked_for_anew(
    emulator: Emulator,
) -> None:
    emulator.hold(on="authenticate")
    process = emulator.start("""
async def main():
    source = ft.AsyncTokenSource.from_env(**once)
    call = asyncio.create_task(source.token())
    await asyncio.sleep(0)
    print("waits, and the loop is busy", flush=True)
    while source.peek() is None:
        pass
    late = source.peek()
    advance_clock(DAY)
    assert await call == source.peek() != late
    assert source.stats().refreshes == 1

asyncio.run(main())
""")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("waits")
    emulator.release()
    finish(process)


def test_the_loop_runs_while_tasks_wait(emulator: Emulator) -> None:
    """Were it blocked, it would come to close only after the source's deadline."""
    emulator.fault({"hang": {}})

    async def main() -> None:
        source = emulator.async_source()
        calls = [asyncio.create_task(source.token()) for _ in range(3)]
        await served(emulator)
        assert not any(call.done() for call in calls)
        source.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ClosedError] * 3

    asyncio.run(main())


def test_the_default_executor_is_not_used(emulator: Emulator) -> None:
    class Refusing(ThreadPoolExecutor):
        def submit(self, *_args: object, **_kwargs: object) -> Any:  # noqa: ANN401
            raise AssertionError("used")

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(Refusing())
        async with emulator.async_source() as source:
            await source.token()

    asyncio.run(main())


def test_a_cancelled_task_disturbs_neither_the_renewal_nor_the_others(emulator: Emulator) -> None:
    complaints: list[object] = []
    emulator.hold()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        async with emulator.async_source() as source:
            first, second, third = (asyncio.create_task(source.token()) for _ in range(3))
            await asyncio.sleep(0)
            first.cancel()
            third.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            emulator.release()
            assert await second == source.peek()
            # All of them cancelled, and the renewal goes on.
            emulator.hold(on="refresh")
            source.invalidate(await source.token())
            only = asyncio.create_task(source.token())
            await asyncio.sleep(0)
            only.cancel()
            emulator.release()
            await source.token()
            assert source.stats()[:2] == (1, 1)

    asyncio.run(main())
    assert complaints == []


def test_a_call_waits_as_long_as_it_wants_to(emulator: Emulator) -> None:
    emulator.hold()

    async def main() -> None:
        async with emulator.async_source() as source:
            patient = asyncio.create_task(source.token())
            for timeout in (0.01, 0):
                with pytest.raises(RequestTimeoutError):
                    await source.token(timeout=timeout)
            demanding = asyncio.create_task(source.token(min_validity=86_400, timeout=20))
            content = asyncio.create_task(source.token(min_validity=60, timeout=20))
            await asyncio.sleep(0)
            emulator.release()
            assert await patient is await content
            with pytest.raises(InvalidArgumentError, match="min_validity"):
                await demanding

    asyncio.run(main())
    assert emulator.counts()["requests"] == 1


def test_a_failure_that_is_remembered_is_answered_at_once(emulator: Emulator) -> None:
    emulator.fault({"respond": {"status": 503}})
    events: list[Event] = []

    async def main() -> None:
        async with emulator.async_source(observer=events.append) as source:
            for _ in range(3):
                with pytest.raises(ServerError) as caught:
                    await source.token()
                assert caught.value.http_status == 503
            assert source.stats().waits == 1

    asyncio.run(main())
    assert emulator.counts()["requests"] == 1
    assert {"failed", "throttled"} >= {event.kind for event in events}


def test_loops_in_several_threads_share_a_source(emulator: Emulator) -> None:
    emulator.hold()
    source = emulator.async_source()
    waiting = threading.Barrier(5)
    tokens: list[str] = []

    async def calls() -> None:
        tasks = [asyncio.create_task(source.token()) for _ in range(100)]
        await asyncio.sleep(0)
        waiting.wait()
        tokens.extend(await asyncio.gather(*tasks))
        source.invalidate(tokens[0])
        tokens.append(await source.token())

    threads = [threading.Thread(target=asyncio.run, args=(calls(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    waiting.wait()
    emulator.release()
    for thread in threads:
        thread.join()
    assert len(tokens) == 404
    assert len(set(tokens)) == 2
    assert emulator.counts()["requests"] == 2


def test_an_outcome_for_a_closed_loop_is_dropped(emulator: Emulator) -> None:
    emulator.fault({"hang": {}})
    source = emulator.async_source()

    async def abandon() -> None:
        call = asyncio.create_task(source.token())
        await served(emulator)
        call.cancel()

    asyncio.run(abandon())
    source.set_credentials(*emulator.second)
    assert len(asyncio.run(source.token())) > 0
    source.close()


def test_a_source_is_dropped_while_an_exception_is_on_its_way(emulator: Emulator) -> None:
    emulator.fault({"hang": {}})

    async def lose() -> None:
        source = emulator.async_source()
        call = asyncio.create_task(source.token())
        await served(emulator)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        del call
        raise ValueError("on its way")

    async def main() -> None:
        with pytest.raises(ValueError, match="on its way"):
            await lose()

    asyncio.run(main())


def test_arguments_and_panics() -> None:
    async def main() -> None:
        source = AsyncTokenSource(Client(region="us"), "panic-on-purpose", "s")
        wrong: Any
        for wrong in (-1, float("nan"), 1e300):
            with pytest.raises(InvalidArgumentError, match="min_validity"):
                await source.token(min_validity=wrong)
            with pytest.raises(InvalidArgumentError, match="timeout"):
                await source.token(timeout=wrong)
        for wrong in ("1", []):
            with pytest.raises(TypeError, match=r"^min_validity"):
                await source.token(min_validity=wrong)
        with pytest.raises(InternalError):
            await source.token()

    asyncio.run(main())


@pytest.mark.parametrize("end", ["", "ft.source = source", "source.close()"])
def test_a_process_ends_while_a_source_renews(emulator: Emulator, end: str) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start(f"""
async def main():
    source = ft.AsyncTokenSource.from_env(**settings, observer=print)
    call = asyncio.create_task(source.token())
    call.add_done_callback(lambda call: call.cancelled() or call.exception())
    await asyncio.to_thread(sys.stdin.readline)
    {end or "pass"}
asyncio.run(main())
""")
    emulator.wait_for_fault()
    finish(process, "go\n")


def test_a_forked_child_has_a_renewal_of_its_own(emulator: Emulator) -> None:
    if not hasattr(__import__("os"), "fork"):
        return
    emulator.fault({"hang": {}})
    process = emulator.start("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
source = ft.AsyncTokenSource.from_env(**settings)
async def begin():
    call = asyncio.create_task(source.token())
    await asyncio.to_thread(sys.stdin.readline)
    call.cancel()
asyncio.run(begin())
child = os.fork()
if child == 0:
    asyncio.run(source.token())
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
""")
    emulator.wait_for_fault()
    finish(process, "go\n")
    assert emulator.counts()["authenticate"]["ok"] == 1


def test_no_call_waits_once_the_interpreter_ends(emulator: Emulator) -> None:
    printed = emulator.run("""
def late():
    try:
        asyncio.run(source.token())
    except RuntimeError as error:
        print(error)
atexit.register(late)  # runs last, since AsyncTokenSource is not loaded yet
source = ft.AsyncTokenSource.from_env(**settings)
""")
    assert "interpreter is ending" in printed
