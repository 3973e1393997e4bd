"""A call of a verb: here, or at the host, and what follows when the host is lost."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import Closed, Unreachable
from . import conversation, process
from .calls import ConnectionLost
from .link import Link
from .membership import NOBODY, Place
from .surroundings import Surroundings
from .table import OF_OWNERS, Kind

CALL_SECONDS = 2.0
"""How long a call waits for the host."""
LOOP_SECONDS = 0.05
"""The same on a thread whose loop runs, which stands still meanwhile."""

_LEAST_SECONDS = 0.001

logger = logging.getLogger("ephemeral_tasks")

Args = tuple[Any, ...]
Kwargs = dict[str, Any]

_posted: set[asyncio.Task[None]] = set()
"""Loops refer to their tasks weakly; each loop adds and discards its own ones."""


class Called(Protocol):
    """A verb, as far as a call needs it."""

    name: str
    kind: Kind
    is_submission: bool
    function: Callable[..., Any]


def call(verb: Called, args: Args, kwargs: Kwargs, *, is_patient: bool = False) -> Any:
    """Run a verb where the pool is, and block until there is an answer.

    If patient, a host that stalls does it once it turns again; None is returned then.
    """
    until = time.monotonic() + (LOOP_SECONDS if _is_in_loop() else CALL_SECONDS)
    route = _Route(verb.kind)
    while True:
        if not route.is_decided:
            create = _needs_host(verb)
            route.decide(process.find(create=create, timeout=_left(until)))
        link = route.link
        if link is None:
            return verb.function(*args, **kwargs)
        try:
            seconds = _left(until)
            if link.is_stalled:  # a page with several tags does not wait for each
                seconds = min(seconds, LOOP_SECONDS)
            packed = _pack(verb, args, kwargs)
            return link.call(verb.name, packed, timeout=seconds, is_patient=is_patient)
        except (Closed, ConnectionLost) as error:
            route.leave(error)


async def acall(verb: Called, args: Args, kwargs: Kwargs) -> Any:
    """Run a verb where the pool is, and await the answer."""
    until = time.monotonic() + CALL_SECONDS
    return await _acall(verb, args, kwargs, _Route(verb.kind), until)


async def _acall(
    verb: Called, args: Args, kwargs: Kwargs, route: _Route, until: float
) -> Any:
    while True:
        await _adecide(route, verb, until)
        link = route.link
        if link is None:
            return verb.function(*args, **kwargs)
        try:
            seconds, packed = _finite(_left(until)), _pack(verb, args, kwargs)
            return await link.acall(verb.name, packed, timeout=seconds)
        except (Closed, ConnectionLost) as error:
            route.leave(error)


async def await_answer(
    verb: Called, args: Args, kwargs: Kwargs, seconds: float | None
) -> Any:
    """Wait where the pool is, ``seconds`` at most; a host that stalls gets more."""
    until = math.inf
    if seconds is not None:
        until = time.monotonic() + max(seconds, 0.0) + CALL_SECONDS
    route = _Route(verb.kind)
    await _adecide(route, verb, until)
    if route.link is None:
        return await verb.function(*args, **kwargs)
    try:
        left, packed = _finite(_left(until)), _pack(verb, args, kwargs)
        return await route.link.acall(verb.name, packed, timeout=left)
    except ConnectionLost:
        raise Closed("the process that hosts the pool has ended") from None


def post(verb: Called, args: Args, kwargs: Kwargs) -> None:
    """Run a verb where the pool is, and do not wait where a loop runs.

    A host that stalls does it there once it turns again: no caller got another answer.
    """
    try:
        if not _is_in_loop():
            call(verb, args, kwargs, is_patient=True)
            return
        route = _Route(verb.kind)  # here: the conversation may end before the task runs
    except Unreachable:
        _log_lost(verb)
        return
    task = asyncio.get_running_loop().create_task(_post(verb, args, kwargs, route))
    _posted.add(task)
    task.add_done_callback(_posted.discard)


async def _post(verb: Called, args: Args, kwargs: Kwargs, route: _Route) -> None:
    try:
        await _acall(verb, args, kwargs, route, math.inf)
    except Unreachable:
        _log_lost(verb)


def _log_lost(verb: Called) -> None:
    logger.warning("the host of the pool does not answer: %s was not done", verb.name)


class _Route:
    """Which process a call goes to, and whether another may be asked after it."""

    def __init__(self, kind: Kind) -> None:
        """Take the conversation's process, where it has one.

        Raises:
            Unreachable: That process has ended.
        """
        self._kind = kind
        self._conversation = conversation.current()
        decided = self._conversation is not None and self._conversation.is_decided
        self.is_decided = decided
        self.link: Link | None = None
        """None where the pool is here."""
        self._may_look_again = not decided
        if self._conversation is not None and decided:
            self.link = self._conversation.link
            if self.link is not None and self.link.is_closed:
                raise Unreachable("the process that hosts the pool has ended")

    def decide(self, found: Place) -> None:
        """Go there, with all further calls of the conversation.

        Where no process hosts, and none need, this one's pool answers, which has no
        operations. That binds no conversation.
        """
        self.is_decided = True
        self.link = None if found is NOBODY else found
        if self._conversation is not None and found is not NOBODY:
            self._conversation.decide(self.link)

    def leave(self, error: Closed | ConnectionLost) -> None:
        """Return where another process may be asked, once.

        Raises:
            Unreachable: None may: what was asked is done, or was about the lost host.
            Closed: The pool takes no more, and is not about to be replaced.
        """
        if isinstance(error, Closed):
            is_allowed = self._kind is Kind.ADD and self._is_draining()
        elif self._kind is Kind.ADD:
            is_allowed = not error.is_maybe_run
        else:
            is_allowed = self._kind is Kind.LOOK and self._may_look_again
        if is_allowed and self.is_decided:
            self.is_decided = self._may_look_again = False
            self._kind = Kind.CHANGE  # which is never repeated
            return
        if isinstance(error, Closed):
            raise error
        raise Unreachable("the process that hosts the pool has ended") from None

    def _is_draining(self) -> bool:
        return self.link is not None and self.link.is_draining


async def _adecide(route: _Route, verb: Called, until: float) -> None:
    """Look for the host where it is not known; for two seconds, or until then."""
    if not route.is_decided:
        seconds = min(_left(until), CALL_SECONDS)
        route.decide(await process.afind(create=_needs_host(verb), timeout=seconds))


def _needs_host(verb: Called) -> bool:
    return verb.kind is Kind.ADD or verb.name in OF_OWNERS


def _pack(verb: Called, args: Args, kwargs: Kwargs) -> Args:
    return Surroundings.capture(has_variables=verb.is_submission), args, kwargs


def _left(until: float) -> float:
    """Return the seconds until then: the look for a host has had its share of them."""
    return max(until - time.monotonic(), _LEAST_SECONDS)


def _finite(seconds: float) -> float | None:
    return None if seconds == math.inf else seconds


def _is_in_loop() -> bool:
    return asyncio._get_running_loop() is not None
