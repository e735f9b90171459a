"""The client for asyncio: what the event loop sees."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from conftest import finish
from frontegg_token import (
    AsyncClient,
    ClosedError,
    InternalError,
    InvalidArgumentError,
    RefreshRejectedError,
    TokenSet,
)

if TYPE_CHECKING:
    from conftest import Emulator


async def served(emulator: Emulator) -> None:
    await asyncio.to_thread(emulator.wait_for_fault)


def test_both_calls(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            tokens = await client.authenticate(*emulator.first)
            assert isinstance(tokens, TokenSet)
            assert tokens.refresh_token is not None
            renewed = await client.refresh(tokens.refresh_token)
            assert renewed.claims is not None
            assert renewed.claims["sub"] == "first-id"
            with pytest.raises(RefreshRejectedError) as caught:
                await client.refresh(tokens.refresh_token)
            assert caught.value.http_status == 401
        with pytest.raises(ClosedError):
            await client.authenticate(*emulator.first)
        await client.aclose()

    asyncio.run(main())


def test_more_tasks_than_threads(emulator: Emulator) -> None:
    async def main() -> None:
        async with emulator.async_client() as client:
            credentials = [emulator.first, emulator.second] * 100
            all_tokens = await asyncio.gather(*(client.authenticate(*c) for c in credentials))
        subjects = [(tokens.claims or {})["sub"] for tokens in all_tokens]
        assert subjects == [client_id for client_id, _ in credentials]

    asyncio.run(main())
    assert emulator.counts()["connections"] <= 64


def test_the_loop_runs_while_a_call_waits(emulator: Emulator) -> None:
    """Were the loop blocked, it would come to close only after the call's deadline."""
    emulator.fault({"hang": {}})

    async def main() -> None:
        client = emulator.async_client()
        call = asyncio.create_task(client.authenticate(*emulator.first))
        await served(emulator)
        assert not call.done()
        client.close()
        with pytest.raises(ClosedError):
            await call

    asyncio.run(main())


def test_the_default_executor_is_not_used(emulator: Emulator) -> None:
    class Refusing(ThreadPoolExecutor):
        def submit(self, *_args: object, **_kwargs: object) -> Any:  # noqa: ANN401
            raise AssertionError("used")

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(Refusing())
        async with emulator.async_client() as client:
            await client.authenticate(*emulator.first)

    asyncio.run(main())


def test_a_cancelled_task_stops_waiting_and_disturbs_nobody(emulator: Emulator) -> None:
    emulator.fault({"hang": {}})
    complaints: list[object] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        async with emulator.async_client() as hung, emulator.async_client() as client:
            call = asyncio.create_task(hung.authenticate(*emulator.first))
            await served(emulator)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            # Its outcome comes in after all, and finds nobody waiting.
            hung.close()
            await client.authenticate(*emulator.first)

    asyncio.run(main())
    assert complaints == []


def test_a_cancelled_call_takes_effect(emulator: Emulator) -> None:
    emulator.fault({"delay": {"ms": 1, "when": "after"}})

    async def main() -> None:
        async with emulator.async_client() as client:
            call = asyncio.create_task(client.authenticate(*emulator.first))
            await served(emulator)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            emulator.wait_for("authenticate", "ok")

    asyncio.run(main())


def test_an_outcome_for_a_closed_loop_is_dropped(emulator: Emulator) -> None:
    emulator.fault({"hang": {}})
    client = emulator.async_client()

    async def abandon() -> None:
        call = asyncio.create_task(client.authenticate(*emulator.first))
        await served(emulator)
        call.cancel()

    async def call_again() -> None:
        async with emulator.async_client() as other:
            await other.authenticate(*emulator.first)

    asyncio.run(abandon())
    client.close()
    asyncio.run(call_again())


def test_one_client_serves_loops_in_several_threads(emulator: Emulator) -> None:
    client = emulator.async_client()
    subjects: list[str] = []

    async def calls(credentials: tuple[str, str]) -> None:
        for _ in range(10):
            coroutines = [client.authenticate(*credentials) for _ in range(10)]
            for tokens in await asyncio.gather(*coroutines):
                assert tokens.claims is not None
                assert tokens.claims["sub"] == credentials[0]
                subjects.append(tokens.claims["sub"])

    def work(credentials: tuple[str, str]) -> None:
        asyncio.run(calls(credentials))

    threads = [
        threading.Thread(target=work, args=(credentials,))
        for credentials in (emulator.first, emulator.second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(subjects) == ["first-id"] * 100 + ["second-id"] * 100


def test_arguments_and_panics() -> None:
    async def main() -> None:
        client = AsyncClient(region="us")
        wrong: Any = 1
        with pytest.raises(TypeError):
            await client.authenticate("c", wrong)
        with pytest.raises(InvalidArgumentError):
            await client.authenticate("c", "\ud800")
        with pytest.raises(InvalidArgumentError):
            await client.authenticate("", "s")
        with pytest.raises(InternalError):
            await client.authenticate("panic-on-purpose", "s")
        with pytest.raises(InternalError):
            await client.refresh("panic-on-purpose")

    asyncio.run(main())


def test_an_exception_that_nobody_fetches_shows_no_secret(emulator: Emulator) -> None:
    complaints: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))
        async with emulator.async_client() as client:
            call = asyncio.create_task(client.authenticate("first-id", "planted-secret"))
            await asyncio.wait({call})

    asyncio.run(main())
    assert len(complaints) == 1
    assert "InvalidCredentialsError" in complaints[0]
    assert "planted" not in complaints[0]


def test_a_process_ends_while_a_call_waits(emulator: Emulator) -> None:
    emulator.fault({"hang": {}}, times=0)
    process = emulator.start("""
async def main():
    client = ft.AsyncClient.from_env(**settings)
    call = asyncio.create_task(client.authenticate(*credentials))
    await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main())
""")
    emulator.wait_for_fault()
    finish(process, "go\n")


def test_no_call_starts_once_the_interpreter_ends(emulator: Emulator) -> None:
    printed = emulator.run("""
async def main():
    await client.authenticate(*credentials)
def late():
    try:
        asyncio.run(main())
    except RuntimeError as error:
        print(error)
atexit.register(late)  # runs last, since AsyncClient is not loaded yet
client = ft.AsyncClient.from_env(**settings)
asyncio.run(main())
""")
    assert "interpreter is ending" in printed
