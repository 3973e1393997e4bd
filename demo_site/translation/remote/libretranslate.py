"""LibreTranslate: https://docs.libretranslate.com/api/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.contract import Limits
from demo_site.translation.remote.engine import RemoteEngine


class LibreTranslateEngine(RemoteEngine):
    """A LibreTranslate server; the key goes with each translation, never in a URL."""

    kind = "libretranslate"

    async def fetch_pairs(self) -> Iterable[tuple[str, str]]:
        """Ask for the languages, and for the longest text that is accepted."""
        settings = await self.client.get("/frontend/settings")
        longest = int(settings.get("charLimit") or -1)  # -1 is no limit
        if longest > 0:
            self.limits = Limits(characters=min(longest, Limits().characters))
        return [
            (each["code"], target)
            for each in await self.client.get("/languages")
            for target in each["targets"]
        ]

    async def ping(self) -> None:
        """Ask for its health."""
        await self.client.get("/health")

    @sensitive_variables()
    async def ask(self, texts: list[str], source: str, target: str) -> Any:
        """Translate all texts in one request."""
        asked = {"q": texts, "source": source, "target": target, "format": "text"}
        if self.api_key:
            asked["api_key"] = self.api_key
        return (await self.client.post("/translate", json=asked))["translatedText"]
