"""A crash at each place of a request or a frame, one after the other."""

import inspect
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async

import ephemeral_tasks.web

# Where what a visitor wrote passes: our views, and what they call.
FOLDERS = tuple(
    str(Path(module.__file__).parent) for module in (ephemeral_tasks.web, json)
)
SECRET = "w0rd-0f-a-v1s1t0r"


class Crash(Exception):
    """What goes wrong, somewhere."""


class Place(NamedTuple):
    """Where a function is called, or a coroutine goes on after an ``await``."""

    code: CodeType
    line: int
    caller: CodeType | None


class Crashing:
    """A trace function that notes each place, and raises at the first call of one."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        self.places: dict[Place, None] = {}

    def __call__(self, frame: Any, event: str, arg: object) -> None:
        """Note a call, and raise when it is the one."""
        path = frame.f_code.co_filename
        # A turn that is never given back stops the test, and a generator that is
        # dropped begins anew, too.
        is_generator = frame.f_code.co_flags & inspect.CO_GENERATOR
        if path.endswith("semaphore.py") or is_generator:
            return
        if path.startswith(FOLDERS if self.places else FOLDERS[0]):
            caller = frame.f_back and frame.f_back.f_code
            place = Place(frame.f_code, frame.f_lineno, caller)
            is_first = place not in self.places
            self.places[place] = None
            if is_first and place == self.place:
                raise Crash(f"crash in {frame.f_code.co_name}")


@asynccontextmanager
async def tracing(crashing: Crashing):
    """Within the block the loop's thread, and the one of plain code, are traced."""
    before = sys.gettrace()
    await sync_to_async(sys.settrace)(crashing)
    sys.settrace(crashing)
    try:
        yield
    finally:
        sys.settrace(before)
        await sync_to_async(sys.settrace)(None)
