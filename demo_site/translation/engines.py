"""What the demo asks of a translation engine, and the choice of one."""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from demo_site.translation.errors import (
    EngineBroken,
    EngineError,
    EngineTimeout,
    UnknownPair,
)

__all__ = [
    "Engine",
    "EngineBroken",
    "EngineError",
    "EngineTimeout",
    "Pair",
    "UnknownPair",
    "as_pairs",
    "find_engine",
    "get_engine",
]


class Pair(NamedTuple):
    """A way from one language to another, both as Django writes their codes."""

    source: str
    target: str


class Engine(Protocol):
    """Translates texts. One serves all threads and loops of a process."""

    @property
    def name(self) -> str:
        """For logs and tests, such as ``apertium``."""

    @property
    def is_pseudo(self) -> bool:
        """Whether it only pretends; its page says so."""

    @property
    def notice(self) -> str | Promise:
        """What a visitor must know of it, in the active language; mostly empty."""

    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the translations of the texts, in their order.

        Args:
            texts: Any strings. Placeholders as in `placeholders` come back unchanged,
                though maybe elsewhere in the sentence, and a bad engine loses some.
            source, target: One of the `pairs`.

        Raises:
            UnknownPair: It has no such pair.
            EngineError: It did not answer, or not properly; nothing of the texts is
                left in it. Being cancelled leaves nothing there either.
        """

    def pairs(self) -> tuple[Pair, ...]:
        """Return all pairs it translates, sorted; other ones are refused."""

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Return the languages a text passes through, both ends included.

        Raises:
            UnknownPair: It has no such pair.
        """

    async def healthy(self) -> bool:
        """Return whether it would answer now, as far as can be seen from outside."""

    async def aclose(self) -> None:
        """Give back what it holds on the running loop; a later request works again."""


def find_engine() -> Engine:
    """The best engine of this machine: Apertium with any pair, else the pseudo one."""
    from demo_site.translation.apertium import ApertiumEngine
    from demo_site.translation.pseudo import PseudoEngine

    apertium = ApertiumEngine()
    return apertium if apertium.pairs() else PseudoEngine()


@cache
def get_engine() -> Engine:
    """This process's engine, made once.

    It is the class that ``settings.TRANSLATION_ENGINE`` names by its dotted path, or,
    without that setting, what `find_engine` finds.
    """
    path = getattr(settings, "TRANSLATION_ENGINE", "")
    return import_string(path)() if path else find_engine()


def as_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[Pair, ...]:
    """Pairs of any kind as an engine's `pairs` returns them: sorted, each once."""
    return tuple(sorted({Pair(*pair) for pair in pairs}))
