"""The contract of a translation engine."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.utils.functional import Promise


class Pair(NamedTuple):
    """A source language and a target language, as Django writes their codes."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an engine is given at once."""

    texts: int = 10
    """In one request, at most."""

    characters: int = 1500
    """In one request of several texts, at most; a longer text is a request alone."""

    requests: int = 4
    """At the same time, at most."""


class Engine(Protocol):
    """Translates texts. One instance serves all threads and loops of a process."""

    @property
    def name(self) -> str:
        """For logs and tests, such as ``apertium``."""

    @property
    def is_pseudo(self) -> bool:
        """Whether it only imitates a translation; the page then says so."""

    @property
    def notice(self) -> str | Promise:
        """What visitors must know about it, in the active language; mostly empty."""

    @property
    def limits(self) -> Limits:
        """What it is given at once."""

    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the translations of the texts, in their order.

        Args:
            texts: Any strings. Placeholders as in `placeholders` come back unchanged,
                possibly elsewhere in the sentence; a bad engine loses some.
            source, target: One of the `pairs`.

        Raises:
            UnknownPair: The engine does not have this pair.
            EngineBusy: It wants to be asked later.
            EngineRefused: It answers, but not to one of these texts.
            EngineError: The engine did not answer, or answered wrongly. Neither the
                error nor a cancellation keeps any part of the texts.
        """

    def pairs(self) -> tuple[Pair, ...]:
        """Return all pairs that it translates, sorted; other pairs are refused.

        A server's pairs are known once it was healthy.
        """

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Return the languages that a text passes through, both ends included.

        Raises:
            UnknownPair: The engine does not have this pair.
        """

    async def healthy(self) -> bool:
        """Return whether it would answer now, as far as that can be checked."""

    async def aclose(self) -> None:
        """Release what it holds on the running loop; it can be used again later."""


def as_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[Pair, ...]:
    """Return pairs in the form of an engine's `pairs`: sorted, each once."""
    return tuple(sorted({Pair(*pair) for pair in pairs}))
