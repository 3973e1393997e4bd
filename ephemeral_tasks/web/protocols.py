"""What a socket sends: whole fragments to pages, rows as JSON to programs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from django.core.serializers.json import DjangoJSONEncoder

from .. import submission
from . import responses
from .commands import Event
from .pages import Page
from .refusals import Refusal
from .rows import arender_rows

JSON_SUBPROTOCOL = "ephemeral-tasks.v1+json"


class Protocol(ABC):
    """Frames for one owner. Remembers digests of sent rows, never their content."""

    subprotocol: str | None = None

    def __init__(self, page: Page) -> None:
        self.page = page
        """The context under which frames are rendered."""

    @abstractmethod
    async def take_changes(self, owner: str) -> list[str]:
        """Return the frames that the client lacks, and note them as sent."""

    @abstractmethod
    def encode_events(self, events: Sequence[Event], request: object) -> list[str]:
        """Return the frames that answer a command."""

    @abstractmethod
    def encode_refusal(self, refusal: Refusal, request: object) -> str:
        """Return the frame that refuses a command."""


class HtmlProtocol(Protocol):
    """The table fragment, byte for byte what the poll would answer."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._sent: int | None = None

    async def take_changes(self, owner: str) -> list[str]:
        """Return the fragment, nothing when the client has it."""
        frame = await self.next_frame(owner)
        return [] if frame is None else [frame]

    async def next_frame(self, owner: str) -> str | None:
        """Return the fragment, None when the client has it."""
        with self.page.activate():
            html, _ = await arender_rows(owner, self.page)
        # After the wait, on the loop: a turn that is cancelled has sent nothing.
        if hash(html) == self._sent:
            return None
        self._sent = hash(html)
        return html

    def encode_events(self, events: Sequence[Event], request: object) -> list[str]:
        """Return nothing: the change itself brings the next fragment."""
        return []

    def encode_refusal(self, refusal: Refusal, request: object) -> str:
        """Return a sentence for the live region."""
        return responses.render_notice(self.page.live_id, refusal.message)


class JsonProtocol(Protocol):
    """The table on connecting, then each row that changed or went."""

    subprotocol = JSON_SUBPROTOCOL

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._sent: dict[str, int] | None = None

    async def take_changes(self, owner: str) -> list[str]:
        """Return the table, later its differences: what is gone first, then by age."""
        with self.page.activate():
            window = await submission.awindow(owner)
            rows = [row.as_json() for row in window]
            if self._sent is None:
                self._sent = {row["id"]: _digest(row) for row in rows}
                return [_encode({"type": "table", "operations": rows})]
            return [self._encode_event(event) for event in self._list_changes(rows)]

    def _list_changes(self, rows: Sequence[dict[str, Any]]) -> list[Event]:
        sent = self._sent or {}
        ids = {row["id"] for row in rows}
        gone = [{"type": "removed", "id": id} for id in sent if id not in ids]
        changed = [
            {"type": "row", "operation": row}
            for row in reversed(rows)
            if sent.get(row["id"]) != _digest(row)
        ]
        return [*gone, *changed]

    def encode_events(self, events: Sequence[Event], request: object) -> list[str]:
        """Return a frame for each event, which the next difference leaves out."""
        return [self._encode_event(event, request) for event in events]

    def encode_refusal(self, refusal: Refusal, request: object) -> str:
        """Return the refusal."""
        return _encode({"type": "error", **refusal.as_json()}, request)

    def _encode_event(self, event: Event, request: object = None) -> str:
        sent = {} if self._sent is None else self._sent
        if event["type"] == "row":
            sent[event["operation"]["id"]] = _digest(event["operation"])
        else:
            sent.pop(event["id"], None)
        return _encode(event, request)


def make_protocol(scope: Mapping[str, Any]) -> Protocol:
    """Return what a socket's client asked for when it connected."""
    query = parse_qs(scope.get("query_string", b"").decode("latin1"))
    page = Page.unsign(query.get("page", [None])[0])
    is_json = JSON_SUBPROTOCOL in scope.get("subprotocols", ())
    return JsonProtocol(page) if is_json else HtmlProtocol(page)


def _encode(event: dict[str, Any], request: object = None) -> str:
    """Return the event as JSON; texts may be lazy, in the active language.

    Raises:
        TypeError, ValueError: JSON cannot express a value of a row.
    """
    document = event if request is None else {**event, "request": request}
    return json.dumps(document, cls=DjangoJSONEncoder, allow_nan=False)


def _digest(row: dict[str, Any]) -> int:
    """Return a number that changes with the row, and not with time alone."""
    moving = ("elapsed_seconds", "expires_at", "eta_seconds")
    return hash(_encode({key: row[key] for key in row if key not in moving}))
