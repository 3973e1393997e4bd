"""What a socket says: whole fragments for pages, rows as JSON for programs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from .. import submission
from . import responses
from .commands import Event
from .pages import Page
from .refusals import Refusal
from .rows import render_rows

JSON_SUBPROTOCOL = "ephemeral-tasks.v1+json"


class Protocol(ABC):
    """Frames for one owner. Remembers what was sent, never its content."""

    subprotocol: str | None = None

    def __init__(self, page: Page) -> None:
        self.page = page
        """What the socket's page renders under."""

    @abstractmethod
    def next_frame(self, owner: str) -> str | None:
        """Return what the client does not know yet, None when it knows all."""

    @abstractmethod
    def answers(self, events: Sequence[Event], request: object) -> list[str]:
        """Return the frames that answer a command."""

    @abstractmethod
    def error(self, refusal: Refusal, request: object) -> str:
        """Return the frame that refuses a command."""


class HtmlProtocol(Protocol):
    """The table fragment, byte for byte what the poll would answer."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._sent: int | None = None

    def next_frame(self, owner: str) -> str | None:
        """Return the fragment, None when the client has it."""
        with self.page.activate():
            html, _ = render_rows(owner, self.page)
        if hash(html) == self._sent:
            return None
        self._sent = hash(html)
        return html

    def answers(self, events: Sequence[Event], request: object) -> list[str]:
        """Return nothing: the change itself brings the next fragment."""
        return []

    def error(self, refusal: Refusal, request: object) -> str:
        """Return a sentence for the live region."""
        return responses.render_notice(self.page.live_id, refusal.message)


class JsonProtocol(Protocol):
    """The table on connecting, then each row that changed or went."""

    subprotocol = JSON_SUBPROTOCOL

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._sent: dict[str, int] | None = None

    def next_frame(self, owner: str) -> str | None:
        """Return the next difference: what is gone first, then the oldest change."""
        with self.page.activate():
            rows = [row.as_json() for row in submission.window(owner)]
        if self._sent is None:
            self._sent = {row["id"]: _digest(row) for row in rows}
            return json.dumps({"type": "table", "operations": rows})
        ids = {row["id"] for row in rows}
        for id in self._sent.keys() - ids:
            return self._frame({"type": "removed", "id": id})
        for row in reversed(rows):
            if self._sent.get(row["id"]) != _digest(row):
                return self._frame({"type": "row", "operation": row})
        return None

    def answers(self, events: Sequence[Event], request: object) -> list[str]:
        """Return a frame for each event, which the next difference leaves out."""
        return [self._frame(event, request) for event in events]

    def error(self, refusal: Refusal, request: object) -> str:
        """Return the refusal."""
        return _dump({"type": "error", **refusal.as_json()}, request)

    def _frame(self, event: Event, request: object = None) -> str:
        sent = {} if self._sent is None else self._sent
        if event["type"] == "row":
            sent[event["operation"]["id"]] = _digest(event["operation"])
        else:
            sent.pop(event["id"], None)
        return _dump(event, request)


def _dump(event: dict[str, Any], request: object) -> str:
    return json.dumps(event if request is None else {**event, "request": request})


def _digest(row: dict[str, Any]) -> int:
    """Return a number that changes with the row, and not with time alone."""
    moving = ("elapsed_seconds", "expires_at")
    return hash(json.dumps({key: row[key] for key in row if key not in moving}))
