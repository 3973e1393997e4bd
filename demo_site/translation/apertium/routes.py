"""The shortest ways from language to language over installed pairs."""

from collections import deque
from collections.abc import Iterable, Mapping

Route = tuple[str, ...]
"""The languages that a text passes through, both ends included."""


def routes(pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Route]:
    """The shortest route of every pair of languages that are connected.

    Of two routes of equal length the one that comes first in the alphabet is taken.
    """
    targets: dict[str, list[str]] = {}
    for source, target in sorted(pairs):
        targets.setdefault(source, []).append(target)
    return {
        (source, route[-1]): route
        for source in targets
        for route in _from(source, targets)
    }


def _from(source: str, targets: Mapping[str, list[str]]) -> Iterable[Route]:
    """The shortest route to each language that can be reached from one."""
    found: dict[str, Route] = {source: (source,)}
    waiting = deque([source])
    while waiting:
        here = waiting.popleft()
        for target in targets.get(here, []):
            if target not in found:
                found[target] = (*found[here], target)
                waiting.append(target)
    del found[source]
    return found.values()
