"""The way of all documents' batches through one coordinator."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Callable,
    Coroutine,
    Generator,
    Hashable,
    Iterable,
    Sequence,
)
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.conf import read_options
from demo_site.translation.contract import Pair
from demo_site.translation.engines import make_engines
from demo_site.translation.errors import EngineRefused
from demo_site.translation.together.batches import Batch, cut
from demo_site.translation.together.service import Service
from demo_site.translation.together.team import TryAgain
from ephemeral_tasks import coordinator
from ephemeral_tasks.core import KeyedCoordinator

# Of one document at once: more than one, so that several engines shorten a long one.
_AT_ONCE = 2
# Of one document, submitted ahead: the next one waits while the first ones run.
_AHEAD = _AT_ONCE + 1


class _Hosted(Protocol):
    """A batch on its way."""

    def cancel(self) -> bool:
        """Ask it to end."""

    def __await__(self) -> Generator[Any, None, list[str]]:
        """Wait for its texts' translations."""


UNTRANSLATED = ""
"""In place of a text that engines refuse; no document takes it for a translation."""


@cache
def get_engine() -> Service:
    """Return this process's engines, as one; made by the first call."""
    options = read_options()
    return Service(
        make_engines(options),
        options,
        resize=_batches.resize,
        run=_calls.submit,
    )


def _pause(attempt: int, error: BaseException) -> float:
    return error.seconds if isinstance(error, TryAgain) else 0.0


RULES: Any = {
    "key": attrgetter("key"),
    "limit_per_key": _AT_ONCE,
    "capacity": 10_000,
    "max_attempts": 1_000_000,  # a batch's patience ends it
    "retry_on": (TryAgain,),
    "backoff": _pause,
    "history": 0,
    "echoes": 0,
}
"""How batches take turns, and are tried again without holding a slot meanwhile."""


# The limit holds until the engines were asked.
@coordinator("translation", kind=KeyedCoordinator, limit=1, **RULES)
async def _batches(batch: Batch) -> list[str]:
    service = get_engine()
    service.refresh()  # so that an engine that is away is seen when it comes back
    return await service.team().translate(batch)


# One at a time: of several callers at once, the first one's round answers all.
@coordinator("translation-probes", limit=1, capacity=10_000, history=0, echoes=0)
async def _calls(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await function()


@sensitive_variables()
async def translate_texts(
    texts: Sequence[str],
    source: str,
    target: str,
    *,
    key: Hashable,
    on_portion: Callable[[list[str]], object],
) -> None:
    """Translate a document's texts, portion by portion.

    Each portion goes to whichever engine is least busy, and only the one that failed
    is tried again. A text that engines refuse is `UNTRANSLATED`.

    Args:
        texts: As an engine gets them.
        source, target: Language codes.
        key: Of the document; documents take turns.
        on_portion: Called with the translations of one portion after the other.

    Raises:
        UnknownPair: No engine, and no route over several, has the pair.
        NoEngine: For as long as the patience lasts, none has answered.
        EngineRefused: Every text is refused, as by a server that misses its key.
    """
    service = get_engine()
    await service.arefresh()
    hops = service.hops(source, target)
    portions = deque(cut(texts, service.limits(hops)))
    submitted: deque[tuple[_Hosted, list[str]]] = deque()
    translated = 0
    try:
        while portions or submitted:
            while portions and len(submitted) < _AHEAD:
                portion = portions.popleft()
                submitted.append((_submit(portion, hops, key), portion))
            answers = await _answers(*submitted[0], hops, key)
            submitted.popleft()
            translated += len(answers) - answers.count(UNTRANSLATED)
            on_portion(answers)
    finally:  # the caller was cancelled, or one of them has failed
        # The last one first: a slot that gets free must not start the next one.
        for operation, _ in reversed(submitted):
            operation.cancel()
    if texts and not translated:
        raise EngineRefused("every text was refused")


def _submit(texts: list[str], hops: Iterable[Pair], key: Hashable) -> _Hosted:
    return _batches.submit(Batch(key=key, texts=texts, hops=deque(hops)))


@sensitive_variables()
async def _answers(
    operation: _Hosted, texts: list[str], hops: Iterable[Pair], key: Hashable
) -> list[str]:
    """Return a portion's translations; if it is refused, those of its texts alone."""
    try:
        return await operation
    except EngineRefused:
        pass  # what follows is no part of its handling, and has no such context
    if len(texts) == 1:
        return [UNTRANSLATED]
    found: list[str] = []
    for text in texts:
        alone = _submit([text], hops, key)
        try:
            found += await _answers(alone, [text], hops, key)
        finally:
            alone.cancel()
    return found
