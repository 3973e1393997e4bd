"""EasyNMT: https://github.com/UKPLab/EasyNMT; for servers that still run it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.errors import EngineBroken
from demo_site.translation.remote.engine import RemoteEngine


class EasyNMTEngine(RemoteEngine):
    """An EasyNMT server. It answers 403 to every error, also to its own failures."""

    kind = "easynmt"

    async def fetch_pairs(self) -> Iterable[tuple[str, str]]:
        """Ask for the model's pairs, such as ``en-de``."""
        pairs = await self.client.get("/lang_pairs")
        return [(each.split("-")[0], each.split("-")[1]) for each in pairs]

    async def ping(self) -> None:
        """Ask for the model's name."""
        await self.client.get("/model_name")

    @sensitive_variables()
    async def ask(self, texts: list[str], source: str, target: str) -> Any:
        """Translate all texts in one request.

        Raises:
            EngineBroken: The answer is one to another request.
        """
        asked = {
            "text": texts,
            "source_lang": source,
            "target_lang": target,
            "perform_sentence_splitting": True,
        }
        answer = await self.client.post("/translate", json=asked)
        if (answer["source_lang"], answer["target_lang"]) != (source, target):
            raise EngineBroken("the answer is in other languages")
        return answer["translated"]
