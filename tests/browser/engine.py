"""An engine whose every paragraph waits until a test lets it through."""

import asyncio
import re
from collections import defaultdict
from threading import Lock

from demo_site.translation import PLACEHOLDER, EngineBusy, Limits, as_pairs

GATE = re.compile(r"\b(gate|away)-(\w+)")
NEVER = re.compile(r"\bnever-(\w+)")


class Gate:
    """Counts paragraphs through; opened from any thread, awaited on any loop."""

    def __init__(self):
        """Closed."""
        self._lock = Lock()  # protects both below
        self._permits = 0
        self._waiting = []

    @property
    def permits(self):
        """How many more paragraphs would pass."""
        return self._permits

    def let_through(self, count):
        """So many more paragraphs pass, those that wait first."""
        with self._lock:
            # Each gets its own: one that comes later may not take it meanwhile.
            woken, self._waiting = self._waiting[:count], self._waiting[count:]
            self._permits += count - len(woken)
        for loop, event in woken:
            loop.call_soon_threadsafe(event.set)

    def is_passed(self):
        """Whether one paragraph has passed at once."""
        with self._lock:
            is_open = self._permits > 0
            self._permits -= is_open
            return is_open

    async def passed(self):
        """One paragraph has passed."""
        turn = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self._permits:
                self._permits -= 1
                return
            self._waiting.append(turn)
        try:
            await turn[1].wait()
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn):
        """Wait no more; a turn that was given already is the next one's."""
        with self._lock:
            is_waiting = turn in self._waiting
            if is_waiting:
                self._waiting.remove(turn)
        if not is_waiting:
            self.let_through(1)


gates = defaultdict(Gate)


class GatedEngine:
    """Upper-cases words.

    A text with the word ``gate-x`` waits at the gate ``x``; one with ``away-x`` fails
    while that gate is closed, as an engine fails that is away. Of a text with the word
    ``lossy`` the placeholders do not come back, and the word ``second`` takes one. One
    with ``never-fr`` fails into French; French texts end with ``(fr)``.
    """

    name = "gated"
    is_pseudo = False
    notice = ""
    limits = Limits(texts=1)

    async def translate(self, texts, source, target):
        """The texts in capitals, once each was let through."""
        for kind, name in GATE.findall(" ".join(texts)):
            if kind == "gate":
                await gates[name].passed()
            elif not gates[name].is_passed():
                raise EngineBusy(0.05)  # no breaker counts it
        if target in NEVER.findall(" ".join(texts)):
            raise EngineBusy(0.05)
        if "second" in texts[0]:
            await asyncio.sleep(1)
        return [self._answer(text, target) for text in texts]

    def _answer(self, text, target):
        words = PLACEHOLDER.sub("", text) if "lossy" in text else text
        return words.upper() + (" (fr)" if target == "fr" else "")

    def pairs(self):
        """A few, so that not every two languages are one."""
        return as_pairs([("en", "es"), ("en", "fr"), ("es", "en")])

    def route(self, source, target):
        """The two languages."""
        return source, target

    async def healthy(self):
        """Unless a test has opened the gate ``gone``, and not ``back`` as often."""
        return gates["gone"].permits == gates["back"].permits

    async def aclose(self):
        """Nothing is held."""
