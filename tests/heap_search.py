"""Looks for a text in all that Python can reach."""

import gc
import sys
import threading
from types import ModuleType


def find(backwards: str) -> list[str]:
    """Return a line for each object that refers to the text.

    It is given backwards: what holds that is not found.
    """
    gc.collect()
    needle = backwards[::-1]
    needles = (needle, needle.encode())
    mine = {id(needle), *map(id, needles)}
    found = []
    for one in _objects():
        kind = type(one)
        # `type()`, never isinstance(): that would wake lazy objects
        if id(one) in mine or kind not in {str, bytes, bytearray}:
            continue
        if needles[kind is not str] in one:
            found.append(one)
    return [line for one in found for line in _referrers_of(one, needles)]


def _objects():
    """Yield all that the collector knows, and what that refers to, once each."""
    seen = set()
    todo = [*gc.get_objects(), *_frames()]
    own = id(todo)
    while todo:
        one = todo.pop()
        if id(one) in seen or id(one) == own or one is seen:
            continue
        seen.add(id(one))
        yield one
        # On CPython 3.12 get_referents() of a module breaks the process; its
        # dictionary is among the collector's objects anyway.
        if type(one) is not ModuleType:
            todo.extend(gc.get_referents(one))


def _frames():
    """Yield the variables of every thread's frames but this one's."""
    own = threading.get_ident()
    for ident, frame in sys._current_frames().items():
        while ident != own and frame is not None:
            yield frame.f_locals
            frame = frame.f_back  # noqa: PLW2901  # a walk up the stack


def _referrers_of(one, needles):
    for holder in gc.get_referrers(one):
        if type(holder).__name__ not in {"frame", "list"} or holder is not needles:
            yield f"{type(one).__name__} held by {type(holder).__name__}: {holder!r}"[
                :300
            ]
