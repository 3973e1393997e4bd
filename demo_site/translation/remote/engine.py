"""What all engines share that are servers; the base class of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeGuard

from django.utils.functional import Promise
from django.views.decorators.debug import sensitive_variables

from demo_site.translation.contract import Limits, Pair, as_pairs
from demo_site.translation.errors import (
    EngineBroken,
    EngineBusy,
    EngineError,
    UnknownPair,
)
from demo_site.translation.remote.client import Client


class RemoteEngine:
    """Translates by a server.

    A subclass says how the server is asked for its pairs and for translations::

        class MyEngine(RemoteEngine):
            kind = "mine"

            async def fetch_pairs(self):
                return [("en", "es")]

            async def ask(self, texts, source, target):
                answer = await self.client.post("/v1", json={"texts": texts, …})
                return answer["translations"]

    What the server answers may be anything: an error of the kinds that unpacking an
    unexpected answer raises counts as a wrong answer.
    """

    kind: ClassVar[str]
    """What its name begins with."""

    is_pseudo = False
    notice: str | Promise = ""

    def __init__(self, url: str, *, api_key: str = "", timeout: float = 10.0) -> None:
        """Make it; nothing is sent.

        Args:
            url: The server's, without a query.
            api_key: For a server that wants one.
            timeout: Seconds for a request.
        """
        self.client = Client(url, timeout=timeout)
        self.api_key = api_key
        self.limits = Limits()
        self._own: Mapping[Pair, tuple[str, str]] = {}
        """The server's spelling of the pairs; replaced as a whole, read by any
        thread. So is `_pairs`."""
        self._pairs: tuple[Pair, ...] = ()
        self._is_known = False
        """Whether the pairs were read since the server was last away."""

    async def fetch_pairs(self) -> Iterable[tuple[str, str]]:
        """Ask for the pairs of languages, in the server's spelling."""
        raise NotImplementedError

    async def ask(self, texts: list[str], source: str, target: str) -> Any:
        """Ask for translations between languages in the server's spelling."""
        raise NotImplementedError

    async def ping(self) -> None:
        """Make the cheapest request that shows whether the server is there."""
        await self._learn()

    def to_django(self, language: str) -> str | None:
        """Return a language as Django writes it; None for one that is not offered."""
        return language.lower().replace("_", "-")

    @property
    def name(self) -> str:
        """Its kind and the server's host."""
        return f"{self.kind} at {self.client.host}"

    def pairs(self) -> tuple[Pair, ...]:
        """Return the pairs that the server has named."""
        return self._pairs

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Return both languages."""
        self._spelling(source, target)
        return source, target

    @sensitive_variables()
    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the translations of the texts, in their order."""
        spelling = self._spelling(source, target)
        try:
            answers = await self.ask(texts, *spelling)
        except _UNEXPECTED:
            answers = None
        # Outside: an error raised in the handler would keep the request as its context.
        if not _is_list_of_texts(answers):
            raise EngineBroken("the answer has an unknown form")
        if len(answers) != len(texts):
            raise EngineBroken(f"{len(answers)} answers to {len(texts)} texts")
        return answers

    async def healthy(self) -> bool:
        """Return whether the server answers; the first time, learn its pairs."""
        try:
            await (self.ping() if self._is_known else self._learn())
        except EngineBusy:  # it is there
            return bool(self._own)
        except (EngineError, *_UNEXPECTED):
            self._is_known = False  # it may come back with others
            return False
        return True

    async def aclose(self) -> None:
        """Do nothing: no connection outlives its request."""

    async def _learn(self) -> None:
        pairs = {}
        for source, target in await self.fetch_pairs():
            languages = self.to_django(source), self.to_django(target)
            if None not in languages and source != target:
                pairs[Pair(*map(str, languages))] = source, target
        if not pairs:
            raise EngineBroken("the server has no pair of languages")
        self._own, self._pairs, self._is_known = pairs, as_pairs(pairs), True

    def _spelling(self, source: str, target: str) -> tuple[str, str]:
        try:
            return self._own[Pair(source, target)]
        except KeyError:
            raise UnknownPair(source, target) from None


# What a subclass's code raises on an answer of another form than documented.
_UNEXPECTED = (AttributeError, LookupError, TypeError, ValueError)


def _is_list_of_texts(answers: Any) -> TypeGuard[list[str]]:
    return isinstance(answers, list) and all(isinstance(each, str) for each in answers)
