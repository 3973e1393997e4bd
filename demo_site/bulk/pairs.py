"""Whether the engines translate between the languages that were asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.core.management import CommandError

from demo_site.translation import Pair, get_engine

_PSEUDO = "No translation engine is installed: the files get accents on letters only."

# Between two looks whether an engine has come; a look costs nothing.
_LOOK_SECONDS = 0.5


def engine_kinds() -> tuple[str, ...]:
    """Return the classes of the engines, sorted, whichever servers they ask."""
    kinds = {type(engine).__qualname__ for engine in get_engine().engines}
    return tuple(sorted(kinds))


def check_pairs(source: str, targets: Sequence[str]) -> str:
    """Return what is to be known of the engines; mostly nothing.

    Raises:
        CommandError: A pair of languages is unknown; the message names those that are.
            Or no engine has come within the patience that is had with them.
    """
    pairs = _wait_for_pairs()
    known = sorted({pair.target for pair in pairs if pair.source == source})
    if not known:
        sources = ", ".join(sorted({pair.source for pair in pairs}))
        raise CommandError(f"--from must be one of {sources}, got {source!r}")
    unknown = [target for target in targets if target not in known]
    if unknown or not targets:
        got = ", ".join(map(repr, unknown)) or "none"
        raise CommandError(f"--to must be among {', '.join(known)}, got {got}")
    return _PSEUDO if get_engine().is_pseudo else str(get_engine().notice)


def _wait_for_pairs() -> tuple[Pair, ...]:
    """Return the pairs; a server tells its own once it is there."""
    engine = get_engine()
    end = time.monotonic() + engine.patience_seconds
    while not (pairs := engine.pairs()):
        if time.monotonic() >= end:
            raise CommandError("No translation engine answers.")
        time.sleep(_LOOK_SECONDS)
    return pairs
