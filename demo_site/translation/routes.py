"""The shortest routes from language to language over installed pairs."""

from collections import deque
from collections.abc import Iterable, Mapping

Route = tuple[str, ...]
"""The languages that a text passes through, with both ends."""


def routes(pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Route]:
    """Return the shortest route for each pair of connected languages.

    Of two routes of equal length, the first one in alphabetical order is taken.
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
    """Return the shortest route to each language that can be reached."""
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
