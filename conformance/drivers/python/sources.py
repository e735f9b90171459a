"""What the driver does with token sources, of either kind."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from stores import Stores, seconds

from frontegg_token import _native

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontegg_token import (
        AsyncTokenSource,
        Event,
        FronteggError,
        Stats,
        TokenSource,
    )

    Source = TokenSource | AsyncTokenSource

Json = dict[str, Any]

CLOCK = {
    "advance_clock": _native.testing_advance_clock,
    "step_wall_clock": _native.testing_step_wall_clock,
}


def facts(error: FronteggError) -> Json:
    """Answer the facts of an error."""
    retry_after = error.retry_after
    return {
        "code": error.code,
        "number": error.number,
        "message": error.message,
        "http_status": error.http_status,
        "messages": error.messages,
        "error_code": error.error_code,
        "trace_id": error.trace_id,
        "retry_after_ms": None if retry_after is None else round(retry_after * 1000),
        "attempts": error.attempts,
        "retryable": error.retryable,
    }


def about(source: Source, token: str) -> Json:
    """Answer a token with what the source knows of it."""
    known: Json = dict.fromkeys(("expires_at_ms", "renewal_due_at_ms", "origin", "claims"))
    info = source.info()
    if info is not None and source.peek() == token:
        for name in ("expires_at", "renewal_due_at"):
            at = getattr(info, name)
            known[f"{name}_ms"] = None if at is None else round(at.timestamp() * 1000)
        known |= {"origin": info.origin, "claims": info.claims}
    return {
        "ok": {"token": token, "authorization": f"Bearer {token}", **known},
        "shown": f"{source!r} {source} {info!r} {info}",
    }


def counted(stats: Stats) -> Json:
    """Answer statistics."""
    error = stats.store_error
    told = None if error is None else {"code": error.code, "message": error.message}
    return stats._asdict() | {"store_error": told}


class Sources:
    """Sources by name, and the events that each has told of."""

    def __init__(self, cls: type[Source], client_settings: Callable[[Json], Json]) -> None:
        self.cls: Any = cls
        self.client_settings = client_settings
        self.sources: dict[str, Any] = {}
        self.events: dict[str, SimpleQueue[Event]] = {}
        self.stores = Stores()

    def handle(self, request: Json, client: Any) -> Json:  # noqa: ANN401
        """Do what a request asks, other than for a token; ``client`` is the one that it names."""
        op = request["op"]
        if op in CLOCK:
            CLOCK[op](request["ms"])
            return {"ok": {}}
        if op == "resume_store":
            self.stores.resume(request["name"])
            return {"ok": {}}
        name = request["source"]
        if op == "new_source":
            self.new_source(name, client, request)
            return {"ok": {}}
        source = self.sources[name]
        if op == "peek":
            return {"ok": {"token": source.peek()}}
        if op == "invalidate":
            return {"ok": {"was_current": source.invalidate(request["token"])}}
        if op == "stats":
            return {"ok": counted(source.stats())}
        if op == "events":
            return {"ok": {"events": list(self.new_events(name))}}
        if op == "set_credentials":
            source.set_credentials(request["client_id"], request["secret"])
        elif op == "close_source":
            source.close()
        elif op == "drop_source":
            del self.sources[name]
        return {"ok": {}}

    def new_source(self, name: str, client: Any, request: Json) -> None:  # noqa: ANN401
        """Make a source, of the environment if it says so."""
        told = self.events[name] = SimpleQueue()
        settings = seconds(request.get("settings", {}))
        settings["observer"] = told.put
        if "store" in settings:
            settings["store"] = self.stores.give(settings["store"])
        if request.get("from_env"):
            # There is one deadline for both.
            settings = self.client_settings(request.get("client_settings", {})) | settings
            self.sources[name] = self.cls.from_env(**settings)
        else:
            credentials = request["client_id"], request["secret"]
            self.sources[name] = self.cls(client, *credentials, **settings)

    def new_events(self, name: str) -> list[Json]:
        """Empty the queue of events."""
        events: list[Json] = []
        while True:
            try:
                event = self.events[name].get_nowait()
            except Empty:
                return events
            code = None if event.error is None else event.error.code
            events.append({"kind": event.kind, "generation": event.generation, "code": code})
