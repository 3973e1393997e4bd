"""apertium-apy: https://wiki.apertium.org/wiki/Apertium-apy."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.apertium.armour import armour
from demo_site.translation.apertium.cutting import cut
from demo_site.translation.errors import EngineBroken
from demo_site.translation.languages import code
from demo_site.translation.remote.engine import RemoteEngine

# The server reads HTML, whatever format is asked for: a tag is what its programs pass
# on as it is, and around which they move words.
_BLANK = re.compile(r"\[K([0-9]+)\]")
_TAG = re.compile(r"<k([0-9]+)/>")


class ApyEngine(RemoteEngine):
    """Apertium behind its own server.

    A request is at most a few sentences: beyond ten parts of a text the server silently
    drops the rest. What Apertium's programs give a meaning is kept back, as for local
    pipes: one lonely ``^`` would block the server's pipe for everybody.
    """

    kind = "apy"

    async def fetch_pairs(self) -> Iterable[tuple[str, str]]:
        """Ask for the installed pairs."""
        answer = await self.client.get("/listPairs")
        return [
            (each["sourceLanguage"], each["targetLanguage"])
            for each in answer["responseData"]
        ]

    def to_django(self, language: str) -> str | None:
        """Return the code of ``spa`` or ``pt_BR``."""
        return code(language)

    @sensitive_variables()
    async def ask(self, texts: list[str], source: str, target: str) -> list[str]:
        """Translate each text, line by line."""
        pair = f"{source}|{target}"
        return [
            "".join(
                [
                    line.with_words(await self._translate(line.words, pair))
                    if line.words
                    else line.head
                    for line in cut(text)
                ]
            )
            for text in texts
        ]

    @sensitive_variables()
    async def _translate(self, words: str, pair: str) -> str:
        """Return a line's words translated.

        Raises:
            EngineBroken: The answer has a placeholder that the line did not have.
        """
        armoured = armour(words)
        sent = _BLANK.sub(r"<k\1/>", armoured.body)
        asked = {"langpair": pair, "q": sent, "markUnknown": "no"}
        answer = await self.client.post("/translate", data=asked)
        received = answer["responseData"]["translatedText"]
        numbers = [int(number) for number in _TAG.findall(received)]
        if max(numbers, default=-1) >= len(armoured.kept):
            raise EngineBroken("the answer is one to another request")
        return armoured.restore(_TAG.sub(r"[K\1]", received))
