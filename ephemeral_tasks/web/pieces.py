"""Pieces of an operation's output, as the route and the socket answer with them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

from django import forms

from ..outputs import Seen, await_output, see_output
from .refusals import InvalidInput

MAX_CHARACTERS = 65_536


class _PlaceForm(forms.Form):
    start = forms.IntegerField(min_value=0, required=False)
    attempt = forms.IntegerField(min_value=0, required=False)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader has come."""

    start: int = 0
    """Opaque; 0 is the beginning."""
    attempt: int | None = None
    """The attempt that it belongs to; None for the newest."""

    @classmethod
    def of(cls, values: Any) -> Self:
        """Return the place that a query or a message names.

        Raises:
            InvalidInput: A number is none, or is negative.
        """
        form = _PlaceForm(values)
        if not form.is_valid():
            raise InvalidInput("a place has two numbers", form)
        return cls(form.cleaned_data["start"] or 0, form.cleaned_data["attempt"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What an operation wrote from a place on, at most ``MAX_CHARACTERS`` of it."""

    id: str
    """The operation's id."""
    status: str
    """The operation's state."""
    is_finished: bool
    """True once nothing more is written; a reader is done when the text is empty."""
    attempt: int
    """The attempt that wrote it."""
    start: int
    """Where the text begins: the place that was asked for, or 0 in a newer attempt."""
    end: int
    """Where the next piece begins."""
    text: str
    """Empty when there is no more yet."""

    @property
    def next_place(self) -> Place:
        """Where a reader of this piece goes on."""
        return Place(self.end, self.attempt)

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after it."""
        return self.is_finished and not self.text

    def is_news(self, place: Place) -> bool:
        """Return whether a reader at the place does not know all of it."""
        return bool(self.text) or self.is_finished or self.attempt != place.attempt

    def as_json(self) -> dict[str, Any]:
        """Return the piece as JSON can hold it."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def read(owner: str, id: str, place: Place) -> Piece:
    """Return the piece at a place, empty when there is no more yet.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    return _make(id, see_output(owner, id, *_of(place), limit=MAX_CHARACTERS))


async def aread(owner: str, id: str, place: Place) -> Piece:
    """Return the piece at a place; the twin of ``read`` for async code."""
    seen = await see_output.acall(owner, id, *_of(place), limit=MAX_CHARACTERS)
    return _make(id, seen)


async def await_more(
    owner: str, id: str, place: Place, timeout: float | None = None
) -> Piece:
    """Wait until there is more, a newer attempt, or the end; return the piece.

    Args:
        owner: The owner's key.
        id: The operation's id.
        place: How far the reader has come.
        timeout: Seconds to wait at most; then the piece may be empty.

    Raises:
        UnknownOperation: The owner's window does not name it, or does so no longer.
        Closed: The process that hosts the pool has ended.
    """
    seen = await await_output(owner, id, *_of(place), timeout, limit=MAX_CHARACTERS)
    return _make(id, seen)


def _of(place: Place) -> tuple[int, int | None]:
    return place.start, place.attempt


def _make(id: str, seen: Seen) -> Piece:
    found = seen.output
    return Piece(
        id=id,
        status=str(seen.status),
        is_finished=found.is_finished,
        attempt=found.attempt,
        start=found.start,
        end=found.end,
        text=found.text,
    )
