"""Whether a long document delays short ones, on two engines of 100 ms a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any

import django
from django.conf import settings

from benchmarks.measure import Figure, main

SECONDS = 0.1  # of a batch
PARAGRAPHS, SHORT, DOCUMENTS = 200, 3, 10


class SteadyEngine:
    """Takes as long for each batch, and four at once, as a server does."""

    name = "steady"
    is_pseudo = False
    notice = ""

    def __init__(self) -> None:
        from demo_site.translation import Limits

        self.limits = Limits()

    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the texts in capitals, after a while."""
        await asyncio.sleep(SECONDS)
        return [text.upper() for text in texts]

    def pairs(self) -> Any:
        """Return one pair."""
        return (("en", "es"),)

    def route(self, source: str, target: str) -> tuple[str, str]:
        """Return the two languages."""
        return source, target

    async def healthy(self) -> bool:
        """Return True."""
        return True

    async def aclose(self) -> None:
        """Do nothing."""


def sharing(is_quick: bool) -> Iterator[Figure]:
    """The p95 of short documents that come together with a long one, in batches."""
    rounds = 1 if is_quick else 10
    asyncio.run(_translate(SHORT))  # starts the pool and asks the engines
    alone: list[float] = []
    long: list[float] = []
    short: list[float] = []
    for _ in range(rounds):
        alone.append(asyncio.run(_translate(SHORT)))
        first, others = asyncio.run(_all_at_once())
        long.append(first)
        short += others
    yield Figure(
        measure="translation",
        what=f"{DOCUMENTS} documents of {SHORT} paragraphs beside one of {PARAGRAPHS}, "
        f"two engines: p95 of the short ones / a batch of {SECONDS:g} s",
        value=quantiles(short, n=20)[-1] / SECONDS,
        target=3,
        details={
            "short p50": median(short) / SECONDS,
            "short alone": median(alone) / SECONDS,
            "long": median(long) / SECONDS,
        },
    )


async def _all_at_once() -> tuple[float, list[float]]:
    """Return how long the long document took, and each of the short ones."""
    long = asyncio.ensure_future(_translate(PARAGRAPHS))
    await asyncio.sleep(0)  # it is the first to be submitted
    short = await asyncio.gather(*(_translate(SHORT) for _ in range(DOCUMENTS)))
    return await long, list(short)


async def _translate(paragraphs: int) -> float:
    from demo_site.translation import translate_document

    text = "\n\n".join(
        ["A paragraph that has one sentence of some words."] * paragraphs
    )
    begin = time.perf_counter()
    await translate_document(text, "en", "es")
    return time.perf_counter() - begin


if __name__ == "__main__":
    engine = "benchmarks.translation.SteadyEngine"
    settings.configure(
        INSTALLED_APPS=["ephemeral_tasks"],
        USE_TZ=True,
        TRANSLATION_ENGINES=f"{engine} {engine}",
    )
    django.setup()
    main({"translation": sharing})
